"""Comments on lines of a proposal: where they stand now, and the records that change them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.comment import Comment, CommentAct, CommentRecord, LineAnchor, Side, Thread
from workbench.domain.proposal import Hunk
from workbench.domain.reviewer import reviewer_key
from workbench.files import sha256
from workbench.review.moments import after
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.review.text_diff.diff import decoded, split_lines
from workbench.store.line_comments import threads_of
from workbench.store.proposals import ProposalStore

Edited = Callable[[str], "tuple[str, ...] | None"]

#: So many lines before and after a line help to find it again.
_AROUND: Final = 3
_LONGEST_SHOWN: Final = 300


class HunkLines(Struct, frozen=True):
    """Which lines of each side a hunk has, counted from 0, the end left out."""

    hunk: str
    old: tuple[int, int]
    new: tuple[int, int]


class FileSides(Struct, frozen=True):
    """Both sides of a file as the diff shows them, with a person's edits in the new one."""

    path: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    hunks: tuple[HunkLines, ...]

    def of(self, side: Side) -> tuple[str, ...]:
        """Return the lines of a side."""
        return self.old if side == "old" else self.new

    def nearest(self, side: Side, line: int) -> str:
        """Return the hunk that has a line, counted from 1, or that is nearest to it."""

        def distance(one: HunkLines) -> tuple[int, bool]:
            start, end = one.old if side == "old" else one.new
            return max(start - (line - 1), line - 1 - max(start, end - 1), 0), start == end

        return min(self.hunks, key=distance).hunk if self.hunks else ""


class PlacedThread(Struct, frozen=True):
    """A thread where it stands now. ``line`` counts from 1; 0: its line is gone, it is outdated.

    ``hunk`` is the one it is shown at.
    """

    thread: Thread
    line: int
    hunk: str

    @property
    def outdated(self) -> bool:
        """Whether the line it was said of is not there any more."""
        return self.line == 0


def file_sides(review: Review, edited: Edited = lambda _name: None) -> dict[str, FileSides]:
    """Return both sides of each file with lines, by its path; ``edited`` as for a diff."""
    by_path: dict[str, list[Hunk]] = {}
    for hunk in review.hunks:
        if hunk.kind in ("text", "create", "delete"):
            by_path.setdefault(hunk.path, []).append(hunk)
    return {path: _sides(review, path, hunks, edited) for path, hunks in by_path.items()}


def placed_threads(
    sides: Mapping[str, FileSides], threads: Iterable[Thread]
) -> tuple[PlacedThread, ...]:
    """Return threads where their lines are now, none left out."""
    return tuple(_placed(thread, sides) for thread in threads)


def said_of(review: Review, edited: Edited = lambda _name: None) -> tuple[PlacedThread, ...]:
    """Return what was said of the lines of a proposal, where they are now.

    Raises:
        FileProblem: the comments cannot be read.
    """
    found = threads_of(review.store, review.proposal)
    return placed_threads(file_sides(review, edited), found) if found else ()


def anchor_at(sides: Mapping[str, FileSides], path: str, side: Side, line: int) -> LineAnchor:
    """Return what binds a comment to a line.

    Raises:
        ReviewProblem: the proposal shows no such line.
    """
    file = sides.get(path)
    if file is None:
        known = ", ".join(sides) or "none with lines"
        raise ReviewProblem(f"The proposal does not change {path}. It changes: {known}.")
    lines = file.of(side)
    if not 1 <= line <= len(lines):
        what = "the base" if side == "old" else "the proposed text"
        raise ReviewProblem(
            f"{path} has no line {line} in {what}, which has {len(lines)}. Give a line from 1 on, "
            "and --side old for one of the base."
        )
    hashes = _hashes(lines)
    at = line - 1
    text = lines[at].rstrip("\r\n").strip()
    return LineAnchor(
        path=path,
        side=side,
        line=line,
        content=hashes[at],
        text=text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…",
        before=tuple(reversed(hashes[max(0, at - _AROUND) : at])),
        after=hashes[at + 1 : at + 1 + _AROUND],
    )


def find_line(anchor: LineAnchor, lines: Sequence[str]) -> int:
    """Return where a line stands now, from 1; 0 when it is gone.

    Of several lines that say the same, that with the most alike around it, then the nearest. A line
    without a letter or digit has to have something alike around it.
    """
    hashes = _hashes(tuple(lines))
    found = [at for at, content in enumerate(hashes) if content == anchor.content]
    if not found:
        return 0

    def around(at: int) -> int:
        above = tuple(reversed(hashes[max(0, at - _AROUND) : at]))
        below = hashes[at + 1 : at + 1 + _AROUND]
        return _alike(above, anchor.before) + _alike(below, anchor.after)

    best = max(found, key=lambda at: (around(at), -abs(at - anchor.line + 1)))
    if not around(best) and not any(sign.isalnum() for sign in anchor.text):
        return 0
    return best + 1


def counts_by_hunk(placed: Sequence[PlacedThread]) -> dict[str, tuple[int, int]]:
    """Return (open threads, all threads) of each hunk that has any."""
    counts: dict[str, tuple[int, int]] = {}
    for one in placed:
        open_ones, every = counts.get(one.hunk, (0, 0))
        counts[one.hunk] = (open_ones + (not one.thread.resolved), every + 1)
    return counts


# Acts


