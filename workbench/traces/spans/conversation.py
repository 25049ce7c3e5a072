"""The spans of one trace as a conversation: prompts, model calls, tools, subagents.

Each model call repeats the whole history; only what is new in it becomes a step. A call that only
wraps other model calls is no step of its own, unless it alone kept the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from workbench.domain.trajectory import CallStatus, Metrics, Step, StepBody, TraceSource, Trajectory
from workbench.traces.draft import COPIED, CallDraft, StepDraft
from workbench.traces.json_nodes import Node
from workbench.traces.spans.messages import Group, key_of, read_group
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import seconds_between

SpanKind = Literal["model", "tool", "agent", "other"]


class SpanView(Struct, eq=False):
    """One span as its format tells it. Times are ISO; ``order`` sorts the spans of a trace.

    ``prompts`` are read when they are needed: each model call repeats the whole history.
    """

    id: str
    parent: str | None
    kind: SpanKind
    name: str
    node: Node
    order: tuple[Any, ...]
    start: str | None = None
    end: str | None = None
    label: str = ""
    model: str | None = None
    metrics: Metrics | None = None
    error: str = ""
    failed: bool = False
    prompts: Callable[[], list[Group]] = list
    answers: list[Group] = []
    tool: str = ""
    call: str | None = None
    arguments: Node | None = None
    result: Node | None = None


class Conversation:
    """Builds the trajectory of one trace."""

    def __init__(self, talk: Talk, spans: Sequence[SpanView]) -> None:
        self.talk = talk
        self._spans = sorted(spans, key=lambda span: span.order)
        self._by_id = {span.id: span for span in spans}
        self._seen: dict[str, Counter[str]] = {}
        self._wrapping = self._wrappers()
        self._main: str | None = None
        self._answers: set[str] = set()
        self._asked_for: set[str] = set()
        self._only_other = all(span.kind in ("other", "agent") for span in spans)

    def made(
        self, sources: Sequence[TraceSource], totals: Metrics | None = None, **fields: Any
    ) -> Trajectory:
        """Read all spans and return the finished trajectory."""
        for span in self._spans:
            self._span(span)
        for span in self._spans:
            if span.id in self._wrapping:
                self._kept_answer(span)
        starts = sorted(span.start for span in self._spans if span.start)
        ends = sorted(span.end for span in self._spans if span.end)
        fields.setdefault("started", starts[0] if starts else None)
        fields.setdefault("ended", ends[-1] if ends else None)
        return self.talk.made(sources, totals, **fields)

    def _span(self, span: SpanView) -> None:
        self.talk.model = self.talk.model or span.model
        if span.kind == "model" and span.id not in self._wrapping:
            self._model(span)
        elif span.kind == "tool":
            self._tool(span)
        elif span.failed:
            step = self.talk.event(
                span.label or "span", span.node, Said(span.error), uid=span.id, time=span.start
            )
            step.flag("error")
        elif self._only_other and span.kind == "other":
            # A trace of another kind of program: its spans are all there is to show.
            step = self.talk.event(span.label or "span", span.node, Said(span.name), uid=span.id)
            step.time = span.start
        elif span.kind in ("agent", "model"):
            self.talk.attached()
        else:
            self.talk.draft.loss.left_out(f"span/{span.label or 'other'}")

    def _model(self, span: SpanView) -> None:
        """Take what is new in the prompt, then the answer."""
        scope = self._scope(span)
        if self._main is None:
            self._main = scope
        side = scope != self._main
        seen = self._seen.setdefault(scope, Counter())
        self._prompts(span, seen, side=side)
        read = [read_group(group) for group in span.answers]
        first = span.answers[0][0] if span.answers else span.node
        said = _joined([one[1] for one in read])
        step = self.talk.say("agent", first, said, span.id, time=span.start)
        step.raw = _spans(node for group in span.answers for node in group) or [span.node.span()]
        step.model, step.metrics = span.model, span.metrics
        for _, one, _ in read:
            seen[key_of("assistant", one)] += 1
            self._asked_for.add(key_of("assistant", one))
        self._answers.add(said.text)
        if not span.answers:
            step.preview = step.preview or (span.error or "content not recorded")[:200]
            step.flag("content_not_recorded")
        if side:
            step.flag("sidechain")
        if span.failed:
            step.flag("api_error")
            self.talk.draft.errors += 1

    def _prompts(self, span: SpanView, seen: Counter[str], *, side: bool) -> None:
        local: Counter[str] = Counter()
        for group in span.prompts():
            role, said, results = read_group(group)
            for native, node in results:
                call = self.talk.open_call(native)
                if call is not None and not call.result:
                    self.talk.settle(call, node, "ok")
            if role == "tool":
                continue
            role = role or "user"
            key = key_of(role, said)
            local[key] += 1
            if local[key] <= seen[key] or not (said.text or said.media or said.calls):
                continue
            seen[key] = local[key]
            if role == "assistant" and key in self._asked_for:
                continue  # said to another agent, and handed over
            self._prompt(role, group, said, span, side=side)

    def _prompt(
        self, role: str, group: Group, said: Said, span: SpanView, *, side: bool
    ) -> StepDraft | None:
        before = self.talk.draft.loss.mapped
        if role == "assistant":
            # An earlier turn that has no span here: shown, but counted in its own trace.
            step = self.talk.say("agent", group[0], said)
            step.flag(COPIED)
        elif side:
            step = self.talk.say("system" if role == "system" else "context", group[0], said)
            step.flag("sidechain")
        else:
            step = self.talk.say("system" if role == "system" else "user", group[0], said)
        step.raw = _spans(group)
        step.time = span.start
        self.talk.draft.loss.mapped = before  # part of a span, not a record of its own
        return step

    def _tool(self, span: SpanView) -> None:
        """Give a tool's span to the call a model asked for, or show it alone."""
        status: CallStatus = "error" if span.failed else "ok"
        call = self._asked(span)
        if call is None:
            step = self.talk.say("event", span.node, span_said(span), span.id, time=span.start)
            step.label = "tool"
            call = step.calls[-1]
        else:
            self.talk.attached()
        call.duration_s = seconds_between(span.start, span.end)
        result = span.result
        if result is None:
            call.status = status if span.failed or span.end else "running"
            if span.failed:
                call.result.append(span.node.span())
            return
        self.talk.settle(call, result, status)

    def _asked(self, span: SpanView) -> CallDraft | None:
        """Return the call: of that id, or the oldest waiting one of that name."""
        if span.call is not None:
            call = self.talk.open_call(span.call)
            if call is not None and not call.result:
                return call
        for step in reversed(self.talk.draft.steps):
            for call in step.calls:
                if call.name == span.tool and not call.result and step.kind == "agent":
                    return call if span.call is None else None
        return None

    def _kept_answer(self, span: SpanView) -> None:
        """Show the answer of a wrapping call when no call inside it kept it."""
        for group in span.answers:
            _, said, _ = read_group(group)
            if said.text and said.text not in self._answers:
                self._answers.add(said.text)
                before = self.talk.draft.loss.mapped
                step = self.talk.say("agent", group[0], said, f"{span.id}/answer", time=span.end)
                step.raw = _spans(group)
                step.label = "answer"
                self.talk.draft.loss.mapped = before

    def _wrappers(self) -> set[str]:
        """Return the model spans that have model spans below them."""
        found: set[str] = set()
        for span in self._spans:
            if span.kind != "model":
                continue
            above = self._by_id.get(span.parent or "")
            for _ in range(64):
                if above is None or above.kind in ("tool", "agent"):
                    break
                if above.kind == "model":
                    found.add(above.id)
                above = self._by_id.get(above.parent or "")
        return found

    def _scope(self, span: SpanView) -> str:
        """Return the agent a call belongs to: the nearest agent or tool above it."""
        above = self._by_id.get(span.parent or "")
        for _ in range(256):
            if above is None:
                return ""
            if above.kind in ("agent", "tool"):
                return above.id
            above = self._by_id.get(above.parent or "")
        return ""


