"""The run log of a skill-evolution loop: attempts at a task with the agent's whole output.

JSON lines of typed records. Each ``execution_result`` is one attempt; its ``agent_stdout_full``
holds the ``codex exec --json`` stream of the agent, with log noise around it, inside a JSON
string. Spans of the stream's records therefore have one layer. Kinds and keys from real logs of
2026-04 (SPARK).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from workbench.domain.trajectory import (
    ByteSpan,
    Metrics,
    Outcome,
    OutcomeStatus,
    Step,
    StepBody,
    Trajectory,
)
from workbench.traces.draft import TrajectoryDraft, record_uid, reported
from workbench.traces.escapes import Decoded, text_of
from workbench.traces.formats.codex_exec import ExecStream, exec_body
from workbench.traces.importer import Format, Probe, Progress
from workbench.traces.json_values import (
    compact,
    decode_object,
    integer,
    line_records,
    line_type,
    mapping,
    number,
    one_line,
    pieces_without,
    string,
)
from workbench.traces.lines import object_members
from workbench.traces.source import Buffer, SourceBytes

_KINDS: Final = frozenset(
    {"execution_result", "reflect_call", "pdi_snapshot", "skill_gen_call", "task_summary"}
)
_STREAM: Final = b"agent_stdout_full"
#: A string of more bytes than this is a text, a shorter one a fact (a status, a model's name).
_SHORT_FACT: Final = 80
_NAMED: Final = ("attempt", "response", "level", "status", "task_name")


@dataclass(slots=True)
class _Attempt:
    stream: ExecStream
    number: int | None
    fields: dict[str, Any] = field(default_factory=dict)


class RunLog(Format):
    """One trajectory for each attempt; what the loop did after it follows as events."""

    id = "run-log"
    by_line = True

    def score(self, probe: Probe) -> float:
        """Count the lines with a kind of this log."""
        return float(sum(line_type(line) in _KINDS for line in probe.lines))

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all attempts."""
        source = sources[0]
        log = _Log(self.id)
        for start, end in line_records(source.data):
            log.feed(source.data, start, end)
            if progress:
                progress(end / len(source.data))
        return [
            attempt.stream.made(
                source.info(),
                whole=source.whole,
                **({"title": log.title} if log.title else {}),
                **attempt.fields,
            )
            for attempt in log.attempts
        ]

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the text of a step: of the embedded stream, or of the log itself."""
        if step.kind != "event" or step.label not in _KINDS:
            return exec_body(step, raw, results)
        return _log_body(step, raw)


class _Log:
    """The log while it is read."""

    def __init__(self, format_id: str) -> None:
        self.attempts: list[_Attempt] = []
        self.title = ""
        self._format = format_id
        self._ids: Counter[str] = Counter()

    def feed(self, data: Buffer, start: int, end: int) -> None:
        record = bytes(data[start:end])
        span = ByteSpan(0, start, end - start)
        value = decode_object(record)
        if value is None:
            self._attempt_of(None).stream.draft.loss.unparsed.append(span)
            return
        kind = compact(value.get("type"))
        if kind == "execution_result":
            self._execution(value, record, start)
            return
        draft = self._attempt_of(integer(value.get("attempt"))).stream.draft
        preview = one_line(
            " ".join(f"{name}: {compact(value[name])}" for name in _NAMED if value.get(name))
        )
        uid = record_uid(record)
        if kind in _KINDS:
            draft.loss.mapped += 1
            draft.step("event", span, uid, label=kind, preview=preview, time=_time(value))
        else:
            draft.unknown(kind or "(no type)", span, uid, preview=one_line(text_of(record)))
        self.title = string(value.get("task_name")) or self.title

    def _attempt_of(self, number: int | None) -> _Attempt:
        """Return the last attempt of that number, or the last one."""
        for attempt in reversed(self.attempts):
            if number is None or attempt.number == number:
                return attempt
        return self.attempts[-1] if self.attempts else self._new(number, "log")

    def _new(self, number: int | None, name: str) -> _Attempt:
        self._ids[name] += 1
        made = name if self._ids[name] == 1 else f"{name}#{self._ids[name]}"
        attempt = _Attempt(ExecStream(TrajectoryDraft(self._format, made)), number)
        self.attempts.append(attempt)
        return attempt

    def _execution(self, value: dict[str, Any], record: bytes, base: int) -> None:
        number = integer(value.get("attempt"))
        attempt = self._new(number, f"attempt-{len(self.attempts) if number is None else number}")
        stream = attempt.stream
        rest = _feed_embedded(stream, record, base)
        draft = stream.draft
        outcome = _outcome(value, ran=stream.items_seen > 0, problem=stream.problem)
        step = draft.step(
            "event",
            rest[0],
            record_uid(record),
            label="execution_result",
            preview=one_line(
                f"{outcome.status}: {outcome.reason}" if outcome.reason else outcome.status
            ),
            time=_time(value),
        )
        step.raw = rest
        draft.loss.mapped += 1
        result = mapping(value.get("result_json"))
        self.title = string(result.get("task_name")) or self.title
        attempt.fields = {"outcome": outcome, **_agent(result)}
        if stream.totals == Metrics():
            stream.totals = _usage(mapping(result.get("agent_result")))


def _feed_embedded(stream: ExecStream, record: bytes, base: int) -> list[ByteSpan]:
    """Feed the stream kept in the record's string; return the spans of the rest of the record.

    The stream is left out of the rest, so that what the agent said is not found once more in the
    verifier's record.
    """
    for key, at, after in object_members(record, 0):
        if key != _STREAM or record[at : at + 1] != b'"':
            continue
        inside = Decoded(record[at + 1 : after - 1])
        for start, end in line_records(inside.data):
            raw, raw_end = inside.raw(start), inside.raw(end)
            span = ByteSpan(0, base + at + 1 + raw, raw_end - raw, 1)
            stream.feed(inside.data[start:end], span)
    rest = pieces_without(record, 0, len(record), {_STREAM})
    return [ByteSpan(0, base + start, end - start) for start, end in rest]


def _outcome(value: Mapping[str, Any], *, ran: bool, problem: str) -> Outcome:
    """Return how the attempt ended.

    An agent that never did anything says nothing about the skill: that is infrastructure,
    whatever the verifier made of the untouched folder.
    """
    recorded = compact(value.get("status")).upper()
    reward = number(value.get("reward"))
    total = integer(value.get("n_tests")) or None
    exception = mapping(mapping(value.get("result_json")).get("exception_info"))
    exception_type = compact(exception.get("exception_type"))
    error = string(value.get("error")) or string(exception.get("exception_message")) or ""
    status: OutcomeStatus
    success = value.get("success") is True or (reward is not None and reward >= 1)
    if not ran:
        status, error = "infra", error or problem or "the agent left no record of any work"
    elif "INFRA" in recorded:
        status = "infra"
    elif success:
        status = "pass"
    elif "timeout" in f"{exception_type} {recorded}".lower():
        status = "timeout"
    elif reward is not None and reward > 0:
        status = "partial"
    elif recorded in ("FAIL", "FAILED") or value.get("success") is False:
        status = "fail"
    else:
        status = "unknown"
    return Outcome(
        status=status,
        reward=reward,
        tests_passed=integer(value.get("n_passed")) if total else None,
        tests_total=total,
        reason=one_line(error or recorded),
    )


def _agent(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return agent, version, model and times, as far as the result says them."""
    agent = mapping(result.get("agent_info"))
    model = mapping(agent.get("model_info")).get("name")
    configured = mapping(mapping(result.get("config")).get("agent")).get("model_name")
    times = mapping(result.get("agent_execution")) or result
    found = {
        "agent": string(agent.get("name")),
        "format_version": string(agent.get("version")),
        "model": string(model) or string(configured),
        "started": string(times.get("started_at")),
        "ended": string(times.get("finished_at")),
    }
    return {name: text for name, text in found.items() if text}


