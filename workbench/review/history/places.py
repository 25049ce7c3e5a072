"""Which hunk a line of the checked text comes from."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.proposal import Hunk, HunkVerdict


class LinePlace(Struct, frozen=True):
    """``hunk`` is the place among the hunks, None for a line no accepted hunk makes.

    ``base_line`` is then the line of the base it stands at.
    """

    hunk: int | None
    base_line: int


def place_of(
    hunks: Sequence[Hunk], verdicts: Sequence[HunkVerdict], path: str, line: int
) -> LinePlace:
    """Return where a line of a file, as the accepted hunks make it, comes from.

    A line of 0 is the file as a whole: its first accepted hunk.
    """
    last = {verdict.hunk: verdict for verdict in verdicts}
    shift = 0
    for at, hunk in enumerate(hunks):
        verdict = last.get(hunk.id)
        if hunk.path != path or verdict is None or verdict.verdict != "accept":
            continue
        new = hunk.new_lines if verdict.edited is None else verdict.edited
        if not line or hunk.kind not in ("text", "create"):
            if not line:
                return LinePlace(at, hunk.base_start)
            continue
        start = 1 if hunk.kind == "create" else hunk.base_start + shift
        if start <= line < start + len(new):
            return LinePlace(at, hunk.base_start)
        if line < start:
            break
        shift += len(new) - len(hunk.base_lines)
    return LinePlace(None, max(1, line - shift))


def hunk_of_base(hunks: Sequence[Hunk], path: str, line: int) -> int | None:
    """Return the place of the hunk that changes a line of the base, None when none does."""
    for at, hunk in enumerate(hunks):
        within = hunk.base_start <= line < hunk.base_start + max(1, len(hunk.base_lines))
        if hunk.path == path and (within or not line or hunk.kind == "delete"):
            return at
    return None
