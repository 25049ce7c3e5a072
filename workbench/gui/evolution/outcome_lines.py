"""What a run gave as rows: proposals, diagnoses, what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.proposal import Proposal, ProposalDraft, Score
from workbench.gui.evolution.gate_figures import flip_words
from workbench.gui.evolution.run_record import Group, Outcome
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.two_line_row import TwoLines

_HEADINGS: dict[Group, str] = {
    "proposal": "Proposals",
    "diagnosis": "Diagnoses: nothing to change, but worth knowing",
    "left_out": "Not in the store",
}
_LEVELS: dict[str, tuple[str, Tone]] = {
    "not_evaluated": ("not evaluated", "neutral"),
    "rejected": ("gate: rejected", "error"),
    "promising": ("gate: promising", "info"),
    "supported": ("gate: supported", "success"),
}
_CAUSES = {
    "skill": "the skill's fault",
    "agent": "not the skill's fault: agent",
    "environment": "not the skill's fault: environment",
    "task": "not the skill's fault: task",
    "unknown": "cause unknown",
}


def outcome_rows(outcomes: Sequence[Outcome]) -> list[tuple[TwoLines, object]]:
    """Return the rows of a run's outcomes, each group below its heading."""
    rows: list[tuple[TwoLines, object]] = []
    for group, heading in _HEADINGS.items():
        members = [one for one in outcomes if one.group == group]
        if members:
            rows.append((TwoLines(f"{heading}  {len(members)}", heading=True), None))
            rows += [(outcome_lines(one), one) for one in members]
    return rows


def outcome_lines(outcome: Outcome) -> TwoLines:
    """Return one outcome as a row."""
    proposal = outcome.proposal
    if proposal is None:
        return TwoLines(
            outcome.title, outcome.note, icon="warning", token="warning", faint=True,
            tip=outcome.note,
        )  # fmt: skip
    draft = proposal.draft
    badges: list[tuple[str, Tone]] = [evidence_badge(proposal)]
    if outcome.group == "proposal":
        badges.append(_LEVELS[proposal.gate.level])
        if proposal.status != "pending":
            badges.append((proposal.status.replace("_", " "), "info"))
    else:
        badges.append((cause_words(draft), "neutral"))
    gated = flip_words(proposal.gate) if proposal.gate.table is not None else ""
    says = gated or engine_says(draft.scores)
    return TwoLines(
        title=draft.title,
        detail="  ".join(filter(None, (says, " ".join(draft.rationale.split())))),
        badges=tuple(badges),
        below=True,
        icon="review" if outcome.group == "proposal" else "info",
        token="accent" if outcome.group == "proposal" else "info",
        tip=f"{draft.title}\n{proposal.id}",
    )


def evidence_badge(proposal: Proposal) -> tuple[str, Tone]:
    """Say how many of its quotes the host found in the traces."""
    found = sum(check.status == "verified" for check in proposal.checks)
    total = len(proposal.checks)
    if not total:
        return "no evidence", "neutral"
    return f"evidence {found}/{total}", "success" if found == total else "warning"


def cause_words(draft: ProposalDraft) -> str:
    """Say whose fault it was, after the engine."""
    return _CAUSES[draft.root_cause]


def level_words(proposal: Proposal) -> str:
    """Say the level the host's gate gave."""
    return _LEVELS[proposal.gate.level][0]


def engine_says(scores: Sequence[Score]) -> str:
    """Return the engine's own figures: its word, never a gate of ours."""
    parts = []
    for score in scores:
        before = "?" if score.before is None else f"{score.before:g}"
        after = "?" if score.after is None else f"{score.after:g}"
        parts.append(f"{score.metric} {before} → {after}")
    return f"engine's word: {', '.join(parts)}" if parts else ""
