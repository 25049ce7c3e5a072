"""Running scanners over a library and making one result per skill of what they say.

Scanners run as jobs on a copy. The host checks what they send, applies policy, suppressions and
baseline, and gives the verdict. A skill that no scanner got through is never *clean*.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import Capabilities, Coverage, Finding, SkillScan
from workbench.domain.job import (
    AnyEvent,
    Budget,
    FindingEvent,
    Finished,
    Progress,
    Request,
    SkillScanned,
)
from workbench.domain.skill import Library, Skill
from workbench.files import FileProblem
from workbench.plugin.jobs import Job, JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.security.baseline import Baseline, compare
from workbench.security.policy import (
    BALANCED,
    Policy,
    apply_severities,
    reach_of,
    verdict_of,
)
from workbench.security.suppress import Suppression, apply_suppressions
from workbench.skills.copying import SkillsCopy, copy_skills

NOT_SCANNED = "not-scanned"
NOT_INSPECTED = "not-inspected"

#: A larger file is not copied; it is reported as not inspected.
MAX_COPIED = 32 << 20


class ScanOptions(Struct, frozen=True):
    """How findings are judged. ``today`` decides which suppressions are over."""

    policy: Policy = BALANCED
    suppressions: tuple[Suppression, ...] = ()
    baseline: Baseline | None = None
    today: date = date.min
    wall_s: float = 600.0
    settings: dict[str, dict[str, object]] = {}


class _Said(Struct):
    """What one scanner said of one skill."""

    plugin: str
    findings: list[Finding] = []
    scanned: SkillScanned | None = None


def scan_library(
    library: Library,
    plugins: Sequence[PluginInfo],
    runner: JobRunner,
    *,
    options: ScanOptions | None = None,
    skills: Sequence[str] | None = None,
    on_progress: Callable[[float, str], None] = lambda fraction, text: None,
    on_problem: Callable[[str], None] = lambda text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[SkillScan, ...]:
    """Scan a library and return one result per skill, in the library's order.

    Args:
        library: as read.
        plugins: scanners that may run.
        runner: starts the jobs.
        options: how findings are judged.
        skills: only these ids.
        on_progress: told the fraction done (0..1) and the skill at work.
        on_problem: told in words when a scanner failed or sent something impossible.
        cancelled: asked now and then; when it says True the jobs are cancelled.

    Raises:
        JobRefused: a plugin may not run.
        FileProblem: the copy cannot be written.
    """
    chosen = [skill for skill in library.skills if skills is None or skill.id in skills]
    if not chosen:
        return ()
    said: dict[str, list[_Said]] = {skill.id: [] for skill in chosen}
    missing: set[str] = set()
    for number, plugin in enumerate(plugins):
        job, copy = _start(chosen, plugin, runner, options or ScanOptions())
        for problem in copy.left_out:
            if problem.path not in missing:
                on_problem(f"Not scanned: {problem.message}")
            missing.add(problem.path)

        def progress(event: Progress, done: int = number) -> None:
            on_progress((done + event.fraction) / len(plugins), event.text)

        _collect(
            job,
            plugin.id,
            said,
            on_progress=progress,
            on_problem=on_problem,
            cancelled=cancelled,
        )
    return tuple(
        _judge(skill, said[skill.id], missing, options or ScanOptions(), on_problem)
        for skill in chosen
    )


def _start(
    skills: Sequence[Skill], plugin: PluginInfo, runner: JobRunner, options: ScanOptions
) -> tuple[Job, SkillsCopy]:
    run_dir = runner.new_run(plugin.id)
    folder = run_dir / "library"
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
        settings=options.settings.get(plugin.id, {}),
        budget=Budget(wall_s=options.wall_s),
    )
    names = skills[0].name if len(skills) == 1 else f"{len(skills)} skills"
    return runner.start(plugin, request, f"Scan {names}"), copy


def _collect(
    job: Job,
    plugin: str,
    said: dict[str, list[_Said]],
    *,
    on_progress: Callable[[Progress], None],
    on_problem: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    voices: dict[str, _Said] = {}
    ended: Finished | None = None
    asked = False
    done = False
    while not done:
        # The last drain comes after the end was seen, so that no event is left behind.
        done = job.wait(0.05) is not None
        for event in job.drain():
            if isinstance(event, Progress):
                on_progress(event)
            elif isinstance(event, Finished):
                ended = event
            else:
                _take(event, plugin, voices, said.keys())
        if cancelled() and not asked:
            job.cancel()
            asked = True
    for skill, voice in voices.items():
        said[skill].append(voice)
    if ended is not None and ended.status not in ("completed", "no_change"):
        on_problem(f"The scanner '{plugin}' did not come to its end: {ended.summary}")


def _take(event: AnyEvent, plugin: str, voices: dict[str, _Said], known: Container[str]) -> None:
    if not isinstance(event, FindingEvent | SkillScanned) or event.skill not in known:
        return
    voice = voices.setdefault(event.skill, _Said(plugin))
    if isinstance(event, SkillScanned):
        voice.scanned = event
    elif event.finding is not None:
        voice.findings.append(event.finding)


def _judge(
    skill: Skill,
    voices: Sequence[_Said],
    missing: set[str],
    options: ScanOptions,
    on_problem: Callable[[str], None],
) -> SkillScan:
    findings: list[Finding] = []
    for voice in voices:
        for finding in voice.findings:
            own = replace(
                finding, skill=skill.id, plugin=voice.plugin, suppressed=None, baseline=None
            )
            if problem := impossible(own, skill):
                on_problem(f"A finding of '{voice.plugin}' in {skill.id} was left out: {problem}")
            else:
                findings.append(own)
    coverage = _coverage(skill, voices, missing)
    if any(voice.scanned for voice in voices):
        findings += _not_inspected(skill, coverage)
    else:
        findings.append(_not_scanned(skill))
    hashes = {file.path: file.sha256 for file in skill.files}
    judged = apply_severities(findings, options.policy)
    judged = apply_suppressions(
        judged, options.suppressions, lambda _, path: hashes.get(path), options.today
    )
    if options.baseline is not None:
        judged = compare(judged, options.baseline)
    observed = sorted({c for v in voices if v.scanned for c in v.scanned.capabilities.observed})
    declared = sorted({c for v in voices if v.scanned for c in v.scanned.capabilities.declared})
    capabilities = Capabilities(tuple(declared), tuple(observed))
    return SkillScan(
        path=skill.path,
        name=skill.name,
        verdict=verdict_of(judged, options.policy),
        reach=reach_of(capabilities),
        coverage=coverage,
        capabilities=capabilities,
        findings=judged,
        skill=skill.id,
    )


def impossible(finding: Finding, skill: Skill) -> str:
    """Say why a finding cannot be true of this skill; empty when it can.

    A scanner may be wrong or hostile: what it names must be a file of the skill, and lines that
    file can have.
    """
    file = next((file for file in skill.files if file.path == finding.path), None)
    if file is None:
        return f"there is no file '{finding.path[:120]}' in it"
    if finding.line < 1 or finding.end_line < finding.line:
        return f"lines {finding.line} to {finding.end_line} are no range"
    if finding.line > file.size + 1:
        return f"line {finding.line} is beyond the end of {finding.path[:120]}"
    return ""


def _coverage(skill: Skill, voices: Sequence[_Said], missing: set[str]) -> Coverage:
    """Merge what scanners looked at: the best of any of them; files nobody names are opaque."""
    inspected: set[str] = set()
    partial: set[str] = set()
    for voice in voices:
        if voice.scanned is not None:
            inspected |= set(voice.scanned.coverage.inspected)
            partial |= set(voice.scanned.coverage.partial)
    files = {file.path for file in skill.files}
    absent = {path for path in files if skill.library_path(path) in missing}
    inspected = (inspected & files) - absent
    partial = (partial & files) - inspected - absent
    return Coverage(
        tuple(sorted(inspected)),
        tuple(sorted(partial)),
        tuple(sorted(files - inspected - partial)),
    )


def _not_scanned(skill: Skill) -> Finding:
    return Finding(
        rule=NOT_SCANNED,
        category="coverage",
        severity="medium",
        confidence="high",
        path=Path(skill.skill_md).name,
        line=1,
        end_line=1,
        evidence="No scanner came to the end of this skill.",
        why="A skill that was not inspected cannot be called clean.",
        fix="Scan it again; look into the job's log for what stopped the scanner.",
        fingerprint=f"{NOT_SCANNED}:{skill.tree_hash}",
        skill=skill.id,
        check="Is there a file in it that no scanner gets through?",
    )


def _not_inspected(skill: Skill, coverage: Coverage) -> list[Finding]:
    """Return a finding for each file an agent follows or runs that no scanner read to its end."""
    unseen = {**dict.fromkeys(coverage.opaque, "None"), **dict.fromkeys(coverage.partial, "A part")}
    return [
        Finding(
            rule=NOT_INSPECTED,
            category="coverage",
            severity="medium",
            confidence="high",
            path=file.path,
            line=1,
            end_line=1,
            evidence=f"{unseen[file.path]} of its {file.size:,} bytes was inspected.",
            why="An agent follows or runs this file, and what it says is not known.",
            fix="Ship the source as text, in files of a size a person can read.",
            fingerprint=f"{NOT_INSPECTED}:{file.path}:{file.sha256}",
            skill=skill.id,
            check="Is it binary, very large or unreadable, and does the skill need it?",
        )
        for file in skill.files
        if file.path in unseen and file.kind in ("skill_md", "script")
    ]
