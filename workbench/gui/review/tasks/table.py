"""The tasks a proposal was run on: a dot for each run, without skills, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.domain.proposal import Gate
from workbench.gui.review.tasks.rows import (
    CHANGE_WORDS,
    TaskRow,
    TaskView,
    cost_words,
    gate_words,
    runs_words,
    share_words,
    split_figures,
    task_rows,
)
from workbench.gui.theme.current import colour
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.value_fields import ChoiceBox

Index = QModelIndex | QPersistentModelIndex

HEADINGS = ("Task", "Family", "Split", "No skill", "Before", "After", "Change", "Cost a run")
_RUNS = {3: "none", 4: "before", 5: "after"}
_CHANGE = 6
_TONES = {"repaired": "success", "broken": "error", "same": "text_muted", "unknown": "text_muted"}
#: So many dots fit a cell; more runs are told in words.
_DOTS = 8
#: Heights in px: the least of a table, what it takes at first, no limit (Qt's own), its head alone.
_LEAST, _TALL, _ANY, _LINE = 150, 220, 16777215, 44
_DOT, _STEP = 8.0, 12.0
_SCORES = Qt.ItemDataRole.UserRole
_WIDTHS = {1: 90, 2: 60, 3: 84, 4: 84, 5: 84, 6: 92, 7: 120}


class TaskModel(QAbstractTableModel):
    """Tasks with their runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[TaskRow, ...] = ()

    def show(self, rows: tuple[TaskRow, ...]) -> None:
        """Show other tasks."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, at = self._rows[index.row()], index.column()
        if role == _SCORES and at in _RUNS:
            return getattr(row, _RUNS[at])
        if role == Qt.ItemDataRole.ForegroundRole and at == _CHANGE:
            return colour(_TONES[row.change])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(row, at)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{HEADINGS[at]}: {self._text(row, at)}"
        return None

    @staticmethod
    def _text(row: TaskRow, at: int) -> str:
        if at in _RUNS:
            return runs_words(getattr(row, _RUNS[at]))
        return (
            row.task,
            row.family,
            row.split,
            "",
            "",
            "",
            CHANGE_WORDS[row.change],
            cost_words(row.cost_before, row.cost_after),
        )[at]


class DotsDelegate(QStyledItemDelegate):
    """Draws a run as a dot: full where it passed, a ring where it failed, half for part of it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        scores = index.data(_SCORES)
        if not scores or len(scores) > _DOTS:
            super().paint(painter, option, index)
            return
        blank = QStyleOptionViewItem(option)
        self.initStyleOption(blank, index)
        blank.text = ""
        widget = option.widget
        widget.style().drawControl(
            widget.style().ControlElement.CE_ItemViewItem, blank, painter, widget
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        left = rect.left() + 8 + _DOT / 2
        for number, score in enumerate(scores):
            _paint_dot(painter, QPointF(left + number * _STEP, rect.center().y() + 0.5), score)
        painter.restore()


def _paint_dot(painter: QPainter, centre: QPointF, score: float) -> None:
    ink = colour("success" if score >= 0.5 else "error")
    painter.setPen(QPen(ink, 1.5))
    painter.setBrush(ink if score >= 1.0 else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(centre, _DOT / 2, _DOT / 2)
    if 0.0 < score < 1.0:
        painter.setBrush(ink)
        painter.drawEllipse(centre, _DOT / 4, _DOT / 4)


class TaskTable(QWidget):
    """Figures by split above, every task below; one of several ways to take the proposal.

    ``test_asked()`` asks to run tasks on what is shown and was not run yet.
    """

    test_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views: tuple[TaskView, ...] = ()
        self.chooser = ChoiceBox("Of which the tasks are shown")
        self.chooser.activated.connect(self._chosen)
        self.test = push_button("Test…", self.test_asked.emit)
        self.test.setToolTip("Run the tasks on what is accepted (T)")
        self.verdict = QLabel()
        self.verdict.setProperty("muted", True)
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self._figures = QGridLayout()
        self._figures.setHorizontalSpacing(24)
        self._figures.setVerticalSpacing(2)
        self.model = TaskModel(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Tasks the proposal was run on")
        self.table.setItemDelegate(DotsDelegate(self.table))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for at, width in _WIDTHS.items():
            self.table.setColumnWidth(at, width)
        head = row(spacing=12)
        head.addWidget(self.chooser, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.verdict, 1, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.test, 0, Qt.AlignmentFlag.AlignTop)
        inside = column(self, spacing=6)
        inside.setContentsMargins(16, 8, 12, 8)
        inside.addLayout(head)
        inside.addLayout(self._figures)
        inside.addWidget(self.table, 1)
        self.setMinimumHeight(_LEAST)
        self.setFocusProxy(self.table)
        self.hide()

    def show_views(self, views: Sequence[TaskView], name: str = "") -> bool:
        """Show one of several views, by default the one that was shown; False if none was run."""
        shown = name or self.shown
        self._views = tuple(views)
        self.chooser.clear()
        self.chooser.addItems([view.title for view in views])
        names = [view.name for view in views]
        self.chooser.setCurrentIndex(names.index(shown) if shown in names else 0)
        self.chooser.setVisible(len(views) > 1)
        self._show_chosen()
        return any(view.gate.table is not None for view in views)

    @property
    def shown(self) -> str:
        """The name of the view that is shown, "" for none."""
        at = self.chooser.currentIndex()
        return self._views[at].name if 0 <= at < len(self._views) else ""

    def show_gate(self, gate: Gate) -> bool:
        """Show what a gate found; False where nothing was run."""
        return self.show_views((TaskView("whole", "Whole proposal", gate),))

    def _chosen(self, _at: int) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        at = self.chooser.currentIndex()
        if not 0 <= at < len(self._views):
            return
        view = self._views[at]
        ran = view.gate.table is not None
        words = f"{gate_words(view.gate)}  ·  " if ran else "Not evaluated. "
        self.verdict.setText(f"{words}{view.why}".strip(" ·"))
        self.test.setVisible(not ran)
        self.table.setVisible(ran)
        self._fill(view.gate)
        self._take_room(_TALL if ran else _LINE)

    def _take_room(self, height: int) -> None:
        """Take as much of the splitter as there is to see; a line says that nothing was run."""
        only_line = height == _LINE
        was_line = self.maximumHeight() == _LINE
        self.setMinimumHeight(0 if only_line else _LEAST)
        self.setMaximumHeight(_LINE if only_line else _ANY)
        split = self.parentWidget()
        if only_line == was_line or not isinstance(split, QSplitter) or not self.isVisible():
            return
        # A splitter does not share out again by itself what a pane may not take any more.
        sizes, at = split.sizes(), split.indexOf(self)
        sizes[0] += sizes[at] - height
        sizes[at] = height
        split.setSizes(sizes)

    def _fill(self, gate: Gate) -> None:
        rows = task_rows(gate)
        self.model.show(rows)
        for at, told in (
            (1, any(one.family for one in rows)),
            (3, any(one.none for one in rows)),
            (7, any(one.cost_before is not None or one.cost_after is not None for one in rows)),
        ):
            self.table.setColumnHidden(at, not told)
        while (item := self._figures.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        for at, figure in enumerate(split_figures(gate)):
            held = " (held out)" if figure.split == gate.held_out else ""
            count = "1 task" if figure.tasks == 1 else f"{figure.tasks} tasks"
            cells = (
                f"{figure.split or 'tasks'}{held}, {count}",
                f"no skill {share_words(figure.none)}",
                f"before {share_words(figure.before)}",
                f"after {share_words(figure.after)}",
            )
            for place, text in enumerate(cells):
                label = QLabel(text)
                label.setTextFormat(Qt.TextFormat.PlainText)
                self._figures.addWidget(label, at, place)
            self._figures.setColumnStretch(len(cells), 1)
