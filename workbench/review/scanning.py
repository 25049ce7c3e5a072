"""Scanners for the checks of a selection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.domain.finding import SkillScan
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.review.checks import Scan
from workbench.review.session import Review
from workbench.security.scan import scan_library
from workbench.skills.library import read_library


def scan_of(
    review: Review, plugins: Sequence[PluginInfo], runner: JobRunner, problems: list[str]
) -> Scan | None:
    """Return what scans the skills a proposal touches, None where no scanner may run.

    What a scanner could not do is added to ``problems``, in words. The scan raises JobRefused or
    FileProblem where it cannot be started.
    """
    if not plugins:
        return None
    paths = [hunk.path for hunk in review.hunks]
    paths += [change.new_path for change in review.proposal.draft.changes if change.new_path]

    def scan(folder: Path) -> tuple[SkillScan, ...]:
        library = read_library(folder)
        touched = [
            skill.id
            for skill in library.skills
            if skill.id == "." or any(path.startswith(f"{skill.id}/") for path in paths)
        ]
        return scan_library(library, plugins, runner, skills=touched, on_problem=problems.append)

    return scan
