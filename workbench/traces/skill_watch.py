"""Skill events of one trajectory, collected while it is read and settled when calls have ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from msgspec.structs import replace

from workbench.domain.trajectory import ByteSpan, SkillEvent, SkillTrigger
from workbench.traces.draft import CallDraft, StepDraft
from workbench.traces.skill_events import (
    SKILL_FILE,
    SkillUse,
    file_edited,
    file_read,
    injected_skills,
    shell_uses,
)

#: A line of Codex's skill list: ``- name: description (file: /…/SKILL.md)``.
_LISTED: Final = re.compile(
    r"^- ([^\s:][^:\n]{0,200}): .*\(file: ([^)\n]+SKILL\.md)\)", re.MULTILINE
)

#: The list Pi, OpenHands and others put into the system prompt.
_LISTING: Final = re.compile(r"<available_skills>(.*?)</available_skills>", re.DOTALL)
_LISTED_SKILL: Final = re.compile(r"<skill>\s*<name>([^<\n]{1,200})</name>(.*?)</skill>", re.DOTALL)
_LOCATION: Final = re.compile(r"<location>([^<\n]{1,1000})</location>")
#: What Pi puts into the message after ``/skill:name`` (pi-coding-agent, 2026).
_BODY: Final = re.compile(r'<skill name="([^"\n]{1,200})"(?: location="([^"\n]{1,1000})")?')


class SkillWatch:
    """Every use once a turn: a file read in three parts is one use (Codex's own rule)."""

    def __init__(self) -> None:
        self._folders: dict[str, None] = {}
        self._pending: list[tuple[int, CallDraft | None, SkillEvent]] = []

    def listed(self, step: StepDraft, text: str, span: ByteSpan) -> None:
        """Take the skills a message lists."""
        for listing in _LISTING.findall(text):
            for name, rest in _LISTED_SKILL.findall(listing):
                place = _LOCATION.search(rest)
                path = place.group(1).strip() if place else ""
                if path:
                    self._know(path)
                use = SkillUse("listed", name.strip(), path, "explicit")
                self._add(step, None, use, span, "unknown")
        if "SKILL.md" not in text:
            return
        for name, path in _LISTED.findall(text):
            self._know(path)
            self._add(step, None, SkillUse("listed", name, path, "explicit"), span, "unknown")

    def injected(self, step: StepDraft, text: str, span: ByteSpan) -> None:
        """Take the skill bodies the agent put into a message because the user named them."""
        for name, path in injected_skills(text):
            self._know(path)
            self._add(step, None, SkillUse("loaded", name, path, "explicit"), span, "mention")
        for name, path in _BODY.findall(text) if "<skill name=" in text else ():
            if path:
                self._know(path)
            self._add(step, None, SkillUse("loaded", name, path, "explicit"), span, "slash")

    def triggered(self, step: StepDraft, skill: str, span: ByteSpan) -> None:
        """Take that the agent's own keyword rules loaded a skill."""
        self._add(step, None, SkillUse("loaded", skill, "", "explicit"), span, "keyword")

    def reported(self, step: StepDraft, skill: str, span: ByteSpan, trigger: SkillTrigger) -> None:
        """Take that the agent itself reports that a skill was loaded."""
        self._add(step, None, SkillUse("loaded", skill, "", "explicit"), span, trigger)

    def offered(self, step: StepDraft, skill: str, span: ByteSpan) -> None:
        """Take that a record names a skill as available."""
        self._add(step, None, SkillUse("listed", skill, "", "explicit"), span, "unknown")

    def command(
        self, step: StepDraft, call: CallDraft, command: str, span: ByteSpan, cwd: str = ""
    ) -> None:
        """Take what a shell command does with skills."""
        # Splitting every command into words would cost more than all the rest of the reading.
        marks = ("skills", SKILL_FILE, *(PurePosixPath(folder).name for folder in self._folders))
        if any(mark in command or mark in cwd for mark in marks):
            self._uses(step, call, shell_uses(command, self._folders.keys(), cwd), span)

    def read(self, step: StepDraft, call: CallDraft, path: str, span: ByteSpan) -> None:
        """Take that a tool reads a file."""
        use = file_read(path, self._folders.keys())
        self._uses(step, call, [use] if use else [], span)

    def edited(
        self, step: StepDraft, call: CallDraft, paths: Sequence[str], span: ByteSpan
    ) -> None:
        """Take that a tool edits files."""
        uses = [use for path in paths if (use := file_edited(path, self._folders.keys()))]
        self._uses(step, call, uses, span)

    def named(self, step: StepDraft, call: CallDraft, skill: str, span: ByteSpan) -> None:
        """Take that a tool made for skills is asked for one by name."""
        use = SkillUse("loaded", skill, "", "explicit")
        self._add(step, call, use, span, "model")

    def events(self) -> list[SkillEvent]:
        """Return the events, with what the results of the calls say about them."""
        made: dict[tuple[int, str, str], SkillEvent] = {}
        for turn, call, event in self._pending:
            failed = call is not None and call.status in ("error", "rejected", "cancelled")
            if failed and event.kind not in ("loaded", "script_run"):
                continue
            kind = "load_failed" if failed and event.kind == "loaded" else event.kind
            settled = replace(event, kind=kind, detail=_exit(call))
            made.setdefault((turn, kind, event.path or event.skill), settled)
        return list(made.values())

    def _know(self, path: str) -> None:
        self._folders[str(PurePosixPath(path.replace("\\", "/")).parent)] = None

    def _uses(
        self, step: StepDraft, call: CallDraft, uses: Sequence[SkillUse], span: ByteSpan
    ) -> None:
        for use in uses:
            if use.kind == "loaded":
                self._know(use.path)
            self._add(step, call, use, span, "inferred")

    def _add(
        self,
        step: StepDraft,
        call: CallDraft | None,
        use: SkillUse,
        span: ByteSpan,
        trigger: SkillTrigger,
    ) -> None:
        event = SkillEvent(
            skill=use.skill,
            kind=use.kind,
            trigger=trigger,
            step=step.index,
            evidence=span,
            confidence=use.confidence,
            path=use.path or None,
        )
        self._pending.append((step.turn, call, event))


def _exit(call: CallDraft | None) -> str:
    if call is None or call.exit_code in (None, 0):
        return ""
    return f"exit code {call.exit_code}"