def _usage(result: Mapping[str, Any]) -> Metrics:
    return (
        reported(
            input=integer(result.get("n_input_tokens")),
            cached=integer(result.get("n_cache_tokens")),
            output=integer(result.get("n_output_tokens")),
        )
        or Metrics()
    )


def _time(value: Mapping[str, Any]) -> str | None:
    """Return the record's ``ts`` (seconds since 1970) as ISO time."""
    seconds = number(value.get("ts"))
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return None


def _log_body(step: Step, raw: Sequence[bytes]) -> StepBody:
    """Give the texts of a record as text, its numbers and short facts as notes."""
    texts: list[str] = []
    notes: list[str] = []
    for piece in raw:
        record = piece if piece[:1] == b"{" else b"{" + piece + b"}"
        for key, at, after in object_members(record, 0):
            value = record[at:after]
            name = text_of(Decoded(key).data)
            if value[:1] != b'"':
                notes.append(f"{name}: {text_of(value)}")
            elif len(value) > _SHORT_FACT:
                texts.append(text_of(Decoded(value[1:-1]).data))
            elif value != b'""':
                notes.append(f"{name}: {text_of(Decoded(value[1:-1]).data)}")
    return StepBody(index=step.index, text="\n\n".join(texts), reasoning="", notes=tuple(notes))


IMPORTERS = (RunLog(),)
