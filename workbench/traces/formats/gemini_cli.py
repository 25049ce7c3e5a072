"""Gemini CLI sessions: one JSON document, or since 0.40 a log that is replayed.

``~/.gemini/tmp/<projectHash>/chats/session-*.json[l]``. The log holds one record a message, written
again in full whenever it changes, ``message_update`` patches, ``$set`` patches of the session (with
``messages``: the whole list anew) and ``$rewindTo``, which takes the named message and all after it
away; an unknown name takes all (gemini-cli 0.61 ``chatRecordingService.ts``, 2026-10). Checkpoints
(``history`` of ``role`` and ``parts``) are read as well. No cost, no end of a message is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, Step, StepBody, StepKind, Trajectory
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import CallDraft, StepDraft, reported
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode_object,
    integer,
    line_records,
    mapping,
    string,
    top_members,
)
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, observed, said_body
from workbench.traces.times import iso_time

_KINDS: Final[dict[str, StepKind]] = {
    "user": "user",
    "gemini": "agent",
    "model": "agent",
    "assistant": "agent",
    "info": "event",
    "warning": "event",
    "error": "event",
}
_STATUSES: Final[dict[str, CallStatus]] = {
    "success": "ok",
    "error": "error",
    "cancelled": "cancelled",
    "executing": "running",
    "scheduled": "running",
    "validating": "running",
    "awaiting_approval": "running",
}
_EXIT_CODE: Final = re.compile(r"(?:^|\n|\\n)Exit Code: (\d+)")
_SESSION_KEYS: Final = (b'"projectHash"', b'"$set"', b'"$rewindTo"')
_TYPES: Final = re.compile(rb'"type"\s*:\s*"(?:gemini|user|info|warning|error|model)"')


class GeminiCli(Format):
    """One trajectory for a file."""

    id = "gemini-cli"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the keys of a session, or count the records of a log."""
        members = top_members(probe.head)
        if {"sessionId", "messages"} <= members.keys() and (
            "projectHash" in members or _TYPES.search(probe.head)
        ):
            return 20.0
        if "history" in members:
            start, end = members["history"]
            history = probe.head[start:end]
            found = b'"parts"' in history and b'"role"' in history
            return 15.0 if found and b'"message_type"' not in history else 0.0
        votes = sum(_is_record(line) for line in probe.lines)
        sure = any(mark in line for line in probe.lines for mark in _SESSION_KEYS)
        return float(votes) if sure else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session, or replay the log."""
        source = sources[0]
        state = _State()
        document = Node.document(source.data)
        if "messages" in document.members() or "history" in document.members():
            state.read_document(document)
            whole = _closed(document)
        else:
            state.replay(source.data, progress)
            whole = True
        yield _trajectory(self.id, state, source, whole=whole)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step; a patch of a message overrides what it names."""
        patched = [Node.of(record) for record in raw]
        merged = _Message(patched).said() if patched else Said()
        return said_body(step, raw[:1], results, lambda _: merged, _observed)


