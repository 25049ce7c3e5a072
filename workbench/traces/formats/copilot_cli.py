"""GitHub Copilot CLI sessions: ``events.jsonl`` of typed events.

``~/.copilot/session-state/<id>/events.jsonl``, or what ``copilot -p --output-format json`` prints.
A message asks for tools, ``tool.execution_complete`` answers; what a subagent does names the call
it belongs to. Tokens of the input are only in ``session.shutdown``. Kinds from public fixtures of
versions 0.0.420 to 1.0.77 (2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import Metrics, Step, StepBody, Trajectory
from workbench.traces.draft import CallDraft, StepDraft, reported
from workbench.traces.growing import Growing, StartAgain, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode_object,
    integer,
    items,
    line_type,
    mapping,
    number,
    string,
)
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, field_notes, observed, said_body

_FAMILIES: Final = ("session.", "assistant.", "user.", "tool.execution", "hook.", "subagent.",
                    "system.", "skill.")  # fmt: skip
_QUIET: Final = frozenset(
    {
        *("session.start", "session.resume", "assistant.turn_start", "assistant.turn_end"),
        *("session.usage_checkpoint", "session.auto_mode_resolved", "session.tools_updated"),
        *("session.mcp_servers_loaded", "session.idle", "assistant.usage", "assistant.intent"),
        *("subagent.started", "subagent.completed", "session.title_changed", "result"),
    }
)
_CONTEXT: Final = frozenset(
    {
        *("session.truncation", "session.compaction_start", "session.compaction_complete"),
        *("system.notification", "session.handoff", "skill.invoked", "session.snapshot_rewind"),
    }
)
_SHOWN: Final = frozenset(
    {
        *("session.info", "session.warning", "session.error", "session.model_change", "abort"),
        *("session.shutdown", "hook.start", "hook.end", "subagent.failed", "session.mode_changed"),
        *("session.skills_loaded", "tool.user_requested", "session.context_changed"),
    }
)


class CopilotCli(Format):
    """One trajectory for a file; each subagent is a child."""

    id = "copilot-cli"

    def score(self, probe: Probe) -> float:
        """Count the events of the known families that keep their content in ``data``."""
        return float(sum(_is_event(line) for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session."""
        return read_whole(_Reading(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing:
        """Take the events."""
        del sources
        return _Reading(self.id)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _is_event(line: bytes) -> bool:
    kind = line_type(line)
    return kind is not None and kind.startswith(_FAMILIES) and b'"data"' in line


class _Reading(Growing):
    """A session while it is read.

    Whether a tool was asked for in a message, and whether prompts are recorded, later events may
    say: all that wait are looked at before the first of them is taken.
    """

    def __init__(self, format_id: str) -> None:
        self._format = format_id
        self._main = Talk(format_id, "session")
        self._subs: dict[str, Talk] = {}
        self._names: dict[str, str] = {}
        self._messages: dict[tuple[str, str], StepDraft] = {}
        self._session: dict[str, Any] = {}
        self._totals: Metrics | None = None
        self._thought: dict[int, StepDraft] = {}
        self._waiting: list[Node] = []
        self._requested: set[str] = set()
        self._prompted = False
        #: What was taken as if nothing else told of it: calls, and whether there was a prompt.
        self._unasked: set[str] = set()
        self._hooked = False
        self._linked: dict[str, CallDraft] = {}

    def take(self, node: Node) -> None:
        """Keep the next event until all are there."""
        self._waiting.append(node)

    def made(self) -> Iterator[Trajectory]:
        """Yield the session with those of its subagents."""
        waiting, self._waiting = self._waiting, []
        for node in waiting:
            self._look_ahead(node)
        for node in waiting:
            self.event(node)
        source = self.sources[0]
        name = string(self._session.get("sessionId")) or "session"
        self._main.draft.id = name
        context = mapping(self._session.get("context"))
        yield self._main.made(
            [source.info()],
            self._totals,
            agent="Copilot CLI",
            format_version=string(self._session.get("copilotVersion")),
            session=string(self._session.get("sessionId")),
            model=self._main.model or string(self._session.get("selectedModel")),
            cwd=string(context.get("cwd")),
            started=string(self._session.get("startTime")),
            children=self._children(name, source),
            complete=source.whole,
        )

    def _children(self, name: str, source: SourceBytes) -> tuple[Trajectory, ...]:
        for call in self._linked.values():
            self._main.draft.touch_call(call)
            call.sub = None
        children = []
        for native, talk in self._subs.items():
            talk.draft.id = f"{name}/{native}"
            asked = self._main.open_call(native)
            if asked is not None:
                asked.sub = talk.draft.id
                self._linked[native] = asked
            agent = self._names.get(native)
            children.append(
                talk.made([source.info()], agent=agent, parent=name, complete=source.whole)
            )
        return tuple(children)

    def _look_ahead(self, node: Node) -> None:
        if b'"toolRequests"' in node.raw():
            asked = {call.id for call in _said(node).calls if call.id is not None}
            if asked & self._unasked:
                raise StartAgain
            self._requested |= asked
        if not self._prompted and node.string("type") == "user.message":
            if self._hooked:
                raise StartAgain
            self._prompted = True

    def event(self, node: Node) -> None:
        """Take the next event."""
        value = decode_object(node.raw())
        if value is None:
            self._main.unparsed(node)
            return
        kind = string(value.get("type")) or ""
        data = mapping(value.get("data"))
        fields = {"uid": string(value.get("id")), "time": string(value.get("timestamp"))}
        talk = self._talk(data)
        if kind == "assistant.message":
            self._assistant(talk, node, data, fields)
        elif kind == "assistant.reasoning":
            step = talk.say("agent", node, _said(node), **fields)
            self._thought[id(talk)] = step
        elif kind.endswith("_delta") or kind == "assistant.streaming_delta":
            talk.draft.loss.duplicate += 1
        elif kind == "user.message":
            talk.lost(data, "transformedContent", "attachments")
            talk.say("user", node, _said(node), **fields)
        elif kind == "system.message":
            talk.say("system", node, _said(node), **fields)
        elif kind == "tool.execution_start":
            self._started(talk, node, data, fields)
        elif kind == "tool.execution_complete":
            self._completed(talk, node, data)
        else:
            self._other(talk, node, kind, data, fields)

    def _talk(self, data: Mapping[str, Any]) -> Talk:
        above = string(data.get("parentToolCallId"))
        if above is None:
            return self._main
        return self._subs.setdefault(above, Talk(self._format, above))

    def _assistant(
        self, talk: Talk, node: Node, data: Mapping[str, Any], fields: dict[str, Any]
    ) -> None:
        """Take a message; its chunks, and thoughts just before it, are the same model call."""
        message = string(data.get("messageId"))
        above = string(data.get("parentToolCallId")) or ""
        name = (above, message) if message is not None else None
        said = _said(node)
        thought = self._thought.pop(id(talk), None)
        step = self._messages.get(name) if name is not None else None
        step = step or thought
        if step is None:
            step = talk.say("agent", node, said, **fields)
        else:
            if thought is not None and said.reasoning:
                step.raw = []  # the message repeats the thoughts
            talk.more(step, node, said)
        if name is not None:
            self._messages[name] = step
        step.model = string(data.get("model")) or step.model
        talk.model = talk.model or step.model
        step.metrics = reported(output=integer(data.get("outputTokens"))) or step.metrics

    def _started(
        self, talk: Talk, node: Node, data: Mapping[str, Any], fields: dict[str, Any]
    ) -> None:
        native = string(data.get("toolCallId"))
        if native in self._requested:
            talk.draft.loss.duplicate += 1
            return
        if native is not None:
            self._unasked.add(native)
        step = talk.say("agent", node, _said(node), **fields)
        step.model = string(data.get("model"))

    def _completed(self, talk: Talk, node: Node, data: Mapping[str, Any]) -> None:
        native = string(data.get("toolCallId"))
        success = data.get("success")
        known = talk.open_call(native) if native is not None else None
        status: Any = "ok" if success is True else "error" if success is False else "ok"
        if known is not None and known.result:
            talk.unknown("result without a call", node)
            return
        milliseconds = number(
            mapping(mapping(data.get("toolTelemetry")).get("metrics")).get("durationMs")
        )
        seconds = None if milliseconds is None else milliseconds / 1000
        call = talk.answer(native or "", node, status, duration_s=seconds)
        if call is not None:
            _exit_code(call, data)
        self._main.model = self._main.model or string(data.get("model"))

    def _other(
        self, talk: Talk, node: Node, kind: str, data: dict[str, Any], fields: dict[str, Any]
    ) -> None:
        if kind == "session.start":
            self._session = data | {key: v for key, v in self._session.items() if v}
        if kind == "hook.start" and data.get("hookType") == "userPromptSubmitted":
            self._prompt(talk, node, data, fields)
            return
        if kind == "subagent.started":
            call = string(data.get("toolCallId"))
            shown = string(data.get("agentDisplayName")) or string(data.get("agentName"))
            if call and shown:
                self._names[call] = shown
        if kind in _QUIET:
            talk.attached()
        elif kind in _CONTEXT:
            step = talk.event(kind, node, _said(node), kind="context", **fields)
            if kind == "skill.invoked" and string(data.get("name")):
                talk.watch.reported(step, str(data["name"]), node.span(), "unknown")
        elif kind in _SHOWN:
            self._shown(talk, node, kind, data, fields)
        else:
            talk.unknown(f"event/{kind or '(no type)'}", node, fields["uid"], time=fields["time"])

    def _prompt(
        self, talk: Talk, node: Node, data: Mapping[str, Any], fields: dict[str, Any]
    ) -> None:
        """Take a prompt a hook was told of, when the prompt itself is not recorded."""
        self._session.setdefault("sessionId", mapping(data.get("input")).get("sessionId"))
        self._hooked = self._hooked or not self._prompted
        if self._prompted:
            talk.draft.loss.duplicate += 1
        else:
            talk.say("user", node, _said(node), **fields)

    def _shown(
        self, talk: Talk, node: Node, kind: str, data: dict[str, Any], fields: dict[str, Any]
    ) -> None:
        step = talk.event(kind, node, _said(node), **fields)
        if kind == "session.model_change":
            talk.model = talk.model or string(data.get("newModel"))
        elif kind == "session.error":
            step.flag("api_error")
            talk.draft.errors += 1
        elif kind == "abort":
            step.flag("interrupted")
        elif kind == "session.shutdown":
            self._totals = _totals(data) or self._totals
            talk.model = talk.model or string(data.get("currentModel"))
        elif kind == "session.skills_loaded":
            for skill in items(data.get("skills")):
                name = string(skill) or string(mapping(skill).get("name"))
                if name:
                    talk.watch.offered(step, name, node.span())


def _said(node: Node) -> Said:
    """Return what an event says."""
    kind = node.string("type") or ""
    data = node.get("data")
    if data is None or not data.is_object:
        return Said()
    if kind == "assistant.reasoning":
        return Said(reasoning=data.text("content"))
    if kind == "tool.execution_start":
        name = data.string("toolName") or "tool"
        return Said(calls=(Asked(data.string("toolCallId"), name, data.text("arguments")),))
    if kind == "hook.start" and data.get("hookType") is not None:
        prompt = data.text("input", "prompt")
        notes = () if prompt else field_notes(data, "hookType", "input")
        return Said(prompt, notes=notes)
    requests = data.get("toolRequests")
    calls = tuple(
        Asked(one.string("toolCallId"), one.string("name") or "tool", one.text("arguments"))
        for one in (requests.each() if requests is not None else ())
        if one.is_object
    )
    text = next((t for key in ("content", "message", "reason") if (t := data.text(key))), "")
    notes = () if text or calls else field_notes(data, *list(data.members())[:12])
    return Said(text, data.text("reasoningText"), calls, notes=notes)


def _observed(node: Node) -> Observed:
    data = node.get("data")
    if data is None:
        return Observed()
    error = data.get("error")
    if error is not None:
        return Observed(error.text("message") or error.text())
    result = data.get("result")
    return Observed() if result is None else observed(result)


def _exit_code(call: CallDraft, data: Mapping[str, Any]) -> None:
    """Take the exit code where the shell tool reports it apart."""
    telemetry = mapping(data.get("toolTelemetry"))
    for holder in (mapping(telemetry.get("metrics")), mapping(telemetry.get("properties"))):
        code = integer(holder.get("exitCode", holder.get("exit_code")))
        if code is not None:
            call.exit_code = code
            call.status = "error" if code and call.status == "ok" else call.status


def _totals(data: Mapping[str, Any]) -> Metrics | None:
    """Return the tokens of the whole session, over all models."""
    counts: dict[str, int] = {}
    names = {"input": "inputTokens", "output": "outputTokens", "cached": "cacheReadTokens",
             "cache_write": "cacheWriteTokens"}  # fmt: skip
    for model in mapping(data.get("modelMetrics")).values():
        usage = mapping(mapping(model).get("usage"))
        for key, name in names.items():
            found = integer(usage.get(name))
            if found is not None:
                counts[key] = counts.get(key, 0) + found
    if not counts:
        details = mapping(data.get("tokenDetails"))
        keys = {"input": "input", "output": "output", "cached": "cache_read",
                "cache_write": "cache_write"}  # fmt: skip
        found_all = {
            key: integer(mapping(details.get(name)).get("tokenCount")) for key, name in keys.items()
        }
        counts = {key: count for key, count in found_all.items() if count is not None}
    return reported(**counts) if counts else None


IMPORTERS = (CopilotCli(),)
