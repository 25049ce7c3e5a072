"""The Log panel: what the program says about itself."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from workbench.gui.shell.log_tail import LogTail
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row


class LogPanel(QWidget):
    """Follows the log while it is visible."""

    def __init__(self, tail: LogTail, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tail = tail
        self._seen = 0
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(5000)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(mono_font(0.92))
        self.text.setAccessibleName("Log")
        self.text.setPlaceholderText("Nothing was logged in this session.")
        tools = row(spacing=8)
        tools.setContentsMargins(8, 6, 8, 6)
        tools.addStretch(1)
        tools.addWidget(push_button("Copy all", self._copy))
        inside = column(self, spacing=0)
        inside.addWidget(self.text, 1)
        inside.addLayout(tools)
        self._timer = QTimer(self)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self.follow)

    def follow(self) -> None:
        """Take over the lines that came since the last time."""
        self._seen, lines = self._tail.since(self._seen)
        if not lines:
            return
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self.text.appendPlainText("\n".join(lines))
        if at_end:
            bar.setValue(bar.maximum())

    def showEvent(self, event: QShowEvent) -> None:
        self.follow()
        self._timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
