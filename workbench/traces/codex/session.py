"""The records of a Codex rollout, fed in order, become the steps of one session.

A ``token_count`` closes an API call; what the model says after a tool's output comes from the next
call as well, also in old files without counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from workbench.domain.trajectory import ByteSpan, Metrics, StepKind
from workbench.traces.codex.calls import Calls
from workbench.traces.codex.fork import ForkGate
from workbench.traces.codex.spoken import ITEM, Spoken
from workbench.traces.codex.text import content_texts, is_injected, summary_texts
from workbench.traces.codex.usage import UsageMeter
from workbench.traces.draft import COPIED, StepDraft, TrajectoryDraft, record_uid
from workbench.traces.escapes import text_of
from workbench.traces.json_values import compact, decode_object, integer, mapping, one_line, string
from workbench.traces.skill_watch import SkillWatch

#: A compaction is told by a record and an event, at most this many records apart.
_COMPACTED_NEAR: Final = 4
_CALLS: Final = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "web_search_call",
        "tool_search_call",
        "image_generation_call",
        "tool_call",
    }
)
_OUTPUTS: Final = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "local_shell_call_output",
        "tool_search_output",
        "tool_result",
        "function_result",
    }
)
#: Events that are shown as they are; any other kind is shown as well, but counted as unknown.
_SHOWN_EVENTS: Final = frozenset(
    {
        "entered_review_mode",
        "exited_review_mode",
        "guardian_assessment",
        "thread_goal_updated",
        "thread_settings_applied",
        "sub_agent_activity",
        "collab_agent_interaction_end",
        "collab_waiting_end",
        "collab_close_end",
        "background_event",
        "warning",
        "undo_completed",
        "plan_update",
        "deprecation_notice",
    }
)
_ENDS: Final = frozenset(
    {
        "exec_command_end",
        "mcp_tool_call_end",
        "patch_apply_end",
        "web_search_end",
        "dynamic_tool_call_response",
        "view_image_tool_call",
        "image_generation_end",
        "collab_agent_spawn_end",
    }
)
_COMPLETED_TOOLS: Final = frozenset(
    {
        "CommandExecution",
        "McpToolCall",
        "FileChange",
        "WebSearch",
        "DynamicToolCall",
        "Extension",
        "ImageView",
        "ImageGeneration",
        "CollabAgentToolCall",
    }
)


class _Line(NamedTuple):
    """One record: its payload, its bytes and where they are."""

    payload: dict[str, Any]
    record: bytes
    span: ByteSpan

    def uid(self) -> str:
        """Return the payload's own id, or a hash of the record."""
        found = string(self.payload.get("id")) or string(self.payload.get("call_id"))
        return found or record_uid(self.record)


