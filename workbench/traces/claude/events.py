"""Records that are neither the model's words nor a person's: what the client wrote down."""

from __future__ import annotations

import re
from typing import Final, Protocol

from workbench.domain.trajectory import StepKind
from workbench.traces.claude.drafts import StepDraft, span_of
from workbench.traces.claude.lines import (
    Attachment,
    Line,
    SkillEntry,
    blocks_of,
    decode_envelope,
    raw_head,
    raw_text,
    skill_entries,
)
from workbench.traces.claude.prompts import Wrapper, wrapper_of
from workbench.traces.claude.skills import SkillWatch
from workbench.traces.draft import LossDraft
from workbench.traces.json_values import one_line

#: Records that say nothing of what the agent did; they are counted, not shown.
_LEFT_OUT: Final = frozenset(
    {
        *("file-history-snapshot", "summary", "ai-title", "custom-title", "last-prompt"),
        *("queue-operation", "permission-mode", "mode", "pr-link", "tag", "agent-name"),
        *("stream_event", "tool_progress", "keep_alive", "bridge-session", "worktree-state"),
        *("frame-link", "relocated"),
    }
)
_LEFT_OUT_SYSTEM: Final = frozenset({"turn_duration", "ui_telemetry"})
_KNOWN_SYSTEM: Final = frozenset(
    {
        *("init", "api_error", "local_command", "away_summary", "stop_hook_summary", "status"),
        *("informational", "slash_command", "custom_title", "session_start", "rewind", "error"),
        *("model_refusal_fallback", "api_refusal", "session_artifact_snapshot", "hook_started"),
        *("hook_response", "hook_progress", "task_started", "task_progress", "task_notification"),
    }
)
#: What a record has around its text, roughly, in bytes.
_ENVELOPE: Final = 800
_COMPACTIONS: Final = frozenset({"compact_boundary", "microcompact_boundary"})
_LISTED: Final = re.compile(r"^- ([A-Za-z0-9][\w:.-]{0,200}?)(?::\s|:?$)", re.MULTILINE)
_ARGUMENTS: Final = re.compile(r"<command-args>(.{0,2000}?)</command-args>", re.DOTALL)


class StepMaker(Protocol):
    """Who keeps the steps: a session or a subagent."""

    loss: LossDraft
    skills: SkillWatch
    turn: int
    errors: int
    unknown: int
    opened: str

    def step(
        self, line: Line, record: bytes, place: int, kind: StepKind, label: str = ""
    ) -> StepDraft:
        """Append a step made of a record."""
        ...


class EventReader:
    """Makes steps from such records."""

    def __init__(self, builder: StepMaker) -> None:
        self._builder = builder

    def take(self, line: Line, record: bytes, place: int) -> StepDraft | None:
        """Make the step that shows the record; None when it is only counted."""
        top, sub = line.type, line.subtype or ""
        loss = self._builder.loss
        if top in _LEFT_OUT or (top == "system" and sub in _LEFT_OUT_SYSTEM):
            if top == "queue-operation":
                sub = decode_envelope(record).operation or ""
            loss.left_out(f"{top}/{sub}" if sub else top)
            return None
        if top == "attachment":
            attachment = decode_envelope(record).attachment
            if attachment is not None:
                return self._attachment(line, record, place, attachment)
        if top == "result":
            return self._worded(line, record, place, f"result {sub}".strip())
        if top == "system" and sub in _COMPACTIONS:
            step = self._worded(line, record, place, "compaction")
            if sub == "compact_boundary":  # the smaller kind takes old tool results away alone
                self._builder.skills.compaction(step.index, span_of(place))
            step.kind = "context"
            step.flag("compaction")
            return step
        if top == "system" and (sub in _KNOWN_SYSTEM or not sub):
            return self._system(line, record, place, sub)
        kind = f"{top}/{sub}" if top and sub else top or "record without type"
        step = self._worded(line, record, place, kind)
        step.flag("unknown")
        self._builder.unknown += 1
        loss.left_out(kind)
        return step

    def wrapped(
        self, line: Line, record: bytes, place: int, wrapper: Wrapper, text: str
    ) -> StepDraft:
        """Make the step of a user record that the client wrote around something."""
        builder = self._builder
        if wrapper.label == "command":
            builder.turn += 1
            name = f"/{wrapper.command}" if wrapper.command else "!"
            step = builder.step(line, record, place, "user", name)
            step.flag("command")
            if wrapper.command:
                given = _ARGUMENTS.search(text)
                step.preview = one_line(f"{name} {given.group(1) if given else ''}")
                step.said = True
                builder.skills.command(wrapper.command, step.index, span_of(place))
                builder.opened = builder.opened or step.preview
            return step
        context = wrapper.label in ("skill body", "reminder")
        step = builder.step(line, record, place, "context" if context else "event", wrapper.label)
        step.flag("interrupted" if wrapper.label == "interrupted" else "injected")
        if wrapper.folder is not None:
            span = span_of(place)
            size = max(len(text), span.length - _ENVELOPE)  # the text may be its beginning alone
            builder.skills.body(wrapper.folder, line.source_tool_use_id, step.index, span, size)
        return step

    def _worded(self, line: Line, record: bytes, place: int, label: str) -> StepDraft:
        step = self._builder.step(line, record, place, "event", label)
        rest = decode_envelope(record)
        said = raw_head(rest.content) or raw_head(rest.result) or raw_head(rest.error)
        step.preview = one_line(said or rest.summary or "")
        return step

    def _system(self, line: Line, record: bytes, place: int, sub: str) -> StepDraft:
        step = self._worded(line, record, place, sub or "system")
        if sub == "api_error":
            step.flag("error")
            self._builder.errors += 1
        elif sub == "init":
            rest = decode_envelope(record)
            step.kind = "system"
            step.model = rest.model
            self._builder.skills.listing(skill_entries(rest.skills), step.index, span_of(place))
        return step

    def _attachment(
        self, line: Line, record: bytes, place: int, attachment: Attachment
    ) -> StepDraft:
        builder, kind = self._builder, attachment.type
        said = raw_head(attachment.prompt) or raw_head(attachment.content)
        if said[:1] == "[":
            texts = (raw_head(block.text) for block in blocks_of(attachment.prompt))
            said = next((text for text in texts if text), said)
        if kind == "queued_command":
            wrapper = wrapper_of(said)
            if wrapper is not None or attachment.is_meta:
                step = builder.step(line, record, place, "event")
                step.label = wrapper.label if wrapper is not None else "injected"
                step.flag("injected", "queued")
            else:
                builder.turn += 1
                step = builder.step(line, record, place, "user", "queued")
                step.flag("queued")
            step.preview = one_line(said)
            return step
        hook = kind.startswith("hook")
        step = builder.step(line, record, place, "event" if hook else "context", kind)
        step.flag("injected")
        named = _named_skills(attachment)
        if kind in ("skill_listing", "dynamic_skill"):
            builder.skills.listing(named, step.index, span_of(place))
        elif kind == "invoked_skills":
            builder.skills.reattached(named, step.index, span_of(place))
        step.preview = one_line(said) or one_line(", ".join(entry.name for entry in named))
        return step


def _named_skills(attachment: Attachment) -> list[SkillEntry]:
    names = [*(attachment.names or ()), *(attachment.skill_names or ())]
    if attachment.type == "skill_listing" and not names:
        names = _LISTED.findall(raw_text(attachment.content))
    return [*(SkillEntry(name) for name in names), *skill_entries(attachment.skills)]