def keep_record(store: ProposalStore, proposal_id: str, record: CommentRecord) -> CommentRecord:
    """Write an act on a comment and return it as written: after all that is said in its thread.

    Raises:
        FileProblem: it cannot be written.
    """
    known = [one.time for one in store.comments(proposal_id) if one.thread == record.thread]
    written = replace(record, time=after(record.time, known))
    store.add_comment(proposal_id, written)
    return written


def begun(anchor: LineAnchor, text: str, *, author: str, now: str) -> CommentRecord:
    """Return the record that begins a thread.

    Raises:
        ReviewProblem: it says nothing, or nobody signs it.
    """
    name = uuid.uuid4().hex
    return _record(name, name, "write", author=author, now=now, text=text, anchor=anchor)


def replied(thread: Thread, text: str, *, author: str, now: str) -> CommentRecord:
    """Return the record of an answer.

    Raises:
        ReviewProblem: it says nothing, or nobody signs it.
    """
    return _record(
        uuid.uuid4().hex,
        thread.id,
        "write",
        author=author,
        now=now,
        text=text,
        anchor=thread.anchor,
    )


def rewritten(
    thread: Thread, comment: Comment, text: str, *, author: str, now: str
) -> CommentRecord:
    """Return the record that changes what a comment says.

    Raises:
        ReviewProblem: it says nothing, or it is somebody else's.
    """
    _check_own(comment, author)
    return _record(
        comment.id, thread.id, "write", author=author, now=now, text=text, anchor=thread.anchor
    )


def deleted(thread: Thread, comment: Comment, *, author: str, now: str) -> CommentRecord:
    """Return the record that takes a comment back; what it said stays in the file.

    Raises:
        ReviewProblem: it is somebody else's.
    """
    _check_own(comment, author)
    return _record(comment.id, thread.id, "delete", author=author, now=now)


def resolved(thread: Thread, *, author: str, now: str) -> CommentRecord:
    """Return the record that settles a thread, or opens a settled one again."""
    act: CommentAct = "reopen" if thread.resolved else "resolve"
    return _record(thread.id, thread.id, act, author=author, now=now)


def undone(record: CommentRecord, before: Comment | None, *, now: str) -> CommentRecord:
    """Return the record that takes another back; ``before`` is the comment as it was before it."""
    opposite: dict[CommentAct, CommentAct] = {
        "delete": "restore",
        "restore": "delete",
        "resolve": "reopen",
        "reopen": "resolve",
    }
    name = uuid.uuid4().hex
    if record.act != "write":
        return replace(record, id=name, time=now, act=opposite[record.act])
    if before is None:
        return replace(record, id=name, time=now, act="delete", text="", anchor=None)
    return replace(record, id=name, time=now, text=before.text)


def find_thread(threads: Sequence[Thread], name: str) -> tuple[Thread, Comment]:
    """Return the thread and the comment of an id, or of the start of one.

    Raises:
        ReviewProblem: none has it, or several have.
    """
    found = [
        (thread, comment)
        for thread in threads
        for comment in thread.comments
        if comment.id == name or (len(name) >= 4 and comment.id.startswith(name))
    ]
    if len(found) != 1:
        problem = "fits several comments" if found else "is no comment"
        raise ReviewProblem(
            f"'{name}' {problem} of this proposal. 'proposals comments' prints their ids."
        )
    return found[0]


def _record(
    comment: str,
    thread: str,
    act: CommentAct,
    *,
    author: str,
    now: str,
    text: str = "",
    anchor: LineAnchor | None = None,
) -> CommentRecord:
    said = text.strip().encode("utf-8", "replace").decode()
    if act == "write" and not said:
        raise ReviewProblem("The comment says nothing. Write what should be known of this line.")
    signed = " ".join(author.split())
    if not signed:
        raise ReviewProblem(
            'Nobody signs the comment. Give --reviewer "Name <mail>", or set git\'s user.name and '
            "user.email."
        )
    return CommentRecord(uuid.uuid4().hex, comment, thread, act, signed, now, said, anchor)


def _check_own(comment: Comment, author: str) -> None:
    if reviewer_key(comment.author) != reviewer_key(author):
        raise ReviewProblem(
            f"This comment is by {comment.author}; only they change or delete it. Reply to it, or "
            "resolve the thread."
        )


def _placed(thread: Thread, sides: Mapping[str, FileSides]) -> PlacedThread:
    anchor = thread.anchor
    file = sides.get(anchor.path)
    if file is None:
        return PlacedThread(thread, 0, "")
    line = find_line(anchor, file.of(anchor.side))
    return PlacedThread(thread, line, file.nearest(anchor.side, line or anchor.line))


def _sides(review: Review, path: str, hunks: Sequence[Hunk], edited: Edited) -> FileSides:
    old: tuple[str, ...] = hunks[0].base_lines if hunks[0].kind == "delete" else ()
    if hunks[0].kind == "text":
        old = split_lines(decoded(review.read_base(path) or b"") or "")
    new: list[str] = []
    places: list[HunkLines] = []
    at = 0
    for hunk in hunks:
        start = hunk.base_start - 1
        new += old[at:start]
        own = edited(hunk.id)
        lines = hunk.new_lines if own is None else own
        at = start + len(hunk.base_lines)
        places.append(HunkLines(hunk.id, (start, at), (len(new), len(new) + len(lines))))
        new += lines
    new += old[at:]
    return FileSides(path, old, tuple(new), tuple(places))


@lru_cache(maxsize=32)
def _hashes(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        sha256(line.rstrip("\r\n").encode("utf-8", "surrogatepass"))[:20] for line in lines
    )


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
