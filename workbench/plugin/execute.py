"""Running a plugin's function: what it yields becomes events, what it raises becomes words."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from workbench.domain.finding import Finding
from workbench.domain.job import (
    AnyEvent,
    Diagnosis,
    Event,
    FindingEvent,
    Finished,
    JobEvent,
    JobSpec,
    Log,
    PluginKind,
    ProposalEvent,
    Started,
)
from workbench.domain.proposal import ProposalDraft
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.plugin.api import BudgetSpent, Cancelled, Context, EntryPoint
from workbench.plugin.trace_sink import SinkFull, TraceSink

Emit = Callable[[AnyEvent], None]


class PluginFault(Exception):  # noqa: N818 - a problem for a person, in words
    """The plugin breaks the contract. The message says how."""


class Tally:
    """Counts what a job gave, for the words of its end."""

    def __init__(self, kind: PluginKind) -> None:
        self._kind = kind
        self._count: Counter[str] = Counter()

    def add(self, event: object) -> None:
        """Count an event."""
        self._count[type(event).__name__] += 1

    def finished(self) -> Finished:
        """Return the good end: "no_change" when an engine proposed nothing."""
        proposals, diagnoses = self._count["ProposalEvent"], self._count["Diagnosis"]
        if self._kind == "scanner":
            scanned = _plural(self._count["SkillScanned"], "skill")
            findings = _plural(self._count["FindingEvent"], "finding")
            return Finished(status="completed", summary=f"{findings} in {scanned}.")
        if self._kind == "trace_reader":
            return self._read()
        if self._kind not in ("evolver", "importer"):
            return Finished(status="completed", summary="Done.")
        noted = f", {_plural(diagnoses, 'diagnosis', 'diagnoses')}" if diagnoses else ""
        if proposals:
            return Finished(status="completed", summary=f"{_plural(proposals, 'proposal')}{noted}.")
        return Finished(status="no_change", summary=f"Nothing to change{noted}.")

    def _read(self) -> Finished:
        traces, steps = self._count["TraceHeader"], self._count["TraceStep"]
        if not steps:
            return Finished(status="failed", summary="It found no step in the file.")
        return Finished(
            status="completed", summary=f"{_plural(traces, 'trace')}, {_plural(steps, 'step')}."
        )


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def load_entry(code_path: Path, entry: str) -> EntryPoint:
    """Import the plugin's function. ``code_path`` stays on the module search path.

    Raises:
        PluginFault: the module or the function is not there, or importing it fails.
    """
    if str(code_path) not in sys.path:
        sys.path.insert(0, str(code_path))
    module_name, _, function_name = entry.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as problem:
        if problem.name in (module_name, module_name.partition(".")[0]):
            raise PluginFault(f"there is no module '{problem.name}' in {code_path}") from problem
        raise PluginFault(
            f"it needs the Python module '{problem.name}', which is not installed"
        ) from problem
    except Exception as problem:
        words = exception_words(problem, code_path)
        raise PluginFault(f"importing it failed: {words}") from problem
    function = getattr(module, function_name, None)
    if not callable(function):
        raise PluginFault(f"its module {module_name} has no function '{function_name}'")
    return cast("EntryPoint", function)


def prepare_entry(code_path: Path, entry: str) -> None:
    """Import a plugin ahead of its job, and let it read what every job of it needs.

    That is the business of a function ``prepare()`` beside the entry point, where there is one. It
    knows no job. A job whose worker was not started ahead does without.

    Raises:
        PluginFault: see ``load_entry``.
    """
    load_entry(code_path, entry)
    prepare = getattr(sys.modules.get(entry.partition(":")[0]), "prepare", None)
    if callable(prepare):
        prepare()


def as_event(value: object, plugin: str) -> JobEvent:
    """Return the event for a value that a plugin yielded.

    Raises:
        PluginFault: it is nothing a plugin may yield.
    """
    if isinstance(value, Finding):
        value = FindingEvent(skill=value.skill, finding=value)
    if isinstance(value, FindingEvent) and value.finding is not None:
        finding = value.finding
        skill = value.skill or finding.skill
        return replace(value, skill=skill, finding=replace(finding, skill=skill, plugin=plugin))
    if isinstance(value, ProposalDraft):
        only_says = value.kind == "diagnose" and not value.changes
        return Diagnosis(draft=value) if only_says else ProposalEvent(draft=value)
    if isinstance(value, Event):
        return cast("JobEvent", value)
    raise PluginFault(
        f"it yielded a value of type {type(value).__name__}; a plugin yields Finding, "
        "SkillScanned, ProposalDraft or job events"
    )


def run_entry(
    load: Callable[[], EntryPoint], spec: JobSpec, context: Context, emit: Emit
) -> Finished:
    """Run the plugin to its end, emit its events and return the last one, which is not emitted."""
    tally = Tally(spec.request.kind)
    code_path = Path(spec.plugin_path)
    try:
        entry = load()
        emit(Started())
        values: object = entry(spec.request, context)
        if not isinstance(values, Iterable):
            raise PluginFault("its entry point must yield values, or return a list of them")
        with contextlib.ExitStack() as stack:
            if hasattr(values, "close"):
                stack.callback(values.close)
            sink = stack.enter_context(TraceSink(spec))
            for value in values:
                if isinstance(value, TraceHeader | TraceStep) and sink.takes(value):
                    sink.write(value)
                    tally.add(value)
                    context.check_cancelled()
                    continue
                event = as_event(value, spec.plugin)
                if isinstance(event, Finished):
                    return event
                emit(event)
                tally.add(event)
                context.check_cancelled()
    except Cancelled:
        return Finished(status="cancelled", summary="Cancelled. What it had found is kept.")
    except BudgetSpent as spent:
        return Finished(status="budget", summary=f"{spent} What it had found is kept.")
    except SinkFull as problem:
        return Finished(status="failed", summary=f"The plugin '{spec.plugin}' failed: {problem}.")
    except PluginFault as fault:
        if fault.__cause__ is not None:
            emit(Log(level="error", text=_traceback(fault.__cause__)))
        return Finished(status="failed", summary=f"The plugin '{spec.plugin}' failed: {fault}.")
    except (Exception, SystemExit) as problem:
        emit(Log(level="error", text=_traceback(problem)))
        words = exception_words(problem, code_path)
        return Finished(status="failed", summary=f"The plugin '{spec.plugin}' failed: {words}.")
    return tally.finished()


def exception_words(problem: BaseException, code_path: Path) -> str:
    """Say what was raised and where in the plugin's own code."""
    if isinstance(problem, MemoryError):
        what = "it ran out of the memory a job may use"
    elif isinstance(problem, SystemExit):
        what = f"it left with sys.exit({problem.code!r}) instead of returning"
    else:
        text = " ".join(str(problem).split())[:500].rstrip(".")
        what = type(problem).__name__ + (f": {text}" if text else "")
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(code_path)]
    if not own:
        return what
    place = Path(own[-1].filename).relative_to(code_path).as_posix()
    return f"{what} ({place}, line {own[-1].lineno})"


def _traceback(problem: BaseException) -> str:
    return "".join(traceback.format_exception(problem))
