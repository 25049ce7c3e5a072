"""Pi, OpenClaw and oh-my-pi sessions: JSON lines behind a ``session`` header.

Version 1 has no ``id`` and is linear; later ones form a tree by ``id`` and ``parentId``, of which
the way from the last leaf to the root is the session, the rest abandoned branches (children here).
Entries as in pi-coding-agent's session manager (badlogic/pi-mono, 2026), real sessions of version
1 to 3 and OpenClaw's of version 7. ``usage.input`` is without the cache; cost is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Metrics,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.contents import content_media, content_text
from workbench.traces.growing import Growing, StartAgain, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    decode_object,
    integer,
    items,
    line_type,
    mapping,
    number,
    string,
)
from workbench.traces.pi.tree import Entry, Way, split_branches
from workbench.traces.source import SourceBytes
from workbench.traces.talk import Asked, Observed, Said, Talk, field_notes, observed, said_body
from workbench.traces.times import iso_time

_SETTINGS: Final = {
    "model_change": ("provider", "modelId"),
    "thinking_level_change": ("thinkingLevel",),
    "service_tier_change": ("family", "tier"),
    "mode_change": ("mode",),
    "label": ("label", "targetId"),
    "session_init": ("cliVersion", "profile"),
}
_SUMMARIES: Final = frozenset({"compaction", "branch_summary"})
_KNOWN: Final = frozenset(
    {*_SETTINGS, *_SUMMARIES, "session", "message", "custom", "custom_message", "session_info"}
)
_PI_ONLY: Final = (
    b'"toolResult"',
    b'"toolCallId"',
    b'"thinkingLevel"',
    b'"modelId"',
    b'"toolCall"',
)


class Pi(Format):
    """One trajectory for a file; each abandoned branch is a child of it."""

    id = "pi"

    def score(self, probe: Probe) -> float:
        """Count the entries, when there is a header or an entry only Pi has."""
        entries = [line for line in probe.lines if line_type(line) in _KNOWN]
        entries = [line for line in entries if b'"payload"' not in line[:300]]
        header = any(_is_header(line) for line in entries)
        sure = header or any(b'"message"' in e and any(m in e for m in _PI_ONLY) for e in entries)
        return float(len(entries)) if sure else 0.0

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the session along its active branch."""
        return read_whole(_Session(self.id), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing:
        """Take the entries; the way to another branch is read anew."""
        del sources
        return _Session(self.id)

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


class _Session(Growing):
    """The entries of a file: those of the session, and its abandoned branches."""

    def __init__(self, format_id: str) -> None:
        self._format = format_id
        self._entries: list[Entry] = []
        self._unparsed: list[ByteSpan] = []
        self._header: Mapping[str, Any] | None = None
        self._title = ""
        self._way: Way | None = None
        self._talks: list[Talk] = []

    def take(self, node: Node) -> None:
        """Take the next entry."""
        value = decode_object(node.raw())
        if value is None:
            self._unparsed.append(node.span())
        else:
            self._entries.append(Entry(node, value))

    def made(self) -> Iterator[Trajectory]:
        """Yield the session, each abandoned branch as a child."""
        entries, self._entries = self._entries, []
        if self._way is None and not entries and not self._unparsed:
            return
        headers = (entry.value for entry in entries if entry.kind == "session")
        header = self._header if self._header is not None else next(headers, None)
        if self._way is None:
            self._begin(entries, header or {})
        elif header is not self._header:
            raise StartAgain
        else:
            self._go_on(self._way, entries)
        self._header = header
        titles = [e.value.get("name") or e.value.get("title") for e in entries if e.kind in _TITLES]
        told = (title for title in reversed(titles) if isinstance(title, str))
        self._title = next(told, self._title)
        yield self._session(header or {})

    def _begin(self, entries: list[Entry], header: Mapping[str, Any]) -> None:
        main, branches = split_branches(entries)
        session = string(header.get("id")) or "session"
        self._talks = [_read(self._format, session, main, header)]
        for number_, branch in enumerate(branches, 1):
            name = f"{session}/branch-{number_}"
            self._talks.append(_read(self._format, name, branch, header))
        self._way = Way(entries, branched=bool(branches))

    def _go_on(self, way: Way, entries: list[Entry]) -> None:
        for entry in entries:
            if not way.keeps(entry):
                raise StartAgain
            _entry(self._talks[0], entry)

    def _session(self, header: Mapping[str, Any]) -> Trajectory:
        source = self.sources[0]
        version = integer(header.get("version"))
        fields: dict[str, Any] = {
            "agent": _agent(header, source.read(0, min(65536, source.length))),
            "format_version": str(version) if version else "1",
            "session": string(header.get("id")),
            "cwd": string(header.get("cwd")),
        }
        talk, *branches = self._talks
        talk.draft.loss.unparsed = self._unparsed
        return talk.made(
            [source.info()],
            started=iso_time(header.get("timestamp")),
            title=self._title,
            children=tuple(
                branch.made([source.info()], parent=talk.draft.id, **fields) for branch in branches
            ),
            complete=source.whole,
            **fields,
        )


_TITLES: Final = frozenset({"session_info", "title"})


def _agent(header: Mapping[str, Any], head: bytes) -> str:
    if (integer(header.get("version")) or 0) > 3 or b"openclaw" in head:
        return "OpenClaw"
    return "oh-my-pi" if b'"session_init"' in head else "Pi"


def _read(format_id: str, name: str, entries: list[Entry], header: Mapping[str, Any]) -> Talk:
    talk = Talk(format_id, name)
    talk.cwd = string(header.get("cwd")) or ""
    talk.model = string(header.get("modelId"))
    for entry in entries:
        _entry(talk, entry)
    return talk


def _entry(talk: Talk, entry: Entry) -> None:
    """Take one entry of the session."""
    kind, node, value = entry.kind, entry.node, entry.value
    fields = {"uid": entry.id, "time": iso_time(value.get("timestamp"))}
    if kind == "session" or kind in _TITLES:
        talk.attached()
        talk.lost(value, "parentSession", "branchedFrom")
    elif kind == "message":
        _message(talk, entry, mapping(value.get("message")))
    elif kind in _SUMMARIES:
        talk.event(kind, node, _said(node), kind="context", **fields)
    elif kind == "custom_message":
        step = talk.event(kind, node, _said(node), kind="context", **fields)
        step.flag("injected")
        talk.watch.listed(step, content_text(value.get("content")), node.span())
    elif kind == "custom":
        _custom(talk, entry, fields)
    elif kind in _SETTINGS:
        talk.event(kind, node, _said(node), **fields)
        if kind == "model_change":
            talk.model = talk.model or string(value.get("modelId"))
    else:
        talk.unknown(f"entry/{kind or '(no type)'}", node, entry.id, time=fields["time"])


def _custom(talk: Talk, entry: Entry, fields: dict[str, Any]) -> None:
    """Show an extension's entry; one about a call also gives its exit code and time."""
    value = entry.value
    talk.event(string(value.get("customType")) or "custom", entry.node, _said(entry.node), **fields)
    call = talk.open_call(string(value.get("toolCallId")) or "")
    if call is not None:
        call.exit_code = integer(value.get("exitCode"))
        milliseconds = number(value.get("durationMs"))
        call.duration_s = None if milliseconds is None else milliseconds / 1000


def _message(talk: Talk, entry: Entry, message: Mapping[str, Any]) -> None:
    role = string(message.get("role")) or ""
    node, said = entry.node, _said(entry.node)
    time = iso_time(entry.value.get("timestamp")) or iso_time(message.get("timestamp"))
    if role == "assistant":
        step = talk.say("agent", node, said, entry.id, time=time)
        step.model = string(message.get("model"))
        talk.model = talk.model or step.model
        step.metrics = _metrics(mapping(message.get("usage")))
        reason = message.get("stopReason")
        if reason == "aborted":
            step.flag("interrupted")
        if reason == "error" or message.get("errorMessage"):
            step.flag("api_error")
            talk.draft.errors += reason != "aborted"
    elif role == "user":
        talk.say("user", node, said, entry.id, time=time)
    elif role == "toolResult":
        _result(talk, node, message)
    elif role == "bashExecution":
        step = talk.say("event", node, said, entry.id, time=time)
        step.label = "bashExecution"
        output = node.get("message", "output") or node
        code = integer(message.get("exitCode"))
        talk.settle(step.calls[0], output, _status(message, code), exit_code=code)
    elif role in ("system", "developer"):
        talk.say("system", node, said, entry.id, time=time)
    elif role in ("compactionSummary", "branchSummary", "custom", "hookMessage"):
        talk.event(role, node, said, kind="context", uid=entry.id, time=time)
    else:
        talk.unknown(f"message/{role or '(no role)'}", node, entry.id, time=time)


def _status(message: Mapping[str, Any], code: int | None) -> CallStatus:
    if message.get("cancelled") is True:
        return "cancelled"
    return "error" if message.get("isError") is True or code not in (None, 0) else "ok"


def _result(talk: Talk, node: Node, message: Mapping[str, Any]) -> None:
    details = mapping(message.get("details"))
    code = integer(details.get("exitCode", details.get("exit_code")))
    milliseconds = number(details.get("durationMs"))
    talk.answer(
        string(message.get("toolCallId")),
        node,
        _status(message, code),
        name=string(message.get("toolName")) or "",
        exit_code=code,
        duration_s=None if milliseconds is None else milliseconds / 1000,
    )


def _metrics(usage: Mapping[str, Any]) -> Metrics | None:
    counts = [integer(usage.get(key)) for key in ("input", "cacheRead", "cacheWrite")]
    known = [count for count in counts if count is not None]
    cost = usage.get("cost")
    made = Metrics(
        input=sum(known) if counts[0] is not None else None,
        output=integer(usage.get("output")),
        cached=counts[1],
        cache_write=counts[2],
        cost_usd=(number(mapping(cost).get("total")) or number(cost)) or None,
    )
    return made if made.input or made.output or made.cost_usd else None


def _said(node: Node) -> Said:
    """Return what an entry says."""
    kind = node.string("type")
    if kind in _SUMMARIES:
        return Said(node.text("summary"), notes=field_notes(node, "tokensBefore"))
    if kind == "custom_message":
        value = node.value("content")
        return Said(content_text(value), media=content_media(value))
    if kind in _SETTINGS:
        return Said(notes=field_notes(node, *_SETTINGS[kind]))
    if kind == "custom":
        return Said(notes=field_notes(node, "customType", "data", "toolName", "exitCode"))
    message = node.get("message")
    if message is None:
        return Said()
    if message.string("role") == "bashExecution":
        notes = field_notes(message, "fullOutputPath", "truncated")
        return Said(calls=(Asked(None, "bash", message.text("command")),), notes=notes)
    return _content(message)


def _content(message: Node) -> Said:
    content = message.get("content") or message.get("summary")
    calls: list[Asked] = []
    reasoning: list[str] = []
    for block in content.each() if content is not None else ():
        kind = block.string("type")
        if kind == "toolCall":
            name = block.string("name") or "tool"
            calls.append(Asked(block.string("id"), name, block.text("arguments")))
        elif kind == "thinking":
            reasoning.append(block.text("thinking"))
    value = content.value() if content is not None else None
    text = "\n\n".join(part for part in (content_text(value), message.text("errorMessage")) if part)
    rest = [
        part for part in items(value) if mapping(part).get("type") not in ("toolCall", "thinking")
    ]
    return Said(text, "\n\n".join(filter(None, reasoning)), tuple(calls), content_media(rest))


def _observed(node: Node) -> Observed:
    """Read a result entry, or the output of a command the user ran."""
    content = node if node.is_string else node.get("message", "content")
    return Observed() if content is None else observed(content)


def _is_header(line: bytes) -> bool:
    if line_type(line) != "session":
        return False
    value = decode_object(line) or {}
    return bool(string(value.get("id")) or value.get("cwd") or value.get("modelId"))


IMPORTERS = (Pi(),)
