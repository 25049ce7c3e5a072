"""Scanning in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.domain.finding import SkillScan
from workbench.domain.skill import Library
from workbench.gui.shell.jobs import JobReporter
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.security.scan import scan_library


@dataclass(frozen=True, slots=True)
class Scanned:
    """What came of a scan. ``complete`` is False when it was cancelled."""

    library: Library
    scans: tuple[SkillScan, ...]
    plugins: tuple[str, ...]
    problems: tuple[str, ...]
    complete: bool


def scan_work(
    library: Library,
    skills: Sequence[str] | None,
    plugins: Sequence[PluginInfo],
    runner: JobRunner,
    tell: Callable[[Scanned], None],
) -> Callable[[JobReporter], None]:
    """Return the work of scanning skills (all with None), for a job of the window.

    ``tell`` gets what came of it, in the thread; after a cancel that is what was done until then.
    """

    def work(reporter: JobReporter) -> None:
        problems: list[str] = []

        def problem(text: str) -> None:
            problems.append(text)
            reporter.log(text)

        scans = scan_library(
            library,
            plugins,
            runner,
            skills=skills,
            on_progress=reporter.progress,
            on_problem=problem,
            cancelled=lambda: reporter.cancelled,
        )
        for scan in scans:
            reporter.log(f"{scan.verdict}: {scan.name}, {len(scan.findings)} findings")
        names = tuple(plugin.id for plugin in plugins)
        complete = not reporter.cancelled
        tell(Scanned(library, scans, names, tuple(problems), complete))
        reporter.check_cancelled()

    return work
