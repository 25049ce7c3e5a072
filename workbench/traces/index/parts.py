"""A log of lines read part by part: what was read before is not read again.

A part begins at a place before which every step is settled: its records and the results of its
calls are all there. The file's head (what stands before its first step) is given to the format
with every part, since some formats say there what the file is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.trajectory import ByteSpan, SkillEvent, Step, ToolCall, Trajectory
from workbench.traces.importer import Importer
from workbench.traces.lines import skip_space, value_end
from workbench.traces.open import OpenTrace, SharedSources
from workbench.traces.source import Buffer, SourceBytes

#: Formats whose later records change nothing that was said long before, with how many last steps
#: may still change: Codex tells a prompt and an answer twice, some records apart
#: (tests/corpus/test_index_corpus). Not here: formats whose records can reach back (Gemini CLI's
#: ``$set`` and ``$rewindTo``, Pi's branches), and those without ids of their own (Cursor, ACP,
#: chats) or with ids used twice (Copilot CLI), whose records are numbered over the whole file.
APPENDABLE: Final = {
    "claude-code": 1,
    "claude-code-stream": 1,
    "codex-rollout": 12,
    "codex-exec": 2,
}
#: Calls without a result are waited for in so many last steps.
_WAITING: Final = 64
_MAX_HEAD: Final = 256 << 10


class Position(Struct, frozen=True):
    """Where to go on: bytes before ``offset`` are settled, and made ``steps`` steps.

    ``head`` bytes are given with every part. ``next_uid`` is the step that began at ``offset``,
    as it was last seen; ``last_uid`` the one before it. ``head_turn`` is the turn at its end.
    """

    offset: int = 0
    steps: int = 0
    turn: int = 0
    head: int = 0
    head_turn: int = 0
    next_uid: str = ""
    last_uid: str | None = None


class Part(Struct, frozen=True):
    """Steps read from ``start`` to byte ``end``; indices and spans are those of the whole file.

    The first ``settled`` of them will not change any more; ``after`` is where to go on.
    ``events`` are skill events of these steps. ``whole``: it is all of the file. ``texts`` reads
    bodies: its step ``first + n`` is the part's step n.
    """

    trajectory: Trajectory
    steps: tuple[Step, ...]
    events: tuple[SkillEvent, ...]
    start: Position
    after: Position
    settled: int
    end: int
    whole: bool
    texts: OpenTrace
    first: int


def read_part(
    importer: Importer, source: SourceBytes, start: Position, limit: int | None = None
) -> Part | None:
    """Read on from a position, at most ``limit`` bytes, only whole lines.

    Returns:
        None when the file cannot be read in parts: it holds several trajectories, or subagents, or
        goes on other than it was left. Read it whole then.
    """
    data = source.data
    end = line_end(data, start.offset, limit)
    from_head = start.offset <= start.head
    head = 0 if from_head else start.head
    begin = 0 if from_head else start.offset
    # Through the file, not the map: another program may shorten it just now.
    window = SourceBytes.of_bytes(
        source.read(0, head) + source.read(begin, end - begin), str(source.path)
    )
    found = list(importer.skeleton([window]))
    if not found and end > start.offset:
        return None
    if len(found) != 1 or found[0].children:
        return None
    one = found[0]
    first = sum(1 for step in one.steps if _begin(step) < head)
    if any("copied" in step.flags for step in one.steps):
        return None
    steps = tuple(_moved(one.steps[first:], begin - head, start, one.steps[:first]))
    if start.next_uid and (not steps or steps[0].uid != start.next_uid):
        return None
    settled, offset = _settled(steps, data, start.offset, APPENDABLE.get(importer.id, 1))
    begun = start if head else _with_head(start, one, data)
    after = _after(begun, steps, settled, offset)
    return Part(
        trajectory=one,
        steps=steps,
        events=tuple(
            replace(
                event,
                step=event.step - first + start.steps,
                evidence=_span(event.evidence, begin - head),
            )
            for event in one.skill_events
            if event.step >= first
        ),
        start=start,
        after=after,
        settled=settled,
        end=end,
        whole=from_head and end == len(data),
        texts=OpenTrace(one, importer, SharedSources([window])),
        first=first,
    )


def parts(
    importer: Importer, source: SourceBytes, start: Position, size: int
) -> Iterator[Part | None]:
    """Yield one part after the other to the end of the file; None ends it, as in ``read_part``.

    A part in which nothing settles is read again with twice the size.
    """
    stop = line_end(source.data, start.offset)
    while True:
        part = next_part(importer, source, start, size)
        yield part
        if part is None or part.end >= stop:
            return
        start = part.after


def next_part(importer: Importer, source: SourceBytes, start: Position, size: int) -> Part | None:
    """Read one part in which something settles, or the rest of the file; None as ``read_part``."""
    stop = line_end(source.data, start.offset)
    part = read_part(importer, source, start, size)
    while part is not None and not part.settled and part.end < stop:
        size *= 2
        part = read_part(importer, source, start, size)
    return part


def settled_position(importer: Importer, one: Trajectory, data: Buffer) -> Position:
    """Return where to go on after a trajectory that was read as a whole from ``data``."""
    settled, offset = _settled(one.steps, data, 0, APPENDABLE.get(importer.id, 1))
    begun = Position() if one.skipped else _with_head(Position(), one, data)
    return _after(begun, one.steps, settled, offset)


def line_end(data: Buffer, offset: int, limit: int | None = None) -> int:
    """Return the end of the last whole line within the limit (at least one line)."""
    if limit is not None and offset + limit < len(data):
        at = data.rfind(b"\n", offset, offset + limit)
        if at < 0:
            at = data.find(b"\n", offset + limit)
        if at >= 0:
            return at + 1
    at = max(data.rfind(b"\n", offset) + 1, offset)
    # A finished file may end without a line end; a record that is being written is not whole.
    after = value_end(data, at)
    return at if after is None or skip_space(data, after) < len(data) else len(data)


def _moved(
    steps: Sequence[Step], shift: int, start: Position, heads: Sequence[Step]
) -> Iterator[Step]:
    """Yield the steps with the indices, turns and spans they have in the whole file."""
    turns = heads[-1].turn if heads else start.head_turn if shift else 0
    for number, step in enumerate(steps):
        moved = step
        if shift:
            moved = replace(
                step,
                raw=tuple(_span(span, shift) for span in step.raw),
                tool_calls=tuple(_call(call, shift) for call in step.tool_calls),
            )
        if start.offset and "orphan" in step.flags:
            # Its parent is settled and was not read again.
            flags = tuple(flag for flag in step.flags if flag != "orphan")
            moved = replace(moved, flags=flags, parent_uid=start.last_uid)
        elif number == 0 and start.offset:
            moved = replace(moved, parent_uid=start.last_uid)
        yield replace(moved, index=start.steps + number, turn=step.turn - turns + start.turn)


def _call(call: ToolCall, shift: int) -> ToolCall:
    return replace(call, result=tuple(_span(span, shift) for span in call.result))


def _span(span: ByteSpan, shift: int) -> ByteSpan:
    return replace(span, offset=span.offset + shift)


def _begin(step: Step) -> int:
    return min((span.offset for span in step.raw), default=0)


def _end(step: Step) -> int:
    spans = [*step.raw, *(span for call in step.tool_calls for span in call.result)]
    return max((span.offset + span.length for span in spans), default=0)


def _settled(steps: Sequence[Step], data: Buffer, offset: int, open_steps: int) -> tuple[int, int]:
    """Return how many first steps are settled, and the offset of the line after them.

    The last ``open_steps`` may go on; one that waits for a result does. A cut lies where all
    records of the steps before it come before all records of those after it.
    """
    most = max(0, len(steps) - open_steps)
    for at in range(max(0, len(steps) - _WAITING), len(steps)):
        if any(call.status in ("missing", "running") for call in steps[at].tool_calls):
            most = min(most, at)
            break
    ends = [0]
    for step in steps[:most]:
        ends.append(max(ends[-1], _end(step)))
    begin = min((_begin(step) for step in steps[most:]), default=len(data))
    for at in range(most, 0, -1):
        begin = min(begin, _begin(steps[at]))
        line = data.rfind(b"\n", 0, begin) + 1
        if ends[at] <= line:
            return at, line
    return 0, offset


def _after(start: Position, steps: Sequence[Step], settled: int, offset: int) -> Position:
    if not settled:
        return replace(start, next_uid=steps[0].uid if steps else start.next_uid)
    return replace(
        start,
        offset=offset,
        steps=start.steps + settled,
        turn=steps[settled - 1].turn,
        next_uid=steps[settled].uid if settled < len(steps) else "",
        last_uid=steps[settled - 1].uid,
    )


def _with_head(start: Position, one: Trajectory, data: Buffer) -> Position:
    """Take the lines before the first step as the file's head, none when they are too many."""
    if not one.steps:
        return start
    first = one.steps[0]
    head = data.rfind(b"\n", 0, _begin(first)) + 1
    if head > _MAX_HEAD:
        return start
    return replace(start, head=head, head_turn=first.turn - (first.kind == "user"))
