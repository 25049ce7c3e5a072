"""Gemini CLI sessions: one JSON document, or since 0.40 a log that is replayed.

``~/.gemini/tmp/<projectHash>/chats/session-*.json[l]``. The log holds one record a message, written
again in full whenever it changes, ``message_update`` patches, ``$set`` patches of the session (with
``messages``: the whole list anew) and ``$rewindTo``, which takes the named message and all after it
away; an unknown name takes all (gemini-cli 0.61 ``chatRecordingService.ts``, 2026-10). Checkpoints
(``history`` of ``role`` and ``parts``) are read as well. No cost, no end of a message is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Metrics,
    Step,
    StepBody,
    StepKind,
    Trajectory,
)
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import CallDraft, StepDraft, reported
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode_object,
    integer,
    items,
    mapping,
    string,
    top_members,
)
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, TalkMark, observed, said_body
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
        document = Node.document(source.data)
        if not _is_document(document):
            return read_whole(_Log(self.id), sources, progress)
        log = _Log(self.id)
        log.begin(sources)
        log.read_document(document)
        return log.made()

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Replay the log, None for a document."""
        return None if _is_document(Node.document(sources[0].data)) else _Log(self.id)

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


class _Log(Growing):
    """The messages of a session in order, as they are after all patches.

    A message that changes is told again, with all after it: the talk goes back to what was said
    before it.
    """

    def __init__(self, format_id: str) -> None:
        self._talk = Talk(format_id, "session")
        #: The talk before each message that was told, and after the last one.
        self._before: list[TalkMark] = []
        self._end = self._talk.mark()
        #: The places of each message's records: its own, and the patches that came after it.
        self._messages: dict[str, list[tuple[int, int]]] = {}
        #: Records that were not told yet.
        self._new: dict[tuple[int, int], Node] = {}
        #: So many first messages are as they were told.
        self._kept = 0
        self._session: dict[str, Any] = {}
        self._counted = {"duplicate": 0, "attached": 0}
        self._left_out: list[str] = []
        self._unparsed: list[ByteSpan] = []
        self._unknown: list[tuple[int, int]] = []
        self._records = 0
        self._whole = True

    def read_document(self, document: Node) -> None:
        """Take a whole document."""
        values = dict(document.members())
        listed = values.pop("messages", None) or values.pop("history", None)
        self._session = {key: node.value() for key, node in values.items()}
        for at, node in enumerate(listed.each() if listed is not None else ()):
            self._add(node, at)
        self._whole = _closed(document)

    def take(self, node: Node) -> None:
        """Take the next record of a log."""
        at, self._records = self._records, self._records + 1
        value = decode_object(node.raw())
        if value is None:
            self._unparsed.append(node.span())
        else:
            self._record(node, value, at)

    def _record(self, node: Node, value: dict[str, Any], at: int) -> None:
        if "$rewindTo" in value:
            self._rewind(value["$rewindTo"])
            self._counted["attached"] += 1
        elif "$set" in value:
            self._set(node.get("$set"))
            self._counted["attached"] += 1
        elif value.get("type") == "message_update":
            name = string(value.get("id")) or ""
            patch = node.get("patch") or node.get("update") or node.get("message") or node
            if name not in self._messages:
                self._add(node, at)
            else:
                self._messages[name].append(self._place(patch))
                self._changed(name)
                self._counted["attached"] += 1
        elif string(value.get("type")) in _KINDS or ("id" in value and "content" in value):
            self._add(node, at)
        elif "sessionId" in value or "projectHash" in value:
            self._set(node)
            self._counted["attached"] += 1
        else:
            self._unknown.append(self._place(node))

    def _set(self, node: Node | None) -> None:
        """Patch the session; a list of messages replaces all of them."""
        if node is None:
            return
        self._session |= {
            key: one.value() for key, one in node.members().items() if key != "messages"
        }
        listed = node.get("messages")
        if listed is not None and listed.is_list:
            new = listed.items()
            kept = {one.string("id") for one in new}
            self._left_out += ["replaced" for key in self._messages if key not in kept]
            self._messages.clear()
            self._kept = 0
            for at, one in enumerate(new):
                self._add(one, at)

    def _rewind(self, target: Any) -> None:
        names = list(self._messages)
        at = names.index(target) if target in names else 0
        for name in names[at:]:
            del self._messages[name]
            self._left_out.append("rewound")
        self._kept = min(self._kept, at)

    def _add(self, node: Node, at: int) -> None:
        name = node.string("id") or f"message-{at}"
        if name in self._messages:
            self._counted["duplicate"] += 1
            self._changed(name)
        self._messages[name] = [self._place(node)]

    def _changed(self, name: str) -> None:
        """Note that a message is another one; it is one of the last, nearly always."""
        at = len(self._messages) - 1
        for one in reversed(self._messages):
            if one == name:
                break
            at -= 1
        self._kept = min(self._kept, at)

    def made(self) -> Iterator[Trajectory]:
        """Yield the session."""
        talk = self._talk
        self._tell()
        loss, said = talk.draft.loss, talk.draft.loss.unparsed
        loss.duplicate += self._counted["duplicate"]
        loss.attached += self._counted["attached"]
        for kind in self._left_out:
            loss.left_out(kind)
        loss.unparsed = [*self._unparsed, *said]
        for place in self._unknown:
            node = self._record_at(place)
            talk.unknown(f"record/{node.string('type') or '(no type)'}", node)
        state, source = self._session, self.sources[0]
        talk.lost(state, "memoryScratchpad", "summary")
        session = string(state.get("sessionId"))
        talk.draft.id = session or "session"
        made = talk.made(
            [source.info()],
            agent="Gemini CLI",
            session=session,
            model=talk.model or string(mapping(state.get("meta")).get("model")),
            started=iso_time(state.get("startTime", state.get("start_time"))),
            ended=iso_time(state.get("lastUpdated")),
            title=string(state.get("summary")) or "",
            complete=source.whole and self._whole,
        )
        loss.unparsed = said
        self._new.clear()
        yield made

    def _place(self, node: Node) -> tuple[int, int]:
        span = node.span()
        place = span.offset, span.offset + span.length
        self._new[place] = node
        return place

    def _record_at(self, place: tuple[int, int]) -> Node:
        return self._new.get(place) or self.again(0, *place)

    def _tell(self) -> None:
        """Tell the messages that were not told, or were told otherwise."""
        talk = self._talk
        talk.back(self._end)
        folder = string(next(iter(items(self._session.get("directories"))), None)) or ""
        kept = min(self._kept, len(self._before)) if folder == talk.cwd else 0
        if kept < len(self._before):
            talk.back(self._before[kept])
            del self._before[kept:]
        talk.cwd = folder
        for name, places in islice(self._messages.items(), kept, None):
            self._before.append(talk.mark())
            _step(talk, name, _Message([self._record_at(place) for place in places]))
        self._kept = len(self._messages)
        self._end = talk.mark()


def _is_document(document: Node) -> bool:
    return "messages" in document.members() or "history" in document.members()


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
