"""Skill events of a Claude Code session, as its records have them.

A call of the tool ``Skill`` requests, its result loads, and a user record with ``isMeta`` brings
the body ("Base directory for this skill: ..."). A slash command loads the same way without a call;
built-in commands look alike, so a command counts when its body follows or its skill was listed.
"""

from __future__ import annotations

from typing import Final

from workbench.domain.trajectory import (
    ByteSpan,
    Confidence,
    SkillEvent,
    SkillEventKind,
    SkillTrigger,
)
from workbench.traces.claude.records import CallSeen, Record, ResultSeen
from workbench.traces.json_values import one_line
from workbench.traces.skill_events import SkillUse, file_edited, file_read, shell_uses

_READ_TOOLS: Final = frozenset({"Read", "read_file", "View"})
_EDIT_TOOLS: Final = frozenset(
    {"Edit", "Write", "MultiEdit", "NotebookEdit", "replace", "write_file"}
)
_SHELL_TOOLS: Final = frozenset({"Bash", "bash", "run_shell_command", "Shell"})


class SkillWatch:
    """Follows a session and notes what happens to skills."""

    def __init__(self) -> None:
        self.events: list[SkillEvent] = []
        self.cwd = ""
        self._folders: dict[str, None] = {}
        self._asked: dict[str, tuple[str, int]] = {}
        self._uses: dict[str, tuple[tuple[SkillUse, ...], int, ByteSpan]] = {}
        self._loads: dict[str, int] = {}
        self._failed: set[str] = set()
        self._slash: tuple[str, int, ByteSpan] | None = None
        self._listed: dict[str, None] = {}
        self._carried: dict[str, None] = {}
        self._compacted = False

    def call(self, call: CallSeen, step: int, span: ByteSpan) -> None:
        """Note a tool call; what it does to a skill counts when its result is there."""
        if call.name == "Skill" and call.skill:
            skill = call.skill.removeprefix("/")
            self._asked[call.id] = (skill, step)
            self._add(skill, "requested", "model", step, span)
            return
        uses: tuple[SkillUse, ...] = ()
        folders = self._folders
        if call.name in _READ_TOOLS and call.path:
            read = file_read(call.path, folders)
            uses = (read,) if read else ()
        elif call.name in _EDIT_TOOLS and call.path:
            edited = file_edited(call.path, folders)
            uses = (edited,) if edited else ()
        elif call.name in _SHELL_TOOLS and call.command and _may_use(call.command, folders):
            uses = shell_uses(call.command, folders, self.cwd)
        if uses:
            self._uses[call.id] = (uses, step, span)

    def result(self, call: str, result: ResultSeen, span: ByteSpan) -> None:
        """Note a result: a skill is loaded, or was asked for in vain."""
        asked = self._asked.get(call)
        if asked is not None:
            skill, step = asked
            if result.status == "ok":
                if call not in self._loads:
                    self._loads[call] = len(self.events)
                    self._load(skill, "model", step, span)
            else:
                self._failed.add(call)
                detail = one_line(_plain(result.error)) or result.status
                self._add(skill, "load_failed", "model", step, span, detail=detail)
        uses, step, evidence = self._uses.pop(call, ((), 0, span))
        for use in uses:
            self._use(use, step, evidence, result)

    def body(self, record: Record, step: int, span: ByteSpan) -> None:
        """Note the record that brings a skill's text."""
        folder = record.skill_folder or ""
        self._folders[folder] = None
        name = folder.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
        asked = self._asked.get(record.source_call or "")
        if asked is not None and record.source_call is not None:
            if record.source_call in self._failed:
                return
            at = self._loads.setdefault(record.source_call, len(self.events))
            event = SkillEvent(asked[0], "loaded", "model", asked[1], span, "explicit", path=folder)
            self.events[at : at + 1] = [event]
            self._carried[asked[0]] = None
        elif self._slash is not None:
            skill, asked_step, evidence = self._slash
            self._slash = None
            if skill not in self._listed:
                self._add(skill, "requested", "slash", asked_step, evidence)
            self._load(skill, "slash", step, span, path=folder)
        elif name:
            self._load(name, "unknown", step, span, path=folder)

    def command(self, name: str, step: int, span: ByteSpan) -> None:
        """Note a slash command, which may be that of a skill."""
        self._slash = (name, step, span)
        if name in self._listed:
            self._add(name, "requested", "slash", step, span)

    def next_prompt(self) -> None:
        """Note that a person said something else: a command's body will not follow any more."""
        self._slash = None

    def listing(self, record: Record, step: int, span: ByteSpan) -> None:
        """Note skills offered to the model; only the first time, listings are repeated."""
        for seen in record.skills:
            if seen.name and seen.name not in self._listed:
                self._listed[seen.name] = None
                self._add(seen.name, "listed", "unknown", step, span, path=seen.path)

    def compaction(self) -> None:
        """Note that the context was shortened: bodies are gone unless attached again."""
        self._compacted = True

    def reattached(self, record: Record, step: int, span: ByteSpan) -> None:
        """Note bodies attached again after a compaction, and those that were dropped by it."""
        again = {seen.name for seen in record.skills if seen.name}
        for seen in record.skills:
            if seen.name:
                self._add(seen.name, "reattached", "unknown", step, span, path=seen.path)
        if self._compacted:
            self._compacted = False
            for skill in [name for name in self._carried if name not in again]:
                del self._carried[skill]
                self._add(skill, "dropped", "unknown", step, span, confidence="strong")

    def attributed(self, skill: str, step: int, span: ByteSpan) -> None:
        """Note that the client counts a step to a skill; it must have been loaded before."""
        if skill not in self._carried:
            self._load(skill, "inferred", step, span, confidence="strong")

    def _use(self, use: SkillUse, step: int, span: ByteSpan, result: ResultSeen) -> None:
        detail = ""
        if use.kind == "script_run":
            code = result.exit_code
            detail = f"exit code {code}" if code is not None else result.status
        elif result.status != "ok":
            return
        if use.kind == "loaded":
            self._folders[use.path.replace("\\", "/").rsplit("/", 1)[0]] = None
            self._carried[use.skill] = None
        self._add(
            use.skill,
            use.kind,
            "inferred",
            step,
            span,
            confidence=use.confidence,
            path=use.path,
            detail=detail,
        )

    def _load(
        self,
        skill: str,
        trigger: SkillTrigger,
        step: int,
        span: ByteSpan,
        *,
        confidence: Confidence = "explicit",
        path: str | None = None,
    ) -> None:
        self._carried[skill] = None
        self._add(skill, "loaded", trigger, step, span, confidence=confidence, path=path)

    def _add(
        self,
        skill: str,
        kind: SkillEventKind,
        trigger: SkillTrigger,
        step: int,
        span: ByteSpan,
        *,
        confidence: Confidence = "explicit",
        path: str | None = None,
        detail: str = "",
    ) -> None:
        self.events.append(
            SkillEvent(skill, kind, trigger, step, span, confidence, path=path, detail=detail)
        )


def _may_use(command: str, folders: dict[str, None]) -> bool:
    """Whether a command can concern a skill at all; splitting all of them costs time."""
    return "SKILL.md" in command or "skills/" in command or any(f and f in command for f in folders)


def _plain(error: str) -> str:
    return error.replace("<tool_use_error>", "").replace("</tool_use_error>", "")
