"""The head of a proposal: title, verdicts, where it comes from, why it was made, warnings."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.domain.proposal import Gate, Proposal
from workbench.domain.text import spelled_out
from workbench.gui.review.backend import Opened
from workbench.gui.review.words import LEVEL_TONES, STATUS_TONES, level_text, status_text
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.review.contests import OPEN

#: A longer rationale is cut until it is asked for.
_SHORT = 200

_CAUSES = {
    "skill": "cause: the skill",
    "agent": "cause: the agent, not the skill",
    "environment": "cause: the environment, not the skill",
    "task": "cause: the task, not the skill",
}


class ProposalHeader(QWidget):
    """Title and badges, provenance on one line, the rationale, warnings as a banner."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = PlainLabel()
        self.title.setProperty("heading", True)
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status, self.level, self.cause = Badge(), Badge(), Badge()
        self.made = PlainLabel()
        self.made.setProperty("muted", True)
        self.rationale = PlainLabel()
        self.rationale.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = link_button("Whole rationale", self._toggle)
        self._full = ""
        self._banners = column(spacing=0)
        badges = row(spacing=6)
        for badge in (self.status, self.level, self.cause):
            badges.addWidget(badge)
        badges.addStretch(1)
        badges.addWidget(self._more)
        inside = column(spacing=6)
        inside.setContentsMargins(16, 12, 16, 10)
        inside.addWidget(self.title)
        inside.addLayout(badges)
        inside.addWidget(self.made)
        inside.addWidget(self.rationale)
        outer = column(self, spacing=0)
        outer.addLayout(inside)
        outer.addLayout(self._banners)

    def show_proposal(self, opened: Opened) -> None:
        """Show another proposal."""
        proposal = opened.proposal
        title = " ".join(proposal.draft.title.split())
        self.title.setText(_cut(title))
        self.title.setToolTip(spelled_out(title) if len(title) > _SHORT else "")
        self.made.setText(made_by(proposal))
        self.show_status(proposal, stale=bool(opened.stale))
        self.show_level(proposal.gate)
        cause = _CAUSES.get(proposal.draft.root_cause, "")
        self.cause.setVisible(bool(cause))
        self.cause.set(cause, "info")
        self._full = proposal.draft.rationale.strip()
        self._show_rationale(cut=bool(proposal.draft.changes))
        self._show_warnings(proposal.warnings)

    def show_status(self, proposal: Proposal, *, stale: bool) -> None:
        """Show the status; ``stale``: the files it is based on are others by now."""
        status = "stale" if stale and proposal.status in OPEN else proposal.status
        text = status_text(status, diagnosis=not proposal.draft.changes)
        self.status.set(text, STATUS_TONES[status])
        self.level.setVisible(bool(proposal.draft.changes))

    def show_level(self, gate: Gate) -> None:
        """Show the level of what is selected."""
        self.level.set(level_text(gate.level), LEVEL_TONES[gate.level])
        reasons = " ".join(gate.reasons)
        self.level.setToolTip(
            reasons or "No run with tasks has tested this change, so nobody knows what it does."
        )

    def _show_rationale(self, *, cut: bool) -> None:
        long = len(self._full) > _SHORT or self._full.count("\n") > 3
        self._more.setVisible(long and cut)
        self._more.setText("Whole rationale")
        self.rationale.setText(_cut(self._full) if long and cut else self._full)
        self.rationale.setVisible(bool(self._full) and cut)

    def _toggle(self) -> None:
        whole = self.rationale.text() == self._full
        self.rationale.setText(_cut(self._full) if whole else self._full)
        self._more.setText("Whole rationale" if whole else "Less")

    def _show_warnings(self, warnings: tuple[str, ...]) -> None:
        while (item := self._banners.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if warnings:
            shown = warnings[:3]
            more = f" And {len(warnings) - 3} more." if len(warnings) > 3 else ""
            self._banners.addWidget(Banner("warning", "\n".join(shown) + more, closable=False))


def made_by(proposal: Proposal) -> str:
    """Return who made a proposal, with what, in which run and when."""
    engine = proposal.engine
    parts = [f"{engine.id.replace('_', ' ')} {engine.version}".strip()]
    parts.append(", ".join(engine.models) if engine.models else "no model")
    if proposal.job:
        parts.append(f"run {proposal.job}")
    parts.append(local_time(proposal.created))
    return " · ".join(parts)


def local_time(text: str) -> str:
    """Return an ISO 8601 time as people read it, in the time zone of this machine."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is not None:
        moment = moment.astimezone()
    return moment.strftime("%Y-%m-%d %H:%M")


def _cut(text: str) -> str:
    lines = text.splitlines()
    short = " ".join(" ".join(lines[:3]).split())
    if len(short) <= _SHORT:
        return short
    words = short[:_SHORT].rpartition(" ")[0]
    # One endless word is cut inside; of others none is.
    return f"{words if len(words) > _SHORT // 2 else short[:_SHORT]} …"
