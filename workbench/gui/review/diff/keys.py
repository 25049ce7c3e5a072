"""The part of a hunk that lies in the front matter, shown key by key. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from workbench.domain.proposal import Hunk
from workbench.gui.review.diff.changes import Changes
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.diff.line import DiffLine
from workbench.review.text_diff.front_matter_diff import front_matter_lines, key_changes

_SAME = "No key and no value changes: only comments, order, quotes or blank lines."
#: Front matter is looked for in so many lines; a file with a longer one is shown as it is.
_MOST = 2000


class KeyedFile:
    """A file before its hunks."""

    def __init__(self, base: Sequence[str]) -> None:
        self._base = base

    @cached_property
    def _height(self) -> int:
        return front_matter_lines("".join(self._base[:_MOST]))

    def lines(
        self, hunk: Hunk, new: Sequence[str], changes: Changes, shift: int
    ) -> tuple[list[DiffLine], int, int] | None:
        """Return what the hunk alone does to the keys, and how many of its lines that covers.

        The second is the number of lines that go, the third of those that come. None where the
        hunk is below the front matter, or its lines tell more than keys could.
        """
        start = hunk.base_start - 1
        if start >= max(self._height, 1):
            return None
        end = start + len(hunk.base_lines)
        before = "" if hunk.kind == "create" else "".join(self._base[: max(_MOST, end)])
        after = "".join([*self._base[:start], *new, *self._base[end : max(_MOST, end)]])
        height = front_matter_lines(after)
        gone = max(0, min(len(hunk.base_lines), self._height - start))
        come = max(0, min(len(new), height - start))
        sides = ((self._height, before), (height, after))
        found = key_changes(*(text if size else "" for size, text in sides))
        if found is None or not gone + come:
            return None
        if any(not size and text.lstrip("\ufeff").startswith("---") for size, text in sides):
            return None
        if not found:
            return [DiffLine("note", _SAME, changes.hunk)], 0, 0
        lines: list[DiffLine] = []
        for one in found:
            lines.append(DiffLine("key", visible(one.key), changes.hunk, state=one.state))
            after_at = [number + shift for number in one.after_at]
            lines += changes.values(
                one.before, one.after, items=one.items, numbers=(one.before_at, after_at)
            )
        return lines, gone, come
