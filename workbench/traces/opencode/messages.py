"""The messages of an OpenCode session: parts become steps, calls and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics
from workbench.traces.draft import StepDraft, summed
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import integer, mapping, number, one_line, string
from workbench.traces.talk import Asked, Observed, Said, Talk, field_notes, observed
from workbench.traces.times import iso_time

_STATUSES: Final[dict[str, CallStatus]] = {
    "completed": "ok",
    "success": "ok",
    "error": "error",
    "running": "running",
    "pending": "running",
}
_SAID: Final = frozenset({"text", "reasoning", "tool", "file"})
_NOTED: Final = frozenset({"step-start", "step-finish", "snapshot", "patch", "agent", "subtask"})


class Session:
    """One session while its messages are read."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self._costs: list[float] = []

    def totals(self) -> Metrics | None:
        """Return the steps added up, with the cost of the messages where steps have none."""
        added = summed(step.metrics for step in self.talk.draft.steps)
        if added.cost_usd is None and any(self._costs):
            return Metrics(
                *(added.input, added.output, added.cached, added.cache_write),
                reasoning=added.reasoning,
                cost_usd=sum(self._costs),
            )
        return added

    def message(self, info: Node | None, parts: list[Node]) -> None:
        """Take a message and its parts."""
        head = mapping(info.value()) if info is not None else {}
        role = string(head.get("role"))
        node = info if info is not None else next(iter(parts), None)
        if node is None:
            return
        time = iso_time(mapping(head.get("time")).get("created"))
        if role == "user":
            step = self.talk.say("user", node, _all_said(parts), string(head.get("id")), time=time)
            self._rest(step, info, parts)
        elif role == "assistant":
            self._assistant(node, head, parts, time)
        else:
            self.talk.unknown(f"message/{role or '(no role)'}", node, string(head.get("id")))

    def _rest(self, step: StepDraft, info: Node | None, parts: list[Node]) -> None:
        """Give the records of a user's message to its step."""
        step.raw = [node.span() for node in (*((info,) if info else ()), *parts)]
        for part in parts:
            kind = part.string("type") or ""
            if kind in _SAID | _NOTED:
                self.talk.attached()
            elif kind == "compaction":
                self.talk.event(kind, part, part_said(part), kind="context", uid=part.string("id"))
            else:
                self.talk.unknown(f"part/{kind or '(no type)'}", part, part.string("id"))
            if part.value("synthetic") is True:
                step.flag("injected")

    def _assistant(
        self, node: Node, head: Mapping[str, Any], parts: list[Node], time: str | None
    ) -> None:
        model = string(head.get("modelID")) or string(mapping(head.get("model")).get("modelID"))
        self.talk.model = self.talk.model or model
        place = mapping(head.get("path"))
        self.talk.cwd = self.talk.cwd or string(place.get("cwd")) or string(head.get("path")) or ""
        said = part_said(node)
        step = self.talk.say("agent", node, said, string(head.get("id")), time=time, model=model)
        first, opened, tokens_seen = step, False, False
        for part in parts:
            kind = part.string("type") or ""
            if kind == "step-start" and opened:
                begun = iso_time(part.value("time", "start")) or time
                step = self.talk.say(
                    "agent", part, Said(), part.string("id"), time=begun, model=model
                )
                continue
            opened = opened or kind == "step-start"
            if kind == "step-finish":
                step.metrics = _metrics(mapping(part.value()))
                tokens_seen = tokens_seen or step.metrics is not None
            self._part(step, part, kind)
        if not tokens_seen:
            first.metrics = _metrics(head)
        elif number(head.get("cost")):
            self._costs.append(number(head.get("cost")) or 0.0)
        if head.get("error"):
            self._failed(step, mapping(head.get("error")))

    def _failed(self, step: StepDraft, error: Mapping[str, Any]) -> None:
        aborted = "Aborted" in (string(error.get("name")) or "")
        step.flag("interrupted" if aborted else "api_error")
        self.talk.draft.errors += not aborted

    def _part(self, step: StepDraft, part: Node, kind: str) -> None:
        if kind == "compaction":
            self.talk.event(kind, part, part_said(part), kind="context", uid=part.string("id"))
        elif kind == "retry":
            event = self.talk.event(kind, part, part_said(part), uid=part.string("id"))
            event.flag("api_error")
            self.talk.draft.errors += 1
        elif kind in _SAID | _NOTED:
            mapped, messages = self.talk.draft.loss.mapped, self.talk.draft.messages
            self.talk.more(step, part, part_said(part))
            self.talk.draft.loss.mapped, self.talk.draft.messages = mapped, messages
            self.talk.attached()
            if kind == "tool":
                self._settle(step, part)
        else:
            self.talk.unknown(f"part/{kind or '(no type)'}", part, part.string("id"))

    def _settle(self, step: StepDraft, part: Node) -> None:
        call = step.calls[-1]
        state = mapping(part.value("state"))
        metadata = mapping(state.get("metadata"))
        status = _STATUSES.get(string(state.get("status")) or "", "missing")
        times = mapping(state.get("time"))
        start, end = number(times.get("start")), number(times.get("end"))
        call.exit_code = integer(metadata.get("exit"))
        call.duration_s = (end - start) / 1000 if start and end and end >= start else None
        call.sub = string(metadata.get("sessionId")) or string(metadata.get("sessionID"))
        if status == "ok" and (call.exit_code not in (None, 0) or call.name == "invalid"):
            status = "error"
        call.status = status
        result = part.get("state", "error") if status == "error" else None
        result = result or part.get("state", "output")
        if result is not None:
            self.talk.settle(call, result, status)
        elif status == "ok":
            call.status = "missing"


