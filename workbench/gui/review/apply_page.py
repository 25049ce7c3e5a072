"""What an apply would do, to the byte, before it is done. Nothing here writes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from workbench.gui.models.skill_rows import size_text
from workbench.gui.review.backend import Plan, TouchedFile, short
from workbench.gui.theme.fonts import mono_font
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox

_MOST_ROWS = 8
_COLUMNS = ("File", "Before", "After", "Size", "Note")


class ApplyPage(QWidget):
    """Files with both hashes, the commit message, and a tick for each program or deletion.

    ``confirmed(use_git)`` asks for the apply, ``left()`` goes back to the changes.
    """

    confirmed = Signal(bool)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan: Plan | None = None
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.ground = QLabel()
        self.ground.setWordWrap(True)
        self.ground.setTextFormat(Qt.TextFormat.PlainText)
        self.files = QTreeWidget()
        self.files.setAccessibleName("Files that will be written")
        self.files.setHeaderLabels(list(_COLUMNS))
        self.files.setRootIsDecorated(False)
        self.files.setUniformRowHeights(True)
        self.files.itemChanged.connect(lambda _item, _column: self._enable())
        self.message = QPlainTextEdit()
        self.message.setReadOnly(True)
        self.message.setTabChangesFocus(True)
        self.message.setFont(mono_font(0.95))
        self.message.setProperty("field", True)
        self.message.setAccessibleName("Commit message")
        self.skip_git = CheckBox("Write the files without a commit; both versions are kept")
        self.skip_git.toggled.connect(lambda _on: self._enable())
        self._banner = column(spacing=0)
        self._why = QLabel()
        self._why.setWordWrap(True)
        self._why.setProperty("muted", True)
        self.apply = primary_button("Apply", self._confirm)
        self.back = push_button("Back to the changes", self.left.emit)
        self._lay_out()

    def _lay_out(self) -> None:
        foot = row(spacing=8)
        foot.addWidget(self._why, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.apply)
        self._message_title = _section("Commit message")
        inside = column(spacing=8)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.addWidget(self.title)
        inside.addWidget(self.ground)
        inside.addWidget(_section("Files"))
        inside.addWidget(self.files)
        inside.addWidget(self._message_title)
        inside.addWidget(self.message, 1)
        inside.addWidget(self.skip_git)
        inside.addLayout(foot)
        outer = column(self, spacing=0)
        outer.addLayout(self._banner)
        outer.addLayout(inside, 1)

    def show_plan(self, plan: Plan) -> None:
        """Show what would be done."""
        self._plan = plan
        count = len(plan.files)
        self.title.setText(f"Apply to {count} file" + ("" if count == 1 else "s"))
        self.ground.setText(
            f"{plan.ground}\nReviewed by {plan.decision.reviewer}. "
            f"Content {short(plan.content_hash)}.".strip()
        )
        self._fill(plan)
        self.message.setPlainText(plan.message)
        self.message.setVisible(plan.repository)
        self._message_title.setVisible(plan.repository)
        self.skip_git.setVisible(plan.can_skip_git)
        self.skip_git.setChecked(False)
        self.apply.setText("Apply and commit" if plan.repository else "Apply")
        self.show_problem(plan.problem)
        self._enable()
        target = self.apply if self.apply.isEnabled() else self.files
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, message: str) -> None:
        """Say why it cannot be applied, above the files; "" takes that away."""
        while (item := self._banner.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if message:
            self._banner.addWidget(Banner("error", message, closable=False))

    def set_busy(self, busy: bool) -> None:
        """Show that it is being applied."""
        title = "Apply and commit" if self._plan and self._plan.repository else "Apply"
        self.apply.setText("Applying…" if busy else title)
        self.apply.setEnabled(not busy)
        self.back.setEnabled(not busy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif not event.text():
            super().keyPressEvent(event)

    def _fill(self, plan: Plan) -> None:
        self.files.clear()
        for file in plan.files:
            self.files.addTopLevelItem(_item(file))
        header = self.files.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        # As high as its rows, up to a third of the page; the message has the rest.
        rows = min(max(len(plan.files), 1), _MOST_ROWS)
        row_height = max(self.files.sizeHintForRow(0), 24)
        self.files.setFixedHeight(header.sizeHint().height() + rows * row_height + 4)

    def unticked(self) -> int:
        """Return how many programs and deletions nobody ticked yet."""
        items = (self.files.topLevelItem(at) for at in range(self.files.topLevelItemCount()))
        return sum(
            bool(item.flags() & Qt.ItemFlag.ItemIsUserCheckable)
            and item.checkState(0) != Qt.CheckState.Checked
            for item in items
            if item is not None
        )

    def _enable(self) -> None:
        plan = self._plan
        if plan is None:
            return
        left = self.unticked()
        refused = bool(plan.problem) and not (plan.can_skip_git and self.skip_git.isChecked())
        self.apply.setEnabled(not left and not refused)
        self._why.setText(
            f"Tick the {left} marked file{'' if left == 1 else 's'} first: programs and deletions "
            "are approved one by one."
            if left
            else ""
        )

    def _confirm(self) -> None:
        if self.apply.isEnabled():
            self.confirmed.emit(not self.skip_git.isChecked())


def _item(file: TouchedFile) -> QTreeWidgetItem:
    size = "deleted" if file.after is None else size_text(file.size)
    texts = [file.path, short(file.before), short(file.after), size, file.risk]
    item = QTreeWidgetItem(texts)
    item.setToolTip(0, file.path)
    item.setToolTip(1, file.before or "The file does not exist yet.")
    item.setToolTip(2, file.after or "The file is deleted.")
    for number in (1, 2):
        item.setFont(number, mono_font(0.92))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    if file.risk:
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Unchecked)
        item.setIcon(4, icon("warning", "warning"))
    return item


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label
