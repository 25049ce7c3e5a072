"""How the proposals of a skill hang together, over engines and time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.domain.text import counted
from workbench.gui.review.history.words import engine_name, lineage_row
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.review.history.skill_lineage import LineageRow


class LineagePage(QWidget):
    """``proposal_wanted(id)`` asks for the desk, ``change_wanted(proposal id)`` for the change."""

    proposal_wanted = Signal(str)
    change_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = TwoLineList("Proposals and what they come of", lambda one: one.id)
        self.summary = QLabel()
        self.summary.setProperty("muted", True)
        self.open = push_button("Open proposal", self._ask_proposal)
        self.change = push_button("Show its change", self._ask_change)
        self._nothing = EmptyState("No proposals for this skill", "", icon="branch")
        self._stack = QStackedWidget()
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.summary, 1)
        tools.addWidget(self.open)
        tools.addWidget(self.change)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self.list)
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self._stack, 1)
        self.setFocusProxy(self.list)
        self.list.chosen.connect(self._chosen)
        self.list.opened.connect(lambda _one: self._ask_proposal())

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why there is no lineage."""
        self._nothing.set_texts(heading, sentence)
        for part in (self.open, self.change):
            part.setEnabled(False)
        self._stack.setCurrentIndex(0)

    def show_rows(self, rows: Sequence[LineageRow]) -> None:
        """Show proposals, each below the one it comes of."""
        if not rows:
            self.summary.setText("")
            self.show_nothing(
                "No proposals for this skill",
                "Proposals come from an engine that has read traces.",
            )
            return
        engines = len({engine_name(one.engine) for one in rows})
        self.summary.setText(
            f"{counted(len(rows), 'proposal')} of {counted(engines, 'engine')}, the oldest first; "
            "below each stands what replaces it or builds on it"
        )
        self.list.show_rows([(lineage_row(one), one) for one in rows])
        self._stack.setCurrentIndex(1)
        if self.list.current() is None:
            self.list.select_first()
        else:
            self._chosen(self.list.current())

    def _chosen(self, one: LineageRow) -> None:
        self.open.setEnabled(one.stored)
        self.open.setToolTip("" if one.stored else "It is not in the store of this machine")
        self.change.setEnabled(one.status in ("applied", "reverted"))
        self.change.setToolTip("" if self.change.isEnabled() else "It was not applied")

    def _ask_proposal(self) -> None:
        one = self.list.current()
        if one is not None and one.stored:
            self.proposal_wanted.emit(one.id)

    def _ask_change(self) -> None:
        one = self.list.current()
        if one is not None and self.change.isEnabled():
            self.change_wanted.emit(one.id)
