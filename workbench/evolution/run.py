"""An engine run from end to end: request, job, intake, store. Nothing touches the library."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import (
    AnyEvent,
    Budget,
    Diagnosis,
    Finished,
    FinishStatus,
    GateEvent,
    LlmCall,
    Log,
    ProposalEvent,
    Warning_,
)
from workbench.domain.proposal import Engine, Proposal, ProposalDraft
from workbench.domain.skill import Library
from workbench.evaluation.evaluator import Scored
from workbench.evolution.again import Again, linked, same_again
from workbench.evolution.blobs import blobs_of
from workbench.evolution.gating import GateChoice, HostGate, runs_to_keep
from workbench.evolution.history import past_decisions
from workbench.evolution.intake import DraftRefused, take_in
from workbench.evolution.means import EngineServer, Means
from workbench.evolution.regression_guard import guarded, versions_in
from workbench.evolution.request import (
    BuiltRequest,
    GivenLabel,
    RequestOptions,
    RequestProblem,
    build_request,
)
from workbench.evolution.variants import VariantProblem, Variants, rest_of
from workbench.files import FileProblem, sha256
from workbench.plugin.jobs import Job, JobRefused, JobRunner
from workbench.plugin.registry import PluginInfo, unmet_needs
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace

#: More drafts of one run are not taken in: nobody would review them.
MOST_DRAFTS = 1000
#: So many of those are told one by one.
_TOLD = 20


class EvolveRefused(Exception):  # noqa: N818 - a problem for a person, in words
    """An engine cannot be started. The message says what is missing and what to do."""


class Cost(Struct, frozen=True):
    """What the calls to models took; zero for an engine without. ``cached`` cost nothing."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    cached: int = 0


class EngineInputs(Struct, frozen=True):
    """What a person chose for a run. ``skills`` none means all of the library.

    ``again`` is a proposal that a reviewer sends back to its engine.
    """

    skills: tuple[str, ...] = ()
    settings: dict[str, object] = {}
    budget: Budget = Budget()
    seed: int = 0
    source: str | None = None
    source_repository: str | None = None
    labels: tuple[GivenLabel, ...] = ()
    again: Again | None = None


class EvolveResult(Struct, frozen=True):
    """What came of a run. ``proposals`` change files, ``diagnoses`` only say something.

    Both are in the store. ``refused`` says which drafts were left out and why. After a cancel or a
    failure it holds what was found until then.
    """

    status: FinishStatus
    summary: str
    job: str
    run_dir: str
    engine: Engine
    proposals: tuple[Proposal, ...]
    diagnoses: tuple[Proposal, ...]
    refused: tuple[str, ...]
    problems: tuple[str, ...]
    events: tuple[AnyEvent, ...]
    cost: Cost
    out: str


