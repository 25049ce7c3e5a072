"""OpenTelemetry as OTLP JSON: GenAI conventions, OpenInference, the agents' own spans and events.

One ``{"resourceSpans": …}`` or ``{"resourceLogs": …}`` a file or a line, as the collector's file
exporter writes them: a trajectory for each trace, and for each session that sent log events.
Integers are texts. Content is opt-in; without it a step says "not recorded". GenAI attributes as of
semantic-conventions-genai, 2026-10 (still "Development"), older span events too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from workbench.domain.trajectory import (
    ByteSpan,
    Metrics,
    SkillTrigger,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.draft import StepDraft, reported
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import integer, line_records, number, string, top_members
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.spans.conversation import (
    Conversation,
    SpanKind,
    SpanView,
    conversation_body,
)
from workbench.traces.spans.logs import (
    LogRecord,
    is_log,
    log_observed,
    log_said,
    log_trajectories,
)
from workbench.traces.spans.messages import (
    FLAT,
    Group,
    attribute_value,
    listed_messages,
    plain,
    system_message,
)
from workbench.traces.talk import Talk, said_body
from workbench.traces.times import iso_seconds

_LOGS: Final = ("resourceLogs", "resource_logs")
_RESOURCES: Final = ("resourceSpans", "resource_spans", *_LOGS)
_SCOPES: Final = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
_OPERATIONS: Final[dict[str, SpanKind]] = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "agent",
}
_OPENINFERENCE: Final[dict[str, SpanKind]] = {"LLM": "model", "TOOL": "tool", "AGENT": "agent"}
_NAMED: Final[dict[str, SpanKind]] = {
    "claude_code.llm_request": "model",
    "claude_code.tool": "tool",
    "claude_code.interaction": "agent",
}
_TOKENS: Final = {
    "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
              "input_tokens"),
    "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
               "llm.token_count.completion", "output_tokens"),
    "cached": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_tokens",
               "llm.token_count.prompt_details.cache_read", "cache_read_tokens"),
    "cache_write": ("gen_ai.usage.cache_creation.input_tokens",
                    "llm.token_count.prompt_details.cache_write", "cache_creation_tokens"),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens",
                  "llm.token_count.completion_details.reasoning"),
}  # fmt: skip
_MODELS: Final = ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "model")
_BOM: Final = b"\xef\xbb\xbf"
_MESSAGE_EVENT: Final = re.compile(r"gen_ai\.(?:(?:system|user|assistant|tool)\.message|choice)")


class Otlp(Format):
    """One trajectory for each trace."""

    id = "otlp"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for resource spans in the file, or in its lines."""
        members = top_members(probe.head)
        if any(name in members for name in _RESOURCES):
            return 20.0
        return float(
            sum(any(name in top_members(line) for name in _RESOURCES) for line in probe.lines)
        )

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all spans, then build the traces in the order they began."""
        return read_whole(_Telemetry(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Take the lines, None for one document."""
        data = sources[0].data
        end = value_end(data, skip_space(data, 3 if data[:3] == _BOM else 0))
        line = data.find(b"\n")
        return _Telemetry(self.id) if line < 0 or (end is not None and end <= line) else None

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        if raw and is_log(Node.of(raw[0])):
            return said_body(step, raw, results, log_said, log_observed)
        return conversation_body(step, raw, results, _view_of)


