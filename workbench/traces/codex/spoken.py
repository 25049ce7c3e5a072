"""Texts a Codex session says more than once, and which record speaks for them.

The same text is written up to three times (``response_item``, ``event_msg``, ``item_completed``),
in any order. The first record makes the step, the response item becomes its record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.domain.trajectory import ByteSpan
from workbench.traces.draft import StepDraft

#: How many texts back a repetition of the same text is looked for.
_NEAR: Final = 64
ITEM: Final = "response_item"


@dataclass(slots=True)
class _Said:
    role: str
    texts: frozenset[str]
    step: StepDraft
    span: ByteSpan
    kinds: set[str]


class Spoken:
    """Remembers the last texts and the kinds of record that have said each."""

    def __init__(self) -> None:
        self._said: deque[_Said] = deque(maxlen=_NEAR)

    def add(
        self, role: str, texts: Sequence[str], kind: str, step: StepDraft, span: ByteSpan
    ) -> None:
        """Remember a text that made, or went into, a step."""
        keys = _keys(texts)
        if keys:
            self._said.append(_Said(role, keys, step, span, {kind}))

    def repeats(self, role: str, texts: Sequence[str], kind: str, span: ByteSpan) -> bool:
        """Say whether other kinds of record said this already; the same kind never repeats.

        A response item takes the place of the events before it in their step; several events
        (one for each part of a reasoning summary) can belong to one item.
        """
        keys = _keys(texts)
        said = [
            entry
            for entry in self._said
            if entry.role == role and kind not in entry.kinds and entry.texts & keys
        ]
        if not said:
            return False
        matched = said if kind == ITEM else said[:1]
        for entry in matched:
            entry.kinds.add(kind)
        if kind == ITEM:
            _take_over(matched, span)
            matched[0].texts |= keys
        return True


def _take_over(matched: Sequence[_Said], span: ByteSpan) -> None:
    first = matched[0]
    raw = first.step.raw
    for entry in matched[1:]:
        if entry.step is first.step and entry.span in raw:
            raw.remove(entry.span)
    if first.span in raw:
        raw[raw.index(first.span)] = span
    first.span = span


def _keys(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(text.strip() for text in [*texts, "\n".join(texts)] if text.strip())
