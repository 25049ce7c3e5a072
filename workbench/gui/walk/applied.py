"""A proposal that was applied before a screen is shown."""

from __future__ import annotations

from typing import Final

from workbench.gui.walk.world import World
from workbench.review.applying.apply import apply_decision
from workbench.review.decide import decide, record, verdicts_for
from workbench.review.session import open_review
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

_WHEN: Final = "2026-11-02T09:30:00+00:00"


def apply_as(world: World, proposal_id: str, reviewer: str) -> None:
    """Accept all hunks of a proposal and apply them."""
    store = ProposalStore(world.folders.proposals)
    review = open_review(store, proposal_id)
    verdicts = verdicts_for(review, review.hunks, "accept")
    decision = decide(review, verdicts, reviewer=reviewer, now=_WHEN)
    record(review, decision)
    history = LocalHistory(world.folders.history)
    apply_decision(store, history, proposal_id, now=_WHEN, decision=decision)
