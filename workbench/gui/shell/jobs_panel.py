"""The Jobs panel: what runs and what ran, with its log and a way to cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPlainTextEdit,
    QStackedWidget,
    QTableView,
    QWidget,
)

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry
from workbench.gui.shell.jobs_model import JOB_ROLE, JobsModel
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView


class JobsPanel(QWidget):
    """Jobs at the left, the log of the selected one at the right."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = context.jobs
        self._log_of = (0, 0)
        self.model = JobsModel(self)
        self.table = QTableView()
        self.table.setAccessibleName("Jobs")
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for section, width in ((0, 220), (1, 96), (3, 84)):
            header.resizeSection(section, width)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_selected())
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setFont(mono_font(0.92))
        self.log.setAccessibleName("Log of the selected job")
        self.log.setPlaceholderText("The selected job has written nothing.")
        self.cancel = push_button("Cancel", self._cancel)
        self.clear = push_button("Clear finished", self._board.clear_ended)
        tools = row(spacing=8)
        tools.setContentsMargins(8, 6, 8, 6)
        tools.addStretch(1)
        tools.addWidget(self.cancel)
        tools.addWidget(self.clear)
        left = QWidget()
        inside = column(left, spacing=0)
        inside.addWidget(self.table, 1)
        inside.addLayout(tools)
        split = SplitView((left, self.log), sizes=(680, 320), stretch=(2, 1))
        empty = EmptyState(
            "No jobs yet",
            "Reading, scanning and evolving run here, with progress and a way to cancel.",
            icon="clock",
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(split)
        self._stack.addWidget(empty)
        column(self, spacing=0).addWidget(self._stack)
        self._clock = QTimer(self)
        self._clock.setInterval(500)
        self._clock.timeout.connect(self._refresh)
        self._board.changed.connect(self._refresh)
        self._refresh()

    def selected(self) -> JobEntry | None:
        """Return the selected job."""
        entry = self.table.currentIndex().data(JOB_ROLE)
        return entry if isinstance(entry, JobEntry) else None

    def _refresh(self) -> None:
        self.model.show(self._board.entries)
        self._stack.setCurrentIndex(0 if self._board.entries else 1)
        if self._board.entries and not self.table.currentIndex().isValid():
            self.table.selectRow(0)
        if self._board.active and not self._clock.isActive():
            self._clock.start()
        elif not self._board.active:
            self._clock.stop()
        self._show_selected()

    def _show_selected(self) -> None:
        entry = self.selected()
        self.cancel.setEnabled(entry is not None and entry.state == "running")
        self.cancel.setText("Cancelling…" if entry and entry.state == "cancelling" else "Cancel")
        self.clear.setEnabled(any(not one.active for one in self._board.entries))
        now = (entry.id, len(entry.log)) if entry else (0, 0)
        if now != self._log_of:
            self._log_of = now
            self.log.setPlainText("\n".join(entry.log) if entry else "")
            bar = self.log.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _cancel(self) -> None:
        entry = self.selected()
        if entry is not None:
            self._board.cancel(entry.id)
