"""What the records of a subagent come to, while their steps wait to be asked for."""

from __future__ import annotations

from array import array
from collections.abc import Container
from sys import intern
from typing import Final

import msgspec
from msgspec import Raw, Struct

from workbench.traces.claude.calls import settle
from workbench.traces.claude.drafts import CallDraft, StepDraft, TokenSum
from workbench.traces.claude.lines import (
    SYNTHETIC,
    UNREADABLE,
    Block,
    Line,
    Message,
    ToolUseResult,
    Usage,
)
from workbench.traces.claude.skills import SKILL_TOOLS

_SPOKEN: Final = frozenset({"text", "thinking", "redacted_thinking"})
#: About so many bytes are read again at one go.
_RUN: Final = 256 << 10
#: After every time.
_LATEST: Final = "\U0010ffff"


class _Concern(Struct, gc=False):
    """The arguments by which a call can concern a skill, or start a subagent."""

    command: str | None = None
    cmd: str | None = None
    file_path: str | None = None
    notebook_path: str | None = None
    absolute_path: str | None = None
    prompt: str | None = None


_concern: Final = msgspec.json.Decoder(_Concern)


class Tally:
    """Counts records whose steps nobody may ever look at; the ``Builder`` makes those when asked.

    A session can have hundreds of subagents. What is told of them all (steps, calls, errors,
    tokens, times, the model) is counted here, exactly as the steps would have it. Only what is
    plain can wait: answers of one model in text, thoughts and calls that cannot concern a skill or
    start a subagent, and the first result of each. For all else ``takes`` says None: the builder
    has to catch up and take the record itself, and the tally has served.

    ``runs`` are the bytes of the records, begin and end of each stretch. ``above`` are the steps
    that the first of them hang from, by the uuid they name; ``hops`` leads from the progress
    records that some name to what those hang from. ``steps`` are the ids of messages, each a step;
    ``others`` the ids of calls that might be those of a tool nobody knows yet to start subagents.
    """

    __slots__ = (
        *("above", "agent", "attached", "bundles", "calls", "errors", "first", "hops"),
        *("last", "message", "mine", "model", "others", "part", "runs", "shown", "steps"),
        *("tokens", "unanswered", "usage"),
    )

    def __init__(self, part: int, agent: str | None, bundles: Container[str]) -> None:
        """Begin to count for an agent's part, whose steps that are made have these messages."""
        self.part = part
        self.agent = agent
        self.bundles = bundles
        self.runs = array("q")
        self.above: dict[str, StepDraft] = {}
        self.hops: dict[str, str] = {}
        self.steps: set[str] = set()
        self.unanswered: set[str] = set()
        self.others: list[str] = []
        #: The last message, its calls and its tokens, which its records repeat while they grow.
        self.message = ""
        self.mine: list[str] = []
        self.usage: Usage | None = None
        self.tokens = TokenSum()
        self.model: str | None = None
        self.shown = self.attached = self.calls = self.errors = 0
        self.first, self.last = _LATEST, ""

    def takes(
        self, line: Line, message: Message, parent: str, begin: int, end: int
    ) -> Tally | None:
        """Count a record; None when it cannot wait.

        Args:
            line: the record.
            message: what it says.
            parent: the record it hangs from, progress records left out.
            begin: where its bytes begin.
            end: where they end.
        """
        if (
            not line.is_sidechain
            or line.agent_id != self.agent
            or line.parent_tool_use_id is not None
            or line.attribution_skill is not None
        ):
            return None
        content = message.content
        if content.__class__ is not list:
            return None
        if line.type == "assistant":
            if line.is_api_error_message or not self._answer(message, content, line.timestamp):
                return None
        elif line.type == "user" and len(content) == 1:
            if not self._result(content[0], line.tool_use_result, line.timestamp):
                return None
        else:
            return None
        if parent != line.parent_uuid:
            self.hops[line.parent_uuid or ""] = parent
        runs = self.runs
        if runs and runs[-1] + 1 == begin and begin - runs[-2] < _RUN:
            runs[-1] = end
        else:
            runs.append(begin)
            runs.append(end)
        return self

    def dated(self) -> bool:
        """Whether first and last time are times: then all between them are taken for some."""
        return not self.last or "0" <= self.first[:1] <= self.last[:1] <= "9"

    def ended(self) -> None:
        """Count the last message's tokens too, and drop what is needed no more."""
        if self.usage is not None:
            self.tokens.add(self.usage)
        self.usage = None
        self.unanswered.clear()

    def _answer(self, message: Message, blocks: list[Block], time: str | None) -> bool:
        native = message.id
        if message.model != self.model and not self._speaks(message.model):
            return False
        if native != self.message:
            if native is None or native in self.steps or native in self.bundles:
                return False
            if self.usage is not None:
                self.tokens.add(self.usage)
            self.steps.add(native)
            self.message, self.usage = native, message.usage
            self.mine.clear()
            if time:
                if time > self.last:  # noqa: PLR1730 - a call costs, there are many records
                    self.last = time
                if time < self.first:  # noqa: PLR1730
                    self.first = time
        else:
            self._grows(message.usage)
        self.shown += 1
        for block in blocks:
            kind = block.type
            if kind == "tool_use":
                if not self._call(block.id, block.name, block.input):
                    return False
            elif kind not in _SPOKEN:
                return False
        return True

    def _call(self, native: str | None, name: str | None, given: Raw) -> bool:
        """Note a call; False when it is known already, or may do more than others."""
        if native is None or name == "Skill" or native in self.mine:
            return False
        try:
            concern = _concern.decode(given)
        except UNREADABLE:
            return False
        self.calls += 1
        self.mine.append(native)
        self.unanswered.add(native)
        if name not in SKILL_TOOLS:
            self.others.append(native)
            return not concern.prompt
        path = concern.file_path or concern.notebook_path or concern.absolute_path
        if path is not None and ("skills" in path or "SKILL.md" in path):
            return False
        command = concern.command or concern.cmd
        return command is None or not ("skills/" in command or "SKILL.md" in command)

    def _result(self, block: Block, kept: object, time: str | None) -> bool:
        native = block.tool_use_id
        if native is None or block.type != "tool_result" or native not in self.unanswered:
            return False
        odd = block.is_error
        if isinstance(kept, ToolUseResult):
            if kept.agent_id:
                return False
            odd = odd or kept.interrupted or kept.success is False
        if odd:
            call = CallDraft(native, native, "", "", None, -1, None)
            settle(call, block, kept)
            self.errors += call.status == "error"
        self.unanswered.remove(native)
        self.attached += 1
        if time:
            if time > self.last:  # noqa: PLR1730
                self.last = time
            if time < self.first:  # noqa: PLR1730
                self.first = time
        return True

    def _speaks(self, model: str | None) -> bool:
        if self.model is not None or model is None or model == SYNTHETIC:
            return False
        self.model = intern(model)
        return True

    def _grows(self, usage: Usage | None) -> None:
        known = self.usage
        if known is None or (
            usage is not None and (usage.output_tokens or 0) > (known.output_tokens or 0)
        ):
            self.usage = usage
