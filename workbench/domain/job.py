"""Jobs: what a plugin is asked for, and the events it answers with."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from workbench.domain.annotation import SkillLine
from workbench.domain.finding import Capabilities, Coverage, Finding
from workbench.domain.model_call import Prompt
from workbench.domain.proposal import Change, ProposalDraft
from workbench.domain.task import CriterionResult, PairedRow

PluginKind = Literal["scanner", "evolver", "importer", "runner", "trace_reader", "retriever"]
JobState = Literal[
    "queued", "starting", "running", "cancelling", "finished", "failed", "cancelled", "lost"
]
FinishStatus = Literal[
    "completed", "no_change", "infra_blocked", "budget", "cancelled", "failed", "lost"
]


class SkillInput(Struct, frozen=True):
    """A skill in the copy that a job gets. ``path`` is absolute and inside the run folder.

    ``locks`` are what may not change: "*" the whole skill, "SKILL.md" a file, "SKILL.md#Safety" a
    section, "SKILL.md:3-9" lines.

    ``uses`` counts the given traces in which the skill was loaded or worked with, ``loads`` how
    often it was loaded, ``failures`` those of its uses that ended with "fail" or "timeout".
    ``provenance`` is what its front matter says of where it is from (licence, author, version).
    """

    id: str
    path: str
    name: str
    description: str
    tree_hash: str
    files: tuple[str, ...]
    locks: tuple[str, ...] = ()
    uses: int = 0
    loads: int = 0
    failures: int = 0
    provenance: dict[str, str] = {}


class TraceInput(Struct, frozen=True):
    """A normalised trace in the run folder: one ``TraceHeader`` line, then ``TraceStep`` lines."""

    id: str
    path: str


class TaskInput(Struct, frozen=True):
    """A task as an engine may see it: never of the split "test", never with its checks.

    ``criteria`` are the visible ones, as "id: text". ``inputs`` are absolute paths in the run
    folder.
    """

    id: str
    prompt: str
    family: str = ""
    split: Literal["train", "val"] = "train"
    criteria: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


class ModelInput(Struct, frozen=True):
    """A model that may be asked, by role; where it is, the host alone knows."""

    role: str
    model: str
    price_input: float | None = None
    price_output: float | None = None


class DocumentInput(Struct, frozen=True):
    """A document to learn from, copied into the run folder; ``path`` is absolute."""

    id: str
    path: str


class StoredResult(Struct, frozen=True):
    """A result that was measured earlier: one run of a task with some skills present.

    ``skills`` are ids of skills of the library; ``loaded`` those the agent read, None where that
    is not recorded. ``environment`` names where it ran.
    """

    task: str
    skills: tuple[str, ...]
    score: float | None
    status: str = "unknown"
    loaded: tuple[str, ...] | None = None
    model: str = ""
    environment: str = ""
    run: int = 0


class Budget(Struct, frozen=True):
    """Caps of a job; None means no cap of that kind.

    ``max_hunks`` and ``max_growth`` hold for each proposal: places changed in all its texts, and
    bytes these may grow by together. The host leaves out proposals beyond them.
    """

    wall_s: float | None = None
    evaluations: int | None = None
    tokens: int | None = None
    usd: float | None = None
    max_proposals: int | None = None
    max_hunks: int | None = None
    max_growth: int | None = None


class PastDecision(Struct, frozen=True):
    """An earlier proposal and what people said of it: the memory of rejected edits.

    ``reasons`` are codes, ``comments`` the reviewers' words. ``level`` is what the host's gate
    gave; ``rows`` are the gate's table, of tasks an engine may know of alone.
    """

    proposal: str
    title: str
    status: str
    paths: tuple[str, ...]
    reasons: tuple[str, ...]
    new_lines: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    level: str = "not_evaluated"
    rows: tuple[PairedRow, ...] = ()


class TraceLabel(Struct, frozen=True):
    """What a person said of a trace, or of a step of it (``step`` is None for the whole).

    ``trace`` is the id evidence refers to. ``quote`` are words of the step, verbatim; ``outcome``
    and ``score`` belong to a whole trace. ``verdict`` is "good", "bad" or "", ``severity`` "low",
    "medium", "high", "critical" or "".
    """

    trace: str
    step: int | None = None
    label: str = ""
    verdict: str = ""
    severity: str = ""
    note: str = ""
    quote: str = ""
    outcome: str | None = None
    score: float | None = None
    skill: SkillLine | None = None


class Request(Struct, frozen=True):
    """All a plugin is given. ``library`` is the copy of the library root in the run folder.

    ``source`` is what an importer reads: a folder, or ``git:<branch>`` of ``source_repository``.
    Paths of changes a plugin proposes are relative to ``library``. ``labels`` are what people said
    of the traces and their steps; a label's outcome is that of the trace's header as well.
    """

    job: str
    kind: PluginKind
    library: str
    skills: tuple[SkillInput, ...]
    traces: tuple[TraceInput, ...] = ()
    source: str | None = None
    source_repository: str | None = None
    settings: dict[str, object] = {}
    budget: Budget = Budget()
    history: tuple[PastDecision, ...] = ()
    seed: int = 0
    workdir: str = ""
    api: str = "1.0"
    tasks: tuple[TaskInput, ...] = ()
    models: tuple[ModelInput, ...] = ()
    documents: tuple[DocumentInput, ...] = ()
    results: tuple[StoredResult, ...] = ()
    has_runner: bool = False
    labels: tuple[TraceLabel, ...] = ()


class Event(Struct, frozen=True, tag_field="event"):
    """What a job says. ``seq`` grows by one in each job and is given by the worker."""

    seq: int = 0


class Started(Event, frozen=True, tag="started"):
    """The job's plan, in words, and what it may cost."""

    plan: str = ""
    cost_estimate: str = ""


