"""The log events agents send beside their spans: one session for each ``session.id``.

Claude Code (``claude_code.*``), Gemini CLI and Qwen Code (``gemini_cli.*``, ``qwen-code.*``), Codex
(``codex.*``) and the GenAI conventions (``gen_ai.*``) share a shape: attributes with an
``event.name``, values often as text. A prompt, an answer or a tool's output is only there when the
user asked for it; else a step says "not recorded". Event names as of 2026-11 (the vendors'
monitoring pages).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, SkillTrigger, TraceSource, Trajectory
from workbench.traces.contents import content_text
from workbench.traces.draft import StepDraft, reported
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import compact, items, mapping, number, one_line, string
from workbench.traces.spans.messages import (
    attribute_value,
    key_of,
    listed_messages,
    plain,
    read_group,
)
from workbench.traces.talk import Asked, Observed, Said, Talk, observed
from workbench.traces.times import iso_seconds, iso_time

_AGENTS: Final = {
    "claude_code": "Claude Code",
    "gemini_cli": "Gemini CLI",
    "qwen-code": "Qwen Code",
    "codex": "Codex",
    "gen_ai": None,
}
_SESSION: Final = ("session.id", "conversation.id", "gen_ai.conversation.id")
_TOKENS: Final = {
    "input": ("input_tokens", "input_token_count", "gen_ai.usage.input_tokens"),
    "output": ("output_tokens", "output_token_count", "gen_ai.usage.output_tokens"),
    "cached": ("cache_read_tokens", "cached_content_token_count", "cached_token_count",
               "gen_ai.usage.cache_read.input_tokens"),
    "cache_write": ("cache_creation_tokens",),
    "reasoning": ("thoughts_token_count", "reasoning_token_count"),
}  # fmt: skip
_MODEL: Final = ("model", "gen_ai.response.model", "gen_ai.request.model", "model_name", "slug")
_TOOL: Final = ("tool_name", "function_name", "gen_ai.tool.name")
_ARGUMENTS: Final = ("tool_input", "tool_parameters", "function_args", "arguments")
_PROMPT: Final = ("prompt", "prompt_text")
_ANSWER: Final = ("response_text", "response")
_ERROR: Final = ("error", "error.message", "error_message")
_HIDDEN: Final = "<REDACTED>"
_MESSAGE: Final = re.compile(r"gen_ai\.(?:(system|user|assistant|tool)\.message|choice)")
_DETAILS: Final = "gen_ai.client.inference.operation.details"
#: Events that repeat what another one tells.
_REPEATS: Final = frozenset({"api_request_body", "api_response_body", "file_operation"})


class LogRecord:
    """One event: its name and attributes, whichever way they are written."""

    def __init__(self, node: Node) -> None:
        self.node = node
        listed = node.get("attributes")
        self.values: dict[str, Node] = {}
        if listed is not None and listed.is_list:
            for one in listed.each():
                value = attribute_value(one)
                if value is not None:
                    self.values[one.text("key")] = value
        elif listed is not None:
            self.values = listed.members()
        self.vendor, self.name = self._named()

    def _named(self) -> tuple[str, str]:
        body = plain(self.node.get("body")) or self.node.value("_body")
        told = self.text("event.name") or self.node.text("eventName")
        if "." not in told:
            told = body if isinstance(body, str) and "." in body.split(" ")[0] else told
        vendor, _, name = told.partition(".")
        return (vendor, name) if vendor in _AGENTS else ("", told or "log")

    def node_of(self, *names: str) -> Node | None:
        """Return the first attribute that is recorded."""
        return next((self.values[name] for name in names if name in self.values), None)

    def text(self, *names: str) -> str:
        """Return the first attribute that is recorded, as text."""
        found = self.node_of(*names)
        return found.text() if found is not None else ""

    def count(self, *names: str) -> int | None:
        """Return a whole number, also one written as text."""
        text = self.text(*names)
        return int(text) if re.fullmatch(r"\d{1,18}", text) else None

    @property
    def seconds(self) -> float:
        """When it happened, in seconds since 1970; 0 when that is not recorded."""
        for name in ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano"):
            text = self.node.text(name)
            if re.fullmatch(r"\d{1,19}", text) and int(text):
                return int(text) / 1e9
        told = items(self.node.value("hrTime"))
        if len(told) == 2 and all(isinstance(one, int) for one in told):
            return float(told[0]) + float(told[1]) / 1e9
        return 0.0

    @property
    def time(self) -> str | None:
        """When it happened."""
        told = iso_time(self.text("event.timestamp") or None)
        return told or (iso_seconds(self.seconds) if self.seconds else None)

    @property
    def session(self) -> str:
        """The session it belongs to, or the trace."""
        return self.text(*_SESSION) or self.node.text("traceId")


def is_log(node: Node) -> bool:
    """Whether a step's record is a log event and no span."""
    keys = node.members().keys() if node.is_object else frozenset()
    span = {"startTimeUnixNano", "start_time_unix_nano", "key"}
    return bool(keys & {"body", "_body", "severityText", "eventName", "hrTime"}) and not keys & span


