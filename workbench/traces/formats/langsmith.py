"""LangSmith runs: JSON or JSON lines, from the SDK or a bulk export.

``dotted_order`` (``<UTC>Z<uuid>.<UTC>Z<uuid>…``) is the order and the tree in one. Messages are
LangChain's own serialisation or those of the vendor. Known from the documentation (2026-10) and the
SDK's run schema alone; unknown shapes are shown raw.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import Metrics, Score, Step, StepBody, Trajectory
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
from workbench.traces.spans.messages import Group, listed_messages
from workbench.traces.talk import Talk
from workbench.traces.verdicts import score_of, scored

_KINDS: Final[dict[str, SpanKind]] = {"llm": "model", "tool": "tool"}
_MARKS: Final = frozenset({"run_type", "trace_id", "dotted_order"})
_CALL_ID: Final = re.compile(r'"(?:tool_call_id|id)"\s*:\s*"(call_[^"]+|toolu_[^"]+)"')


class LangSmith(Format):
    """One trajectory for each trace of runs."""

    id = "langsmith"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Count runs: at least two of type, trace and dotted order."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            start = skip_space(head, 1)
            return 20.0 if _is_run(head[start : value_end(head, start) or len(head)]) else 0.0
        members = top_members(probe.head)
        if "runs" in members:
            start, end = members["runs"]
            first = skip_space(probe.head, start + 1)
            stop = value_end(probe.head, first) or end
            return 20.0 if _is_run(probe.head[first:stop]) else 0.0
        return float(sum(_is_run(line) for line in probe.lines)) or (
            20.0 if _is_run(probe.head) else 0.0
        )

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all runs, then build the traces in the order they began."""
        source = sources[0]
        traces: dict[str, list[SpanView]] = {}
        sessions: dict[str, str | None] = {}
        scores: dict[str, list[Score]] = {}
        unparsed: list[Node] = []
        for at, node in enumerate(_runs(source.data)):
            view = _view(node, at)
            if view is None:
                unparsed.append(node)
                continue
            trace = node.string("trace_id") or _root(view, node)
            traces.setdefault(trace, []).append(view)
            metadata = mapping(node.value("extra", "metadata"))
            found = string(metadata.get("thread_id")) or string(metadata.get("session_id"))
            sessions[trace] = sessions.get(trace) or found or node.string("session_id")
            scores.setdefault(trace, []).extend(_feedback(node))
            if progress and at % 200 == 0:
                progress(node.end / len(source.data))
        for name, views in sorted(traces.items(), key=lambda pair: min(v.order for v in pair[1])):
            talk = Talk(self.id, name)
            talk.draft.loss.unparsed, unparsed = [node.span() for node in unparsed], []
            root = min(views, key=lambda view: view.order)
            yield Conversation(talk, views).made(
                [source.info()],
                agent=root.name or None,
                session=sessions.get(name),
                outcome=scored(scores[name]),
                complete=source.whole and bool(root.end),
            )

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return conversation_body(step, raw, results, _view_of)


def _feedback(node: Node) -> Iterator[Score]:
    """Yield what people and evaluators said of a run: each feedback, else the mean of each key."""
    listed = node.get("feedback")
    for one in map(mapping, items(listed.value()) if listed is not None else ()):
        yield score_of(one.get("key"), one.get("score", one.get("value")), one.get("comment"))
    if listed is None:
        for key, one in mapping(node.value("feedback_stats")).items():
            if mapping(one).get("n"):
                yield score_of(key, mapping(one).get("avg"))


def _is_run(data: bytes) -> bool:
    return len(top_members(data).keys() & _MARKS) >= 2


def _runs(data: Buffer) -> Iterator[Node]:
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is None or not data[end:].strip():
        document = Node.document(data)
        listed = document if document.is_list else document.get("runs")
        for node in listed.each() if listed is not None else (document,):
            yield from _with_children(node)
        return
    for first, last in line_records(data):
        yield from _with_children(Node(data, first, last))


