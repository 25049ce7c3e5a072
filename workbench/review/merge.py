"""Three-way merge of what was approved with what the files became meanwhile.

The result is a new proposal on the files of now: it gets a content hash of its own and is reviewed
again. Nothing is written into the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from workbench.domain.proposal import BaseFile, Change, Gate, HunkVerdict, Lineage, Proposal
from workbench.files import sha256
from workbench.review.compose import Result
from workbench.review.disk import DiskFile, look
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.review.text_diff.diff import Region, decoded, split_lines, three_way

Choice = Literal["ours", "theirs"]

#: So many lines around a conflict are shown with it.
_AROUND = 3

#: What is said of a merged proposal, and of the rest of an applied one.
_WHY_UNTESTED = {
    False: "It was merged with later changes.",
    True: "It is the rest of a proposal that was applied in part.",
}
_WHENCE = {
    False: "Merged with later changes of the files; replaces {}.",
    True: "What was not accepted of {}, on the files as they are now.",
}


class Conflict(Struct, frozen=True):
    """A place where both sides changed. ``ours`` is the disk, ``theirs`` the approved result.

    ``kind`` "text" has lines; "binary" and "delete" are about the whole file, and then lines are
    empty. ``index`` counts in the file from 0. ``line`` is where it begins on the disk, from 1;
    ``above`` and ``below`` are the merged lines around it.
    """

    path: str
    index: int
    kind: Literal["text", "binary", "delete"]
    base: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    line: int = 0
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


class FileMerge(Struct, frozen=True):
    """One file of a merge: three whole sides, and the regions of text where all three are text."""

    path: str
    base: bytes | None
    ours: DiskFile
    theirs: bytes | None
    mode: str | None
    regions: tuple[Region, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    def merged(self, choices: Mapping[int, Choice | tuple[str, ...]]) -> bytes | None:
        """Return the merged file (None: deleted), with a side or own lines for each conflict.

        Raises:
            ReviewProblem: a conflict has no choice.
        """
        for conflict in self.conflicts:
            if conflict.index not in choices:
                raise ReviewProblem(
                    f"Conflict {conflict.index + 1} of {self.path} is open. Choose a side or give "
                    "the lines."
                )
        if self.conflicts and self.conflicts[0].kind != "text":
            choice = choices[0]
            if isinstance(choice, tuple):
                return "".join(choice).encode()
            return self.ours.data if choice == "ours" else self.theirs
        if not self.regions:
            return _without_conflict(self.base, self.ours.data, self.theirs)
        lines: list[str] = []
        number = 0
        for region in self.regions:
            if region.kind != "conflict":
                lines += region.lines
                continue
            choice = choices[number]
            number += 1
            if isinstance(choice, tuple):
                lines += choice
            else:
                lines += region.ours if choice == "ours" else region.theirs
        return "".join(lines).encode()


class Merge(Struct, frozen=True):
    """A proposal merged with the disk, file by file; ``rest``: only what was not applied of it."""

    proposal: Proposal
    files: tuple[FileMerge, ...]
    rest: bool = False

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """All conflicts, file by file."""
        return tuple(conflict for file in self.files for conflict in file.conflicts)


def merge_stale(review: Review, verdicts: Sequence[HunkVerdict]) -> Merge:
    """Merge what ``verdicts`` accept with the files on disk; nothing is written.

    Raises:
        ReviewProblem: a base file is not stored, or a path is a link by now.
    """
    result: Result = review.result(verdicts)
    files = [
        merge_file(
            file.path,
            None if file.base_sha256 is None else review.read_base(file.path),
            look(review.library, file.path),
            file.data,
            file.mode,
        )
        for file in result.files
    ]
    proposal = msgspec.structs.replace(review.proposal, library=str(review.library))
    return Merge(proposal, tuple(files))


def merge_file(
    path: str, base: bytes | None, ours: DiskFile, theirs: bytes | None, mode: str | None = None
) -> FileMerge:
    """Merge one file; a text file by lines, any other as a whole."""
    whole = FileMerge(path, base, ours, theirs, mode)
    if theirs == ours.data or base in (ours.data, theirs):
        return whole
    if ours.data is None or theirs is None:
        return msgspec.structs.replace(whole, conflicts=(Conflict(path, 0, "delete"),))
    texts = [decoded(side) for side in (base or b"", ours.data, theirs)]
    if any(text is None for text in texts):
        return msgspec.structs.replace(whole, conflicts=(Conflict(path, 0, "binary"),))
    before, mine, wanted = (split_lines(text or "") for text in texts)
    regions = three_way(before, mine, wanted)
    conflicts = _conflicts(path, regions)
    return msgspec.structs.replace(whole, regions=regions, conflicts=conflicts)


def _conflicts(path: str, regions: Sequence[Region]) -> tuple[Conflict, ...]:
    found: list[Conflict] = []
    for at, region in enumerate(regions):
        if region.kind == "conflict":
            above = regions[at - 1].lines[-_AROUND:] if at else ()
            below = regions[at + 1].lines[:_AROUND] if at + 1 < len(regions) else ()
            sides = (region.base, region.ours, region.theirs)
            found.append(Conflict(path, len(found), "text", *sides, region.line, above, below))
    return tuple(found)


def merged_proposal(
    merge: Merge,
    *,
    now: str,
    choices: Mapping[tuple[str, int], Choice | tuple[str, ...]] | None = None,
    prefer: Choice | None = None,
) -> tuple[Proposal, dict[str, bytes]]:
    """Return a new proposal on the files of now, and the blobs it needs; add it to the store.

    Args:
        merge: from ``merge_stale``, ``merge_revert`` or ``merge_rest``.
        now: the time, ISO 8601.
        choices: a side or own lines for conflicts, by path and index.
        prefer: the side for every conflict without a choice.

    Raises:
        ReviewProblem: a conflict has no choice, or nothing is left to change.
    """
    old = merge.proposal
    blobs: dict[str, bytes] = {}
    base: list[BaseFile] = []
    changes: list[Change] = []
    for file in merge.files:
        picked: dict[int, Choice | tuple[str, ...]] = {
            index: choice for (path, index), choice in (choices or {}).items() if path == file.path
        }
        if prefer is not None:
            for conflict in file.conflicts:
                picked.setdefault(conflict.index, prefer)
        new = file.merged(picked)
        change = _change(old, file, new, blobs, number=len(changes) + 1)
        if change is None:
            continue
        changes.append(change)
        base.append(BaseFile(file.path, file.ours.sha256, _git_mode(file.ours.mode)))
        if file.ours.data is not None:
            blobs[sha256(file.ours.data)] = file.ours.data
    if not changes:
        raise ReviewProblem(
            f"Merged with the files of now, nothing of proposal {old.id} is left to change."
        )
    draft = msgspec.structs.replace(
        old.draft,
        changes=tuple(changes),
        lineage=Lineage((old.id,), old.draft.lineage.round, (), old.id),
        scores=(),
    )
    key = msgspec.json.encode([old.id, base, msgspec.to_builtins(tuple(changes))])
    proposal = msgspec.structs.replace(
        old,
        id=f"{old.id[:100]}-{'r' if merge.rest else 'm'}{sha256(key)[:8]}",
        base=tuple(base),
        draft=draft,
        created=now,
        status="pending",
        gate=Gate("not_evaluated", old.gate.rule, (_WHY_UNTESTED[merge.rest],)),
        warnings=(*old.warnings, _WHENCE[merge.rest].format(old.id)),
    )
    return proposal, blobs


def _without_conflict(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes | None:
    return ours if base == theirs else theirs


def _change(
    old: Proposal, file: FileMerge, new: bytes | None, blobs: dict[str, bytes], *, number: int
) -> Change | None:
    """Return the change from the disk to the merged file, None when there is none."""
    mode = file.mode if file.mode != _git_mode(file.ours.mode) and new is not None else None
    if new == file.ours.data and (mode is None or file.ours.data is None):
        return None
    origin = [one for one in old.draft.changes if file.path in (one.path, one.new_path)]
    evidence = tuple(dict.fromkeys(name for one in origin for name in one.evidence))
    rationale = " ".join(one.rationale for one in origin if one.rationale)
    change = Change(f"m{number}", file.path, "write", rationale=rationale, evidence=evidence)
    if new is None:
        return msgspec.structs.replace(change, op="delete")
    if new == file.ours.data:
        return msgspec.structs.replace(change, op="mode", mode=mode)
    text = decoded(new)
    if text is not None:
        return msgspec.structs.replace(change, new_text=text, mode=mode)
    blobs[sha256(new)] = new
    return msgspec.structs.replace(change, blob=sha256(new), mode=mode)


def _git_mode(mode: int | None) -> str | None:
    if mode is None:
        return None
    return "100755" if mode & 0o100 else "100644"
