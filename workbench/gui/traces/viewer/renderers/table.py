"""Tables: CSV and TSV, Markdown tables, lists of flat JSON objects, output of psql and MySQL."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from workbench.gui.traces.viewer.renderers.content import Content, Form, Run, Table, TextRenderer
from workbench.gui.traces.viewer.renderers.json_text import decoded

Rows = list[list[str]]

#: What is looked at to tell a table, and what is ever made into one.
_LOOKED_AT = 20_000
_MOST_CHARACTERS = 5_000_000
_MOST_DECODED = 1_000_000
_MOST_ROWS = 50_000
_MOST_COLUMNS = 200
_LEAST_ROWS = 3
_RULE = re.compile(r"^\s*[|+]?\s*:?-{1,}:?\s*(?:[|+]\s*:?-{1,}:?\s*)*[|+]?\s*$")
_NUMBERED = re.compile(r"^\s*\d+(?:\u2192|\t)")
_ROW_COUNT = re.compile(r"^\(\d+ rows?\)$")
_LONGEST_CELL = 80


class TableRenderer(TextRenderer):
    """Rows and columns; columns of figures stand at the right."""

    id = "table"
    title = "Table"
    form: Form = "table"
    opens = "table"

    def fit(self, content: Content) -> float:
        if content.role == "arguments" or "\n" not in content.text[:_LOOKED_AT]:
            return self._flat_json(content)
        head = _whole_lines(content.text)
        if content.role in ("text", "reasoning"):
            return 0.3 if _ruled(head.splitlines()) else 0.0
        if _ruled(head.splitlines()):
            return 0.82
        flat = self._flat_json(content)
        if flat:
            return flat
        return 0.45 if _separated(head) else 0.0

    def prettify(self, content: Content) -> str:
        return content.text

    def colour(self, text: str) -> Sequence[Run]:
        return (Run(text),)

    def table(self, content: Content) -> Table:
        text = content.text[:_MOST_CHARACTERS]
        objects = _objects(text)
        if objects is not None:
            return _of_objects(objects)
        rows = _ruled(text.splitlines()) or _separated(text)
        if not rows:
            raise ValueError("the text is no table")
        return _of_rows(rows, len(content.text) > len(text))

    @staticmethod
    def _flat_json(content: Content) -> float:
        start = content.text[:1]
        if content.role == "arguments" or start not in ("[", "{"):
            return 0.0
        if len(content.text) > _MOST_DECODED:
            return 0.0  # the tree shows what is larger, without decoding it
        return 0.85 if _objects(content.text[:_MOST_CHARACTERS]) else 0.0


def _whole_lines(text: str) -> str:
    if len(text) <= _LOOKED_AT:
        return text
    head = text[:_LOOKED_AT]
    return head[: head.rfind("\n") + 1]


def _objects(text: str) -> list[dict[str, Any]] | None:
    """Return flat objects that share at least two keys: a list of them, or one a line."""
    if text.startswith("["):
        found = decoded(text)
    else:
        lines = text.splitlines()[:_MOST_ROWS]
        found = [decoded(line) for line in lines if line.strip()] if len(lines) > 1 else None
    if not isinstance(found, list) or len(found) < 2:
        return None
    if not all(isinstance(one, dict) and one for one in found):
        return None
    if any(isinstance(value, dict | list) for one in found[:200] for value in one.values()):
        return None
    shared = set(found[0]).intersection(*(set(one) for one in found[1:20]))
    return found if len(shared) > 1 else None


def _of_objects(found: list[dict[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(key for one in found for key in one))[:_MOST_COLUMNS]
    rows = tuple(
        tuple(_cell(one[key]) if key in one else "" for key in columns)
        for one in found[:_MOST_ROWS]
    )
    return Table(columns, rows, max(0, len(found) - len(rows)))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _of_rows(rows: Rows, cut: bool) -> Table:
    width = min(_MOST_COLUMNS, max(len(one) for one in rows))
    even = [tuple((one + [""] * width)[:width]) for one in rows]
    body = tuple(even[1 : _MOST_ROWS + 1])
    return Table(even[0], body, max(int(cut), len(even) - 1 - len(body)))


def _ruled(lines: Sequence[str]) -> Rows:
    """Read a table with a line of dashes below its head, or boxes of dashes around it.

    Empty where less than four of five lines belong to one.
    """
    kept = [line for line in lines if line.strip() and not _ROW_COUNT.match(line.strip())]
    rules = [n for n, line in enumerate(kept[:4]) if "-" in line and _RULE.match(line)]
    if not rules or not any("|" in kept[n] or "+" in kept[n] for n in rules):
        return []
    rows = [_bars(line) for line in kept if "|" in line and not _RULE.match(line)]
    ruled = sum(1 for line in kept if _RULE.match(line))
    if len(rows) < 2 or len(rows) + ruled < 0.8 * len(kept) or len(rows[0]) < 2:
        return []
    return rows


def _bars(line: str) -> list[str]:
    inner = line.strip()
    inner = inner.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", inner)]


def _separated(text: str) -> Rows:
    """Read CSV or TSV: at least three rows, all of as many cells, with a head of unlike names."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(_NUMBERED.match(line) for line in (*lines[:20], lines[-1])):
        # A reader of files put numbers before the lines.
        lines = [_NUMBERED.sub("", line) for line in lines]
    for sign in ("\t", ",", ";"):
        rows = _cells(lines, sign)
        if rows:
            return rows
    return []


def _cells(kept: Sequence[str], sign: str) -> Rows:
    if len(kept) < _LEAST_ROWS or sign not in kept[0]:
        return []
    try:
        rows = list(csv.reader(io.StringIO("\n".join(kept)), delimiter=sign, strict=True))
    except csv.Error:
        return []
    width = len(rows[0])
    even = sum(1 for one in rows if len(one) == width)
    head = [cell.strip() for cell in rows[0]]
    if width < 2 or len(rows) < _LEAST_ROWS or even < 0.98 * len(rows):
        return []
    if len(set(head)) < width or any(not cell or len(cell) > _LONGEST_CELL for cell in head):
        return []
    if any(sign_ in cell for cell in head for sign_ in "(){}[]=<>"):
        return []  # program text
    cells = [cell for one in rows[:200] for cell in one]
    return rows if sum(map(len, cells)) < _LONGEST_CELL * len(cells) else []
