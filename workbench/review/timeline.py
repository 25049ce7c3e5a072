"""What became of a skill over time: edits by people and applied proposals, line by line.

What an apply did stands in the trailers of its commit, so it is found in any clone; without git the
user's own history knows what this program did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import StoredResult
from workbench.evaluation.statistics import passes
from workbench.review.message import CONTENT, PROPOSAL, REVERTS
from workbench.store.git import BlamedLine, Commit, GitProblem, Repository
from workbench.store.history import HistoryEntry, LocalHistory

EntryKind = Literal["edit", "applied", "reverted"]


class TimelineEntry(Struct, frozen=True):
    """One change of a skill. ``commit`` is "" without git.

    ``evidence`` are the trailers as they were written: id, trace, step, status, hash.
    ``taken_back`` says that a later entry reverted it.
    """

    kind: EntryKind
    time: str
    author: str
    title: str
    commit: str = ""
    proposal: str = ""
    engine: str = ""
    gate: str = ""
    reviewer: str = ""
    content: str = ""
    evidence: tuple[str, ...] = ()
    taken_back: bool = False


class LineOrigin(Struct, frozen=True):
    """A line of a file and the change it comes from; None for one that is not committed."""

    number: int
    text: str
    entry: TimelineEntry | None


class TimelineProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """There is no history to tell; the message says why and what to do."""


def timeline(library: Path, skill: str, history: LocalHistory) -> tuple[TimelineEntry, ...]:
    """Return the changes of a skill, newest first.

    Args:
        library: its root.
        skill: the id of the skill, or a path below the library; "." is all of it.
        history: the user's own, for a library without git.

    Raises:
        GitMissing, GitProblem: git refuses.
    """
    repository = Repository.find(library)
    if repository is None:
        found = [_of_history(one) for one in history.entries(library) if _touches(one, skill)]
        return _with_reverts(tuple(reversed(found)))
    folder = PurePosixPath(repository.relative(library)) / skill
    return _with_reverts(tuple(_of_commit(one) for one in repository.log(folder.as_posix())))


def origins(library: Path, path: str) -> tuple[LineOrigin, ...]:
    """Return where each line of a file comes from.

    Raises:
        TimelineProblem: the library is in no repository, or git does not know the file.
        GitMissing, GitProblem: git refuses.
    """
    repository = Repository.find(library)
    if repository is None:
        raise TimelineProblem(
            f"{library} is in no git repository, so nobody knows who wrote which line. Make one "
            "with 'git init' and commit what is there."
        )
    file = (PurePosixPath(repository.relative(library)) / path).as_posix()
    try:
        lines = repository.blame(file)
    except GitProblem as problem:
        raise TimelineProblem(f"No line of {path} has a history: {problem}") from problem
    known = {one.sha: _of_commit(one) for one in repository.log(None, limit=5000)}
    return tuple(LineOrigin(one.number, one.text, _origin(one, known)) for one in lines)


def first_bad(
    entries: Sequence[TimelineEntry], good: Callable[[TimelineEntry], bool | None]
) -> TimelineEntry | None:
    """Return the change after which it was no longer good, found by halving.

    Args:
        entries: newest first, as ``timeline`` gives them.
        good: says of a change whether all was well after it; None where nobody knows.

    Returns:
        None when the oldest known is bad already, the newest known is good, or nothing is known.
    """
    known = [one for one in reversed(entries) if good(one) is not None]
    if not known or good(known[-1]) or not good(known[0]):
        return None
    low, high = 0, len(known) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if good(known[middle]):
            low = middle
        else:
            high = middle
    return known[high]


def by_results(
    results: Iterable[StoredResult], task: str
) -> Callable[[TimelineEntry], bool | None]:
    """Return what stored results say of a task after each change.

    A result belongs to a change by its commit (or the start of it) or its content hash among the
    result's ``skills``.
    """
    rows = [one for one in results if one.task == task and one.score is not None]

    def good(entry: TimelineEntry) -> bool | None:
        scores = [one.score or 0.0 for one in rows if _belongs(one, entry)]
        return passes(scores) if scores else None

    return good


def _belongs(result: StoredResult, entry: TimelineEntry) -> bool:
    return any(
        (len(name) >= 7 and entry.commit.startswith(name)) or (name and name == entry.content)
        for name in result.skills
    )


def _of_commit(commit: Commit) -> TimelineEntry:
    reverts = commit.trailer(REVERTS)
    proposal = commit.trailer(PROPOSAL) or ""
    kind: EntryKind = "reverted" if reverts else "applied" if proposal else "edit"
    return TimelineEntry(
        kind=kind,
        time=commit.time,
        author=str(commit.author),
        title=commit.subject,
        commit=commit.sha,
        proposal=proposal,
        engine=commit.trailer("Skill-Workbench-Engine") or "",
        gate=commit.trailer("Skill-Workbench-Gate") or "",
        reviewer=commit.trailer("Reviewed-by") or "",
        content=commit.trailer(CONTENT) or "",
        evidence=tuple(
            value for key, value in commit.trailers if key == "Skill-Workbench-Evidence"
        ),
    )


def _of_history(entry: HistoryEntry) -> TimelineEntry:
    return TimelineEntry(
        kind="reverted" if entry.action == "revert" else "applied",
        time=entry.time,
        author=entry.reviewer,
        title=entry.title,
        proposal=entry.proposal,
        reviewer=entry.reviewer,
    )


def _touches(entry: HistoryEntry, skill: str) -> bool:
    return any(
        skill in (".", file.path) or file.path.startswith(f"{skill}/") for file in entry.files
    )


def _with_reverts(entries: tuple[TimelineEntry, ...]) -> tuple[TimelineEntry, ...]:
    """Mark what was taken back: a revert is about the last apply of its proposal before it."""
    waiting: dict[str, int] = {}
    found: list[TimelineEntry] = []
    for entry in entries:
        taken = entry.kind == "applied" and waiting.get(entry.proposal, 0) > 0
        if entry.kind == "reverted":
            waiting[entry.proposal] = waiting.get(entry.proposal, 0) + 1
        elif taken:
            waiting[entry.proposal] -= 1
        found.append(replace(entry, taken_back=True) if taken else entry)
    return tuple(found)


def _origin(line: BlamedLine, known: Mapping[str, TimelineEntry]) -> TimelineEntry | None:
    if not line.commit:
        return None
    found = known.get(line.commit)
    if found is not None:
        return found
    return TimelineEntry("edit", "", line.author, line.subject, commit=line.commit)
