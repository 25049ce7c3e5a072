"""What a change does to the front matter of a skill, key by key."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from workbench.skills.frontmatter import locate
from workbench.skills.yaml_tree import Node, YamlProblem, parse_yaml

_LINE_END = re.compile(r"\r\n|\n|\r")

KeyState = Literal["added", "removed", "changed", "rewritten"]


class KeyChange(Struct, frozen=True):
    """One key and its values as lines of text, a list with an item a line (``items``).

    Nested keys are joined by dots (``metadata.version``, ``hooks[0].command``). "rewritten" is the
    same value written in another way: other quotes, another style, a comment beside it.
    ``before_at`` and ``after_at`` have the lines of the file where the values stand, from 1; a
    value of several lines has that of the first.
    """

    key: str
    state: KeyState
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    items: bool = False
    before_at: tuple[int, ...] = ()
    after_at: tuple[int, ...] = ()


class _Value(Struct, frozen=True):
    lines: tuple[str, ...]
    items: bool = False
    at: tuple[int, ...] = ()

    def same(self, other: _Value | None) -> bool:
        """Say whether it is the same value, wherever it stands."""
        return other is not None and (self.lines, self.items) == (other.lines, other.items)


def front_matter_lines(source: str) -> int:
    """Return how many lines the front matter takes, fences included; 0 where there is none."""
    data = source.encode("utf-8", "surrogatepass")
    fence, _, outer = locate(data)
    if fence != "closed":
        return 0
    text = data[: outer.end].decode("utf-8", "surrogatepass")
    ends = text.count("\n") + sum(
        text[at + 1 : at + 2] != "\n" for at, sign in enumerate(text) if sign == "\r"
    )
    return ends + (not text.endswith(("\n", "\r")))


def key_changes(before: str, after: str) -> tuple[KeyChange, ...] | None:
    """Return the keys that differ between two versions of a file, in the order of the new one.

    A side without text has no keys. None where a side has text and no front matter that can be
    read, or has a key twice: then only its lines tell what it says.
    """
    old, new = _read(before), _read(after)
    if old is None or new is None:
        return None
    changes: list[KeyChange] = []
    nothing: _Entry = ({}, "")
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key, nothing), new.get(key, nothing)
        found = _nested(was, now)
        if not found and was[1] != now[1]:
            written = [tuple(text.splitlines()) or ("",) for text in (was[1], now[1])]
            found = [KeyChange(key, "rewritten", written[0], written[1])]
        changes += found
    return tuple(changes)


#: A key's values by path, and what is written.
_Entry = tuple[dict[str, _Value], str]


def _read(text: str) -> dict[str, _Entry] | None:
    if not text:
        return {}
    fence, span, _ = locate(text.encode("utf-8", "surrogatepass"))
    if fence != "closed":
        return None
    data = text.encode("utf-8", "surrogatepass")[span.start : span.end]
    block = data.decode("utf-8", "surrogatepass")
    try:
        root = parse_yaml(block)
    except YamlProblem:
        return None
    if root is None:
        return {}
    if root.kind != "mapping" or _repeats(root):
        return None
    found: dict[str, _Entry] = {}
    for key, value in root.pairs:
        name = block[key.start : key.end]
        found[name] = (_flat(name, value, block), block[value.start : value.end].strip())
    return found


def _nested(was: _Entry, now: _Entry) -> list[KeyChange]:
    old, new = was[0], now[0]
    found: list[KeyChange] = []
    for path in dict.fromkeys((*new, *old)):
        one, other = old.get(path), new.get(path)
        if one is not None and one.same(other):
            continue
        state: KeyState = "added" if one is None else "removed" if other is None else "changed"
        was_value, now_value = one or _Value(()), other or _Value(())
        found.append(
            KeyChange(
                path,
                state,
                was_value.lines,
                now_value.lines,
                was_value.items or now_value.items,
                was_value.at,
                now_value.at,
            )
        )
    return found


def _flat(path: str, node: Node, block: str) -> dict[str, _Value]:
    """Return the single values and lists of single values under a key, by their paths."""
    if node.kind == "mapping" and node.pairs:
        found: dict[str, _Value] = {}
        for key, inner in node.pairs:
            found |= _flat(f"{path}.{block[key.start : key.end]}", inner, block)
        return found
    if node.kind == "sequence" and node.items:
        if all(one.kind == "scalar" for one in node.items):
            texts = tuple(_text(one, block) for one in node.items)
            return {path: _Value(texts, True, tuple(_line(one, block) for one in node.items))}
        found = {}
        for number, inner in enumerate(node.items):
            found |= _flat(f"{path}[{number}]", inner, block)
        return found
    return {path: _Value(tuple(_text(node, block).splitlines()) or ("",), at=(_line(node, block),))}


def _line(node: Node, block: str) -> int:
    """Return the line of the file where a value begins; the first fence is line 1."""
    return len(_LINE_END.findall(block, 0, node.start)) + 2


def _text(node: Node, block: str) -> str:
    """Return a value as a person reads it: a string without quotes, ``1.0`` as it is written."""
    written = block[node.start : max(node.start, node.end)].strip()
    if isinstance(node.value, str):
        return node.value
    return written if node.kind == "scalar" and written else _EMPTY.get(node.kind, "")


def _repeats(node: Node) -> bool:
    """Say whether a key stands twice in a mapping: which one counts is up to the reader."""
    inner = [value for _, value in node.pairs] + node.items
    return bool(node.duplicates) or any(_repeats(one) for one in inner if one.kind != "scalar")


_EMPTY = {"mapping": "{}", "sequence": "[]", "scalar": "null"}
