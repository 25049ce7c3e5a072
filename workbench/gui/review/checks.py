"""The checks of a selection as the strip below the diff shows them. Blocking; runs in a thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.proposal import Gate, HunkVerdict
from workbench.gui.models.skill_rows import Verdict, verdict_of
from workbench.plugin.jobs import JobRefused
from workbench.review.checks import ResultChecks, SkillDelta, check_result
from workbench.review.decide import gate_after
from workbench.review.scanning import Scanners
from workbench.review.session import Review
from workbench.skills.check import check_skill
from workbench.skills.read import SkillError, read_skill


class ClientRow(Struct, frozen=True):
    """What a client's rules say of the touched skills before and after."""

    client: str
    before: Verdict
    after: Verdict
    new: int
    gone: int


class Checked(Struct, frozen=True):
    """All checks of one selection. Sizes are bytes of SKILL.md, over all touched skills."""

    result: ResultChecks
    clients: tuple[ClientRow, ...]
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


def check_selection(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    clients: Sequence[str],
    scanners: Scanners | None = None,
) -> Checked:
    """Check what the accepted hunks make, for every client and with every scanner.

    Raises:
        ReviewProblem, FileProblem: the selection makes no sense, or the copy cannot be made.
    """
    problems: list[str] = []
    scan = None if scanners is None else scanners.of(review, problems)
    try:
        result = check_result(
            review, verdicts, clients=clients, scan=scan, sources=review.evidence_texts
        )
    except JobRefused as problem:
        problems.append(str(problem))
        result = check_result(review, verdicts, clients=clients, sources=review.evidence_texts)
    before: list[Diagnostic] = []
    for skill in result.skills:
        before += _said(review.library, skill, clients)
    gone = [one for skill in result.skills for one in skill.gone]
    new = [one for skill in result.skills for one in skill.new]
    after = [*_without(before, gone), *new]
    return Checked(
        result=result,
        clients=tuple(_client_row(client, before, after, new, gone) for client in clients),
        size_before=sum(skill.before.bytes for skill in result.skills if skill.before),
        size_after=sum(skill.after.bytes for skill in result.skills if skill.after),
        gate=gate_after(review, verdicts),
        scan_problems=tuple(dict.fromkeys(problems)),
    )


def _said(library: Path, skill: SkillDelta, clients: Sequence[str]) -> tuple[Diagnostic, ...]:
    """Return what the rules say of a skill as it is on disk; nothing for one that is new."""
    if skill.before is None:
        return ()
    try:
        return check_skill(read_skill(library / skill.skill, library), clients)
    except SkillError:
        return ()


def _without(found: Sequence[Diagnostic], gone: Sequence[Diagnostic]) -> list[Diagnostic]:
    left = Counter((one.rule, one.path, one.message) for one in gone)
    kept: list[Diagnostic] = []
    for one in found:
        key = (one.rule, one.path, one.message)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(one)
    return kept


def _client_row(
    client: str,
    before: Sequence[Diagnostic],
    after: Sequence[Diagnostic],
    new: Sequence[Diagnostic],
    gone: Sequence[Diagnostic],
) -> ClientRow:
    return ClientRow(
        client,
        verdict_of(before, client),
        verdict_of(after, client),
        len(_for(new, client)),
        len(_for(gone, client)),
    )


def _for(found: Sequence[Diagnostic], client: str) -> list[Diagnostic]:
    return [one for one in found if not one.clients or client in one.clients]
