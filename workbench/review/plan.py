"""What a proposal as a whole does to each file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Change, Proposal
from workbench.files import is_program_folder, sha256
from workbench.review.text_diff.diff import changed_ranges, decoded, split_lines

ReadBase = Callable[[str], bytes | None]
ReadBlob = Callable[[str], bytes]


class ReviewProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A proposal cannot be shown, decided or applied. The message says what, where, what to do."""


class FilePlan(Struct, frozen=True):
    """One file of a proposal, before and after all of its changes.

    ``base`` None means it did not exist, ``new`` None that it is deleted. ``new_mode`` None leaves
    the mode alone. ``texts`` are the changes of its content with the text each asks for, in order.
    """

    path: str
    base: bytes | None
    base_mode: str | None
    new: bytes | None
    new_path: str
    new_mode: str | None = None
    texts: tuple[tuple[Change, bytes], ...] = ()
    rename: Change | None = None
    mode: Change | None = None
    delete: Change | None = None

    @property
    def text(self) -> tuple[str, str] | None:
        """Both sides as text ("" where there is none), None when a side is binary."""
        base, new = decoded(self.base or b""), decoded(self.new or b"")
        return None if base is None or new is None else (base, new)


def plans_of(
    proposal: Proposal, read_base: ReadBase, read_blob: ReadBlob | None = None
) -> tuple[FilePlan, ...]:
    """Return every file the proposal touches, in the order its changes first name them.

    Several changes of one file build on one another, as intake leaves them: the text of each is the
    whole file after it, the last one is the result.

    Raises:
        ReviewProblem: a path leaves the library, a base file or a stored file is missing or is
            another one, or the changes contradict each other.
    """
    plans: dict[str, FilePlan] = {}
    now: dict[str, str] = {}
    for change in proposal.draft.changes:
        check_path(change.path)
        key = now.get(change.path, change.path)
        plan = plans.get(key)
        if plan is None:
            plan = _untouched(proposal, key, read_base)
        elif key == change.path and plan.rename is not None:
            raise ReviewProblem(
                f"Change {change.id} uses {key}, which {plan.rename.id} renames to {plan.new_path}."
                " Ask the engine for two proposals."
            )
        plan = _changed(plan, change, read_blob)
        if change.op == "rename":
            _check_free(plan, plans, proposal, read_base)
            now[plan.new_path] = key
        plans[key] = plan
    return tuple(plans.values())


def check_path(path: str) -> None:
    """Refuse a path that is not a plain one inside the library, or that is a program's own.

    Raises:
        ReviewProblem: it leaves the library, is not normalised, or lies in ``.git`` or the like.
    """
    pure = PurePosixPath(path)
    odd = not path or pure.is_absolute() or ".." in pure.parts or pure.as_posix() != path
    if odd or path == "." or any(ord(sign) < 32 or sign == "\\" for sign in path):
        raise ReviewProblem(
            f"The path {path!r} is not a plain path inside the library; nothing was touched. "
            "Reject this proposal."
        )
    if any(map(is_program_folder, pure.parts)):
        raise ReviewProblem(
            f"The path {path!r} lies in a folder that belongs to another program, such as git; a "
            "proposal may never write there. Reject it."
        )


def _untouched(proposal: Proposal, path: str, read_base: ReadBase) -> FilePlan:
    record = next((file for file in proposal.base if file.path == path), None)
    if record is None or record.sha256 is None:
        return FilePlan(path, None, None, None, path)
    data = read_base(path)
    if data is None or sha256(data) != record.sha256:
        raise ReviewProblem(
            f"The version of {path} that proposal {proposal.id} is based on is not stored and no "
            "longer on disk, so its changes cannot be shown. Run the engine again."
        )
    return FilePlan(path, data, record.mode, data, path)


def _changed(plan: FilePlan, change: Change, read_blob: ReadBlob | None) -> FilePlan:
    replace = msgspec.structs.replace
    if change.op == "delete":
        return replace(plan, new=None, delete=change, texts=())
    wanted = _content(change, read_blob)
    if wanted is not None:
        plan = replace(plan, new=wanted, texts=(*plan.texts, (change, wanted)), delete=None)
    elif change.op in ("write", "edit") and change.mode is None:
        raise ReviewProblem(
            f"Change {change.id} of {change.path} has no new text, so it says nothing. Reject it."
        )
    if change.mode is not None:
        if change.mode not in ("100644", "100755"):
            raise ReviewProblem(
                f"Change {change.id} gives {change.path} the mode {change.mode}; only 100644 and "
                "100755 are files. Reject it."
            )
        plan = replace(plan, new_mode=change.mode, mode=change)
    if change.op == "rename":
        if change.new_path is None or plan.new is None:
            raise ReviewProblem(
                f"Change {change.id} renames {change.path}, which "
                + ("has no new name." if change.new_path is None else "is not there.")
                + " Reject it."
            )
        check_path(change.new_path)
        plan = replace(plan, new_path=change.new_path, rename=change)
    return plan


