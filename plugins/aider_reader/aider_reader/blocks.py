"""What stands in the text of a chat: blocks that edit files, and what a call spent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.plugin.api import Metrics

_SPENT = re.compile(
    r"Tokens: (?P<sent>[\d.,]+[kM]?) sent"
    r"(?:, (?P<written>[\d.,]+[kM]?) cache write)?(?:, (?P<hit>[\d.,]+[kM]?) cache hit)?"
    r", (?P<received>[\d.,]+[kM]?) received"
    r"(?:\.\s+Cost: \$(?P<cost>[\d.]+) (?:message|request|send))?"
)
_SCALE = {"k": 1000, "M": 1_000_000}
_SEARCH = re.compile(r"<{5,9} SEARCH>?\s*")
_DIVIDER = re.compile(r"={5,9}\s*")
_REPLACE = re.compile(r">{5,9} REPLACE\s*")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,}|<(?:source|code|pre)>)[\w+-]*\s*")


@dataclass(frozen=True)
class Edit:
    """A SEARCH/REPLACE block."""

    path: str
    old: str
    new: str

    def arguments(self) -> str:
        """Return it as the arguments of a call."""
        value = {"file_path": self.path, "old_string": self.old, "new_string": self.new}
        return json.dumps(value, ensure_ascii=False)


def edits_in(text: str) -> Iterator[Edit]:
    """Yield the blocks of an answer that are whole.

    The path stands on the last line before the block that is no fence; blocks without one are for
    the file of the block before.
    """
    path = ""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not _SEARCH.fullmatch(lines[at]):
            at += 1
            continue
        divider = _next(lines, at + 1, _DIVIDER)
        end = _next(lines, divider + 1, _REPLACE) if divider is not None else None
        if divider is None or end is None:
            return
        path = _path_before(lines, at) or path
        if path:
            yield Edit(
                path, "\n".join(lines[at + 1 : divider]), "\n".join(lines[divider + 1 : end])
            )
        at = end + 1


def _next(lines: list[str], start: int, shape: re.Pattern[str]) -> int | None:
    return next((at for at in range(start, len(lines)) if shape.fullmatch(lines[at])), None)


def _path_before(lines: list[str], at: int) -> str:
    for line in reversed(lines[max(0, at - 3) : at]):
        if _FENCE.fullmatch(line):
            continue
        words = line.strip().strip("`*:# ")
        return words if words and " " not in words and not _REPLACE.fullmatch(line) else ""
    return ""


def spent(text: str) -> Metrics | None:
    """Return the tokens and the cost of a message; aider rounds them to 100 above a thousand."""
    found = _SPENT.search(text)
    if found is None:
        return None
    hit = _count(found["hit"])
    return Metrics(
        input=_count(found["sent"]),
        output=_count(found["received"]),
        cached=hit,
        cache_write=_count(found["written"]),
        cost_usd=_number(found["cost"]),
    )


def _count(words: str | None) -> int | None:
    if not words:
        return None
    value = _number(words.rstrip("kM"))
    return None if value is None else round(value * _SCALE.get(words[-1], 1))


def _number(words: str | None) -> float | None:
    try:
        return float((words or "").replace(",", "").rstrip("."))
    except ValueError:
        return None
