"""Codex session files (rollouts): ``rollout-<time>-<uuid>.jsonl``, plain or zstd.

Lines ``{timestamp, type, payload}``; before 0.5x bare items behind a line of session facts. What
is written is decided in openai/codex ``codex-rs/rollout/src/policy.rs``; the format is internal and
drifts, so unknown records are shown as events and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from workbench.domain.trajectory import ByteSpan, Step, StepBody, Trajectory
from workbench.traces.codex.body import rollout_body
from workbench.traces.codex.session import Session
from workbench.traces.draft import COPIED, summed
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import decode_object, items, line_records, line_type, mapping
from workbench.traces.source import SourceBytes

_KINDS: Final = frozenset(
    {
        "session_meta",
        "response_item",
        "event_msg",
        "turn_context",
        "compacted",
        "world_state",
        "inter_agent_communication_metadata",
    }
)
_PARTS: Final = frozenset({"input_text", "output_text", "input_image"})
_PAYLOAD: Final = re.compile(rb'"payload"\s*:')


class CodexRollout(Format):
    """One trajectory for each file."""

    id = "codex-rollout"
    by_line = True

    def score(self, probe: Probe) -> float:
        """Count the lines of this format."""
        return sum(_votes(line) for line in probe.lines)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session."""
        source = sources[0]
        data = source.data
        session = Session(self.id)
        for number, (start, end) in enumerate(line_records(data)):
            session.feed(bytes(data[start:end]), ByteSpan(0, start, end - start))
            if progress and number % 2000 == 0:
                progress(end / len(data))
        session.close()
        draft = session.draft
        own = [step.metrics for step in draft.steps if COPIED not in step.flags]
        yield draft.made([source.info()], summed(own), complete=source.whole, **session.facts)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step from its records."""
        return rollout_body(step, raw, results)


def _votes(line: bytes) -> float:
    kind = line_type(line)
    if kind in _KINDS:
        return 1.0 if _PAYLOAD.search(line) else 0.0
    if kind not in (None, "message"):
        return 0.0
    # Files before 0.5x: a line of session facts, then bare items of the Responses API. Only their
    # messages are unlike those of other agents.
    record = decode_object(line) or {}
    if kind is None:
        return float({"id", "timestamp", "instructions"} <= record.keys())
    parts = [mapping(part).get("type") for part in items(record.get("content"))]
    return float("role" in record and bool(parts) and set(parts) <= _PARTS)


IMPORTERS = (CodexRollout(),)
