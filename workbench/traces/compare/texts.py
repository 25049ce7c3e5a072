"""What aligned steps say in full: differences the skeleton cannot show."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.trajectory import StepBody
from workbench.traces.compare.runs import Change, Comparison, Row, with_rows
from workbench.traces.open import OpenTrace

#: A diff of longer texts is not made: nobody reads it, and it takes minutes.
_LONGEST: Final = 200_000
#: Rows between two reports of progress.
_CHECKED: Final = 4


class TextDiff(Struct, frozen=True):
    """One text of a row that differs; ``lines`` are a unified diff, empty when it is too long."""

    what: str
    runs: tuple[int, int]
    lines: tuple[str, ...]


def with_texts(
    comparison: Comparison,
    traces: Sequence[OpenTrace],
    progress: Callable[[float], object] = lambda done: None,
) -> Comparison:
    """Return the comparison with full arguments, results and texts looked at as well.

    ``progress`` is told the share that is done, again and again; it raises to stop.

    Raises:
        TraceError: a file is not what it was.
    """
    rows = []
    for at, row in enumerate(comparison.rows):
        if not at % _CHECKED:
            progress(at / len(comparison.rows))
        rows.append(_looked_at(row, traces))
    runs = [trace.trajectory for trace in traces]
    return with_rows(comparison.runs, rows, runs, capped=comparison.capped)


def row_diffs(row: Row, traces: Sequence[OpenTrace]) -> tuple[TextDiff, ...]:
    """Return the texts of a row that differ between the first run that has it and each other one.

    Raises:
        TraceError: a file is not what it was.
    """
    bodies = _bodies(row, traces)
    if not bodies:
        return ()
    first, body = bodies[0]
    found: list[TextDiff] = []
    for other, second in bodies[1:]:
        texts, others = _texts(body), _texts(second)
        for name in dict.fromkeys((*texts, *others)):
            before, after = texts.get(name, ""), others.get(name, "")
            if before != after:
                found.append(TextDiff(name, (first, other), _lines(before, after)))
    return tuple(found)


def _looked_at(row: Row, traces: Sequence[OpenTrace]) -> Row:
    if row.state == "one" or "tools" in row.changes:
        return row
    bodies = [body for _, body in _bodies(row, traces)]
    found: dict[Change, None] = dict.fromkeys(row.changes)
    for other in bodies[1:]:
        calls = list(zip(bodies[0].tool_calls, other.tool_calls, strict=False))
        if any(one.arguments != two.arguments for one, two in calls):
            found["arguments"] = None
        if any(one.observation != two.observation for one, two in calls):
            found["result"] = None
        if other.text != bodies[0].text:
            found["text"] = None
    changes = tuple(found)
    state = "changed" if changes and row.state == "same" else row.state
    return replace(row, changes=changes, state=state)


def _bodies(row: Row, traces: Sequence[OpenTrace]) -> list[tuple[int, StepBody]]:
    return [
        (number, trace.body(place))
        for number, (trace, place) in enumerate(zip(traces, row.cells, strict=True))
        if place is not None
    ]


def _texts(body: StepBody) -> dict[str, str]:
    texts = {"text": body.text, "thinking": body.reasoning}
    for number, call in enumerate(body.tool_calls):
        mark = f"{call.name}{f' #{number + 1}' if len(body.tool_calls) > 1 else ''}"
        texts[f"{mark} arguments"] = call.arguments
        texts[f"{mark} result"] = call.observation or ""
    return texts


def _lines(before: str, after: str) -> tuple[str, ...]:
    if len(before) + len(after) > _LONGEST:
        return ()
    made = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return tuple(made)[2:]