def _content(change: Change, read_blob: ReadBlob | None) -> bytes | None:
    if change.new_text is not None:
        return change.new_text.encode("utf-8", "surrogateescape")
    if change.blob is None:
        return None
    if read_blob is None:
        raise ReviewProblem(f"Change {change.id} of {change.path} needs its stored file.")
    return read_blob(change.blob)


def _check_free(
    plan: FilePlan, plans: dict[str, FilePlan], proposal: Proposal, read_base: ReadBase
) -> None:
    other = plans.get(plan.new_path)
    if other is None:
        other = _untouched(proposal, plan.new_path, read_base)
    if other.new is not None and other.path != plan.path:
        raise ReviewProblem(
            f"{plan.path} would be renamed to {plan.new_path}, which is another file. Reject it."
        )


class LineOwners:
    """Which changes are behind each line of a file's new text, and behind each gap between them.

    Changes count by their place in ``plan.texts``. A gap has the changes that deleted lines there.
    """

    def __init__(self, plan: FilePlan) -> None:
        self._changes = [change for change, _ in plan.texts]
        self._lines: list[set[int]] | None = None
        self._gaps: list[set[int]] = []
        if len(plan.texts) > 1 and plan.text is not None:
            self._lines, self._gaps = _owners(plan)

    def of(self, j1: int, j2: int) -> list[Change]:
        """Return the changes behind the new lines ``j1`` to ``j2`` and what was deleted there."""
        if self._lines is None:
            return list(self._changes)
        numbers = set[int]().union(*self._lines[j1:j2], *self._gaps[j1 : j2 + 1])
        return [self._changes[number] for number in sorted(numbers)]

    def of_part(self, j1: int, j2: int, *, deletes: bool) -> list[Change]:
        """Return the changes behind new lines and, with ``deletes``, what went where they begin."""
        if self._lines is None:
            return list(self._changes)
        gaps = self._gaps[j1 : max(j2, j1 + 1)] if deletes else []
        numbers = set[int]().union(*self._lines[j1:j2], *gaps)
        return [self._changes[number] for number in sorted(numbers)]

    def runs(self, j1: int, j2: int) -> list[tuple[int, int]]:
        """Split inserted lines where another change takes over."""
        if self._lines is None:
            return [(j1, j2)]
        bounds = [j1]
        for line in range(j1 + 1, j2):
            if self._lines[line] != self._lines[line - 1]:
                bounds.append(line)
        return list(zip(bounds, [*bounds[1:], j2], strict=True))


def _owners(plan: FilePlan) -> tuple[list[set[int]], list[set[int]]]:
    lines = split_lines(decoded(plan.base or b"") or "")
    owners: list[set[int]] = [set() for _ in lines]
    gaps: list[set[int]] = [set() for _ in range(len(lines) + 1)]
    for number, (_, wanted) in enumerate(plan.texts):
        after = split_lines(decoded(wanted) or "")
        owners, gaps = _carried(owners, gaps, changed_ranges(lines, after), number)
        lines = after
    return owners, gaps


def _carried(
    owners: list[set[int]],
    gaps: list[set[int]],
    ranges: Sequence[tuple[int, int, int, int]],
    number: int,
) -> tuple[list[set[int]], list[set[int]]]:
    """Carry who wrote which line, and who deleted before which line, over one more change."""
    new_owners: list[set[int]] = []
    new_gaps: list[set[int]] = []
    at = 0
    for i1, i2, j1, j2 in ranges:
        new_owners += owners[at:i1]
        new_gaps += gaps[at:i1]
        deleted = {number} if i2 > i1 else set[int]()
        new_gaps.append(deleted.union(*gaps[i1 : i2 + 1]))
        new_owners += [{number} for _ in range(j1, j2)]
        new_gaps += [set() for _ in range(j1, j2)]
        # The gap behind the range is the one that comes next.
        gaps[i2] = new_gaps.pop()
        at = i2
    return new_owners + owners[at:], new_gaps + gaps[at:]