class Session:
    """Feed all records, then ``close``; ``draft`` and ``facts`` are the trajectory."""

    def __init__(self, format_id: str) -> None:
        self.draft = TrajectoryDraft(format_id, "session")
        self.facts: dict[str, Any] = {"format_version": None, "agent": "codex", "model": None}
        self._watch = SkillWatch()
        self._gate = ForkGate()
        self._calls = Calls(self.draft, self._watch)
        self._usage = UsageMeter()
        self._spoken = Spoken()
        self._message_steps: list[StepDraft] = []
        self._error_steps: list[StepDraft] = []
        self._step: StepDraft | None = None
        self._boundary = True
        self._worked = False
        self._compacted_at = -_COMPACTED_NEAR
        self._context: tuple[str, ...] = ()
        self._time: str | None = None
        self._records = 0
        self._model: str | None = None

    def feed(self, record: bytes, span: ByteSpan) -> None:
        """Take the next record."""
        value = decode_object(record)
        self._records += 1
        if value is None:
            self.draft.loss.unparsed.append(span)
            return
        kind, payload = _unwrapped(value)
        self._time = string(value.get("timestamp")) or string(value.get("created_at"))
        before = len(self.draft.steps)
        copied = self._gate.see(kind, payload, self._time)
        self._dispatch(kind, _Line(payload, record, span))
        if copied:
            for step in self.draft.steps[before:]:
                step.flag(COPIED)
        elif self._time:
            self.facts.setdefault("started", self._time)
            self.facts["ended"] = self._time

    def close(self) -> None:
        """Settle what only the end of the file decides."""
        if not self._gate.replayed:
            for step in self.draft.steps:
                if COPIED in step.flags:
                    step.flags.remove(COPIED)
        copied = {step.index for step in self.draft.steps if COPIED in step.flags}
        events = self._watch.events()
        self.draft.skill_events = [event for event in events if event.step not in copied]
        self.draft.messages = sum(s.index not in copied for s in self._message_steps)
        self.draft.errors = sum(s.index not in copied for s in self._error_steps)
        asked = [s for s in self.draft.steps if s.kind == "user" and s.index not in copied]
        if asked:
            self.facts.setdefault("title", asked[0].preview[:100])

    def _dispatch(self, kind: str, line: _Line) -> None:
        known: dict[str, Callable[[_Line], None]] = {
            "session_meta": self._meta,
            "turn_context": self._turn_context,
            "response_item": self._response_item,
            "event_msg": self._event_msg,
            "compacted": self._compacted,
        }
        handler = known.get(kind)
        if handler is not None:
            handler(line)
        elif kind in ("world_state", "inter_agent_communication_metadata"):
            self._event(kind, line, compact(line.payload))
        else:
            self._unknown(kind or "(no type)", line)

    def _meta(self, line: _Line) -> None:
        meta = line.payload
        if "session" in self.facts:  # a resumed session repeats it, a fork quotes its parent's
            self.draft.loss.duplicate += 1
            return
        self.facts["session"] = string(meta.get("id")) or string(meta.get("session_id"))
        self.facts["format_version"] = string(meta.get("cli_version"))
        self.facts["cwd"] = string(meta.get("cwd"))
        spawn = mapping(mapping(mapping(meta.get("source")).get("subagent")).get("thread_spawn"))
        self.facts["parent"] = (
            string(meta.get("forked_from_id"))
            or string(meta.get("parent_thread_id"))
            or string(spawn.get("parent_thread_id"))
        )
        text = string(mapping(meta.get("base_instructions")).get("text"))
        text = text or string(meta.get("base_instructions")) or string(meta.get("instructions"))
        if text is None:
            self.draft.loss.attached += 1
            return
        step = self._add("system", line, text)
        step.label = "base instructions"
        step.flag("injected")
        self._watch.listed(step, text, line.span)

    def _turn_context(self, line: _Line) -> None:
        context = line.payload
        self._model = string(context.get("model")) or self._model
        self.facts["model"] = self.facts["model"] or self._model
        self.facts["cwd"] = self.facts.get("cwd") or string(context.get("cwd"))
        self._calls.cwd = string(context.get("cwd")) or self._calls.cwd
        settings = tuple(
            f"{name}: {compact(context[name])}"
            for name in ("model", "effort", "approval_policy", "sandbox_policy", "cwd")
            if context.get(name)
        )
        if settings == self._context:
            self.draft.loss.attached += 1
        else:
            self._context = settings
            self._event("turn_context", line, ", ".join(settings))

    def _new_turn(self) -> None:
        if self._worked or self.draft.turn == 0:
            self.draft.turn += 1
            self._worked = False
        self._boundary = True

    def _response_item(self, line: _Line) -> None:
        item = line.payload
        kind = compact(item.get("type")) or ("message" if item.get("role") else "")
        if kind == "message":
            self._message(line)
        elif kind == "reasoning":
            self._say("reasoning", summary_texts(item), ITEM, line)
        elif kind in _CALLS:
            self._calls.asked(self._model_step(line), item, line.span)
            self.draft.loss.mapped += 1
        elif kind in _OUTPUTS:
            self._answered(self._calls.answered(item, line.span, kind), kind, line)
        elif kind == "agent_message":
            step = self._add("context", line, "\n".join(content_texts(item.get("content"))))
            step.label = "agent message"
            step.flag("injected")
            self._boundary = True
        elif kind in ("compaction", "compaction_summary", "context_compaction"):
            self._compacted(line)
        else:
            self._unknown(f"response_item/{kind or '(no type)'}", line)

    def _message(self, line: _Line) -> None:
        item = line.payload
        role = compact(item.get("role"))
        texts = content_texts(item.get("content")) or content_texts(item.get("message"))
        if role in ("assistant", "user"):
            self._say(role, texts, ITEM, line)
            return
        text = "\n".join(texts)
        step = self._add("system", line, text)
        step.label = role
        step.flag("injected")
        self._message_steps.append(step)
        self._watch.listed(step, text, line.span)

    def _say(self, role: str, texts: list[str], kind: str, line: _Line) -> None:
        """Take a text of the user or the model, unless another record said it already."""
        if self._spoken.repeats(role, texts, kind, line.span):
            self.draft.loss.duplicate += 1
            return
        if role == "user":
            step = self._user(texts, line)
        else:
            step = self._model_step(line)
            if role == "assistant" or not step.preview:
                step.preview = one_line("\n".join(texts)) or step.preview
            self.draft.loss.mapped += 1
        if role != "reasoning":
            self._message_steps.append(step)
        self._spoken.add(role, texts, kind, step, line.span)

    def _user(self, texts: list[str], line: _Line) -> StepDraft:
        text = "\n".join(texts)
        injected = bool(texts) and all(is_injected(part) for part in texts)
        if not injected:
            self._new_turn()
        self._boundary = True
        step = self._add("context" if injected else "user", line, text)
        if injected:
            step.flag("injected")
            step.label = "injected"
        self._watch.injected(step, text, line.span)
        self._watch.listed(step, text, line.span)
        return step

    def _model_step(self, line: _Line) -> StepDraft:
        """Return the step of the API call at work, with the line among its records."""
        self._worked = True
        if self._step is not None and not self._boundary:
            self._step.raw.append(line.span)
            return self._step
        self._boundary = False
        self._step = self.draft.step(
            "agent", line.span, line.uid(), time=self._time, model=self._model
        )
        return self._step

    def _answered(self, outcome: str, kind: str, line: _Line) -> None:
        self._boundary = True
        if outcome == "attached":
            self.draft.loss.attached += 1
        elif outcome == "duplicate":
            self.draft.loss.duplicate += 1
        else:
            self._unknown(f"{kind} without its call", line)

    def _event_msg(self, line: _Line) -> None:
        event = line.payload
        kind = compact(event.get("type"))
        simple: dict[str, Callable[[_Line], None]] = {
            "token_count": self._token_count,
            "item_completed": self._item_completed,
            "task_complete": self._turn_ended,
            "turn_complete": self._turn_ended,
            "turn_aborted": self._aborted,
            "thread_rolled_back": self._rolled_back,
            "context_compacted": self._compacted,
            "error": self._error,
            "stream_error": self._error,
        }
        if kind in simple:
            simple[kind](line)
        elif kind in ("user_message", "agent_message"):
            role = "user" if kind == "user_message" else "assistant"
            self._say(role, content_texts(event.get("message")), "event", line)
        elif kind in ("agent_reasoning", "agent_reasoning_raw_content"):
            self._say("reasoning", content_texts(event.get("text")), "event", line)
        elif kind in _ENDS:
            self._ended(event, line)
        elif kind in ("task_started", "turn_started"):
            self._new_turn()
            self.draft.loss.attached += 1
        elif kind == "thread_name_updated":
            self.facts["title"] = string(event.get("thread_name")) or ""
            self.facts["title_weight"] = int(bool(self.facts["title"]))
            self.draft.loss.attached += 1
        elif kind in _SHOWN_EVENTS:
            self._event(kind, line, _message_of(event))
        else:
            self._unknown(f"event_msg/{kind or '(no type)'}", line)

    def _token_count(self, line: _Line) -> None:
        usage, repeated = self._usage.read(mapping(line.payload.get("info")))
        if repeated:
            self.draft.loss.duplicate += 1
        elif usage is None:
            self.draft.loss.left_out("event_msg/token_count without usage")
        else:
            self._close_call(usage, line)

    def _close_call(self, usage: Metrics, line: _Line) -> None:
        step = self._step
        if step is None or step.metrics is not None:
            # An API call of which nothing else was kept; it was paid for all the same.
            self._boundary = True
            step = self._model_step(line)
            step.flag("unrecorded")
            self.draft.loss.mapped += 1
        else:
            step.raw.append(line.span)
            self.draft.loss.attached += 1
        step.metrics = usage
        self._boundary = True

    def _item_completed(self, line: _Line) -> None:
        item = mapping(line.payload.get("item"))
        inner = line._replace(payload=item)
        kind = compact(item.get("type"))
        texts = content_texts(item.get("content")) or content_texts(item.get("text"))
        if kind in ("UserMessage", "AgentMessage"):
            role = "user" if kind == "UserMessage" else "assistant"
            self._say(role, texts, "completed", inner)
        elif kind == "Reasoning" and summary_texts(item):
            self._say("reasoning", summary_texts(item), "completed", inner)
        elif kind == "Reasoning":
            self.draft.loss.duplicate += 1
        elif kind in _COMPLETED_TOOLS:
            started = line.payload.get("started_at_ms")
            ended = line.payload.get("completed_at_ms")
            timed = dict(item, call_id=item.get("id"), started_at_ms=started, ended_at_ms=ended)
            self._ended(timed, line)
        elif kind == "ContextCompaction":
            self._compacted(line)
        elif kind == "Plan":
            self._event("plan", line, compact(item.get("text")))
        else:
            self._unknown(f"event_msg/item_completed/{kind or '(no type)'}", line)

    def _ended(self, event: dict[str, Any], line: _Line) -> None:
        if self._calls.ended(event, line.span):
            self.draft.loss.attached += 1
            return
        # The call itself was not kept (code mode, old files): its end makes the call.
        self._calls.asked(self._model_step(line), event, line.span)
        self._calls.ended(event, line.span)
        self._boundary = True
        self.draft.loss.mapped += 1

    def _turn_ended(self, line: _Line) -> None:
        self._boundary = True
        if line.payload.get("error"):
            self._error(line)
        else:
            self.draft.loss.attached += 1

    def _aborted(self, line: _Line) -> None:
        self._calls.cancel_open()
        if self._step is not None and self._worked:
            self._step.flag("interrupted")
        self._event("turn_aborted", line, compact(line.payload.get("reason")))
        self._boundary = True

    def _rolled_back(self, line: _Line) -> None:
        turns = integer(line.payload.get("num_turns")) or 0
        for step in self.draft.steps:
            if step.turn > self.draft.turn - turns:
                step.flag("rolled_back")
        self._event("thread_rolled_back", line, f"{turns} turns undone")
        self._boundary = True

    def _error(self, line: _Line) -> None:
        label = compact(line.payload.get("type"))
        self._error_steps.append(self._event(label, line, _message_of(line.payload)))

    def _compacted(self, line: _Line) -> None:
        """Take a compaction; the event beside the full record only repeats it."""
        self._boundary = True
        full = "message" in line.payload or "replacement_history" in line.payload
        near = self._records - self._compacted_at < _COMPACTED_NEAR
        if near and not full:
            self.draft.loss.duplicate += 1
            return
        steps = self.draft.steps
        text = compact(line.payload.get("message"))
        if near and steps[-1].label == "compaction":
            steps[-1].raw.append(line.span)
            steps[-1].preview = steps[-1].preview or one_line(text)
            self.draft.loss.attached += 1
            return
        self._compacted_at = self._records
        self._add("context", line, text).label = "compaction"

    def _add(self, kind: StepKind, line: _Line, text: str) -> StepDraft:
        self.draft.loss.mapped += 1
        return self.draft.step(kind, line.span, line.uid(), preview=one_line(text), time=self._time)

    def _event(self, label: str, line: _Line, text: str) -> StepDraft:
        step = self._add("event", line, text)
        step.label = label
        return step

    def _unknown(self, kind: str, line: _Line) -> None:
        preview = one_line(text_of(line.record[:2000]))
        self.draft.unknown(kind, line.span, line.uid(), preview=preview, time=self._time)


def _unwrapped(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return (kind of line, payload); bare items of old files become response items."""
    kind = compact(value.get("type"))
    if isinstance(value.get("payload"), dict):
        return kind, value["payload"]
    if kind in _CALLS or kind in _OUTPUTS or kind in ("message", "reasoning"):
        return "response_item", value
    if not kind and value.get("role"):
        return "response_item", {**value, "type": "message"}
    if not kind and value.get("id") and ("instructions" in value or "git" in value):
        return "session_meta", value
    if not kind and value.get("record_type"):
        return f"record_type:{compact(value['record_type'])}", value
    return kind, value


def _message_of(event: Mapping[str, Any]) -> str:
    error = event.get("error")
    for found in (
        event.get("message"),
        mapping(error).get("message") if isinstance(error, dict) else error,
        event.get("user_facing_hint"),
        event.get("rationale"),
        event.get("prompt"),
        event.get("explanation"),
        event.get("kind"),
        event.get("status"),
    ):
        if isinstance(found, str) and found:
            return found
    return ""