def log_trajectories(
    format_id: str, nodes: Iterable[Node], source: TraceSource, *, whole: bool
) -> Iterator[Trajectory]:
    """Yield a trajectory for each session the events belong to, in the order they began."""
    sessions: dict[str, list[LogRecord]] = {}
    for node in nodes:
        record = LogRecord(node)
        sessions.setdefault(record.session, []).append(record)
    for name, records in sessions.items():
        ordered = sorted(records, key=lambda one: (one.seconds, one.count("event.sequence") or 0))
        session = _Session(Talk(format_id, name or "log"), ordered)
        yield session.made(name, source, whole=whole)


class _Session:
    """Makes the steps of one session's events."""

    def __init__(self, talk: Talk, records: list[LogRecord]) -> None:
        self.talk = talk
        self._records = records
        self._answer: StepDraft | None = None
        self._seen: Counter[str] = Counter()
        self._local: dict[str, Counter[str]] = {}
        self._told = any(one.name == "api_response" for one in records)
        self._skills: list[tuple[LogRecord, int]] = []

    def made(self, name: str, source: TraceSource, *, whole: bool) -> Trajectory:
        """Return the trajectory."""
        for record in self._records:
            self._event(record)
        steps = self.talk.draft.steps
        for record, at in self._skills if steps else ():
            step = steps[min(max(at - 1, 0), len(steps) - 1)]
            skill = record.text("skill.name", "skill_name")
            self.talk.watch.reported(step, skill, record.node.span(), _trigger(record))
        agents = (_AGENTS.get(one.vendor) for one in self._records)
        versions = (one.text("app.version", "service.version") for one in self._records)
        return self.talk.made(
            [source],
            agent=next(filter(None, agents), None),
            session=name or None,
            format_version=next(filter(None, versions), None),
            complete=whole,
        )

    def _event(self, record: LogRecord) -> None:
        talk, name = self.talk, record.name
        taken = self._TAKEN.get(name) if record.vendor != "gen_ai" else None
        if taken is not None:
            taken(self, record)
        elif record.vendor == "gen_ai":
            self._genai(record)
        elif name in _REPEATS:
            talk.draft.loss.duplicate += 1
        elif record.vendor:
            kind = "context" if "compact" in name or "compression" in name else "event"
            talk.event(name, record.node, log_said(record.node), kind=kind, time=record.time)
        else:
            talk.unknown(one_line(f"log/{name}", 80), record.node, time=record.time)

    def _prompt(self, record: LogRecord) -> None:
        self._answer = None
        step = self.talk.say("user", record.node, log_said(record.node), time=record.time)
        if not step.preview:
            step.preview = "content not recorded"
            step.flag("content_not_recorded")

    def _response(self, record: LogRecord) -> None:
        metrics = _metrics(record)
        if record.name == "sse_event" and metrics is None:
            self.talk.attached()
            return
        step = self.talk.say("agent", record.node, log_said(record.node), time=record.time)
        step.model, step.metrics = record.text(*_MODEL) or None, metrics
        self.talk.model = self.talk.model or step.model
        if not step.preview:
            step.preview = "content not recorded"
            step.flag("content_not_recorded")
        self._answer = step

    def _tool(self, record: LogRecord) -> None:
        """Add a call to the answer that asked for it; the event is call and result in one."""
        said = log_said(record.node)
        step = self._answer
        if step is None:
            step = self.talk.say("event", record.node, said, time=record.time)
            step.label = "tool"
        else:
            self.talk.more(step, record.node, said)
        call = step.calls[-1]
        took = number(_number(record.text("duration_ms")))
        seconds = took / 1000 if took is not None else None
        self.talk.settle(call, record.node, _status(record), duration_s=seconds)

    def _decision(self, record: LogRecord) -> None:
        if record.text("decision") in ("reject", "denied", "abort"):
            said = log_said(record.node)
            step = self.talk.event("rejected", record.node, said, time=record.time)
            step.flag("rejected")
        else:
            self.talk.attached()

    def _request(self, record: LogRecord) -> None:
        # Claude Code tells of a request when it has ended; others before they send it.
        if record.vendor == "claude_code":
            self._response(record)
        else:
            self.talk.attached()

    def _failed(self, record: LogRecord) -> None:
        said = log_said(record.node)
        step = self.talk.event("API error", record.node, said, time=record.time)
        step.flag("api_error")
        self.talk.draft.errors += 1

    def _skill(self, record: LogRecord) -> None:
        self.talk.event(record.name, record.node, log_said(record.node), time=record.time)
        if record.text("skill.name", "skill_name"):
            self._skills.append((record, len(self.talk.draft.steps)))

    def _genai(self, record: LogRecord) -> None:
        """Take a message of the GenAI conventions; each call tells the whole history again."""
        named = _MESSAGE.fullmatch(f"gen_ai.{record.name}")
        if named is None and f"gen_ai.{record.name}" != _DETAILS:
            self.talk.unknown(f"log/gen_ai.{record.name}"[:80], record.node, time=record.time)
            return
        if named is None:
            self._details(record)
            return
        role = named.group(1) or "assistant"
        said = log_said(record.node)
        if self._repeated(record, role, said):
            self.talk.draft.loss.duplicate += 1
        elif role == "tool":
            native = string(mapping(plain(record.node.get("body"))).get("id"))
            self.talk.answer(native, record.node, "ok")
        else:
            kind: Any = "agent" if role == "assistant" else role
            self.talk.say(kind, record.node, said, time=record.time)

    def _details(self, record: LogRecord) -> None:
        if self._told:
            self.talk.draft.loss.duplicate += 1
            return
        for group in listed_messages(record.node_of("gen_ai.input.messages")):
            role, said, _ = read_group(group)
            if role in ("user", "system") and not self._repeated(record, role, said):
                kind: Any = role
                step = self.talk.say(kind, record.node, said, time=record.time)
                step.raw = [node.span() for node in group]
                self.talk.draft.loss.mapped -= 1  # part of the event, not a record of its own
        self._response(record)

    def _repeated(self, record: LogRecord, role: str, said: Said) -> bool:
        local = self._local.setdefault(record.node.text("spanId") or "", Counter())
        key = key_of(role, said)
        local[key] += 1
        if local[key] <= self._seen[key]:
            return True
        self._seen[key] = local[key]
        return False

    _TAKEN: Final[Mapping[str, Callable[[_Session, LogRecord], None]]] = {
        "user_prompt": _prompt,
        "api_request": _request,
        "api_response": _response,
        "sse_event": _response,
        "tool_result": _tool,
        "tool_call": _tool,
        "tool_decision": _decision,
        "api_error": _failed,
        "skill_activated": _skill,
    }