def now_utc() -> str:
    """Return the time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Evolution:
    """One run of an engine. Call ``drain`` often, ``result`` at the end, and ``close``.

    Runs on one library wait for each other; one that is not ``alone`` goes beside others.

    Raises:
        EvolveRefused: the engine may not run, or misses something.
        RequestProblem: the run folder cannot be written.
    """

    def __init__(
        self,
        library: Library,
        plugin: PluginInfo,
        traces: Sequence[OpenTrace],
        inputs: EngineInputs,
        *,
        runner: JobRunner,
        store: ProposalStore,
        clock: Callable[[], str] = now_utc,
        secrets: Mapping[str, str] | None = None,
        means: Means | None = None,
        gating: GateChoice | None = None,
        alone: bool = True,
        progress: Callable[[float, str], None] = lambda fraction, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._means = means or Means()
        self._inputs = inputs
        self._gating = gating or GateChoice()
        self._library_root = Path(library.root)
        self._store = store
        self._clock = clock
        kind = engine_kind(plugin, traces, inputs, self._means)
        run_dir = runner.new_run(plugin.id)
        self._built: BuiltRequest = build_request(
            library,
            inputs.skills,
            traces,
            run_dir,
            options=self._options(kind, plugin, inputs),
            progress=progress,
            cancelled=cancelled,
        )
        self._stopped, self._blobs = False, blobs_of(run_dir)
        self._variants = self._made_variants(library, run_dir)
        self._server = self._engine_server()
        try:
            self.job: Job = runner.start(
                plugin,
                self._built.request,
                f"{plugin.manifest.name if plugin.manifest else plugin.id}: {library.root}",
                secrets,
                key=str(self._library_root) if alone else None,
                services=self._server.services,
                models=self._means.grants() if _is_command(plugin) else None,
            )
        except BaseException as problem:
            self._built.close()
            if isinstance(problem, JobRefused):
                raise EvolveRefused(str(problem)) from problem
            raise
        if cancelled():
            self.job.cancel()
        self.engine = _engine(plugin, inputs)
        self.problems = (*self._built.problems, *self._means.problems)
        self._proposals: dict[str, Proposal] = {}
        self._refused: list[str] = []
        self._left_out = 0
        self._altered: list[str] = []

    def _made_variants(self, library: Library, run_dir: Path) -> Variants:
        snapshot, others = self._built.snapshot, None
        if self._inputs.skills and self.can_gate:
            try:
                others = rest_of(library, snapshot.skills, run_dir / "others")
            except VariantProblem as problem:
                self._built.close()
                raise EvolveRefused(str(problem)) from problem
        return Variants(snapshot, run_dir / "variants", self._blobs, others)

    def _engine_server(self) -> EngineServer:
        evaluator = self._means.evaluator
        keep = runs_to_keep(evaluator, self._gating) if evaluator is not None else 0
        return EngineServer(self._means, self._variants, keep)

    def _options(
        self, kind: Literal["evolver", "importer"], plugin: PluginInfo, inputs: EngineInputs
    ) -> RequestOptions:
        needs = plugin.manifest.needs if plugin.manifest else ()
        return RequestOptions(
            kind=kind,
            history=past_decisions(self._store, self._library_root, inputs.again),
            settings=inputs.settings,
            budget=inputs.budget,
            seed=inputs.seed,
            source=inputs.source,
            source_repository=inputs.source_repository,
            labels=inputs.labels,
            task_set=self._means.tasks,
            models=self._means.model_inputs(needs),
            documents=self._means.documents,
            results=self._means.results,
            has_runner=self._means.evaluator is not None,
        )

    def drain(self) -> list[AnyEvent]:
        """Return new events; proposals among them are taken in and stored before."""
        events = self.job.drain()
        taken: list[AnyEvent] = []
        for event in events:
            # Gates are the host's; an engine's word for one is shown as what it is.
            if isinstance(event, GateEvent):
                said = f"The engine says of {event.candidate}: {event.level} ({event.rule})"
                taken.append(Log(seq=event.seq, text=said))
                continue
            if isinstance(event, Finished):
                self._altered = self._written_to()
                taken += [Warning_(seq=event.seq, text=text) for text in self._altered]
            taken.append(event)
            if isinstance(event, ProposalEvent | Diagnosis) and event.draft is not None:
                refused = self._take(event.draft)
                if refused:
                    taken.append(Warning_(seq=event.seq, text=refused))
        return taken

    def cancel(self) -> None:
        """Ask the engine to stop; what it found is kept."""
        self._stopped = True
        self.job.cancel()

    @property
    def can_gate(self) -> bool:
        """Whether there is a runner, so that ``gate`` can say something."""
        return self._means.evaluator is not None

    @property
    def spent(self) -> Cost:
        """What calls to models took so far, by the host's own ledger.

        Without models of the host there are only the engine's words for it.
        """
        models = self._means.models
        if models is None:
            return _cost(self.job.events())
        spent = models.spent
        return Cost(spent.calls, spent.input_tokens, spent.output_tokens, spent.usd, spent.cached)

    @property
    def runs_made(self) -> int:
        """How many task runs were made so far, for the engine and for the gate."""
        return self._means.evaluator.runs_made if self._means.evaluator is not None else 0

    def gate(self, done: Callable[[Scored], None] = lambda _: None) -> Iterator[GateEvent]:
        """Have the host evaluate each proposal that changes files; yield as each is decided.

        Call it when the job has ended, in a thread: it runs tasks. A cancel stops it between
        proposals; those not reached stay *not evaluated*. ``done`` is told of each task run.
        """
        if self._means.evaluator is None:
            return
        host = HostGate(self._means.evaluator, self._variants, self._gating, done)
        for proposal in list(self._proposals.values()):
            if self._stopped:
                return
            if not proposal.draft.changes:
                continue
            gate = host.gated(proposal)
            self._proposals[proposal.id] = replace(proposal, gate=gate)
            self._store.update(self._proposals[proposal.id])
            yield GateEvent(candidate=proposal.id, rule=gate.rule, level=gate.level)

    def result(self) -> EvolveResult:
        """Wait for the end and return everything."""
        finished = self.job.wait()
        self.drain()
        self._guard()
        events = self.job.events()
        stored = tuple(self._proposals.values())
        return EvolveResult(
            status=finished.status if finished else "lost",
            summary=finished.summary if finished else "",
            job=self.job.id,
            run_dir=str(self.job.run_dir),
            engine=replace(self.engine, models=_models(events)),
            proposals=tuple(one for one in stored if one.draft.changes),
            diagnoses=tuple(one for one in stored if not one.draft.changes),
            refused=tuple(self._refused),
            problems=(*self.problems, *self._altered),
            events=events,
            cost=self.spent,
            out=str(self._store.folder),
        )

    def _written_to(self) -> list[str]:
        """Say what was written to while the engine ran; looked at once, when it has ended."""
        snapshot = self._built.snapshot
        found: list[str] = []
        if copied := snapshot.altered():
            found.append(
                f"The engine changed its copy of the library ({_few(copied)}). Its proposals and "
                "evaluations are based on the files as they were all the same."
            )
        if changed := snapshot.changed_since():
            found.append(
                f"Files of the library changed while the engine ran ({_few(changed)}). If that was "
                "not you, look at them before you trust this engine again."
            )
        return found

    def close(self) -> None:
        """Give the request's files back. A job that still runs is cancelled."""
        if self.job.finished is None:
            self.job.cancel(now=True)
            self.job.wait()
        self._server.close()
        self._built.close()

    def _guard(self) -> None:
        """Store what the host itself suggests: going back where a version made things worse."""
        snapshot = self._built.snapshot
        results = self._means.results
        version = self._variants.version() if versions_in(results, snapshot.skills) else ""
        try:
            for proposal in guarded(
                snapshot,
                version,
                self._store,
                results,
                choice=self._gating,
                job=self.job.id,
                now=self._clock(),
            ):
                stored = self._add(proposal)
                self._proposals[stored.id] = stored
        except FileProblem as problem:
            self._refused.append(str(problem))

    def _beyond(self, draft: ProposalDraft) -> str:
        """Say why no more drafts are taken; empty when this one may be."""
        title = " ".join(draft.title.split())[:80]
        if len(self._proposals) + len(self._refused) >= MOST_DRAFTS:
            return f"'{title}' was left out: {MOST_DRAFTS:,} drafts of one run are enough."
        most = self._inputs.budget.max_proposals
        changing = sum(bool(one.draft.changes) for one in self._proposals.values())
        if most is not None and draft.changes and changing >= most:
            return f"'{title}' was left out: there are {most} proposals already, as many as asked."
        return ""

    def _take(self, draft: ProposalDraft) -> str:
        """Store what is left of a draft; return why nothing is."""
        if beyond := self._beyond(draft):
            self._left_out += 1
            if self._left_out <= _TOLD:
                self._refused.append(beyond)
            return beyond if self._left_out <= _TOLD else ""
        try:
            proposal = take_in(
                draft,
                engine=self.engine,
                library_root=self._library_root,
                snapshot=self._built.snapshot,
                traces=self._built.traces,
                job=self.job.id,
                now=self._clock(),
                blob=self._blob,
                budget=self._inputs.budget,
            )
            stored = self._add(linked(proposal, self._inputs.again))
        except (DraftRefused, FileProblem) as problem:
            self._refused.append(str(problem))
            return str(problem)
        if same := same_again(stored, self._inputs.again):
            self._refused.append(same)
            return same
        self._proposals[stored.id] = stored
        return ""

    def _add(self, proposal: Proposal) -> Proposal:
        blobs: dict[str, bytes] = {}
        for file in proposal.base:
            data = self._built.snapshot.read(file.path)
            if data is not None and file.sha256 is not None:
                blobs[file.sha256] = data
        for change in proposal.draft.changes:
            content = self._blob(change.blob) if change.blob else None
            if change.blob and content is not None:
                blobs[change.blob] = content
        stored = self._store.add(proposal, blobs)
        if stored.library == proposal.library:
            return stored
        # The same change of the same files in another library is another proposal.
        other = f"{proposal.id}-{sha256(proposal.library.encode('utf-8', 'surrogateescape'))[:4]}"
        return self._store.add(replace(proposal, id=other), blobs)

    def _blob(self, digest: str) -> bytes | None:
        return self._blobs(digest)


