"""A sample as steps: the conversation in order, with what the events tell about each part.

The messages are the conversation; events give times, tokens, errors and calls that are not in it
(scorers, monitors, subagents, what a compaction took away). An event's message is looked up by id,
in older logs by its calls and text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, StepKind
from workbench.traces.chat.messages import content_of, message_said, role_of
from workbench.traces.draft import StepDraft
from workbench.traces.inspect_ai.parts import Sample, attached_texts, with_attachments
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import integer, mapping, number, string
from workbench.traces.talk import Said, Talk, field_notes
from workbench.traces.times import seconds_between

_SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "score": ("score", "target", "intermediate"),
    "score_edit": ("score_name", "edit"),
    "error": ("error",),
    "info": ("source", "data"),
    "input": ("input",),
    "approval": ("decision", "approver", "explanation"),
    "sample_limit": ("type", "limit", "message"),
    "interrupt": ("source", "reason"),
    "compaction": ("type", "tokens_before", "tokens_after"),
    "logger": ("message",),
    "review": (),
    "checkpoint": (),
}
#: Recorded states of the machinery; counted, not shown.
_COUNTED: Final = frozenset(
    {
        *("state", "store", "sandbox", "sample_init", "span_begin", "span_end", "step", "subtask"),
        *("anchor", "sentinel", "branch"),
    }
)


class Reading:
    """One sample while it is read."""

    def __init__(self, talk: Talk, sample: Sample) -> None:
        self.talk = talk
        self._sample = sample
        self._messages = sample.messages()
        self._at = 0
        self._spans: dict[str, tuple[str, str | None]] = {}
        self._steps: dict[str, StepDraft] = {}
        self._seen = {self._key(node) for node in self._messages}
        self.scored = False

    def read(self) -> None:
        """Take all events, and the messages between them; then the messages that are left."""
        for node in self._sample.events():
            self._event(node)
        while self._at < len(self._messages):
            self._next_message()

    def _event(self, node: Node) -> None:
        kind = node.string("event") or ""
        if kind == "model":
            self._model(node)
        elif kind == "tool":
            self._tool(node)
        elif kind in _SHOWN:
            self._shown(node, kind)
        elif kind in _COUNTED:
            if kind == "span_begin":
                self._spans[node.string("id") or ""] = (
                    node.string("type") or "",
                    node.string("parent_id"),
                )
            self.talk.draft.loss.left_out(f"event/{kind}")
        elif node.is_object:
            self.talk.unknown(f"event/{kind or '(no kind)'}", node, time=_time(node))
        else:
            self.talk.unparsed(node)

    def _shown(self, node: Node, kind: str) -> None:
        self.scored = self.scored or kind == "score"
        context: StepKind = "context" if kind == "compaction" else "event"
        step = self.talk.event(kind, node, event_said(node), kind=context, time=_time(node))
        step.raw += [one.span() for one in self._sample.attachments(node)]
        self.talk.draft.errors += kind == "error"

    def _model(self, node: Node) -> None:
        """Take a model call: the message it made, or a call beside the conversation."""
        message = node.get("output", "choices", 0, "message")
        at = self._match(message) if message is not None else None
        if at is not None:
            while self._at <= at:
                self._next_message()
            self.talk.attached()
            step = self._steps[self._key(self._messages[at])]
        elif message is None:
            step = self.talk.event("model", node, Said(node.text("error")), time=_time(node))
            step.flag("api_error")
            self.talk.draft.errors += node.get("error") is not None
        elif self._in_scorer(node):
            step = self.talk.event("model", message, self._said(message)[0])
        else:
            self._prompts(node)
            step = self._say("agent", message)
            if self._messages:
                step.flag("sidechain")
        step.time = _time(node) or step.time
        step.model = string(node.value("output", "model")) or node.string("model") or step.model
        step.metrics = usage_of(mapping(node.value("output", "usage")))

    def _prompts(self, node: Node) -> None:
        """Take the messages a call was given that stand nowhere else, the newest only."""
        given = node.get("input")
        inputs = given.items() if given is not None else []
        inputs = inputs or self._sample.referred(node.value("input_refs"))
        new: list[Node] = []
        for one in reversed(inputs):
            key = self._key(one)
            if key in self._seen:
                break
            self._seen.add(key)
            new.append(one)
        for one in reversed(new):
            role = role_of(one)
            if role == "system":
                self._say("system", one)
            elif role == "user":
                step = self._say("context" if self._messages else "user", one)
                if self._messages:
                    step.flag("sidechain")

    def _tool(self, node: Node) -> None:
        """Give the result in an event to its call; the message with the same result is left."""
        name = node.string("id")
        at = self._caller(name)
        while at is not None and self._at <= at:
            self._next_message()
        call = self.talk.open_call(name) if name is not None else None
        result = node.get("result")
        error = node.get("error")
        if error is not None and (result is None or not result.text()):
            result = error
        if call is None:
            self.talk.unknown("tool without a call", node, time=_time(node))
            return
        if call.result or result is None:
            self.talk.draft.loss.duplicate += 1
            return
        self.talk.attached()
        seconds = number(node.value("working_time"))
        if seconds is None:
            seconds = seconds_between(_time(node), node.string("completed"))
        failed = node.value("failed") is True
        status = "error" if failed and error is None else _status(error)
        self.talk.settle(call, result, status, duration_s=seconds)
        call.result += [one.span() for one in self._sample.attachments(result)]
        call.sub = node.string("agent_span_id")

    def _next_message(self) -> None:
        """Take the next message of the conversation."""
        node = self._messages[self._at]
        self._at += 1
        role = role_of(node)
        if role == "assistant":
            self._steps[self._key(node)] = self._say("agent", node)
        elif role in ("system", "user"):
            self._say("system" if role == "system" else "user", node)
        elif role == "tool":
            self._tool_message(node)
        else:
            self.talk.unknown(f"message/{role or '(no role)'}", node, node.string("id"))

    def _tool_message(self, node: Node) -> None:
        name = node.string("tool_call_id")
        call = self.talk.open_call(name) if name is not None else None
        if call is not None and call.result:
            self.talk.draft.loss.duplicate += 1
            return
        call = self.talk.answer(name, node, _status(node.get("error")))
        if call is not None:
            call.result += [one.span() for one in self._sample.attachments(node)]

    def _say(self, kind: StepKind, node: Node) -> StepDraft:
        said, attachments = self._said(node)
        step = self.talk.say(kind, node, said, node.string("id"))
        step.raw += [one.span() for one in attachments]
        step.model = node.string("model")
        return step

    def _said(self, node: Node) -> tuple[Said, list[Node]]:
        attachments = self._sample.attachments(node)
        texts = attached_texts(node.raw(), (one.raw() for one in attachments))
        return with_attachments(message_said(node), texts), attachments

    def _match(self, message: Node) -> int | None:
        """Return the place of the assistant's message that a model call made."""
        wanted = self._key(message)
        for at in range(self._at, len(self._messages)):
            node = self._messages[at]
            if role_of(node) == "assistant" and self._key(node) == wanted:
                return at
        return None

    def _caller(self, name: str | None) -> int | None:
        """Return the place of a message still to come that asks for a call."""
        if name is None or self.talk.open_call(name) is not None:
            return None
        for at in range(self._at, len(self._messages)):
            calls = self._messages[at].get("tool_calls")
            if calls is not None and any(call.string("id") == name for call in calls.each()):
                return at
        return None

    def _key(self, node: Node) -> str:
        """Return what tells a message from others: its id, in older logs what it says."""
        name = node.string("id")
        if name is not None:
            return name
        said = self._said(node)[0]
        calls = " ".join(call.id or "" for call in said.calls)
        return f"{role_of(node)}\n{said.text}\n{calls}"

    def _in_scorer(self, node: Node) -> bool:
        span = node.string("span_id")
        for _ in range(32):
            if span is None or span not in self._spans:
                return False
            kind, span = self._spans[span]
            if kind in ("scorer", "scorers"):
                return True
        return False


