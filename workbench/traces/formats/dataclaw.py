"""dataclaw: sessions of coding agents as published data, one a line.

Messages have no ids, mostly no times; a tool use keeps its output beside its input. The tokens are
those of the whole session (peteromallet/dataclaw exports, 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, Step, StepBody, Trajectory
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import reported
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode_object,
    integer,
    line_records,
    mapping,
    string,
    top_members,
)
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import iso_time

_KEYS: Final = frozenset({"session_id", "messages", "stats"})
_STATUSES: Final[dict[str, CallStatus]] = {
    "success": "ok",
    "completed": "ok",
    "ok": "ok",
    "error": "error",
    "failed": "error",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "interrupted": "cancelled",
}
_AGENTS: Final = {
    "claude": "Claude Code",
    "codex": "Codex",
    "gemini": "Gemini CLI",
    "opencode": "OpenCode",
    "openclaw": "OpenClaw",
}
_OUTPUTS: Final = ("text", "output", "content", "stdout", "raw")


class Dataclaw(Format):
    """One trajectory for each line."""

    id = "dataclaw"

    def score(self, probe: Probe) -> float:
        """Count the lines with a session, its messages and statistics."""
        return float(sum(top_members(line).keys() >= _KEYS for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all sessions, one a line."""
        source = sources[0]
        lost: list[Node] = []
        for number_, (start, end) in enumerate(line_records(source.data), 1):
            node = Node(source.data, start, end)
            value = decode_object(node.raw())
            if value is None:
                lost.append(node)
                continue
            talk = Talk(self.id, string(value.get("session_id")) or f"session-{number_}")
            talk.draft.loss.unparsed, lost = [one.span() for one in lost], []
            yield _session(talk, node, value, source)
            if progress:
                progress(end / len(source.data))
        if lost:
            talk = Talk(self.id, "unreadable")
            talk.draft.loss.unparsed = [node.span() for node in lost]
            yield talk.made([source.info()], agent=None, complete=False)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _session(talk: Talk, node: Node, value: Mapping[str, Any], source: SourceBytes) -> Trajectory:
    talk.attached()
    model = string(value.get("model"))
    messages = node.get("messages")
    for message in messages.each() if messages is not None else ():
        _message(talk, message, model)
    stats = mapping(value.get("stats"))
    origin = string(value.get("source")) or ""
    talk.lost(value, "git_branch", "project")
    return talk.made(
        [source.info()],
        _totals(stats),
        agent=_AGENTS.get(origin, origin or None),
        model=model,
        session=string(value.get("session_id")),
        started=iso_time(value.get("start_time")),
        ended=iso_time(value.get("end_time")),
        complete=source.whole,
    )


def _message(talk: Talk, node: Node, model: str | None) -> None:
    role = node.string("role") if node.is_object else None
    time = iso_time(node.value("timestamp")) if node.is_object else None
    if role == "assistant":
        step = talk.say("agent", node, _said(node), time=time, model=model)
        uses = node.get("tool_uses")
        for call, use in zip(step.calls, uses.each() if uses is not None else (), strict=False):
            recorded = use.string("status") or ""
            status = _STATUSES.get(recorded, "missing")
            output = use.get("output")
            empty = output is None or output.raw() in (b"{}", b'""')
            if output is None or (empty and status == "missing"):
                call.status = status if status != "ok" else "missing"
            else:
                talk.settle(call, output, "ok" if status == "missing" else status)
    elif role == "user":
        talk.say("user", node, _said(node), time=time)
    elif role in ("system", "developer"):
        talk.say("system", node, _said(node), time=time)
    elif node.is_object:
        talk.unknown(f"message/{role or '(no role)'}", node, time=time)
    else:
        talk.unparsed(node)


def _said(node: Node) -> Said:
    value = node.value("content")
    uses = node.get("tool_uses")
    calls = [
        Asked(use.string("id"), use.string("tool") or "tool", use.text("input"))
        for use in (uses.each() if uses is not None else ())
    ]
    parts = node.value("content_parts")
    media = content_media(value) or content_media(parts)
    return Said(content_text(value), node.text("thinking"), tuple(calls), media)


def _observed(node: Node) -> Observed:
    if not node.is_object:
        return observed(node)
    told = [text for key in _OUTPUTS if (text := node.text(key))]
    return Observed(told[0]) if told else Observed(node.text())


def _totals(stats: Mapping[str, Any]) -> Metrics | None:
    return reported(
        input=integer(stats.get("input_tokens")), output=integer(stats.get("output_tokens"))
    )


IMPORTERS = (Dataclaw(),)
