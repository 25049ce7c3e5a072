"""Which steps of a trace say a text: looked up in the records' bytes, nothing is indexed. No Qt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from workbench.domain.trajectory import ByteSpan, Step
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace


def steps_with(
    trace: OpenTrace, words: str, stopped: Callable[[], bool] = lambda: False
) -> frozenset[int]:
    """Return the steps whose records hold the text, upper and lower case the same.

    A text inside JSON strings is found in its escaped forms as well.
    """
    wanted = _forms(words)
    found: set[int] = set()
    for step in trace.trajectory.steps:
        if stopped():
            break
        if _in_skeleton(step, words.casefold()) or any(
            form in data for data in _records(trace, step) for form in wanted
        ):
            found.add(step.index)
    return frozenset(found)


def _forms(words: str) -> set[bytes]:
    plain = words.lower()
    escaped = {json.dumps(plain, ensure_ascii=way)[1:-1] for way in (True, False)}
    twice = {json.dumps(one, ensure_ascii=False)[1:-1] for one in escaped}
    return {
        one.encode("utf-8", "surrogatepass").lower() for one in {plain} | escaped | twice if one
    }


def _in_skeleton(step: Step, words: str) -> bool:
    return words in step.preview.casefold() or any(
        words in call.name.casefold() or words in call.argument.casefold()
        for call in step.tool_calls
    )


def _records(trace: OpenTrace, step: Step) -> Iterator[bytes]:
    spans: dict[ByteSpan, None] = dict.fromkeys(step.raw)
    for call in step.tool_calls:
        spans.update(dict.fromkeys(call.result))
    for span in spans:
        try:
            yield trace.raw(span).lower()
        except (TraceError, ValueError, OSError):
            return
