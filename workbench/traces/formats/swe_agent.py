"""SWE-agent trajectories: ``.traj``, one JSON object with ``trajectory``, ``history``, ``info``.

Keys from real files of 2024-2026 and ``sweagent/agent/agents.py``: before 1.0 ``state`` is JSON in
a text, function calls are only in ``history``; demonstrations have ``history`` alone; a retry agent
writes ``attempts`` and repeats the best of them at the top. There are no times; ``execution_time``
is per action.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.trajectory import (
    ByteSpan,
    Metrics,
    Outcome,
    OutcomeStatus,
    Step,
    StepBody,
    ToolBody,
    Trajectory,
)
from workbench.traces.draft import CallDraft, StepDraft, TrajectoryDraft, record_uid, reported
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import (
    compact,
    decode,
    decode_object,
    from_pieces,
    integer,
    items,
    mapping,
    number,
    one_line,
    pieces_without,
    string,
    top_members,
)
from workbench.traces.lines import array_items, object_members
from workbench.traces.skill_watch import SkillWatch
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.verdicts import joined, verdict, verdict_files

_ITEM_MARKS: Final = (b'"action"', b'"observation"', b'"response"')
#: Marks of mini-swe-agent, ATIF and OpenHands, which share keys with this format.
_OTHERS: Final = frozenset({"trajectory_format", "schema_version", "instance_id", "messages"})
_HISTORY_MARKS: Final = (b'"message_type"', b'"agent"', b'"is_demo"')
#: Members of an item that belong to other steps or to its observation.
_NOT_SAID: Final = frozenset({b"observation", b"query", b"messages"})
#: Commands SWE-agent adds to the shell; everything else is a shell command.
_COMMANDS: Final = frozenset(
    {
        *("open", "goto", "scroll_up", "scroll_down", "create", "edit", "insert", "submit"),
        *("search_dir", "search_file", "find_file", "str_replace_editor", "view_image"),
        *("filemap", "undo_edit", "connect_start", "connect_sendline", "debug_start"),
        *("decompile", "disassemble", "exit_forfeit"),
    }
)
_INFRASTRUCTURE: Final = ("environment", "api", "error", "runtime", "docker")


class _Part(Struct, frozen=True):
    """One run within the file: the ranges of its members."""

    id: str
    members: Mapping[str, tuple[int, int]]


class SweAgent(Format):
    """One trajectory for a file, or one for each attempt of a retry agent."""

    id = "swe-agent"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the keys of a trajectory, or of a history with SWE-agent's own fields."""
        members = top_members(probe.head)
        if members.keys() & _OTHERS:
            return 0.0
        if "trajectory" in members:
            start, end = members["trajectory"]
            marks = sum(mark in probe.head[start:end] for mark in _ITEM_MARKS)
            known = {"history", "info"} <= members.keys()
            return 20.0 if marks == 3 or (known and probe.whole) else 0.0
        if "attempts" in members:
            start, end = members["attempts"]
            return 20.0 if b'"trajectory"' in probe.head[start:end] else 0.0
        if "history" in members:
            start, end = members["history"]
            history = probe.head[start:end]
            known = b'"role"' in history and any(mark in history for mark in _HISTORY_MARKS)
            return 20.0 if known else 0.0
        return 0.0

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the harness's reports beside the run."""
        return verdict_files(path)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all runs of the file; the harness judges what was submitted, the best of them."""
        source = sources[0]
        judged = verdict(source.path, sources[1:])
        data = source.data
        top = top_members(data)
        attempts = list(_attempts(data, top))
        for done, part in enumerate(attempts or [_Part("run", top)]):
            run = _Run(TrajectoryDraft(self.id, part.id), data)
            run.read(part.members)
            if attempts and done == 0 and "trajectory" in top:
                # The best attempt once more.
                run.draft.loss.duplicate += sum(1 for _ in array_items(data, *top["trajectory"]))
            made = run.made(source, part, top)
            yield (
                made
                if judged is None or attempts
                else replace(made, outcome=joined(judged, made.outcome))
            )
            if progress:
                progress((done + 1) / max(1, len(attempts)))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step: of a trajectory item, or of a message of the history."""
        if step.label == "info":
            info = from_pieces(raw)
            notes = tuple(f"{n}: {compact(v)}" for n, v in info.items() if v and n != "submission")
            return StepBody(step.index, compact(info.get("submission")), "", notes=notes)
        said = from_pieces(raw)
        text = compact(said.get("thought")) or compact(said.get("response"))
        if not text.strip():
            text = _content_text(said.get("content"))
        blocks = [mapping(block) for block in items(said.get("thinking_blocks"))]
        calls = []
        for call in step.tool_calls:
            found = [decode(record) for record in results.get(call.id, ())]
            calls.append(
                ToolBody(
                    id=call.id,
                    name=call.name,
                    arguments=compact(said.get("action")) or _call_arguments(said),
                    status=call.status,
                    exit_code=None,
                    observation=_observed(found[0]) if found else None,
                )
            )
        return StepBody(
            index=step.index,
            text=text,
            reasoning="\n\n".join(t for block in blocks if (t := compact(block.get("thinking")))),
            tool_calls=tuple(calls),
            media=_media(said.get("content")),
        )


