"""Verdicts: of a benchmark's harness, in a file beside the run, and of scores a platform keeps.

SWE-bench writes ``report.json`` for an instance (``{"<id>": {"resolved": …, "tests_status": …}}``)
and results of a whole run with ``resolved_ids`` or, older, ``resolved``. What stands there about an
instance is its outcome: an agent's own ``submitted`` is no success.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.domain.trajectory import Outcome, OutcomeStatus, Score
from workbench.traces.json_values import decode_object, items, mapping, number, one_line, string
from workbench.traces.source import SourceBytes

_NAMES: Final = ("report.json", "results.json", "results/results.json")
_RESOLVED: Final = ("resolved_ids", "resolved")
_UNRESOLVED: Final = (
    "unresolved_ids",
    "unresolved",
    "error_ids",
    "empty_patch_ids",
    "no_generation",
)
#: Scores that say whether the task was done; others judge style.
_TASK: Final = re.compile(
    r"reward|resolved|success|correct(?:ness)?|pass(?:ed)?|accuracy|final_eval_status", re.I
)
#: A report of a run of thousands of instances has a few megabytes.
_LARGEST: Final = 32 << 20


def verdict_files(path: Path) -> list[Path]:
    """Return the reports beside a run; links are not followed."""
    found = [path.parent / name for name in _NAMES]
    return [
        one
        for one in found
        if one.is_file() and not one.is_symlink() and not one.parent.is_symlink() and one != path
    ]


def verdict(path: Path, sources: Sequence[SourceBytes]) -> Outcome | None:
    """Return what the reports say of the run at ``path``, None when they do not name it.

    The instance is named as the file is, or as the folder it lies in.
    """
    names = (path.name.split(".traj")[0].removesuffix(".json"), path.parent.name)
    for source in sources:
        if not 0 < source.length <= _LARGEST:
            continue
        report = decode_object(bytes(source.data)) or {}
        for name in names:
            found = _of_instance(mapping(report.get(name))) or _of_run(report, name)
            if found is not None:
                return found
    return None


def scored(scores: Sequence[Score]) -> Outcome:
    """Return the scores with the verdict of the first that says whether the task was done."""
    kept = tuple(scores)
    for one in kept:
        if one.value is not None and _TASK.fullmatch(one.name):
            return Outcome(status_of(one.value), one.value, reason=one.name, scores=kept)
    return Outcome(scores=kept)


def score_of(name: Any, value: Any, text: Any = None) -> Score:
    """Return a score as it is recorded; true and false are 1 and 0."""
    told = float(value) if isinstance(value, bool) else number(value)
    words = string(text) or string(value) or ""
    return Score(one_line(string(name) or "score", 80), told, one_line(words))


def status_of(reward: float) -> OutcomeStatus:
    """Return what a reward between 0 and 1 says."""
    return "pass" if reward >= 1 else "fail" if reward <= 0 else "partial"


def joined(verdict: Outcome, told: Outcome) -> Outcome:
    """Return the harness's verdict with what the agent says of its end."""
    reason = ", ".join(part for part in (verdict.reason, told.reason) if part)
    return Outcome(
        verdict.status, verdict.reward, verdict.tests_passed, verdict.tests_total, reason
    )


def _of_instance(report: Mapping[str, Any]) -> Outcome | None:
    resolved = report.get("resolved")
    if not isinstance(resolved, bool):
        return None
    groups = list(_groups(mapping(report.get("tests_status"))))
    passed = sum(good for good, _ in groups) if groups else None
    total = sum(good + bad for good, bad in groups) if groups else None
    if report.get("patch_successfully_applied") is False:
        return Outcome("fail", 0.0, passed, total, "the patch does not apply")
    word = "resolved" if resolved else "not resolved"
    return Outcome("pass" if resolved else "fail", float(resolved), passed, total, word)


def _groups(status: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    for name in ("FAIL_TO_PASS", "PASS_TO_PASS"):
        if name in status:
            group = mapping(status[name])
            yield len(items(group.get("success"))), len(items(group.get("failure")))


def _of_run(report: Mapping[str, Any], name: str) -> Outcome | None:
    if any(name in items(report.get(key)) for key in _RESOLVED):
        return Outcome("pass", 1.0, reason="resolved")
    if any(name in items(report.get(key)) for key in _UNRESOLVED):
        return Outcome("fail", 0.0, reason="not resolved")
    if "resolved" in report and name in items(report.get("generated")):
        return Outcome("fail", 0.0, reason="not resolved")
    return None
