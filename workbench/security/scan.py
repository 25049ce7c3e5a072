"""Running scanners over a library and making one result per skill of what they say.

Scanners run as jobs on a copy. The host checks what they send, applies policy, suppressions and
baseline, and gives the verdict. A skill that no scanner got through is never *clean*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import Capabilities, Coverage, Finding, SkillScan
from workbench.domain.skill import Library, Skill
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.security.baseline import Baseline, compare
from workbench.security.policy import (
    BALANCED,
    Policy,
    apply_severities,
    reach_of,
    verdict_of,
)
from workbench.security.scan_jobs import Said, see_through, start_jobs
from workbench.security.suppress import Suppression, apply_suppressions

NOT_SCANNED = "not-scanned"
NOT_INSPECTED = "not-inspected"


class ScanOptions(Struct, frozen=True):
    """How findings are judged. ``today`` decides which suppressions are over."""

    policy: Policy = BALANCED
    suppressions: tuple[Suppression, ...] = ()
    baseline: Baseline | None = None
    today: date = date.min
    wall_s: float = 600.0
    settings: dict[str, dict[str, object]] = {}


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
    options = options or ScanOptions()
    jobs = start_jobs(chosen, plugins, runner, wall_s=options.wall_s, settings=options.settings)
    left_out = {problem.path: problem for one in jobs for problem in one.left_out}
    for problem in left_out.values():
        on_problem(f"Not scanned: {problem.message}")
    see_through(jobs, on_progress=on_progress, cancelled=cancelled)
    said: dict[str, list[Said]] = {skill.id: [] for skill in chosen}
    for one in jobs:
        for skill_id, voice in one.voices.items():
            said[skill_id].append(voice)
        if one.ended is not None and one.ended.status not in ("completed", "no_change"):
            on_problem(f"The scanner '{one.plugin}' did not come to its end: {one.ended.summary}")
    return tuple(
        _judge(skill, said[skill.id], set(left_out), options, on_problem) for skill in chosen
    )


def _judge(
    skill: Skill,
    voices: Sequence[Said],
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


def _coverage(skill: Skill, voices: Sequence[Said], missing: set[str]) -> Coverage:
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