def _with_children(node: Node, depth: int = 0) -> Iterator[Node]:
    yield node
    inner = node.get("child_runs") if node.is_object and depth < 32 else None
    for child in inner.each() if inner is not None else ():
        yield from _with_children(child, depth + 1)


def _root(view: SpanView, node: Node) -> str:
    order = node.string("dotted_order") or ""
    return order.split(".", 1)[0].rpartition("Z")[2] or view.parent or view.id


def _view(node: Node, at: int = 0) -> SpanView | None:
    value = mapping(node.value())
    if not value:
        return None
    kind = string(value.get("run_type")) or ""
    order = string(value.get("dotted_order")) or string(value.get("start_time")) or ""
    given, made = node.get("inputs"), node.get("outputs")
    model = _KINDS.get(kind) == "model"
    error = node.text("error")
    return SpanView(
        id=string(value.get("id")) or f"run-{at}",
        parent=string(value.get("parent_run_id")) or _above(order),
        kind=_KINDS.get(kind, "other"),
        name=string(value.get("name")) or "",
        node=node,
        order=(order, at),
        start=_utc(value.get("start_time")),
        end=_utc(value.get("end_time")),
        label=kind,
        model=_model(value),
        metrics=_metrics(value),
        error=error,
        failed=bool(error) or value.get("status") == "error",
        prompts=functools.partial(listed_messages, given) if model else list,
        answers=_answers(made) if model else [],
        tool=string(value.get("name")) or "tool",
        call=_call(node),
        arguments=_only(given, "input"),
        result=_only(made, "output"),
    )


def _view_of(node: Node) -> SpanView | None:
    return _view(node) if node.is_object and "run_type" in node.members() else None


def _answers(made: Node | None) -> list[Group]:
    """Return the messages of the first generation, or of the vendor's response."""
    found = listed_messages(made)
    return found[:1] if made is not None and made.get("generations") is not None else found


def _only(node: Node | None, name: str) -> Node | None:
    """Return the one value a tool got or gave, or the whole."""
    if node is None or not node.is_object:
        return node
    inner = node.get(name)
    if inner is None:
        return node
    content = inner.get("content") or inner.get("kwargs", "content")
    return content or inner


def _call(node: Node) -> str | None:
    for path in (("outputs",), ("inputs",), ("extra",)):
        found = _CALL_ID.search(node.text(*path))
        if found is not None:
            return found.group(1)
    return None


def _above(order: str) -> str | None:
    parts = order.split(".")
    return parts[-2].rpartition("Z")[2] or None if len(parts) > 1 else None


def _utc(value: Any) -> str | None:
    """Return a time; those without a zone are UTC."""
    text = string(value)
    if text is None or text.endswith("Z") or re.search(r"[+-]\d\d:?\d\d$", text):
        return text
    return f"{text}Z"


def _model(value: Mapping[str, Any]) -> str | None:
    extra = mapping(value.get("extra"))
    metadata = mapping(extra.get("metadata"))
    settings = mapping(extra.get("invocation_params"))
    names = (metadata.get("ls_model_name"), settings.get("model"), settings.get("model_name"))
    return next((name for one in names if (name := string(one))), None)


def _metrics(value: Mapping[str, Any]) -> Metrics | None:
    used = mapping(mapping(value.get("outputs")).get("usage_metadata"))
    read = mapping(used.get("input_token_details"))
    prompt = integer(value.get("prompt_tokens"))
    answer = integer(value.get("completion_tokens"))
    made = Metrics(
        input=prompt if prompt is not None else integer(used.get("input_tokens")),
        output=answer if answer is not None else integer(used.get("output_tokens")),
        cached=integer(read.get("cache_read")),
        cache_write=integer(read.get("cache_creation")),
        reasoning=integer(mapping(used.get("output_token_details")).get("reasoning")),
        cost_usd=_cost(value.get("total_cost")),
    )
    return made if made.input or made.output or made.cost_usd else None


def _cost(value: Any) -> float | None:
    """Return a cost, which bulk exports write as a text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}(?:\.\d{1,18})?", value):
        value = float(value)
    return number(value) or None


IMPORTERS = (LangSmith(),)
