"""A trajectory as JSON lines: what plugins read and give, and what ``trace convert`` writes.

One format for all three. The first line is a ``TraceHeader``, each line after it a ``TraceStep``.
Fields may be added, never renamed; a reader passes over those it does not know.
"""

from __future__ import annotations

from msgspec import Struct

from workbench.domain.trajectory import ByteSpan, LossEntry, Metrics, Score

#: The schema line of a trajectory as JSON lines; see ``TraceHeader``.
TRACE_SCHEMA = "skill-workbench/trajectory/1"


class TraceOrigin(Struct, frozen=True):
    """A file that a trajectory was made from; ``path`` may be the name alone."""

    path: str
    size: int = 0
    mtime_ns: int = 0
    sha256: str | None = None


class TraceUnparsed(Struct, frozen=True):
    """A record that no importer understood: where it was, and its beginning as text."""

    source: int = 0
    offset: int = 0
    length: int = 0
    text: str = ""


class TraceLoss(Struct, frozen=True):
    """The ledger of the original, as ``domain.trajectory.Loss`` with texts for what is unparsed."""

    lines: int = 0
    mapped: int = 0
    attached: int = 0
    duplicate: int = 0
    ignored: tuple[LossEntry, ...] = ()
    unparsed: tuple[TraceUnparsed, ...] = ()
    lost_fields: tuple[LossEntry, ...] = ()


class TraceHeader(Struct, frozen=True):
    """First line of a trajectory as JSON lines; the lines after it are its ``TraceStep``.

    A file may hold several trajectories: a line with ``schema`` begins the next one. ``depth`` is 0
    for a trajectory of its own; a subagent's follows its parent's steps with a depth one greater.

    Only ``id`` to ``reward`` are required. Figures that are None are counted from the steps:
    ``messages``, ``tool_calls``, ``errors``, ``totals``, ``loss``. A header with ``messages`` says
    all there is to say: title and times are not looked for in the steps either. Places (``raw``,
    ``result``, ``unparsed``) are byte ranges of the files in ``sources``.
    """

    id: str
    format: str
    agent: str | None
    model: str | None
    task: str | None
    title: str
    outcome: str
    reward: float | None
    skills_listed: tuple[str, ...] = ()
    skills_loaded: tuple[str, ...] = ()
    steps: int = 0
    schema: str = TRACE_SCHEMA
    depth: int = 0
    format_version: str | None = None
    session: str | None = None
    parent: str | None = None
    cwd: str | None = None
    started: str | None = None
    ended: str | None = None
    complete: bool = True
    title_weight: int = 0
    messages: int | None = None
    tool_calls: int | None = None
    errors: int | None = None
    totals: Metrics | None = None
    outcome_reason: str = ""
    tests_passed: int | None = None
    tests_total: int | None = None
    scores: tuple[Score, ...] = ()
    skipped: int = 0
    loss: TraceLoss | None = None
    sources: tuple[TraceOrigin, ...] = ()


class TraceCall(Struct, frozen=True):
    """A tool call with its observation, as a plugin sees it. ``arguments`` is JSON text.

    ``status`` is ok, error, rejected, cancelled, running or missing; ``sub`` the id of the
    subagent's trajectory it started; ``result`` where the observation was in the original.
    """

    id: str
    name: str
    argument: str
    arguments: str
    status: str
    exit_code: int | None
    observation: str | None
    truncated: bool = False
    duration_s: float | None = None
    sub: str | None = None
    files: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    result: tuple[ByteSpan, ...] = ()


class TraceSkillEvent(Struct, frozen=True):
    """What happened to a skill in a step; ``quote`` is the text that says so, cut when long."""

    skill: str
    kind: str
    trigger: str = "unknown"
    confidence: str = "weak"
    path: str | None = None
    detail: str = ""
    quote: str = ""
    raw: ByteSpan | None = None


class TraceStep(Struct, frozen=True):
    """A step of a normalised trace; ``index`` is the one evidence refers to.

    ``kind`` is user, agent, system, context or event. ``preview`` None means: the beginning of the
    text. ``parent`` is the uid of the step it follows: None means the step before, "" none at all.
    ``raw`` is where its records were in the original.
    """

    index: int
    uid: str
    kind: str
    text: str
    turn: int = 0
    time: str | None = None
    calls: tuple[TraceCall, ...] = ()
    flags: tuple[str, ...] = ()
    reasoning: str = ""
    preview: str | None = None
    label: str = ""
    model: str | None = None
    parent: str | None = None
    metrics: Metrics | None = None
    media: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skill_events: tuple[TraceSkillEvent, ...] = ()
    raw: tuple[ByteSpan, ...] = ()
