"""The stream of ``codex exec --json``: threads, turns and items, without times.

Kinds as in openai/codex ``codex-rs/exec/src/exec_events.rs`` and in real recordings (2026-04).
The same records occur inside the run logs of benchmarks; ``ExecStream`` reads them there as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Metrics,
    Step,
    StepBody,
    ToolBody,
    ToolCall,
    TraceSource,
    Trajectory,
)
from workbench.traces.call_arguments import inner_command, main_argument
from workbench.traces.draft import CallDraft, StepDraft, TrajectoryDraft, record_uid, reported
from workbench.traces.escapes import text_of
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import (
    compact,
    decode_object,
    integer,
    items,
    line_records,
    line_type,
    mapping,
    member_text,
    one_line,
    string,
)
from workbench.traces.skill_watch import SkillWatch
from workbench.traces.source import SourceBytes

_ITEM_RECORDS: Final = frozenset({"item.started", "item.updated", "item.completed"})
_TURN_ENDS: Final = frozenset({"turn.completed", "turn.failed"})
_KINDS: Final = _ITEM_RECORDS | _TURN_ENDS | {"thread.started", "turn.started"}
_STATUS: Final[dict[str, CallStatus]] = {
    "completed": "ok",
    "failed": "error",
    "declined": "rejected",
    "in_progress": "running",
}
_OPEN_STATUS: Final = frozenset({"missing", "running"})


class CodexExec(Format):
    """One trajectory for each thread of the stream; log lines around it are counted."""

    id = "codex-exec"
    by_line = True

    def score(self, probe: Probe) -> float:
        """Count the lines with a kind of this stream."""
        return float(sum(line_type(line) in _KINDS for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the stream; a second thread begins a second trajectory."""
        source = sources[0]
        data = source.data
        streams = [ExecStream(TrajectoryDraft(self.id, "thread-1"))]
        for number, (start, end) in enumerate(line_records(data)):
            record = bytes(data[start:end])
            if streams[-1].other_thread(record):
                name = f"thread-{len(streams) + 1}"
                streams.append(ExecStream(TrajectoryDraft(self.id, name)))
            streams[-1].feed(record, ByteSpan(0, start, end - start))
            if progress and number % 2000 == 0:
                progress(end / len(data))
        return [stream.made(source.info(), whole=source.whole) for stream in streams]

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step from its records."""
        return exec_body(step, raw, results)


class ExecStream:
    """The records of one stream, fed in order, become the steps of ``draft``.

    The stream does not say where a model call begins. What follows a finished tool call can only
    come from the next model call; so can a second message.
    """

    def __init__(self, draft: TrajectoryDraft) -> None:
        self.draft = draft
        self.session: str | None = None
        self.totals = Metrics()
        self.items_seen = 0
        self.problem = ""
        self._step: StepDraft | None = None
        self._has_text = False
        self._calls: dict[str, CallDraft] = {}
        self._texts: dict[str, tuple[StepDraft, ByteSpan]] = {}
        self._ended = False
        self._watch = SkillWatch()

    def other_thread(self, record: bytes) -> bool:
        """Say whether the record begins another thread than the one that is read."""
        if self.session is None or b"thread.started" not in record[:200]:
            return False
        value = decode_object(record) or {}
        return value.get("type") == "thread.started" and value.get("thread_id") != self.session

    def feed(self, record: bytes, span: ByteSpan) -> None:
        """Take the next record; ``record`` has no JSON string layers any more."""
        value = decode_object(record)
        if value is None:
            self.draft.loss.unparsed.append(span)
            return
        kind = compact(value.get("type"))
        if kind in _ITEM_RECORDS and isinstance(value.get("item"), dict):
            self._item(kind, value["item"], record, span)
        elif kind == "thread.started":
            self.session = string(value.get("thread_id")) or self.session
            self._calls, self._texts = {}, {}
            self.draft.loss.attached += 1
        elif kind == "turn.started":
            self.draft.turn += 1
            self._step, self._ended = None, False
            self.draft.loss.attached += 1
        elif kind == "turn.completed":
            self._turn_completed(value, record, span)
        elif kind in ("turn.failed", "error"):
            self._failed(kind, value, record, span)
        else:
            name = kind or "(no type)"
            self.draft.unknown(name, span, record_uid(record), preview=one_line(text_of(record)))

    def made(self, source: TraceSource, *, whole: bool, **fields: Any) -> Trajectory:
        """Settle the calls that never ended and return the trajectory."""
        for call in self.draft.calls():
            if call.status == "running" and self._ended:
                call.status = "cancelled" if self.problem else "missing"
        self.draft.skill_events = self._watch.events()
        known: dict[str, Any] = {
            "format_version": None,
            "agent": "codex",
            "model": None,
            "session": self.session,
            "complete": self._ended and whole,
        }
        return self.draft.made([source], self.totals, **(known | fields))

    def _item(self, kind: str, item: dict[str, Any], record: bytes, span: ByteSpan) -> None:
        item_type = compact(item.get("type") or item.get("item_type"))
        native = string(item.get("id")) or record_uid(record)
        self.items_seen += 1
        if item_type in ("agent_message", "assistant_message", "reasoning"):
            self._text(item_type != "reasoning", item, native, span)
        elif item_type == "todo_list":
            self._plan(kind, item, native, span)
        elif item_type in _TOOLS:
            self._tool(item_type, item, native, span)
        elif item_type == "error":
            self._event("error", native, span, string(item.get("message")) or "")
            self.draft.errors += 1
        else:
            preview = one_line(text_of(record))
            self.draft.unknown(f"item:{item_type or '(no type)'}", span, native, preview=preview)

    def _text(self, is_message: bool, item: dict[str, Any], native: str, span: ByteSpan) -> None:
        earlier = self._texts.get(native)
        if earlier is not None:  # the item grew: its last record says all
            step, before = earlier
            step.raw[step.raw.index(before)] = span
            self._texts[native] = (step, span)
            self.draft.loss.duplicate += 1
            return
        step = self._model_step(native, span, again=is_message and self._has_text)
        if is_message:
            self.draft.messages += 1
            self._has_text = True
            step.preview = one_line(compact(item.get("text"))) or step.preview
        elif not step.preview:
            step.preview = one_line(compact(item.get("text")))
        self._texts[native] = (step, span)
        self.draft.loss.mapped += 1

    def _plan(self, kind: str, item: dict[str, Any], native: str, span: ByteSpan) -> None:
        """Each new state of the plan is a call of its own; the last record only repeats it."""
        known = self._calls.get(f"plan:{native}")
        if known is not None and kind == "item.completed":
            known.result.append(span)
            self.draft.loss.duplicate += 1
            return
        step = self._model_step(native, span)
        entries = items(item.get("items"))
        done = sum(mapping(entry).get("completed") is True for entry in entries)
        call = self.draft.call(
            step, native, "todo_list", argument=f"{done} of {len(entries)} done", status="ok"
        )
        call.result.append(span)
        self._calls[f"plan:{native}"] = call
        self.draft.loss.mapped += 1

    def _tool(self, item_type: str, item: dict[str, Any], native: str, span: ByteSpan) -> None:
        call = self._calls.get(native)
        if call is None:
            step = self._model_step(native, span)
            name, argument, files = _named(item_type, item)
            call = self.draft.call(step, native, name, argument=argument, files=files)
            step.preview = step.preview or one_line(f"{name}: {argument}")
            self._calls[native] = call
            self.draft.loss.mapped += 1
            if item_type == "command_execution":
                command = inner_command(item.get("command"))
                self._watch.command(step, call, command, span)
            elif files:
                self._watch.edited(step, call, files, span)
        else:
            self.draft.loss.attached += 1
        call.status, call.exit_code = _result(item)
        if call.status not in _OPEN_STATUS:
            call.result.append(span)

    def _model_step(self, native: str, span: ByteSpan, *, again: bool = False) -> StepDraft:
        """Return the step of the model call at work, with ``span`` among its records."""
        step = self._step
        if step is None or again or any(c.status not in _OPEN_STATUS for c in step.calls):
            step = self._step = self.draft.step("agent", span, native)
            self._has_text = False
        else:
            step.raw.append(span)
        return step

    def _turn_completed(self, value: dict[str, Any], record: bytes, span: ByteSpan) -> None:
        usage = _usage(mapping(value.get("usage")))
        step = self._event("turn completed", record_uid(record), span, "")
        if usage is not None:
            step.metrics, self.totals = _since(self.totals, usage)
            step.preview = f"{usage.input} tokens in, {usage.output} out, whole thread"
        self._step, self._ended = None, True

    def _failed(self, kind: str, value: dict[str, Any], record: bytes, span: ByteSpan) -> None:
        message = string(value.get("message")) or _message(value.get("error"))
        if kind == "error" or message != self.problem:  # turn.failed repeats the error before it
            self.draft.errors += 1
        self.problem = message or kind
        self._event(
            "error" if kind == "error" else "turn failed", record_uid(record), span, message
        )
        if kind == "turn.failed":
            self._step, self._ended = None, True

    def _event(self, label: str, uid: str, span: ByteSpan, text: str) -> StepDraft:
        self.draft.loss.mapped += 1
        return self.draft.step("event", span, uid, label=label, preview=one_line(text))


_TOOLS: Final = frozenset(
    {"command_execution", "file_change", "mcp_tool_call", "web_search", "collab_tool_call"}
)


def _named(item_type: str, item: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Return name, main argument and files of a tool item."""
    if item_type == "command_execution":
        return item_type, one_line(inner_command(item.get("command"))), ()
    if item_type == "file_change":
        changes = [mapping(change) for change in items(item.get("changes"))]
        files = tuple(path for change in changes if (path := string(change.get("path"))))
        return item_type, one_line(", ".join(files)), files
    if item_type == "web_search":
        return item_type, one_line(compact(item.get("query"))), ()
    server, tool = string(item.get("server")), string(item.get("tool")) or item_type
    argument = main_argument(item.get("arguments") or item.get("prompt"))
    return (f"{server}.{tool}" if server else tool), argument, ()


