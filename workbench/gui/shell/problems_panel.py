"""The Problems panel: every problem of the library, a click leads to its line."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QStackedWidget, QTreeView, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.problems import ORDER, Problem
from workbench.gui.shell.problems_model import DETAIL_ROLE, PROBLEM_ROLE, ProblemsModel
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.value_fields import ChoiceBox

_LEVELS = (
    ("All problems", "hint"),
    ("Errors, warnings and notes", "info"),
    ("Errors and warnings", "warning"),
    ("Errors alone", "error"),
)


class ProblemsPanel(QWidget):
    """Filter by words and severity; Enter or a double click opens the file at the line."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.model = ProblemsModel(self)
        self.filter = SearchField("Filter problems…")
        self.filter.searched.connect(lambda _text: self._refresh())
        self.level = ChoiceBox("Least severity shown")
        self.level.addItems([title for title, _ in _LEVELS])
        self.level.currentIndexChanged.connect(lambda _index: self._refresh())
        self.tree = QTreeView()
        self.tree.setAccessibleName("Problems")
        self.tree.setHeaderHidden(True)
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(DetailRow(DETAIL_ROLE, self.tree))
        self.tree.setUniformRowHeights(True)
        self.tree.activated.connect(self._open)
        self.tree.clicked.connect(self._open)
        self.filter.left_downwards.connect(self.tree.setFocus)
        self._empty = EmptyState(
            "No problems", "Nothing to mend in what is open.", icon="check-circle"
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self._empty)
        tools = row(spacing=8)
        tools.setContentsMargins(8, 6, 8, 6)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.level)
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self._stack, 1)
        context.problems_changed.connect(self._refresh)
        self._refresh()

    def shown(self) -> tuple[Problem, ...]:
        """Return the problems that pass the filter."""
        least = ORDER.index(_LEVELS[self.level.currentIndex()][1])
        words = self.filter.text().casefold().split()
        return tuple(
            problem
            for problem in self._context.problems
            if ORDER.index(problem.severity) <= least
            and all(
                word in f"{problem.message} {problem.rule} {problem.path}".casefold()
                for word in words
            )
        )

    def _refresh(self) -> None:
        library = self._context.library
        shown = self.shown()
        self.model.show(shown, Path(library.root) if library else None)
        self.tree.expandAll()
        if self._context.problems and not shown:
            self._empty.set_texts("Nothing matches", "No problem passes this filter.")
        elif library is None:
            self._empty.set_texts("No problems", "Open a folder of skills to have it checked.")
        else:
            self._empty.set_texts("No problems", "Nothing to mend in what is open.")
        self._stack.setCurrentIndex(0 if shown else 1)

    def _open(self, index: QModelIndex) -> None:
        problem = index.data(PROBLEM_ROLE)
        if isinstance(problem, Problem):
            self._context.request_file(problem.path, problem.line)
