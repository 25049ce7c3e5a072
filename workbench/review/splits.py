"""Hunks that a reviewer split into parts, each with an id, a verdict and evidence of its own.

The proposal stays as it is: parts follow from it and from the splits kept with the decision.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Hunk, HunkVerdict, Split
from workbench.review.hunks import Owned, Pieces, hunk_id
from workbench.review.plan import LineOwners, ReviewProblem

#: Where a hunk is cut: base lines and new lines before the cut.
Cut = tuple[int, int]

SPLITTABLE: Final = ("text", "create")
#: More parts than this nobody decides on one by one.
MOST_PARTS: Final = 500


class Division(Struct, frozen=True):
    """Hunks with their parts in place of what was split.

    ``splits`` are those that hold, in the order of the proposal; ``problems`` tell of others.
    """

    owned: tuple[Owned, ...]
    splits: tuple[Split, ...] = ()
    problems: tuple[str, ...] = ()


def divided(pieces: Pieces, splits: Sequence[Split]) -> Division:
    """Put parts in place of the hunks that were split; a split that does not fit is told."""
    wanted = {split.hunk: split for split in splits}
    owned: list[Owned] = []
    kept: list[Split] = []
    problems: list[str] = []
    for hunk, changes in pieces.owned:
        split = wanted.pop(hunk.id, None)
        problem = why_not(hunk, split.at) if split is not None else None
        if split is None or problem is not None:
            owned.append((hunk, changes))
            problems += [f"Hunk {hunk.id} was split otherwise: {problem}"] if problem else []
            continue
        kept.append(split)
        owners = LineOwners(pieces.plans[hunk.path])
        owned += [(part, own or changes) for part, own in _parts(hunk, split.at, owners)]
    problems += [
        f"A hunk {name} was split, which this proposal does not have any more. Split it again "
        "where that is still wanted."
        for name in wanted
    ]
    return Division(tuple(owned), tuple(kept), tuple(problems))


def why_not(hunk: Hunk, cuts: Sequence[Cut]) -> str | None:
    """Say why a hunk cannot be cut there, None when it can."""
    if hunk.kind not in SPLITTABLE:
        return f"{hunk.header} has no lines of its own to take one by one."
    ends = (len(hunk.base_lines), len(hunk.new_lines))
    if sum(ends) < 2:
        return "it has one line."
    if not cuts:
        return "no line is named to cut it at."
    if len(cuts) >= MOST_PARTS:
        return f"that makes {len(cuts) + 1:,} parts, and {MOST_PARTS} are the most."
    for (i1, j1), (i2, j2) in itertools.pairwise(((0, 0), *cuts, ends)):
        if i2 < i1 or j2 < j1:
            return "cuts cross each other or lie outside of it; they have to grow on both sides."
        if (i1, j1) == (i2, j2):
            return "a cut leaves a part without lines."
    return None


def with_split(
    hunks: Sequence[Hunk], splits: Sequence[Split], name: str, cuts: Iterable[Cut]
) -> tuple[Split, ...]:
    """Return the splits with one more: a hunk, or a part of one, cut further.

    Args:
        hunks: as they are with ``splits``.
        splits: those that hold.
        name: the id of the hunk or part.
        cuts: in the lines of that hunk.

    Raises:
        ReviewProblem: it cannot be cut there.
    """
    hunk = _named(hunks, name)
    new = tuple(sorted(set(cuts)))
    problem = why_not(hunk, new)
    if problem is not None:
        raise ReviewProblem(f"Hunk {hunk.id} cannot be split so: {problem}")
    if hunk.part_of is None:
        return (*splits, Split(hunk.id, new))
    parts = [one for one in hunks if one.part_of == hunk.part_of]
    i, j = offset(parts, hunk)
    moved = {(i + base, j + lines) for base, lines in new}
    return tuple(
        replace(one, at=tuple(sorted({*one.at, *moved}))) if one.hunk == hunk.part_of else one
        for one in splits
    )


def without_split(hunks: Sequence[Hunk], splits: Sequence[Split], name: str) -> tuple[Split, ...]:
    """Return the splits without the one that a part comes from: its hunk is whole again.

    Raises:
        ReviewProblem: it is no part.
    """
    hunk = _named(hunks, name)
    if hunk.part_of is None:
        raise ReviewProblem(f"Hunk {hunk.id} is not split, so there is nothing to join.")
    return tuple(one for one in splits if one.hunk != hunk.part_of)


def offset(parts: Sequence[Hunk], part: Hunk) -> Cut:
    """Return how many base lines and new lines of the whole hunk stand before a part."""
    first = parts[0]
    return part.base_start - first.base_start, part.new_start - first.new_start


def part_places(hunks: Sequence[Hunk]) -> dict[str, tuple[int, int]]:
    """Return of each part which it is, from 1, of how many parts of its hunk."""
    found: dict[str, tuple[int, int]] = {}
    for whole, group in itertools.groupby(hunks, key=lambda one: one.part_of):
        parts = list(group)
        if whole is not None:
            found |= {one.id: (at, len(parts)) for at, one in enumerate(parts, 1)}
    return found


def carried(
    verdicts: Iterable[HunkVerdict], before: Sequence[Hunk], after: Sequence[Hunk]
) -> tuple[HunkVerdict, ...]:
    """Return verdicts on other parts of the same hunks.

    Parts get the verdict of what they are cut from, and a joined hunk that of its parts where they
    agree. Where parts differ, or a person's text has no place any more, the hunk is open again; a
    verdict on a hunk that is not in ``before`` is left out.
    """
    said = {verdict.hunk: verdict for verdict in verdicts}
    places = _places(before)
    found: list[HunkVerdict] = []
    for hunk, whole, start, end in _placed(after):
        own = said.pop(hunk.id, None)
        if own is not None:
            found.append(own)
            continue
        touched = [
            said.get(name)
            for name, first, last in places.get(whole, ())
            if _share_lines((first, last), (start, end))
        ]
        first_one = touched[0] if touched else None
        if first_one is None or first_one.edited is not None:
            continue
        if all(one is not None and _same(one, first_one) for one in touched):
            found.append(replace(first_one, hunk=hunk.id))
    return tuple(found)


def _share_lines(one: tuple[Cut, Cut], other: tuple[Cut, Cut]) -> bool:
    return any(
        max(one[0][side], other[0][side]) < min(one[1][side], other[1][side]) for side in (0, 1)
    )


def _same(one: HunkVerdict, other: HunkVerdict) -> bool:
    return replace(one, hunk="") == replace(other, hunk="")


def _places(hunks: Sequence[Hunk]) -> dict[str, list[tuple[str, Cut, Cut]]]:
    places: dict[str, list[tuple[str, Cut, Cut]]] = {}
    for hunk, whole, start, end in _placed(hunks):
        places.setdefault(whole, []).append((hunk.id, start, end))
    return places


def _placed(hunks: Sequence[Hunk]) -> Iterable[tuple[Hunk, str, Cut, Cut]]:
    """Give each hunk with the whole it belongs to and where in it it starts and ends."""
    starts: dict[str, Hunk] = {}
    for hunk in hunks:
        whole = hunk.part_of or hunk.id
        i, j = offset((starts.setdefault(whole, hunk),), hunk)
        yield hunk, whole, (i, j), (i + len(hunk.base_lines), j + len(hunk.new_lines))


def _named(hunks: Sequence[Hunk], name: str) -> Hunk:
    found = next((hunk for hunk in hunks if hunk.id == name), None)
    if found is None:
        raise ReviewProblem(f"There is no hunk {name} in this proposal. Look at its hunks again.")
    return found


def _parts(hunk: Hunk, cuts: Sequence[Cut], owners: LineOwners) -> list[Owned]:
    ends = (len(hunk.base_lines), len(hunk.new_lines))
    parts: list[Owned] = []
    heading, seen = hunk.header.rpartition("@@")[2].strip(), 0
    for (i1, j1), (i2, j2) in itertools.pairwise(((0, 0), *cuts, ends)):
        start = hunk.new_start - 1 + j1
        changes = owners.of_part(start, start + j2 - j1, deletes=i2 > i1)
        for line in hunk.new_lines[seen:j1]:
            if line.startswith("#") and line.lstrip("#").startswith(" "):
                heading = line.strip()
        seen = j1
        part = replace(
            hunk,
            id=_part_id(hunk, (i1, j1), (i2, j2)),
            base_start=hunk.base_start + i1,
            base_lines=hunk.base_lines[i1:i2],
            new_start=hunk.new_start + j1,
            new_lines=hunk.new_lines[j1:j2],
            change=changes[0].id if changes else hunk.change,
            part_of=hunk.id,
        )
        parts.append((replace(part, header=_header(hunk, part, heading)), changes))
    return parts


def _header(whole: Hunk, part: Hunk, heading: str) -> str:
    n, m = len(part.base_lines), len(part.new_lines)
    if whole.kind == "create":
        return f"{whole.header}, lines {part.new_start} to {part.new_start + m - 1}"
    return f"@@ -{part.base_start},{n} +{part.new_start},{m} @@ {heading}".rstrip()


def _part_id(hunk: Hunk, start: Cut, end: Cut) -> str:
    """Return an id that says which lines of which hunk, however the rest of it is cut."""
    lines = hunk_id(
        hunk.path, "part", hunk.base_lines[start[0] : end[0]], hunk.new_lines[start[1] : end[1]]
    )
    return hashlib.sha256(f"{hunk.id} {start} {lines}".encode()).hexdigest()[:16]