def _result(item: Mapping[str, Any]) -> tuple[CallStatus, int | None]:
    exit_code = integer(item.get("exit_code"))
    status = _STATUS.get(compact(item.get("status")))
    if status is None:  # early streams have no status; web searches have none either
        unfinished = item.get("type") == "command_execution" and exit_code is None
        status = "running" if unfinished else "ok"
    if item.get("error") or (status == "ok" and exit_code not in (None, 0)):
        status = "error"
    return status, exit_code


def _usage(usage: Mapping[str, Any]) -> Metrics | None:
    return reported(
        input=integer(usage.get("input_tokens")),
        cached=integer(usage.get("cached_input_tokens")),
        output=integer(usage.get("output_tokens")),
        reasoning=integer(usage.get("reasoning_output_tokens")),
    )


def _since(before: Metrics, now: Metrics) -> tuple[Metrics, Metrics]:
    """Return (what the turn used, the thread's new total).

    ``turn.completed`` repeats the session's ``total_token_usage``: a number that shrinks means
    that another process began to count anew.
    """
    names = ("input", "cached", "output", "reasoning")
    old = {name: getattr(before, name) or 0 for name in names}
    new = {name: getattr(now, name) for name in names}
    if all(new[name] is None or new[name] >= old[name] for name in names):
        return (
            Metrics(**{n: None if new[n] is None else new[n] - old[n] for n in names}),
            now,
        )
    return now, Metrics(**{n: None if new[n] is None else new[n] + old[n] for n in names})