class _Message:
    """A message: its record, and the patches that came after it."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def get(self, *path: str | int) -> Node | None:
        """Return the newest value at a path."""
        for node in reversed(self.nodes):
            found = node.get(*path)
            if found is not None:
                return found
        return None

    def string(self, *path: str | int) -> str | None:
        """Return the newest text at a path."""
        found = self.get(*path)
        return found.string() if found is not None else None

    def said(self) -> Said:
        """Return what it says."""
        content = self.get("content") or self.get("parts") or self.get("message")
        value = content.value() if content is not None else None
        thoughts = self.get("thoughts")
        calls = tuple(
            Asked(call.string("id"), call.string("name") or "tool", call.text("args"))
            for call in self.calls()
        )
        return Said(
            text=content_text(value),
            reasoning="\n\n".join(_thoughts(thoughts) if thoughts is not None else ()),
            calls=calls or tuple(_part_calls(content)),
            media=content_media(_without_calls(value)),
        )

    def calls(self) -> list[Node]:
        """Return the records of its tool calls."""
        found = self.get("toolCalls")
        return [call for call in found.each() if call.is_object] if found is not None else []


class _State:
    """The messages of a session in order, as they are after all patches."""

    def __init__(self) -> None:
        self.messages: dict[str, _Message] = {}
        self.session: dict[str, Any] = {}
        self.counted: dict[str, int] = {"duplicate": 0, "attached": 0}
        self.left_out: list[str] = []
        self.unparsed: list[Node] = []
        self.unknown: list[Node] = []

    def read_document(self, document: Node) -> None:
        """Take a whole document."""
        values = dict(document.members())
        listed = values.pop("messages", None) or values.pop("history", None)
        self.session = {key: node.value() for key, node in values.items()}
        for at, node in enumerate(listed.each() if listed is not None else ()):
            self._add(node, at)

    def replay(self, data: Buffer, progress: Progress | None) -> None:
        """Take the records of a log, one after the other."""
        for at, (start, end) in enumerate(line_records(data)):
            node = Node(data, start, end)
            value = decode_object(node.raw())
            if value is None:
                self.unparsed.append(node)
            else:
                self._record(node, value, at)
            if progress:
                progress(end / len(data))

    def _record(self, node: Node, value: dict[str, Any], at: int) -> None:
        if "$rewindTo" in value:
            self._rewind(value["$rewindTo"])
            self.counted["attached"] += 1
        elif "$set" in value:
            self._set(node.get("$set"))
            self.counted["attached"] += 1
        elif value.get("type") == "message_update":
            found = self.messages.get(string(value.get("id")) or "")
            patch = node.get("patch") or node.get("update") or node.get("message") or node
            if found is None:
                self._add(node, at)
            else:
                found.nodes.append(patch)
                self.counted["attached"] += 1
        elif string(value.get("type")) in _KINDS or ("id" in value and "content" in value):
            self._add(node, at)
        elif "sessionId" in value or "projectHash" in value:
            self._set(node)
            self.counted["attached"] += 1
        else:
            self.unknown.append(node)

    def _set(self, node: Node | None) -> None:
        """Patch the session; a list of messages replaces all of them."""
        if node is None:
            return
        self.session |= {
            key: one.value() for key, one in node.members().items() if key != "messages"
        }
        listed = node.get("messages")
        if listed is not None and listed.is_list:
            new = listed.items()
            kept = {one.string("id") for one in new}
            self.left_out += ["replaced" for key in self.messages if key not in kept]
            self.messages.clear()
            for at, one in enumerate(new):
                self._add(one, at)

    def _rewind(self, target: Any) -> None:
        names = list(self.messages)
        at = names.index(target) if target in names else 0
        for name in names[at:]:
            del self.messages[name]
            self.left_out.append("rewound")

    def _add(self, node: Node, at: int) -> None:
        name = node.string("id") or f"message-{at}"
        if name in self.messages:
            self.counted["duplicate"] += 1
        self.messages[name] = _Message([node])


def _trajectory(format_id: str, state: _State, source: SourceBytes, *, whole: bool) -> Trajectory:
    session = string(state.session.get("sessionId"))
    talk = Talk(format_id, session or "session")
    loss = talk.draft.loss
    loss.duplicate, loss.attached = state.counted["duplicate"], state.counted["attached"]
    for kind in state.left_out:
        loss.left_out(kind)
    loss.unparsed = [node.span() for node in state.unparsed]
    directories = state.session.get("directories")
    if isinstance(directories, list) and directories:
        talk.cwd = string(directories[0]) or ""
    for name, message in state.messages.items():
        _step(talk, name, message)
    for node in state.unknown:
        talk.unknown(f"record/{node.string('type') or '(no type)'}", node)
    talk.lost(state.session, "memoryScratchpad", "summary")
    return talk.made(
        [source.info()],
        agent="Gemini CLI",
        session=session,
        model=talk.model or string(mapping(state.session.get("meta")).get("model")),
        started=iso_time(state.session.get("startTime", state.session.get("start_time"))),
        ended=iso_time(state.session.get("lastUpdated")),
        title=string(state.session.get("summary")) or "",
        complete=source.whole and whole,
    )


def _step(talk: Talk, name: str, message: _Message) -> None:
    node = message.nodes[0]
    if not node.is_object:
        talk.unparsed(node)
        return
    recorded = node.string("type") or node.string("role") or ""
    kind = _KINDS.get(recorded)
    time = iso_time((found := message.get("timestamp") or message.get("ts")) and found.value())
    if kind is None:
        talk.unknown(f"message/{recorded or '(no type)'}", node, name, time=time)
        return
    if kind == "event":
        talk.event(recorded, node, message.said(), uid=name, time=time)
        talk.draft.messages += 1
        talk.draft.errors += recorded == "error"
        return
    if _answers(talk, node, kind):
        return
    step = talk.say(kind, node, message.said(), name, time=time)
    step.raw += [patch.span() for patch in message.nodes[1:]]
    if kind == "agent":
        step.model = message.string("model")
        talk.model = talk.model or step.model
        step.metrics = _metrics(message.get("tokens"))
    _settle_calls(talk, step, message)


def _settle_calls(talk: Talk, step: StepDraft, message: _Message) -> None:
    for call, record in zip(step.calls, message.calls(), strict=False):
        status = _STATUSES.get(record.string("status") or "", "missing")
        result = record.get("result") or record.get("resultDisplay")
        call.sub = record.string("agentId")
        talk.lost(mapping(record.value()), "resultDisplay")
        if result is None:
            call.status = status if status != "ok" else "missing"
            continue
        text = _observed(result).text
        talk.settle(call, result, "ok" if status == "missing" else status)
        _exit_code(call, text)


def _exit_code(call: CallDraft, text: str) -> None:
    """Take the exit code the shell tool writes into its output; the agent calls it a success."""
    found = _EXIT_CODE.search(text) if "shell" in call.name or "command" in call.name else None
    if found is not None:
        call.exit_code = int(found.group(1)[:9])
        if call.exit_code and call.status == "ok":
            call.status = "error"


def _answers(talk: Talk, node: Node, kind: StepKind) -> bool:
    """Give the function responses of a checkpoint's user message to their calls."""
    parts = node.get("parts")
    if kind != "user" or parts is None:
        return False
    found = [one for part in parts.each() if (one := part.get("functionResponse")) is not None]
    for response in found:
        failed = bool(mapping(response.value("response")).get("error"))
        call = talk.open_call(response.string("id"), response.string("name") or "")
        if call is None:
            talk.unknown("result without a call", response)
            continue
        talk.settle(call, response, "error" if failed else "ok")
    if found and not content_text(node.value("parts")):
        talk.attached()
        return True
    return False


