"""A skill as it was when a trace used it, beside what it is now."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from workbench.domain.text import counted
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.usage.then import Then

_HOW = {
    "body": "known by the text in the trace",
    "lines": "known by the lines that were read",
    "time": "by the time of the session alone: it may have been another",
    "unrecorded": "the text in the trace; no version in git has it",
}


class VersionView(QWidget):
    """Two texts side by side with the lines that differ; Escape leads back."""

    left = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.then: Then | None = None
        self.title = ElidedLabel()
        self.before = CodeView("The skill as it was", read_only=True)
        self.after = CodeView("The skill as it is now", read_only=True)
        self._before_title = QLabel()
        self._after_title = QLabel()
        header = QFrame()
        header.setObjectName("PanelHeader")
        header.setFixedHeight(34)
        line = row(header, spacing=8)
        line.setContentsMargins(8, 0, 8, 0)
        line.addWidget(icon_button("undo", "Back to the uses (Escape)", self.left.emit))
        line.addWidget(self.title, 1)
        self.open_button = push_button("Open in the editor", self._open)
        line.addWidget(self.open_button)
        split = SplitView(
            (
                self._side(self._before_title, self.before),
                self._side(self._after_title, self.after),
            ),
            stretch=(1, 1),
        )
        split.setSizes([500, 500])
        inside = column(self, spacing=0)
        inside.addWidget(header)
        inside.addWidget(split, 1)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.left)
        self.setFocusProxy(self.before)
        context.theme_changed.connect(self._refresh)

    def _side(self, title: QLabel, view: CodeView) -> QWidget:
        side = QWidget()
        title.setProperty("section", True)
        title.setContentsMargins(12, 6, 12, 6)
        inside = column(side, spacing=0)
        inside.addWidget(title)
        inside.addWidget(view, 1)
        return side

    def show_then(self, then: Then) -> None:
        """Show what a skill was and is."""
        self.then = then
        version = then.version
        name = then.skill if then.skill != "." else "The skill"
        when = ""
        if version is not None and version.commit:
            when = f"commit {version.commit[:8]} of {version.time[:10]}, “{version.subject}”  ·  "
        self.title.setText(f"{name}  ·  {when}{_HOW.get(then.how, '')}")
        what = "Then" + (" (the text after the front matter)" if then.body_only else "")
        count = f"{counted(len(then.removed), 'line')} gone or changed"
        self._before_title.setText(f"{what}  ·  line {then.line}  ·  {count}")
        self._after_title.setText(f"Now  ·  {counted(len(then.added), 'line')} new or changed")
        self.before.set_text(then.then)
        self.after.set_text(then.now)
        self.before.set_line_colours(
            dict.fromkeys(then.removed, "remove_background")
            | ({then.line: "current_line"} if then.line not in then.removed else {})
        )
        self.after.set_line_colours(dict.fromkeys(then.added, "add_background"))
        self.before.set_marks({then.line: "info"})
        self.after.set_marks({then.now_line: "info"})
        self.before.go_to(then.line)
        self.after.go_to(then.now_line)

    def _open(self) -> None:
        then = self.then
        if then is not None:
            line = then.now_line
            if then.body_only:
                line = 0
            self._context.request_file(then.path, line)

    def _refresh(self) -> None:
        for view in (self.before, self.after):
            view.refresh_colours()
