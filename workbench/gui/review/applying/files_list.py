"""The files an apply would write with both hashes, and what of it wants a tick of its own."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.gui.models.skill_rows import size_text
from workbench.gui.review.applying.plan import Plan, TouchedFile
from workbench.gui.review.backend import short
from workbench.gui.theme.fonts import mono_font
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.marks import MarkDelegate
from workbench.review.rules.confirmations import Confirmation

_MOST_ROWS = 8
_COLUMNS = ("File", "Before", "After", "Size", "Note")
_KEY = Qt.ItemDataRole.UserRole


class FilesList(QTreeWidget):
    """A row a file; permissions that come or change stand below, over the whole width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Files that will be written")
        self.setHeaderLabels(list(_COLUMNS))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # a path is told by both its ends
        self.setItemDelegate(MarkDelegate(self))

    def show_plan(self, plan: Plan, *, keep_ticks: bool = False) -> None:
        """Show files and permissions."""
        kept = set(self.ticked()) if keep_ticks else set()
        row = self.currentIndex().row() if keep_ticks else -1
        self.blockSignals(True)
        self.clear()
        for file in plan.files:
            self.addTopLevelItem(_file_item(file))
        for at, one in enumerate(plan.permissions, len(plan.files)):
            self.addTopLevelItem(_permission_item(one))
            self.setFirstColumnSpanned(at, self.rootIndex(), True)
        for item in self._checkable():
            if item.data(0, _KEY) in kept:
                item.setCheckState(0, Qt.CheckState.Checked)
        if (current := self.topLevelItem(row)) is not None:
            self.setCurrentItem(current)
        self.blockSignals(False)
        header = self.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        # As high as its rows, up to a third of the page; the message has the rest.
        rows = min(max(len(plan.files) + len(plan.permissions), 1), _MOST_ROWS)
        row_height = max(self.sizeHintForRow(0), 20)
        self.setFixedHeight(header.sizeHint().height() + rows * row_height + 4)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keys are: on the first row that wants a tick, else the first of all."""
        super().focusInEvent(event)
        if event.reason() != Qt.FocusReason.MouseFocusReason and not self.selectedItems():
            unticked = (
                item for item in self._checkable() if item.checkState(0) != Qt.CheckState.Checked
            )
            first = next(unticked, self.topLevelItem(0))
            if first is not None:
                self.setCurrentItem(first)

    def ticked(self) -> tuple[str, ...]:
        """Return the keys of what was ticked."""
        return tuple(
            str(item.data(0, _KEY))
            for item in self._checkable()
            if item.checkState(0) == Qt.CheckState.Checked
        )

    def unticked(self) -> int:
        """Return how many nobody ticked yet."""
        return sum(item.checkState(0) != Qt.CheckState.Checked for item in self._checkable())

    def _checkable(self) -> Iterator[QTreeWidgetItem]:
        for at in range(self.topLevelItemCount()):
            item = self.topLevelItem(at)
            if item is not None and item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                yield item


def _file_item(file: TouchedFile) -> QTreeWidgetItem:
    size = "deleted" if file.after is None else size_text(file.size)
    note = file.confirm.why if file.confirm is not None else ""
    item = QTreeWidgetItem([file.path, short(file.before), short(file.after), size, note])
    item.setToolTip(0, file.path)
    item.setToolTip(1, file.before or "The file does not exist yet.")
    item.setToolTip(2, file.after or "The file is deleted.")
    item.setToolTip(4, note)
    for number in (1, 2):
        item.setFont(number, mono_font(0.92))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    if file.confirm is not None:
        _make_checkable(item, file.confirm)
        item.setIcon(4, icon("warning", "warning", selected="selection_text"))
    return item


def _permission_item(one: Confirmation) -> QTreeWidgetItem:
    words = f"{one.path}: {one.why}" if one.path else one.why
    item = QTreeWidgetItem([words])
    item.setToolTip(0, words)
    item.setIcon(0, icon("warning", "warning", selected="selection_text"))
    _make_checkable(item, one)
    return item


def _make_checkable(item: QTreeWidgetItem, one: Confirmation) -> None:
    item.setData(0, _KEY, one.key)
    item.setFlags(
        Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
    )
    item.setCheckState(0, Qt.CheckState.Unchecked)
