"""What a GRASP run says of its own library: validation by epoch and the sealed test splits."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.plugin.api import (
    RunFolder,
    Score,
    SourceProblem,
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
)

_WHOLE = "share of tasks solved with the whole library"


def run_scores(run: RunFolder) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Return the run's scores, and in words what could not be read.

    Before is the run's baseline, after its best epoch (validation) or its best checkpoint (test).
    """
    scores: list[Score] = []
    problems: list[str] = []
    for path, read in (("val_scores.json", _validation), ("test_scores.json", _test)):
        if path not in run.files:
            continue
        try:
            found = list(read(run.read_json(path)))
        except SourceProblem as problem:
            problems.append(str(problem))
            continue
        scores += found
        if not found:
            problems.append(f"{path} was not understood; its scores are not shown.")
    return tuple(scores), tuple(problems)


def _validation(document: object) -> Iterator[Score]:
    rows = [as_mapping(row) for row in as_list(document)]
    baseline = next((row for row in rows if row.get("epoch") == "baseline"), {})
    epochs = [
        (value, row)
        for row in rows
        if row.get("epoch") != "baseline" and (value := as_number(row.get("score"))) is not None
    ]
    if epochs:
        value, row = max(epochs, key=lambda one: one[0])
        yield Score(
            f"{_WHOLE}, best epoch ({row.get('epoch')})",
            as_number(baseline.get("score")),
            value,
            n=as_count(row.get("n_total")),
            split="val",
            evaluator="grasp",
        )


def _test(document: object) -> Iterator[Score]:
    table = as_mapping(document)
    for key in sorted(table):
        row = as_mapping(table[key])
        after = as_number(row.get("score"))
        if not key.endswith("_best") or after is None:
            continue
        before = as_mapping(table.get(key.removesuffix("_best") + "_baseline"))
        yield Score(
            _WHOLE,
            as_number(before.get("score")),
            after,
            n=as_count(row.get("n_total")),
            split=as_text(row.get("split")) or "test",
            evaluator="grasp",
        )
