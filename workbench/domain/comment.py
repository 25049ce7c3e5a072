"""What people say of single lines of a proposal: threads of comments, as records that only grow."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["old", "new"]
CommentAct = Literal["write", "delete", "restore", "resolve", "reopen"]


class LineAnchor(Struct, frozen=True):
    """A line, found again by what it says. ``side`` "old" is the base, "new" what is proposed.

    ``path`` is the file as the proposal's base has it and ``line`` where the line stood, from 1.
    ``content`` is the hash of the line without its end; ``before`` and ``after`` are those of the
    lines around it, the nearest first. ``text`` is the line, shortened, for when it is gone.
    """

    path: str
    side: Side
    line: int
    content: str
    text: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class CommentRecord(Struct, frozen=True):
    """One act on a comment. Nothing is rewritten: a change and a deletion are records too.

    ``id`` is the record's own; ``comment`` the comment it is about, ``thread`` the comment that
    began the thread. ``anchor`` and ``text`` come with every "write", so that a comment whose
    thread is lost still has its place. Resolving is about the whole thread.
    """

    id: str
    comment: str
    thread: str
    act: CommentAct
    author: str
    time: str
    text: str = ""
    anchor: LineAnchor | None = None


class Comment(Struct, frozen=True):
    """A comment as its records leave it. ``changed`` is "" while nobody changed it."""

    id: str
    author: str
    created: str
    text: str
    changed: str = ""
    deleted: bool = False


class Thread(Struct, frozen=True):
    """What is said of one line, the oldest first. ``resolved_by`` is "" while it is open."""

    id: str
    anchor: LineAnchor
    comments: tuple[Comment, ...]
    resolved_by: str = ""

    @property
    def resolved(self) -> bool:
        """Whether somebody called it settled."""
        return bool(self.resolved_by)
