"""The uses behind a figure: each leads to its step, and to the skill as it was then."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QWidget

from workbench.gui.theme.icons import icon
from workbench.gui.traces.usage.usage_rows import use_detail, use_tip, use_title
from workbench.gui.widgets.detail_row import DetailRow
from workbench.usage.sessions import Use
from workbench.usage.versions import SkillVersions

_USE = Qt.ItemDataRole.UserRole
_DETAIL = Qt.ItemDataRole.UserRole + 1
#: More are counted and not listed.
MOST = 1000
_SIGNS = {
    "load_failed": ("error", "error"),
    "dropped": ("warning", "warning"),
    "missed": ("hint", "text_muted"),
    "edited": ("edit", "text_muted"),
    "script_run": ("terminal", "data_4"),
    "resource_read": ("file-text", "data_4"),
    "listed": ("dot", "text_muted"),
}


class UseList(QListWidget):
    """Enter or a click opens the step, Ctrl+Enter the skill as it was."""

    step_asked = Signal(object)
    then_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Uses of the skill")
        self.setItemDelegate(DetailRow(_DETAIL, self, height=28))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._offer)
        for used in (self.itemActivated, self.itemDoubleClicked):
            used.connect(lambda item: self.step_asked.emit(item.data(_USE)))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _asks_then(event):
            event.accept()  # here the keys are ours, whatever the window does with them
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _asks_then(event):
            self.ask_then()
        else:
            super().keyPressEvent(event)

    def show_uses(self, uses: Sequence[Use], versions: SkillVersions | None = None) -> None:
        """Show other uses, the first ``MOST`` of them, of a skill with these versions."""
        self.clear()
        for use in uses[:MOST]:
            sign = _SIGNS.get(use.kind, ("spark", "data_4"))
            item = QListWidgetItem(icon(*sign, on="selection_text"), use_title(use))
            item.setData(_DETAIL, use_detail(use, versions))
            item.setData(_USE, use)
            item.setToolTip(use_tip(use))
            self.addItem(item)
        if self.count():
            self.setCurrentRow(0)

    def current(self) -> Use | None:
        """Return the selected use."""
        row = self.currentRow()
        found: Use | None = self.item(row).data(_USE) if row >= 0 else None
        return found

    def ask_step(self) -> None:
        """Ask for the step of the selected use."""
        use = self.current()
        if use is not None:
            self.step_asked.emit(use)

    def ask_then(self) -> None:
        """Ask for the skill as it was at the selected use."""
        use = self.current()
        if use is not None:
            self.then_asked.emit(use)

    def _offer(self, place: QPoint) -> None:
        if self.current() is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, keys, run in (
            ("Open the step", "Return", self.ask_step),
            ("Open the skill’s line that was in force", "Ctrl+Return", self.ask_then),
        ):
            action = QAction(words, menu)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(lambda _checked=False, run=run: run())
            menu.addAction(action)
        menu.popup(self.viewport().mapToGlobal(place))


def _asks_then(event: QEvent) -> bool:
    """Whether the keys are Ctrl+Enter."""
    if not isinstance(event, QKeyEvent):
        return False
    control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    return bool(control) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
