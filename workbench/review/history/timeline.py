"""What became of a skill over time: edits by people, applied proposals, reverts and merges.

What an apply did stands in the trailers of its commit, so it is found in any clone; without git the
user's own history knows what this program did, and that something else happened in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.files import FileProblem
from workbench.review.disk import look
from workbench.review.message import CONTENT, PROPOSAL, REVERTS
from workbench.review.plan import ReviewProblem
from workbench.store.folder_log import ChangedFile, Place, folder_log
from workbench.store.git import Commit, Repository
from workbench.store.history import HistoryEntry, LocalHistory

EntryKind = Literal["edit", "applied", "reverted", "merge", "uncommitted"]

#: Changes on one page.
PAGE: Final = 200
_ALL: Final = 1_000_000_000


class EntryFile(Struct, frozen=True):
    """A file that a change touched. ``path`` is relative to the library where it lies in it.

    ``before`` and ``after`` name the bytes: blobs of git, or SHA-256 in the local history; "" is no
    file. ``on_disk`` says that what is after lies on disk alone.
    """

    path: str
    before: str = ""
    after: str = ""
    before_mode: str = ""
    after_mode: str = ""
    old_path: str = ""
    on_disk: bool = False


class TimelineEntry(Struct, frozen=True):
    """One change of a skill. ``commit`` is "" without git, and for what is not committed.

    ``evidence`` are the trailers as they were written: id, trace, step, status, hash.
    ``taken_back`` says that a later entry reverted it. What git knows nothing of has no author; its
    ``title`` says between which times it happened.
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
    files: tuple[EntryFile, ...] = ()
    job: str = ""

    @property
    def key(self) -> str:
        """What tells it from other changes of the skill."""
        return self.commit or "\0".join((self.kind, self.time, self.proposal, self.title))


class TimelineProblem(ReviewProblem):
    """There is no history to tell; the message says why and what to do."""


class TimelinePage(Struct, frozen=True):
    """Some changes of a skill, newest first, and where the older ones are.

    ``repository`` is None where only the local history is known.
    """

    entries: tuple[TimelineEntry, ...]
    following: Place | None = None
    repository: Repository | None = None


def timeline(library: Path, skill: str, history: LocalHistory) -> tuple[TimelineEntry, ...]:
    """Return all committed or recorded changes of a skill, newest first.

    Args:
        library: its root.
        skill: the id of the skill, or a path below the library; "." is all of it.
        history: the user's own, for a library without git.

    Raises:
        GitMissing, GitProblem: git refuses.
    """
    page = read_page(library, skill, history, limit=_ALL)
    entries = list(page.entries)
    while page.following is not None:
        page = read_page(library, skill, history, place=page.following, limit=_ALL)
        entries += page.entries
    return with_reverts(one for one in entries if one.kind != "uncommitted")


def read_page(
    library: Path,
    skill: str,
    history: LocalHistory,
    *,
    place: Place | None = None,
    limit: int = PAGE,
) -> TimelinePage:
    """Return a page of changes; what is not committed comes first. Reverts are not told yet.

    ``place`` is where an earlier page ended.

    Raises:
        GitMissing, GitProblem: git refuses.
    """
    repository = Repository.find(library)
    if repository is None:
        return recorded_page(library, skill, history)
    base = repository.relative(library)
    folder = (PurePosixPath(base) / skill).as_posix()
    first = place is None
    commits, following = folder_log(repository, place or Place("HEAD", folder), limit)
    entries = [_of_commit(one.commit, one.files, base) for one in commits]
    if first:
        entries = [*_not_committed(repository, folder, base), *entries]
    return TimelinePage(tuple(entries), following, repository)


