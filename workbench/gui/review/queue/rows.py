"""The queue as rows: proposals filtered, sorted and grouped. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.proposal import Proposal, ProposalStatus
from workbench.domain.task import GateLevel
from workbench.domain.text import counted, spelled_out
from workbench.gui.review.words import flips_text, level_text, status_text
from workbench.review.queue import Entry, Sort, Wanted, age, skills_of, sorted_entries

GroupBy = Literal["skill", "engine", "level", "status", "nothing"]

#: Names of the filters by status, in the order they are offered.
FILTERS: dict[str, tuple[ProposalStatus, ...]] = {
    "To review": ("pending", "stale", "deferred", "accepted", "partly_accepted"),
    "Applied": ("applied", "reverted"),
    "Rejected": ("rejected",),
    "All": (),
}

#: More letters of a title have no room in a row or in its tip.
_LONGEST: Final = 300
_LEVELS: Final[tuple[GateLevel, ...]] = ("supported", "promising", "not_evaluated", "rejected")


class QueueChoice(Struct, frozen=True):
    """Which proposals are listed, and how. ``shown`` names one of ``FILTERS``."""

    shown: str = "To review"
    wanted: Wanted = Wanted()
    sort: Sort = "newest"
    group_by: GroupBy = "skill"


class QueueRow(Struct, frozen=True):
    """A row: the head of a group when ``id`` is empty, else a proposal.

    ``flips`` are repaired and broken tasks, ``contested`` counts places that others change too,
    ``talk`` threads of comments that nobody settled. ``problem``: why it cannot be shown.
    """

    group: str
    id: str = ""
    title: str = ""
    diagnosis: bool = False
    status: ProposalStatus = "pending"
    level: GateLevel = "not_evaluated"
    flips: str = ""
    engine: str = ""
    size: str = ""
    age: str = ""
    verified: int = 0
    evidence: int = 0
    files: int = 0
    contested: int = 0
    talk: int = 0
    count: int = 0
    problem: str = ""

    @property
    def status_text(self) -> str:
        """The status in words."""
        return status_text(self.status, diagnosis=self.diagnosis)

    @property
    def evidence_text(self) -> str:
        """How much of the evidence was found, in words."""
        return f"evidence {self.verified}/{self.evidence}" if self.evidence else "no evidence"

    @property
    def facts(self) -> tuple[str, ...]:
        """What stands below the badges, the most important first."""
        talk = counted(self.talk, "comment") if self.talk else ""
        return tuple(filter(None, (self.evidence_text, talk, self.size, self.age, self.engine)))

    @property
    def contested_text(self) -> str:
        """How many places others change too, in words."""
        return f"{counted(self.contested, 'place')} contested" if self.contested else ""


def queue_rows(
    entries: Sequence[Entry], choice: QueueChoice, *, now: str = ""
) -> tuple[QueueRow, ...]:
    """Return the rows that pass; within a group changes come before diagnoses."""
    groups: dict[str, list[Entry]] = {}
    for entry in sorted_entries(entries, choice.sort):
        if passes(entry.proposal, choice.shown) and choice.wanted.holds(entry):
            groups.setdefault(_group(entry, choice.group_by), []).append(entry)
    rows: list[QueueRow] = []
    for group in sorted(groups, key=_order(choice.group_by)):
        inside = sorted(groups[group], key=lambda one: not one.proposal.draft.changes)
        if choice.group_by != "nothing":
            rows.append(QueueRow(group, count=len(inside)))
        rows += [_row(group, entry, now) for entry in inside]
    return tuple(rows)


def waiting(entries: Sequence[Entry]) -> int:
    """Return how many proposals are still to be decided or applied."""
    return sum(passes(entry.proposal, "To review") for entry in entries)


def passes(proposal: Proposal, shown: str) -> bool:
    """Say whether a proposal is listed under a name of ``FILTERS``."""
    wanted = FILTERS[shown]
    if not proposal.draft.changes and proposal.status == "accepted":
        # An acknowledged diagnosis needs nothing more.
        return shown in ("All", "Applied")
    return not wanted or proposal.status in wanted


def _group(entry: Entry, by: GroupBy) -> str:
    proposal = entry.proposal
    if by == "engine":
        return proposal.engine.id.replace("_", " ")
    if by == "level":
        return level_text(entry.gate.level).capitalize()
    if by == "status":
        return status_text(entry.status).capitalize()
    return skill_group(proposal)


def skill_group(proposal: Proposal) -> str:
    """Return the names of the skills a proposal is for."""
    skills = skills_of(proposal)
    return ", ".join(skills[:3]) + (" …" if len(skills) > 3 else "") or "The library"


def _order(by: GroupBy) -> Callable[[str], tuple[int, str]]:
    fixed: dict[GroupBy, list[str]] = {
        "level": [level_text(level).capitalize() for level in _LEVELS],
        "status": [status_text(status).capitalize() for status in FILTERS["To review"]],
    }
    names = fixed.get(by, [])
    return lambda name: (names.index(name) if name in names else len(names), name.casefold())


def _row(group: str, entry: Entry, now: str) -> QueueRow:
    proposal = entry.proposal
    draft = proposal.draft
    changes = bool(draft.changes)
    return QueueRow(
        group=skill_group(proposal),
        id=proposal.id,
        title=short_title(proposal, group),
        diagnosis=not changes,
        status=entry.status,
        level=entry.gate.level,
        flips=flips_text(entry.gate) if changes else "",
        engine=proposal.engine.id.replace("_", " "),
        size=_size(entry) if changes and not entry.problem else "",
        age=age(proposal.created, now) if now else "",
        verified=entry.verified,
        evidence=len(draft.evidence),
        files=len({change.path for change in draft.changes}),
        contested=entry.contested,
        talk=entry.talk,
        problem=entry.problem,
    )


def _size(entry: Entry) -> str:
    return f"+{entry.added} \N{MINUS SIGN}{entry.removed} lines"


def short_title(proposal: Proposal, group: str) -> str:
    """Return the title without the name of its group in front, which stands above it."""
    title = spelled_out(" ".join(proposal.draft.title.split())[:_LONGEST])
    rest = title.removeprefix(f"{group}: ")
    return (rest[:1].upper() + rest[1:]) if rest else title