def run_engine(evolution: Evolution) -> Generator[AnyEvent, None, EvolveResult]:
    """Yield a run's events as they come and return its result; for callers without a loop."""
    try:
        while evolution.job.wait(0.05) is None:
            yield from evolution.drain()
        yield from evolution.drain()
        yield from evolution.gate()
        return evolution.result()
    finally:
        evolution.close()


def engine_kind(
    plugin: PluginInfo,
    traces: Sequence[object],
    inputs: EngineInputs,
    means: Means | None = None,
) -> Literal["evolver", "importer"]:
    """Return what the plugin is asked for.

    Raises:
        EvolveRefused: it proposes nothing, may not run, or misses something it needs.
    """
    manifest = plugin.manifest
    if manifest is None or not plugin.usable:
        raise EvolveRefused(f"The engine '{plugin.id}' is {plugin.state}. {plugin.reason}".strip())
    if not {"evolver", "importer"} & set(plugin.kinds):
        raise EvolveRefused(
            f"The plugin '{plugin.id}' proposes no changes. 'skill-workbench plugins list' shows "
            "which ones are evolvers or importers."
        )
    available = {"traces"} if traces else set[str]()
    if inputs.source:
        available.add("source")
    available |= (means or Means()).available(manifest.needs)
    missing = unmet_needs(manifest, available)
    if missing:
        raise EvolveRefused(f"The engine '{plugin.id}' needs {' and '.join(missing)}.")
    return "evolver" if "evolver" in plugin.kinds else "importer"


def _few(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _is_command(plugin: PluginInfo) -> bool:
    return plugin.manifest is not None and plugin.manifest.form == "command"


def _engine(plugin: PluginInfo, inputs: EngineInputs) -> Engine:
    settings = msgspec.json.encode(dict(sorted(inputs.settings.items())))
    return Engine(
        id=plugin.id,
        version=plugin.manifest.version if plugin.manifest else "",
        settings_hash=sha256(settings)[:16],
        seed=inputs.seed,
    )


def _cost(events: Sequence[AnyEvent]) -> Cost:
    calls = [event for event in events if isinstance(event, LlmCall)]
    return Cost(
        calls=len(calls),
        input_tokens=sum(max(0, call.input_tokens) for call in calls),
        output_tokens=sum(max(0, call.output_tokens) for call in calls),
        usd=sum(max(0.0, call.usd) for call in calls),
    )


def _models(events: Sequence[AnyEvent]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(event.model for event in events if isinstance(event, LlmCall) and event.model)
    )


__all__ = [
    "Cost",
    "EngineInputs",
    "Evolution",
    "EvolveRefused",
    "EvolveResult",
    "GivenLabel",
    "RequestProblem",
    "engine_kind",
    "now_utc",
    "run_engine",
]