def commit_entries(repository: Repository, place: Place, base: str) -> tuple[TimelineEntry, ...]:
    """Return the first change at a place, with its files; ``base`` is the library's folder.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    commits, _ = folder_log(repository, place, 1)
    return tuple(_of_commit(one.commit, one.files, base) for one in commits)


def recorded_page(library: Path, skill: str, history: LocalHistory) -> TimelinePage:
    """Return what the local history alone knows, as one page."""
    return TimelinePage(tuple(reversed(_recorded(library, skill, history))))


def with_reverts(entries: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """Mark what was taken back, by a revert of its proposal or by bringing its files back.

    A revert is about the last apply of its proposal before it. The entries are newest first.
    """
    in_force: dict[str, TimelineEntry] = {}
    by_before: dict[tuple[str, str], list[TimelineEntry]] = {}
    found: list[TimelineEntry] = []
    for told in reversed(tuple(entries)):
        entry = told
        if entry.kind == "edit":
            undone = _undone(entry, in_force, by_before)
            if undone is not None:
                entry = replace(entry, kind="reverted", proposal=undone.proposal)
        if entry.kind in ("applied", "reverted"):
            in_force.pop(entry.proposal, None)
        if entry.kind == "applied":
            in_force[entry.proposal] = entry
            for file in entry.files:
                by_before.setdefault((file.path, file.before), []).append(entry)
        found.append(entry)
    waiting: dict[str, int] = {}
    marked: list[TimelineEntry] = []
    for entry in reversed(found):
        taken = entry.kind == "applied" and waiting.get(entry.proposal, 0) > 0
        if entry.kind == "reverted":
            waiting[entry.proposal] = waiting.get(entry.proposal, 0) + 1
        elif taken:
            waiting[entry.proposal] -= 1
        marked.append(replace(entry, taken_back=True) if taken else entry)
    return tuple(marked)


def made_here(entries: Sequence[TimelineEntry]) -> bool:
    """Say whether the oldest of some changes, newest first, made the skill."""
    return bool(entries) and any(
        not file.before and not file.old_path and file.path.lower().endswith("skill.md")
        for file in entries[-1].files
    )


def entry_of(commit: Commit) -> TimelineEntry:
    """Return what a commit says of itself, without its files."""
    return _of_commit(commit, (), ".")


def _undone(
    entry: TimelineEntry,
    in_force: Mapping[str, TimelineEntry],
    by_before: Mapping[tuple[str, str], list[TimelineEntry]],
) -> TimelineEntry | None:
    """Return the newest apply in force whose files an edit brings back."""
    for file in entry.files:
        for one in reversed(by_before.get((file.path, file.after), ())):
            if in_force.get(one.proposal) is one and _brings_back(entry, one):
                return one
    return None


def _brings_back(entry: TimelineEntry, applied: TimelineEntry) -> bool:
    """Say whether every file the apply changed is again what it was before."""
    after = {file.path: file.after for file in entry.files}
    changed = [file for file in applied.files if not file.old_path]
    return bool(changed) and all(after.get(file.path) == file.before for file in changed)


def _of_commit(commit: Commit, files: Iterable[ChangedFile], base: str) -> TimelineEntry:
    reverts = commit.trailer(REVERTS)
    proposal = commit.trailer(PROPOSAL) or ""
    kind: EntryKind = "merge" if len(commit.parents) > 1 else "edit"
    if reverts or proposal:
        kind = "reverted" if reverts else "applied"
    return TimelineEntry(
        kind=kind,
        time=commit.time,
        author=str(commit.author),
        title=commit.subject,
        commit=commit.sha,
        proposal=proposal,
        engine=commit.trailer("Skill-Workbench-Engine") or "",
        gate=commit.trailer("Skill-Workbench-Gate") or "",
        reviewer=", ".join(value for key, value in commit.trailers if key == "Reviewed-by"),
        content=commit.trailer(CONTENT) or "",
        evidence=tuple(
            value for key, value in commit.trailers if key == "Skill-Workbench-Evidence"
        ),
        files=tuple(_file(one, base) for one in files),
        job=commit.trailer("Skill-Workbench-Job") or "",
    )


def _file(one: ChangedFile, base: str) -> EntryFile:
    return EntryFile(
        path=_below(one.path, base),
        before=one.before,
        after=one.after,
        before_mode=one.before_mode,
        after_mode=one.after_mode,
        old_path=_below(one.old_path, base) if one.old_path else "",
    )


def _below(path: str, base: str) -> str:
    return path if base == "." else path.removeprefix(f"{base}/")


def _not_committed(repository: Repository, folder: str, base: str) -> list[TimelineEntry]:
    """Return what differs from HEAD as one change, nothing where all is committed."""
    states = repository.status([folder] if folder != "." else [])
    if not states:
        return []
    files = tuple(
        EntryFile(_below(one.path, base), after="" if "D" in one.worktree else "disk", on_disk=True)
        for one in states
    )
    names = ", ".join(file.path for file in files[:3]) + (" …" if len(files) > 3 else "")
    return [TimelineEntry("uncommitted", "", "", f"Not committed: {names}", files=files)]


# Without git


def _recorded(library: Path, skill: str, history: LocalHistory) -> list[TimelineEntry]:
    """Return what was recorded, oldest first, with an edit wherever the bytes tell of one."""
    found: list[TimelineEntry] = []
    known: dict[str, str] = {}
    last = ""
    for one in history.entries(library):
        if not touches(one, skill):
            continue
        found += _gap(one, known, last)
        entry = of_history(one, skill)
        found.append(entry)
        known |= {file.path: file.after for file in entry.files}
        last = one.time
    found += _since(library, known, last)
    return found


def touches(entry: HistoryEntry, skill: str) -> bool:
    """Say whether a change touched a file of a skill, or of the library (".")."""
    return any(_in(file.path, skill) for file in entry.files)


def _in(path: str, skill: str) -> bool:
    return skill in (".", path) or path.startswith(f"{skill}/")


def of_history(entry: HistoryEntry, skill: str = ".") -> TimelineEntry:
    """Return what the local history says of a change, with its files below the skill."""
    return TimelineEntry(
        kind="reverted" if entry.action == "revert" else "applied",
        time=entry.time,
        author=entry.reviewer,
        title=entry.title,
        proposal=entry.proposal,
        reviewer=entry.reviewer,
        files=tuple(
            EntryFile(
                file.path,
                file.before_sha256 or "",
                file.after_sha256 or "",
                _git_mode(file.before_mode),
                _git_mode(file.after_mode),
            )
            for file in entry.files
            if _in(file.path, skill)
        ),
    )


def _git_mode(mode: str | None) -> str:
    if not mode:
        return ""
    return "100755" if int(mode, 8) & 0o100 else "100644"


def _gap(entry: HistoryEntry, known: Mapping[str, str], last: str) -> Iterator[TimelineEntry]:
    changed = tuple(
        EntryFile(file.path, known[file.path], file.before_sha256 or "")
        for file in entry.files
        if file.path in known and known[file.path] != (file.before_sha256 or "")
    )
    if changed:
        words = f"Edited outside this program between {_short(last)} and {_short(entry.time)}"
        yield TimelineEntry("edit", "", "", words, files=changed)


def _since(library: Path, known: Mapping[str, str], last: str) -> Iterator[TimelineEntry]:
    changed: list[EntryFile] = []
    for path, digest in known.items():
        try:
            now = look(library, path).sha256 or ""
        except (FileProblem, ReviewProblem):
            continue
        if now != digest:
            changed.append(EntryFile(path, digest, now, on_disk=True))
    if changed:
        words = f"Edited outside this program after {_short(last)}"
        yield TimelineEntry("edit", "", "", words, files=tuple(changed))


def _short(time: str) -> str:
    return time[:16].replace("T", " ")
