"""What broke a task: the versions of a skill with the runs that are stored of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QStackedWidget, QWidget

from workbench.gui.review.history.words import task_row, version_row
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.review.history.bisect import Bisection, VersionResult


class TasksPage(QWidget):
    """``results_chosen(path)`` names a file, ``change_wanted(key)`` a change to be shown."""

    results_chosen = Signal(str)
    change_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tasks = TwoLineList("Tasks with stored results", lambda one: one.task)
        self.tasks.setMinimumWidth(220)
        self.versions = TwoLineList("Versions with the runs of the task", lambda one: one.entry.key)
        self.said, self.next = QLabel(), QLabel()
        for label in (self.said, self.next):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.next.setProperty("muted", True)
        self.source = QLabel("Results: gates of applied proposals")
        self.source.setProperty("muted", True)
        self.add = push_button("Add results…", self._ask_file)
        self.add.setToolTip("JSON lines of {task, skills: [commit], score}")
        self.copy = push_button("Copy commit", self._copy)
        self._evaluate = ""
        self._nothing = EmptyState("No results are stored", "", icon="spark")
        self._stack = QStackedWidget()
        self._lay_out()
        self.setFocusProxy(self.tasks)
        self.tasks.chosen.connect(self._show)
        self.tasks.opened.connect(lambda _one: self.versions.setFocus())
        self.versions.opened.connect(self._open)

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.add)
        tools.addWidget(self.source, 1)
        right = QWidget()
        inside = column(right, spacing=0)
        head = column(spacing=6)
        head.setContentsMargins(16, 12, 16, 10)
        head.addWidget(self.said)
        line = row(spacing=8)
        line.addWidget(self.next, 1)
        line.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(line)
        inside.addLayout(head)
        inside.addWidget(self.versions, 1)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(SplitView((self.tasks, right), sizes=(300, 900), stretch=(0, 1)))
        whole = column(self, spacing=0)
        whole.addLayout(tools)
        whole.addWidget(self._stack, 1)

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why there are no tasks."""
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_tasks(self, found: Sequence[Bisection], results: str) -> None:
        """Show tasks, worse first; ``results`` is the file that was added."""
        more = f" and {results}" if results else ""
        self.source.setText(f"Results: gates of applied proposals{more}")
        if not found:
            self.show_nothing(
                "No results are stored for this skill",
                "Evaluate proposals with tasks and a runner before they are applied, or add a file "
                "of results that names commits.",
            )
            return
        self.tasks.show_rows([(task_row(one), one) for one in found])
        self._stack.setCurrentIndex(1)
        if self.tasks.current() is None:
            self.tasks.select_first()
        else:
            self._show(self.tasks.current())

    def _show(self, found: Bisection) -> None:
        self.said.setText(found.said)
        entry = found.evaluate
        self._evaluate = entry.commit if entry is not None else ""
        named = (entry.commit[:12] or entry.title) if entry is not None else ""
        self.next.setText(
            f"Run {found.task} with the skill as it is at {named}, and add its result: that halves "
            "what is left."
            if entry is not None
            else ""
        )
        self.next.setVisible(entry is not None)
        self.copy.setVisible(bool(self._evaluate))
        self.versions.show_rows([(version_row(one, found), one) for one in found.versions])
        wanted = found.bad or found.good
        if wanted is None or not self.versions.select(wanted.key):
            self.versions.select_first()

    def _open(self, version: VersionResult) -> None:
        self.change_wanted.emit(version.entry.key)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._evaluate)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self.window(), "Add results")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("Stored results (*.jsonl *.json);;All files (*)")
        dialog.fileSelected.connect(self.results_chosen)
        dialog.open()
