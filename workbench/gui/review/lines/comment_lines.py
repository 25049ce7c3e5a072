"""Comments as lines of the diff, below the line they are about. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.comment import Comment
from workbench.domain.proposal import Hunk
from workbench.domain.text import counted
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.diff.line import DiffLine
from workbench.review.comments import PlacedThread


class Talk(Struct, frozen=True):
    """A diff with its comments, and the thread behind each line that shows one."""

    lines: tuple[DiffLine, ...]
    threads: Mapping[int, PlacedThread] = {}


def with_comments(
    lines: Sequence[DiffLine], hunks: Sequence[Hunk], placed: Sequence[PlacedThread]
) -> Talk:
    """Put each thread below its line; where that is not shown, below the hunk it is nearest to."""
    if not placed:
        return Talk(tuple(lines))
    places = {hunk.id: at for at, hunk in enumerate(hunks)}
    lasts: dict[int, int] = {}
    numbers: dict[tuple[str, str, int], int] = {}
    for at, line in enumerate(lines):
        if line.hunk < 0:
            continue
        lasts[line.hunk] = at
        path = hunks[line.hunk].path
        if line.old and line.kind != "add":
            numbers.setdefault((path, "old", line.old), at)
        if line.new and line.kind != "remove":
            numbers.setdefault((path, "new", line.new), at)
    below: dict[int, list[tuple[PlacedThread, bool]]] = {}
    for one in placed:
        anchor = one.thread.anchor
        at = numbers.get((anchor.path, anchor.side, one.line), -1) if one.line else -1
        hunk = places.get(one.hunk, len(hunks) - 1)
        shown = at >= 0
        below.setdefault(at if shown else lasts.get(hunk, len(lines) - 1), []).append((one, shown))
    return _put(lines, below)


def _put(
    lines: Sequence[DiffLine], below: Mapping[int, Sequence[tuple[PlacedThread, bool]]]
) -> Talk:
    made: list[DiffLine] = []
    threads: dict[int, PlacedThread] = {}
    moved: dict[int, int] = {}
    for at, line in enumerate(lines):
        moved[at] = len(made)
        made.append(line)
        for one, shown in below.get(at, ()):
            for told in _told(one, line.hunk, shown=shown):
                threads[len(made)] = one
                made.append(told)
    # What moved names its other end by its place.
    twins = tuple(
        replace(line, twin=moved[line.twin]) if line.twin in moved else line for line in made
    )
    return Talk(twins, threads)


def _told(one: PlacedThread, hunk: int, *, shown: bool) -> list[DiffLine]:
    thread, anchor = one.thread, one.thread.anchor
    comments = [comment for comment in thread.comments if not comment.deleted]
    place = ""
    if not shown:
        side = " of the base" if anchor.side == "old" else ""
        gone = "said of a line that is gone" if one.outdated else f"on line {one.line}{side}"
        place = f" · {gone}: “{visible(anchor.text)}”"
    if thread.resolved:
        words = f"Resolved by {_name(thread.resolved_by)} · {counted(len(comments), 'comment')}"
        return [DiffLine("comment", f"{words}{place}", hunk, state="resolved")]
    lines: list[DiffLine] = []
    for comment in comments:
        lines.append(DiffLine("comment", f"{_head(comment)}{place}", hunk, state="head"))
        lines += [
            DiffLine("comment", visible(text), hunk, state="body")
            for text in comment.text.splitlines()
        ]
        place = ""
    return lines


def _head(comment: Comment) -> str:
    changed = " · changed" if comment.changed else ""
    return f"{_name(comment.author)} · {comment.created[:16].replace('T', ' ')}{changed}"


def _name(author: str) -> str:
    return visible(author.split(" <", 1)[0].strip() or author)
