"""The line above a trace: the way back, its name, and what can be done with all of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QToolButton, QWidget

from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import TracePlace
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import WordButton, link_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import row
from workbench.traces.titles import title_of


class ViewerHeader(QFrame):
    """``left`` asks for the list of traces, ``up_asked`` for the trace that started this one."""

    left = Signal()
    up_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("PanelHeader")
        self._title = ElidedLabel()
        self._title.setProperty("section", False)
        self._errors = Badge("", "error")
        self.up = link_button("Parent trace", self.up_asked.emit)
        self.reading = toggle_button("file-text", "Read the trace as one page", "V")
        self.live = Badge("live", "success")
        self.live.setToolTip("The agent is writing this trace")
        self.live.hide()
        self.follow = toggle_button("arrow-down", "Follow: keep the last step in sight", "F")
        self.by_time = toggle_button("clock", "Time strip along the time", "T")
        line = row(self, spacing=8)
        line.setContentsMargins(8, 4, 12, 4)
        back = WordButton()
        back.setIcon(icon("traces"))
        back.setText("Traces")
        back.setToolTip("Back to the list of traces (Alt+Up)")
        back.setAccessibleName("Back to the list of traces")
        back.clicked.connect(lambda _checked=False: self.left.emit())
        line.addWidget(back)
        line.addWidget(QLabel("›"))
        line.addWidget(self.up)
        line.addWidget(self._title, 1)
        line.addWidget(self.live)
        line.addWidget(self._errors)
        self.tools = row(spacing=4)
        line.addLayout(self.tools)
        self.tools.addWidget(self.follow)
        self.tools.addWidget(self.by_time)
        self.tools.addWidget(self.reading)

    def name(self, place: TracePlace) -> None:
        """Say which trace is shown."""
        one = place.trajectory
        self._title.setText(title_of(one))
        self.up.setVisible(bool(place.way))
        self._errors.set(f"{one.errors} {'error' if one.errors == 1 else 'errors'}", "error")
        self._errors.setVisible(one.errors > 0)


def toggle_button(icon_name: str, name: str, keys: str) -> QToolButton:
    """Return an icon that is on or off; ``name`` is its tip and its name for screen readers."""
    made = QToolButton()
    made.setIcon(icon(icon_name, "text_muted", on="selection_text"))
    made.setCheckable(True)
    made.setToolTip(f"{name} ({keys})")
    made.setAccessibleName(name)
    return made
