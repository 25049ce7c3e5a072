"""The reviewable pieces of a proposal, derived by the host from base and new text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Change, Hunk, HunkKind, Proposal
from workbench.files import sha256
from workbench.review.plan import FilePlan, LineOwners, ReadBase, ReadBlob, plans_of
from workbench.review.text_diff.diff import changed_ranges, split_lines

#: A hunk with the changes whose lines it holds.
Owned = tuple[Hunk, list[Change]]


class Pieces(Struct, frozen=True):
    """The hunks of a proposal before anyone split them, and the files they are of, by path."""

    owned: tuple[Owned, ...]
    plans: Mapping[str, FilePlan]


def hunks_of(
    proposal: Proposal, read_base: ReadBase, read_blob: ReadBlob | None = None
) -> tuple[Hunk, ...]:
    """Return the hunks of a proposal in file order, without context lines.

    An engine shows no diff of its own: these come from the bytes alone, so what is shown is what
    is applied. ``read_base`` gives a file as the proposal saw it, ``read_blob`` a stored file by
    its SHA-256.

    Raises:
        ReviewProblem: the proposal cannot be shown; the message says why.
    """
    return finished(proposal, pieces_of(proposal, read_base, read_blob).owned)


def pieces_of(proposal: Proposal, read_base: ReadBase, read_blob: ReadBlob | None = None) -> Pieces:
    """Return the hunks with the changes behind them, as ``review.splits.divided`` wants them.

    Raises:
        ReviewProblem: the proposal cannot be shown; the message says why.
    """
    hunks: list[Owned] = []
    plans = {plan.path: plan for plan in plans_of(proposal, read_base, read_blob)}
    for plan in plans.values():
        hunks += _of_file(plan)
    return Pieces(tuple(_numbered(hunks)), plans)


def finished(proposal: Proposal, owned: Sequence[Owned]) -> tuple[Hunk, ...]:
    """Return hunks with the evidence, reasons and dependencies of the changes behind them."""
    return _with_dependencies(owned, _with_evidence(proposal, owned))


def hunk_id(path: str, kind: str, base: Sequence[str], new: Sequence[str], repeat: int = 0) -> str:
    """Return the id: the same wherever the lines stand; ``repeat`` tells twins apart."""
    digest = hashlib.sha256()
    parts = [path, kind, str(len(base)), *base, str(len(new)), *new]
    for part in (*parts, str(repeat)) if repeat else parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def edited_hunk(hunk: Hunk, lines: tuple[str, ...]) -> Hunk:
    """Return the hunk with a person's lines in place of its own, under a new id."""
    return msgspec.structs.replace(
        hunk,
        id=hunk_id(hunk.path, hunk.kind, hunk.base_lines, lines, repeat=hunk.base_start),
        new_lines=lines,
        edited_from=hunk.id,
    )


def _of_file(plan: FilePlan) -> list[Owned]:
    hunks: list[Owned] = []
    if plan.base is None and plan.new is None:
        return hunks
    existed = plan.base is not None and plan.new is not None
    if existed and plan.rename is not None and plan.new_path != plan.path:
        header = f"rename {plan.path} to {plan.new_path}"
        hunks.append(_whole(plan, "rename", header, plan.rename, key=plan.new_path))
    if plan.mode is not None and existed and plan.new_mode != plan.base_mode:
        header = f"mode {plan.base_mode or 'as it is'} to {plan.new_mode}"
        hunks.append(_whole(plan, "mode", header, plan.mode, key=plan.new_mode or ""))
    if plan.base != plan.new:
        hunks += _of_content(plan)
    return hunks


def _of_content(plan: FilePlan) -> list[Owned]:
    change = plan.delete or (plan.texts[-1][0] if plan.texts else None)
    if change is None:  # a rename or mode change alone leaves the content
        return []
    key = f"{sha256(plan.base) if plan.base is not None else '-'} "
    key += sha256(plan.new) if plan.new is not None else "-"
    sizes = f"{len(plan.base or b'')} to {len(plan.new or b'')} bytes"
    kind: HunkKind
    if plan.base is not None and plan.new is not None:
        if plan.text is None:
            return [_whole(plan, "binary", f"binary file, {sizes}", change, key=key)]
        return _of_text(plan, plan.text)
    if plan.text is None:
        if plan.new is None:
            return [_whole(plan, "delete", f"delete binary file, {sizes}", change, key=key)]
        return [_whole(plan, "binary", f"new binary file, {sizes}", change, key=key)]
    kind = "create" if plan.base is None else "delete"
    base, new = (split_lines(side) for side in plan.text)
    mode = " (executable)" if kind == "create" and plan.new_mode == "100755" else ""
    header = f"new file{mode}" if kind == "create" else "delete file"
    name = hunk_id(plan.path, kind, base, new)
    return [(Hunk(name, plan.path, kind, header, 1, base, 1, new, change.id), [change])]


