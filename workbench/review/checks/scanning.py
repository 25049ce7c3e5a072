"""Scanners for the checks of a selection."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.domain.finding import SkillScan
from workbench.domain.proposal import HunkVerdict
from workbench.domain.skill import Library, Skill
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.review.checks.result import Scan
from workbench.review.checks.scan_memo import ScanMemo
from workbench.review.checks.sides import base_of, stage
from workbench.review.checks.warm import WarmChecks
from workbench.review.session import Review
from workbench.security.scan import scan_library
from workbench.skills.folder import SKILL_FILES
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill


def scan_ahead(review: Review, scan: Scan, warm: WarmChecks) -> None:
    """Scan the base of all that a proposal may touch, so that selections need not.

    It also has workers started, which then wait for the first selection.

    Raises:
        ReviewProblem, SkillError, OSError, FileProblem, JobRefused: it cannot be done ahead; the
            checks of a selection say why.
    """
    accepted = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    files = review.result(accepted).files
    with tempfile.TemporaryDirectory(prefix="skill-workbench-check-") as folder:
        sides = stage(warm.library(review.library), files, base_of(review, files), Path(folder))
        scan(sides.before.folder)


@dataclass(frozen=True)
class Scanners:
    """Who scans selections: with what, by whom, and what is known already."""

    plugins: tuple[PluginInfo, ...]
    runner: JobRunner
    memo: ScanMemo

    def of(self, review: Review, problems: list[str]) -> Scan | None:
        """Return what scans the skills a proposal touches; see ``scan_of``."""
        return scan_of(review, self.plugins, self.runner, problems, self.memo)


def scan_of(
    review: Review,
    plugins: Sequence[PluginInfo],
    runner: JobRunner,
    problems: list[str],
    memo: ScanMemo | None = None,
) -> Scan | None:
    """Return what scans the skills a proposal touches, None where no scanner may run.

    What a scanner could not do is added to ``problems``, in words. The scan raises JobRefused or
    FileProblem where it cannot be started. With a ``memo`` nothing is scanned twice.
    """
    if not plugins:
        return None
    paths = [hunk.path for hunk in review.hunks]
    paths += [change.new_path for change in review.proposal.draft.changes if change.new_path]
    known = memo or ScanMemo()

    def scan(folder: Path) -> tuple[SkillScan, ...]:
        skills = tuple(_touched(folder, paths))
        found = {skill.id: known.get(skill, plugins) for skill in skills}
        missing = [skill for skill in skills if found[skill.id] is None]
        told: list[str] = []
        fresh = scan_library(
            Library(str(folder), tuple(missing)), plugins, runner, on_problem=told.append
        )
        for skill, one in zip(missing, fresh, strict=True):
            found[skill.id] = one
            if not told:
                known.keep(skill, plugins, one)
        problems.extend(told)
        return tuple(one for one in found.values() if one is not None)

    return scan


def _touched(folder: Path, paths: Sequence[str]) -> Iterator[Skill]:
    """Yield the skills that paths lie in, of a library of which the others need not be read."""
    parents = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    for parent in sorted(parents):
        home = folder / parent
        if any((home / name).is_file() for name in SKILL_FILES):
            try:
                yield read_skill(home, folder)
            except SkillError:
                continue  # the checks of the format say what is wrong with it
