"""Steps whose records waited: the records are read again when somebody asks for the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from workbench.domain.trajectory import ByteSpan, LateSteps, Step
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import PLACE_BITS, StepDraft, late_steps, made_steps
from workbench.traces.claude.layout import line_by_line
from workbench.traces.collector import no_collection
from workbench.traces.importer import TraceError
from workbench.traces.source import SourceBytes

#: Gives so many bytes of a file from an offset.
Read = Callable[[int, int], bytes]
UNREAD: Final = "cannot be read any more"


def catch_up(builder: Builder, read: Read) -> dict[str, StepDraft]:
    """Make the steps of the records that wait; return which step shows which record.

    Raises:
        TraceError: the bytes are not what they were.
    """
    waiting, builder.waiting = builder.waiting, None
    if waiting is None:
        return {}
    shown, hops, runs, follows = waiting.above, waiting.hops, waiting.runs, builder.follows
    for begin, end in zip(runs[::2], runs[1::2], strict=True):
        ends, lines = line_by_line(read(begin, end - begin))
        at, before, step = begin, "", None
        for line, last in zip(lines, ends, strict=True):
            uuid, message, parent = line.uuid, line.message, line.parent_uuid or ""
            if parent != before or step is None:
                step = shown.get(hops.get(parent, parent))
            if uuid is not None and message is not None and step is not None:
                step = follows(line, message, step, at << PLACE_BITS | (begin + last - at))
                if step is not None:
                    shown[uuid] = step
            before = uuid or ""
            at = begin + last + 1
        if at != end + 1:
            raise TraceError("The file was rewritten since it was opened. Open the trace again.")
    return shown


def steps_of(builder: Builder, source: SourceBytes) -> LateSteps:
    """Return the steps of a builder that has all records; it is asked nothing else any more."""
    builder.enter_shown()
    waiting = builder.waiting
    if waiting is None or not waiting.runs:
        steps = builder.finish()
        return late_steps(steps, builder.asked)
    count = len(builder.steps) + len(waiting.steps)
    waiting.steps = set()

    def made() -> tuple[Step, ...]:
        with no_collection():
            why = UNREAD
            try:
                with _Again(source) as again:
                    catch_up(builder, again.read)
            except (TraceError, OSError) as problem:
                why = str(problem)
            found = made_steps(builder.finish(), builder.asked)[:count]
            lost = [_lost(number, source, why) for number in range(len(found), count)]
            return (*found, *lost)

    return LateSteps(count, made)


def _lost(number: int, source: SourceBytes, why: str) -> Step:
    """Return what is shown for a step whose file was rewritten or is gone since it was counted."""
    span = ByteSpan(0, source.length, 0)
    return Step(
        number, f"lost-{number}", "event", why[:200], (span,), flags=("orphan",), label=UNREAD
    )


class _Again:
    """The bytes of a source; when it was closed meanwhile, of its file, if that is the same."""

    def __init__(self, source: SourceBytes) -> None:
        self._source = source
        self._opened: SourceBytes | None = None

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes.

        Raises:
            TraceError: the file is gone or another one.
        """
        if self._opened is None:
            try:
                return self._source.read(offset, length)
            except TraceError:
                if not self._source.closed:
                    raise
            self._opened = SourceBytes(self._source.path)
            if not self._opened.continues(self._source):
                raise TraceError(f"{self._source.path} is another file by now. Open it again.")
        return self._opened.read(offset, length)

    def __enter__(self) -> _Again:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._opened is not None:
            self._opened.close()
