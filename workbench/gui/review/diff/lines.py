"""A proposal as lines of a diff: files, hunks, context, what goes and what comes. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.proposal import Hunk
from workbench.gui.review.diff.changes import Changes
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.diff.keys import KeyedFile
from workbench.gui.review.diff.line import DiffLine, DiffOptions, Edited, Facts, LineKind, ReadBase
from workbench.gui.review.diff.moves import with_moves
from workbench.review.text_diff.blanks import change_of, ends_in_words
from workbench.review.text_diff.diff import decoded, split_lines

__all__ = ["CONTEXT", "DiffLine", "DiffOptions", "LineKind", "diff_lines", "is_long"]

#: Unchanged lines shown around a hunk.
CONTEXT = 3
#: Above so many changed characters, or lines, words and moves take longer than a person waits.
_LONG, _MANY = 60_000, 1500
#: More letters of a rationale would push the change itself out of sight; all are in the header.
_LONGEST_WHY = 300
_WITH_LINES = ("text", "create", "delete")


def diff_lines(
    hunks: Sequence[Hunk],
    edited: Edited,
    read_base: ReadBase,
    options: DiffOptions | None = None,
    facts: Facts | None = None,
) -> tuple[DiffLine, ...]:
    """Return all lines of a proposal's diff.

    Args:
        hunks: in file order, as ``review.hunks`` gives them.
        edited: a person's lines for a hunk, None where there are none.
        read_base: a file as the proposal saw it.
        options: how it is shown.
        facts: what to say of files without lines, binary ones above all.
    """
    options = options or DiffOptions()
    news = [_new_lines(hunk, edited) for hunk in hunks]
    lines: list[DiffLine] = []
    start = 0
    while start < len(hunks):
        end = start
        while end < len(hunks) and hunks[end].path == hunks[start].path:
            end += 1
        file = _File(hunks, news, options, facts or {}, read_base(hunks[start].path))
        lines += file.lines(range(start, end))
        start = end
    return tuple(lines) if options.quick else with_moves(lines, hunks, news)


def is_long(hunks: Sequence[Hunk], edited: Edited) -> bool:
    """Say whether a diff is first shown without what takes time."""
    sides = [(hunk.base_lines, _new_lines(hunk, edited)) for hunk in hunks]
    count = sum(len(base) + len(new) for base, new in sides)
    return count > _MANY or sum(len(one) for side in sides for part in side for one in part) > _LONG


class _File:
    """The hunks of one file."""

    def __init__(
        self,
        hunks: Sequence[Hunk],
        news: Sequence[tuple[str, ...]],
        options: DiffOptions,
        facts: Facts,
        data: bytes | None,
    ) -> None:
        self._hunks, self._news = hunks, news
        self._options, self._facts = options, facts
        self._base = split_lines(decoded(data or b"") or "")
        self._keyed = KeyedFile(self._base)

    def lines(self, places: range) -> list[DiffLine]:
        """Return the head of the file and the lines of the hunks at these places."""
        path = self._hunks[places[0]].path
        added = sum(len(self._news[at]) for at in places)
        removed = sum(len(self._hunks[at].base_lines) for at in places)
        lines = [DiffLine("file", path, added=added, removed=removed)]
        shown = 0  # base lines shown so far
        shift = 0  # new line number minus base line number
        for at in places:
            hunk, new = self._hunks[at], self._news[at]
            count = len(hunk.base_lines)
            lines.append(DiffLine("hunk", _title(hunk, new), at, added=len(new), removed=count))
            if hunk.rationale.strip():
                lines.append(DiffLine("note", _why(hunk.rationale), at, state="why"))
            if hunk.kind != "text":
                lines += self._changed(hunk, new, at, shift)
                shift += len(new) if hunk.kind == "create" else 0
                continue
            first = hunk.base_start - 1
            lines += self._context(max(shown, first - CONTEXT), first, shift, at)
            lines += self._changed(hunk, new, at, shift)
            shift += len(new) - count
            following = self._hunks[at + 1] if at + 1 < places.stop else None
            until = len(self._base)
            if following is not None and following.kind == "text":
                until = following.base_start - 1
            shown = min(first + count + CONTEXT, max(first + count, until))
            lines += self._context(first + count, shown, shift, at)
        return lines

    def _context(self, start: int, end: int, shift: int, at: int) -> list[DiffLine]:
        changes = Changes(at, self._options)
        return [
            changes.line("context", self._base[number], number + 1, number + 1 + shift)
            for number in range(start, min(end, len(self._base)))
        ]

    def _changed(self, hunk: Hunk, new: tuple[str, ...], at: int, shift: int) -> list[DiffLine]:
        changes = Changes(at, self._options)
        if hunk.kind not in _WITH_LINES or not (hunk.base_lines or new):
            return self._without_lines(hunk, changes)
        lines: list[DiffLine] = []
        gone, come = 0, 0
        if self._options.by_key and hunk.path.endswith((".md", ".mdc")):
            keyed = self._keyed.lines(hunk, new, changes, shift)
            if keyed is not None:
                lines, gone, come = keyed
        first = hunk.base_start
        lines += changes.lines(
            hunk.base_lines[gone:], new[come:], first + gone, first + shift + come
        )
        if not lines:
            lines.append(DiffLine("note", "Nothing is left of this hunk.", at))
        return lines

    def _without_lines(self, hunk: Hunk, changes: Changes) -> list[DiffLine]:
        before, after = self._facts.get(hunk.id, ((), ()))
        lines = changes.values(before, after)
        if not lines or hunk.kind in ("rename", "mode"):
            lines.append(DiffLine("note", _NO_LINES.get(hunk.kind, _NOTHING), changes.hunk))
        return lines


_NOTHING = "There are no lines to show."
_NO_LINES = {
    "text": "Nothing is left of this hunk.",
    "rename": "The file gets another name; its content stays as it is.",
    "mode": "Only the permissions of the file change.",
    "binary": "A binary file has no lines to show.",
    "create": "The new file is empty.",
}


def _new_lines(hunk: Hunk, edited: Edited) -> tuple[str, ...]:
    own = edited(hunk.id)
    return hunk.new_lines if own is None else own


def _title(hunk: Hunk, new: Sequence[str]) -> str:
    """Return where the hunk is, in words, and whether it changes less than text."""
    if hunk.kind != "text":
        return hunk.header[:1].upper() + hunk.header[1:]
    _, _, heading = hunk.header.rpartition("@@")
    count = len(hunk.base_lines)
    if not count:
        place = f"After line {hunk.base_start - 1}" if hunk.base_start > 1 else "At the top"
    elif count == 1:
        place = f"Line {hunk.base_start}"
    else:
        place = f"Lines {hunk.base_start}–{hunk.base_start + count - 1}"
    heading = visible(heading.strip().lstrip("#").strip())
    parts = [place, *([heading] if heading else [])]
    what = change_of(hunk.base_lines, new)
    if what == "ends" and count:
        before, after = (ends_in_words(side) for side in (hunk.base_lines, new))
        parts.append(f"only line ends: {before} to {after}")
    elif what == "blanks":
        parts.append("only whitespace")
    return " · ".join(parts)


def _why(rationale: str) -> str:
    text = " ".join(rationale.split())
    return visible(text if len(text) <= _LONGEST_WHY else f"{text[:_LONGEST_WHY].rstrip()} …")
