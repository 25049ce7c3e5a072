"""Our own JSON lines, as ``traces.export_jsonl`` and plugins that read foreign formats write them.

The values of the lines are those of ``domain.trace_lines``. A line of a wrong shape is shown as it
is and counted. When the file was made of another one that is there, too (the sources before it),
the places it names in that one lead there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from workbench.domain.trace_lines import TRACE_SCHEMA, TraceHeader, TraceStep
from workbench.domain.trajectory import Step, StepBody, ToolBody, Trajectory
from workbench.traces.escapes import text_of
from workbench.traces.growing import Growing
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import member_text, top_members
from workbench.traces.lines import line_ranges
from workbench.traces.own_lines.reading import Reader
from workbench.traces.source import Buffer, SourceBytes

_SCHEMA: Final = TRACE_SCHEMA.rpartition("/")[0] + "/"
#: Subagents of subagents; deeper ones are beside those of that depth.
_DEEPEST: Final = 32
_STEP_KEYS: Final = frozenset({"index", "uid", "kind", "text"})
_header: Final = msgspec.json.Decoder(TraceHeader)
_step: Final = msgspec.json.Decoder(TraceStep)


class SkillWorkbench(Format):
    """Trajectories, each a header and its steps; subagents follow their parents."""

    id = "skill-workbench"

    def score(self, probe: Probe) -> float:
        """Count the steps after a header that names the schema, and one more for saying so."""
        if not probe.lines or not (member_text(probe.lines[0], "schema") or "").startswith(_SCHEMA):
            return 0.0
        return 2.0 + sum(top_members(line).keys() >= _STEP_KEYS for line in probe.lines)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all trajectories; the last source is ours, those before it are what it tells of."""
        lines, ours = _Lines(), sources[-1]
        lines.begin(sources)
        for start, end in lines.records(ours.data, 0, len(ours.data)):
            lines.take(Node(ours.data, start, end, len(sources) - 1))
            if progress:
                progress(end / len(ours.data))
        return lines.made()

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Take the lines, None when they lead to the places of another file."""
        return _Lines() if len(sources) == 1 else None

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step from its own line, the last of its records."""
        del results
        line = raw[-1]
        try:
            told = _step.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return StepBody(index=step.index, text=text_of(line), reasoning="")
        return StepBody(
            index=step.index,
            text=told.text,
            reasoning=told.reasoning,
            tool_calls=tuple(
                ToolBody(
                    id=call.id,
                    name=call.name,
                    arguments=one.arguments,
                    status=call.status,
                    exit_code=call.exit_code,
                    observation=one.observation,
                    media=one.media,
                )
                for call, one in zip(step.tool_calls, told.calls, strict=False)
            ),
            media=told.media,
            notes=told.notes,
        )


class _Lines(Growing):
    """The trajectories of a file, in its order."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []

    def records(self, data: Buffer, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Yield the lines."""
        return line_ranges(data, start, end)

    def take(self, node: Node) -> None:
        """Take the next line."""
        line, span = node.raw(), node.span()
        header = _header_of(line)
        if header is not None or not self._readers:
            begun = line if header is not None else b""
            self._readers.append(Reader(SkillWorkbench.id, header, begun, span, self.sources))
        if header is None:
            self._readers[-1].line(line, span)

    def made(self) -> Iterator[Trajectory]:
        """Yield each trajectory with its subagents, which follow it at greater depths."""
        found: list[tuple[int, Trajectory]] = []
        for reader in self._readers:
            if reader.depth == 0 and found:
                yield _nested(found)
                found = []
            found.append((reader.depth if found else 0, reader.made(self.sources)))
        if found:
            yield _nested(found)


def _header_of(line: bytes) -> TraceHeader | None:
    """Return the header a line holds; a torn or odd one counts as a line of its own."""
    if b'"schema"' not in line[:100_000]:
        return None
    try:
        header = _header.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return header if header.schema.startswith(_SCHEMA) else None


def _nested(found: Sequence[tuple[int, Trajectory]]) -> Trajectory:
    """Return the first trajectory with those below it as children, at their depths."""
    depths: list[int] = []
    for depth, _ in found:
        depths.append(min(depth, depths[-1] + 1, _DEEPEST) if depths else 0)
    waiting: dict[int, list[Trajectory]] = {}
    for depth, (_, made) in zip(reversed(depths), reversed(found), strict=True):
        children = tuple(
            msgspec.structs.replace(child, parent=child.parent or made.id)
            for child in reversed(waiting.pop(depth + 1, []))
        )
        waiting.setdefault(depth, []).append(msgspec.structs.replace(made, children=children))
    return waiting[0][0]


IMPORTERS = (SkillWorkbench(),)
