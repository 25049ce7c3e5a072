"""Cursor agent transcripts: JSON lines of ``role`` and ``message``, with marks of a turn's end.

``~/.cursor/projects/<project>/agent-transcripts/<id>/<id>.jsonl``, subagents below ``subagents/``.
Most transcripts keep no results of tools: those calls are shown as missing. No times, no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from workbench.domain.trajectory import Step, StepBody, Trajectory
from workbench.traces.chat.messages import message_said, result_observed, take_message
from workbench.traces.draft import CallDraft
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import decode_object, one_line, top_members
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Said, Talk, field_notes, said_body

_OTHERS: Final = frozenset({"uuid", "sessionId", "session_id", "parentUuid", "payload", "type"})
_QUERY: Final = re.compile(r"<user_query>\s*(.*?)\s*</user_query>", re.DOTALL)
_SPAWNS: Final = frozenset({"Agent", "Task", "task", "agent", "Subagent"})


class Cursor(Format):
    """One trajectory for a transcript; its subagents are children."""

    id = "cursor"

    def score(self, probe: Probe) -> float:
        """Count lines with a role beside a message that holds the content."""
        return float(sum(_is_line(line) for line in probe.lines))

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the subagents' transcripts, when the folder holds this session alone."""
        folder = path.parent / "subagents"
        try:
            alone = sum(1 for _ in path.parent.glob("*.jsonl")) == 1
            if folder.is_symlink() or not alone or not folder.is_dir():
                return ()
            found = [one for one in folder.glob("*.jsonl") if not one.is_symlink()]
        except OSError:
            return ()
        return sorted(one for one in found if one.is_file())

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the transcript and those of its subagents."""
        return read_whole(_Session(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing:
        """Take the lines of all transcripts."""
        del sources
        return _Session(self.id)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, result_observed)


def _is_line(line: bytes) -> bool:
    members = top_members(line)
    keys = members.keys()
    if "message" in keys and "role" in keys and not keys & _OTHERS:
        start, end = members["message"]
        return line[start : start + 1] == b"{" and b'"content"' in line[start:end]
    return b'"turn_ended"' in line[:60] and "status" in keys


class _Session(Growing):
    """A transcript, and those of its subagents after it."""

    def __init__(self, format_id: str) -> None:
        self._format = format_id
        self._talks: list[Talk] = []
        #: Calls that ask for a subagent, and how many steps were looked at for them.
        self._spawns: list[CallDraft] = []
        self._seen = 0

    def begin(self, sources: Sequence[SourceBytes]) -> None:
        """Take that there are so many transcripts."""
        super().begin(sources)
        for at in range(len(self._talks), len(sources)):
            self._talks.append(Talk(self._format, f"subagent-{at}" if at else "session"))

    def take(self, node: Node) -> None:
        """Take the next line of a transcript."""
        talk = self._talks[node.source]
        value = decode_object(node.raw())
        if value is None:
            talk.unparsed(node)
        elif value.get("type") == "turn_ended":
            _ended(talk, node)
        else:
            _line(talk, node)

    def made(self) -> Iterator[Trajectory]:
        """Yield the session with its subagents, one for each call that asks for one."""
        main, *below = self._talks
        for step in main.draft.steps[self._seen :]:
            self._spawns += [call for call in step.calls if call.name in _SPAWNS]
        self._seen = len(main.draft.steps)
        for call, talk in zip(self._spawns, below, strict=False):
            if call.sub != talk.draft.id:
                main.draft.touch_call(call)
                call.sub = talk.draft.id
        infos = [source.info() for source in self.sources]
        children = tuple(
            talk.made(infos, agent="Cursor", parent="session", complete=source.whole)
            for talk, source in zip(below, self.sources[1:], strict=True)
        )
        whole = self.sources[0].whole
        yield main.made(infos, agent="Cursor", children=children, complete=whole)


def _line(talk: Talk, node: Node) -> None:
    """Take a message: the role stands outside it, the content inside."""
    role, message = node.get("role"), node.get("message")
    if role is None or message is None or not message.is_object:
        talk.unknown(f"line/{node.string('type') or '(no type)'}", node)
        return
    step = take_message(talk, _with_role(node), uid=node.string("id"))
    if step is None:
        return
    step.raw = [node.span()]
    step.model = message.string("model") or node.string("model")
    talk.model = talk.model or step.model
    if step.kind == "user":
        found = _QUERY.search(_said(node).text)
        if found is not None:
            step.preview = one_line(found.group(1))


def _with_role(node: Node) -> Node:
    """Return a line as one message, its blocks still leading to their bytes."""
    message = node.get("message")
    inner = message.members() if message is not None else {}
    return node.with_members({**inner, "role": node.members()["role"]})


def _ended(talk: Talk, node: Node) -> None:
    status = node.string("status")
    if status in (None, "success", "completed"):
        talk.attached()
        return
    step = talk.event("turn_ended", node, _said(node))
    aborted = "abort" in node.text("error").lower()
    step.flag("interrupted" if aborted else "api_error")
    talk.draft.errors += not aborted


def _said(node: Node) -> Said:
    """Return what a line says."""
    if node.string("type") == "turn_ended":
        return Said(node.text("error"), notes=field_notes(node, "status"))
    if node.get("message") is None or node.get("role") is None:
        return Said()
    return message_said(_with_role(node))


IMPORTERS = (Cursor(),)
