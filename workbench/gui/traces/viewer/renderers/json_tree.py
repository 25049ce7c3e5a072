"""Large JSON as its outermost level; the rest unfolds in a view of its own.

A level is decoded when it is asked for, its values stay the bytes they were (msgspec.Raw is a view
into them): a payload of 20 MB costs one pass over it, not a million objects. Every number keeps its
digits.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from workbench.gui.traces.viewer.renderers.content import (
    MOST_CHARACTERS,
    Content,
    Run,
    TextRenderer,
)
from workbench.gui.traces.viewer.renderers.json_text import looks_like_json

JsonKind = Literal["object", "list", "string", "number", "other"]

_LISTED = 200
_PREVIEW = 160
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_COLOURS: dict[JsonKind, str] = {
    "string": "code_string",
    "number": "code_number",
    "other": "code_number",
    "object": "text_muted",
    "list": "text_muted",
}


@dataclass(frozen=True)
class JsonValue:
    """A value that is not decoded yet, and its key or place in what holds it."""

    key: str
    raw: msgspec.Raw
    kind: JsonKind

    @functools.cached_property
    def level(self) -> Level:
        """What is inside, decoded once."""
        return inside(self)

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return len(memoryview(self.raw))

    @property
    def holds_more(self) -> bool:
        """Whether the value has an inside."""
        return self.kind in ("object", "list") and self.size > 2

    def text(self, most: int = 0) -> str:
        """Return what a string says, or a value as it stands; at most ``most`` bytes of it."""
        data = bytes(memoryview(self.raw)[:most] if most else memoryview(self.raw))
        if self.kind == "string":
            whole = not most or self.size <= most
            decoded = _string(data if whole else _closed(data))
            if decoded is not None:
                return decoded if whole else f"{decoded}…"
        cut = "…" if most and self.size > most else ""
        return data.decode("utf-8", "replace") + cut

    def preview(self) -> str:
        """Return the value on one line, cut; of what has an inside its beginning."""
        said = " ".join(self.text(_PREVIEW * 4).split())
        said = said if len(said) <= _PREVIEW else f"{said[: _PREVIEW - 1]}…"
        return f"“{said}”" if self.kind == "string" else said


def json_value(text: str) -> JsonValue | None:
    """Return the value of a JSON text, None where it is none."""
    data = text.strip().encode("utf-8", "surrogatepass")
    try:
        raw = msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return _value("", raw)


def unfolded(text: str) -> JsonValue | None:
    """Return a JSON text with its outermost level decoded. For a thread."""
    value = json_value(text)
    if value is not None:
        _ = value.level
    return value


class Level:
    """What an object or a list holds, in order; a value is looked at when it is asked for."""

    def __init__(self, keys: Sequence[str] | None, raws: Sequence[msgspec.Raw]) -> None:
        self._keys = keys
        self._raws = raws

    def __len__(self) -> int:
        return len(self._raws)

    def __getitem__(self, row: int) -> JsonValue:
        return _value(str(row) if self._keys is None else self._keys[row], self._raws[row])


def inside(value: JsonValue) -> Level:
    """Return what an object or a list holds; nothing where it cannot be read."""
    try:
        if value.kind == "object":
            found = _OBJECT.decode(value.raw)
            return Level(list(found), list(found.values()))
        if value.kind == "list":
            return Level(None, _LIST.decode(value.raw))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Level(None, ())
    return Level(None, ())


class JsonTreeRenderer(TextRenderer):
    """The outermost keys with the beginning of their values; all of it in the tree."""

    id = "json-tree"
    title = "JSON tree"
    opens = "tree"

    def fit(self, content: Content) -> float:
        if not looks_like_json(content.text):
            return 0.0
        large = len(content.text) > MOST_CHARACTERS
        return 0.86 if large and content.role != "arguments" else 0.3

    def prettify(self, content: Content) -> str:
        top = json_value(content.text)
        if top is None:
            raise ValueError("the text is no JSON")
        found = inside(top)
        shown = (found[row] for row in range(min(_LISTED, len(found))))
        lines = [f"{one.key}: {one.preview()}" for one in shown]
        if len(found) > _LISTED:
            lines.append(f"… {len(found) - _LISTED:,} more")
        what = "keys" if top.kind == "object" else "items"
        return "\n".join([f"{len(found):,} {what}, {top.size:,} bytes", *lines])

    def colour(self, text: str) -> Sequence[Run]:
        head, line_end, rest = text.partition("\n")
        runs = [Run(head + line_end, "text_muted")]
        for line in rest.splitlines(keepends=True):
            key, colon, value = line.partition(": ")
            token = _COLOURS[_kind(value[:1].replace("“", '"').encode()[:1])]
            runs += [Run(key + colon, "code_key"), Run(value, token)]
        return runs


def _value(key: str, raw: msgspec.Raw) -> JsonValue:
    return JsonValue(key, raw, _kind(bytes(memoryview(raw)[:1])))


def _kind(first: bytes) -> JsonKind:
    kinds: dict[bytes, JsonKind] = {b"{": "object", b"[": "list", b'"': "string"}
    if first in kinds:
        return kinds[first]
    return "number" if first in b"-0123456789" and first else "other"


def _string(data: bytes) -> str | None:
    try:
        return msgspec.json.decode(data, type=str)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _closed(data: bytes) -> bytes:
    """Return the beginning of a JSON string as one that ends, behind its last whole character."""
    end = max(data.rfind(b" "), len(data) - 24)
    kept = data[:end]
    kept = kept.decode("utf-8", "ignore").encode()
    slash = len(kept) - len(kept.rstrip(b"\\"))
    if slash % 2:
        kept = kept[:-1]
    at = kept.rfind(b"\\u", max(0, len(kept) - 6))
    if at >= 0 and len(kept) - at < 6:
        kept = kept[:at]
    return kept + b'"'