def log_said(node: Node) -> Said:
    """Return what an event says."""
    record = LogRecord(node)
    if record.vendor == "gen_ai":
        return _genai_said(record)
    if record.name == "user_prompt":
        text = record.text(*_PROMPT)
        missing = ("prompt: not recorded",) if text in ("", _HIDDEN) else ()
        return Said("" if missing else text, notes=missing)
    if record.name in ("tool_result", "tool_call"):
        given = next((record.text(name) for name in _ARGUMENTS if record.text(name)), "")
        native = record.text("tool_use_id", "call_id") or None
        return Said(calls=(Asked(native, record.text(*_TOOL) or "tool", given),))
    if record.name in ("api_request", "api_response", "sse_event"):
        text = _answer_text(record)
        return Said(text, notes=() if text else ("content: not recorded",))
    error = record.text(*_ERROR)
    notes = tuple(
        f"{name}: {one_line(value.text(), 300)}"
        for name, value in record.values.items()
        if "." not in name or name.startswith("skill.")
    )
    return Said(error, notes=notes[:40])


def log_observed(node: Node) -> Observed:
    """Return what the event of a tool says of its result."""
    if not is_log(node):
        return observed(node)
    record = LogRecord(node)
    if record.vendor == "gen_ai":
        return Observed(log_said(node).text)
    return Observed(record.text("output", "tool_output", "result") or record.text(*_ERROR))


