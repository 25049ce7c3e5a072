"""JSON with indents and colours, and the arguments of a call by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from workbench.gui.traces.viewer.renderers.content import Content, Run, TextRenderer

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b)"
)
_COLOURS = {"key": "code_key", "string": "code_string", "number": "code_number"}
_SIGN = "\u200b"
#: Larger texts are told by their first character alone: parsing them for a guess costs too much.
_PARSED = 2_000_000


class JsonRenderer(TextRenderer):
    """Objects and lists. The text keeps every digit and key: it is indented, not decoded."""

    id = "json"
    title = "JSON"
    opens = "tree"

    def fit(self, content: Content) -> float:
        if not looks_like_json(content.text):
            return 0.0
        return 0.5 if len(content.text) > _PARSED else 0.8

    def prettify(self, content: Content) -> str:
        return msgspec.json.format(content.text.strip(), indent=2)

    def colour(self, text: str) -> Sequence[Run]:
        return tuple(_coloured(text))


class ArgumentsRenderer(TextRenderer):
    """The arguments of a call: each name, and its text as the tool gets it."""

    id = "arguments"
    title = "Arguments"

    def fit(self, content: Content) -> float:
        if content.role != "arguments":
            return 0.0
        found = decoded(content.text)
        return 0.9 if isinstance(found, dict) and found else 0.0

    def prettify(self, content: Content) -> str:
        found = decoded(content.text)
        if not isinstance(found, dict):
            raise TypeError("the arguments are no object")
        return "\n".join(f"{key}:{_SIGN}{_value(value)}" for key, value in found.items())

    def colour(self, text: str) -> Sequence[Run]:
        runs: list[Run] = []
        for line in text.splitlines(keepends=True):
            name, sign, value = line.partition(_SIGN)
            if sign:
                runs.append(Run(name, "code_key"))
                runs.append(Run(value))
            else:
                runs.append(Run(line))
        return runs


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f"\n{value}" if "\n" in value else f" {value}"
    if isinstance(value, dict | list):
        written = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        return f"\n{written}" if "\n" in written else f" {written}"
    return f" {msgspec.json.encode(value).decode()}"


def decoded(text: str) -> Any:
    """Return the value of a JSON text, None when it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def looks_like_json(text: str) -> bool:
    """Say whether a text is an object or a list; of a very long one its ends tell."""
    head, tail = text[:200].lstrip()[:1], text[-200:].rstrip()[-1:]
    if head not in ("{", "[") or tail not in ("}", "]"):
        return False
    return len(text) > _PARSED or is_json(text)


def is_json(text: str) -> bool:
    """Say whether a text is JSON."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _coloured(text: str) -> Iterator[Run]:
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() > position:
            yield Run(text[position : match.start()])
        yield Run(match.group(), _COLOURS[str(match.lastgroup)])
        position = match.end()
    if position < len(text):
        yield Run(text[position:])
