"""OpenAI Responses: response objects, requests with them, lists of their items, streams of events.

Items are those of Codex rollouts. ``input_tokens`` include the cached ones. There are no times of
items; ``created_at`` is of the response (API reference, 2026-10). A stream (server-sent events, or
a line each) ends with the whole response; one that was cut gives the items that were done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Outcome, Step, StepBody, Trajectory
from workbench.traces.chat.messages import message_metrics, role_of
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import StepDraft, summed
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import line_records, line_type, mapping, one_line, top_members
from workbench.traces.lines import line_ranges, skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import iso_time

_OBJECT: Final = re.compile(rb'"object"\s*:\s*"response"')
_ITEMS: Final = re.compile(
    rb'"type"\s*:\s*"(?:function_call|function_call_output|custom_tool_call|custom_tool_call_output'
    rb'|computer_call|local_shell_call|shell_call|reasoning|web_search_call|output_text)"'
)
_KIND: Final = re.compile(r"message|reasoning|item_reference|\w+_call(?:_output)?")
_STREAMED: Final = re.compile(rb'(?:data:\s*)?\{\s*"type"\s*:\s*"response\.[a-z_.]+"')
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_STATUSES: Final[dict[str, CallStatus]] = {
    "completed": "ok",
    "failed": "error",
    "incomplete": "error",
    "cancelled": "cancelled",
    "in_progress": "running",
}
_NOT_ITEMS: Final = frozenset({"payload", "message", "uuid", "sessionId", "timestamp", "steps"})


class OpenAiResponses(Format):
    """One trajectory for a list of items, and for each response object."""

    id = "openai-responses"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for response objects, or items only this API has."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            return 12.0 if _has_items(head) else 0.0
        members = top_members(probe.head)
        if _is_response(probe.head, members):
            return 20.0
        streamed = sum(_STREAMED.match(line) is not None for line in probe.lines)
        if streamed:
            return float(streamed) + 0.5
        lines = [(line, top_members(line)) for line in probe.lines]
        responses = sum(_is_response(line, found) for line, found in lines)
        # Half a vote for items a line each: an old Codex rollout has them below a header.
        return float(responses) or 0.5 * _item_lines(lines)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all responses of the file."""
        source = sources[0]
        data = source.data
        if _is_stream(data):
            yield from _streamed(self.id, source)
            return
        listed, lost = _item_records(data)
        if listed:
            yield _items_alone(self.id, "items", listed, source, lost=lost)
            return
        for number_, node in enumerate(_documents(data), 1):
            yield _trajectory(self.id, number_, node, source)
            if progress:
                progress(node.end / len(data))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


def _has_items(head: bytes) -> bool:
    """Whether a list begins with items, one of which only this API has."""
    at = skip_space(head, 1)
    found = False
    while head[at : at + 1] == b"{":
        end = value_end(head, at) or len(head)
        keys = top_members(head[at:end]).keys()
        if "type" not in keys or keys & _NOT_ITEMS:
            return found
        found = found or _ITEMS.search(head, at, end) is not None
        at = skip_space(head, end)
        at = skip_space(head, at + 1)
    return found


def _item_lines(lines: Iterable[tuple[bytes, Mapping[str, Any]]]) -> int:
    """Return how many lines are items: all of known kinds, and one a call of a tool."""
    found = [line for line, keys in lines if "type" in keys and not keys.keys() & _NOT_ITEMS]
    kinds = [line_type(line) or "" for line in found]
    known = len(found) > 1 and all(_KIND.fullmatch(kind) for kind in kinds)
    return len(found) if known and any("_call" in kind for kind in kinds) else 0


def _is_stream(data: Buffer) -> bool:
    first = [bytes(data[at:end][:400]) for at, end in islice(line_ranges(data), 20)]
    return any(_STREAMED.match(line) for line in first)


def _events(data: Buffer) -> Iterator[Node]:
    """Yield the events of a stream; ``event:`` lines and the end's mark say nothing more."""
    for at, end in line_ranges(data):
        begin = data.find(b"{", at, min(end, at + 16))
        if begin >= 0:
            yield Node(data, begin, end)


