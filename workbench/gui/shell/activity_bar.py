"""The bar at the left: one button an activity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QWidget

from workbench.gui.shell.activities import Activity
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.layouts import column

_WIDTH = 76


class ActivityBar(QFrame):
    """Buttons with icon and name; Ctrl+1 to Ctrl+6 do the same."""

    chosen = Signal(str)

    def __init__(self, activities: Sequence[Activity], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ActivityBar")
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName("Activities")
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        inside = column(self, spacing=0)
        inside.setContentsMargins(0, 4, 1, 4)
        for number, activity in enumerate(activities, start=1):
            button = QToolButton()
            button.setText(activity.title)
            button.setIcon(icon(activity.icon, "text_muted", on="accent"))
            button.setIconSize(QSize(24, 24))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setCheckable(True)
            button.setFixedSize(_WIDTH - 1, 60)
            button.setAccessibleName(activity.title)
            button.setToolTip(f"{activity.title} (Ctrl+{number})\n{activity.tip}")
            button.clicked.connect(lambda _checked=False, name=activity.id: self.chosen.emit(name))
            self._group.addButton(button)
            inside.addWidget(button)
            self.buttons[activity.id] = button
        inside.addStretch(1)

    def set_current(self, activity_id: str) -> None:
        """Mark an activity as the one in front; "" marks none."""
        self._group.setExclusive(False)
        for name, button in self.buttons.items():
            button.setChecked(name == activity_id)
        self._group.setExclusive(True)