class _OtlpSpan:
    """A span with its attributes."""

    def __init__(self, node: Node, resource: Mapping[str, Any]) -> None:
        self.node = node
        self.resource = resource
        listed = node.get("attributes")
        self.attributes = {
            one.text("key"): one for one in (listed.each() if listed is not None else ())
        }
        self.trace = _first(node, "traceId", "trace_id") or ""
        self.view = self._view()

    def plain(self, *names: str) -> Any:
        """Return the first attribute that is recorded."""
        for name in names:
            one = self.attributes.get(name)
            value = plain(one.get("value")) if one is not None else None
            if value is not None:
                return value
        return None

    def node_of(self, *names: str) -> Node | None:
        """Return the value node of the first attribute that is recorded."""
        for name in names:
            one = self.attributes.get(name)
            value = attribute_value(one) if one is not None else None
            if value is not None:
                return value
        return None

    def _view(self) -> SpanView:
        node = self.node
        start = _nanoseconds(node, "startTimeUnixNano", "start_time_unix_nano")
        end = _nanoseconds(node, "endTimeUnixNano", "end_time_unix_nano")
        status = node.get("status")
        code = status.text("code") if status is not None else ""
        return SpanView(
            id=_first(node, "spanId", "span_id") or "",
            parent=_first(node, "parentSpanId", "parent_span_id"),
            kind=self._kind(),
            name=node.text("name"),
            node=node,
            order=(start or 0, end or 0),
            start=iso_seconds(start / 1e9) if start else None,
            end=iso_seconds(end / 1e9) if end else None,
            label=string(self.plain("openinference.span.kind", "gen_ai.operation.name")) or "",
            model=string(self.plain(*_MODELS)),
            metrics=self._metrics(),
            error=status.text("message") if status is not None else "",
            failed=code in ("2", "STATUS_CODE_ERROR"),
            prompts=functools.partial(self._messages, "input"),
            answers=self._messages("output"),
            tool=string(self.plain("gen_ai.tool.name", "tool.name", "tool_name")) or "",
            call=string(self.plain("gen_ai.tool.call.id", "tool_call.id")),
            arguments=self.node_of(
                "gen_ai.tool.call.arguments", "input.value", "tool.parameters", "tool_input"
            ),
            result=self.node_of("gen_ai.tool.call.result", "output.value", "tool_output"),
        )

    def _kind(self) -> SpanKind:
        operation = self.plain("gen_ai.operation.name")
        kind = self.plain("openinference.span.kind")
        name = self.node.text("name")
        return (
            _OPERATIONS.get(str(operation))
            or _OPENINFERENCE.get(str(kind).upper())
            or _NAMED.get(name, "other")
        )

    def _metrics(self) -> Metrics | None:
        counts = {key: integer(self.plain(*names)) for key, names in _TOKENS.items()}
        if self.node.text("name") == "claude_code.llm_request" and counts["input"] is not None:
            # Claude Code counts the cache beside the input.
            counts["input"] += (counts["cached"] or 0) + (counts["cache_write"] or 0)
        made = reported(**counts)
        cost = number(self.plain("gen_ai.usage.cost", "llm.cost.total"))
        if made is None or not cost:
            return made
        return Metrics(**counts, cost_usd=cost)

    def _messages(self, way: str) -> list[Group]:
        """Return the messages given to, or made by, a model."""
        found: list[Group] = []
        if way == "input":
            found += system_message(self.node_of("gen_ai.system_instructions"))
        found += listed_messages(self.node_of(f"gen_ai.{way}.messages"))
        flat: dict[int, list[Node]] = {}
        for key, one in self.attributes.items():
            named = FLAT.fullmatch(key)
            if named is not None and named.group(1) == way:
                flat.setdefault(int(named.group(2)), []).append(one)
        found += [tuple(group) for _, group in sorted(flat.items())]
        return found or self._event_messages(way)

    def _event_messages(self, way: str) -> list[Group]:
        events = self.node.get("events")
        found: list[Group] = []
        for event in events.each() if events is not None else ():
            name = event.string("name") or ""
            if _MESSAGE_EVENT.fullmatch(name) and (name == "gen_ai.choice") == (way == "output"):
                found.append((event,))
        return found


@dataclass
class _Trace:
    """The spans of a trace or the events of a session: where those are that it was built of."""

    spans: list[_OtlpSpan] = field(default_factory=list)
    logs: list[Node] = field(default_factory=list)
    places: list[tuple[int, int, Mapping[str, Any]]] = field(default_factory=list)
    order: tuple[Any, ...] = ()
    made: Trajectory | None = None


