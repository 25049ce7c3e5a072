"""The output folder of a SkillOpt training run.

Layout (skillopt/engine/trainer.py, 2026-08): ``best_skill.md``, ``skills/skill_v0003.md`` a step,
``history.json`` with a row a step: step, action, selection_hard, selection_soft, current_score,
best_score, best_step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillopt_importer.texts import Found, Older, Problem, TrainedText
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

_BEST = "best_skill.md"
_HISTORY = "history.json"
_STEP = re.compile(r"skills/skill_v(\d{1,9})\.md")


def is_training(run: RunFolder) -> bool:
    """Whether there is a best skill with a history or steps beside it."""
    return _BEST in run.files and (_HISTORY in run.files or bool(_steps(run)))


def read_training(run: RunFolder) -> Iterator[Found]:
    """Yield the steps of training, then the best text."""
    rows: list[dict[str, object]] = []
    if _HISTORY in run.files:
        try:
            rows = [as_mapping(row) for row in as_list(run.read_json(_HISTORY))]
        except SourceProblem as problem:
            yield Problem(str(problem))
        else:
            if not any("step" in row for row in rows):
                yield Problem(f"{_HISTORY} was not understood; its scores are not shown.")
    by_step = {as_count(row.get("step")): row for row in rows if "step" in row}
    previous: tuple[str, ...] = ()
    for step in _steps(run):
        yield Older(_label(step), previous, _words(by_step.get(step, {})))
        previous = (_label(step),)
    last = rows[-1] if rows else {}
    best_step = as_count(last.get("best_step"))
    try:
        text = run.read_text(_BEST)
    except SourceProblem as problem:
        yield Problem(str(problem))
        return
    yield TrainedText(
        (run.name,),
        "best skill",
        text,
        f"{_BEST} of the run"
        + (
            f", from step {best_step}: {_words(by_step[best_step])}."
            if best_step in by_step
            else "."
        ),
        scores=_scores(last, by_step),
        parents=(_label(best_step),) if best_step in _steps(run) else (),
        step=best_step,
        can_be_chosen=True,
    )


def _scores(last: dict[str, object], by_step: dict[int, dict[str, object]]) -> tuple[Score, ...]:
    best = as_number(last.get("best_score"))
    if best is None:
        return ()
    before = as_number(by_step.get(0, {}).get("current_score"))
    return (Score("score on selection tasks", before, best, split="val", evaluator="skillopt"),)


def _steps(run: RunFolder) -> list[int]:
    return sorted(int(found[1]) for path in run.files if (found := _STEP.fullmatch(path)))


def _label(step: int) -> str:
    return f"step {step}"


def _words(row: dict[str, object]) -> str:
    words = [as_text(row.get("action")) or "no action recorded"]
    for key in ("selection_hard", "selection_soft", "current_score"):
        value = as_number(row.get(key))
        if value is not None:
            words.append(f"{key} {value:g}")
    return ", ".join(words)
