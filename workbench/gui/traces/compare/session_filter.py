"""Which of all sessions are compared: the same choices as in the list of all sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.sessions.choices import Choice, Choices, days_until
from workbench.gui.traces.sessions.facet_list import FacetList
from workbench.gui.traces.sessions.session_reader import SessionReader
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.traces.index.facets import FacetGroup
from workbench.traces.index.query import Query


class SessionFilter(QWidget):
    """Choices with counts, and words of title, agent or path; ``changed`` tells of others."""

    changed = Signal()

    def __init__(self, context: AppContext, reader: SessionReader) -> None:
        super().__init__()
        self._context = context
        self._reader = reader
        self._turn = 0
        self._groups: tuple[FacetGroup, ...] = ()
        self.choices = Choices()
        self.named = SearchField("Filter by title, agent, path…")
        self.facets = FacetList()
        self.clear = link_button("Clear filters", self._clear)
        self.clear.hide()
        inside = column(self, spacing=0)
        above = row(spacing=0)
        above.setContentsMargins(12, 8, 8, 4)
        above.addWidget(self.named)
        inside.addLayout(above)
        inside.addWidget(self.facets, 1)
        below = row(spacing=0)
        below.setContentsMargins(5, 0, 0, 0)
        below.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addLayout(below)
        self.setFocusProxy(self.facets)
        self.named.searched.connect(lambda text: self.choose(replace(self.choices, named=text)))
        self.facets.toggled.connect(self._toggled)

    @property
    def query(self) -> Query:
        """The question to the index."""
        return self.choices.query(days_until(datetime.now(UTC).date()))

    def choose(self, choices: Choices) -> None:
        """Take other choices."""
        self.choices = choices
        self.clear.setVisible(bool(choices.chosen or choices.named))
        self.facets.show_groups(self._groups, choices)
        self.changed.emit()

    def read(self) -> None:
        """Count the choices anew."""
        self._turn += 1
        turn = self._turn
        days = days_until(datetime.now(UTC).date())

        def done(groups: tuple[FacetGroup, ...]) -> None:
            if turn == self._turn:
                self._groups = groups
                self.facets.show_groups(groups, self.choices)

        self._context.spawn_thread(self._reader.groups, self.query, days, on_done=done, owner=self)

    def _toggled(self, choice: Choice) -> None:
        self.choose(self.choices.toggled(*choice))

    def _clear(self) -> None:
        self.named.clear()
        self.choose(Choices())
        self.facets.setFocus()