def part_said(node: Node) -> Said:
    """Return what a part says; of the record of a message only its error."""
    if node.get("role") is not None and node.get("type") is None:
        error = node.get("error")
        told = (error.text("data", "message") or error.text("message")) if error is not None else ""
        return Said(told, notes=field_notes(error, "name") if error is not None else ())
    kind = node.string("type")
    if kind == "text":
        return Said(node.text("text"))
    if kind == "reasoning":
        return Said(reasoning=node.text("text"))
    if kind == "tool":
        arguments = node.text("state", "input") or node.text("state", "raw")
        name = node.string("tool") or "tool"
        return Said(calls=(Asked(node.string("callID") or node.string("id"), name, arguments),))
    if kind == "file":
        place = node.text("filename") or node.text("url")
        return Said(media=(f"{node.text('mime') or 'file'}: {one_line(_place(place))}",))
    if kind in ("subtask", "agent"):
        return Said(node.text("prompt"), notes=field_notes(node, "agent", "name", "description"))
    if kind == "retry":
        return Said(node.text("error", "data", "message") or node.text("error"))
    if kind == "patch":
        return Said(notes=field_notes(node, "files", "hash"))
    return Said(notes=field_notes(node, "reason", "auto", "overflow", "tail_start_id"))


def part_observed(node: Node) -> Observed:
    """Read the output of a tool, or its error."""
    return observed(node)


def _place(text: str) -> str:
    return f"{len(text)} characters kept in the trace" if text.startswith("data:") else text


def _all_said(parts: list[Node]) -> Said:
    said = [part_said(part) for part in parts if part.string("type") in _SAID]
    return Said(
        "\n\n".join(one.text for one in said if one.text),
        media=tuple(medium for one in said for medium in one.media),
    )


def _metrics(told: Mapping[str, Any]) -> Metrics | None:
    """Return tokens and cost of a model call; the recorded input is without the cache."""
    tokens = mapping(told.get("tokens"))
    cache = mapping(tokens.get("cache"))
    counts = [integer(tokens.get("input")), integer(cache.get("read")), integer(cache.get("write"))]
    known = [count for count in counts if count is not None]
    cost = told.get("cost")
    made = Metrics(
        input=sum(known) if counts[0] is not None else None,
        output=integer(tokens.get("output")),
        cached=counts[1],
        cache_write=counts[2],
        reasoning=integer(tokens.get("reasoning")),
        cost_usd=(number(cost) or number(mapping(cost).get("usd"))) or None,
    )
    return made if made.input or made.output or made.cost_usd else None
