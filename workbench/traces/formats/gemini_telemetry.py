"""What Gemini CLI and Qwen Code write with ``--telemetry-outfile``: events of the OTel SDK.

Not OTLP but the SDK's own objects, pretty printed one after the other, with the attributes as a
plain object (gemini-cli ``telemetry/file-exporters.ts``, 2026-11). Spans and metrics that stand
between the events are counted, not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from workbench.domain.trajectory import LossEntry, Step, StepBody, Trajectory
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.lines import joined_values
from workbench.traces.source import SourceBytes
from workbench.traces.spans.logs import LogRecord, log_observed, log_said, log_trajectories
from workbench.traces.talk import said_body

_EVENT: Final = re.compile(rb'"event\.name"\s*:\s*"(?:gemini_cli|qwen-code)\.')
_HEAD: Final = re.compile(
    rb'\s*\{\s*"(?:hrTime|resource|attributes|_isReadonly|_spanContext|name)"'
)


class GeminiTelemetry(Format):
    """One trajectory for each session of the file."""

    id = "gemini-telemetry"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the SDK's objects with the agents' event names."""
        sure = _HEAD.match(probe.head) and _EVENT.search(probe.head)
        return 15.0 if sure and b'"attributes"' in probe.head else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all events of the file."""
        source = sources[0]
        events: list[Node] = []
        others = 0
        lost: list[Node] = []
        for first, last in joined_values(source.data, 0, len(source.data)):
            node = Node(source.data, first, last)
            if not node.is_object or node.value() is None:
                lost.append(node)
            elif LogRecord(node).vendor:
                events.append(node)
            else:
                others += 1
            if progress:
                progress(last / len(source.data))
        for made in log_trajectories(self.id, events, source.info(), whole=source.whole):
            yield _with_rest(made, lost, others)
            lost, others = [], 0

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, log_said, log_observed)


def _with_rest(made: Trajectory, lost: Sequence[Node], others: int) -> Trajectory:
    """Enter in the ledger what is no event; the first session of a file tells of it."""
    loss = made.loss
    return replace(
        made,
        loss=replace(
            loss,
            lines=loss.lines + len(lost) + others,
            ignored=(*loss.ignored, *([LossEntry("span or metric", others)] if others else [])),
            unparsed=tuple(node.span() for node in lost),
        ),
    )


IMPORTERS = (GeminiTelemetry(),)
