"""Steps made of records: one per model message, prompt, or event.

The way of a record is short on purpose: a session of 60 MB has tens of thousands of them, and
opening it should cost a few times what finding and decoding its lines costs at least.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from sys import intern
from typing import Final

from workbench.domain.trajectory import ByteSpan, Step, StepKind
from workbench.traces.claude.calls import argument_of, input_of, settle
from workbench.traces.claude.drafts import CallDraft, StepDraft, greater
from workbench.traces.claude.events import EventReader
from workbench.traces.claude.lines import Block, Line, ToolUseResult, raw_head, raw_text
from workbench.traces.claude.prompts import wrapper_of
from workbench.traces.claude.skills import SKILL_TOOLS, SkillWatch
from workbench.traces.draft import LossDraft, record_uid
from workbench.traces.json_values import one_line

SYNTHETIC: Final = "<synthetic>"
_MEDIA: Final = frozenset({"image", "document", "audio", "file"})


class Builder:
    """Makes the steps of one session or subagent; records come in the order of their chain.

    ``feed`` takes a record and its parent (the uuid before it, progress records left out).
    ``first_prompt`` and ``prompts`` are hashes, to find the call that gave a subagent its prompt.
    ``late`` are calls whose results came before them; with their ids in ``coming`` such results
    wait, others without a call are steps of their own.
    """

    def __init__(self, loss: LossDraft, coming: frozenset[str] = frozenset()) -> None:
        self.steps: list[StepDraft] = []
        self.loss = loss
        self.skills = SkillWatch()
        self.calls: dict[str, CallDraft] = {}
        self.prompts: list[tuple[int, CallDraft]] = []
        self.agents: dict[str, CallDraft] = {}
        self.errors = 0
        self.messages = 0
        self.turn = 0
        self.first_prompt: int | None = None
        self.opened = ""
        self.linked = False
        self.late: set[str] = set()
        self._coming = coming
        self._alone: set[str] = set()
        self._events = EventReader(self)
        self._owner: dict[str, StepDraft] = {}
        self._speaker: dict[str, str] = {}
        self._rivals: dict[str, list[StepDraft]] = {}
        self._step_of_call: dict[str, StepDraft] = {}
        self._uids: Counter[str] = Counter()
        self._call_ids: Counter[str] = Counter()
        self._bundles: dict[str, StepDraft] = {}
        self._waiting: dict[str, list[tuple[Line, Block, ByteSpan]]] = {}

    def feed(self, line: Line, record: bytes, span: ByteSpan, parent: str | None) -> None:
        """Take one record, which lies at ``span``.

        ``record`` are its bytes; none where the line has all: a message with an id.
        """
        kind = line.type
        uuid = line.uuid
        if parent is not None:
            self.linked = True
        steps = self.steps
        before = len(steps)
        owner: StepDraft | None
        if kind == "assistant" and line.message is not None:
            self.messages += 1
            owner = self._assistant(line, record, span)
        elif kind == "user" and line.message is not None:
            self.messages += 1
            owner = self._user(line, record, span, parent)
        else:
            owner = self._events.take(line, record, span)
            if uuid is not None and parent is not None:
                self._speaker[uuid] = self._speaker.get(parent, parent)
        owners = self._owner
        above = owners.get(parent) if parent is not None else None
        if len(steps) > before:
            step = steps[before]
            if above is not None:
                step.parent = above.uid
            elif parent is not None:
                step.flag("orphan")
        if uuid is not None:
            shown = owner or above
            if shown is not None:
                owners.setdefault(uuid, shown)

    def step(
        self, line: Line, record: bytes, span: ByteSpan, kind: StepKind, label: str = ""
    ) -> StepDraft:
        """Append a step made of a record."""
        native = line.uuid or record_uid(record)
        uids = self._uids
        if native in uids:
            native = _numbered(uids, native)
        else:
            uids[native] = 1
        steps = self.steps
        made = StepDraft(len(steps), native, kind, (span,), self.turn, line.timestamp, label=label)
        steps.append(made)
        return made

    def _assistant(self, line: Line, record: bytes, span: ByteSpan) -> StepDraft:
        message = line.message
        assert message is not None
        native, model = message.id, message.model
        step = self._bundles.get(native) if native is not None else None
        if step is not None:
            step.raw += (span,)
        elif model == SYNTHETIC or line.is_api_error_message:
            failed = line.is_api_error_message
            step = self.step(line, record, span, "event", "API error" if failed else "synthetic")
            step.flag("error" if failed else "synthetic")
            self.errors += failed
            model = None
        else:
            step = self.step(line, record, span, "agent")
            if native is not None:
                self._bundles[native] = step
        if model is not None and model != step.model:
            step.model = intern(model)
        if message.usage is not None:
            step.usage = greater(step.usage, message.usage)
        content = message.content
        self.skills.attribution = line.attribution_skill
        if isinstance(content, str):
            self._say(step, content)
        elif content is not None:
            for block in content:
                kind = block.type
                if kind == "tool_use":
                    self._call(line, block, step, span)
                elif kind == "text":
                    if not step.said:
                        self._say(step, raw_head(block.text))
                elif kind not in ("thinking", "redacted_thinking"):
                    self._rare_block(line, block, step, span)
        if line.attribution_skill:
            self.skills.attributed(line.attribution_skill, step.index, span)
        return step

    def _say(self, step: StepDraft, text: str) -> None:
        preview = one_line(text)
        if preview and not step.said:
            step.preview = preview
            step.said = True

    def _rare_block(self, line: Line, block: Block, step: StepDraft, span: ByteSpan) -> None:
        kind = block.type
        if kind == "server_tool_use":
            self._call(line, block, step, span)
        elif kind.endswith("tool_result"):
            self._result(line, block, span, step.uid)
        else:
            if kind not in _MEDIA:
                self.loss.lost_fields[f"content block {kind}"] += 1
            self._say(step, f"[{kind}]")

    def _call(self, line: Line, block: Block, step: StepDraft, span: ByteSpan) -> None:
        if step.calls is None:
            step.calls = []
        native = block.id or f"{step.uid}:{len(step.calls)}"
        unique = native
        if native in self._call_ids:
            if any(native == known.native for known in step.calls):
                return
            unique = _numbered(self._call_ids, native)
        else:
            self._call_ids[native] = 1
        given = input_of(block.input)
        name = intern(block.name or "?")
        call = CallDraft(
            unique,
            native,
            name,
            argument_of(given, block.input),
            given.file_path or given.notebook_path or given.absolute_path,
            asked=line.timestamp,
        )
        step.calls.append(call)
        self.calls[native] = call
        self._step_of_call[native] = step
        if name in SKILL_TOOLS:
            self.skills.call(call, given, step.index, span)
        elif given.prompt:
            self.prompts.append((hash(given.prompt.strip()), call))
        if native in self._waiting:
            for early, result, result_span in self._waiting.pop(native):
                self._result(early, result, result_span, None)
        if native in self._alone:
            self.late.add(native)

    def _result(
        self, line: Line, block: Block, span: ByteSpan, parent: str | None
    ) -> StepDraft | None:
        """Attach a result to its call; None when the call is not there (yet)."""
        native = block.tool_use_id
        call = self.calls.get(native) if native is not None else self._open_call(line, parent)
        if call is None:
            return None
        call.result += (span,)
        call.answered = line.timestamp
        kept = line.tool_use_result
        error = settle(call, block, kept)
        if isinstance(kept, ToolUseResult) and kept.agent_id:
            self.agents.setdefault(kept.agent_id, call)
        if call.native in self.skills.awaited:
            self.skills.result(call, error, span)
        return self._step_of_call[call.native]

    def _open_call(self, line: Line, parent: str | None) -> CallDraft | None:
        """Find the call of a result that does not name it: the first open one of its parent."""
        for uuid in (line.source_assistant, parent):
            step = self._owner.get(uuid) if uuid else None
            for call in step.calls or () if step is not None else ():
                if not call.result:
                    return call
        return None

    def _user(
        self, line: Line, record: bytes, span: ByteSpan, parent: str | None
    ) -> StepDraft | None:
        message = line.message
        assert message is not None
        content = message.content
        if isinstance(content, str) or content is None:
            return self._said(line, record, span, parent, content or "")
        if len(content) == 1 and content[0].type == "tool_result":
            # Nearly half of all records are one result each.
            owner = self._result(line, content[0], span, parent)
            if owner is not None:
                self.loss.attached += 1
                return owner
        said: str | None = None
        owner = None
        lonely: Block | None = None
        answers = False
        for block in content:
            kind = block.type
            if kind.endswith("tool_result"):
                found = self._result(line, block, span, parent)
                owner = owner or found
                answers = True
                if found is None and not self._waits(line, block, span):
                    lonely = block
            elif kind == "text":
                if not said or said[0] == "[":
                    said = raw_text(block.text)
            else:
                if kind not in _MEDIA:
                    self.loss.lost_fields[f"content block {kind}"] += 1
                said = said or f"[{kind}]"
        if said is None and answers and (owner is not None or lonely is None):
            self.loss.attached += 1
            return owner
        if said is None and lonely is not None:
            step = self.step(line, record, span, "event", "result without call")
            step.preview = one_line(raw_head(lonely.content))
            step.flag("orphan")
            return step
        step = self._said(line, record, span, parent, said or "")
        # What follows continues the call; the remark beside the result is a leaf.
        return owner or step

    def _waits(self, line: Line, block: Block, span: ByteSpan) -> bool:
        """Whether a result's call is known to come later in the file."""
        native = block.tool_use_id or ""
        if native in self._coming:
            self._waiting.setdefault(native, []).append((line, block, span))
            return True
        self._alone.add(native)
        return False

    def _said(
        self, line: Line, record: bytes, span: ByteSpan, parent: str | None, text: str
    ) -> StepDraft:
        if line.is_compact_summary:
            step = self.step(line, record, span, "context", "compact summary")
            step.flag("injected", "compact_summary")
        else:
            wrapper = wrapper_of(text)
            if wrapper is not None:
                step = self._events.wrapped(line, record, span, wrapper, text)
            elif line.is_meta:
                step = self.step(line, record, span, "context", "injected")
                step.flag("injected")
            else:
                self.turn += 1
                self.skills.next_prompt()
                step = self.step(line, record, span, "user")
                if self.first_prompt is None:
                    self.first_prompt = hash(text.strip())
                    self.opened = one_line(text) or self.opened
                if parent is not None:
                    rivals = self._rivals.setdefault(self._speaker.get(parent, parent), [])
                    rivals.append(step)
        if not step.said:
            step.preview = one_line(text)
        return step

    def finish(self) -> tuple[Step, ...]:
        """Return the steps, and enter in the ledger how many records they show."""
        self._void_branches()
        for found in (self._owner, self._speaker, self._rivals, self._step_of_call, self._bundles):
            found.clear()
        shown = unknown = 0
        before: str | None = None
        made: list[Step] = []
        for step in self.steps:
            shown += len(step.raw)
            if not self.linked:
                step.parent, before = before, step.uid
            if step.calls is not None:
                for call in step.calls:
                    if call.seconds is None and call.answered is not None:
                        call.seconds = _seconds(call.asked, call.answered)
                if not step.preview and step.calls:
                    call = step.calls[0]
                    step.preview = f"{call.name} {call.argument}".strip()[:200]
            if step.flags and "unknown" in step.flags:
                unknown += 1
            made.append(step.made())
        self.loss.mapped = shown - unknown
        return tuple(made)

    def _void_branches(self) -> None:
        """Mark what a later prompt made void.

        A fork is two or more typed prompts whose nearest user or assistant ancestor is the same.
        Anything else that looks like one is not: in 273 sessions 1,246 of 1,260 nodes with several
        children were results beside the next call of the same message.
        """
        void = {
            step.uid for rivals in self._rivals.values() if len(rivals) > 1 for step in rivals[:-1]
        }
        if not void:
            return
        for step in self.steps:
            if step.uid in void or step.parent in void:
                void.add(step.uid)
                step.flag("abandoned")


def _numbered(seen: Counter[str], native: str) -> str:
    """Return the id with a number: it was used before."""
    while True:
        seen[native] += 1
        made = f"{native}#{seen[native]}"
        if made not in seen:
            seen[made] = 1
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
