"""What a report of a review says, in order; how it looks is for the writers of each format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import (
    Decision,
    Evidence,
    EvidenceCheck,
    Gate,
    Hunk,
    HunkVerdict,
    Proposal,
)
from workbench.review.checks.check_words import lines_of_checks
from workbench.review.checks.result import ResultChecks
from workbench.review.comments import PlacedThread, said_of
from workbench.review.compose import accepted_hunks
from workbench.review.session import WHOLE, Review

_VERDICTS = {"accept": "accepted", "reject": "rejected", "defer": "deferred"}


class EvidenceLine(Struct, frozen=True):
    """A quote with what the host found when it looked it up."""

    trace: str
    steps: str
    quote: str
    role: str
    status: str


class CommentLine(Struct, frozen=True):
    """What somebody said of a line; ``state`` is "" or "resolved", "outdated", or both."""

    place: str
    author: str
    time: str
    text: str
    state: str


class HunkReport(Struct, frozen=True):
    """One piece: what was said of it, its lines, and the evidence behind it.

    ``lines`` begin with a sign: " ", "-" or "+"; an accepted hunk that was edited shows the
    reviewer's lines.
    """

    path: str
    header: str
    verdict: str
    reason: str
    comment: str
    edited: bool
    rationale: str
    lines: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...]
    comments: tuple[CommentLine, ...] = ()


class TaskReport(Struct, frozen=True):
    """One task of the gate's table."""

    task: str
    split: str
    before: tuple[float, ...]
    after: tuple[float, ...]


class ReviewReport(Struct, frozen=True):
    """A whole review. ``decision`` is "" where nobody decided yet."""

    title: str
    proposal: str
    status: str
    engine: str
    rationale: str
    root_cause: str
    skills: tuple[str, ...]
    warnings: tuple[str, ...]
    reviewer: str
    time: str
    comment: str
    content_hash: str
    hunks: tuple[HunkReport, ...]
    gate: Gate
    tasks: tuple[TaskReport, ...]
    checks: tuple[str, ...]
    comments: tuple[CommentLine, ...] = ()

    @property
    def counts(self) -> str:
        """How many hunks were accepted, in words."""
        total = len(self.hunks)
        if not total:
            return "changes no file"
        taken = sum(hunk.verdict == "accepted" for hunk in self.hunks)
        return f"{taken} of {total} {'hunk' if total == 1 else 'hunks'} accepted"


def report_of(review: Review, checks: ResultChecks | None = None) -> ReviewReport:
    """Return the report of a review as it stands in the store.

    Raises:
        ReviewProblem: the proposal cannot be shown.
    """
    proposal, decision = review.proposal, review.decision
    verdicts = {one.hunk: one for one in decision.verdicts} if decision is not None else {}
    placed = said_of(review)
    return ReviewReport(
        title=" ".join(proposal.draft.title.split()),
        proposal=proposal.id,
        status=_status(proposal, decision, verdicts.get(WHOLE)),
        engine=_engine(proposal),
        rationale=proposal.draft.rationale.strip(),
        root_cause=proposal.draft.root_cause,
        skills=proposal.draft.skills,
        warnings=proposal.warnings,
        reviewer=decision.reviewer if decision is not None else "",
        time=decision.time if decision is not None else "",
        comment=decision.comment if decision is not None else "",
        content_hash=decision.content_hash if decision is not None else "",
        hunks=tuple(
            replace(
                _hunk(proposal, one, verdicts.get(one.id)), comments=tuple(_said(placed, one.id))
            )
            for one in review.hunks
        ),
        gate=proposal.gate,
        tasks=_tasks(proposal.gate),
        checks=tuple(_checks(checks)) if checks is not None else (),
        comments=tuple(_said(placed, "")),
    )


def _status(proposal: Proposal, decision: Decision | None, whole: HunkVerdict | None) -> str:
    if whole is not None:
        return {"accept": "acknowledged", "reject": "dismissed"}.get(whole.verdict, "deferred")
    status = proposal.status.replace("_", " ")
    return status if decision is not None or status != "pending" else "nobody decided yet"