class _Telemetry(Growing):
    """All traces and sessions of a file; one that gets more is built anew."""

    def __init__(self, format_id: str) -> None:
        self._format = format_id
        self._traces: dict[str, _Trace] = {}
        self._sessions: dict[str, _Trace] = {}
        self._unparsed: list[ByteSpan] = []

    def records(self, data: Buffer, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Yield the document, or each line."""
        if not start:
            begin = skip_space(data, 3 if data[:3] == _BOM else 0)
            after = value_end(data, begin)
            if after is None or not data[after:].strip():
                document = Node.document(data)
                if document.is_object and any(name in document.members() for name in _RESOURCES):
                    return [(document.start, document.end)]
        return line_records(data, start, end)

    def take(self, node: Node) -> None:
        """Take the next record."""
        if node.value() is None and not node.members():
            self._unparsed.append(node.span())
        for log in _log_records(node):
            session = self._sessions.setdefault(LogRecord(log).session, _Trace())
            session.logs.append(log)
        for span in _spans(node):
            trace = self._traces.setdefault(span.trace, _Trace(order=span.view.order))
            trace.order = min(trace.order, span.view.order)
            trace.spans.append(span)

    def made(self) -> Iterator[Trajectory]:
        """Yield the traces in the order they began, then the sessions."""
        unparsed = tuple(self._unparsed)
        info = self.sources[0].info()
        whole = self.sources[0].whole and not unparsed
        ordered = sorted(self._traces.items(), key=lambda pair: pair[1].order)
        for name, one in (*ordered, *self._sessions.items()):
            if one.made is None or one.spans or one.logs:
                one.made = self._built(name, one)
            loss = one.made.loss
            if unparsed:
                loss = replace(loss, unparsed=unparsed, lines=loss.lines + len(unparsed))
            unparsed = ()
            yield replace(one.made, sources=(info,), complete=whole, loss=loss)

    def _built(self, name: str, one: _Trace) -> Trajectory:
        source = self.sources[0]
        known = [(self.again(0, start, end), told) for start, end, told in one.places]
        if name in self._traces and one is self._traces[name]:
            spans = [*(_OtlpSpan(node, told) for node, told in known), *one.spans]
            made = _trajectory(Talk(self._format, name or "trace"), spans, source)
        else:
            logs = [*(node for node, _ in known), *one.logs]
            (made,) = log_trajectories(self._format, logs, source.info(), whole=True)
        for node, told in (
            *((s.node, s.resource) for s in one.spans),
            *((n, {}) for n in one.logs),
        ):
            place = node.span()
            one.places.append((place.offset, place.offset + place.length, told))
        one.spans, one.logs = [], []
        return made


def _spans(record: Node) -> Iterator[_OtlpSpan]:
    for resource in _each(record, *_RESOURCES):
        listed = resource.get("resource", "attributes")
        pairs = listed.items() if listed is not None else []
        told = {one.text("key"): plain(one.get("value")) for one in pairs}
        for scope in _each(resource, *_SCOPES):
            for span in _each(scope, "spans"):
                if span.is_object:
                    yield _OtlpSpan(span, told)


def _log_records(record: Node) -> Iterator[Node]:
    for resource in _each(record, *_LOGS):
        for scope in _each(resource, "scopeLogs", "scope_logs", "instrumentationLibraryLogs"):
            for log in _each(scope, "logRecords", "log_records"):
                if log.is_object:
                    yield log


def _each(node: Node, *names: str) -> Iterator[Node]:
    for name in names:
        listed = node.get(name) if node.is_object else None
        if listed is not None:
            yield from listed.each()


def _trajectory(talk: Talk, spans: list[_OtlpSpan], source: SourceBytes) -> Trajectory:
    conversation = Conversation(talk, [span.view for span in spans])
    ordered = sorted(spans, key=lambda span: span.view.order)
    agents = [string(span.plain("gen_ai.agent.name", "agent.name")) for span in ordered]
    sessions = [
        string(span.plain("gen_ai.conversation.id", "session.id", "session_id")) for span in ordered
    ]
    services = [string(span.resource.get("service.name")) for span in ordered]
    made = conversation.made(
        [source.info()],
        agent=next(filter(None, agents), None) or next(filter(None, services), None),
        session=next(filter(None, sessions), None),
        format_version=next(
            filter(None, (string(s.resource.get("service.version")) for s in ordered)), None
        ),
    )
    for span in ordered:
        _skills(talk, span)
    return replace(made, skill_events=tuple(talk.watch.events()))


def _skills(talk: Talk, span: _OtlpSpan) -> None:
    """See the skills Claude Code reports in span events."""
    for event in _each(span.node, "events"):
        if event.string("name") != "claude_code.skill_activated" or not talk.draft.steps:
            continue
        told = {one.text("key"): plain(one.get("value")) for one in _each(event, "attributes")}
        name = string(told.get("skill.name"))
        if name:
            talk.watch.reported(_at(talk, span), name, event.span(), _trigger(told))


def _at(talk: Talk, span: _OtlpSpan) -> StepDraft:
    """Return the last step that began before a span did."""
    begun = span.view.start or ""
    earlier = (step for step in reversed(talk.draft.steps) if (step.time or "") <= begun)
    return next(earlier, talk.draft.steps[0])


def _trigger(told: Mapping[str, Any]) -> SkillTrigger:
    recorded = told.get("invocation_trigger")
    if recorded == "user-slash":
        return "slash"
    return "nested" if recorded == "nested-skill" else "model"


def _view_of(node: Node) -> SpanView | None:
    """Return the view of a span's record, None of any other record."""
    is_span = node.is_object and ("spanId" in node.members() or "span_id" in node.members())
    return _OtlpSpan(node, {}).view if is_span else None


def _first(node: Node, *names: str) -> str | None:
    return next((text for name in names if (text := node.string(name))), None)


def _nanoseconds(node: Node, *names: str) -> int | None:
    for name in names:
        text = node.text(name)
        if re.fullmatch(r"\d{1,19}", text):
            return int(text)
    return None


IMPORTERS = (Otlp(),)