class Stage(Event, frozen=True, tag="stage"):
    """A stage began or went on; ``total`` 0 means unknown."""

    name: str = ""
    done: int = 0
    total: int = 0


class Progress(Event, frozen=True, tag="progress"):
    """How far the job is, 0..1."""

    fraction: float = 0.0
    text: str = ""


class Log(Event, frozen=True, tag="log"):
    """A line for the log; noise a plugin prints arrives here too."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    text: str = ""


class EvidenceFound(Event, frozen=True, tag="evidence"):
    """Something the engine saw in a step, before any proposal."""

    trace: str = ""
    step: int = 0
    finding: str = ""


class LlmCall(Event, frozen=True, tag="llm_call"):
    """A call to a model, for the cost table; ``label`` is that of its prompt."""

    role: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    cached: bool = False
    label: str = ""


class LlmRequested(Event, frozen=True, tag="llm_requested"):
    """A plugin asks the host for a model's answer; an ``LlmCall`` says what it took."""

    id: str = ""
    prompt: Prompt | None = None


class EvalRequested(Event, frozen=True, tag="eval_requested"):
    """A plugin asks the host to run tasks on a candidate.

    The candidate is the library of the request with ``changes`` applied and the skills
    ``without`` left out; with neither it is the library as it is. No ``tasks`` means all.
    """

    id: str = ""
    candidate: str = ""
    tasks: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    without: tuple[str, ...] = ()
    runs: int = 1


class EvalResult(Event, frozen=True, tag="eval_result"):
    """The host's answer, one per task and run.

    ``criteria`` are the visible ones. ``trace`` is the normalised trace of the run where there is
    one. ``usd`` and ``tokens`` are None where they are not known.
    """

    id: str = ""
    candidate: str = ""
    task: str = ""
    run: int = 0
    score: float | None = None
    status: str = "unknown"
    criteria: tuple[CriterionResult, ...] = ()
    trace: TraceInput | None = None
    usd: float | None = None
    tokens: int | None = None
    cached: bool = False


