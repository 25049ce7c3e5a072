"""Which change each line of a file comes from: by git's blame, or by the local history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.proposal import ReceiptFile
from workbench.files import FileProblem, confined, sha256
from workbench.review.history.timeline import TimelineEntry, TimelineProblem, entry_of, of_history
from workbench.review.text_diff.diff import changed_ranges, decoded, split_lines
from workbench.store.folder_log import commits_named
from workbench.store.git import BlamedLine, GitProblem, Repository
from workbench.store.history import HistoryEntry, LocalHistory

Known = Literal["change", "not_committed", "before_history"]

#: A larger file is no text that people read line by line.
MOST_BYTES: Final = 8_000_000
#: Git's own mark for a rename.
_ALIKE: Final = 0.5


class LineOrigin(Struct, frozen=True):
    """A line of a file and the change it comes from; None for one that is not committed.

    ``known`` says what a missing change means: not committed or recorded yet, or older than what
    is known. ``path`` and ``origin`` are the file and line as that change left them.
    """

    number: int
    text: str
    entry: TimelineEntry | None
    known: Known = "change"
    path: str = ""
    origin: int = 0


def origins(
    library: Path, path: str, history: LocalHistory | None = None
) -> tuple[LineOrigin, ...]:
    """Return where each line of a file comes from, as the file is on disk now.

    Args:
        library: its root.
        path: of the file, relative to it.
        history: the user's own, for a library without git.

    Raises:
        TimelineProblem: there is no such text, or nobody knows its lines.
        GitMissing, GitProblem, FileProblem: it cannot be read.
    """
    data = _text_on_disk(library, path)
    repository = Repository.find(library)
    if repository is not None:
        return _by_git(repository, library, path)
    if history is None or not history.entries(library):
        raise TimelineProblem(
            f"{library} is in no git repository, so nobody knows who wrote which line. Make one "
            "with 'git init' and commit what is there."
        )
    return _by_history(library, path, data, history)


def _text_on_disk(library: Path, path: str) -> bytes:
    file = confined(library, path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise TimelineProblem(f"{path} is larger than 8 MB; its lines are not told apart.")
        data = file.read_bytes()
    except OSError as problem:
        raise TimelineProblem(f"No line of {path} has a history: {problem.strerror}.") from problem
    if decoded(data) is None:
        raise TimelineProblem(f"{path} is no text in UTF-8: it has no lines.")
    return data


def _by_git(repository: Repository, library: Path, path: str) -> tuple[LineOrigin, ...]:
    base = repository.relative(library)
    file = (PurePosixPath(base) / path).as_posix()
    try:
        lines = repository.blame(file)
    except GitProblem as problem:
        raise TimelineProblem(f"No line of {path} has a history: {problem}") from problem
    commits = commits_named(repository, (one.commit for one in lines if one.commit))
    entries = {sha: entry_of(commit) for sha, commit in commits.items()}
    return tuple(_origin(one, entries, base) for one in lines)


def _origin(line: BlamedLine, entries: Mapping[str, TimelineEntry], base: str) -> LineOrigin:
    if not line.commit:
        return LineOrigin(line.number, line.text, None, "not_committed")
    entry = entries.get(line.commit)
    if entry is None:
        entry = TimelineEntry("edit", "", line.author, line.subject, commit=line.commit)
    path = line.path if base == "." else line.path.removeprefix(f"{base}/")
    return LineOrigin(line.number, line.text, entry, "change", path, line.origin)


# Without git


class _Owner(Struct, frozen=True):
    """Whose a line is: of a change, with the file's name then; else what is known."""

    entry: TimelineEntry | None
    known: Known
    path: str = ""


class _Lines:
    """A text as it goes through its versions, with the owner of every line."""

    def __init__(self, data: bytes, owner: _Owner) -> None:
        self._digest = sha256(data)
        self._lines = split_lines(decoded(data) or "")
        self.owners = [(owner, number) for number in range(1, len(self._lines) + 1)]

    def become(self, data: bytes, owner: _Owner) -> None:
        """Take over another version; its new lines are the owner's."""
        if sha256(data) == self._digest:
            return
        after = split_lines(decoded(data) or "")
        owners: list[tuple[_Owner, int]] = []
        at = 0
        for i1, i2, j1, j2 in changed_ranges(self._lines, after):
            owners += self.owners[at:i1]
            owners += [(owner, line + 1) for line in range(j1, j2)]
            at = i2
        self.owners = owners + self.owners[at:]
        self._lines, self._digest = after, sha256(data)

    def told(self) -> tuple[LineOrigin, ...]:
        """Return the lines with where they come from."""
        return tuple(
            LineOrigin(
                number,
                text.rstrip("\n"),
                owner.entry,
                owner.known,
                owner.path,
                origin if owner.entry else 0,
            )
            for number, (text, (owner, origin)) in enumerate(
                zip(self._lines, self.owners, strict=True), 1
            )
        )


class _Step(Struct, frozen=True):
    """A recorded change of the file, under the name it had then; ``source`` is it before."""

    entry: HistoryEntry
    source: str | None
    after: str | None
    path: str


def _by_history(
    library: Path, path: str, data: bytes, history: LocalHistory
) -> tuple[LineOrigin, ...]:
    older = _Owner(None, "before_history")
    lines = _Lines(b"", older)
    last = ""
    for step in _steps(library, path, history):
        before, after = _read(library, step.source, history), _read(library, step.after, history)
        gap = older
        if last:
            words = f"Edited outside this program between {last} and {step.entry.time[:16]}"
            gap = _Owner(TimelineEntry("edit", "", "", words), "change", step.path)
        if before is not None:
            lines.become(before, gap)
        if after is not None or step.after is None:
            lines.become(after or b"", _Owner(of_history(step.entry), "change", step.path))
        last = step.entry.time[:16]
    lines.become(data, _Owner(None, "not_committed") if last else older)
    return lines.told()


def _read(library: Path, digest: str | None, history: LocalHistory) -> bytes | None:
    """Return a version; none of it is known where it is missing or damaged."""
    if digest is None:
        return None
    try:
        return history.file(library, digest)
    except FileProblem:
        return None


def _steps(library: Path, path: str, history: LocalHistory) -> list[_Step]:
    """Return the recorded changes of a file, oldest first, through its names."""
    found: list[_Step] = []
    name = path
    for entry in reversed(history.entries(library)):
        file = next((one for one in entry.files if one.path == name), None)
        if file is None:
            continue
        source, came = file.before_sha256, file.path
        if source is None:
            moved = _moved(library, entry.files, file, history)
            if moved is not None:
                source, name = moved.before_sha256, moved.path
        found.append(_Step(entry, source, file.after_sha256, came))
        if file.before_sha256 is None and name == came:
            break  # made here; what had its name before is another file
    return found[::-1]


def _moved(
    library: Path, files: Sequence[ReceiptFile], new: ReceiptFile, history: LocalHistory
) -> ReceiptFile | None:
    """Return the file that the same change took away and that a new one is most like."""
    text = decoded(_read(library, new.after_sha256, history) or b"") or ""
    best: ReceiptFile | None = None
    most = _ALIKE
    for one in files:
        if one.after_sha256 is not None or one.before_sha256 is None:
            continue
        if one.before_sha256 == new.after_sha256:
            return one
        old = decoded(_read(library, one.before_sha256, history) or b"") or ""
        alike = SequenceMatcher(None, split_lines(old), split_lines(text), autojunk=False).ratio()
        if alike >= most:
            best, most = one, alike
    return best
