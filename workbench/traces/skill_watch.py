"""Skill events of one trajectory, collected while it is read and settled when calls have ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from msgspec import Struct
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
#: What Copilot CLI puts into the message that brings a skill's body (2026).
_CONTEXT: Final = re.compile(
    r'<skill-context name="([^"\n]{1,200})">\s*(?:Base directory[^:\n]{0,40}: *([^\n]{1,1000}))?'
)
#: ``$name`` in a prompt asks Codex for a skill (codex-rs/core-skills, 2026-11).
_MENTION: Final = re.compile(r"\$([A-Za-z0-9][\w:.-]{0,100})")
#: A message that brings a body follows the event that tells of it by at most so many steps.
_NEAR: Final = 3


class _Pending(Struct, frozen=True):
    """An event that waits for the end of its call. ``once`` is what it is seen once in."""

    turn: int
    call: CallDraft | None
    event: SkillEvent
    once: str = ""


class SkillWatch:
    """Every use once a turn: a file read in three parts is one use (Codex's own rule)."""

    def __init__(self) -> None:
        self._folders: dict[str, None] = {}
        self._names: dict[str, str] = {}
        self._pending: list[_Pending] = []
        self._awaited: dict[str, None] = {}
        self._failures: list[tuple[str, str]] = []

    def mark(self) -> tuple[int, ...]:
        """Return how much was seen by now, for ``back``."""
        return tuple(len(seen) for seen in self._all())

    def back(self, mark: tuple[int, ...]) -> None:
        """Forget what was seen since a mark."""
        for seen, count in zip(self._all(), mark, strict=True):
            if isinstance(seen, list):
                del seen[count:]
            else:
                while len(seen) > count:
                    seen.popitem()

    def _all(self) -> tuple[list[Any] | dict[str, Any], ...]:
        return (self._folders, self._names, self._pending, self._awaited, self._failures)

    def listed(self, step: StepDraft, text: str, span: ByteSpan) -> None:
        """Take the skills a message lists."""
        for listing in _LISTING.findall(text):
            for name, rest in _LISTED_SKILL.findall(listing):
                place = _LOCATION.search(rest)
                self._list(step, name.strip(), place.group(1).strip() if place else "", span)
        if "SKILL.md" not in text:
            return
        for name, path in _LISTED.findall(text):
            self._list(step, name, path, span)

    def injected(self, step: StepDraft, text: str, span: ByteSpan) -> None:
        """Take the skill bodies the agent put into a message because the user named them, and the
        names a person typed.
        """
        for name, path in injected_skills(text):
            self._know(path)
            self._add(step, None, SkillUse("loaded", name, path, "explicit"), span, "mention")
        for name, path in _BODY.findall(text) if "<skill name=" in text else ():
            if path:
                self._know(path)
            self._add(step, None, SkillUse("loaded", name, path, "explicit"), span, "slash")
        for name, folder in _CONTEXT.findall(text) if "<skill-context name=" in text else ():
            if folder:
                self._folders[folder.strip()] = None
            if not self._just_loaded(name, step.index):
                use = SkillUse("loaded", name, folder.strip(), "explicit")
                self._add(step, None, use, span, "unknown")
        if step.kind == "user" and self._names and "$" in text:
            for name in dict.fromkeys(_MENTION.findall(text)):
                if name in self._names:
                    use = SkillUse("requested", name, self._names[name], "explicit")
                    self._add(step, None, use, span, "mention")

    def triggered(self, step: StepDraft, skill: str, span: ByteSpan) -> None:
        """Take that the agent's own keyword rules loaded a skill."""
        self._add(step, None, SkillUse("loaded", skill, "", "explicit"), span, "keyword")

    def reported(self, step: StepDraft, skill: str, span: ByteSpan, trigger: SkillTrigger) -> None:
        """Take that the agent itself reports that a skill was loaded."""
        self._add(step, None, SkillUse("loaded", skill, "", "explicit"), span, trigger)

    def offered(self, step: StepDraft, skill: str, span: ByteSpan) -> None:
        """Take that a record names a skill as available."""
        self._list(step, skill, "", span)

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
        """Take that a tool made for skills is asked for one by name; its result loads it."""
        self._awaited[call.id] = None
        asked = SkillUse("requested", skill, "", "explicit")
        self._add(step, call, asked, span, "model", once=call.id)
        self._add(step, call, replace(asked, kind="loaded"), span, "model", once=call.id)

    def awaits(self, call: CallDraft) -> bool:
        """Whether a call asked for a skill, so that it matters why it failed."""
        return call.id in self._awaited

    def failed(self, call: CallDraft, message: str) -> None:
        """Take what the result of a call says that asked for a skill in vain."""
        self._failures.append((call.id, message))

    def events(self) -> list[SkillEvent]:
        """Return the events, with what the results of the calls say about them."""
        made: dict[tuple[str, str, str], SkillEvent] = {}
        failures = dict(self._failures)
        for waiting in self._pending:
            event = self._settled(waiting, failures)
            if event is not None:
                once = waiting.once or str(waiting.turn)
                made.setdefault((once, event.kind, event.path or event.skill), event)
        return list(made.values())

    def _settled(self, waiting: _Pending, failures: Mapping[str, str]) -> SkillEvent | None:
        call, event = waiting.call, waiting.event
        if call is None or event.kind == "requested":
            return event
        if event.kind == "script_run":
            code = call.exit_code
            return replace(event, detail=call.status if code is None else f"exit code {code}")
        asked = call.id in self._awaited
        if call.status in ("error", "rejected", "cancelled"):
            if event.kind != "loaded":
                return None
            said = failures.get(call.id, "") or _exit(call) or (call.status if asked else "")
            return replace(event, kind="load_failed", detail=said, evidence=_shown(waiting))
        if asked and call.status in ("missing", "running"):
            return None  # what came of it is not recorded
        evidence = _shown(waiting) if asked else event.evidence
        return replace(event, detail=_exit(call), evidence=evidence)

    def _know(self, path: str) -> None:
        self._folders[str(PurePosixPath(path.replace("\\", "/")).parent)] = None

    def _list(self, step: StepDraft, name: str, path: str, span: ByteSpan) -> None:
        """Note a listed skill once: lists are repeated after a compaction or a reload."""
        if path:
            self._know(path)
        self._names.setdefault(name, path)
        use = SkillUse("listed", name, path, "explicit")
        self._add(step, None, use, span, "unknown", once="session")

    def _just_loaded(self, name: str, step: int) -> bool:
        return any(
            one.event.skill == name
            and one.event.kind == "loaded"
            and step - one.event.step <= _NEAR
            for one in self._pending[-2 * _NEAR :]
        )

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
        *,
        once: str = "",
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
        self._pending.append(_Pending(step.turn, call, event, once))


def _shown(waiting: _Pending) -> ByteSpan:
    """Return the record that shows what came of a call: its result, else the call itself."""
    call = waiting.call
    return call.result[0] if call is not None and call.result else waiting.event.evidence


def _exit(call: CallDraft) -> str:
    return "" if call.exit_code in (None, 0) else f"exit code {call.exit_code}"