def span_said(span: SpanView) -> Said:
    """Return what a tool's span alone says."""
    arguments = span.arguments.text() if span.arguments is not None else ""
    return Said(calls=(Asked(span.call, span.tool or span.name, arguments),))


def conversation_body(
    step: Step,
    raw: Sequence[bytes],
    results: Mapping[str, Sequence[bytes]],
    read_span: Any,
) -> StepBody:
    """Build the text of a step; ``read_span`` makes a view of a span's record, None of others."""
    nodes = [Node.of(record) for record in raw]
    view: SpanView | None = read_span(nodes[0]) if nodes else None
    if view is None:
        said = _joined([read_group(group)[1] for group in _groups(nodes)])
    elif step.tool_calls:
        said = span_said(view)
    else:
        missing = step.kind == "agent" and not view.error
        said = Said(view.error, notes=("content: not recorded",) if missing else ())
    return said_body(step, raw[:1], results, lambda _: said, _observed)


def _groups(nodes: list[Node]) -> list[Group]:
    """Put the attributes of one message together again."""
    flat = [node for node in nodes if node.is_object and "key" in node.members()]
    if not flat:
        return [(node,) for node in nodes]
    groups: dict[str, list[Node]] = {}
    for node in flat:
        groups.setdefault(".".join((node.string("key") or "").split(".")[:3]), []).append(node)
    return [tuple(group) for group in groups.values()]


def _spans(nodes: Any) -> list[Any]:
    return list(dict.fromkeys(node.span() for node in nodes))


def _joined(said: Sequence[Said]) -> Said:
    return Said(
        "\n\n".join(one.text for one in said if one.text),
        "\n\n".join(one.reasoning for one in said if one.reasoning),
        tuple(call for one in said for call in one.calls),
        tuple(medium for one in said for medium in one.media),
    )


def _observed(node: Node) -> Observed:
    if node.is_string:
        return Observed(node.text())
    if node.is_object and ("spanId" in node.members() or "statusMessage" in node.members()):
        return Observed(node.text("status", "message") or node.text("statusMessage"))
    return observed(node)
