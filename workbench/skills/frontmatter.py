"""The front matter of SKILL.md: where it lies, its keys and the bytes of each."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from typing import Any, Final, Literal

from workbench.domain.skill import FrontMatter, FrontMatterEntry
from workbench.domain.text import Span
from workbench.skills.yaml_tree import Node, YamlProblem, parse_yaml

BOM: Final = b"\xef\xbb\xbf"
_FIRST_FENCE = re.compile(rb"---[ \t]*(?:\r\n|\n|\r)")
_CLOSING_FENCE = re.compile(rb"(?:(?<=\n)|(?<=\r))---[ \t]*(?:\r\n|\n|\r|\Z)")
_KEY_LINE = re.compile(r"([A-Za-z_][\w.-]{0,80})[ \t]*:(?=[ \t\r\n]|\Z)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")

Fence = Literal["closed", "unclosed", "late", "none"]


def locate(source: bytes) -> tuple[Fence, Span, Span]:
    """Return how the front matter is fenced, the span between the fences and that with them.

    ``late`` means that text or blank lines stand before a block that would do otherwise. The
    spans are empty unless it is ``closed``.
    """
    start = len(BOM) if source.startswith(BOM) else 0
    nothing = Span(start, start)
    first = _FIRST_FENCE.match(source, start)
    if first is None:
        rest = source[start : start + 4096]
        late = rest.lstrip().startswith(b"---") and rest[:1].isspace()
        return ("late" if late else "none"), nothing, nothing
    closing = _CLOSING_FENCE.search(source, first.end())
    if closing is None:
        return "unclosed", nothing, nothing
    return "closed", Span(first.end(), closing.start()), Span(start, closing.end())


def parse_front_matter(source: bytes) -> FrontMatter | None:
    """Return the front matter with byte spans, None when there is no closed block.

    Where the text is no YAML, ``error`` says so and ``entries`` has the lines that look like keys.
    """
    fence, span, outer = locate(source)
    if fence != "closed":
        return None
    text = source[span.start : span.end].decode("utf-8", "surrogateescape")
    block = _Block(source, span, text)
    error: str | None = None
    error_line: int | None = None
    duplicates: tuple[str, ...] = ()
    try:
        root = parse_yaml(block.readable)
        entries = block.entries(root)
        if root is not None and root.kind == "mapping":
            duplicates = tuple(dict.fromkeys(block.duplicates(root)))
        elif root is not None:
            error = f"the front matter is a {_KINDS[root.kind]}, not a list of 'key: value' lines"
            error_line = block.line(root.start)
    except YamlProblem as problem:
        error = str(problem)
        error_line = None if problem.position is None else block.line(problem.position)
        entries = block.fallback_entries()
        times = Counter(entry.key for entry in entries)
        duplicates = tuple(key for key, count in times.items() if count > 1)
    return FrontMatter(entries, span, outer, error, error_line, duplicates)


_KINDS: Final = {"scalar": "single value", "sequence": "list", "mapping": "mapping"}


class _Block:
    """The text between the fences, and the way from its characters back to bytes of the file."""

    def __init__(self, source: bytes, span: Span, text: str) -> None:
        self._source = source
        self._text = text
        self._base = span.start
        self._offsets: array[int] | None = None
        if len(text) != span.end - span.start:
            self._offsets = array("L", accumulate(map(_byte_length, text), initial=0))
        #: What the parser sees: bytes that are not UTF-8 read as U+FFFD, one for one.
        self.readable = re.sub("[\udc80-\udcff]", "\ufffd", text)
        ends = [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]
        self._line_starts = [0, *ends]

    def byte(self, character: int) -> int:
        """Return the byte offset in the file of a character of the block."""
        if self._offsets is None:
            return self._base + character
        return self._base + self._offsets[character]

    def span(self, start: int, end: int) -> Span:
        return Span(self.byte(start), self.byte(end))

    def line(self, character: int) -> int:
        """Return the line in the file, from 1; the first fence is line 1."""
        return bisect_right(self._line_starts, character) + 1

    def _line_start(self, character: int) -> int:
        return self._line_starts[self.line(character) - 2]

    def _line_end(self, character: int) -> int:
        found = re.compile(r"\r\n|\n|\r|\Z").search(self._text, character)
        return found.end() if found else len(self._text)

    def entries(self, root: Node | None) -> tuple[FrontMatterEntry, ...]:
        """Return the top-level keys with their spans; none where the root is no mapping."""
        if root is None or root.kind != "mapping":
            return ()
        return tuple(self._entry(root, key, value) for key, value in root.pairs)

    def _entry(self, root: Node, key: Node, value: Node) -> FrontMatterEntry:
        if root.style == "flow":
            whole = self.span(key.start, max(key.end, value.end))
        else:
            end = max(key.end, value.end, self._after_colon(key))
            whole = self.span(self._line_start(key.start), self._line_end(end))
        return FrontMatterEntry(
            key=self.key_text(key),
            value=value.value,
            span=whole,
            key_span=self.span(key.start, key.end),
            value_span=self.span(value.start, max(value.start, value.end)),
            line=self.line(key.start),
        )

    def _after_colon(self, key: Node) -> int:
        return min(len(self._text), key.end + 1)

    def key_text(self, key: Node) -> str:
        if key.kind == "scalar" and isinstance(key.value, str):
            return key.value
        return self._text[key.start : key.end]

    def duplicates(self, root: Node, path: str = "") -> list[str]:
        """Return keys that stand more than once in one mapping, nested ones with dots."""
        found = [path + self.key_text(key) for key in root.duplicates]
        for key, value in root.pairs:
            if value.kind == "mapping":
                found += self.duplicates(value, f"{path}{self.key_text(key)}.")
        return found

    def fallback_entries(self) -> tuple[FrontMatterEntry, ...]:
        """Return an entry for each line that looks like a key at the left edge."""
        starts = [
            (match.start(), key)
            for match in _LINE.finditer(self._text)
            if (key := _KEY_LINE.match(self._text, match.start())) is not None
        ]
        entries: list[FrontMatterEntry] = []
        for number, (start, key) in enumerate(starts):
            limit = starts[number + 1][0] if number + 1 < len(starts) else len(self._text)
            entries.append(self._fallback_entry(start, key, limit))
        return tuple(entries)

    def _fallback_entry(self, start: int, key: re.Match[str], limit: int) -> FrontMatterEntry:
        value, value_start, value_end = self._fallback_value(start, key, limit)
        return FrontMatterEntry(
            key=key.group(1),
            value=value,
            span=self.span(start, self._line_end(max(value_end, key.end()))),
            key_span=self.span(start, start + len(key.group(1))),
            value_span=self.span(value_start, value_end),
            line=self.line(start),
        )

    def _fallback_value(self, start: int, key: re.Match[str], limit: int) -> tuple[Any, int, int]:
        try:
            root = parse_yaml(self.readable[start:limit])
        except YamlProblem:
            root = None
        if root is not None and root.kind == "mapping" and len(root.pairs) == 1:
            value = root.pairs[0][1]
            return value.value, start + value.start, start + max(value.start, value.end)
        raw = self.readable[key.end() : limit]
        content = raw.strip()
        value_start = key.end() + len(raw) - len(raw.lstrip()) if content else key.end()
        return content, value_start, value_start + len(content)


def _byte_length(character: str) -> int:
    code = ord(character)
    if code < 0x80 or 0xDC80 <= code <= 0xDCFF:  # the second: one byte that is not UTF-8
        return 1
    return 2 if code < 0x800 else 3 if code < 0x10000 else 4


def written_value(entry: FrontMatterEntry, source: bytes) -> str:
    """Return the value's own text as it is written."""
    return source[entry.value_span.start : entry.value_span.end].decode("utf-8", "surrogateescape")


def text_value(entry: FrontMatterEntry | None, source: bytes) -> str:
    """Return a scalar as a person reads it: ``1.0`` stays "1.0"; empty for null and collections."""
    if entry is None or entry.value is None or isinstance(entry.value, (list, dict)):
        return ""
    return entry.value if isinstance(entry.value, str) else written_value(entry, source).strip()