class _Run:
    """One run while it is read."""

    def __init__(self, draft: TrajectoryDraft, data: Buffer) -> None:
        self.draft = draft
        self._data = data
        self._watch = SkillWatch()
        self._open: CallDraft | None = None
        self._asked: list[tuple[str | None, str]] = []
        self._cwd: str | None = None
        self._torn = False

    def read(self, members: Mapping[str, tuple[int, int]]) -> None:
        """Read the history, then the items; with items, the history only gives what they lack."""
        has_items = "trajectory" in members
        if "history" in members:
            self._torn |= not self._is_whole(members["history"])
            for start, end in array_items(self._data, *members["history"]):
                self._message(start, end, only_prompts=has_items)
        if has_items:
            self._torn |= not self._is_whole(members["trajectory"])
            for at, (start, end) in enumerate(array_items(self._data, *members["trajectory"])):
                self._item(at, start, end)
        if "info" in members:
            start, end = members["info"]
            record = bytes(self._data[start:end])
            self.draft.loss.mapped += 1
            step = self.draft.step("event", ByteSpan(0, start, end - start), record_uid(record))
            step.label = "info"
            step.preview = one_line(compact((decode_object(record) or {}).get("exit_status")))
        for name in members.keys() - {"history", "trajectory", "info", "attempts"}:
            self.draft.loss.lost_fields[name] += 1

    def made(
        self, source: SourceBytes, part: _Part, top: Mapping[str, tuple[int, int]]
    ) -> Trajectory:
        """Return the finished trajectory."""
        info = _object_at(self._data, part.members.get("info"))
        settings = _object_at(
            self._data, part.members.get("replay_config", top.get("replay_config"))
        )
        model = mapping(mapping(settings.get("agent")).get("model"))
        environment = _value_at(self._data, part.members.get("environment", top.get("environment")))
        asked = next((step.preview for step in self.draft.steps if step.kind == "user"), "")
        self.draft.skill_events = self._watch.events()
        return self.draft.made(
            [source.info()],
            _totals(mapping(info.get("model_stats"))),
            format_version=string(info.get("swe_agent_version")),
            agent="SWE-agent",
            model=string(model.get("name")) or string(model.get("model_name")),
            title=one_line(compact(environment) if isinstance(environment, str) else "") or asked,
            cwd=self._cwd,
            outcome=_outcome(info),
            complete=source.whole and not self._torn,
        )

    def _is_whole(self, member: tuple[int, int]) -> bool:
        return bytes(self._data[member[1] - 1 : member[1]]) == b"]"

    def _item(self, at: int, start: int, end: int) -> None:
        """Take one action and its observation."""
        record = bytes(self._data[start:end])
        value = decode_object(record)
        if value is None:
            self.draft.loss.unparsed.append(ByteSpan(0, start, end - start))
            return
        pieces = pieces_without(self._data, start, end, _NOT_SAID)
        spans = [ByteSpan(0, first, last - first) for first, last in pieces]
        spans = spans or [ByteSpan(0, start, end - start)]
        action = compact(value.get("action")).strip()
        said = compact(value.get("thought")) or compact(value.get("response"))
        step = self.draft.step("agent", spans[0], record_uid(record))
        step.raw = spans
        step.turn = self.draft.turn
        step.preview = one_line(said) or one_line(action)
        self.draft.loss.mapped += 1
        for name in ("state", "query", "messages", "extra_info"):
            if value.get(name):
                self.draft.loss.lost_fields[name] += 1
        state = value.get("state")
        state = decode_object(state.encode()) if isinstance(state, str) else state
        self._cwd = self._cwd or string(mapping(state).get("working_dir"))
        self.draft.messages += 1
        if not action:
            step.flag("no_action")
            return
        native, name = self._asked[at] if at < len(self._asked) else (None, "")
        call = self._call(step, native, name, action)
        call.duration_s = number(value.get("execution_time"))
        observation = _member(self._data, start, end, b"observation")
        if observation is not None:
            call.result.append(ByteSpan(0, observation[0], observation[1] - observation[0]))
            call.status = _status(compact(value.get("observation")))

    def _message(self, start: int, end: int, *, only_prompts: bool) -> None:
        """Take a message of the history."""
        record = bytes(self._data[start:end])
        value = decode_object(record)
        span = ByteSpan(0, start, end - start)
        if value is None:
            self.draft.loss.unparsed.append(span)
            return
        role = compact(value.get("role"))
        if role == "assistant":
            self._assistant(value, record, span, only_prompts=only_prompts)
        elif role == "system" or value.get("message_type") == "system_prompt":
            self._prompt("system", value, record, span)
        elif value.get("is_demo") is True or value.get("message_type") == "demonstration":
            step = self._prompt("context", value, record, span)
            step.label = "demonstration"
            step.flag("injected")
        elif role in ("user", "tool") and self._asked:
            self._observation(value, span, only_prompts=only_prompts)
        elif role in ("user", "tool"):
            self.draft.turn += 1
            self._prompt("user", value, record, span)
        else:
            kind = f"history/{role or '(no role)'}"
            self.draft.unknown(kind, span, record_uid(record), preview=_preview(value))

    def _prompt(
        self, kind: Any, value: Mapping[str, Any], record: bytes, span: ByteSpan
    ) -> StepDraft:
        self.draft.loss.mapped += 1
        self.draft.messages += 1
        return self.draft.step(kind, span, record_uid(record), preview=_preview(value))

    def _assistant(
        self, value: Mapping[str, Any], record: bytes, span: ByteSpan, *, only_prompts: bool
    ) -> None:
        asked = mapping(next(iter(items(value.get("tool_calls"))), None))
        native, name = string(asked.get("id")), compact(mapping(asked.get("function")).get("name"))
        self._asked.append((native, name))
        if only_prompts:
            self.draft.loss.duplicate += 1
            return
        self.draft.loss.mapped += 1
        self.draft.messages += 1
        step = self.draft.step("agent", span, record_uid(record), preview=_preview(value))
        if value.get("is_demo") is True:
            step.flag("demonstration")
        action = compact(value.get("action")).strip() or _call_arguments(value)
        self._open = self._call(step, native, name, action) if action else None

    def _observation(self, value: Mapping[str, Any], span: ByteSpan, *, only_prompts: bool) -> None:
        if only_prompts:
            self.draft.loss.duplicate += 1
        elif self._open is not None:
            self._open.result.append(span)
            self._open.status = _status(_content_text(value.get("content")))
            self.draft.loss.attached += 1
            self._open = None
        else:
            record = bytes(self._data[span.offset : span.offset + span.length])
            self.draft.turn += 1
            self._prompt("user", value, record, span)

    def _call(self, step: StepDraft, native: str | None, name: str, action: str) -> CallDraft:
        word = action.split(None, 1)[0] if action else ""
        name = name or (word if word in _COMMANDS else "bash")
        call = self.draft.call(step, native, name, argument=one_line(action))
        self._watch.command(step, call, action, step.raw[0], self._cwd or "")
        return call


