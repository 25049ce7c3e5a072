"""A part of a step in a view of its own: a tree, a table, a picture; Esc leads back to the step."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.domain.text import counted
from workbench.gui.traces.viewer.json_tree_view import JsonTreeView
from workbench.gui.traces.viewer.pictures import PictureView
from workbench.gui.traces.viewer.renderers.content import Table
from workbench.gui.traces.viewer.renderers.json_tree import JsonValue
from workbench.gui.traces.viewer.table_view import WholeTable
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row


class WholeView(QWidget):
    """``left`` asks for the step again."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel()
        self.title.setProperty("muted", True)
        self.tree = JsonTreeView()
        self.table = WholeTable()
        self.picture = PictureView()
        self._stack = QStackedWidget()
        for view in (self.tree, self.table, self.picture):
            self._stack.addWidget(view)
        head = row(spacing=8)
        head.setContentsMargins(12, 6, 8, 6)
        head.addWidget(push_button("Back to the step", self.leave))
        head.addWidget(self.title, 1)
        inside = column(self, spacing=0)
        inside.addLayout(head)
        inside.addWidget(self._stack, 1)
        back = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self.leave)

    def show_tree(self, name: str, value: JsonValue) -> None:
        """Show JSON as a tree."""
        self.tree.show_value(value)
        self._show(self.tree, f"{name}  ·  {value.size:,} bytes")

    def show_table(self, name: str, table: Table) -> None:
        """Show all rows of a table."""
        self.table.show_table(table)
        more = f"  ·  {table.more:,} more rows are not shown" if table.more else ""
        rows, columns = len(table.rows), len(table.columns)
        self._show(
            self.table, f"{name}  ·  {counted(rows, 'row')}, {counted(columns, 'column')}{more}"
        )

    def show_picture(self, name: str, image: QImage) -> None:
        """Show a picture in its own size."""
        self.picture.show_image(image)
        self._show(self.picture, f"{name}  ·  {image.width():,} × {image.height():,} pixels")

    def leave(self) -> None:
        """Let what is shown go, and go back."""
        self.tree.clear()
        self.table.show_table(Table((), ()))
        self.picture.show_image(None)
        self.left.emit()

    def _show(self, view: QWidget, title: str) -> None:
        self._stack.setCurrentWidget(view)
        self.title.setText(title)
        self.setFocusProxy(view)
        view.setFocus()
