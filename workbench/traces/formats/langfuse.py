"""Langfuse: ``{"trace": …, "observations": […]}``, one a file, a list of them, or lines; pages of
its API (``{"data": […], "meta": …}``) and blob exports, which hold traces or lone observations.

Inputs and outputs are JSON or JSON kept in a text. Whether ``usageDetails.input`` includes the
cache differs by vendor; the recorded total tells. Shapes from real exports since 2025-09 (v3).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import (
    Metrics,
    Outcome,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    integer,
    items,
    line_records,
    mapping,
    number,
    string,
    top_members,
)
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.spans.conversation import Conversation, SpanKind, SpanView, conversation_body
from workbench.traces.spans.messages import listed_messages
from workbench.traces.talk import Talk
from workbench.traces.verdicts import score_of, scored

_KINDS: Final[dict[str, SpanKind]] = {
    "GENERATION": "model",
    "TOOL": "tool",
    "AGENT": "agent",
}
_OBSERVED: Final = frozenset({"traceId", "type", "startTime"})
_TRACE_KEYS: Final = frozenset({"observations", "trace"})


class Langfuse(Format):
    """One trajectory for each trace."""

    id = "langfuse"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for a trace with its observations."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            start = skip_space(head, 1)
            end = value_end(head, start) or len(head)
            return 20.0 if _is_export(head[start:end]) else 0.0
        if _is_export(probe.head) or _is_page(probe.head):
            return 20.0
        return float(sum(_is_export(line) for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all traces of the file."""
        source = sources[0]
        lone: dict[str, list[Node]] = {}
        unparsed: list[Node] = []
        for number_, node in enumerate(_exports(source.data), 1):
            if node.is_object and node.members().keys() >= _OBSERVED:
                lone.setdefault(node.text("traceId"), []).append(node)
            elif node.is_object and node.value() is not None:
                yield _trajectory(self.id, number_, node, source)
            else:
                unparsed.append(node)
            if progress:
                progress(node.end / len(source.data))
        for name, listed in lone.items():
            talk = Talk(self.id, name)
            talk.draft.loss.unparsed, unparsed = [node.span() for node in unparsed], []
            yield Conversation(talk, _views(talk, listed)).made(
                [source.info()], agent=None, session=None, complete=source.whole
            )

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return conversation_body(step, raw, results, _view_of)


def _is_export(data: bytes) -> bool:
    members = top_members(data)
    if members.keys() >= _OBSERVED and members.keys() & {"level", "usageDetails", "projectId"}:
        return True
    if members.keys() >= _TRACE_KEYS:
        start, first = members["trace"][0], members["observations"][0]
        return data[start : start + 1] == b"{" and data[first : first + 1] == b"["
    if len(members) == 1 and "trace" in members:
        # A trace larger than the window of detection.
        inner = top_members(data, *members["trace"])
        return inner.keys() >= {"id", "projectId", "timestamp"}
    # The API gives a trace with its observations inside.
    return members.keys() >= {"observations", "projectId", "timestamp"}


def _is_page(head: bytes) -> bool:
    """Whether it is a page of the API: a list of traces or observations, with where it stands."""
    members = top_members(head)
    if "data" not in members or len(members.keys() - {"data", "meta"}) > 0:
        return False
    start, end = members["data"]
    first = skip_space(head, start + 1, end)
    if head[start : start + 1] != b"[" or head[first : first + 1] != b"{":
        return False
    item = head[first : value_end(head, first, end) or end]
    keys = top_members(item).keys()
    return _is_export(item) or keys >= {"id", "projectId", "timestamp"}


def _exports(data: Buffer) -> Iterator[Node]:
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is None or not data[end:].strip():
        document = Node.document(data)
        page = document.get("data") if "observations" not in document.members() else None
        listed = page if page is not None and page.is_list else document
        yield from listed.each() if listed.is_list else (document,)
        return
    for first, last in line_records(data):
        yield Node(data, first, last)


