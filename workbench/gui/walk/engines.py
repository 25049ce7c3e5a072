"""Running an engine on a world, in a child process of its own. No Qt here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from workbench.domain.job import AnyEvent
from workbench.evolution.run import EngineInputs, Evolution, EvolveResult, now_utc
from workbench.gui.walk.world import World
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace, open_traces, trace_files

MINER = "evidence_miner"


def registry_of(world: World) -> Registry:
    """Return the plugins a user of that world has: the bundled ones."""
    return Registry.of_user(world.folders.plugins, world.folders.config / "plugins.json")


def scanners_of(world: World) -> tuple[PluginInfo, ...]:
    """Return the scanners that may run."""
    plugins = registry_of(world).plugins
    return tuple(one for one in plugins if one.usable and "scanner" in one.kinds)


def open_all(folder: Path) -> tuple[OpenTrace, ...]:
    """Open every trace below a folder; the caller closes them."""
    return tuple(trace for file in trace_files(folder) for trace in open_traces(file))


def close_all(traces: Iterable[OpenTrace]) -> None:
    """Give the files of traces back."""
    for trace in traces:
        trace.close()


def run_engine_on(
    world: World,
    engine: str,
    traces: Sequence[OpenTrace],
    inputs: EngineInputs | None = None,
    *,
    clock: Callable[[], str] = now_utc,
) -> EvolveResult:
    """Run an engine to its end; what it proposes is in the world's store.

    Raises:
        EvolveRefused, RequestProblem: it cannot be started.
    """
    with JobRunner(world.folders.runs) as runner:
        evolution = Evolution(
            read_library(world.library),
            registry_of(world).get(engine),
            traces,
            inputs or EngineInputs(),
            runner=runner,
            store=ProposalStore(world.folders.proposals),
            clock=clock,
        )
        try:
            while evolution.job.wait(0.05) is None:
                _drop(evolution.drain())
            _drop(evolution.drain())
            return evolution.result()
        finally:
            evolution.close()


def _drop(_events: Sequence[AnyEvent]) -> None:
    """Events are in the journal; nobody watches here."""
