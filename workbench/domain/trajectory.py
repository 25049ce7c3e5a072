"""What an agent did: the skeleton that stays in memory and the bodies loaded on demand.

The model is richer than ATIF 1.8, which has no error flag, branch or skill event; see
``docs`` of the trace formats named in each importer. Values of which a long trace has hundreds of
thousands are left out of Python's search for cycles (``gc=False``): they hold none, and the search
would stop the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Literal, overload

from msgspec import Struct

StepKind = Literal["user", "agent", "system", "context", "event"]
CallStatus = Literal["ok", "error", "rejected", "cancelled", "running", "missing"]
OutcomeStatus = Literal["pass", "fail", "partial", "timeout", "infra", "unknown"]
SkillEventKind = Literal[
    "listed",
    "requested",
    "loaded",
    "load_failed",
    "resource_read",
    "script_run",
    "reattached",
    "dropped",
    "edited",
]
SkillTrigger = Literal["model", "slash", "mention", "keyword", "nested", "inferred", "unknown"]
Confidence = Literal["explicit", "strong", "weak"]


class ByteSpan(Struct, frozen=True, gc=False):
    """Bytes of a trace source: ``sources[source]`` at ``offset``, ``length`` bytes.

    ``layers`` counts the JSON string escapings around the text: 0, the bytes are the UTF-8 text;
    1, they are the inside of a JSON string; 2, of a JSON string kept inside another.
    """

    source: int
    offset: int
    length: int
    layers: int = 0


class TraceSource(Struct, frozen=True):
    """A file behind a trajectory, as it was when read."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str | None = None


class Metrics(Struct, frozen=True, gc=False):
    """Tokens and cost of a step or a whole trajectory; None is "not recorded", never zero.

    ``input`` includes the cached tokens.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost_usd: float | None = None


class ToolCall(Struct, frozen=True, gc=False):
    """A call asked for by a step, with the state of its result.

    ``argument`` is the main argument on one line (command, file path, skill name ...), cut to 200
    characters. ``result`` are the raw records of the observation, empty when it is missing.
    """

    id: str
    name: str
    argument: str
    status: CallStatus
    exit_code: int | None = None
    duration_s: float | None = None
    result: tuple[ByteSpan, ...] = ()
    sub: str | None = None
    files: tuple[str, ...] = ()


class Step(Struct, frozen=True, gc=False):
    """One model call, one user prompt, or one context or system event.

    ``preview`` is the first text on one line, cut to 200 characters. ``raw`` are the records the
    step was made of. ``uid`` is stable: the native id, or a hash of the record.
    """

    index: int
    uid: str
    kind: StepKind
    preview: str
    raw: tuple[ByteSpan, ...]
    turn: int = 0
    time: str | None = None
    model: str | None = None
    parent_uid: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    metrics: Metrics | None = None
    flags: tuple[str, ...] = ()
    label: str = ""


class LateSteps(Sequence[Step]):
    """The steps of a trajectory, made when one of them is first asked for.

    A session can have hundreds of subagents that nobody looks into: what counts of them is in
    their trajectory, and their steps cost nothing until then. Compares and copies as the tuple
    it stands for; a slice of it is one.
    """

    __slots__ = ("_count", "_lock", "_made", "_make")

    def __init__(self, count: int, make: Callable[[], tuple[Step, ...]]) -> None:
        """Stand for ``count`` steps; ``make`` is called once."""
        self._count = count
        self._make: Callable[[], tuple[Step, ...]] | None = make
        self._made: tuple[Step, ...] = ()
        self._lock = Lock()

    def whole(self) -> tuple[Step, ...]:
        """Return all of them; threads that ask while they are made wait."""
        if self._make is not None:
            with self._lock:
                if self._make is not None:
                    self._made = self._make()
                    self._make = None
        return self._made

    @overload
    def __getitem__(self, at: int) -> Step: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, at: int | slice) -> Step | tuple[Step, ...]:
        return self.whole()[at]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Step]:
        return iter(self.whole())

    def __contains__(self, step: object) -> bool:
        return step in self.whole()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LateSteps):
            return self is other or self.whole() == other.whole()
        return self.whole() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.whole())

    def __repr__(self) -> str:
        return repr(self.whole())

    def __reduce__(self) -> tuple[type, tuple[tuple[Step, ...]]]:
        return tuple, (self.whole(),)


class ToolBody(Struct, frozen=True):
    """The full text of a call. ``arguments`` is JSON text where the format has an object."""

    id: str
    name: str
    arguments: str
    status: CallStatus
    exit_code: int | None
    observation: str | None
    media: tuple[str, ...] = ()


class StepBody(Struct, frozen=True):
    """All that a step says, read from its bytes when asked for."""

    index: int
    text: str
    reasoning: str
    tool_calls: tuple[ToolBody, ...] = ()
    media: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class SkillEvent(Struct, frozen=True, gc=False):
    """A skill seen in a trace. ``skill`` is the name as recorded (with a plugin prefix, if any)."""

    skill: str
    kind: SkillEventKind
    trigger: SkillTrigger
    step: int
    evidence: ByteSpan
    confidence: Confidence
    path: str | None = None
    detail: str = ""


class LossEntry(Struct, frozen=True):
    """Records of one kind that were shown raw or left out, and how many."""

    kind: str
    count: int


class Loss(Struct, frozen=True):
    """What became of every record: nothing disappears without being counted."""

    lines: int = 0
    mapped: int = 0
    attached: int = 0
    duplicate: int = 0
    ignored: tuple[LossEntry, ...] = ()
    unparsed: tuple[ByteSpan, ...] = ()
    lost_fields: tuple[LossEntry, ...] = ()


class Score(Struct, frozen=True):
    """What one scorer said: a number, or the words it was recorded with."""

    name: str
    value: float | None = None
    text: str = ""


class Outcome(Struct, frozen=True):
    """How the run ended, where the format or a verifier says so.

    ``reward`` is that of the first scorer; ``scores`` are all of them, where there are several.
    """

    status: OutcomeStatus = "unknown"
    reward: float | None = None
    tests_passed: int | None = None
    tests_total: int | None = None
    reason: str = ""
    scores: tuple[Score, ...] = ()


class Trajectory(Struct, frozen=True):
    """The skeleton of one run. ``id`` is unique in its source; ``messages`` counts raw records.

    ``format`` is the one whose importer reads the bodies; ``converted_from`` the one the run was
    recorded in, where another program or a plugin turned it into that.
    ``steps`` is a tuple, or stands for one (``LateSteps``).
    ``title_weight`` is 0 where the title is the first prompt's words, higher where a record gives
    it: a title of more weight stands over one of less. ``skipped`` counts the bytes of the file
    before the first step that were not read: a very long log is shown from its end.
    """

    id: str
    format: str
    format_version: str | None
    agent: str | None
    model: str | None
    sources: tuple[TraceSource, ...]
    steps: Sequence[Step]
    totals: Metrics
    loss: Loss
    session: str | None = None
    title: str = ""
    cwd: str | None = None
    started: str | None = None
    ended: str | None = None
    messages: int = 0
    tool_calls: int = 0
    errors: int = 0
    outcome: Outcome = Outcome()
    skill_events: tuple[SkillEvent, ...] = ()
    children: tuple[Trajectory, ...] = ()
    parent: str | None = None
    complete: bool = True
    converted_from: str | None = None
    title_weight: int = 0
    skipped: int = 0