def _trajectory(format_id: str, number_: int, node: Node, source: SourceBytes) -> Trajectory:
    trace = node.get("trace") or node
    talk = Talk(format_id, trace.string("id") or f"trace-{number_}")
    talk.attached()
    listed = node.get("observations") or trace.get("observations")
    views = _views(talk, listed.each() if listed is not None else ())
    values = mapping({key: True for key, one in trace.members().items() if one.raw() != b"null"})
    talk.lost(values, "metadata", "tags", "corrections")
    return Conversation(talk, views).made(
        [source.info()],
        agent=trace.string("name"),
        session=trace.string("sessionId"),
        format_version=trace.string("version"),
        started=trace.string("timestamp"),
        outcome=_outcome(trace),
        complete=source.whole and node.raw()[-1:] == b"}",
    )


def _views(talk: Talk, listed: Iterable[Node]) -> list[SpanView]:
    views = []
    for at, one in enumerate(listed):
        view = _view(one, at)
        if view is None:
            talk.unparsed(one)
        else:
            views.append(view)
    return views


def _outcome(trace: Node) -> Outcome:
    """Return the verdict of a score that says whether the task was done; others judge style."""
    found = map(mapping, items(trace.value("scores")))
    return scored([score_of(s.get("name"), s.get("value"), s.get("stringValue")) for s in found])


def _view(node: Node, at: int = 0) -> SpanView | None:
    value = mapping(node.value())
    if not value:
        return None
    kind = string(value.get("type")) or ""
    begun = string(value.get("startTime")) or ""
    given, made = node.get("input"), node.get("output")
    model = _KINDS.get(kind) == "model"
    told = _told(node) if kind == "TOOL" else {}
    return SpanView(
        id=string(value.get("id")) or f"observation-{at}",
        parent=string(value.get("parentObservationId")),
        kind=_KINDS.get(kind, "other"),
        name=string(value.get("name")) or "",
        node=node,
        order=(begun, at),
        start=begun or None,
        end=string(value.get("endTime")),
        label=kind,
        model=string(value.get("model")),
        metrics=_metrics(value),
        error=string(value.get("statusMessage")) or "",
        failed=value.get("level") == "ERROR",
        prompts=functools.partial(listed_messages, given) if model else list,
        answers=listed_messages(made) if model else [],
        tool=string(told.get("ai.toolCall.name")) or string(value.get("name")) or "tool",
        call=string(told.get("ai.toolCall.id")) or string(told.get("toolCallId")),
        arguments=given,
        result=made,
    )


def _view_of(node: Node) -> SpanView | None:
    known = node.is_object and {"startTime", "traceId"} <= node.members().keys()
    return _view(node) if known else None


def _told(node: Node) -> dict[str, Any]:
    """Return the attributes a framework left in the metadata, an object or JSON in a text."""
    metadata = node.get("metadata")
    told = mapping(metadata.opened().value()) if metadata is not None else {}
    return mapping(told.get("attributes")) or told


def _metrics(value: Mapping[str, Any]) -> Metrics | None:
    usage = mapping(value.get("usageDetails"))
    read = integer(usage.get("cache_read_input_tokens"))
    write = integer(usage.get("cache_creation_input_tokens"))
    apart = integer(usage.get("input_cached_tokens"))
    taken = integer(usage.get("input")) or integer(value.get("inputUsage"))
    cached = apart if apart is not None else read
    output = integer(usage.get("output")) or integer(value.get("outputUsage"))
    whole = (taken or 0) + (cached or 0) + (write or 0)
    if integer(usage.get("total")) == whole + (output or 0):
        taken = whole
    costs = mapping(value.get("costDetails"))
    made = Metrics(
        input=taken or None,
        output=output or None,
        cached=cached,
        cache_write=write,
        reasoning=integer(usage.get("output_reasoning_tokens")),
        cost_usd=(number(costs.get("total")) or number(value.get("totalCost"))) or None,
    )
    return made if made.input or made.output or made.cost_usd else None


IMPORTERS = (Langfuse(),)
