"""The jobs of a scan: skills shared out among them, and what each scanner said of each skill.

A scanner judges each skill on its own, so many skills are scanned by several jobs at once, here or
on a cluster. What is said of a skill does not depend on how they were shared out.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from workbench.domain.finding import Finding
from workbench.domain.job import (
    AnyEvent,
    Budget,
    FindingEvent,
    Finished,
    Progress,
    Request,
    SkillScanned,
)
from workbench.domain.skill import ReadProblem, Skill
from workbench.files import FileProblem
from workbench.plugin.jobs import Job, JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.skills.copying import copy_skills

#: A larger file is not copied; it is reported as not inspected.
MAX_COPIED = 32 << 20
#: Fewer skills than this are not worth a process of their own.
_LEAST_OF_A_JOB = 12
#: So many jobs for each that runs at once: what one of them gets done early, others need not do.
_SHARES = 2
_POLL_S = 0.05


class Said(Struct):
    """What one scanner said of one skill."""

    plugin: str
    findings: list[Finding] = []
    scanned: SkillScanned | None = None


@dataclass
class ScanJob:
    """A job of one scanner over some skills; ``left_out`` are files that were not copied."""

    plugin: str
    job: Job
    skills: tuple[str, ...]
    left_out: tuple[ReadProblem, ...]
    voices: dict[str, Said] = field(default_factory=dict)
    fraction: float = 0.0
    ended: Finished | None = None

    def drain(self, on_text: Callable[[str], None]) -> None:
        """Take what it said since; ``on_text`` hears which skill it is at."""
        done = self.job.wait(0) is not None
        # The drain comes after the end was seen, so that no event is left behind.
        for event in self.job.drain():
            if isinstance(event, Progress):
                self.fraction = event.fraction
                on_text(event.text)
            else:
                _take(event, self.plugin, self.voices, self.skills)
        if done:
            self.fraction = 1.0
            self.ended = self.job.finished


def shares(skills: Sequence[Skill], at_once: int) -> list[list[Skill]]:
    """Share skills out so that jobs that run ``at_once`` end at about the same time.

    The largest skill goes first, each to the share with the fewest bytes; within a share they keep
    their order.
    """
    count = min(at_once * _SHARES if at_once > 1 else 1, len(skills) // _LEAST_OF_A_JOB)
    if count < 2:
        return [list(skills)]
    sizes = {skill.id: sum(file.size for file in skill.files) for skill in skills}
    found: list[list[Skill]] = [[] for _ in range(count)]
    filled = [0] * count
    for skill in sorted(skills, key=lambda one: sizes[one.id], reverse=True):
        least = filled.index(min(filled))
        found[least].append(skill)
        # Each file costs something, whatever its size.
        filled[least] += sizes[skill.id] + 2000 * len(skill.files)
    order = {skill.id: number for number, skill in enumerate(skills)}
    return [sorted(share, key=lambda one: order[one.id]) for share in found]


def start_jobs(
    skills: Sequence[Skill],
    plugins: Sequence[PluginInfo],
    runner: JobRunner,
    *,
    wall_s: float,
    settings: dict[str, dict[str, object]],
) -> list[ScanJob]:
    """Start the jobs of all scanners over all skills.

    Raises:
        JobRefused: a plugin may not run.
        FileProblem: a copy cannot be written. Jobs that were started are cancelled in both cases.
    """
    started: list[ScanJob] = []
    try:
        for plugin in plugins:
            for share in shares(skills, runner.parallel):
                started.append(_start(share, plugin, runner, wall_s, settings))
    except BaseException:
        for one in started:
            one.job.cancel(now=True)
        raise
    return started


def see_through(
    jobs: Sequence[ScanJob],
    *,
    on_progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Wait until all jobs have ended; when ``cancelled`` says so they are told to stop."""
    open_jobs = list(jobs)
    asked = False
    while open_jobs:
        open_jobs[0].job.wait(_POLL_S)
        texts: list[str] = []
        for one in open_jobs:
            one.drain(texts.append)
        if texts:
            weights = sum(len(one.skills) for one in jobs)
            on_progress(sum(one.fraction * len(one.skills) for one in jobs) / weights, texts[-1])
        open_jobs = [one for one in open_jobs if one.ended is None]
        if not asked and cancelled():
            asked = True
            for one in open_jobs:
                one.job.cancel()


def _start(
    skills: Sequence[Skill],
    plugin: PluginInfo,
    runner: JobRunner,
    wall_s: float,
    settings: dict[str, dict[str, object]],
) -> ScanJob:
    run_dir = runner.new_run(plugin.id)
    folder: Path = run_dir / "library"
    try:
        copy = copy_skills(skills, folder, most=MAX_COPIED, keep_links=True)
    except OSError as problem:
        raise FileProblem(
            f"Cannot copy the skills to {folder}: {problem.strerror}. Free some room, then scan "
            "again."
        ) from problem
    request = Request(
        job=run_dir.name,
        kind="scanner",
        library=str(folder),
        skills=copy.inputs,
        settings=settings.get(plugin.id, {}),
        budget=Budget(wall_s=wall_s),
    )
    names = skills[0].name if len(skills) == 1 else f"{len(skills)} skills"
    job = runner.start(plugin, request, f"Scan {names}")
    return ScanJob(plugin.id, job, tuple(skill.id for skill in skills), copy.left_out)


def _take(event: AnyEvent, plugin: str, voices: dict[str, Said], known: Container[str]) -> None:
    if not isinstance(event, FindingEvent | SkillScanned) or event.skill not in known:
        return
    voice = voices.setdefault(event.skill, Said(plugin))
    if isinstance(event, SkillScanned):
        voice.scanned = event
    elif event.finding is not None:
        voice.findings.append(event.finding)
