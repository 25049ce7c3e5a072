"""YAML to JSON-like values with a source span for each node, within a budget.

The tree is built from libyaml's event stream with a stack of our own: nothing is constructed before
it is counted, so alias bombs, deep nesting and huge documents end as a message. Scalars follow the
YAML 1.2 core schema, as the JavaScript clients do: ``on``, ``yes`` and dates stay strings, and a
key is always the text that is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import yaml

MAX_CHARACTERS: Final = 1_000_000
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 64

#: The C parser where PyYAML was built with libyaml (every wheel is).
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

_STRING_TAG: Final = "tag:yaml.org,2002:str"

NodeKind = Literal["scalar", "sequence", "mapping"]


class YamlProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """The text is not YAML, or is beyond the budget. ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


@dataclass(slots=True)
class Node:
    """One YAML node. ``start`` and ``end`` are character offsets, the last line end left out."""

    kind: NodeKind
    start: int
    end: int
    value: Any
    style: str = ""  # a scalar: "" plain, ' " | >; a collection: "flow" or "block"
    properties: bool = False  # has an anchor or a tag, or is an alias
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    duplicates: list[Node] = field(default_factory=list)
    size: int = 1
    key: Node | None = None  # while building a mapping: the key that waits for its value

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, aliases not followed."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.items
            for key, value in node.pairs:
                waiting += (key, value)


def parse_yaml(text: str) -> Node | None:
    """Return the root node, None for a document without content.

    Raises:
        YamlProblem: not YAML, more than one document, or too large, deep or expanded.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(f"it has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        code = ord(forbidden.group())
        raise YamlProblem(
            f"the character U+{code:04X} is not allowed in YAML; delete it", forbidden.start()
        )
    builder = _Builder(text)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as problem:
        marks = [mark for mark in (problem.problem_mark, problem.context_mark) if mark is not None]
        raise YamlProblem(_in_words(problem), marks[0].index if marks else None) from problem
    except yaml.YAMLError as problem:
        raise YamlProblem(str(problem).splitlines()[0]) from problem
    return builder.root


def scalar_value(text: str, style: str = "") -> Any:
    """Return what a scalar means in the core schema; quoted and block scalars are strings."""
    if style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, {"o": 8, "x": 16}.get(text[1:2], 10))
    if _FLOAT.fullmatch(text) and len(text) <= 300:
        number = float(text)
        return number if abs(number) != float("inf") else text
    return text


class _Builder:
    """Takes events in order and keeps the open collections on a stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self._documents = 0
        self.root: Node | None = None

    def take(self, event: Any) -> None:
        start: int = event.start_mark.index
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise YamlProblem("it holds more than one YAML document", start)
        elif isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._place(self._alias(event), None)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)

    def _scalar(self, event: Any) -> Node:
        style = event.style or ""
        start, end = event.start_mark.index, event.end_mark.index
        if style in ("|", ">"):
            end = _block_end(self._text, start, end)
        tag = event.tag
        value = event.value if tag == _STRING_TAG else scalar_value(event.value, style)
        return Node("scalar", start, end, value, style, bool(event.anchor or tag))

    def _alias(self, event: Any) -> Node:
        target = self._anchors.get(event.anchor)
        if target is None:
            raise YamlProblem(f"'*{event.anchor}' has no anchor before it", event.start_mark.index)
        if any(node is target for node in self._open):
            raise YamlProblem(f"'*{event.anchor}' contains itself", event.start_mark.index)
        start, end = event.start_mark.index, event.end_mark.index
        return Node("scalar", start, end, target.value, "", True, size=target.size)

    def _start(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise YamlProblem(
                f"it is nested deeper than {MAX_DEPTH} levels", event.start_mark.index
            )
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node(
            "mapping" if mapping else "sequence",
            event.start_mark.index,
            event.end_mark.index,
            {} if mapping else [],
            "flow" if event.flow_style else "block",
            bool(event.anchor or event.tag),
        )
        if event.anchor:
            self._anchors[event.anchor] = node
        self._open.append(node)

    def _close(self, event: Any) -> None:
        node = self._open.pop()
        if node.style == "flow":
            node.end = event.end_mark.index
        self._place(node, None)

    def _place(self, node: Node, anchor: str | None) -> None:
        self._nodes += node.size if node.kind == "scalar" else 1
        if self._nodes > MAX_NODES:
            raise YamlProblem(f"it expands to more than {MAX_NODES:,} values", node.start)
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        if parent.style == "block":
            parent.end = max(parent.end, node.end)
        if parent.kind == "sequence":
            parent.items.append(node)
            parent.value.append(node.value)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            parent.pairs.append((key, node))
            name = self.key_text(key)
            if name in parent.value:
                parent.duplicates.append(key)
            parent.value[name] = node.value

    def key_text(self, key: Node) -> str:
        """Return the key as written: ``on`` and ``1.0`` stay what they are."""
        if isinstance(key.value, str) and key.kind == "scalar":
            return key.value
        return self._text[key.start : key.end]


def _block_end(text: str, start: int, end: int) -> int:
    """Return where a block scalar ends: its last line, without the line end.

    Trailing blank lines belong to the value only with the ``+`` indicator.
    """
    body = text[start:end]
    header = re.match(r"[^\r\n]*", body)
    keeps = header is not None and "+" in header.group().split("#")[0]
    if not keeps:
        content = len(body.rstrip(" \t\r\n"))
        line_end = re.compile(r"[\r\n]|\Z").search(body, content)
        body = body[: line_end.start()] if line_end else body
    elif body.endswith("\r\n"):
        body = body[:-2]
    elif body[-1:] in "\r\n":
        body = body[:-1]
    return start + len(body)


_ADVICE: Final = {
    "did not find expected <document start>": "a line '...' ends the document; delete it",
    "mapping values are not allowed": "a value with a colon and a space must be quoted",
    "found character that cannot start any token": "a value must not begin with this character "
    "(a tab, @, ` or %); quote it",
    "found unexpected end of stream": "a quote is opened and never closed",
    "did not find expected alphabetic or numeric character": "a value that begins with * or & must "
    "be quoted",
}


def _in_words(problem: yaml.MarkedYAMLError) -> str:
    told = problem.problem or problem.context or "the text is not YAML"
    if problem.context and problem.problem:
        told = f"{problem.problem} ({problem.context})"
    advice = next((words for start, words in _ADVICE.items() if start in told), None)
    return f"{told}: {advice}" if advice else told
