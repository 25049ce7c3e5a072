"""What an engine is given: a copy of the skills, normalised traces, and what became of the past."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import (
    Budget,
    DocumentInput,
    ModelInput,
    PastDecision,
    PluginKind,
    Request,
    SkillInput,
    StoredResult,
    TraceInput,
    TraceLabel,
)
from workbench.domain.skill import Library, Skill
from workbench.evaluation.task_set import TaskSet
from workbench.evolution.skill_uses import with_uses
from workbench.evolution.snapshot import MAX_COPIED, LibrarySnapshot
from workbench.evolution.task_inputs import told_tasks
from workbench.evolution.trace_lines import trace_ids, with_children, write_trace
from workbench.files import is_utf8_name
from workbench.skills.copying import SkillsCopy, copy_skills
from workbench.store.locked_parts import LocksProblem, locks_by_skill
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace


class RequestProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A request cannot be built. The message says what, where and what to do."""


class GivenLabel(Struct, frozen=True):
    """What a person said of a trace or a step of it, with the file and the id of the trace.

    The trace id in ``label`` is filled in when the request is built.
    """

    path: str
    trajectory: str
    label: TraceLabel


class RequestOptions(Struct, frozen=True):
    """What a plugin is told beside skills and traces.

    ``settings`` get the plugin's defaults when the job starts; ``history`` are earlier proposals
    and what was said of them; ``source`` is what an importer reads, ``source_repository`` the
    repository of a ``git:<branch>`` source; ``labels`` are what people said of the traces.
    ``documents`` are copied, as are the inputs of the tasks in ``task_set``; ``has_runner`` says
    whether tasks can be run.
    """

    kind: PluginKind = "evolver"
    history: tuple[PastDecision, ...] = ()
    settings: dict[str, object] = {}
    budget: Budget = Budget()
    seed: int = 0
    source: str | None = None
    source_repository: str | None = None
    labels: tuple[GivenLabel, ...] = ()
    task_set: TaskSet | None = None
    models: tuple[ModelInput, ...] = ()
    documents: tuple[Path, ...] = ()
    results: tuple[StoredResult, ...] = ()
    has_runner: bool = False


class BuiltRequest:
    """A request with what is needed to judge its results; close it, or use it in a ``with``.

    ``traces`` leads from the ids an engine uses to the open traces. ``problems`` are files and
    traces that had to be left out.
    """

    def __init__(
        self,
        request: Request,
        snapshot: LibrarySnapshot,
        traces: Mapping[str, OpenTrace],
        owned: Sequence[OpenTrace],
        problems: Sequence[str],
    ) -> None:
        self.request = request
        self.snapshot = snapshot
        self.traces = dict(traces)
        self.problems = tuple(problems)
        self._owned = tuple(owned)

    def __enter__(self) -> BuiltRequest:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the subagents' traces that were opened for the request."""
        for trace in self._owned:
            trace.close()

    def source_of(self, trace_id: str) -> tuple[Path, str] | None:
        """Return the file and the trajectory id behind a trace id, None when it is invented."""
        trace = self.traces.get(trace_id)
        return (trace.path, trace.trajectory.id) if trace is not None else None


