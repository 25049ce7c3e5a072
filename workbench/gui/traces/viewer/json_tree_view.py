"""Large JSON as a tree that unfolds level by level; the value of a node beside it in full."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font
from workbench.gui.traces.viewer.renderers.content import displayable
from workbench.gui.traces.viewer.renderers.json_tree import JsonValue, Level
from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView

Index = QModelIndex | QPersistentModelIndex

#: Rows given to the view at a time, and what its value pane is given at most.
_PAGE = 500
_SHOWN = 200_000
_TOKENS = {"string": "code_string", "number": "code_number", "other": "code_number"}


class _Node:
    """A value in the tree; its inside is decoded when it is first unfolded."""

    __slots__ = ("children", "parent", "row", "value")

    def __init__(self, value: JsonValue, parent: _Node | None, row: int) -> None:
        self.value = value
        self.parent = parent
        self.row = row
        self.children: list[_Node] = []

    @property
    def level(self) -> Level:
        return self.value.level

    def path(self) -> str:
        keys: list[str] = []
        node: _Node | None = self
        while node is not None and node.parent is not None:
            listed = node.parent.value.kind == "list"
            keys.append(f"[{node.value.key}]" if listed else f".{node.value.key}")
            node = node.parent
        return "$" + "".join(reversed(keys))


class JsonTreeModel(QAbstractItemModel):
    """Keys and the beginnings of their values; rows come in pages as they are scrolled to."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._top: _Node | None = None

    def show(self, value: JsonValue | None) -> None:
        """Show another value."""
        self.beginResetModel()
        self._top = None if value is None else _Node(value, None, 0)
        self.endResetModel()

    def node(self, index: Index) -> _Node | None:
        """Return the node of an index; the outermost of none."""
        if not index.isValid():
            return self._top
        found = index.internalPointer()
        return found if isinstance(found, _Node) else None

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own signature
        node = self.node(parent)
        if node is None or not 0 <= row < len(node.children) or not 0 <= column < 2:
            return QModelIndex()
        return self.createIndex(row, column, node.children[row])

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008 - Qt's own signature
        node = self.node(index) if index.isValid() else None
        if node is None or node.parent is None or node.parent.parent is None:
            return QModelIndex()
        return self.createIndex(node.parent.row, 0, node.parent)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        node = self.node(parent)
        return 0 if node is None or parent.column() > 0 else len(node.children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 2

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008 - as above
        node = self.node(parent)
        return node is not None and parent.column() <= 0 and node.value.holds_more

    def canFetchMore(self, parent: Index) -> bool:
        node = self.node(parent)
        return (
            self.hasChildren(parent) and node is not None and len(node.children) < len(node.level)
        )

    def fetchMore(self, parent: Index) -> None:
        node = self.node(parent)
        if node is None:
            return
        first = len(node.children)
        end = min(len(node.level), first + _PAGE)
        if end <= first:
            return
        self.beginInsertRows(parent, first, end - 1)
        node.children += [_Node(node.level[one], node, one) for one in range(first, end)]
        self.endInsertRows()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("Key", "Value")[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        node = self.node(index) if index.isValid() else None
        if node is None:
            return None
        value = node.value
        if role == Qt.ItemDataRole.DisplayRole:
            return displayable(value.key if index.column() == 0 else value.preview())
        if role == Qt.ItemDataRole.ForegroundRole:
            token = "code_key" if index.column() == 0 else _TOKENS.get(value.kind, "text_muted")
            return colour(token)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{node.path()}  ·  {value.size:,} bytes"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{value.key}: {value.preview()}" if index.column() == 0 else value.preview()
        return None


class JsonTreeView(QWidget):
    """The tree, and below it what the selected node says in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = JsonTreeModel(self)
        self.tree = QTreeView()
        self.tree.setModel(self.model)
        self.tree.setAccessibleName("JSON tree")
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(False)
        self.tree.setIndentation(14)
        self.tree.setFont(mono_font(0.95))
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.tree.header().resizeSection(0, 220)
        self.tree.header().setStretchLastSection(True)
        self.place = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.place.setProperty("muted", True)
        self.value = CodeView("Value", read_only=True)
        head = row(spacing=4)
        head.setContentsMargins(12, 4, 8, 4)
        head.addWidget(self.place, 1)
        head.addWidget(icon_button("link", "Copy the path of the value", self.copy_path))
        head.addWidget(icon_button("copy", "Copy the value", self.copy_value))
        below = QWidget()
        inside_below = column(below, spacing=0)
        inside_below.addLayout(head)
        inside_below.addWidget(self.value, 1)
        panes = SplitView((self.tree, below), vertical=True, sizes=(420, 180), stretch=(3, 1))
        column(self, spacing=0).addWidget(panes)
        self.setFocusProxy(self.tree)
        self.tree.selectionModel().currentChanged.connect(lambda *_: self._tell())

    def show_value(self, value: JsonValue) -> None:
        """Show a value; its outermost level is unfolded."""
        self.model.show(value)
        self.model.fetchMore(QModelIndex())
        self.tree.setCurrentIndex(self.model.index(0, 0))
        if self.model.rowCount() == 1:
            self.tree.expand(self.model.index(0, 0))

    def clear(self) -> None:
        """Let the value go."""
        self.model.show(None)
        self.value.clear()

    def copy_path(self) -> None:
        """Put the path of the selected node on the clipboard."""
        node = self._node()
        if node is not None:
            QGuiApplication.clipboard().setText(node.path())

    def copy_value(self) -> None:
        """Put the value of the selected node on the clipboard, a string without its quotes."""
        node = self._node()
        if node is not None:
            QGuiApplication.clipboard().setText(node.value.text())

    def _node(self) -> _Node | None:
        return self.model.node(self.tree.currentIndex())

    def _tell(self) -> None:
        node = self._node() if self.tree.currentIndex().isValid() else None
        if node is None:
            return
        value = node.value
        more = "" if value.size <= _SHOWN else f", the first {_SHOWN:,} are shown"
        self.place.setText(f"{node.path()}  ·  {value.size:,} bytes{more}")
        said = displayable(value.text(_SHOWN)).replace("\x1b", "\u241b")
        lines = [one[: _SHOWN // 20] for one in said.split("\n")]
        self.value.setPlainText("\n".join(lines))