def _attempts(data: Buffer, top: Mapping[str, tuple[int, int]]) -> Iterator[_Part]:
    if "attempts" not in top:
        return
    for at_attempt, (start, end) in enumerate(array_items(data, *top["attempts"])):
        if data[start] == 0x7B:
            members = {
                key.decode("utf-8", "replace"): (at, after)
                for key, at, after in object_members(data, start, end)
            }
            yield _Part(f"attempt-{at_attempt}", members)


def _member(data: Buffer, start: int, end: int, name: bytes) -> tuple[int, int] | None:
    found = None
    for key, at, after in object_members(data, start, end):
        if key == name:
            found = (at, after)
    return found


def _value_at(data: Buffer, member: tuple[int, int] | None) -> Any:
    return None if member is None else decode(bytes(data[member[0] : member[1]]))


def _object_at(data: Buffer, member: tuple[int, int] | None) -> dict[str, Any]:
    """Return the object of a member, also one kept as JSON in a text (``replay_config``)."""
    value = _value_at(data, member)
    if isinstance(value, str):
        value = decode(value.encode("utf-8", "surrogatepass"))
    return mapping(value)


def _preview(value: Mapping[str, Any]) -> str:
    said = compact(value.get("thought")) or _content_text(value.get("content"))
    return one_line(said) or one_line(compact(value.get("action")))