def event_said(node: Node) -> Said:
    """Return what an event says."""
    kind = node.string("event") or ""
    if kind == "score":
        told = node.get("score") or node
        return Said(told.text("explanation"), notes=field_notes(told, "value", "answer"))
    if kind == "error":
        return Said(node.text("error", "message") or node.text("error"))
    if kind in ("info", "input"):
        return Said(node.text("data") or node.text("input"), notes=field_notes(node, "source"))
    if kind == "logger":
        return Said(node.text("message", "message") or node.text("message"))
    if kind == "sample_limit":
        return Said(node.text("message"), notes=field_notes(node, "type", "limit"))
    return Said(notes=field_notes(node, *_SHOWN.get(kind, ())))


def message_or_event(node: Node) -> Said:
    """Return what a record of a step says, message or event."""
    if node.is_object and node.get("event") is not None and content_of(node) is None:
        return event_said(node)
    return message_said(node) if node.is_object else Said()


def usage_of(usage: Mapping[str, Any]) -> Metrics | None:
    """Return tokens; ``input_tokens`` includes the cache only where the total says so."""
    counts = {
        key: integer(usage.get(key))
        for key in ("input_tokens", "output_tokens", "total_tokens", "reasoning_tokens")
    }
    read = integer(usage.get("input_tokens_cache_read"))
    write = integer(usage.get("input_tokens_cache_write"))
    taken, output = counts["input_tokens"], counts["output_tokens"]
    whole = (taken or 0) + (read or 0) + (write or 0)
    if taken is not None and counts["total_tokens"] == whole + (output or 0):
        taken = whole
    made = Metrics(
        input=taken,
        output=output,
        cached=read,
        cache_write=write,
        reasoning=counts["reasoning_tokens"],
        cost_usd=number(usage.get("total_cost")) or None,
    )
    return made if made.input or made.output or made.cost_usd else None


def _status(error: Node | None) -> CallStatus:
    if error is None:
        return "ok"
    return "rejected" if error.string("type") == "approval" else "error"


def _time(node: Node) -> str | None:
    return node.string("timestamp")
