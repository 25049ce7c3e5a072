"""Why a verdict is not taken: a lock of the library holds the hunk back. No Qt."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.domain.proposal import HunkVerdict
from workbench.gui.review.choices import Choices


def held_back(before: Choices, after: Choices, locked: Mapping[str, str]) -> str:
    """Say which lock forbids what would newly be accepted or edited; "" when none does."""
    taken = [
        hunk.id
        for hunk in after.hunks
        if hunk.id in locked
        and after.kind(hunk.id) == "accept"
        and _text(before.of(hunk.id)) != _text(after.of(hunk.id))
    ]
    if not taken:
        return ""
    more = f" And {len(taken) - 1} more." if len(taken) > 1 else ""
    return f"Not accepted: {locked[taken[0]]}. Unlock it first (L).{more}"


def _text(verdict: HunkVerdict | None) -> tuple[str, tuple[str, ...] | None]:
    """Return what a verdict makes of the text; the same where only reason or comment differ."""
    if verdict is None or verdict.verdict != "accept":
        return "as it is", None
    return "accepted", verdict.edited