def _content_text(content: Any) -> str:
    if isinstance(content, list):
        parts = [mapping(part).get("text") for part in content]
        return "\n\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _media(content: Any) -> tuple[str, ...]:
    parts = [mapping(part) for part in items(content)]
    return tuple(
        f"{compact(part.get('type'))}, {len(compact(part))} characters"
        for part in parts
        if part.get("type") not in (None, "text")
    )


def _observed(value: Any) -> str:
    return _content_text(value.get("content")) if isinstance(value, dict) else compact(value)


def _call_arguments(value: Mapping[str, Any]) -> str:
    asked = mapping(next(iter(items(value.get("tool_calls"))), None))
    return compact(mapping(asked.get("function")).get("arguments"))


def _status(observation: str) -> Any:
    """Say ok unless the environment itself reports that the action failed.

    There are no exit codes; what a command prints is not judged.
    """
    head = observation.lstrip()[:200].upper()
    failed = head.startswith(("EXECUTION TIMED OUT", "COMMAND TIMED OUT", "THE COMMAND"))
    return "error" if failed and "TIMED OUT" in observation[:600].upper() else "ok"


def _totals(stats: Mapping[str, Any]) -> Metrics:
    made = reported(
        input=integer(stats.get("tokens_sent")), output=integer(stats.get("tokens_received"))
    )
    # A replayed demonstration costs nothing and says 0; so do models without a known price.
    cost = number(stats.get("instance_cost")) or number(stats.get("total_cost")) or None
    if made is None:
        return Metrics(cost_usd=cost)
    return Metrics(input=made.input, output=made.output, cost_usd=cost)


def _outcome(info: Mapping[str, Any]) -> Outcome:
    """Return the class of ``exit_status``. Submitting is no success: only a verifier knows."""
    recorded = compact(info.get("exit_status"))
    status: OutcomeStatus = "unknown"
    if recorded.startswith("exit_"):
        if "time" in recorded:
            status = "timeout"
        elif any(word in recorded for word in _INFRASTRUCTURE):
            status = "infra"
        else:
            status = "fail"
    return Outcome(status=status, reason=one_line(recorded))


IMPORTERS = (SweAgent(),)