def _of_text(plan: FilePlan, sides: tuple[str, str]) -> list[Owned]:
    base, new = (split_lines(side) for side in sides)
    owners = LineOwners(plan)
    heading, seen = "", 0
    hunks: list[Owned] = []
    for i1, i2, j1, j2 in _by_change(changed_ranges(base, new), owners):
        changes = owners.of(j1, j2)
        for line in base[seen : i1 + 1]:
            if line.startswith("#") and line.lstrip("#").startswith(" "):
                heading = line.strip()
        seen = i1 + 1
        header = f"@@ -{i1 + 1},{i2 - i1} +{j1 + 1},{j2 - j1} @@ {heading}".rstrip()
        hunks.append(
            (
                Hunk(
                    id=hunk_id(plan.path, "text", base[i1:i2], new[j1:j2]),
                    path=plan.path,
                    kind="text",
                    header=header,
                    base_start=i1 + 1,
                    base_lines=base[i1:i2],
                    new_start=j1 + 1,
                    new_lines=new[j1:j2],
                    change=changes[0].id if changes else "",
                ),
                changes,
            )
        )
    return hunks


def _by_change(
    ranges: Sequence[tuple[int, int, int, int]], owners: LineOwners
) -> list[tuple[int, int, int, int]]:
    """Split insertions where another change begins, so that each can be taken by itself."""
    split: list[tuple[int, int, int, int]] = []
    for i1, i2, j1, j2 in ranges:
        if i1 == i2:
            split += [(i1, i2, start, end) for start, end in owners.runs(j1, j2)]
        else:
            split.append((i1, i2, j1, j2))
    return split


def _whole(plan: FilePlan, kind: HunkKind, header: str, change: Change, *, key: str) -> Owned:
    name = hunk_id(plan.path, kind, (), (key,))
    return Hunk(name, plan.path, kind, header, 1, (), 1, (), change.id), [change]


def _numbered(hunks: Sequence[Owned]) -> list[Owned]:
    """Tell hunks with equal lines in one file apart by their order."""
    seen: Counter[str] = Counter()
    numbered: list[Owned] = []
    for hunk, owners in hunks:
        repeat = seen[hunk.id]
        seen[hunk.id] += 1
        name = hunk.id
        if repeat:
            name = hunk_id(hunk.path, hunk.kind, hunk.base_lines, hunk.new_lines, repeat)
        numbered.append((msgspec.structs.replace(hunk, id=name), owners))
    return numbered


def _with_evidence(proposal: Proposal, hunks: Sequence[Owned]) -> list[Hunk]:
    """Give each hunk the evidence of the changes whose lines it holds."""
    spread = Counter(change.id for _, owners in hunks for change in owners)
    within: dict[str, set[str]] = {}
    for hunk, owners in hunks:
        for change in owners:
            within.setdefault(change.id, set()).add(hunk.part_of or hunk.id)
    loose = not any(change.evidence for change in proposal.draft.changes)
    known = [evidence.id for evidence in proposal.draft.evidence]
    found: list[Hunk] = []
    for hunk, owners in hunks:
        evidence = list(dict.fromkeys(name for change in owners for name in change.evidence))
        exact = all(spread[change.id] == 1 for change in owners)
        scope: Literal["hunk", "whole", "file", "none"] = "hunk" if exact else "file"
        if not exact and hunk.part_of and all(len(within[change.id]) == 1 for change in owners):
            scope = "whole"
        if loose:
            evidence, scope = known, "file"
        found.append(
            msgspec.structs.replace(
                hunk,
                evidence=tuple(evidence),
                evidence_scope=scope if evidence else "none",
                rationale=_rationale(proposal, owners),
            )
        )
    return found


def _rationale(proposal: Proposal, owners: Sequence[Change]) -> str:
    """Return why the changes of a hunk were made, nothing where that is said of the whole."""
    said = " ".join(change.rationale for change in owners if change.rationale)
    return "" if said.strip() == proposal.draft.rationale.strip() else said


def _with_dependencies(owned: Sequence[Owned], hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """Carry what engines say of changes (``depends_on``) over to the hunks they became."""
    of_change: dict[str, list[str]] = {}
    for (_, owners), hunk in zip(owned, hunks, strict=True):
        for change in owners:
            of_change.setdefault(change.id, []).append(hunk.id)
    found: list[Hunk] = []
    for (_, owners), hunk in zip(owned, hunks, strict=True):
        needed = [
            one
            for change in owners
            for other in change.depends_on
            for one in of_change.get(other, ())
            if one != hunk.id
        ]
        found.append(
            msgspec.structs.replace(hunk, depends_on=tuple(dict.fromkeys(needed)))
            if needed
            else hunk
        )
    return tuple(found)