def _part_calls(content: Node | None) -> Iterable[Asked]:
    for part in content.each() if content is not None else ():
        call = part.get("functionCall")
        if call is not None:
            yield Asked(call.string("id"), call.string("name") or "tool", call.text("args"))


def _without_calls(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        part for part in value if not mapping(part).keys() & {"functionCall", "functionResponse"}
    ]


def _thoughts(thoughts: Node) -> Iterable[str]:
    for thought in thoughts.each():
        if thought.is_string:
            yield thought.text()
        for key in ("subject", "description"):
            text = thought.string(key) if thought.is_object else None
            if text:
                yield text


def _observed(node: Node) -> Observed:
    """Read a function response, a list of them, or what was displayed."""
    if node.is_string:
        return Observed(node.text())
    texts: list[str] = []
    media: list[str] = []
    for part in node.each() if node.is_list else [node]:
        function = part.get("functionResponse") or part
        response = function.get("response")
        if response is None:
            seen = observed(part)
            texts.append(seen.text)
            media += seen.media
            continue
        told = [response.text(key) for key in ("output", "error", "content", "result")]
        texts.append("\n\n".join(text for text in told if text) or response.text())
    return Observed("\n\n".join(text for text in texts if text), tuple(media))


def _metrics(tokens: Node | None) -> Metrics | None:
    """Return the tokens as recorded: input with what was cached, output without the thoughts."""
    counts = mapping(tokens.value()) if tokens is not None else {}
    return reported(
        input=integer(counts.get("input")),
        output=integer(counts.get("output")),
        cached=integer(counts.get("cached")),
        reasoning=integer(counts.get("thoughts")),
    )


def _is_record(line: bytes) -> bool:
    if line[:1] != b"{" or b'"payload"' in line[:300] or b'"parentUuid"' in line:
        return False
    if any(mark in line[:400] for mark in _SESSION_KEYS):
        return True
    return _TYPES.search(line) is not None and b'"id"' in line[:2000]


def _closed(document: Node) -> bool:
    return bytes(document.data[document.start : document.end]).rstrip()[-1:] == b"}"


IMPORTERS = (GeminiCli(),)