def _streamed(format_id: str, source: SourceBytes) -> Iterator[Trajectory]:
    """Yield a trajectory for each response of a stream."""
    done: list[Node] = []
    lost: list[Node] = []
    told = number_ = 0
    for node in _events(source.data):
        kind = node.string("type") or ""
        if node.value() is None:
            lost.append(node)
        elif kind in _ENDS:
            number_ += 1
            yield _trajectory(format_id, number_, node, source, repeated=told + len(done))
            done, told = [], 0
        elif kind == "response.output_item.done" and node.get("item") is not None:
            done.append(node.get("item") or node)
        else:
            told += 1
    if done or lost:
        name = f"response-{number_ + 1}"
        yield _items_alone(format_id, name, done, source, lost=lost, repeated=told)


def _item_records(data: Buffer) -> tuple[list[Node], list[Node]]:
    """Return the items of a file that has one a line, and what is none; nothing for others."""
    head = [bytes(data[at:end]) for at, end in islice(line_ranges(data), 20)]
    lines = [(line, top_members(line)) for line in head]
    if any(_is_response(line, found) for line, found in lines) or len(head) < 2:
        return [], []
    if not all(line[:1] == b"{" for line in head[:1]) or not _item_lines(lines):
        return [], []
    nodes = [Node(data, at, end) for at, end in line_records(data)]
    items = [node for node in nodes if node.is_object and node.value() is not None]
    return items, [node for node in nodes if not node.is_object or node.value() is None]


def _items_alone(
    format_id: str,
    name: str,
    listed: Iterable[Node],
    source: SourceBytes,
    *,
    lost: Iterable[Node] = (),
    repeated: int = 0,
) -> Trajectory:
    """Read items without a response around them."""
    talk = Talk(format_id, name)
    reading = _Reading(talk)
    for item in listed:
        reading.item(item)
    reading.close()
    talk.draft.loss.duplicate += repeated
    for node in lost:
        talk.unparsed(node)
    return talk.made([source.info()], agent=None, complete=source.whole and not repeated)


def _is_response(head: bytes, members: Mapping[str, tuple[int, int]]) -> bool:
    if "output" not in members:
        inner = members.get("response")
        return inner is not None and _OBJECT.search(head, *inner) is not None
    start, end = members.get("object", (0, 0))
    return head[start:end] == b'"response"' or (
        {"output", "usage", "model"} <= members.keys()
        and _ITEMS.search(head, *members["output"]) is not None
    )


def _documents(data: Buffer) -> Iterator[Node]:
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is None or not data[end:].strip():
        document = Node.document(data)
        if document.is_list or document.is_object:
            yield document
        return
    for first, last in line_records(data):
        node = Node(data, first, last)
        if node.is_object:
            yield node


def _trajectory(
    format_id: str, number_: int, node: Node, source: SourceBytes, *, repeated: int = 0
) -> Trajectory:
    """Read a response; ``repeated`` events of its stream told the same before."""
    response = node.get("response", "body") or node.get("response") or node
    name = (response.string("id") if response.is_object else None) or f"response-{number_}"
    talk = Talk(format_id, name)
    talk.draft.loss.duplicate += repeated
    talk.model = response.string("model") if response.is_object else None
    reading = _Reading(talk)
    if node.is_list:
        for item in node.each():
            reading.item(item)
        reading.close()
        return talk.made([source.info()], agent=None, complete=source.whole)
    talk.attached()
    _prompts(reading, node, response)
    reading.close()
    before = len(talk.draft.steps)
    output = response.get("output")
    for item in output.each() if output is not None else ():
        reading.item(item)
    reading.close()
    answers = [step for step in talk.draft.steps[before:] if step.kind == "agent"]
    metrics = message_metrics(response)
    if answers:
        answers[0].metrics = metrics
    time = iso_time(response.value("created_at"))
    return talk.made(
        [source.info()],
        summed([metrics]),
        agent=None,
        session=response.string("conversation", "id") or response.string("previous_response_id"),
        started=time,
        ended=iso_time(response.value("completed_at")) or time,
        outcome=_outcome(response),
        complete=source.whole,
    )


