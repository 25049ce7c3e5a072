"""How the proposals for one skill hang together, over engines and time.

What came of what is known three ways: a proposal names the ones it replaces or comes of; it is
based on the very bytes that another one wrote; an engine names versions of its own, which are kept
as names alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Proposal, Receipt
from workbench.review.history.timeline import TimelineEntry

Relation = Literal["first", "replaces", "comes of", "built on"]


class LineageRow(Struct, frozen=True):
    """A proposal in its place below what it comes from.

    ``parent`` is a proposal of the list, "" at the top; ``relation`` says how it comes of it.
    ``names`` are ancestors that are no stored proposals, ``alternatives`` those that were offered
    instead of it. ``commit`` is that of its apply; ``stored`` is false for one that only the
    history knows.
    """

    id: str
    title: str
    engine: str
    created: str
    status: str
    level: str
    depth: int = 0
    parent: str = ""
    relation: Relation = "first"
    names: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    commit: str = ""
    stored: bool = True


def lineage_rows(
    proposals: Iterable[Proposal],
    entries: Iterable[TimelineEntry],
    receipts_of: Callable[[str], Sequence[Receipt]],
) -> tuple[LineageRow, ...]:
    """Return the proposals of a skill, each below the one it comes of, oldest first.

    Args:
        proposals: those for the skill; diagnoses, which change nothing, are left out.
        entries: its changes; what they applied and the store lost is listed too.
        receipts_of: the receipts of a proposal.
    """
    given = sorted(proposals, key=lambda one: (one.created, one.id))
    known = {one.id: one for one in given if one.draft.changes}
    applied = {one.proposal: one for one in entries if one.kind == "applied" and one.proposal}
    made = _written(known, receipts_of)
    parents = {one.id: _parent(one, known, made) for one in known.values()}
    others = _alternatives(known)
    rows: dict[str, LineageRow] = {}
    for one in known.values():
        parent, relation = parents[one.id]
        lineage = one.draft.lineage
        named = (*([lineage.supersedes] if lineage.supersedes else []), *lineage.parents)
        rows[one.id] = LineageRow(
            id=one.id,
            title=" ".join(one.draft.title.split()),
            engine=f"{one.engine.id} {one.engine.version}".strip(),
            created=one.created,
            status=one.status,
            level=one.gate.level,
            parent=parent,
            relation=relation,
            names=tuple(dict.fromkeys(name for name in named if name not in known)),
            alternatives=tuple(sorted(others.get(one.id, ()))),
            commit=applied[one.id].commit if one.id in applied else "",
        )
    for entry in applied.values():
        if entry.proposal not in rows:
            rows[entry.proposal] = LineageRow(
                id=entry.proposal,
                title=entry.title,
                engine=entry.engine,
                created=entry.time,
                status="reverted" if entry.taken_back else "applied",
                level=entry.gate.split(" ", 1)[0],
                commit=entry.commit,
                stored=False,
            )
    return _ordered(rows)


def _written(
    known: Mapping[str, Proposal], receipts_of: Callable[[str], Sequence[Receipt]]
) -> dict[tuple[str, str], str]:
    """Return which proposal wrote a file with a hash, the first of those that did."""
    made: dict[tuple[str, str], str] = {}
    for one in known.values():
        if one.status not in ("applied", "reverted"):
            continue
        for receipt in receipts_of(one.id):
            for file in receipt.files if receipt.state == "committed" else ():
                if file.after_sha256 and file.after_sha256 != file.before_sha256:
                    made.setdefault((file.path, file.after_sha256), one.id)
    return made


def _parent(
    one: Proposal, known: Mapping[str, Proposal], made: Mapping[tuple[str, str], str]
) -> tuple[str, Relation]:
    lineage = one.draft.lineage
    if lineage.supersedes in known and lineage.supersedes != one.id:
        return lineage.supersedes or "", "replaces"
    for name in lineage.parents:
        if name in known and name != one.id:
            return name, "comes of"
    for base in one.base:
        maker = made.get((base.path, base.sha256 or ""), "")
        if maker and maker != one.id:
            return maker, "built on"
    return "", "first"


def _alternatives(known: Mapping[str, Proposal]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in known.values():
        for other in one.draft.lineage.alternatives:
            if other in known and other != one.id:
                found.setdefault(one.id, set()).add(other)
                found.setdefault(other, set()).add(one.id)
    return found


def _ordered(rows: Mapping[str, LineageRow]) -> tuple[LineageRow, ...]:
    """Put each row below its parent; a circle is cut where it is entered."""
    below: dict[str, list[LineageRow]] = {}
    for row in rows.values():
        below.setdefault(row.parent if row.parent in rows else "", []).append(row)
    found: list[LineageRow] = []
    seen: set[str] = set()

    def visit(start: LineageRow) -> None:
        stack = [(start, 0)]
        while stack:
            row, depth = stack.pop()
            if row.id in seen:
                continue
            seen.add(row.id)
            found.append(_at(row, depth))
            later = sorted(below.get(row.id, ()), key=lambda one: (one.created, one.id))
            stack += [(one, depth + 1) for one in reversed(later)]

    for row in sorted(below.get("", ()), key=lambda one: (one.created, one.id)):
        visit(row)
    for row in rows.values():
        if row.id not in seen:
            visit(row)
    return tuple(found)


def _at(row: LineageRow, depth: int) -> LineageRow:
    if depth:
        return replace(row, depth=depth)
    return replace(row, parent="", relation="first") if row.parent else row
