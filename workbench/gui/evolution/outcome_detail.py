"""The selected outcome: why, which files, and the quotes with the way to their steps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.domain.proposal import Evidence, EvidenceCheck, Proposal
from workbench.gui.evolution.gate_figures import GateFigures
from workbench.gui.evolution.outcome_lines import (
    cause_words,
    engine_says,
    evidence_badge,
    level_words,
)
from workbench.gui.evolution.run_record import Outcome
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import primary_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines

_STATUS = {
    "verified": ("check-circle", "success", "found in the trace"),
    "unsupported": ("error", "error", "not found in the trace"),
    "source_missing": ("warning", "warning", "the trace is gone"),
    "source_changed": ("warning", "warning", "the trace was changed"),
    "unchecked": ("info", "text_muted", "not looked up"),
}

Quote = tuple[Evidence, EvidenceCheck | None]


class OutcomeDetail(QWidget):
    """Title, badges, reasons; below, one row a quote: Enter shows its step."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._outcome: Outcome | None = None
        self._title = _label(heading=True)
        self._facts = _label(muted=True)
        self.gate = GateFigures()
        self._why = _label()
        self._why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._evidence_badge, self._level_badge = Badge(), Badge()
        self.review = primary_button("Open in Review", self.open_review)
        self._quotes_title = QLabel()
        self._quotes_title.setProperty("section", True)
        self.quotes = TwoLineList("Evidence", lambda quote: quote[0].id)
        self.quotes.opened.connect(self._open_step)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("Nothing selected", "Select a result to see its reasons.", icon="review")
        )
        self._stack.addWidget(self._page())
        column(self, spacing=0).addWidget(self._stack)

    def show_outcome(self, outcome: Outcome | None) -> None:
        """Show another outcome, or none."""
        self._outcome = outcome
        self._stack.setCurrentIndex(0 if outcome is None else 1)
        if outcome is None:
            return
        draft, proposal = outcome.draft, outcome.proposal
        self._title.setText(outcome.title)
        self._why.setText(
            "\n\n".join(filter(None, (outcome.note, draft.rationale if draft else "")))
        )
        self.review.setVisible(proposal is not None)
        for badge in (self._evidence_badge, self._level_badge):
            badge.setVisible(proposal is not None)
        self._facts.setText(_facts(outcome))
        self.gate.setVisible(False)
        if proposal is not None and draft is not None and draft.changes:
            self.gate.show_gate(proposal.gate)
        if proposal is not None:
            self._evidence_badge.set(*evidence_badge(proposal))
            diagnosis = outcome.group == "diagnosis" and draft is not None
            self._level_badge.set(
                cause_words(draft) if diagnosis and draft else level_words(proposal), "neutral"
            )
        self._show_quotes(draft.evidence if draft else (), proposal)

    def open_review(self) -> None:
        """Show the proposal in Review."""
        if self._outcome is not None and self._outcome.proposal is not None:
            self._context.request_review(self._outcome.proposal.id)

    def _page(self) -> QWidget:
        page = QWidget()
        outer = column(page, spacing=0)
        inside = column(spacing=8)
        inside.setContentsMargins(16, 14, 16, 8)
        inside.addWidget(self._title)
        badges = row(spacing=6)
        badges.addWidget(self._evidence_badge)
        badges.addWidget(self._level_badge)
        badges.addStretch(1)
        badges.addWidget(self.review)
        inside.addLayout(badges)
        inside.addWidget(self.gate)
        inside.addWidget(self._why)
        inside.addWidget(self._facts)
        inside.addSpacing(4)
        inside.addWidget(self._quotes_title)
        outer.addLayout(inside)
        outer.addWidget(self.quotes, 1)
        self._rest = QWidget()
        outer.addWidget(self._rest, 1)
        return page

    def _show_quotes(self, evidence: tuple[Evidence, ...], proposal: Proposal | None) -> None:
        checks = {check.evidence: check for check in proposal.checks} if proposal else {}
        rows: list[tuple[TwoLines, object]] = [
            (_quote_lines(one, checks.get(one.id)), (one, checks.get(one.id))) for one in evidence
        ]
        self.quotes.show_rows(rows)
        self._quotes_title.setText(f"Evidence  {len(rows)}" if rows else "No evidence given")
        self.quotes.setVisible(bool(rows))
        self._rest.setVisible(not rows)

    def _open_step(self, quote: Quote) -> None:
        evidence, check = quote
        step = evidence.step_first if check is None or check.step is None else check.step
        place = self._place(evidence, check)
        if place is None:
            self._context.notify.info(
                f"The trace {evidence.trace} is not open. Open it with Ctrl+Shift+O.",
                replace="evolution:trace",
            )
            return
        self._context.request_trace(place[0], place[1], step)

    def _place(self, evidence: Evidence, check: EvidenceCheck | None) -> tuple[str, str] | None:
        """Return file and trajectory of a quote: the stored source, else an open trace's name."""
        name, _, trajectory = evidence.trace.partition("#")
        if check is not None and check.source:
            return check.source, trajectory
        for trace in self._context.traces:
            if trace.path.name == name and trajectory in ("", trace.trajectory.id):
                return str(trace.path), trace.trajectory.id
        return None


def _quote_lines(evidence: Evidence, check: EvidenceCheck | None) -> TwoLines:
    sign, token, words = _STATUS[check.status if check else "unchecked"]
    step = evidence.step_first if check is None or check.step is None else check.step
    name = Path(evidence.trace.partition("#")[0]).name
    reason = check.reason if check and check.reason else words
    return TwoLines(
        title=" ".join(evidence.quote.split()),
        detail=f"step {step}, {words}",
        aside=name,
        badges=((evidence.role, "warning"),) if evidence.role != "supports" else (),
        icon=sign,
        token=token,
        tip=f"{evidence.quote[:600]}\n{evidence.trace}\n{reason}",
    )


def _facts(outcome: Outcome) -> str:
    draft = outcome.draft
    if draft is None:
        return ""
    files = ", ".join(dict.fromkeys(change.path for change in draft.changes))
    skills = ", ".join(draft.skills)
    parts = [
        f"Changes {files}" if files else (f"About {skills}" if skills else ""),
        engine_says(draft.scores),
        f"engine's word: confidence {draft.confidence:.0%}" if draft.confidence is not None else "",
    ]
    if outcome.proposal is not None and outcome.proposal.warnings:
        parts += outcome.proposal.warnings
    return "\n".join(part for part in parts if part)


def _label(*, heading: bool = False, muted: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("heading", heading)
    label.setProperty("muted", muted)
    return label
