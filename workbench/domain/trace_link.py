"""Links to a step of a trace: ``skill-workbench://trace/<path>?trajectory=<id>&content=<hash>#<step>``.

The path is absolute and percent-encoded; the rest may be left out. ``content`` is the beginning of
the SHA-256 of the step's own records, so that a link to what has changed can say so.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

SCHEME: Final = "skill-workbench://"
_HOST: Final = "trace/"
_HASH_LENGTH: Final = 16
_HASH: Final = re.compile(r"[0-9a-f]{8,64}")
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DRIVE: Final = re.compile(r"/[A-Za-z]:[\\/]")
_LONGEST: Final = 20_000
_WANTED: Final = (
    "A link to a trace looks like skill-workbench://trace/home/me/session.jsonl#12: the absolute "
    "path of the file, then the number of the step."
)


class LinkProblem(ValueError):  # noqa: N818 - it says what is wrong with what a person gave
    """A text is no link to a trace; the message says what is wrong with it."""


class TraceLink(Struct, frozen=True):
    """A step, counted from 0, of a trajectory in a file.

    An empty ``trajectory`` is the file's first. ``content`` is "" or has at least 8 hexadecimal
    digits.
    """

    path: str
    trajectory: str = ""
    step: int = 0
    content: str = ""


def is_link(text: str) -> bool:
    """Say whether a text is meant as a link of ours, right or wrong."""
    return text.strip().casefold().startswith(SCHEME)


def format_link(link: TraceLink) -> str:
    """Return a link as text, in ASCII alone."""
    path = link.path.replace("\\", "/") if _DRIVE.match("/" + link.path) else link.path
    query = [
        f"{name}={_encoded(value, safe='')}"
        for name, value in (
            ("trajectory", link.trajectory),
            ("content", link.content[:_HASH_LENGTH]),
        )
        if value
    ]
    asked = f"?{'&'.join(query)}" if query else ""
    return f"{SCHEME}{_HOST}{_encoded(path.removeprefix('/'), safe='/')}{asked}#{link.step}"


def parse_link(text: str) -> TraceLink:
    """Read a link.

    Raises:
        LinkProblem: it is none, or what it says makes no sense.
    """
    text = text.strip()
    if not is_link(text):
        raise LinkProblem(f"“{text[:80]}” is no link of this program. {_WANTED}")
    if len(text) > _LONGEST:
        raise LinkProblem(f"The link is {len(text):,} characters long; {_LONGEST:,} are read.")
    rest, _, fragment = text[len(SCHEME) :].partition("#")
    place, _, query = rest.partition("?")
    if not place.casefold().startswith(_HOST):
        raise LinkProblem(f"The link leads to “{place.partition('/')[0][:80]}”. {_WANTED}")
    path = "/" + _decoded(place[len(_HOST) :]).removeprefix("/")
    if path == "/":
        raise LinkProblem(f"The link names no file. {_WANTED}")
    if _DRIVE.match(path):
        path = path[1:]
    if fragment and not (fragment.isascii() and fragment.isdigit() and len(fragment) <= 9):
        raise LinkProblem(f"“{fragment[:80]}” behind # is no number of a step. {_WANTED}")
    named = dict(one.partition("=")[::2] for one in query.split("&"))
    content = _decoded(named.get("content", ""))
    if content and not _HASH.fullmatch(content):
        raise LinkProblem(
            f"The link's content hash “{content[:80]}” is none: it has 8 to 64 digits 0-9, a-f."
        )
    trajectory = _decoded(named.get("trajectory", ""))
    return TraceLink(path, trajectory, int(fragment or 0), content[:_HASH_LENGTH])


def _encoded(text: str, *, safe: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe=safe)


def _decoded(text: str) -> str:
    if _BAD_PERCENT.search(text):
        raise LinkProblem(
            f"“{text[:80]}” has a % that is not followed by two hexadecimal digits; a percent sign "
            "is written %25."
        )
    found = unquote_to_bytes(text).decode("utf-8", "surrogateescape")
    if "\0" in found:
        raise LinkProblem("The link holds a character that no path can have (%00).")
    return found
