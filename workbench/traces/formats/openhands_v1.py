"""OpenHands 1.x (software-agent-sdk): events with a ``kind``, one a file, one a line, or a list.

``conversations/<id>/events/event-00000-<uuid>.json`` beside ``base_state.json``, ``events.jsonl``,
or ``{"items": [...]}`` as the server gives it. Several actions of one ``llm_response_id`` are one
model call. Tokens are only recorded added up, in state updates (key ``stats``) and the base state.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workbench.domain.trajectory import CallStatus, Metrics, Outcome, Step, StepBody, Trajectory
from workbench.traces.contents import content_media, content_text
from workbench.traces.draft import CallDraft, StepDraft, summed
from workbench.traces.growing import Growing, read_whole
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import (
    integer,
    items,
    line_records,
    mapping,
    number,
    one_line,
    string,
    top_members,
)
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.talk import (
    Asked,
    Observed,
    Said,
    Talk,
    TalkMark,
    field_notes,
    observed,
    said_body,
)

_FILE: Final = re.compile(r"event-(\d{5,9})-.*\.json")
_KIND: Final = re.compile(rb'"[A-Za-z]+(?:Event|Observation|Condensation|CondensationRequest)"')
_BASE: Final = "base_state.json"
_BEGIN: Final = 64 << 10
_FRAME: Final = frozenset({"id", "timestamp", "source"})
_LISTS: Final = ("items", "entries", "events", "history")
_RESULTS: Final = frozenset({"ObservationEvent", "AgentErrorEvent", "UserRejectObservation"})
_PLAIN: Final = frozenset(
    {
        *("PauseEvent", "ConversationErrorEvent", "TokenEvent", "StuckEvent", "InterruptEvent"),
        *("CondensationRequest", "LLMCompletionLogEvent", "HookExecutionEvent"),
    }
)
_STATUSES: Final = {"error": "infra", "stuck": "fail"}


class OpenHandsV1(Format):
    """One trajectory for a conversation."""

    id = "openhands-v1"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for events with a kind: one, a list of them, or lines."""
        head = probe.head.lstrip()
        if head[:1] == b"[":
            return 20.0 if _list_of_events(head, 0) else 0.0
        members = top_members(probe.head)
        if _is_event(probe.head, members):
            return max(1.0, float(sum(_is_event(one, top_members(one)) for one in probe.lines)))
        for name in _LISTS:
            start, end = members.get(name, (0, 0))
            if probe.head[start : start + 1] == b"[" and _list_of_events(probe.head[:end], start):
                return 20.0
        return float(sum(_is_event(line, top_members(line)) for line in probe.lines))

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the later events of the same folder and the base state, for the first event."""
        found = _FILE.fullmatch(path.name)
        if found is None:
            return ()
        try:
            numbered = _numbered(str(path.parent), path.parent.stat().st_mtime_ns)
        except OSError:
            return ()
        if int(found.group(1)) - 1 in numbered:
            return ()
        own = int(found.group(1))
        later = [path.parent / numbered[key] for key in sorted(numbered) if key > own]
        base = path.parent.parent / _BASE
        return [*later, *([base] if base.is_file() and not base.is_symlink() else [])]

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read the conversation from all its files."""
        return read_whole(_Reading(self.id, sources), sources, progress)

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Take the events of a folder, or lines; None for a list of them."""
        reading = _Reading(self.id, sources)
        begin = sources[0].read(0, min(_BEGIN, sources[0].length))
        lines = _is_event(begin, top_members(begin)) or not begin.lstrip().startswith((b"[", b"{"))
        return reading if reading.whole_files or lines else None

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        return said_body(step, raw, results, _said, _observed)


@functools.lru_cache(maxsize=64)
def _numbered(folder: str, mtime_ns: int) -> dict[int, str]:
    """Return the event files of a folder by number; the time is part of the key."""
    del mtime_ns
    found: dict[int, str] = {}
    for path in Path(folder).iterdir():
        named = _FILE.fullmatch(path.name)
        if named is not None and not path.is_symlink() and path.is_file():
            found.setdefault(int(named.group(1)), path.name)
    return found


def _is_event(data: bytes, members: Mapping[str, tuple[int, int]]) -> bool:
    start, end = members.get("kind", (0, 0))
    return bool(_KIND.fullmatch(data[start:end])) and bool(members.keys() & _FRAME)


def _list_of_events(head: bytes, start: int) -> bool:
    at = skip_space(head, start + 1)
    for _ in range(8):
        end = value_end(head, at) or len(head)
        item = head[at:end]
        if _is_event(item, top_members(item)):
            return True
        at = skip_space(head, end)
        if head[at : at + 1] != b",":
            return False
        at = skip_space(head, at + 1)
    return False


def _events(data: Buffer) -> Iterator[tuple[int, int]]:
    start = skip_space(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    end = value_end(data, start)
    if end is None or not data[end:].strip():
        document = Node.document(data)
        listed = next((document.get(name) for name in _LISTS if document.get(name)), None)
        if document.is_list or (listed is not None and "kind" not in document.members()):
            found = document if document.is_list else listed or document
            yield from ((node.start, node.end) for node in found.each())
            return
        if end is not None:
            yield document.start, document.end
            return
    yield from line_records(data)


@dataclass
class _Told:
    """What the states say of the whole conversation; the last word counts."""

    totals: Metrics | None = None
    status: str = ""
    session: str | None = None


class _Reading(Growing):
    """The events of a conversation while they are read.

    The base state, the last file, says how the conversation is by now: what it told is taken back
    before more events come.
    """

    def __init__(self, format_id: str, sources: Sequence[SourceBytes]) -> None:
        self.talk = Talk(format_id, "conversation")
        self.whole_files = _FILE.fullmatch(sources[0].path.name) is not None
        self._told = _Told()
        self._by_action: dict[str, CallDraft] = {}
        self._responses: dict[str, StepDraft] = {}
        self._before: tuple[TalkMark, _Told] | None = None

    def begin(self, sources: Sequence[SourceBytes]) -> None:
        """Take back what the base state told: it is told anew, and last."""
        super().begin(sources)
        if self._before is not None:
            mark, self._told = self._before
            self.talk.back(mark)
            self._before = None

    def ready(self, source: SourceBytes, start: int) -> int:
        """Return the end of an event's file when it is whole, or of the lines."""
        if not self.whole_files:
            return super().ready(source, start)
        end = value_end(source.data, skip_space(source.data, start))
        return start if end is None else source.length

    def records(self, data: Buffer, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Yield the event of a file, those of a list, or lines."""
        return _events(data) if not start else line_records(data, start, end)

    def written_anew(self, path: Path) -> bool:
        """Whether it is the base state."""
        return self.whole_files and path.name == _BASE

    def take(self, node: Node) -> None:
        """Take the next event."""
        if self.written_anew(self.sources[node.source].path):
            self._before = self.talk.mark(), copy(self._told)
        self.event(node)

    def made(self) -> Iterator[Trajectory]:
        """Yield the conversation."""
        told = self._told
        status: Any = _STATUSES.get(told.status, "unknown")
        yield self.talk.made(
            [source.info() for source in self.sources],
            told.totals,
            agent="OpenHands",
            session=told.session,
            outcome=Outcome(status=status, reason=one_line(told.status)),
            complete=all(source.whole for source in self.sources),
        )

    def event(self, node: Node) -> None:
        """Take the next event."""
        value = mapping(node.value())
        if not value:
            self.talk.unparsed(node)
            return
        kind = string(value.get("kind")) or ""
        fields = {"uid": string(value.get("id")), "time": string(value.get("timestamp"))}
        if kind == "ActionEvent":
            self._action(node, value, fields)
        elif kind in _RESULTS:
            self._result(node, kind, value)
        elif kind == "MessageEvent":
            self._message(node, value, fields)
        elif kind == "SystemPromptEvent":
            self.talk.lost(value, "tools")
            self.talk.say("system", node, _said(node), **fields)
        elif kind == "ConversationStateUpdateEvent":
            self._state(node, value, fields)
        elif kind in ("Condensation", "CondensationEvent", "CondensationSummaryEvent"):
            self.talk.event(kind, node, _said(node), kind="context", **fields)
        elif kind in _PLAIN:
            self.talk.event(kind, node, _said(node), **fields)
            self.talk.draft.errors += kind == "ConversationErrorEvent"
        elif not kind and "agent" in value:
            self._base_state(node, value)
        else:
            self.talk.unknown(f"event/{kind or '(no kind)'}", node, fields["uid"],
                              time=fields["time"])  # fmt: skip

    def _message(self, node: Node, value: dict[str, Any], fields: dict[str, Any]) -> None:
        said = _said(node)
        message = mapping(value.get("llm_message"))
        by_agent = value.get("source") == "agent" or message.get("role") == "assistant"
        step = self.talk.say("agent" if by_agent else "user", node, said, **fields)
        for skill in items(value.get("activated_skills")):
            name = string(skill) or string(mapping(skill).get("name"))
            if name:
                self.talk.watch.triggered(step, name, node.span())

    def _action(self, node: Node, value: dict[str, Any], fields: dict[str, Any]) -> None:
        response = string(value.get("llm_response_id"))
        step = self._responses.get(response) if response is not None else None
        if step is None:
            step = self.talk.say("agent", node, _said(node), **fields)
            if response is not None:
                self._responses[response] = step
        else:
            self.talk.more(step, node, _said(node))
        step.model = step.model or self.talk.model
        if fields["uid"]:
            self._by_action[fields["uid"]] = step.calls[-1]
        if step.calls[-1].name == "finish":
            step.flag("finished")

    def _result(self, node: Node, kind: str, value: dict[str, Any]) -> None:
        call = self._by_action.get(string(value.get("action_id")) or "")
        call = call or self.talk.open_call(string(value.get("tool_call_id")) or "")
        if call is None:
            if kind == "AgentErrorEvent":
                self.talk.draft.errors += 1
            self.talk.unknown("result without a call", node, string(value.get("id")))
            return
        told = mapping(value.get("observation"))
        code = integer(told.get("exit_code", mapping(told.get("metadata")).get("exit_code")))
        code = None if code == -1 else code  # -1: the command still runs, or never ran
        status: CallStatus = "ok"
        if kind == "UserRejectObservation":
            status = "rejected"
        elif kind == "AgentErrorEvent" or told.get("is_error") is True or code not in (None, 0):
            status = "error"
        self.talk.attached()
        self.talk.draft.messages += 1
        self.talk.settle(call, node, status, exit_code=code)

    def _state(self, node: Node, value: dict[str, Any], fields: dict[str, Any]) -> None:
        """Take a change of state; the last statistics are those of the whole conversation."""
        key, new = string(value.get("key")) or "", value.get("value")
        self.talk.event(f"state/{key}" if key else "state", node, _said(node), **fields)
        if key == "execution_status" and isinstance(new, str):
            self._told.status = new
        stats = new if key == "stats" else mapping(new).get("stats")
        self._stats(mapping(stats))
        if key == "full_state":
            self._settings(mapping(new))

    def _stats(self, stats: Mapping[str, Any]) -> None:
        used = mapping(stats.get("usage_to_metrics"))
        made = [_metrics(mapping(one)) for one in used.values()]
        if any(one is not None for one in made):
            self._told.totals = summed(made)
        models = [string(mapping(one).get("model_name")) for one in used.values()]
        self.talk.model = self.talk.model or next(filter(None, models), None)

    def _base_state(self, node: Node, value: dict[str, Any]) -> None:
        self.talk.attached()
        self.talk.lost(value, "agent", "stats")
        self._stats(mapping(value.get("stats")))
        self._settings(value)
        steps = self.talk.draft.steps
        for skill in items(value.get("activated_knowledge_skills")):
            if isinstance(skill, str) and skill and steps:
                self.talk.watch.triggered(steps[0], skill, node.span())

    def _settings(self, state: Mapping[str, Any]) -> None:
        configured = mapping(mapping(state.get("agent")).get("llm")).get("model")
        self.talk.model = self.talk.model or string(configured)
        self._told.session = string(state.get("id")) or self._told.session
        status = string(state.get("execution_status"))
        self._told.status = status or self._told.status
        place = mapping(state.get("workspace")).get("working_dir")
        self.talk.cwd = self.talk.cwd or string(place) or ""


def _metrics(told: Mapping[str, Any]) -> Metrics | None:
    used = mapping(told.get("accumulated_token_usage"))
    made = Metrics(
        input=integer(used.get("prompt_tokens")),
        output=integer(used.get("completion_tokens")),
        cached=integer(used.get("cache_read_tokens")),
        cache_write=integer(used.get("cache_write_tokens")),
        reasoning=integer(used.get("reasoning_tokens")),
        cost_usd=number(told.get("accumulated_cost")) or None,
    )
    return made if made.input or made.output or made.cost_usd else None


def _said(node: Node) -> Said:
    """Return what an event says."""
    kind = node.string("kind")
    if kind == "MessageEvent":
        content = node.value("llm_message", "content")
        more = node.value("extended_content")
        texts = [content_text(content), content_text(more)]
        reasoning = node.text("llm_message", "reasoning_content")
        return Said("\n\n".join(filter(None, texts)), reasoning, media=content_media(content))
    if kind == "ActionEvent":
        arguments = node.text("tool_call", "arguments") or node.text("action")
        name = node.string("tool_name") or node.string("tool_call", "name") or "tool"
        native = node.string("tool_call_id") or node.string("tool_call", "id")
        return Said(
            content_text(node.value("thought")),
            _reasoning(node),
            (Asked(native, name, arguments),),
            notes=field_notes(node, "summary", "security_risk"),
        )
    if kind == "SystemPromptEvent":
        return Said(content_text(node.value("system_prompt")))
    if kind == "ConversationStateUpdateEvent":
        return Said(notes=field_notes(node, "key", "value"))
    text = next(
        (t for key in ("summary", "error", "detail", "message") if (t := node.text(key))), ""
    )
    return Said(text, notes=field_notes(node, "forgotten_event_ids", "code", "reason"))


def _reasoning(node: Node) -> str:
    """Return the thoughts of an action; blocks repeat them where a vendor signs them."""
    whole = node.text("reasoning_content")
    blocks = node.get("thinking_blocks")
    texts = [block.text("thinking") for block in blocks.each()] if blocks is not None else []
    return whole or "\n\n".join(filter(None, texts))


def _observed(node: Node) -> Observed:
    for key in ("error", "rejection_reason"):
        told = node.string(key)
        if told is not None:
            return Observed(told)
    seen = node.get("observation")
    return observed(seen) if seen is not None else Observed()


IMPORTERS = (OpenHandsV1(),)