def _genai_said(record: LogRecord) -> Said:
    if f"gen_ai.{record.name}" == _DETAILS:
        read = [read_group(g)[1] for g in listed_messages(record.node_of("gen_ai.output.messages"))]
        text = "\n\n".join(one.text for one in read if one.text)
        thought = "\n\n".join(one.reasoning for one in read if one.reasoning)
        calls = tuple(call for one in read for call in one.calls)
        missing = () if text or calls else ("content: not recorded",)
        return Said(text, thought, calls, notes=missing)
    body = mapping(plain(record.node.get("body")))
    message = mapping(body.get("message")) or body
    calls = tuple(
        Asked(
            string(mapping(one).get("id")),
            string(mapping(mapping(one).get("function")).get("name")) or "tool",
            compact(mapping(mapping(one).get("function")).get("arguments")),
        )
        for one in items(message.get("tool_calls"))
    )
    return Said(content_text(message.get("content")), calls=calls)


def _answer_text(record: LogRecord) -> str:
    """Return the answer: a text, or the API's response kept in one."""
    found = record.node_of(*_ANSWER)
    if found is None:
        return ""
    value = found.opened().value()
    texts = []
    for one in value if isinstance(value, list) else [value]:
        candidates = items(mapping(one).get("candidates")) or [one]
        texts += [content_text(mapping(c).get("content", c)) for c in candidates]
    return "\n\n".join(filter(None, texts)) or found.text()


def _metrics(record: LogRecord) -> Metrics | None:
    counts = {key: record.count(*names) for key, names in _TOKENS.items()}
    if "cache_read_tokens" in record.values and counts["input"] is not None:
        # Claude Code counts the cache beside the input.
        counts["input"] += (counts["cached"] or 0) + (counts["cache_write"] or 0)
    made = reported(**counts)
    cost = number(_number(record.text("cost_usd")))
    return Metrics(**counts, cost_usd=cost) if made is not None and cost else made


def _status(record: LogRecord) -> CallStatus:
    if record.text("decision") in ("reject", "denied"):
        return "rejected"
    told = record.text("success")
    failed = told == "false" or (not told and bool(record.text(*_ERROR)))
    return "error" if failed else "ok"


def _trigger(record: LogRecord) -> SkillTrigger:
    told = record.text("invocation_trigger")
    if told == "user-slash":
        return "slash"
    return "nested" if told == "nested-skill" else "model"


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(?:\.\d{1,15})?", text) else None
