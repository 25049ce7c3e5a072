"""The candidates of a GEPA run, from its JSON documents alone.

Layout (gepa 0.1.4, ``GEPAState.save``): ``candidates.json`` is a list of {component: text},
``run_log.json`` a list with an entry an iteration (selected_program_candidate, subsample_scores,
new_subsample_scores, new_program_idx or new_program_indices, merged_entities). A result saved with
``GEPAResult.to_dict`` has candidates, parents and val_aggregate_scores. ``gepa_state.bin`` is a
pickle: opening it would run what is in it, so it stays closed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

from workbench.plugin.api import (
    RunFolder,
    Score,
    SourceProblem,
    as_list,
    as_mapping,
    as_number,
    as_text,
)

CANDIDATES = "candidates.json"
_LOG = "run_log.json"
_PICKLE = "gepa_state.bin"
_EVALUATOR = "gepa"


@dataclass(frozen=True)
class Evolved:
    """One candidate: texts by component, and what the run says of it."""

    number: int
    texts: dict[str, str]
    parents: tuple[int, ...] = ()
    iteration: int = 0
    validation: float | None = None
    tasks: int = 0
    batch: tuple[float, float, int] | None = None

    @property
    def label(self) -> str:
        """How lineage names it."""
        return f"candidate {self.number}"

    def scores(self, seed: Evolved) -> tuple[Score, ...]:
        """Return its scores, those on validation beside the first candidate's."""
        found = []
        if self.validation is not None:
            found.append(
                Score(
                    "mean on validation", seed.validation, self.validation, n=self.tasks,
                    split="val", evaluator=_EVALUATOR,
                )
            )  # fmt: skip
        if self.batch is not None:
            before, after, count = self.batch
            found.append(
                Score(
                    "mean on the mini-batch that accepted it", before, after, n=count,
                    split="train", evaluator=_EVALUATOR,
                )
            )  # fmt: skip
        return tuple(found)


def read_candidates(run: RunFolder) -> tuple[list[Evolved], list[str]] | None:
    """Return all candidates in order and what was not understood; None when it is no GEPA run.

    Raises:
        SourceProblem: the documents are there but cannot be read.
    """
    problems: list[str] = []
    path, result = _result(run, problems)
    if result:
        found = _of_result(result)
    elif CANDIDATES in run.files:
        path = CANDIDATES
        found = [
            Evolved(number, _texts(value))
            for number, value in enumerate(as_list(run.read_json(CANDIDATES)))
        ]
    else:
        return None
    if not found or not any(one.texts for one in found):
        raise SourceProblem(f"{run.root / path} has no candidates with texts.")
    if _LOG in run.files:
        try:
            found = _with_log(found, as_list(run.read_json(_LOG)))
        except SourceProblem as problem:
            problems.append(str(problem))
    if all(one.validation is None for one in found):
        problems.append(
            "The run's JSON has no validation scores"
            + (
                f"; {_PICKLE} may have, but opening a pickle runs code."
                if _has_pickle(run)
                else "."
            )
            + " Save the result with GEPAResult.to_dict() as JSON beside it to have them shown."
        )
    return found, problems


def _has_pickle(run: RunFolder) -> bool:
    return _PICKLE in run.files


def _result(run: RunFolder, problems: list[str]) -> tuple[str, dict[str, object]]:
    """Return the first document of the folder that is a saved result."""
    for path in run.files:
        if "/" in path or not path.endswith(".json") or path in (CANDIDATES, _LOG):
            continue
        try:
            document = as_mapping(run.read_json(path))
        except SourceProblem as problem:
            if "result" in path:
                problems.append(str(problem))
            continue
        if "candidates" in document and "val_aggregate_scores" in document:
            return path, document
    return CANDIDATES, {}


def _of_result(document: dict[str, object]) -> list[Evolved]:
    parents = as_list(document.get("parents"))
    scores = as_list(document.get("val_aggregate_scores"))
    subscores = as_list(document.get("val_subscores"))
    found = []
    for number, value in enumerate(as_list(document.get("candidates"))):
        tasks = subscores[number] if number < len(subscores) else None
        found.append(
            Evolved(
                number,
                _texts(value),
                _numbers(parents[number], number) if number < len(parents) else (),
                validation=as_number(scores[number]) if number < len(scores) else None,
                tasks=len(tasks) if isinstance(tasks, dict | list) else 0,
            )
        )
    return found


def _texts(value: object) -> dict[str, str]:
    if isinstance(value, str):
        return {"text": as_text(value)}
    return {
        as_text(name): as_text(text)
        for name, text in as_mapping(value).items()
        if as_text(name) and as_text(text).strip()
    }


def _with_log(found: list[Evolved], log: list[object]) -> list[Evolved]:
    """Add parents, iteration and mini-batch scores from the log."""
    result = list(found)
    for entry in map(as_mapping, log):
        made = _numbers(entry.get("new_program_indices"), len(result))
        made = made or _numbers([entry.get("new_program_idx")], len(result))
        iteration = as_number(entry.get("i"))
        for number in made:
            known = result[number]
            parents = known.parents or _parents(entry, number)
            result[number] = replace(
                known,
                parents=parents,
                iteration=int(iteration) if iteration is not None and iteration >= 0 else 0,
                batch=_batch(entry) if len(made) == 1 else None,
            )
    return result


def _parents(entry: dict[str, object], number: int) -> tuple[int, ...]:
    merged = _numbers(as_list(entry.get("merged_entities"))[:2], number)
    return merged or _numbers([entry.get("selected_program_candidate")], number)


def _batch(entry: dict[str, object]) -> tuple[float, float, int] | None:
    before = [as_number(one) for one in as_list(entry.get("subsample_scores"))]
    after = [as_number(one) for one in as_list(entry.get("new_subsample_scores"))]
    olds, news = [x for x in before if x is not None], [x for x in after if x is not None]
    if not olds or len(olds) != len(before) or len(news) != len(after) or len(olds) != len(news):
        return None
    return fmean(olds), fmean(news), len(olds)


def _numbers(values: object, below: int) -> tuple[int, ...]:
    """Return the candidate numbers among values: whole, from 0 on, and below a bound."""
    return tuple(
        one
        for one in as_list(values)
        if isinstance(one, int) and not isinstance(one, bool) and 0 <= one < below
    )
