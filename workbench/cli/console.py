"""Printing for people and for programs."""

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec


class UsageProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """Wrong usage or unreadable input: exit code 2. The message says what, where, what to do."""


def print_json(document: Any) -> None:
    """Print one JSON document with a line end; lone surrogates become U+FFFD."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def document(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a JSON document with its schema line first."""
    return {"schema": f"skill-workbench/{kind}/1", **fields}


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