class Candidate(Event, frozen=True, tag="candidate"):
    """A version the engine considers, for the lineage.

    ``evaluated_as`` is its name in ``EvalRequested`` where that is another one.
    """

    id: str = ""
    parents: tuple[str, ...] = ()
    summary: str = ""
    evaluated_as: str = ""


class GateEvent(Event, frozen=True, tag="gate"):
    """A gate was computed for a candidate."""

    candidate: str = ""
    rule: str = ""
    level: str = "not_evaluated"


class FindingEvent(Event, frozen=True, tag="finding"):
    """A scanner found something. ``skill`` is the id of the skill."""

    skill: str = ""
    finding: Finding | None = None


class SkillScanned(Event, frozen=True, tag="skill_scanned"):
    """A scanner is through with one skill."""

    skill: str = ""
    coverage: Coverage = Coverage()
    capabilities: Capabilities = Capabilities()


class ProposalEvent(Event, frozen=True, tag="proposal"):
    """An engine proposes."""

    draft: ProposalDraft | None = None


class Diagnosis(Event, frozen=True, tag="diagnosis"):
    """A statement that needs no change, such as "not the skill's fault"."""

    draft: ProposalDraft | None = None


class Warning_(Event, frozen=True, tag="warning"):  # noqa: N801 - "Warning" is a builtin
    """Something a person should know; the job goes on."""

    text: str = ""


class Finished(Event, frozen=True, tag="finished"):
    """The last event of every job; written by the host when the worker could not."""

    status: FinishStatus = "completed"
    summary: str = ""
    exit: str = ""


class UnknownEvent(Struct, frozen=True):
    """An event this version does not know: kept and shown raw."""

    tag: str
    raw: str
    seq: int = 0


JobEvent = (
    Started
    | Stage
    | Progress
    | Log
    | EvidenceFound
    | LlmCall
    | LlmRequested
    | EvalRequested
    | EvalResult
    | Candidate
    | GateEvent
    | FindingEvent
    | SkillScanned
    | ProposalEvent
    | Diagnosis
    | Warning_
    | Finished
)
AnyEvent = JobEvent | UnknownEvent

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[JobEvent] = msgspec.json.Decoder(JobEvent)


class _Tag(Struct):
    event: str = ""
    seq: int = 0


_tag_decoder = msgspec.json.Decoder(_Tag)
_KNOWN = frozenset(str(kind.__struct_config__.tag) for kind in Event.__subclasses__())


def encode_event(event: JobEvent) -> bytes:
    """Return the event as one JSON line without its line end."""
    return _encoder.encode(event)


def decode_event(line: bytes) -> AnyEvent:
    """Read one JSON line.

    An unknown tag becomes an ``UnknownEvent``.

    Raises:
        msgspec.MsgspecError: the line is no JSON object with an ``event``, or a known event has
            fields of the wrong type.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        tag = _tag_decoder.decode(line)
        if not tag.event or tag.event in _KNOWN:
            raise
        return UnknownEvent(tag.event, line.decode("utf-8", "replace"), tag.seq)


class Limits(Struct, frozen=True):
    """What a job may use up. ``memory_bytes`` is the address space of each of its processes."""

    wall_s: float = 3600.0
    memory_bytes: int = 4 << 30
    output_bytes: int = 256 << 20
    line_bytes: int = 16 << 20
    events: int = 1_000_000


class JobSpec(Struct, frozen=True):
    """What the worker reads from the run folder before it loads the plugin.

    ``entry`` is "module:function" in ``plugin_path``; a command has ``argv`` instead, run in the
    folder ``plugin_path``.
    """

    id: str
    plugin: str
    plugin_path: str
    entry: str
    form: Literal["inprocess", "command", "importer"]
    request: Request
    created: str
    title: str = ""
    argv: tuple[str, ...] = ()
    limits: Limits = Limits()
    version: int = 1