def _message(error: Any) -> str:
    if isinstance(error, dict):
        return string(error.get("message")) or compact(error)
    return compact(error)


def exec_body(step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]) -> StepBody:
    """Build the text of a step of an exec stream from its records."""
    if step.kind == "event":
        return StepBody(index=step.index, text=_event_text(step, raw), reasoning="")
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[ToolBody] = []
    for record in raw:
        item = mapping((decode_object(record) or {}).get("item"))
        item_type = item.get("type") or item.get("item_type")
        text = compact(item.get("text"))
        if item_type in ("agent_message", "assistant_message"):
            texts.append(text)
        elif item_type == "reasoning":
            reasoning.append(text)
        elif len(calls) < len(step.tool_calls):
            call = step.tool_calls[len(calls)]
            calls.append(_tool_body(call, record, results.get(call.id, ())))
    return StepBody(
        index=step.index,
        text="\n\n".join(text for text in texts if text),
        reasoning="\n\n".join(text for text in reasoning if text),
        tool_calls=tuple(calls),
    )


def _event_text(step: Step, raw: Sequence[bytes]) -> str:
    record = raw[0] if raw else b""
    for keys in (("message",), ("error", "message"), ("item", "message"), ("usage",)):
        text = member_text(record, *keys)
        if text is not None and step.label in ("error", "turn failed", "turn completed"):
            return text
    return text_of(record)


def _tool_body(call: ToolCall, record: bytes, results: Sequence[bytes]) -> ToolBody:
    arguments = next(
        (
            text
            for name in ("command", "arguments", "query", "changes", "items", "prompt")
            if (text := member_text(record, "item", name)) is not None
        ),
        "",
    )
    observation = None
    for result in results:
        item = mapping((decode_object(result) or {}).get("item"))
        observation = _observation(item)
    return ToolBody(
        id=call.id,
        name=call.name,
        arguments=arguments,
        status=call.status,
        exit_code=call.exit_code,
        observation=observation,
    )


def _observation(item: Mapping[str, Any]) -> str | None:
    if isinstance(item.get("aggregated_output"), str):
        return compact(item["aggregated_output"])
    if item.get("error"):
        return _message(item["error"])
    content = [mapping(part) for part in items(mapping(item.get("result")).get("content"))]
    if content:
        return "\n".join(compact(part.get("text")) for part in content if part.get("text"))
    return None


IMPORTERS = (CodexExec(),)
