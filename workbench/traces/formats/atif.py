"""ATIF, the Agent Trajectory Interchange Format of Harbor, 1.0 to 1.8: JSON, or one a line.

Fields as in the ``atif`` models (PyPI 1.8.0) and harbor 0.25. Versions only added fields, so one
reader serves all. Results belong to calls by ``source_call_id``, in any order. Trajectories named
by a path in the file's own folder (subagents, the continuation) are children; pictures and whatever
lies elsewhere are references and never opened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from msgspec.structs import replace

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Metrics,
    Step,
    StepBody,
    StepKind,
    ToolBody,
    ToolCall,
    Trajectory,
)
from workbench.traces.atif.outcome import outcome_of
from workbench.traces.atif.references import referred_files
from workbench.traces.call_arguments import main_argument
from workbench.traces.draft import COPIED, CallDraft, StepDraft, TrajectoryDraft, record_uid, summed
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import (
    compact,
    decode,
    decode_object,
    from_pieces,
    integer,
    items,
    mapping,
    member_text,
    number,
    one_line,
    pieces_without,
    string,
    top_members,
)
from workbench.traces.lines import array_items, joined_values, object_members
from workbench.traces.skill_watch import SkillWatch
from workbench.traces.source import Buffer, SourceBytes
from workbench.traces.tool_skills import notice_skills

_MARK: Final = re.compile(rb'"schema_version"\s*:\s*"ATIF-')
_KINDS: Final = frozenset(get_args(StepKind))
_STATUSES: Final = frozenset(get_args(CallStatus))
#: Subagents within subagents; deeper nesting is an attack or an accident.
_MAX_DEPTH: Final = 32


class Atif(Format):
    """One trajectory for each object; embedded subagents are its children."""

    id = "atif"
    by_line = False

    def score(self, probe: Probe) -> float:
        """Look for the version mark at the top, or for steps when the window cuts before it."""
        members = top_members(probe.head)
        if "schema_version" in members:
            start, end = members["schema_version"]
            return 20.0 if probe.head[start:end].startswith(b'"ATIF-') else 0.0
        if {"agent", "steps"} <= members.keys():
            start, end = members["steps"]
            return 10.0 if b'"step_id"' in probe.head[start:end] else 0.0
        return float(sum(_MARK.search(line) is not None for line in probe.lines))

    def companions(self, path: Path) -> Sequence[Path]:
        """Return the trajectories of the run that the file names by a path."""
        return referred_files(path)

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all trajectories of the file; those it refers to are children of the first."""
        ids: Counter[str] = Counter()
        found = self._read(sources[0], ids, progress)
        if len(sources) > 1 and (first := next(found, None)) is not None:
            yield _with_referred(first, sources, [list(self._read(s, ids)) for s in sources[1:]])
        yield from found

    def _read(
        self, source: SourceBytes, ids: Counter[str], progress: Progress | None = None
    ) -> Iterator[Trajectory]:
        data = source.data
        begin = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        for number_, (start, end) in enumerate(joined_values(data, begin, len(data))):
            if data[start] == 0x7B:
                reader = _Reader(data, source, f"trajectory-{number_ + 1}", ids)
                yield reader.read(start, end)
            if progress:
                progress(end / len(data))

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step."""
        own = [piece for piece in raw if piece[:1] != b"{"]
        loose = [decode_object(piece) or {} for piece in raw if piece[:1] == b"{"]
        said = from_pieces(own)
        arguments = _written_arguments(own)
        calls = tuple(
            _tool_body(call, arguments[at] if at < len(arguments) else "", results)
            for at, call in enumerate(step.tool_calls)
        )
        texts = [_content_text(said.get("message"))]
        texts += [_content_text(result.get("content")) for result in loose]
        media = _content_media(said.get("message"))
        for result in loose:
            media += _content_media(result.get("content"))
        return StepBody(
            index=step.index,
            text="\n\n".join(text for text in texts if text),
            reasoning=compact(said.get("reasoning_content")),
            tool_calls=calls,
            media=media,
        )


def _with_referred(
    first: Trajectory, sources: Sequence[SourceBytes], read: Sequence[Sequence[Trajectory]]
) -> Trajectory:
    """Return a trajectory with those in other files as its children, on the calls that name them.

    A call names its subagent by id or by path; then the path is replaced by the child's id.
    """
    folder = sources[0].path.parent
    by_path: dict[str, str] = {}
    children: list[Trajectory] = []
    for source, found in zip(sources[1:], read, strict=True):
        for one in found:
            by_path.setdefault(source.path.relative_to(folder).as_posix(), one.id)
            children.append(replace(one, parent=first.id))
    steps = tuple(
        replace(
            step,
            tool_calls=tuple(
                replace(call, sub=by_path.get((call.sub or "").removeprefix("./"), call.sub))
                for call in step.tool_calls
            ),
        )
        if any(call.sub for call in step.tool_calls)
        else step
        for step in first.steps
    )
    return replace(first, steps=steps, children=(*first.children, *children))


class _Reader:
    """Reads one trajectory object and those embedded in it."""

    def __init__(
        self, data: Buffer, source: SourceBytes, name: str, ids: Counter[str], depth: int = 0
    ) -> None:
        self._data = data
        self._source = source
        self._name = name
        self._ids = ids
        self._depth = depth
        self._watch = SkillWatch()
        self._model: str | None = None

    def read(self, start: int, end: int, parent: str | None = None) -> Trajectory:
        """Return the trajectory of the object in that range."""
        members = top_members(self._data, start, end)
        agent = mapping(self._value(members, "agent"))
        session = string(self._value(members, "session_id"))
        found = string(self._value(members, "trajectory_id")) or session or self._name
        self._ids[found] += 1
        made = found if self._ids[found] == 1 else f"{found}#{self._ids[found]}"
        draft = TrajectoryDraft("atif", made)
        self._model = string(agent.get("model_name"))
        whole = "steps" in members
        if whole:
            first, last = members["steps"]
            for at, after in array_items(self._data, first, last):
                self._step(draft, at, after)
            whole = bytes(self._data[last - 1 : last]) == b"]"
        for name in ("tool_definitions", "extra"):
            if agent.get(name):
                draft.loss.lost_fields[f"agent.{name}"] += 1
        for name in ("notes", "continued_trajectory_ref", "extra"):
            if name in members:
                draft.loss.lost_fields[name] += 1
        draft.skill_events = self._watch.events()
        asked = next((step.preview for step in draft.steps if step.kind == "user"), "")
        times = [step.time for step in draft.steps if step.time]
        return draft.made(
            [self._source.info()],
            outcome=outcome_of(mapping(self._value(members, "extra"))),
            totals=_totals(mapping(self._value(members, "final_metrics")), draft),
            format_version=string(self._value(members, "schema_version")),
            agent=string(agent.get("name")),
            model=self._model,
            session=session,
            title=asked[:100],
            started=times[0] if times else None,
            ended=times[-1] if times else None,
            children=self._children(members, made),
            parent=parent,
            complete=whole and self._source.whole,
        )

    def _children(
        self, members: Mapping[str, tuple[int, int]], parent: str
    ) -> tuple[Trajectory, ...]:
        if "subagent_trajectories" not in members or self._depth >= _MAX_DEPTH:
            return ()
        children = []
        embedded = array_items(self._data, *members["subagent_trajectories"])
        for number_, (start, end) in enumerate(embedded):
            if self._data[start] == 0x7B:
                name = f"{parent}/{number_ + 1}"
                reader = _Reader(self._data, self._source, name, self._ids, self._depth + 1)
                children.append(reader.read(start, end, parent))
        return tuple(children)

    def _value(self, members: Mapping[str, tuple[int, int]], name: str) -> Any:
        return decode(bytes(self._data[slice(*members[name])])) if name in members else None

    def _step(self, draft: TrajectoryDraft, start: int, end: int) -> None:
        record = bytes(self._data[start:end])
        span = ByteSpan(0, start, end - start)
        value = decode_object(record)
        if value is None:
            draft.loss.unparsed.append(span)
            return
        extra = mapping(value.get("extra"))
        uid = string(extra.get("uid")) or _step_uid(value, record)
        source = compact(value.get("source"))
        preview = one_line(_content_text(value.get("message")))
        if source not in ("user", "agent", "system"):
            kind = f"source:{source or '(none)'}"
            step = draft.unknown(kind, span, uid, preview=preview)
        else:
            recorded = extra.get("kind")
            step = draft.step(recorded if recorded in _KINDS else source, span, uid)  # type: ignore[arg-type]
            step.label = compact(extra.get("label"))
            draft.loss.mapped += 1
        draft.turn += step.kind == "user"
        step.turn = draft.turn
        step.preview = preview
        step.time = string(value.get("timestamp"))
        step.model = (string(value.get("model_name")) or self._model) if source == "agent" else None
        step.metrics = _metrics(mapping(value.get("metrics")))
        for name in [COPIED] if value.get("is_copied_context") is True else []:
            step.flag(name)
        for name in items(extra.get("flags")):
            step.flag(compact(name))
        draft.messages += COPIED not in step.flags
        own = pieces_without(self._data, start, end, {b"observation"})
        step.raw = [ByteSpan(0, first, last - first) for first, last in own] or [span]
        self._calls(draft, step, value)
        self._results(draft, step, start, end)
        if step.kind in ("system", "context", "user"):
            self._watch.listed(step, _content_text(value.get("message")), step.raw[0])
            self._watch.injected(step, _content_text(value.get("message")), step.raw[0])

    def _calls(self, draft: TrajectoryDraft, step: StepDraft, value: Mapping[str, Any]) -> None:
        for asked in map(mapping, items(value.get("tool_calls"))):
            arguments = asked.get("arguments")
            call = draft.call(
                step,
                string(asked.get("tool_call_id")),
                string(asked.get("function_name")) or "tool",
                argument=main_argument(arguments),
            )
            call.duration_s = number(mapping(asked.get("extra")).get("duration_s"))
            self._notice(step, call, mapping(arguments))
            step.preview = step.preview or one_line(f"{call.name}: {call.argument}")

    def _notice(self, step: StepDraft, call: CallDraft, arguments: Mapping[str, Any]) -> None:
        """See whether the call uses a skill."""
        notice_skills(self._watch, step, call, arguments, step.raw[0])

    def _results(self, draft: TrajectoryDraft, step: StepDraft, start: int, end: int) -> None:
        """Give each result to its call; what belongs to none stays with the step."""
        for at, after in self._result_ranges(start, end):
            span = ByteSpan(0, at, after - at)
            result = decode_object(bytes(self._data[at:after])) or {}
            native = string(result.get("source_call_id"))
            same = [call for call in step.calls if call.native == native]
            if native is None and len(step.calls) == 1:
                same = step.calls
            free = [call for call in same if not call.result] or same
            draft.loss.attached += 1
            if free and not (native is None and free[0].result):
                free[0].result.append(span)
                _settle(free[0], result)
            else:
                step.raw.append(span)

    def _result_ranges(self, start: int, end: int) -> list[tuple[int, int]]:
        for key, at, after in object_members(self._data, start, end):
            if key == b"observation" and self._data[at] == 0x7B:
                for inner, first, last in object_members(self._data, at, after):
                    if inner == b"results" and self._data[first] == 0x5B:
                        return list(array_items(self._data, first, last))
        return []


def _step_uid(value: Mapping[str, Any], record: bytes) -> str:
    number_ = integer(value.get("step_id"))
    return record_uid(record) if number_ is None else f"step-{number_}"


def _settle(call: CallDraft, result: Mapping[str, Any]) -> None:
    """Read the state of a call. ATIF has none of its own; exporters keep it in ``extra``."""
    extra = mapping(result.get("extra"))
    call.exit_code = integer(extra.get("exit_code"))
    recorded = extra.get("status")
    if recorded in _STATUSES:
        call.status = recorded  # type: ignore[assignment]
    elif extra.get("is_error") is True or call.exit_code not in (None, 0):
        call.status = "error"
    else:
        call.status = "ok"
    for reference in map(mapping, items(result.get("subagent_trajectory_ref"))):
        call.sub = call.sub or string(reference.get("trajectory_id"))
        call.sub = call.sub or string(reference.get("trajectory_path"))
        call.sub = call.sub or string(reference.get("session_id"))


def _metrics(recorded: Mapping[str, Any]) -> Metrics | None:
    extra = mapping(recorded.get("extra"))
    made = Metrics(
        input=integer(recorded.get("prompt_tokens")),
        output=integer(recorded.get("completion_tokens")),
        cached=integer(recorded.get("cached_tokens")),
        cost_usd=number(recorded.get("cost_usd")),
        cache_write=integer(extra.get("cache_write_tokens")),
        reasoning=integer(extra.get("reasoning_tokens")),
    )
    return None if made == Metrics() else made


def _totals(final: Mapping[str, Any], draft: TrajectoryDraft) -> Metrics:
    """Return the totals as recorded; what is not recorded is added up from the steps."""
    added = summed(step.metrics for step in draft.steps if COPIED not in step.flags)
    prompt = integer(final.get("total_prompt_tokens"))
    output = integer(final.get("total_completion_tokens"))
    cached = integer(final.get("total_cached_tokens"))
    cost = number(final.get("total_cost_usd"))
    return Metrics(
        input=added.input if prompt is None else prompt,
        output=added.output if output is None else output,
        cached=added.cached if cached is None else cached,
        cost_usd=added.cost_usd if cost is None else cost,
        cache_write=added.cache_write,
        reasoning=added.reasoning,
    )


def _content_text(content: Any) -> str:
    if isinstance(content, list):
        parts = [mapping(part).get("text") for part in content]
        return "\n\n".join(part for part in parts if isinstance(part, str) and part)
    return content if isinstance(content, str) else ""


def _content_media(content: Any) -> tuple[str, ...]:
    """Return a reference for each part that is no text."""
    found = []
    for part in map(mapping, items(content)):
        if part.get("type") not in (None, "text"):
            source = mapping(part.get("source"))
            kind = string(source.get("media_type")) or compact(part.get("type"))
            found.append(f"{kind}: {string(source.get('path')) or 'not recorded'}")
    return tuple(found)


def _written_arguments(pieces: Sequence[bytes]) -> list[str]:
    """Return the arguments of each call as they are written in the file."""
    for piece in pieces:
        record = b"{" + piece + b"}"
        for key, start, end in object_members(record, 0):
            if key == b"tool_calls" and record[start] == 0x5B:
                return [
                    member_text(record[at:after], "arguments") or ""
                    for at, after in array_items(record, start, end)
                    if record[at] == 0x7B
                ]
    return []


def _tool_body(call: ToolCall, arguments: str, results: Mapping[str, Sequence[bytes]]) -> ToolBody:
    found = [decode_object(record) or {} for record in results.get(call.id, ())]
    texts = [text for result in found if (text := _content_text(result.get("content")))]
    media: tuple[str, ...] = ()
    for result in found:
        media += _content_media(result.get("content"))
    return ToolBody(
        id=call.id,
        name=call.name,
        arguments=arguments,
        status=call.status,
        exit_code=call.exit_code,
        observation="\n\n".join(texts) if found else None,
        media=media,
    )


IMPORTERS = (Atif(),)
