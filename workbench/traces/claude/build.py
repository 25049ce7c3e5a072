"""Steps made of records: one per model message, prompt, or event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from workbench.domain.trajectory import ByteSpan, Metrics, StepKind
from workbench.traces.claude.order import abandoned_roots, chained
from workbench.traces.claude.records import Record, ResultSeen
from workbench.traces.claude.skills import SkillWatch
from workbench.traces.draft import CallDraft, LossDraft, StepDraft, record_uid
from workbench.traces.json_values import one_line
from workbench.traces.source import Buffer

SYNTHETIC: Final = "<synthetic>"
#: Records that say nothing of what the agent did; they are counted, not shown.
_LEFT_OUT: Final = frozenset(
    {
        *("progress", "file-history-snapshot", "summary", "ai-title", "custom-title"),
        *("last-prompt", "queue-operation", "permission-mode", "mode", "pr-link", "tag"),
        *("agent-name", "stream_event", "tool_progress", "keep_alive", "bridge-session"),
        *("worktree-state", "frame-link", "relocated"),
    }
)
_LEFT_OUT_SYSTEM: Final = frozenset({"system/turn_duration", "system/ui_telemetry"})
_KNOWN_SYSTEM: Final = frozenset(
    {
        *("init", "api_error", "local_command", "away_summary", "stop_hook_summary", "status"),
        *("informational", "slash_command", "custom_title", "session_start", "rewind", "error"),
        *("model_refusal_fallback", "api_refusal", "session_artifact_snapshot", "hook_started"),
        *("hook_response", "hook_progress", "task_started", "task_progress", "task_notification"),
    }
)
_COMPACTIONS: Final = frozenset({"system/compact_boundary", "system/microcompact_boundary"})


class Builder:
    """Makes the steps of one session or subagent from its records."""

    def __init__(self, data: Buffer) -> None:
        self.steps: list[StepDraft] = []
        self.loss = LossDraft()
        self.skills = SkillWatch()
        self.models: Counter[str] = Counter()
        self.calls: dict[str, CallDraft] = {}
        self.prompts: dict[int, CallDraft] = {}
        self.agents: dict[str, CallDraft] = {}
        self.errors = 0
        self.messages = 0
        self.first_prompt: int | None = None
        self.opened = ""
        self._data = data
        self._owner: dict[str, StepDraft] = {}
        self._parents: list[str | None] = []
        self._step_of_call: dict[str, StepDraft] = {}
        self._uids: Counter[str] = Counter()
        self._call_ids: Counter[str] = Counter()
        self._bundles: dict[str, StepDraft] = {}
        self._void: set[str] = set()
        self._coming: set[str] = set()
        self._early: dict[str, list[tuple[Record, ResultSeen]]] = {}
        self._turn = 0

    def build(self, records: list[Record], cwd: str = "") -> None:
        """Take all records, which may lie in any order."""
        self.skills.cwd = cwd
        ordered = chained(records)
        void = abandoned_roots(ordered)
        linked = any(record.parent is not None for record in ordered)
        known = {record.uuid for record in ordered if record.uuid is not None}
        self._coming = {call.id for record in ordered for call in record.calls}
        owners, steps = self._owner, self.steps
        for record in ordered:
            before = len(steps)
            if record.strange:
                self.loss.lost_fields.update(record.strange)
            owner = self._take(record)
            uuid, parent = record.uuid, record.parent
            above = owners.get(parent) if parent is not None else None
            if len(steps) > before:
                over = above if linked else (steps[before - 1] if before else None)
                self._parents.append(over.uid if over is not None else None)
                if parent is not None and parent not in known:
                    steps[before].flag("orphan")
            if void and (record.at in void or parent in self._void):
                self._void.add(uuid or "")
                for step in steps[before:]:
                    step.flag("abandoned")
            if uuid is not None:
                shown = owner or above
                if shown is not None:
                    owners.setdefault(uuid, shown)
        self._finish()

    def serve(self, progress: list[Record]) -> None:
        """Take which call a subagent serves from the progress it reported."""
        for record in progress:
            call = self.calls.get(record.source_call or "")
            if call is not None and record.agent is not None:
                self.agents.setdefault(record.agent, call)

    def parent_uids(self) -> Sequence[str | None]:
        """Return each step's parent, in the order of the steps."""
        return self._parents

    def _take(self, record: Record) -> StepDraft | None:
        """Make or find the step that shows the record; None when nothing shows it."""
        kind = record.kind
        if kind == "assistant":
            self.messages += 1
            return self._assistant(record)
        if kind == "user":
            self.messages += 1
            return self._user(record)
        top, _, sub = kind.partition("/")
        if top in _LEFT_OUT or kind in _LEFT_OUT_SYSTEM:
            self.loss.left_out(kind)
            return None
        if top == "attachment":
            return self._attachment(record, sub)
        return self._system(record, top, sub)

    def _assistant(self, record: Record) -> StepDraft:
        span = _span(record)
        synthetic = record.model == SYNTHETIC
        if record.error or synthetic:
            step = self._step(record, "event", "API error" if record.error else "synthetic")
            step.flag("error" if record.error else "synthetic")
            self.errors += record.error
            return step
        bundle = self._bundles.get(record.message) if record.message is not None else None
        if bundle is None:
            step = self._step(record, "agent")
            step.model = record.model
            if record.message is not None:
                self._bundles[record.message] = step
        else:
            step = bundle
            step.raw.append(span)
            self.loss.mapped += 1
        if record.model:
            self.models[record.model] += 1
            step.model = record.model
        if record.preview and (not step.preview or (step.label == "thinking")):
            step.preview = record.preview
            step.label = "thinking" if record.thinks else ""
        step.metrics = _greater(step.metrics, record.metrics)
        for call in record.calls:
            if any(call.id and call.id == known.native for known in step.calls):
                continue
            native = call.id or f"{step.uid}:{len(step.calls)}"
            draft = CallDraft(
                id=_unique(self._call_ids, native),
                native=native,
                name=call.name,
                argument=call.argument,
                files=(call.path,) if call.path else (),
            )
            step.calls.append(draft)
            self.calls[native] = draft
            self._step_of_call[native] = step
            if call.prompt is not None:
                self.prompts.setdefault(call.prompt, draft)
            call.id = native
            self.skills.call(call, step.index, span)
            for early, result in self._early.pop(native, ()):
                self._result(early, result, _span(early))
        if record.attributed:
            self.skills.attributed(record.attributed, step.index, span)
        return step

    def _user(self, record: Record) -> StepDraft | None:
        span = _span(record)
        owner: StepDraft | None = None
        for result in record.results:
            found = self._result(record, result, span)
            owner = owner or found
        if record.results and not record.speaks:
            if owner is not None or any(r.call in self._early for r in record.results):
                self.loss.attached += 1
                return owner
            step = self._step(record, "event", "result without call")
            step.flag("orphan")
            step.preview = one_line(record.results[0].error)
            return step
        step = self._said(record, span)
        if record.results and owner is not None:
            # What follows continues the call; the remark beside the result is a leaf.
            return owner
        return step

    def _said(self, record: Record, span: ByteSpan) -> StepDraft:
        wrapper = record.wrapper
        if wrapper is not None and wrapper.label == "command":
            self._turn += 1
            step = self._step(record, "user", f"/{wrapper.command}" if wrapper.command else "!")
            step.flag("command")
            if wrapper.command:
                step.preview = one_line(f"/{wrapper.command} {_command_arguments(record.preview)}")
                self.skills.command(wrapper.command, step.index, span)
            self.opened = self.opened or step.preview
            return step
        if wrapper is not None:
            context = wrapper.label in ("skill body", "compact summary", "reminder")
            step = self._step(record, "context" if context else "event", wrapper.label)
            step.flag("interrupted" if wrapper.label == "interrupted" else "injected")
            if wrapper.label == "compact summary":
                step.flag("compact_summary")
            if record.skill_folder is not None:
                self.skills.body(record, step.index, span)
            return step
        if record.meta:
            step = self._step(record, "context", "injected")
            step.flag("injected")
            return step
        self._turn += 1
        self.skills.next_prompt()
        step = self._step(record, "user")
        self._open(record)
        return step

    def _open(self, record: Record) -> None:
        if self.first_prompt is None:
            self.first_prompt = record.prompt
            self.opened = record.preview or self.opened

    def _result(self, record: Record, result: ResultSeen, span: ByteSpan) -> StepDraft | None:
        call = self.calls.get(result.call) if result.call else self._open_call(record)
        if call is None:
            if result.call in self._coming:
                # Written before the block that asks for it: it waits for its call.
                self._early.setdefault(result.call or "", []).append((record, result))
            return None
        step = self._step_of_call[call.native]
        call.result.append(span)
        call.status = result.status
        call.exit_code = result.exit_code
        call.duration_s = result.seconds
        if call.duration_s is None:
            call.duration_s = _seconds(step.time, record.time)
        if result.agent:
            self.agents.setdefault(result.agent, call)
        self.skills.result(call.native, result, span)
        return step

    def _open_call(self, record: Record) -> CallDraft | None:
        """Find the call of a result that does not name it: the first open one of its parent."""
        for uuid in (record.source_assistant, record.parent):
            step = self._owner.get(uuid) if uuid else None
            for call in step.calls if step is not None else ():
                if not call.result:
                    return call
        return None

    def _attachment(self, record: Record, sub: str) -> StepDraft:
        span = _span(record)
        if sub == "queued_command":
            if record.wrapper is not None or record.meta:
                label = record.wrapper.label if record.wrapper is not None else "injected"
                step = self._step(record, "event", label)
                step.flag("injected")
            else:
                self._turn += 1
                step = self._step(record, "user", "queued")
            step.flag("queued")
            return step
        step = self._step(record, "event" if sub.startswith("hook") else "context", sub)
        step.flag("injected")
        if sub in ("skill_listing", "dynamic_skill"):
            self.skills.listing(record, step.index, span)
        elif sub == "invoked_skills":
            self.skills.reattached(record, step.index, span)
        if not step.preview and record.skills:
            step.preview = one_line(", ".join(seen.name for seen in record.skills))
        return step

    def _system(self, record: Record, top: str, sub: str) -> StepDraft:
        if record.kind in _COMPACTIONS:
            self.skills.compaction()
            step = self._step(record, "context", "compaction")
            step.flag("compaction")
            return step
        if top == "result":
            return self._step(record, "event", f"result {sub}".strip())
        if top == "system" and (sub in _KNOWN_SYSTEM or not sub):
            init = sub == "init"
            step = self._step(record, "system" if init else "event", sub or "system")
            if record.error:
                step.flag("error")
                self.errors += 1
            if init:
                self.skills.listing(record, step.index, _span(record))
                step.model = record.model
            return step
        step = self._step(record, "event", record.kind or "record without type", counted=False)
        step.flag("unknown")
        self.loss.left_out(record.kind or "record without type")
        return step

    def _step(
        self, record: Record, kind: StepKind, label: str = "", *, counted: bool = True
    ) -> StepDraft:
        self.loss.mapped += counted
        native = record.uuid or record_uid(bytes(self._data[record.at : record.end]))
        step = StepDraft(
            index=len(self.steps),
            uid=_unique(self._uids, native),
            kind=kind,
            preview=record.preview,
            raw=[_span(record)],
            turn=self._turn,
            time=record.time,
            label=label,
        )
        self.steps.append(step)
        return step

    def _finish(self) -> None:
        for step in self.steps:
            if not step.preview and step.calls:
                step.preview = one_line(f"{step.calls[0].name} {step.calls[0].argument}")


def _span(record: Record) -> ByteSpan:
    return ByteSpan(0, record.at, record.end - record.at)


def _greater(one: Metrics | None, other: Metrics | None) -> Metrics | None:
    """Return the greater usage: the records of one message repeat it while it grows."""
    if one is None or other is None:
        return one or other
    rank = [(metrics.output or 0, metrics.input or 0) for metrics in (one, other)]
    return other if rank[1] > rank[0] else one


def _unique(seen: Counter[str], native: str) -> str:
    seen[native] += 1
    if seen[native] == 1:
        return native
    made = f"{native}#{seen[native]}"
    seen[made] += 1
    return made


def _seconds(start: str | None, end: str | None) -> float | None:
    """Return the time between two records, which includes waiting for a permission."""
    if start is None or end is None:
        return None
    try:
        passed = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return None
    return passed if passed >= 0 else None


def _command_arguments(preview: str) -> str:
    _, found, rest = preview.partition("<command-args>")
    return rest.partition("</command-args>")[0] if found else ""
