"""Chats as the model APIs keep them: OpenAI chat lists and Anthropic messages.

A JSON list of messages, an object with ``messages`` (a request, perhaps with its ``response``), or
lines of either: lines of messages are one conversation, lines with ``messages`` (data for
fine-tuning) one each. No times, and usage only where a response is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from workbench.domain.trajectory import Step, StepBody, Trajectory
from workbench.traces.chat.messages import (
    content_of,
    message_metrics,
    message_said,
    result_observed,
    role_of,
    take_message,
)
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import line_records, mapping, top_members
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.talk import Said, Talk, said_body
from workbench.traces.times import iso_time

_ROLE: Final = re.compile(
    rb'"(?:role|from)"\s*:\s*"(?:system|developer|user|assistant|tool|function|human|gpt)"'
)
_BLOCKS: Final = re.compile(
    rb'"type"\s*:\s*"(?:tool_use|thinking|redacted_thinking)"|"tool_use_id"\s*:'
)
_SCHEMA: Final = re.compile(rb'"input_schema"\s*:|"stop_reason"\s*:')
#: Keys of other formats that also hold messages.
_OTHERS: Final = frozenset(
    {
        *("trajectory_format", "schema_version", "sessionId", "projectHash", "uuid", "parentUuid"),
        *("payload", "eval", "plan", "trace", "observations", "loglines", "events", "trajectory"),
        *("stats", "info", "instance_id", "resourceSpans", "resource_spans", "message", "parts"),
        *("dotted_order", "run_type", "action", "observation", "kind", "isSidechain", "agent_info"),
    }
)
_LISTS: Final = ("messages", "conversations", "conversation")
_CONTENT: Final = re.compile(rb'"(?:content|value|tool_calls|function_call)"\s*:')


class OpenAiChat(Format):
    """One trajectory for each conversation."""

    id = "openai-chat"
    by_line = False
    anthropic = False

    def score(self, probe: Probe) -> float:
        """Look for messages with a role; whose they are is told by their content blocks."""
        votes = _votes(probe)
        is_anthropic = bool(_BLOCKS.search(probe.head) or _SCHEMA.search(probe.head))
        return votes if votes and is_anthropic == self.anthropic else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all conversations of the file."""
        source = sources[0]
        for number_, (parts, lost) in enumerate(_conversations(source.data), 1):
            yield _conversation(self.id, number_, parts, lost, source)
            if progress and parts:
                progress(parts[-1].end / len(source.data))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, result_observed)


class AnthropicMessages(OpenAiChat):
    """Requests, responses and lists of the Anthropic messages API."""

    id = "anthropic-messages"
    anthropic = True


def _votes(probe: Probe) -> float:
    head = probe.head.lstrip()
    if head[:1] == b"[":
        start = skip_space(head, 1)
        first = value_end(head, start)
        item = head[start : first or len(head)]
        keys = top_members(item).keys()
        return 10.0 if _is_message(item, keys) else 0.0
    members = top_members(probe.head)
    keys = members.keys()
    for name in _LISTS:
        if name in members:
            start, end = members[name]
            listed = _ROLE.search(probe.head, start, end) is not None
            if listed and not keys & _OTHERS:
                return 10.0
    if {"choices", "object"} <= keys or {"role", "content", "stop_reason"} <= keys:
        return 10.0
    if probe.lines and probe.lines[0][:1] == b"{" and value_end(probe.lines[0], 0) is None:
        return 0.0  # a document over several lines
    lines = [line for line in probe.lines if line[:1] == b"{"]
    return 0.5 * sum(_is_message(line, top_members(line).keys()) for line in lines)


def _is_message(item: bytes, keys: Iterable[str]) -> bool:
    found = frozenset(keys)
    if item[:1] != b"{" or found & _OTHERS:
        return False
    return bool(_ROLE.search(item[:65536])) and bool(
        found & {"role", "from", *_LISTS} and _CONTENT.search(item)
    )


def _conversations(data: Buffer) -> Iterator[tuple[list[Node], list[Node]]]:
    """Yield the messages and objects of each conversation, and what is no JSON before it."""
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is None or not data[end:].strip() or data[start : start + 1] == b"[":
        document = Node.document(data)
        if document.is_list or document.is_object:
            yield (document.items() if document.is_list else [document]), []
        return
    talk: list[Node] = []
    lost: list[Node] = []
    for first, last in line_records(data):
        node = Node(data, first, last)
        if not node.is_object or node.value() is None:
            lost.append(node)
        elif any(name in node.members() for name in (*_LISTS, "choices")):
            yield [node], []
        else:
            talk.append(node)
    if talk or lost:
        yield talk, lost


def _conversation(
    format_id: str, number_: int, parts: list[Node], lost: list[Node], source: SourceBytes
) -> Trajectory:
    first = parts[0] if parts else None
    holder = first if first is not None and _holds(first) else None
    name = (holder.string("id") if holder is not None else None) or f"conversation-{number_}"
    talk = Talk(format_id, f"{name}#{number_}" if number_ > 1 and holder is not None else name)
    talk.draft.loss.unparsed = [node.span() for node in lost]
    if holder is not None:
        _read_holder(talk, holder)
    for node in parts if holder is None else ():
        if node.is_object:
            take_message(talk, node)
        elif node.value() is None:
            talk.unparsed(node)
        else:
            talk.unknown("item", node)
    values = holder.members() if holder is not None else {}
    created = values.get("created") or values.get("created_at") or values.get("timestamp")
    return talk.made(
        [source.info()],
        agent=None,
        session=holder.string("id") if holder is not None else None,
        model=talk.model or (holder.string("model") if holder is not None else None),
        started=iso_time(created.value()) if created is not None else None,
        complete=source.whole and _closed(source.data),
    )


def _holds(node: Node) -> bool:
    return node.is_object and any(name in node.members() for name in (*_LISTS, "choices"))


def _read_holder(talk: Talk, holder: Node) -> None:
    """Read a request with its response, a response alone, or a record with a list of messages."""
    talk.attached()
    system = holder.get("system")
    if system is not None:
        talk.say("system", system, _said(system))
    for name in _LISTS:
        listed = holder.get(name)
        if listed is not None:
            for node in listed.each():
                if node.is_object:
                    take_message(talk, node)
                else:
                    talk.unknown("item", node)
            break
    response = holder.get("response") or holder
    choices = response.get("choices")
    for choice in choices.each() if choices is not None else ():
        message = choice.get("message")
        if message is not None:
            step = take_message(talk, message, model=response.string("model"))
            if step is not None:
                step.metrics = step.metrics or message_metrics(response)
    values = mapping(dict.fromkeys(holder.members(), True))
    talk.lost(values, "tools", "functions", "tool_choice", "response_format")


def _said(node: Node) -> Said:
    """Return what a message says; the system prompt of a request is a content alone."""
    if node.is_object and (role_of(node) or content_of(node) is not None):
        return message_said(node)
    if node.is_object:
        return Said()
    wrapped = Node.of(b'{"role":"system","content":' + node.raw() + b"}")
    return message_said(wrapped)


def _closed(data: Buffer) -> bool:
    tail = bytes(data[-64:]).rstrip()[-1:]
    return tail in (b"}", b"]")


IMPORTERS = (OpenAiChat(), AnthropicMessages())
