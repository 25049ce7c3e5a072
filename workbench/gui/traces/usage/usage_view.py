"""What skills did in the open traces: a table, worklists, and each use with its step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QTableView,
    QWidget,
)

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import find_place
from workbench.gui.traces.usage.usage_rows import HEADINGS, LISTS, TIPS, Usage, cells, usage_now
from workbench.gui.traces.words import SKILL_WORDS
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.usage.report import SkillUsage
from workbench.usage.sessions import Use

Index = QModelIndex | QPersistentModelIndex

_USE = Qt.ItemDataRole.UserRole
_DETAIL = Qt.ItemDataRole.UserRole + 1
_MOST = 1000
_WIDTHS = {1: 110, 2: 100, 3: 70, 4: 160, 5: 110}


class UsageModel(QAbstractTableModel):
    """Skills with their counts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[SkillUsage] = []

    def show(self, rows: Sequence[SkillUsage]) -> None:
        """Show other skills."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row_at(self, row: int) -> SkillUsage:
        """Return the skill of a row."""
        return self._rows[row]

    def row_of(self, skill: str) -> int:
        """Return the row of a skill id, -1 when it is not listed."""
        return next((n for n, one in enumerate(self._rows) if one.skill == skill), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self._rows[index.row()]
        text = cells(one)[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{HEADINGS[index.column()]}: {text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.skill if index.column() == 0 else TIPS[index.column()]
        return None


class UsageView(QWidget):
    """Worklist and table at the left, the uses of the selected skill at the right."""

    step_chosen = Signal(str, str, int)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._usage: Usage | None = None
        self._turn = 0
        self.worklist = ChoiceBox("Worklist")
        for title, tip in LISTS:
            self.worklist.addItem(title)
            self.worklist.setItemData(self.worklist.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.sentence = QLabel()
        self.sentence.setProperty("muted", True)
        self.sentence.setWordWrap(True)
        self.table = QTableView()
        self.model = UsageModel(self)
        self._set_up_table()
        self.uses = QListWidget()
        self.uses.setAccessibleName("Uses of the skill")
        self.uses.setItemDelegate(DetailRow(_DETAIL, self.uses, height=30))
        self.uses.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading = QLabel()
        self.heading.setProperty("section", True)
        self.heading.setWordWrap(True)
        self._no_library = EmptyState(
            "No library is open",
            "What skills did is counted for the skills of the open library.",
            action=("Open folder…", lambda: context.commands.run("file.open_library")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="library",
        )
        self._none = EmptyState("Nothing in this list", "", icon="spark")
        self._body = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self.worklist.currentIndexChanged.connect(lambda _number: self._show())
        self.table.selectionModel().currentRowChanged.connect(lambda _index: self._list_uses())
        for used in (self.uses.itemActivated, self.uses.itemClicked):
            used.connect(self._use_chosen)
        context.library_changed.connect(lambda _library: self._changed())
        context.skill_selected.connect(self.select)

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Skills and their use")
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setCornerButtonEnabled(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(32)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setAccessibleName("Columns")
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number, width in _WIDTHS.items():
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(number, width)

    def _lay_out(self) -> None:
        tools = row(spacing=12)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.worklist)
        tools.addWidget(self.sentence, 1)
        for shown in (self.table, self._none):
            self._body.addWidget(shown)
        right = QWidget()
        below = column(right, spacing=0)
        self.heading.setContentsMargins(12, 8, 12, 8)
        below.addWidget(self.heading)
        below.addWidget(self.uses, 1)
        page = QWidget()
        inside = column(page, spacing=0)
        inside.addLayout(tools)
        split = SplitView((self._body, right), vertical=True, sizes=(420, 240), stretch=(1, 0))
        inside.addWidget(split, 1)
        self._stack.addWidget(page)
        self._stack.addWidget(self._no_library)
        column(self, spacing=0).addWidget(self._stack)

    def read(self) -> None:
        """Count anew, beside the window."""
        library = self._context.library
        self._stack.setCurrentIndex(0 if library is not None else 1)
        if library is None:
            return
        self._turn += 1
        turn = self._turn
        trajectories = [trace.trajectory for trace in self._context.traces]

        def done(usage: Usage) -> None:
            if turn == self._turn:
                self._usage = usage
                self._show()

        self._context.spawn_thread(usage_now, library, trajectories, on_done=done, owner=self)

    def select(self, skill: str) -> None:
        """Select a skill, on the list of all skills where it is not on this one."""
        if self.model.row_of(skill) < 0 and self._usage is not None:
            self.worklist.setCurrentIndex(0)
        number = self.model.row_of(skill)
        if number >= 0 and number != self.table.currentIndex().row():
            self.table.setCurrentIndex(self.model.index(number, 0))

    def _changed(self) -> None:
        self._usage = None
        if self.isVisible():
            self.read()

    def _show(self) -> None:
        usage = self._usage
        if usage is None:
            return
        number = self.worklist.currentIndex()
        rows = usage.skills(number)
        index = self.table.currentIndex()
        selected = self.model.row_at(index.row()).skill if index.isValid() else ""
        self.model.show(rows)
        self._none.set_texts("Nothing in this list", f"No skill here: {LISTS[number][1]}")
        self._body.setCurrentIndex(0 if rows else 1)
        report = usage.report
        missing = len(report.unresolved)
        other = f" {missing} used skills are not in this library." if missing else ""
        sessions = f"{report.sessions} {'trace' if report.sessions == 1 else 'traces'}"
        self.sentence.setText(f"{LISTS[number][1]} Counted over {sessions}.{other}")
        self.sentence.setToolTip(", ".join(report.unresolved))
        wanted = max(0, self.model.row_of(selected or self._context.selected_skill))
        if rows:
            self.table.setCurrentIndex(self.model.index(wanted, 0))
        self._list_uses()

    def _list_uses(self) -> None:
        index = self.table.currentIndex()
        self.uses.clear()
        if not index.isValid():
            self.heading.setText("")
            return
        one = self.model.row_at(index.row())
        for use in one.uses[:_MOST]:
            self.uses.addItem(self._item(use))
        more = f", the first {_MOST:,} are listed" if len(one.uses) > _MOST else ""
        opened = (
            f"  ·  files read: {', '.join(one.resources_opened)}" if (one.resources_opened) else ""
        )
        self.heading.setText(
            f"{one.name or one.skill}: {len(one.uses)} uses{more}{opened}"
            if one.uses
            else f"{one.name or one.skill} was not used in the open traces"
        )
        self.heading.setToolTip("\n".join(one.resources_opened))

    def _item(self, use: Use) -> QListWidgetItem:
        place = find_place(self._context.traces, use.trace, use.trajectory)
        title = place.trajectory.title if place is not None else ""
        sign = ("error", "error") if use.kind == "load_failed" else ("spark", "data_4")
        item = QListWidgetItem(
            icon(*sign),
            f"{SKILL_WORDS.get(use.kind, use.kind)}  ·  {title or Path(use.trace).name}",
        )
        item.setData(_DETAIL, f"{use.trigger}  ·  {use.confidence}  ·  step {use.step}")
        item.setData(_USE, use)
        item.setToolTip(f"{use.trace}\nStep {use.step}")
        return item

    def _use_chosen(self, item: QListWidgetItem) -> None:
        use: Use = item.data(_USE)
        self.step_chosen.emit(use.trace, use.trajectory, use.step)
