"""The first page of Traces: what is open, with filters, and what could not be opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QToolButton, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.problems import Problem
from workbench.gui.theme.icons import icon
from workbench.gui.traces.sessions.trace_rows import (
    TraceRow,
    filtered,
    judged_row,
    skills_of,
    trace_row,
)
from workbench.gui.traces.sessions.trace_table import TraceTable
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.traces.open import OpenTrace

_ANY_SKILL = "Any skill"


class TraceList(QWidget):
    """Filters on top, the table below; ``opened`` and ``chosen`` carry path and trajectory id."""

    opened = Signal(str, str)
    chosen = Signal(str, str)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._known: dict[int, tuple[OpenTrace, TraceRow]] = {}
        self._rows: list[TraceRow] = []
        self._banner: Banner | None = None
        self.filter = SearchField("Filter traces…")
        self.skill = ChoiceBox("Skill that was used")
        self.skill.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.skill.setFixedWidth(180)
        self.failed = QToolButton()
        self.failed.setIcon(icon("error", "text_muted", on="selection_text"))
        self.failed.setCheckable(True)
        self.failed.setToolTip("Show only traces with errors")
        self.failed.setAccessibleName("Only traces with errors")
        self.table = TraceTable()
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.count.setContentsMargins(12, 6, 12, 6)
        self._none = EmptyState("Nothing matches", "No trace passes this filter.", icon="search")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._none)
        self._lay_out()
        self.setFocusProxy(self.table)
        self.filter.searched.connect(lambda _text: self._show())
        self.filter.left_downwards.connect(self.table.setFocus)
        self.filter.returnPressed.connect(self.table.setFocus)
        self.failed.toggled.connect(lambda _on: self._show())
        self.skill.currentIndexChanged.connect(lambda _index: self._show())
        self._context.annotations.changed.connect(self.read)
        self.table.opened.connect(self.opened)
        self.table.chosen.connect(self.chosen)

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.skill)
        tools.addWidget(self.failed)
        run = self._context.commands.run
        tools.addWidget(
            icon_button(
                "columns",
                "Compare the selected traces…",
                lambda: run("trace.compare"),
                shortcut="Ctrl+Alt+K",
            )
        )
        tools.addWidget(push_button("Open traces…", lambda: run("file.open_traces")))
        tools.addWidget(
            icon_button("folder-open", "Open a folder of traces…", lambda: run("trace.open_folder"))
        )
        self._inside = column(self, spacing=0)
        self._inside.addLayout(tools)
        self._inside.addWidget(self._stack, 1)
        self._inside.addWidget(self.count)

    def read(self) -> None:
        """Take over what is open now."""
        known = {
            id(trace): self._known.get(id(trace)) or (trace, trace_row(trace))
            for trace in self._context.traces
        }
        self._known = known
        attached = self._context.annotations.attached
        self._rows = [judged_row(made, trace, attached) for trace, made in known.values()]
        self._list_skills()
        self._tell_problems()
        self._show()

    def _list_skills(self) -> None:
        chosen = self.skill.currentText()
        self.skill.blockSignals(True)
        self.skill.clear()
        self.skill.addItem(_ANY_SKILL)
        self.skill.addItems(skills_of(self._rows))
        self.skill.setCurrentIndex(max(0, self.skill.findText(chosen)))
        self.skill.blockSignals(False)

    def _tell_problems(self) -> None:
        """List files that could not be opened; the others stay open."""
        found = self._context.trace_problems
        self._context.set_problems(
            "traces",
            (Problem("error", one.message, Path(one.path), origin="traces") for one in found),
        )
        if self._banner is not None:
            self._inside.removeWidget(self._banner)
            self._banner.hide()
            self._banner.deleteLater()
            self._banner = None
        if found:
            self._banner = problem_banner(self._context)
            self._inside.insertWidget(0, self._banner)

    def _show(self) -> None:
        selected = self.table.current()
        wanted = self.skill.currentText() if self.skill.currentIndex() > 0 else ""
        shown = filtered(
            self._rows, self.filter.text(), failed=self.failed.isChecked(), skill=wanted
        )
        self.table.traces.show(shown)
        self.table.fit_columns()
        self._stack.setCurrentIndex(0 if shown else 1)
        total = len(self._rows)
        of = f"{len(shown)} of {total}" if len(shown) != total else str(total)
        errors = sum(one.errors for one in shown)
        words = [f"{of} {'trace' if of == '1' else 'traces'}"]
        words.append(f"{sum(one.steps for one in shown):,} steps")
        words.append(f"{errors:,} {'error' if errors == 1 else 'errors'}")
        self.count.setText("  ·  ".join(words))
        if shown and not (
            selected is not None and self.table.select(selected.path, selected.trajectory)
        ):
            self.table.setCurrentIndex(self.table.traces.index(0, 0))


def problem_banner(context: AppContext) -> Banner:
    """Return what tells of files that could not be opened."""
    found = context.trace_problems
    more = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return Banner(
        "warning",
        f"{found[0].message}{more}",
        (("Show problems", lambda: context.commands.run("view.problems")),),
        closable=False,
    )
