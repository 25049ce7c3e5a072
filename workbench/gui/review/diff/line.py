"""One line of a diff, and how a diff is shown. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from workbench.review.text_diff.word_diff import Span

LineKind = Literal["file", "hunk", "context", "remove", "add", "note", "key", "move", "comment"]
#: A person's lines for a hunk by its id, None where there are none.
Edited = Callable[[str], tuple[str, ...] | None]
#: A file as the proposal saw it.
ReadBase = Callable[[str], bytes | None]
#: What to say of both sides of a hunk that has no lines to show, by the hunk's id.
Facts = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


class DiffLine(Struct, frozen=True, gc=False):
    """One line of the diff. ``hunk`` is its place among the hunks, -1 for the head of a file.

    Line numbers count from 1, 0 is none. ``words`` are the changed characters of ``text``;
    ``signs`` are drawn over the text and behind it: its blanks, how it ends. Two lines of a hunk
    with the same ``pair`` became one another. Of what moved, ``twin`` is the place of the other
    end among all lines. ``state`` says what became of a key of the front matter, and of a comment
    whether it is its "head", its "body" or "resolved"; a "value" is no line of a file. The note
    with the state "why" is the engine's reason for the hunk.
    """

    kind: LineKind
    text: str
    hunk: int = -1
    old: int = 0
    new: int = 0
    words: tuple[Span, ...] = ()
    added: int = 0
    removed: int = 0
    signs: str = ""
    pair: int = 0
    twin: int = -1
    state: str = ""


class DiffOptions(Struct, frozen=True):
    """How a diff is shown; what is applied is the same whatever they say.

    ``hide_blanks`` leaves out changes of blanks, ``show_blanks`` draws a sign for each blank,
    ``by_key`` shows front matter as keys and values instead of lines. ``quick`` leaves out what
    takes time: changed words, which lines belong together, what moved.
    """

    hide_blanks: bool = False
    show_blanks: bool = False
    by_key: bool = True
    quick: bool = False
