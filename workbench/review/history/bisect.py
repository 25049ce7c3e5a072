"""Which change of a skill broke a task, told by results that are stored. Nothing is run here.

Results are those of a file, which name a version by its commit or content hash, and those of the
gates of applied proposals, which were run before and after exactly what was applied.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from workbench.domain.job import StoredResult
from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.evaluation.statistics import passes
from workbench.review.history.timeline import TimelineEntry

Verdict = Literal["found", "narrowed", "passes_now", "never_passed", "unknown"]


class Run(Struct, frozen=True):
    """One scored run of a task, and where it is from."""

    score: float
    source: str


class VersionResult(Struct, frozen=True):
    """A version of the skill, as a change left it, with the runs of one task.

    ``passed`` is None where no run is stored.
    """

    entry: TimelineEntry
    runs: tuple[Run, ...]
    passed: bool | None


class Bisection(Struct, frozen=True):
    """What the runs say of one task.

    ``good`` is the last version that passed before it failed, ``bad`` the first known one that
    failed after it. The change that broke it is among ``suspects``, newest first; of those
    ``missing`` have no result, and ``evaluate`` halves them. ``switches`` counts how often it
    changed sides: more than once may be chance. Versions are newest first.
    """

    task: str
    verdict: Verdict
    said: str
    versions: tuple[VersionResult, ...]
    good: TimelineEntry | None = None
    bad: TimelineEntry | None = None
    suspects: tuple[TimelineEntry, ...] = ()
    missing: tuple[TimelineEntry, ...] = ()
    evaluate: TimelineEntry | None = None
    switches: int = 0


#: Runs by task and by the key of a change.
Results = Mapping[str, Mapping[str, tuple[Run, ...]]]


def results_by_version(
    entries: Sequence[TimelineEntry],
    stored: Iterable[StoredResult] = (),
    proposals: Iterable[Proposal] = (),
    in_force: Callable[[str], str] = lambda _name: "",
) -> Results:
    """Return the runs of each version; what has no score, or broke on the way, says nothing.

    Args:
        entries: all changes of the skill, newest first.
        stored: results that were measured elsewhere.
        proposals: those of the store; a gate counts for an entry that was applied as it was
            evaluated, and its baseline for the version before.
        in_force: gives, for the commit a result names, the one that changed the skill last; "" for
            none. A result of the whole library counts for the skill as it was then.
    """
    found: dict[str, dict[str, list[Run]]] = {}

    def add(task: str, entry: TimelineEntry, run: Run) -> None:
        found.setdefault(task, {}).setdefault(entry.key, []).append(run)

    for result in stored:
        if result.score is None or result.status == "infra":
            continue
        named = {in_force(name) for name in result.skills} - {""}
        for entry in entries:
            if _belongs(result, entry) or entry.commit in named:
                add(result.task, entry, Run(result.score, "stored result"))
    known = {one.id: one for one in proposals}
    for number, entry in enumerate(entries):
        proposal = known.get(entry.proposal)
        if entry.kind != "applied" or proposal is None or not _as_evaluated(entry, proposal):
            continue
        rows = proposal.gate.table.rows if proposal.gate.table is not None else ()
        older = entries[number + 1] if number + 1 < len(entries) else None
        for row in rows:
            for score in row.after:
                add(row.task, entry, Run(score, f"gate of {proposal.id}"))
            for score in row.before if older is not None else ():
                assert older is not None
                add(row.task, older, Run(score, f"baseline of {proposal.id}"))
    return {task: {key: tuple(runs) for key, runs in of.items()} for task, of in found.items()}


def tasks_of(entries: Sequence[TimelineEntry], results: Results) -> tuple[Bisection, ...]:
    """Return every task that has results: those that got worse first, then by name."""
    order: tuple[Verdict, ...] = ("found", "narrowed", "never_passed", "passes_now", "unknown")
    found = [bisect(entries, results, task) for task in results]
    return tuple(sorted(found, key=lambda one: (order.index(one.verdict), one.task)))


def bisect(entries: Sequence[TimelineEntry], results: Results, task: str) -> Bisection:
    """Return the first change after which a task fails, as far as the results tell.

    Args:
        entries: newest first.
        results: of ``results_by_version``.
        task: its id.
    """
    of_task = results.get(task, {})
    versions = tuple(
        VersionResult(entry, runs, passes(run.score for run in runs) if runs else None)
        for entry in entries
        if entry.kind != "uncommitted"
        for runs in (of_task.get(entry.key, ()),)
    )
    known = [number for number, one in enumerate(versions) if one.passed is not None]
    switches = sum(versions[a].passed != versions[b].passed for a, b in itertools.pairwise(known))
    verdict, said = _without_break(task, versions, known)
    good = next((number for number in known if versions[number].passed), None)
    if verdict is not None or good is None:
        return Bisection(task, verdict or "unknown", said, versions, switches=switches)
    bad = max(number for number in known if number < good)
    suspects = tuple(one.entry for one in versions[bad:good])
    missing = suspects[1:]
    return Bisection(
        task,
        "narrowed" if missing else "found",
        _said(task, versions[bad], versions[good], len(missing), switches),
        versions,
        good=versions[good].entry,
        bad=versions[bad].entry,
        suspects=suspects,
        missing=missing,
        evaluate=missing[(len(missing) - 1) // 2] if missing else None,
        switches=switches,
    )


def first_bad(
    entries: Sequence[TimelineEntry], good: Callable[[TimelineEntry], bool | None]
) -> TimelineEntry | None:
    """Return the first known change after which it was no longer good and stayed so.

    Args:
        entries: newest first.
        good: says of a change whether all was well after it; None where nobody knows.

    Returns:
        None when the newest known is good, none ever was, or nothing is known.
    """
    bad: TimelineEntry | None = None
    for entry in entries:
        told = good(entry)
        if told is True:
            return bad
        if told is False:
            bad = entry
    return None


def by_results(
    results: Iterable[StoredResult], task: str
) -> Callable[[TimelineEntry], bool | None]:
    """Return what stored results say of a task after each change."""
    rows = [one for one in results if one.task == task and one.score is not None]

    def good(entry: TimelineEntry) -> bool | None:
        scores = [one.score or 0.0 for one in rows if _belongs(one, entry)]
        return passes(scores) if scores else None

    return good


def _without_break(
    task: str, versions: Sequence[VersionResult], known: Sequence[int]
) -> tuple[Verdict | None, str]:
    if not known:
        return "unknown", f"No result of {task} belongs to a version of this skill."
    newest = versions[known[0]]
    if newest.passed:
        return "passes_now", f"{task} passes at the newest version that was run."
    if not any(versions[number].passed for number in known):
        count = counted(len(known), "version")
        return "never_passed", f"{task} fails at every version that was run ({count})."
    return None, ""


def _said(task: str, bad: VersionResult, good: VersionResult, missing: int, switches: int) -> str:
    runs = f"{_count(good)} before it, {_count(bad)} after it"
    if not missing:
        said = f"{task} fails since “{bad.entry.title}”: {runs}."
    else:
        said = (
            f"{task} passed after “{good.entry.title}” and fails after “{bad.entry.title}” "
            f"({runs}). {counted(missing, 'version')} between them "
            f"{'has' if missing == 1 else 'have'} no result, so it may be any of "
            f"{missing + 1} changes."
        )
    if switches > 1:
        said += f" It changed sides {switches} times: some of it may be chance."
    return said


def _count(one: VersionResult) -> str:
    passed = sum(passes([run.score]) for run in one.runs)
    return f"{passed} of {counted(len(one.runs), 'run')} passed"


def _as_evaluated(entry: TimelineEntry, proposal: Proposal) -> bool:
    """Say whether what was applied is what its gate evaluated: all hunks, unedited."""
    level = entry.gate.split(" ", 1)[0]
    return level == proposal.gate.level and level != "not_evaluated"


def _belongs(result: StoredResult, entry: TimelineEntry) -> bool:
    return any(
        (len(name) >= 7 and entry.commit.startswith(name)) or (name and name == entry.content)
        for name in result.skills
    )
