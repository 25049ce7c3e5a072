"""Steps made of records: one per model message, prompt, or event.

The way of a record is short on purpose: a session of 60 MB has tens of thousands of them, and
opening it should cost a few times what finding and decoding its lines costs at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from sys import intern
from typing import Final

from workbench.domain.trajectory import StepKind
from workbench.traces.claude.calls import argument_of, input_of, settle
from workbench.traces.claude.drafts import (
    CallDraft,
    StepDraft,
    calls_by_step,
    forget,
    span_of,
)
from workbench.traces.claude.events import EventReader
from workbench.traces.claude.lines import (
    SYNTHETIC,
    Block,
    Line,
    Message,
    ToolUseResult,
    raw_head,
    raw_text,
)
from workbench.traces.claude.prompts import wrapper_of
from workbench.traces.claude.skills import SKILL_TOOLS, SkillWatch
from workbench.traces.claude.tally import Tally
from workbench.traces.draft import LossDraft, record_uid
from workbench.traces.json_values import one_line

_MEDIA: Final = frozenset({"image", "document", "audio", "file"})


class Builder:
    """Makes the steps of one session or subagent; records come in the order of their chain.

    ``seen`` gives the step that shows a record, by the record's uuid.
    ``asked`` are its calls, ``shown`` counts the records that steps show.
    ``first_prompt`` and ``prompts`` are hashes, to find the call that gave a subagent its prompt.
    ``late`` are calls whose results came before them; with their ids in ``coming`` such results
    wait, others without a call are steps of their own.
    ``waiting`` counts records whose steps are to be made when somebody asks, None where none wait.
    """

    def __init__(
        self,
        loss: LossDraft,
        seen: Mapping[str, StepDraft | Tally | None],
        coming: frozenset[str] = frozenset(),
        number: int = 0,
    ) -> None:
        self.steps: list[StepDraft] = []
        self.loss = loss
        self.number = number
        self.agent = ""
        self.skills = SkillWatch()
        self.calls: dict[str, CallDraft] = {}
        self.prompts: list[tuple[int, CallDraft]] = []
        self.agents: dict[str, CallDraft] = {}
        self.asked: list[CallDraft] = []
        self.errors = 0
        self.messages = 0
        self.shown = self.unknown = 0
        self.turn = 0
        self.first_prompt: int | None = None
        self.opened = ""
        self.linked = False
        self.late: set[str] = set()
        self.waiting: Tally | None = None
        #: Steps of records whose id another part has as well.
        self.also: dict[str, StepDraft] = {}
        self._seen = seen
        self._coming = coming
        self._model: str | None = None
        self._alone: set[str] = set()
        self._speaker: dict[str, str] = {}
        self._rivals: dict[str, list[StepDraft]] = {}
        self._uids: Counter[str] | None = None
        self._call_ids: Counter[str] | None = None
        self._by_step: dict[int, list[CallDraft]] | None = None
        self._bundles: dict[str, StepDraft] = {}
        self._waiting: dict[str, list[tuple[Line, Block, int]]] = {}

    def feed(
        self,
        line: Line,
        record: bytes,
        place: int,
        parent: str | None,
        above: StepDraft | None,
    ) -> StepDraft | None:
        """Take one record.

        Args:
            line: the record.
            record: its bytes; none where the line has all: a message with an id.
            place: where it lies.
            parent: the uuid of the record before it, progress records left out.
            above: the step that shows the record before it.

        Returns:
            The step that shows it.
        """
        kind = line.type
        if parent is not None:
            self.linked = True
        steps = self.steps
        before = len(steps)
        shown: StepDraft | None
        if kind == "assistant" and line.message is not None:
            self.messages += 1
            shown = self.answer(line, line.message, record, place)
        elif kind == "user" and line.message is not None:
            self.messages += 1
            shown = self._user(line, record, place, parent, above)
        else:
            shown = EventReader(self).take(line, record, place)
            if line.uuid is not None and parent is not None:
                self._speaker[line.uuid] = self._speaker.get(parent, parent)
        if len(steps) > before:
            step = steps[before]
            if above is not None:
                step.parent = above.uid
            elif parent is not None:
                step.flag("orphan")
        return shown or above

    def wait(self, agent: str | None) -> None:
        """Let plain records of an agent wait from now on, unless there is what concerns them."""
        told_apart = self._uids is not None or self._call_ids is not None
        if not (told_apart or self._coming or self._alone or self.skills.folders):
            self.waiting = Tally(self.number, agent, self._bundles)

    def follows(
        self,
        line: Line,
        message: Message,
        above: StepDraft,
        place: int,
        parent: str | None = None,
    ) -> StepDraft | None:
        """Take an answer, or a record with one result; None when it has to go the long way.

        With its ``parent``, take a prompt in plain text too.
        """
        if line.type == "assistant":
            step = self.answer(line, message, b"", place)
            if step.place == place:
                step.parent = above.uid
            self.messages += 1
            self.linked = True
            return step
        content = message.content
        if line.type != "user":
            return None
        if isinstance(content, str):
            if parent is None:
                return None
            step = self._said(line, b"", place, parent, content)
            step.parent = above.uid
            self.messages += 1
            self.linked = True
            return step
        if content is None or len(content) != 1 or content[0].type != "tool_result":
            return None
        shown = self.result(line, content[0], place, above)
        if shown is not None:
            self.loss.attached += 1
            self.messages += 1
            self.linked = True
        return shown

    def shows_nothing(self, kind: str) -> None:
        """Count a record that says nothing of what the agent did."""
        self.loss.left_out(kind)

    def repeated(self) -> None:
        """Note that ids of records repeat: from now on each step's id is compared."""
        if self._uids is None:
            self._uids = Counter([step.uid for step in self.steps])

    def step(
        self, line: Line, record: bytes, place: int, kind: StepKind, label: str = ""
    ) -> StepDraft:
        """Append a step made of a record."""
        native = line.uuid
        if native is None:
            self.repeated()
            native = record_uid(record)
        uids = self._uids
        if uids is not None:
            if native in uids:
                native = _numbered(uids, native)
            else:
                uids[native] = 1
        steps = self.steps
        made = StepDraft(
            len(steps), native, kind, place, self.turn, line.timestamp, self.number, label
        )
        steps.append(made)
        self.shown += 1
        return made

    def answer(self, line: Line, message: Message, record: bytes, place: int) -> StepDraft:
        """Take a record of the model; return its step, which it may be the first of."""
        native, model = message.id, message.model
        step = self._bundles.get(native) if native is not None else None
        if step is not None:
            if step.more is None:
                step.more = [place]
            else:
                step.more.append(place)
            self.shown += 1
        elif model == SYNTHETIC or line.is_api_error_message:
            failed = line.is_api_error_message
            label = "API error" if failed else "synthetic"
            step = self.step(line, record, place, "event", label)
            step.flag("error" if failed else "synthetic")
            self.errors += failed
            model = None
        else:
            step = self.step(line, record, place, "agent")
            if native is not None:
                self._bundles[native] = step
        if model is not None and model != step.model:
            if model != self._model:
                self._model = intern(model)
            step.model = self._model
        usage, known = message.usage, step.usage
        # The records of one message repeat its usage while it grows.
        if known is None or (
            usage is not None and (usage.output_tokens or 0) > (known.output_tokens or 0)
        ):
            step.usage = usage
        content = message.content
        if isinstance(content, str):
            self._say(step, content)
        elif content is not None:
            for block in content:
                kind = block.type
                if kind == "tool_use":
                    self._call(line, block, step, place)
                elif kind == "text":
                    if not step.said and not step.says_later(block.text):
                        self._say(step, raw_head(block.text))
                elif kind not in ("thinking", "redacted_thinking"):
                    self._rare_block(line, block, step, place)
        if line.attribution_skill:
            span = span_of(place)
            self.skills.attributed(line.attribution_skill, step.index, span)
        return step

    def _say(self, step: StepDraft, text: str) -> None:
        preview = one_line(text)
        if preview and not step.said:
            step.preview = preview
            step.said = True

    def _rare_block(self, line: Line, block: Block, step: StepDraft, place: int) -> None:
        kind = block.type
        if kind == "server_tool_use":
            self._call(line, block, step, place)
        elif kind.endswith("tool_result"):
            self.result(line, block, place, step)
        else:
            if kind not in _MEDIA:
                self.loss.lost_fields[f"content block {kind}"] += 1
            self._say(step, f"[{kind}]")

    def _call(self, line: Line, block: Block, step: StepDraft, place: int) -> None:
        native = block.id or f"{step.uid}:{step.asked}"
        unique = native
        if native in self.calls or (self._call_ids is not None and native in self._call_ids):
            if any(native == one.native for one in self._calls_of(step)):
                return
            if self._call_ids is None:
                self._call_ids = Counter(list(self.calls))
            unique = _numbered(self._call_ids, native)
        elif self._call_ids is not None:
            self._call_ids[native] = 1
        given = input_of(block.input)
        name = intern(block.name or "?")
        path = given.file_path or given.notebook_path or given.absolute_path
        argument = argument_of(given, block.input)
        if path is not None and path == argument:
            argument = path = intern(path)  # an agent looks at the same files again and again
        call = CallDraft(unique, native, name, argument, path, step.index, line.timestamp)
        step.asked += 1
        self.asked.append(call)
        self.calls[native] = call
        if self._by_step is not None:
            self._by_step.setdefault(call.step, []).append(call)
        if name in SKILL_TOOLS:
            if self.skills.concerns(name, path, given.command or given.cmd):
                self.skills.call(call, given, line.attribution_skill, place)
        elif given.prompt:
            self.prompts.append((hash(given.prompt.strip()), call))
        if self._waiting and native in self._waiting:
            for early, result, its_place in self._waiting.pop(native):
                self.result(early, result, its_place, None)
        if self._alone and native in self._alone:
            self.late.add(native)

    def _calls_of(self, step: StepDraft) -> Sequence[CallDraft]:
        """Return the calls of a step; few sessions need them before their end."""
        if self._by_step is None:
            self._by_step = calls_by_step(self.asked)
        return self._by_step.get(step.index, ())

    def result(
        self, line: Line, block: Block, place: int, above: StepDraft | None
    ) -> StepDraft | None:
        """Attach a result to its call; None when the call is not there (yet)."""
        native = block.tool_use_id
        call = self.calls.get(native) if native is not None else self._open_call(line, above)
        if call is None:
            return None
        if call.place < 0:
            call.place = place
        else:
            call.answer_again(place)
        call.answered = line.timestamp
        kept, error = line.tool_use_result, ""
        if isinstance(kept, ToolUseResult):
            error = settle(call, block, kept)
            if kept.agent_id:
                self.agents.setdefault(kept.agent_id, call)
        elif block.is_error:
            error = settle(call, block, kept)
        else:
            call.status = "ok"
        if call.native in self.skills.awaited:
            self.skills.result(call, error, span_of(place))
        return self.steps[call.step]

    def _open_call(self, line: Line, above: StepDraft | None) -> CallDraft | None:
        """Find the call of a result that does not name it: the first open one of its parent."""
        asking = self._shows(line.source_assistant) if line.source_assistant else None
        for step in (asking, above):
            for call in self._calls_of(step) if step is not None else ():
                if call.place < 0:
                    return call
        return None

    def _shows(self, uuid: str) -> StepDraft | None:
        """Return the step of this part that shows a record."""
        step = self._seen.get(uuid)
        if isinstance(step, StepDraft) and step.part == self.number:
            return step
        return self.also.get(uuid)

    def _user(
        self, line: Line, record: bytes, place: int, parent: str | None, above: StepDraft | None
    ) -> StepDraft | None:
        content = line.message.content if line.message is not None else None
        if isinstance(content, str) or content is None:
            return self._said(line, record, place, parent, content or "")
        said: str | None = None
        owner = None
        lonely: Block | None = None
        answers = False
        for block in content:
            kind = block.type
            if kind.endswith("tool_result"):
                found = self.result(line, block, place, above)
                owner = owner or found
                answers = True
                if found is None and not self._waits(line, block, place):
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
            step = self.step(line, record, place, "event", "result without call")
            step.preview = one_line(raw_head(lonely.content))
            step.flag("orphan")
            return step
        step = self._said(line, record, place, parent, said or "")
        # What follows continues the call; the remark beside the result is a leaf.
        return owner or step

    def _waits(self, line: Line, block: Block, place: int) -> bool:
        """Whether a result's call is known to come later in the file."""
        native = block.tool_use_id or ""
        if native in self._coming:
            self._waiting.setdefault(native, []).append((line, block, place))
            return True
        self._alone.add(native)
        return False

    def _said(
        self, line: Line, record: bytes, place: int, parent: str | None, text: str
    ) -> StepDraft:
        if line.is_compact_summary:
            step = self.step(line, record, place, "context", "compact summary")
            step.flag("injected", "compact_summary")
        else:
            wrapper = wrapper_of(text)
            if wrapper is not None:
                step = EventReader(self).wrapped(line, record, place, wrapper, text)
            elif line.is_meta:
                step = self.step(line, record, place, "context", "injected")
                step.flag("injected")
            else:
                self.turn += 1
                self.skills.next_prompt()
                step = self.step(line, record, place, "user")
                step.preview = one_line(text)
                if self.first_prompt is None:
                    self.first_prompt = hash(text.strip())
                    self.opened = step.preview or self.opened
                if parent is not None:
                    parent = self._speaker.get(parent, parent)
                    if parent in self._rivals:
                        self._rivals[parent].append(step)
                    else:
                        self._rivals[parent] = [step]
                return step
        if not step.said:
            step.preview = one_line(text)
        return step

    def enter_shown(self) -> None:
        """Enter in the ledger how many records the steps show, those that wait as well."""
        self.loss.mapped = self.shown - self.unknown
        waiting = self.waiting
        if waiting is not None and waiting.runs:
            self.loss.mapped += waiting.shown
            self.loss.attached += waiting.attached
            self.messages += waiting.shown + waiting.attached
            self.linked = True

    def finish(self) -> list[StepDraft]:
        """Return the steps to be; nothing more can be taken."""
        self._void_branches()
        steps, self.steps = self.steps, []
        for found in (self.calls, self.also, self._speaker, self._rivals, self._bundles):
            forget(found)
        if not self.linked:
            before: str | None = None
            for step in steps:
                step.parent, before = before, step.uid
        return steps

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
