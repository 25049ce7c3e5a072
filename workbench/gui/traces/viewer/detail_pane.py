"""The right side of the viewer: the selected step, with jumps above it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.step_marks import Mark
from workbench.gui.traces.viewer.header import toggle_button
from workbench.gui.traces.viewer.step_reader import StepReader
from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row

_JUMPS = (
    ("error", "Go to next error", "E", Mark.ERROR),
    ("user", "Go to next prompt", "U", Mark.PROMPT),
    ("spark", "Go to next skill event", "S", Mark.SKILL),
)


class DetailPane(QWidget):
    """``jump_asked(mark)`` and ``number_typed(step)`` ask for another step.

    ``link_asked`` asks for a link to it.

    ``below_tools`` is the layout for bars between the tools and the text.
    """

    jump_asked = Signal(object)
    number_typed = Signal(int)
    link_asked = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reader = StepReader(context)
        self.title = ElidedLabel(between=" · ")
        self.title.setProperty("muted", True)
        self.number = QLineEdit()
        self.number.setPlaceholderText("Step")
        self.number.setAccessibleName("Go to step number")
        self.number.setToolTip("Go to step (G)")
        self.number.setFixedWidth(64)
        self.number.setValidator(QIntValidator(0, 99_999_999, self))
        self.number.returnPressed.connect(self._typed)
        self.raw = toggle_button("file", "Show the records as they are in the file", "R")
        self.raw.toggled.connect(self.reader.set_raw)
        tools = row(spacing=4)
        tools.setContentsMargins(12, 8, 8, 8)
        tools.addWidget(self.title, 1)
        for sign, words, keys, mark in _JUMPS:
            tools.addWidget(
                icon_button(sign, words, partial(self.jump_asked.emit, mark), shortcut=keys)
            )
        tools.addWidget(self.number)
        tools.addWidget(self.raw)
        tools.addWidget(
            icon_button("link", "Copy a link to the step", self.link_asked.emit, shortcut="L")
        )
        tools.addWidget(
            icon_button("copy", "Copy the raw record", self.reader.copy_raw, shortcut="C")
        )
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        self.below_tools = column(spacing=0)
        inside.addLayout(self.below_tools)
        inside.addWidget(rule())
        inside.addWidget(self.reader, 1)
        self.setMinimumWidth(320)

    def _typed(self) -> None:
        if self.number.text():
            step = int(self.number.text())
            self.number.clear()
            self.number_typed.emit(step)


def rule() -> QFrame:
    """Return a line between two parts."""
    line = QFrame()
    line.setObjectName("PanelHeader")
    line.setFixedHeight(1)
    return line
