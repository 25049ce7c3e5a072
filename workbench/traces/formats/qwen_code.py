"""Qwen Code sessions: the envelope of Claude Code around the contents of Gemini's API.

``~/.qwen/projects/<folder>/chats/<session>.jsonl``. Records form a tree by ``uuid`` and
``parentUuid``; one message may be several records of the same uuid. A ``rewind`` hangs what follows
on an earlier record: what it made void is shown as abandoned. ``ui_telemetry`` repeats counts the
messages have. Record kinds as of qwen-code 0.21 (``chatRecordingService.ts``, 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, Step, StepBody, StepKind, Trajectory
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import StepDraft, reported
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import integer, line_type, mapping, string
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import iso_time

_TYPES: Final = frozenset({"user", "assistant", "tool_result", "system"})
_PARTS: Final = re.compile(rb'"message"\s*:\s*\{\s*(?:"role"\s*:\s*"\w+"\s*,\s*)?"parts"\s*:')
_STATUSES: Final[dict[str, CallStatus]] = {
    "success": "ok",
    "error": "error",
    "cancelled": "cancelled",
    "executing": "running",
}
#: Records that repeat what others say, or only steer the client.
_ATTACHED: Final = frozenset(
    {
        *("ui_telemetry", "custom_title", "attribution_snapshot", "parent_session"),
        *("session_source", "session_execution_engine", "user_text_elements", "branch_checkpoint"),
    }
)
#: Records no later record hangs on.
_NO_LEAF: Final = frozenset(
    {"session_artifact_event", "session_artifact_snapshot", "file_history_snapshot", *_ATTACHED}
)
#: Prompts nobody typed.
_INJECTED: Final = frozenset(
    {
        *("notification", "background_task_completed", "cron", "agent_bootstrap", "goal_runtime"),
        *("agent_launch_prompt", "agent_retry", "omni_recall", "session_notes"),
    }
)


class QwenCode(Format):
    """One trajectory for a session."""

    id = "qwen-code"

    def score(self, probe: Probe) -> float:
        """Count the session's records, when one of them has parts; one vote above Claude Code."""
        found = [line for line in probe.lines if _is_record(line)]
        sure = any(_PARTS.search(line) for line in found)
        return len(found) + 1.0 if sure else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session."""
        return read_whole(_Session(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing:
        """Take the records."""
        del sources
        return _Session(self.id)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


class _Session(Growing):
    """The records of a file, in its order."""

    def __init__(self, format_id: str) -> None:
        self.talk = Talk(format_id, "session")
        self._session: str | None = None
        self._version: str | None = None
        self._title = ""
        self._parents: dict[str, str | None] = {}
        self._steps: dict[str, StepDraft] = {}
        self._told: list[tuple[str, StepDraft]] = []
        self._leaf: str | None = None
        self._way: set[str] = set()
        #: Whether a record since the last trajectory did other than follow the last one.
        self._turned = True

    def take(self, node: Node) -> None:
        """Take the next record, or what is none."""
        if node.is_object and node.value() is not None:
            self._record(node)
        else:
            self.talk.unparsed(node)

    def _record(self, node: Node) -> None:
        """Take the next record."""
        uuid, kind = node.string("uuid"), node.string("type") or ""
        subtype = node.string("subtype") or ""
        self._session = self._session or node.string("sessionId")
        self._version = node.string("version") or self._version
        self.talk.cwd = self.talk.cwd or node.string("cwd") or ""
        title = node.string("systemPayload", "customTitle")
        self._title = title or self._title
        before = len(self.talk.draft.steps)
        if kind == "tool_result":
            self._results(node)
        elif kind in ("user", "assistant"):
            self._message(node, kind, subtype, uuid)
        elif kind == "system" and subtype in _ATTACHED:
            self.talk.attached()
        elif kind == "system" and subtype:
            self._system(node, subtype, uuid)
        else:
            name = kind or "(no type)"
            self.talk.unknown(f"record/{name}", node, uuid, time=_time(node))
        if uuid is None:
            return
        told = self.talk.draft.steps[before:]
        self._told += [(uuid, step) for step in told]
        fresh = uuid not in self._parents
        self._parents.setdefault(uuid, node.string("parentUuid"))
        if subtype not in _NO_LEAF and uuid != self._leaf:
            follows = fresh and self._leaf is not None and self._parents[uuid] == self._leaf
            self._turned = self._turned or not follows
            self._leaf = uuid
            self._way.add(uuid)
        spoken = any(step.kind in ("user", "agent") for step in told)
        self._turned = self._turned or (spoken and uuid not in self._way)

    def _turn(self) -> None:
        """Mark what is not on the way to the last record as abandoned, and only that."""
        way = self._way = set()
        at = self._leaf
        while at is not None and at not in way:
            way.add(at)
            at = self._parents.get(at)
        for uuid, step in self._told:
            left = uuid not in way and step.kind in ("user", "agent")
            if left != ("abandoned" in step.flags):
                self.talk.draft.touch(step.index)
                if left:
                    step.flag("abandoned")
                else:
                    step.flags.remove("abandoned")
        self._turned = False

    def made(self) -> Iterator[Trajectory]:
        """Yield the trajectory; what is not on the way to the last record is abandoned."""
        if self._turned:
            self._turn()
        talk, source = self.talk, self.sources[0]
        talk.draft.id = self._session or "session"
        yield talk.made(
            [source.info()],
            agent="Qwen Code",
            format_version=self._version,
            session=self._session,
            title=self._title,
            complete=source.whole,
        )

    def _message(self, node: Node, kind: str, subtype: str, uuid: str | None) -> None:
        talk = self.talk
        earlier = self._steps.get(uuid or "")
        said = _said(node)
        if earlier is not None and earlier.kind == "agent" and kind == "assistant":
            talk.more(earlier, node, said)
            step = earlier
        else:
            taken: StepKind = "agent" if kind == "assistant" else "user"
            if kind == "user" and subtype in _INJECTED:
                taken = "context"
            step = talk.say(taken, node, said, uuid, time=_time(node))
            step.label = subtype
            if taken == "context":
                step.flag("injected")
            if uuid is not None:
                self._steps[uuid] = step
        if kind == "assistant":
            step.model = node.string("model") or step.model
            talk.model = talk.model or step.model
            step.metrics = _metrics(node.get("usageMetadata")) or step.metrics

    def _results(self, node: Node) -> None:
        """Give the function responses to their calls."""
        talk = self.talk
        found = list(_members(node, "functionResponse"))
        state = _STATUSES.get(node.string("toolCallResult", "status") or "")
        answered = False
        for response in found:
            native = response.string("id") or node.string("toolCallResult", "callId")
            call = talk.open_call(native, response.string("name") or "")
            if call is not None:
                failed = bool(mapping(response.value("response")).get("error"))
                talk.settle(call, response, state or ("error" if failed else "ok"))
                answered = True
        if answered:
            talk.attached()
            talk.draft.messages += 1
        else:
            talk.unknown("result without a call", node, node.string("uuid"), time=_time(node))

    def _system(self, node: Node, subtype: str, uuid: str | None) -> None:
        kind: StepKind = "context" if subtype == "chat_compression" else "event"
        label = "compaction" if subtype == "chat_compression" else subtype
        step = self.talk.event(label, node, _said(node), uid=uuid, kind=kind, time=_time(node))
        if subtype == "chat_compression":
            step.flag("compact_summary")


def _is_record(line: bytes) -> bool:
    return (
        line_type(line) in _TYPES
        and b'"sessionId"' in line
        and b'"uuid"' in line
        and b'"payload"' not in line[:300]
    )


def _said(node: Node) -> Said:
    """Return what a record says: parts of a message, or what a system record carries."""
    value = [mapping(part) for part in _listed(node.value("message", "parts"))]
    spoken = [p for p in value if not p.keys() & {"functionCall", "functionResponse"}]
    thoughts = [string(part.get("text")) for part in spoken if part.get("thought") is True]
    calls = tuple(
        Asked(call.string("id"), call.string("name") or "tool", call.text("args"))
        for call in _members(node, "functionCall")
    )
    text = content_text(spoken)
    if node.string("type") == "system" and not text:
        payload = node.get("systemPayload")
        command = node.string("systemPayload", "rawCommand")
        text = command or (payload.text() if payload is not None else "")
    media = content_media([{k: v for k, v in part.items() if v is not None} for part in spoken])
    return Said(text, "\n\n".join(filter(None, thoughts)), calls, media)


def _members(node: Node, name: str) -> Iterator[Node]:
    parts = node.get("message", "parts")
    for part in parts.each() if parts is not None else ():
        found = part.get(name) if part.is_object else None
        if found is not None:
            yield found


def _observed(node: Node) -> Observed:
    """Read a function response."""
    response = node.get("response")
    if response is None:
        return observed(node)
    told = [response.text(key) for key in ("output", "error", "content", "result")]
    return Observed("\n\n".join(text for text in told if text) or response.text())


def _metrics(node: Node | None) -> Metrics | None:
    """Return the tokens of Gemini's usage: the prompt includes what was cached."""
    used = mapping(node.value()) if node is not None else {}
    return reported(
        input=integer(used.get("promptTokenCount")),
        output=integer(used.get("candidatesTokenCount")),
        cached=integer(used.get("cachedContentTokenCount")),
        reasoning=integer(used.get("thoughtsTokenCount")),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _time(node: Node) -> str | None:
    return iso_time(node.value("timestamp"))


IMPORTERS = (QwenCode(),)