def _engine(proposal: Proposal) -> str:
    engine = proposal.engine
    models = f" with {', '.join(engine.models)}" if engine.models else ", no model"
    return f"{engine.id} {engine.version}".strip() + models


def _hunk(proposal: Proposal, hunk: Hunk, verdict: HunkVerdict | None) -> HunkReport:
    shown = hunk
    if verdict is not None and verdict.verdict == "accept":
        (shown,) = accepted_hunks((hunk,), (verdict,))
    given = {one.id: one for one in proposal.draft.evidence}
    checks = {one.evidence: one for one in proposal.checks}
    return HunkReport(
        path=hunk.path,
        header=hunk.header,
        verdict=_VERDICTS[verdict.verdict] if verdict is not None else "open",
        reason=verdict.reason.replace("_", " ") if verdict is not None else "",
        comment=verdict.comment if verdict is not None else "",
        edited=shown.edited_from is not None,
        rationale=hunk.rationale,
        lines=(
            *(f"-{_shown(line)}" for line in shown.base_lines),
            *(f"+{_shown(line)}" for line in shown.new_lines),
        ),
        evidence=tuple(
            _evidence(given[name], checks.get(name)) for name in hunk.evidence if name in given
        ),
    )


def _shown(line: str) -> str:
    """Return a line without its end; a carriage return there is shown as a sign."""
    text = line.removesuffix("\n")
    return f"{text[:-1]}\N{SYMBOL FOR CARRIAGE RETURN}" if text.endswith("\r") else text


def _said(placed: Iterable[PlacedThread], hunk: str) -> Iterator[CommentLine]:
    """Give the comments that are shown at a hunk; "" are those of files that show no lines."""
    for one in placed:
        if one.hunk != hunk:
            continue
        anchor = one.thread.anchor
        place = f"line {one.line or anchor.line}"
        place += " before the change" if anchor.side == "old" else ""
        place += f" of {anchor.path}" if not hunk else ""
        words = ("resolved" if one.thread.resolved else "", "outdated" if one.outdated else "")
        state = ", ".join(word for word in words if word)
        if one.outdated:
            place += f", which said “{anchor.text}”"
        for comment in one.thread.comments:
            if not comment.deleted:
                yield CommentLine(place, comment.author, comment.created, comment.text, state)


def _evidence(given: Evidence, check: EvidenceCheck | None) -> EvidenceLine:
    steps = str(given.step_first)
    if given.step_last != given.step_first:
        steps += f"–{given.step_last}"
    status = check.status if check is not None else "unchecked"
    return EvidenceLine(given.trace, steps, given.quote, given.role, status.replace("_", " "))


def _tasks(gate: Gate) -> tuple[TaskReport, ...]:
    rows = gate.table.rows if gate.table is not None else ()
    return tuple(TaskReport(row.task, row.split, row.before, row.after) for row in rows)


def _checks(checks: ResultChecks) -> Iterator[str]:
    for skill in checks.skills:
        for one in skill.new:
            yield f"new {one.severity} in {skill.name}: {one.message} ({one.rule})"
        for one in skill.gone:
            yield f"solved in {skill.name}: {one.message} ({one.rule})"
        if skill.before is not None and skill.after is not None:
            by = skill.after.bytes - skill.before.bytes
            if by:
                yield f"SKILL.md of {skill.name}: {by:+,} bytes"
    yield from lines_of_checks(checks)
    if checks.security is None:
        yield "security: not scanned"
    else:
        for finding in checks.security.new:
            yield f"new finding, {finding.severity}: {finding.why} ({finding.path})"
        for capability in checks.security.capabilities:
            yield f"may now: {capability}"
        if not checks.security.new and not checks.security.capabilities:
            yield "security: nothing new"
    yield from checks.warnings
