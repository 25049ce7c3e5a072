"""What the traces behind a proposal say, for the comparison with its new text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workbench.domain.proposal import Proposal
from workbench.review.copied import TextSource
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces

#: Of all traces together so many characters are compared; the steps of the evidence come first.
_MOST: Final = 2_000_000
#: Steps before and after a quoted one that are read at least.
_AROUND: Final = 5


def evidence_texts(proposal: Proposal) -> tuple[TextSource, ...]:
    """Return the visible texts of the traces that quotes were found in; those gone are left out."""
    steps: dict[str, set[int]] = {}
    for check in proposal.checks:
        if check.source and check.step is not None:
            steps.setdefault(check.source, set()).add(check.step)
    left = _MOST
    found: list[TextSource] = []
    for path, quoted in steps.items():
        try:
            traces = open_traces(Path(path))
        except TraceError:
            continue
        for trace in traces:
            with trace:
                parts = list(_texts(trace, quoted, left))
                trajectory = trace.trajectory.id
            starts = itertools.accumulate((len(text) + 1 for _, text in parts), initial=0)
            begins = tuple((start, step) for start, (step, _) in zip(starts, parts, strict=False))
            text = "\n".join(text for _, text in parts)
            left -= len(text)
            name = Path(path).name
            found.append(
                TextSource(name, "trace", text, place=path, trajectory=trajectory, steps=begins)
            )
    return tuple(found)


def _texts(trace: OpenTrace, quoted: set[int], most: int) -> Iterator[tuple[int, str]]:
    """Yield steps with their texts, those near a quote first, up to so many characters."""
    count = len(trace.trajectory.steps)
    near = {
        number
        for step in quoted
        for number in range(max(0, step - _AROUND), min(count, step + _AROUND + 1))
    }
    for number in (*sorted(near), *(other for other in range(count) if other not in near)):
        if most <= 0:
            return
        try:
            body = trace.body(number)
        except TraceError:
            return
        parts = [body.text, *(call.observation or "" for call in body.tool_calls)]
        text = "\n".join(part for part in parts if part)[:most]
        most -= len(text)
        yield number, text
