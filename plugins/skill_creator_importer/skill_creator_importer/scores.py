"""The figures of one round: those of its benchmark, else those of its graded runs."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from skill_creator_importer.workspace import Graded
from workbench.plugin.api import (
    RunFolder,
    Score,
    SourceProblem,
    as_list,
    as_mapping,
    as_number,
)

_METRICS = {"pass_rate": "share of expectations met", "time_seconds": "seconds", "tokens": "tokens"}
_BEFORE = ("without_skill", "old_skill")
_AFTER = ("with_skill", "new_skill")


def round_scores(
    run: RunFolder, folder: str, graded: Iterable[Graded]
) -> tuple[tuple[Score, ...], list[str]]:
    """Return a round's scores, and in words what could not be read."""
    path = f"{folder}/benchmark.json" if folder else "benchmark.json"
    problems: list[str] = []
    if path in run.files:
        try:
            found = _of_benchmark(as_mapping(run.read_json(path)))
            if found:
                return found, problems
            problems.append(f"{path} was not understood; the graded runs stand in for it.")
        except SourceProblem as problem:
            problems.append(str(problem))
    return _of_runs(list(graded)), problems


def _of_benchmark(document: dict[str, object]) -> tuple[Score, ...]:
    summary = as_mapping(document.get("run_summary"))
    before = next((as_mapping(summary[key]) for key in _BEFORE if key in summary), {})
    after = next((as_mapping(summary[key]) for key in _AFTER if key in summary), {})
    evals = as_list(as_mapping(document.get("metadata")).get("evals_run"))
    scores = []
    for key, words in _METRICS.items():
        value = as_number(as_mapping(after.get(key)).get("mean"))
        if value is not None:
            earlier = as_number(as_mapping(before.get(key)).get("mean"))
            scores.append(
                Score(words, earlier, value, n=len(evals), split="train", evaluator="skill-creator")
            )
    return tuple(scores)


def _of_runs(graded: list[Graded]) -> tuple[Score, ...]:
    sides = []
    for names in (_BEFORE, _AFTER):
        rates = [
            one.pass_rate
            for one in graded
            if one.configuration in names and one.pass_rate is not None
        ]
        sides.append(fmean(rates) if rates else None)
    if sides[1] is None:
        return ()
    count = len({one.evaluation for one in graded})
    return (
        Score(
            _METRICS["pass_rate"],
            sides[0],
            sides[1],
            n=count,
            split="train",
            evaluator="skill-creator",
        ),
    )
