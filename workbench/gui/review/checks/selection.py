"""The checks of a selection as the strip below the diff shows them. Blocking; runs in a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.proposal import Gate, HunkVerdict
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRefused
from workbench.review.checks.foreign_skills import installed_folders
from workbench.review.checks.result import ClientDelta, ResultChecks, check_result
from workbench.review.checks.scanning import Scanners, scan_ahead
from workbench.review.checks.warm import WarmChecks
from workbench.review.decide import gate_after
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.skills.problems import SkillError


class Checked(Struct, frozen=True):
    """All checks of one selection. Sizes are bytes of SKILL.md, over all touched skills."""

    result: ResultChecks
    clients: tuple[ClientDelta, ...]
    size_before: int
    size_after: int
    gate: Gate
    scan_problems: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[Diagnostic, ...]:
        """Problems that come with the selection."""
        return tuple(one for skill in self.result.skills for one in skill.new)

    @property
    def gone(self) -> tuple[Diagnostic, ...]:
        """Problems that go with the selection."""
        return tuple(one for skill in self.result.skills for one in skill.gone)


def scan_base(review: Review, scanners: Scanners, warm: WarmChecks) -> None:
    """Scan what a proposal is based on ahead of the first selection, where that is possible."""
    scan = scanners.of(review, [])
    if scan is not None:
        with contextlib.suppress(ReviewProblem, SkillError, FileProblem, JobRefused, OSError):
            scan_ahead(review, scan, warm)


def check_selection(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    clients: Sequence[str],
    scanners: Scanners | None = None,
    *,
    warm: WarmChecks | None = None,
    others: Sequence[Path] = (),
) -> Checked:
    """Check what the accepted hunks make, for every client and with every scanner.

    ``others`` are folders of skills, besides the installed ones, that new text is compared with.

    Raises:
        ReviewProblem, FileProblem: the selection makes no sense, or the copy cannot be made.
    """
    problems: list[str] = []
    scan = None if scanners is None else scanners.of(review, problems)

    def check(with_scan: bool) -> ResultChecks:
        return check_result(
            review,
            verdicts,
            clients=clients,
            scan=scan if with_scan else None,
            sources=review.evidence_texts,
            others=(*installed_folders(), *others),
            warm=warm,
        )

    try:
        result = check(True)
    except JobRefused as problem:
        problems.append(str(problem))
        result = check(False)
    return Checked(
        result=result,
        clients=result.clients,
        size_before=sum(skill.before.bytes for skill in result.skills if skill.before),
        size_after=sum(skill.after.bytes for skill in result.skills if skill.after),
        gate=gate_after(review, verdicts),
        scan_problems=tuple(dict.fromkeys(problems)),
    )
