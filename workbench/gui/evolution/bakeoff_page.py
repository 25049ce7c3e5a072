"""Several engines on the same evidence and the same gate: chosen, run, and compared in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QWidget,
)

from workbench.evolution.bakeoff import COLUMNS, BakeoffRow, cells_of, what_it_shows
from workbench.evolution.estimate import Estimate
from workbench.gui.evolution.check_list import CheckList
from workbench.gui.evolution.engines import Engine
from workbench.gui.evolution.form_rows import group, words
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox

Index = QModelIndex | QPersistentModelIndex


class BakeoffModel(QAbstractTableModel):
    """One row an engine; cells are texts of the host."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[BakeoffRow, ...] = ()

    def show(self, rows: Sequence[BakeoffRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def row_at(self, number: int) -> BakeoffRow | None:
        """Return a row, None where there is none."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        across = orientation == Qt.Orientation.Horizontal
        if not across or role != Qt.ItemDataRole.DisplayRole:
            return None
        return COLUMNS[section].replace(" / ", " /\n").replace(" → before", " →\nbefore")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        cells = cells_of(self._rows[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{COLUMNS[index.column()]}: {cells[index.column()]}"
        return None


class BakeoffPage(QWidget):
    """Engines to compare above, the table below. ``opened`` brings a row, Enter on it Review."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    opened = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.engines = CheckList("engines that can run now")
        self.side_by_side = CheckBox("Run two at a time")
        self.start = primary_button("Compare", self.start_wanted.emit)
        self.cancel = push_button("Cancel", self.cancel_wanted.emit)
        self.back = push_button("Change evidence, tasks and budget", self.left.emit)
        self.why = words(muted=True)
        self.shows = words()
        self.model = BakeoffModel(self)
        self.table = QTableView()
        self._lay_out()
        self.engines.changed.connect(self._chosen_changed)
        self.cancel.hide()
        self.setFocusProxy(self.engines.view)

    def show_engines(self, engines: Sequence[Engine]) -> None:
        """Offer the engines that can run with what is chosen."""
        ready = [one for one in engines if not one.why_not and one.wants_traces]
        self.engines.show_rows([(one.id, one.name) for one in ready])
        if not self.engines.some.isChecked():
            self.engines.choose(())
        self._judge()

    def chosen(self) -> tuple[str, ...]:
        """Return the ids of the engines to compare."""
        found = self.engines.chosen()
        return tuple(key for key, _ in self.engines.rows()) if found is None else found

    def show_estimates(self, found: Sequence[Estimate]) -> None:
        """Say what all of them take together, as far as it is known."""
        calls = [one.calls for one in found if one.calls is not None]
        unknown = len(found) - len(calls)
        gate = sum(one.gate_runs or 0 for one in found)
        parts = [
            f"about {sum(calls):,} model calls" if calls else "",
            f"{unknown} without a formula" if unknown else "",
            f"about {gate:,} task runs for the gate, fewer where the cache has them"
            if gate
            else "",
        ]
        said = ", ".join(part for part in parts if part)
        self._judge(
            f"Together: {said}. Each engine has the whole budget for itself." if said else ""
        )

    def show_rows(self, rows: Sequence[BakeoffRow], *, running: bool) -> None:
        """Show the table as far as it is."""
        self.model.show(rows)
        self._stack.setCurrentIndex(1 if rows else 0)
        self.cancel.setVisible(running)
        self._running = running
        done = [one for one in rows if one.status not in ("waiting", "running")]
        self.shows.setText("" if running or not done else "\n".join(what_it_shows(done)))
        self.shows.setVisible(bool(self.shows.text()))
        self.table.resizeRowsToContents()
        self._judge()

    _running = False

    def _judge(self, said: str = "") -> None:
        count = len(self.chosen())
        enough = count >= 2
        self.start.setEnabled(enough and not self._running)
        waits = said if enough else "Cannot start: mark at least two engines."
        self.why.setText("The comparison is under way." if self._running else waits)

    def _chosen_changed(self) -> None:
        self._judge()

    def _open(self, index: QModelIndex) -> None:
        found = self.model.row_at(index.row())
        if found is not None:
            self.opened.emit(found)

    def _lay_out(self) -> None:
        head = QFrame()
        inside = column(head, spacing=6)
        inside.setContentsMargins(24, 14, 24, 10)
        inside.addWidget(words("Compare engines", heading=True))
        inside.addWidget(
            words(
                "Every engine gets the same skills, traces, tasks and gate, as they are chosen in "
                "the set-up of a run, with its settings as they come.",
                muted=True,
            )
        )
        inside.addWidget(group("Engines", self.engines))
        inside.addWidget(self.side_by_side)
        buttons = row(spacing=8)
        for button in (self.start, self.cancel, self.back):
            buttons.addWidget(button)
        buttons.addWidget(self.why, 1)
        buttons.addStretch(0)
        inside.addLayout(buttons)
        self.table.setModel(self.model)
        self.table.setAccessibleName("Comparison of engines")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(lambda *_: self.table.resizeRowsToContents())
        self.table.activated.connect(self._open)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                "Nothing compared yet",
                "Proposals, quotes found in the traces, the gate and the cost of each engine "
                "appear here, from the host's own figures.",
                icon="columns",
            )
        )
        self._stack.addWidget(self.table)
        self.shows.setContentsMargins(24, 8, 24, 16)
        outer = column(self, spacing=0)
        outer.addWidget(head)
        outer.addWidget(self._stack, 1)
        outer.addWidget(self.shows)
