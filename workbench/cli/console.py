"""Printing for people and for programs."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")


class UsageProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """Wrong usage or unreadable input: exit code 2. The message says what, where, what to do."""


def print_json(document: Any) -> None:
    """Print one JSON document with a line end; lone surrogates become U+FFFD."""
    # Here, not above: the window's first frame comes through this module too, and prints nothing.
    import msgspec

    try:
        encoded = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # A file name that is not UTF-8 reaches us with lone surrogates, which JSON cannot hold.
        encoded = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(document)))
    print_utf8(msgspec.json.format(encoded, indent=2).decode() + "\n")


def print_utf8(text: str) -> None:
    """Write a document for another program: UTF-8, whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def document(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a JSON document with its schema line first."""
    return {"schema": f"skill-workbench/{kind}/1", **fields}


def printable(text: str) -> str:
    """Return the text with bytes that are not UTF-8, and halves of characters, as U+FFFD."""
    # A trace may hold any half of a pair as a JSON escape; a file name those that stand for a byte.
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def for_terminal(text: str) -> str:
    """Return the text without control characters a skill could send to the terminal."""
    shown = printable(text)
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in shown)


def one_line(text: str) -> str:
    """Return the text for a terminal, its line ends and tabs as spaces."""
    return for_terminal(" ".join(text.splitlines()).replace("\t", " "))


_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def coloured(text: str, colour: str) -> str:
    """Colour ``text`` when stdout is a terminal and NO_COLOR is not set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def progress(text: str) -> None:
    """Show progress on stderr, on a terminal alone."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
