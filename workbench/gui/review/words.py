"""Status and level in words and tones."""

from __future__ import annotations

from workbench.domain.proposal import Gate, ProposalStatus
from workbench.domain.task import GateLevel
from workbench.gui.widgets.badge import Tone

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


def status_text(status: ProposalStatus, *, diagnosis: bool = False) -> str:
    """Return a status in words; nothing of a diagnosis can be applied."""
    if diagnosis and status in ("accepted", "rejected"):
        return "acknowledged" if status == "accepted" else "dismissed"
    return _STATUS_WORDS.get(status, status.replace("_", " "))


def level_text(level: GateLevel) -> str:
    """Return a level in words."""
    return level.replace("_", " ")


def flips_text(gate: Gate) -> str:
    """Return repaired and broken tasks as signs ("+3 −1"), "" where nothing was run."""
    if gate.repairs is None:
        return ""
    return f"+{gate.repairs} \N{MINUS SIGN}{gate.regressions or 0}"
