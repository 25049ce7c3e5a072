"""iFlow CLI sessions: the records of Claude Code, written while the model still streams.

``~/.iflow/projects/<folder>/session-<uuid>.jsonl``. Each record of a model call repeats the last
tool call of the one before it: a call of the same id and arguments is one call. A result wraps the
function response of Gemini's API. Usage is written as zeros (seen in version 1.0.0, 2026-01).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from workbench.domain.trajectory import Step, StepBody, StepKind, Trajectory
from workbench.traces.chat.messages import (
    RESULT_BLOCKS,
    blocks_of,
    content_of,
    message_metrics,
    message_said,
)
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import line_type, mapping
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import iso_time

_SESSION: Final = re.compile(rb'"sessionId"\s*:\s*"session-[0-9a-f]{8}-')
_RESPONSE: Final = re.compile(rb'"id"\s*:\s*"response-\d{10,}|"responseParts"\s*:')


class IFlow(Format):
    """One trajectory for a session."""

    id = "iflow"

    def score(self, probe: Probe) -> float:
        """Count the session's records, when one has iFlow's ids; one vote above Claude Code."""
        found = [line for line in probe.lines if _is_record(line)]
        sure = any(_RESPONSE.search(line) for line in found)
        return len(found) + 1.0 if sure else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session."""
        return read_whole(_Session(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing:
        """Take the records."""
        del sources
        return _Session(self.id)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step, without the calls that are told again."""
        known = {call.id for call in step.tool_calls}

        def said(node: Node) -> Said:
            told = _said(node)
            return replace(told, calls=tuple(one for one in told.calls if _is_of(one, known)))

        return said_body(step, raw, results, said, _observed)


class _Session(Growing):
    """The records of a file, in its order."""

    def __init__(self, format_id: str) -> None:
        self._talk = Talk(format_id, "session")
        self._asked: set[tuple[str | None, str]] = set()
        self._session: str | None = None
        self._version: str | None = None

    def take(self, node: Node) -> None:
        """Take the next record."""
        talk = self._talk
        if not node.is_object or node.value() is None:
            talk.unparsed(node)
            return
        self._session = self._session or node.string("sessionId")
        self._version = node.string("version") or self._version
        talk.cwd = talk.cwd or node.string("cwd") or ""
        _record(talk, node, self._asked)

    def made(self) -> Iterator[Trajectory]:
        """Yield the session."""
        self._talk.draft.id = self._session or "session"
        yield self._talk.made(
            [self.sources[0].info()],
            agent="iFlow CLI",
            session=self._session,
            format_version=self._version,
            complete=self.sources[0].whole,
        )


def _is_of(asked: Asked, known: set[str]) -> bool:
    return asked.id is None or asked.id in known


def _record(talk: Talk, node: Node, asked: set[tuple[str | None, str]]) -> None:
    kind, uid = node.string("type"), node.string("uuid")
    time = iso_time(node.value("timestamp"))
    message = node.get("message")
    if kind not in ("user", "assistant") or message is None:
        talk.unknown(f"record/{kind or '(no type)'}", node, uid, time=time)
        return
    answered = sum(_answer(talk, block) for block in blocks_of(content_of(message)))
    said = _said(node)
    fresh = tuple(one for one in said.calls if (one.id, one.arguments) not in asked)
    if kind == "user" and answered and not said.text and not said.media:
        talk.attached()
        talk.draft.messages += 1
    elif kind == "assistant" and said.calls and not fresh and not said.text:
        talk.draft.loss.duplicate += 1
    else:
        asked |= {(one.id, one.arguments) for one in fresh}
        told: StepKind = "agent" if kind == "assistant" else "user"
        step = talk.say(told, node, replace(said, calls=fresh), uid, time=time)
        if told == "agent":
            step.model = message.string("model")
            talk.model = talk.model or step.model
            step.metrics = message_metrics(message)


def _answer(talk: Talk, block: Node) -> bool:
    """Give a result to its call; whether the block is a result."""
    if not block.is_object or block.string("type") not in RESULT_BLOCKS:
        return False
    call = talk.open_call(block.string("tool_use_id"))
    if call is None:
        talk.unknown("result without a call", block)
        return True
    response = block.get("content", "responseParts", "functionResponse", "response")
    failed = response is not None and bool(mapping(response.value()).get("error"))
    talk.settle(call, block, "error" if failed or block.value("is_error") is True else "ok")
    return True


def _said(node: Node) -> Said:
    message = node.get("message")
    return message_said(message) if message is not None else Said()


def _observed(node: Node) -> Observed:
    """Read a result: the function response inside it, or a content as other agents write it."""
    response = node.get("content", "responseParts", "functionResponse", "response")
    if response is None:
        return observed(node)
    told = [response.text(key) for key in ("output", "error", "content")]
    return Observed("\n\n".join(text for text in told if text) or response.text())


def _is_record(line: bytes) -> bool:
    return line_type(line) in ("user", "assistant") and _SESSION.search(line[:2000]) is not None


IMPORTERS = (IFlow(),)
