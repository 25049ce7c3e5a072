"""The queue as rows: proposals grouped by skill, filtered. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.proposal import Proposal, ProposalStatus
from workbench.domain.task import GateLevel
from workbench.gui.widgets.badge import Tone

#: Names of the filters by status, in the order they are offered.
FILTERS: dict[str, tuple[ProposalStatus, ...]] = {
    "To review": ("pending", "stale", "deferred", "accepted", "partly_accepted"),
    "Applied": ("applied", "reverted"),
    "Rejected": ("rejected",),
    "All": (),
}

STATUS_TONES: dict[ProposalStatus, Tone] = {
    "pending": "neutral",
    "deferred": "neutral",
    "stale": "warning",
    "accepted": "success",
    "partly_accepted": "info",
    "rejected": "error",
    "applied": "success",
    "reverted": "warning",
}

LEVEL_TONES: dict[GateLevel, Tone] = {
    "not_evaluated": "neutral",
    "rejected": "error",
    "promising": "info",
    "supported": "success",
}

_STATUS_WORDS: dict[ProposalStatus, str] = {
    "pending": "to review",
    "partly_accepted": "partly accepted",
}


class QueueRow(Struct, frozen=True):
    """A row: the head of a group when ``id`` is empty, else a proposal."""

    group: str
    id: str = ""
    title: str = ""
    diagnosis: bool = False
    status: ProposalStatus = "pending"
    level: GateLevel = "not_evaluated"
    verified: int = 0
    evidence: int = 0
    files: int = 0
    count: int = 0

    @property
    def status_text(self) -> str:
        """The status in words."""
        if self.diagnosis:
            return {"accepted": "acknowledged", "rejected": "dismissed"}.get(
                self.status, status_text(self.status)
            )
        return status_text(self.status)

    @property
    def evidence_text(self) -> str:
        """How much of the evidence was found, in words."""
        return f"evidence {self.verified}/{self.evidence}" if self.evidence else "no evidence"


def status_text(status: ProposalStatus) -> str:
    """Return a status in words."""
    return _STATUS_WORDS.get(status, status.replace("_", " "))


def level_text(level: GateLevel) -> str:
    """Return a level in words."""
    return level.replace("_", " ")


def queue_rows(
    proposals: Sequence[Proposal], *, shown: str = "To review", words: str = ""
) -> tuple[QueueRow, ...]:
    """Return the rows that pass the filters: changes before diagnoses, newest first in a group."""
    wanted = FILTERS[shown]
    groups: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        if wanted and not _passes(proposal, shown):
            continue
        text = f"{proposal.draft.title} {' '.join(proposal.draft.skills)} {proposal.id}".casefold()
        if all(word in text for word in words.casefold().split()):
            groups.setdefault(_group(proposal), []).append(proposal)
    rows: list[QueueRow] = []
    for group in sorted(groups, key=str.casefold):
        inside = sorted(groups[group], key=lambda one: one.created, reverse=True)
        inside.sort(key=lambda one: not one.draft.changes)
        rows.append(QueueRow(group, count=len(inside)))
        rows += [_row(group, proposal) for proposal in inside]
    return tuple(rows)


def waiting(proposals: Sequence[Proposal]) -> int:
    """Return how many proposals are still to be decided or applied."""
    return sum(_passes(proposal, "To review") for proposal in proposals)


def _passes(proposal: Proposal, shown: str) -> bool:
    wanted = FILTERS[shown]
    if not proposal.draft.changes and proposal.status == "accepted":
        # An acknowledged diagnosis needs nothing more.
        return shown in ("All", "Applied")
    return not wanted or proposal.status in wanted


def _group(proposal: Proposal) -> str:
    skills = proposal.draft.skills
    if skills:
        return ", ".join(skills[:3]) + (" …" if len(skills) > 3 else "")
    paths = {change.path.split("/")[0] for change in proposal.draft.changes}
    return ", ".join(sorted(paths)[:3]) or "The library"


def _row(group: str, proposal: Proposal) -> QueueRow:
    draft = proposal.draft
    return QueueRow(
        group=group,
        id=proposal.id,
        title=short_title(proposal, group),
        diagnosis=not draft.changes,
        status=proposal.status,
        level=proposal.gate.level,
        verified=sum(check.status == "verified" for check in proposal.checks),
        evidence=len(draft.evidence),
        files=len({change.path for change in draft.changes}),
    )


def short_title(proposal: Proposal, group: str) -> str:
    """Return the title without the name of its group in front, which stands above it."""
    title = " ".join(proposal.draft.title.split())
    rest = title.removeprefix(f"{group}: ")
    return (rest[:1].upper() + rest[1:]) if rest else title
