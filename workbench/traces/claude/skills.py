"""Skill events of a Claude Code session, as its records have them.

A call of the tool ``Skill`` requests, its result loads, and a user record with ``isMeta`` brings
the body ("Base directory for this skill: ..."). A slash command loads the same way without a call;
built-in commands look alike, so a command counts when its body follows or its skill was listed.

After a compaction the client attaches the bodies again, the most recent first: 5,000 tokens of
each, 25,000 together (Claude Code documentation, Skills, "Skill content lifecycle", 2026-11).
Where the log tells what was attached, the others are dropped. Where it does not, those that cannot
have fitted are, with weak confidence: their tokens are estimated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from workbench.domain.trajectory import (
    ByteSpan,
    Confidence,
    SkillEvent,
    SkillEventKind,
    SkillTrigger,
)
from workbench.traces.claude.calls import Input
from workbench.traces.claude.drafts import CallDraft, span_of
from workbench.traces.claude.lines import SkillEntry
from workbench.traces.json_values import one_line
from workbench.traces.skill_events import SkillUse, file_edited, file_read, shell_uses

_READ_TOOLS: Final = frozenset({"Read", "read_file", "View"})
_EDIT_TOOLS: Final = frozenset(
    {"Edit", "Write", "MultiEdit", "NotebookEdit", "replace", "write_file"}
)
_SHELL_TOOLS: Final = frozenset({"Bash", "bash", "run_shell_command", "Shell"})
#: Tools whose calls can concern a skill; the others need not be looked at.
SKILL_TOOLS: Final = _READ_TOOLS | _EDIT_TOOLS | _SHELL_TOOLS | {"Skill"}

#: Tokens of one body, and of all together, that are attached again after a compaction.
KEPT_EACH: Final = 5_000
KEPT_TOGETHER: Final = 25_000
#: Bytes of a text for each token, as a rule of thumb.
_BYTES_A_TOKEN: Final = 4


class SkillWatch:
    """Follows a session and notes what happens to skills.

    ``folders`` are those of skills that are known by now: a call with any path may be a use then.
    """

    def __init__(self) -> None:
        self.events: list[SkillEvent] = []
        self.cwd = ""
        self.awaited: set[str] = set()
        self.folders: dict[str, None] = {}
        self._names: tuple[str, ...] = ()
        self._asked: dict[str, tuple[str, int, SkillTrigger]] = {}
        self._uses: dict[str, tuple[tuple[SkillUse, ...], int, ByteSpan]] = {}
        self._loads: dict[str, int] = {}
        self._failed: set[str] = set()
        self._slash: tuple[str, int, ByteSpan] | None = None
        self._listed: dict[str, None] = {}
        #: Skills whose body is in the context, by recency, with its tokens where it is recorded.
        self._carried: dict[str, int | None] = {}
        self._compacted: tuple[int, ByteSpan] | None = None

    def call(self, call: CallDraft, given: Input, within: str | None, place: int) -> None:
        """Note a tool call; what it does to a skill counts when its result is there.

        Args:
            call: the call.
            given: its arguments.
            within: the skill that the client counts the record to.
            place: where the record lies.
        """
        name = call.name
        if name == "Skill":
            skill = (given.skill or given.command or "").removeprefix("/")
            if skill:
                self.awaited.add(call.native)
                nested = within is not None and within != skill
                trigger: SkillTrigger = "nested" if nested else "model"
                self._asked[call.native] = (skill, call.step, trigger)
                self._add(skill, "requested", trigger, call.step, span_of(place))
            return
        path, folders = call.path, self.folders
        uses: tuple[SkillUse, ...] = ()
        if path is not None and ("skills" in path or "SKILL.md" in path or folders):
            if name in _READ_TOOLS:
                read = file_read(path, folders)
                uses = (read,) if read else ()
            elif name in _EDIT_TOOLS:
                edited = file_edited(path, folders)
                uses = (edited,) if edited else ()
        elif name in _SHELL_TOOLS:
            command = given.command or given.cmd
            if command is not None and self._may_use(command):
                uses = shell_uses(command, folders, self.cwd)
        if uses:
            self.awaited.add(call.native)
            self._uses[call.native] = (uses, call.step, span_of(place))

    def concerns(self, name: str, path: str | None, command: str | None) -> bool:
        """Whether a call of a tool can concern a skill at all; nearly none does."""
        if self.folders or name == "Skill":
            return True
        if path is not None and ("skills" in path or "SKILL.md" in path):
            return True
        return command is not None and ("skills/" in command or "SKILL.md" in command)

    def result(self, call: CallDraft, error: str, span: ByteSpan) -> None:
        """Note a result: a skill is loaded, or was asked for in vain."""
        native = call.native
        asked = self._asked.get(native)
        if asked is not None:
            skill, step, trigger = asked
            if call.status == "ok":
                if native not in self._loads:
                    self._loads[native] = len(self.events)
                    self._load(skill, trigger, step, span)
            else:
                self._failed.add(native)
                detail = one_line(_plain(error)) or call.status
                self._add(skill, "load_failed", trigger, step, span, detail=detail)
        uses, step, evidence = self._uses.pop(native, ((), 0, span))
        for use in uses:
            self._use(use, step, evidence, call)

    def body(self, folder: str, call: str | None, step: int, span: ByteSpan, size: int) -> None:
        """Note the record that brings a skill's text.

        Args:
            folder: the skill's base directory.
            call: the call that asked for it, if one did.
            step: the step the record is shown as.
            span: the record.
            size: the text's length in bytes.
        """
        self._know(folder)
        name = _name(folder)
        tokens = -(-size // _BYTES_A_TOKEN)
        asked = self._asked.get(call) if call is not None else None
        if asked is not None and call is not None:
            if call in self._failed:
                return
            at = self._loads.setdefault(call, len(self.events))
            skill, asked_step, trigger = asked
            event = SkillEvent(skill, "loaded", trigger, asked_step, span, "explicit", path=folder)
            self.events[at : at + 1] = [event]
            self._carry(skill, tokens)
        elif self._slash is not None:
            skill, asked_step, evidence = self._slash
            self._slash = None
            if skill not in self._listed:
                self._add(skill, "requested", "slash", asked_step, evidence)
            self._load(skill, "slash", step, span, path=folder)
            self._carry(skill, tokens)
        elif name:
            self._load(name, "unknown", step, span, path=folder)
            self._carry(name, tokens)

    def command(self, name: str, step: int, span: ByteSpan) -> None:
        """Note a slash command, which may be that of a skill."""
        self._slash = (name, step, span)
        if name in self._listed:
            self._add(name, "requested", "slash", step, span)

    def next_prompt(self) -> None:
        """Note that a person said something else: a command's body will not follow any more."""
        self._slash = None

    def listing(self, entries: Iterable[SkillEntry], step: int, span: ByteSpan) -> None:
        """Note skills offered to the model; only the first time, listings are repeated."""
        for seen in entries:
            if seen.name and seen.name not in self._listed:
                self._listed[seen.name] = None
                self._add(seen.name, "listed", "unknown", step, span, path=seen.path)

    def compaction(self, step: int, span: ByteSpan) -> None:
        """Note that the context was shortened: bodies are gone unless attached again."""
        self._settle_compaction()
        self._compacted = (step, span)

    def ended(self) -> list[SkillEvent]:
        """Return all events, at the end of the session."""
        self._settle_compaction()
        return self.events

    def _settle_compaction(self) -> None:
        """Drop what cannot have fitted, where the log does not tell what was attached again."""
        if self._compacted is None:
            return
        (step, span), self._compacted = self._compacted, None
        room = KEPT_TOGETHER
        for skill, tokens in list(self._carried.items())[::-1]:
            kept = min(tokens or 0, KEPT_EACH)
            if kept <= room:
                room -= kept
                continue
            del self._carried[skill]
            detail = (
                f"computed: of about {tokens:,} tokens {room:,} were left of {KEPT_TOGETHER:,} "
                "for all skills"
            )
            self._add(skill, "dropped", "unknown", step, span, confidence="weak", detail=detail)

    def reattached(self, entries: Sequence[SkillEntry], step: int, span: ByteSpan) -> None:
        """Note bodies attached again after a compaction, and those that were dropped by it."""
        again = {seen.name for seen in entries}
        for seen in entries:
            if seen.name:
                tokens = self._carried.get(seen.name) or 0
                cut = f"the first {KEPT_EACH:,} of about {tokens:,} tokens"
                detail = cut if tokens > KEPT_EACH else ""
                self._add(
                    seen.name, "reattached", "unknown", step, span, path=seen.path, detail=detail
                )
        if self._compacted is not None:
            self._compacted = None
            for skill in [name for name in self._carried if name not in again]:
                del self._carried[skill]
                self._add(skill, "dropped", "unknown", step, span, confidence="strong")

    def attributed(self, skill: str, step: int, span: ByteSpan) -> None:
        """Note that the client counts a step to a skill; it must have been loaded before."""
        if skill not in self._carried:
            self._load(skill, "inferred", step, span, confidence="strong")

    def _know(self, folder: str) -> None:
        """Note that a folder is a skill's."""
        if folder not in self.folders:
            self.folders[folder] = None
            self._names = tuple({_name(known) for known in self.folders})

    def _may_use(self, command: str) -> bool:
        """Whether a command can concern a skill at all; splitting all of them costs time."""
        if "skills/" in command or "SKILL.md" in command:
            return True
        return any(name in command for name in self._names) if self._names else False

    def _use(self, use: SkillUse, step: int, span: ByteSpan, call: CallDraft) -> None:
        detail = ""
        if use.kind == "script_run":
            code = call.exit_code
            detail = f"exit code {code}" if code is not None else call.status
        elif call.status != "ok":
            return
        if use.kind == "loaded":
            self._know(use.path.replace("\\", "/").rsplit("/", 1)[0])
            self._carry(use.skill, None)
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
        self._carry(skill, None)
        self._add(skill, "loaded", trigger, step, span, confidence=confidence, path=path)

    def _carry(self, skill: str, tokens: int | None) -> None:
        """Note that a body is in the context, as the most recent one."""
        known = self._carried.pop(skill, None)
        self._carried[skill] = tokens or known

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


def _name(folder: str) -> str:
    return folder.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _plain(error: str) -> str:
    return error.replace("<tool_use_error>", "").replace("</tool_use_error>", "")
