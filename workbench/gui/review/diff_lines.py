"""A proposal as lines of a diff: files, hunks, context, what goes and what comes. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import Hunk
from workbench.gui.review.emphasis import Span, changed_words, line_end, visible
from workbench.review.diff import decoded, split_lines

LineKind = Literal["file", "hunk", "context", "remove", "add", "note"]

#: Unchanged lines shown around a hunk.
CONTEXT = 3


class DiffLine(Struct, frozen=True):
    """One line of the diff. ``hunk`` is its place among the hunks, -1 for the head of a file.

    Line numbers count from 1, 0 is none. ``words`` are the changed characters of ``text``.
    """

    kind: LineKind
    text: str
    hunk: int = -1
    old: int = 0
    new: int = 0
    words: tuple[Span, ...] = ()
    added: int = 0
    removed: int = 0


def diff_lines(
    hunks: Sequence[Hunk],
    edited: Callable[[str], tuple[str, ...] | None],
    read_base: Callable[[str], bytes | None],
) -> tuple[DiffLine, ...]:
    """Return all lines of a proposal's diff.

    Args:
        hunks: in file order, as ``review.hunks`` gives them.
        edited: a person's lines for a hunk, None where there are none.
        read_base: a file as the proposal saw it.
    """
    lines: list[DiffLine] = []
    start = 0
    while start < len(hunks):
        end = start
        while end < len(hunks) and hunks[end].path == hunks[start].path:
            end += 1
        numbered = list(enumerate(hunks))[start:end]
        lines += _of_file(numbered, edited, read_base)
        start = end
    return tuple(lines)


def _of_file(
    numbered: Sequence[tuple[int, Hunk]],
    edited: Callable[[str], tuple[str, ...] | None],
    read_base: Callable[[str], bytes | None],
) -> list[DiffLine]:
    path = numbered[0][1].path
    news = {index: _new_lines(hunk, edited) for index, hunk in numbered}
    added = sum(map(len, news.values()))
    removed = sum(len(hunk.base_lines) for _, hunk in numbered)
    lines = [DiffLine("file", path, added=added, removed=removed)]
    base: tuple[str, ...] = ()
    if any(hunk.kind == "text" for _, hunk in numbered):
        base = split_lines(decoded(read_base(path) or b"") or "")
    shown = 0  # base lines shown so far
    shift = 0  # new line number minus base line number
    for place, (index, hunk) in enumerate(numbered):
        first = hunk.base_start - 1
        last = first + len(hunk.base_lines)
        new = news[index]
        lines.append(
            DiffLine("hunk", _title(hunk), index, added=len(new), removed=len(hunk.base_lines))
        )
        if hunk.kind == "text":
            lines += _context(base, max(shown, first - CONTEXT), first, shift, index)
        lines += _changed(hunk, new, index, shift)
        if hunk.kind == "text":
            shift += len(new) - len(hunk.base_lines)
            following = numbered[place + 1][1] if place + 1 < len(numbered) else None
            until = (
                following.base_start - 1 if following and following.kind == "text" else len(base)
            )
            shown = min(last + CONTEXT, max(last, until))
            lines += _context(base, last, shown, shift, index)
    return lines


def _new_lines(hunk: Hunk, edited: Callable[[str], tuple[str, ...] | None]) -> tuple[str, ...]:
    own = edited(hunk.id)
    return hunk.new_lines if own is None else own


def _title(hunk: Hunk) -> str:
    """Return where the hunk is, in words."""
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
    return f"{place} · {heading}" if heading else place


def _context(base: Sequence[str], start: int, end: int, shift: int, index: int) -> list[DiffLine]:
    return [
        DiffLine("context", visible(base[at]), index, at + 1, at + 1 + shift)
        for at in range(start, min(end, len(base)))
    ]


def _changed(hunk: Hunk, new: Sequence[str], index: int, shift: int) -> list[DiffLine]:
    old_shown = [visible(line) for line in hunk.base_lines]
    new_shown = [visible(line) for line in new]
    gone, came = changed_words(old_shown, new_shown)
    first = hunk.base_start
    lines = [
        DiffLine("remove", text, index, first + at, 0, gone.get(at, ()))
        for at, text in enumerate(old_shown)
    ]
    lines += _end_notes(hunk.base_lines, new, index, "before")
    lines += [
        DiffLine("add", text, index, 0, first + shift + at, came.get(at, ()))
        for at, text in enumerate(new_shown)
    ]
    lines += _end_notes(new, hunk.base_lines, index, "after")
    if not hunk.base_lines and not new:
        lines.append(DiffLine("note", _no_lines(hunk), index))
    return lines


def _no_lines(hunk: Hunk) -> str:
    if hunk.kind == "text":
        return "Nothing is left of this hunk."
    what = {
        "rename": "The file gets another name; its content stays as it is.",
        "mode": "Only the permissions of the file change.",
        "binary": "A binary file has no lines to show.",
        "create": "The new file is empty.",
    }
    return what.get(hunk.kind, "There are no lines to show.")


def _end_notes(
    lines: Sequence[str], others: Sequence[str], index: int, side: str
) -> list[DiffLine]:
    """Say what cannot be seen in the lines: their ends, where the two sides differ in them."""
    ends = {line_end(line) for line in lines}
    if not lines or ends == {"LF"} or ends == {line_end(line) for line in others}:
        return []
    words = [f"line ends {side}: {', '.join(sorted(ends - {'none'}))}"] if ends - {"none"} else []
    if "none" in ends:
        words.append(f"no line end at the end of the file {side}")
    return [DiffLine("note", words[0][:1].upper() + "; ".join(words)[1:], index)]
