"""ACP-like logs of benchmarks: lines of kind, title, status, tool call id and text.

SkillsBench publishes them as ``trajectory.sanitized.jsonl``. A tool call comes in several lines
with one id, the last with its result. Known from their description alone (2026-10): kinds that are
not understood are shown raw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from workbench.domain.trajectory import CallStatus, Step, StepBody, Trajectory
from workbench.traces.draft import CallDraft
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import decode_object, line_records, string, top_members
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, said_body
from workbench.traces.times import iso_time

_USER: Final = frozenset({"user", "user_message", "user_message_chunk", "prompt"})
_AGENT: Final = frozenset(
    {"agent", "assistant", "message", "agent_message", "agent_message_chunk", "assistant_message"}
)
_THOUGHT: Final = frozenset(
    {"thought", "agent_thought", "agent_thought_chunk", "reasoning", "thinking"}
)
_STATUSES: Final[dict[str, CallStatus]] = {
    "completed": "ok",
    "success": "ok",
    "failed": "error",
    "error": "error",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "pending": "running",
    "in_progress": "running",
}


class AcpLog(Format):
    """One trajectory for a file."""

    id = "acp-log"

    def score(self, probe: Probe) -> float:
        """Count lines with a kind and the fields of a tool call or a text."""
        votes = [line for line in probe.lines if _is_line(line)]
        sure = any(b'"tool_call_id"' in line or b'"title"' in line for line in votes)
        return float(len(votes)) if sure else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the log."""
        source = sources[0]
        talk = Talk(self.id, "session")
        calls: dict[str, CallDraft] = {}
        for start, end in line_records(source.data):
            node = Node(source.data, start, end)
            if decode_object(node.raw()) is None:
                talk.unparsed(node)
            else:
                _line(talk, node, calls)
            if progress:
                progress(end / len(source.data))
        yield talk.made([source.info()], agent=None, complete=source.whole)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _is_line(line: bytes) -> bool:
    members = top_members(line)
    if "kind" not in members or not members.keys() & {"tool_call_id", "title", "text"}:
        return False
    start, end = members["kind"]
    return line[start : start + 1] == b'"' and not line[start:end].endswith(b'Event"')


def _line(talk: Talk, node: Node, calls: dict[str, CallDraft]) -> None:
    kind = node.string("kind") or ""
    native = node.string("tool_call_id")
    time = iso_time(node.value("timestamp"))
    if native is not None:
        call = calls.get(native)
        if call is None:
            step = talk.say("agent", node, _said(node), time=time)
            calls[native] = call = step.calls[-1]
            call.status = _STATUSES.get(node.string("status") or "", "missing")
            if call.status not in ("ok", "error"):
                return
        else:
            talk.attached()
        status = _STATUSES.get(node.string("status") or "", call.status)
        if node.text("text"):
            talk.settle(call, node, status)
        else:
            call.status = status
    elif kind in _USER:
        talk.say("user", node, _said(node), time=time)
    elif kind in _AGENT or kind in _THOUGHT:
        talk.say("agent", node, _said(node), time=time)
    else:
        talk.unknown(f"line/{kind or '(no kind)'}", node, time=time)


def _said(node: Node) -> Said:
    native = node.string("tool_call_id")
    if native is not None:
        name = node.string("tool_name") or node.string("kind") or "tool"
        return Said(calls=(Asked(native, name, node.text("title")),))
    text = node.text("text") or node.text("title")
    return Said(reasoning=text) if string(node.value("kind")) in _THOUGHT else Said(text)


def _observed(node: Node) -> Observed:
    return Observed(node.text("text"))


IMPORTERS = (AcpLog(),)
