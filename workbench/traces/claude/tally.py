"""What the records of a subagent come to, while their steps wait to be asked for."""

from __future__ import annotations

from array import array
from collections.abc import Container, MutableMapping, Sequence
from sys import intern
from typing import Any, Final

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
#: Stretches of records are joined up to about so many bytes, which are read again at one go: with
#: a block more it is what needs no memory taken from the system anew.
_RUN: Final = 32 << 10
#: After every time.
_LATEST: Final = "\U0010ffff"


class _Start(Struct, gc=False):
    """The argument by which a call starts a subagent."""

    prompt: str | None = None


class _Concern(Struct, gc=False):
    """The arguments by which a call can concern a skill."""

    command: str | None = None
    cmd: str | None = None
    file_path: str | None = None
    notebook_path: str | None = None
    absolute_path: str | None = None


_start: Final = msgspec.json.Decoder(_Start)
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
    ``calls`` those of calls, with whether the result is still to come.
    """

    __slots__ = (
        *("above", "agent", "attached", "bundles", "calls", "errors", "first", "hops", "last"),
        *("message", "model", "part", "runs", "shown", "steps", "tokens", "usage"),
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
        self.calls: dict[str, bool] = {}
        #: The last message, and its tokens, which its records repeat while they grow.
        self.message = ""
        self.usage: Usage | None = None
        self.tokens = TokenSum()
        self.model: str | None = None
        self.shown = self.attached = self.errors = 0
        self.first, self.last = _LATEST, ""

    def takes(
        self,
        lines: Sequence[Line],
        number: int,
        parent: str,
        known: MutableMapping[str, Any],
        missing: Container[str],
    ) -> int:
        """Count records that follow one another, as long as they can wait.

        One loop for all of them: with hundreds of subagents nearly every record goes this way.

        Args:
            lines: the records of a block.
            number: the first one to count, with an id never seen.
            parent: the record that this one hangs from, progress records left out.
            known: what shows each record by its uuid; gets those that are counted.
            missing: records that were named before they came; none of them can wait.

        Returns:
            The number of the first record that is not counted.
        """
        line, count, agent, answer = lines[number], len(lines), self.agent, self._answer
        uuid, message = line.uuid, line.message
        if line.parent_uuid != parent:
            self.hops[line.parent_uuid or ""] = parent
        while uuid is not None and message is not None:
            content = message.content
            if (
                content.__class__ is not list
                or not line.is_sidechain
                or line.agent_id != agent
                or line.parent_tool_use_id is not None
                or line.attribution_skill is not None
            ):
                break
            if line.type == "assistant":
                if not answer(line, message, content):
                    break
            elif line.type != "user" or len(content) != 1 or not self._result(line, content[0]):
                break
            known[uuid] = self
            number += 1
            if number == count:
                break
            line, before = lines[number], uuid
            uuid, message = line.uuid, line.message
            if uuid in known or uuid in missing:
                break
            above = line.parent_uuid
            if above != before and (above is None or known.get(above) is not self):
                break
        return number

    def keep(self, begin: int, end: int) -> None:
        """Note where counted records lie, from the first byte to the end of the last line."""
        runs = self.runs
        if runs and runs[-1] + 1 == begin and begin - runs[-2] < _RUN:
            runs[-1] = end
        else:
            runs.append(begin)
            runs.append(end)

    def dated(self) -> bool:
        """Whether first and last time are times: then all between them are taken for some."""
        return not self.last or "0" <= self.first[:1] <= self.last[:1] <= "9"

    def ended(self) -> None:
        """Count the last message's tokens too."""
        if self.usage is not None:
            self.tokens.add(self.usage)
        self.usage = None

    def _answer(self, line: Line, message: Message, blocks: list[Block]) -> bool:
        """Count a record of the model; False when it cannot wait."""
        native, usage, known = message.id, message.usage, self.usage
        if native != self.message:
            if native is None or native in self.steps or native in self.bundles:
                return False
            if known is not None:
                self.tokens.add(known)
            self.steps.add(native)
            self.message, self.usage = native, usage
            time = line.timestamp
            if time:
                if time > self.last:  # noqa: PLR1730 - a call costs, there are many records
                    self.last = time
                if time < self.first:  # noqa: PLR1730
                    self.first = time
        elif known is None or (
            usage is not None and (usage.output_tokens or 0) > (known.output_tokens or 0)
        ):
            self.usage = usage
        if message.model != self.model and not self._speaks(message.model):
            return False
        self.shown += 1
        calls = self.calls
        for block in blocks:
            kind = block.type
            if kind == "tool_use":
                called, name = block.id, block.name
                if called is None or called in calls or _may_concern(name, block.input):
                    return False
                calls[called] = True
            elif kind not in _SPOKEN:
                return False
        return not line.is_api_error_message

    def _result(self, line: Line, block: Block) -> bool:
        """Count a result; False when it cannot wait, or is not the first one of its call."""
        native, kept, calls = block.tool_use_id, line.tool_use_result, self.calls
        if native is None or not calls.get(native) or block.type != "tool_result":
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
        calls[native] = False
        self.attached += 1
        time = line.timestamp
        if time:
            if time > self.last:  # noqa: PLR1730 - a call costs, there are many records
                self.last = time
            if time < self.first:  # noqa: PLR1730
                self.first = time
        return True

    def _speaks(self, model: str | None) -> bool:
        if self.model is not None or model is None or model == SYNTHETIC:
            return False
        self.model = intern(model)
        return True


def _may_concern(name: str | None, given: Raw) -> bool:
    """Whether a call may concern a skill or start a subagent."""
    if name == "Skill":
        return True
    try:
        if name not in SKILL_TOOLS:
            return bool(_start.decode(given).prompt)
        concern = _concern.decode(given)
    except UNREADABLE:
        return True
    path = concern.file_path or concern.notebook_path or concern.absolute_path
    if path is not None and ("skills" in path or "SKILL.md" in path):
        return True
    command = concern.command or concern.cmd
    return command is not None and ("skills/" in command or "SKILL.md" in command)