def build_request(
    library: Library,
    skills: Sequence[str],
    traces: Sequence[OpenTrace],
    run_dir: Path,
    *,
    options: RequestOptions | None = None,
    progress: Callable[[float, str], None] = lambda fraction, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BuiltRequest:
    """Copy skills and write traces into a run folder.

    Only skills are copied, no links, with their modes. Traces are sorted by the ids they get.

    Args:
        library: as read.
        skills: ids of the skills to give; none means all.
        traces: open traces; they stay open, their subagents' are added.
        run_dir: the existing folder of the job.
        options: everything else the plugin is told; ``progress`` hears of the fraction done.
        cancelled: asked between files and steps; when true, the rest is left out.

    Raises:
        RequestProblem: the run folder cannot be written, a skill is not in the library, its locks
            cannot be read, or the library's own path cannot be kept with a proposal.
    """
    options = options or RequestOptions()
    locks = _locks(library)
    labels = options.labels
    chosen = _chosen(library, skills)
    problems: list[str] = []
    traces = _with_names(traces, problems)
    copy = run_dir / "library"
    everything = with_children(traces)
    given = {id(trace) for trace in traces}
    owned = [trace for trace in everything if id(trace) not in given]
    try:
        copy.mkdir(parents=True)
        copied = copy_skills(chosen, copy, most=MAX_COPIED)
        by_id = _write_traces(
            everything, run_dir / "traces", labels, problems, progress=progress, cancelled=cancelled
        )
    except OSError as problem:
        for trace in owned:
            trace.close()
        raise RequestProblem(
            f"Cannot write the run folder {run_dir}: {problem.strerror}. Free some room or choose "
            "another place for runs."
        ) from problem
    problems += [problem.message for problem in copied.left_out]
    told = with_uses(copied.inputs, library, everything, _judged(everything, labels), locks)
    request = _request(options, run_dir, told, copy, problems)
    paths = tuple(TraceInput(name, str(path)) for name, (_, path) in sorted(by_id.items()))
    return BuiltRequest(
        replace(request, traces=paths, labels=_labels(labels, by_id)),
        replace(_snapshot(library, copy, copied), locks=locks),
        {name: trace for name, (trace, _) in by_id.items()},
        owned,
        problems,
    )


def _locks(library: Library) -> dict[str, tuple[str, ...]]:
    """Return what may not change, by the id of the skill."""
    try:
        return locks_by_skill(Path(library.root))
    except LocksProblem as problem:
        raise RequestProblem(str(problem)) from problem


def _judged(traces: Sequence[OpenTrace], labels: Sequence[GivenLabel]) -> dict[int, str]:
    """Return what people said of how traces ended, by the ``id`` of the open trace."""
    by_trace = _by_trace(labels)
    said = {
        id(trace): [one.outcome for one in by_trace.get(_key(trace), ()) if one.outcome is not None]
        for trace in traces
    }
    return {trace: outcomes[-1] for trace, outcomes in said.items() if outcomes}


def _by_trace(labels: Sequence[GivenLabel]) -> dict[tuple[str, str], list[TraceLabel]]:
    found: dict[tuple[str, str], list[TraceLabel]] = {}
    for one in labels:
        found.setdefault((one.path, one.trajectory), []).append(one.label)
    return found


def _key(trace: OpenTrace) -> tuple[str, str]:
    return str(trace.path), trace.trajectory.id


def _labels(
    given: Sequence[GivenLabel], by_id: Mapping[str, tuple[OpenTrace, Path]]
) -> tuple[TraceLabel, ...]:
    """Return the labels of the traces that were written, with the ids these got."""
    labels = _by_trace(given)
    return tuple(
        replace(label, trace=name)
        for name, (trace, _) in sorted(by_id.items())
        for label in labels.get(_key(trace), ())
    )


def _with_names(traces: Sequence[OpenTrace], problems: list[str]) -> list[OpenTrace]:
    """Leave out traces whose path no evidence could keep."""
    kept: list[OpenTrace] = []
    for trace in traces:
        if is_utf8_name(str(trace.path)):
            kept.append(trace)
        else:
            problems.append(f"{trace.path} was left out: its path is not UTF-8. Rename it.")
    return kept


def _snapshot(library: Library, copy: Path, copied: SkillsCopy) -> LibrarySnapshot:
    return LibrarySnapshot(
        root=library.root,
        copy=str(copy),
        skills=tuple(skill.id for skill in copied.inputs),
        files=copied.files,
        links=copied.links,
    )


def _request(
    options: RequestOptions,
    run_dir: Path,
    skills: tuple[SkillInput, ...],
    copy: Path,
    problems: list[str],
) -> Request:
    return Request(
        job=run_dir.name,
        kind=options.kind,
        library=str(copy),
        skills=skills,
        source=options.source,
        source_repository=options.source_repository,
        settings=dict(options.settings),
        budget=options.budget,
        history=options.history,
        seed=options.seed,
        workdir=str(run_dir / "work"),
        tasks=told_tasks(options.task_set, run_dir / "tasks", problems),
        documents=_copied_documents(options.documents, run_dir / "documents", problems),
        models=options.models,
        results=options.results,
        has_runner=options.has_runner,
    )


def _copied_documents(
    documents: Sequence[Path], folder: Path, problems: list[str]
) -> tuple[DocumentInput, ...]:
    """Copy documents into the run folder; one that cannot be read is left out and told."""
    found: list[DocumentInput] = []
    for number, path in enumerate(documents):
        target = folder / f"{number:04d}{path.suffix}"
        try:
            folder.mkdir(exist_ok=True)
            if path.stat().st_size > MAX_COPIED:
                raise OSError(0, "it is larger than 64 MB")
            shutil.copyfile(path, target)
        except OSError as problem:
            problems.append(f"{path} was left out: {problem.strerror}.")
            continue
        found.append(DocumentInput(path.name, str(target)))
    return tuple(found)


def _write_traces(
    traces: Sequence[OpenTrace],
    folder: Path,
    given: Sequence[GivenLabel],
    problems: list[str],
    *,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> dict[str, tuple[OpenTrace, Path]]:
    folder.mkdir()
    labels = _by_trace(given)
    named = sorted(zip(trace_ids(traces), traces, strict=True), key=lambda entry: entry[0])
    written: dict[str, tuple[OpenTrace, Path]] = {}
    for number, (name, trace) in enumerate(named):
        if cancelled():
            break
        path = folder / f"{number:04d}.jsonl"
        try:
            said = [one for one in labels.get(_key(trace), ()) if one.outcome is not None]
            write_trace(trace, name, path, cancelled, said[-1] if said else None)
        except TraceError as problem:
            problems.append(f"{name} was left out: {problem}")
            path.unlink(missing_ok=True)
            continue
        written[name] = (trace, path)
        progress((number + 1) / len(named), f"Prepared {name}")
    return written


def _chosen(library: Library, skills: Sequence[str]) -> tuple[Skill, ...]:
    if not is_utf8_name(library.root):
        raise RequestProblem(
            f"The path {library.root} is not UTF-8, so no proposal could name it. Rename the "
            "folder with the odd letters."
        )
    if not skills:
        return library.skills
    missing = [skill for skill in skills if library.skill(skill) is None]
    if missing:
        raise RequestProblem(
            f"{library.root} has no skill '{missing[0]}'. Give the folder of a skill, relative to "
            "the library."
        )
    return tuple(skill for skill in library.skills if skill.id in skills)