def _prompts(reading: _Reading, node: Node, response: Node) -> None:
    """Take the instructions and the input of a request."""
    for holder in dict.fromkeys((node, response)):
        instructions = holder.get("instructions")
        if instructions is not None:
            reading.talk.say("system", instructions, _said(instructions))
        asked = holder.get("input") or holder.get("request", "input")
        if asked is not None and asked.is_string:
            reading.talk.say("user", asked, _said(asked))
        for item in asked.each() if asked is not None else ():
            reading.item(item)


class _Reading:
    """Items of one model call become one step: reasoning, texts and calls up to a result."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self._step: StepDraft | None = None

    def close(self) -> None:
        """End the step that is being made."""
        self._step = None

    def item(self, node: Node) -> None:
        """Take the next item."""
        if not node.is_object:
            self.talk.unknown("item", node)
            return
        kind = node.string("type") or ("message" if role_of(node) else "")
        role = role_of(node)
        if kind == "message" and role in ("user", "system"):
            self.close()
            self.talk.say("user" if role == "user" else "system", node, _said(node))
        elif kind.endswith("_output"):
            self.close()
            status = _STATUSES.get(node.string("status") or "", "ok")
            self.talk.answer(node.string("call_id"), node, status)
        elif kind in ("message", "reasoning") or kind.endswith("_call"):
            self._said(node, kind)
        else:
            self.close()
            self.talk.unknown(f"item/{kind or '(no type)'}", node, node.string("id"))

    def _said(self, node: Node, kind: str) -> None:
        if self._step is None:
            self._step = self.talk.say("agent", node, _said(node), node.string("id"))
            self._step.model = self.talk.model
        else:
            self.talk.more(self._step, node, _said(node))
        if kind.endswith("_call") and kind not in _ANSWERED:
            # Tools the vendor runs: the item is call and result in one.
            call = self._step.calls[-1]
            status = _STATUSES.get(node.string("status") or "", "ok")
            result = next((f for key in _RESULTS if (f := node.get(key)) is not None), node)
            self.talk.settle(call, result, status)


_ANSWERED: Final = frozenset(
    {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call"}
)
_RESULTS: Final = ("output", "outputs", "results", "result")


def _said(node: Node) -> Said:
    if node.is_string:
        return Said(node.text())
    if node.is_list:
        return Said(content_text(node.value()), media=content_media(node.value()))
    kind = node.string("type") or ""
    if kind == "reasoning":
        parts = [*_summaries(node.get("summary")), *_summaries(node.get("content"))]
        return Said(reasoning="\n\n".join(parts))
    if kind.endswith("_call"):
        name = node.string("name") or kind.removesuffix("_call")
        arguments = next((t for key in _ARGUMENTS if (t := node.text(key))), "")
        return Said(calls=(Asked(node.string("call_id") or node.string("id"), name, arguments),))
    value = node.value("content")
    return Said(content_text(value), media=content_media(value))


_ARGUMENTS: Final = ("arguments", "input", "action", "code", "queries")


def _summaries(node: Node | None) -> Iterator[str]:
    for part in node.each() if node is not None else ():
        text = part.text("text") if part.is_object else part.text()
        if text:
            yield text


def _observed(node: Node) -> Observed:
    if node.is_object and node.get("output") is not None:
        return observed(node.get("output") or node)
    return observed(node)


def _outcome(response: Node) -> Outcome:
    """Return why a response ended early; an answer is no proof of success."""
    error = mapping(response.value("error"))
    details = mapping(response.value("incomplete_details"))
    reason: Any = error.get("message") or details.get("reason") or ""
    status = response.string("status")
    return Outcome(
        status="infra" if status == "failed" else "unknown", reason=one_line(str(reason))
    )


IMPORTERS = (OpenAiResponses(),)
