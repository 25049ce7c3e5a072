"""Annotations found again in the files they are about, each file opened once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from workbench.domain.annotation import Annotation
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.annotated import Placed, about, placed

Texts = dict[str, str]
Opening = Callable[[Path], tuple[OpenTrace, ...]]


def placed_in_files(
    annotations: Iterable[Annotation],
    elsewhere: Sequence[OpenTrace] = (),
    *,
    texts: Texts | None = None,
    opening: Opening = open_traces,
    told: Callable[[str], None] = lambda path: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Placed, ...]]:
    """Yield the annotations file by file, each with its place; every file is closed again.

    Args:
        annotations: of any traces.
        elsewhere: open traces; an annotation whose file is gone is looked for in them.
        opening: opens a file; give one that knows plugins' formats, where there are some.
        texts: filled with what each found step says, by annotation id, when given.
        told: told of each file before it is read.
        cancelled: asked before each file; when true, the rest is left out.
    """
    by_file: dict[str, list[Annotation]] = {}
    for one in annotations:
        by_file.setdefault(one.anchor.path, []).append(one)
    for path, group in by_file.items():
        if cancelled():
            return
        told(path)
        yield _in_file(path, group, elsewhere, texts, opening)


def _in_file(
    path: str,
    group: Sequence[Annotation],
    elsewhere: Sequence[OpenTrace],
    texts: Texts | None,
    opening: Opening,
) -> tuple[Placed, ...]:
    held = [trace for trace in elsewhere if path and str(trace.path.absolute()) == path]
    problem = ""
    opened: tuple[OpenTrace, ...] = ()
    if path and not held:
        try:
            opened = opening(Path(path))
        except TraceError as raised:
            problem = str(raised) if Path(path).exists() else ""
    try:
        found = placed_among(group, [*opened, *held, *elsewhere], texts)
    finally:
        for trace in opened:
            trace.close()
    if not problem:
        return found
    return tuple(
        Placed(one.annotation, "broken", reason=problem) if one.state == "broken" else one
        for one in found
    )


def located(
    annotations: Iterable[Annotation], traces: Sequence[OpenTrace]
) -> Iterator[tuple[OpenTrace, Placed]]:
    """Yield each annotation with the first of the traces (or their subagents) it belongs to."""
    left = {one.id: one for one in annotations}
    for trace, file in _with_subagents(traces):
        if not left:
            return
        for one in placed(about(left.values(), trace, file), trace):
            del left[one.annotation.id]
            yield trace, one


def placed_among(
    annotations: Iterable[Annotation], traces: Sequence[OpenTrace], texts: Texts | None = None
) -> tuple[Placed, ...]:
    """Find each annotation in the first of the traces (or their subagents) it belongs to."""
    left = {one.id: one for one in annotations}
    order = tuple(left)
    found: dict[str, Placed] = {}
    for trace, one in located(left.values(), traces):
        found[one.annotation.id] = one
        del left[one.annotation.id]
        if texts is not None and one.state == "found" and one.step is not None:
            texts[one.annotation.id] = _text(trace, one.step)
    for lost in left.values():
        gone = lost.anchor.path and not Path(lost.anchor.path).exists()
        reason = (
            f"The trace is gone: {lost.anchor.path}."
            if gone
            else f"{lost.anchor.path} has no trace {lost.anchor.trajectory} any more."
        )
        found[lost.id] = Placed(lost, "broken", reason=reason)
    return tuple(found[name] for name in order)


def _with_subagents(traces: Iterable[OpenTrace]) -> Iterator[tuple[OpenTrace, Path]]:
    """Yield each trace and, below it, its subagents' with the file that was opened."""
    for trace in traces:
        pending = [trace]
        while pending:
            one = pending.pop(0)
            yield one, trace.path
            pending += one.children


def _text(trace: OpenTrace, step: int) -> str:
    body = trace.body(step)
    results = (call.observation for call in body.tool_calls if call.observation)
    return "\n".join(part for part in (body.text, *results) if part)
