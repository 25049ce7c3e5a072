"""What an apply would do, to the byte, and whether it may, before it is done. Nothing is written.

The page holds rules, approvals, files with both hashes, the commit message, and a tick for each
program, deletion and permission.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QScrollArea, QWidget

from workbench.gui.review.applying.branch_field import BranchField
from workbench.gui.review.applying.files_list import FilesList
from workbench.gui.review.applying.plan import Ask, Plan
from workbench.gui.review.applying.rules_view import ApprovalsView, RulesView, section
from workbench.gui.review.backend import short
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.plain_label import PlainLabel

_MESSAGE_HEIGHT = 150
_SIDE = 16


class ApplyPage(QWidget):
    """``confirmed(Ask)`` asks for the apply, ``left()`` goes back to the changes.

    ``asked(Shown)`` asks for what shows a fact, ``approved(bool)`` to keep or take back the
    reviewer's approval, ``branch_changed(name)`` to look at another branch.
    """

    confirmed = Signal(object)
    left = Signal()
    asked = Signal(object)
    approved = Signal(bool)
    branch_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan: Plan | None = None
        self._busy = False
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.ground = PlainLabel()
        self.branch = BranchField()
        self.branch.changed.connect(self._branch_changed)
        self.branch.name.textEdited.connect(lambda _text: self._enable())
        self.rules = RulesView()
        self.rules.asked.connect(self.asked)
        self.approvals = ApprovalsView()
        self.approvals.said.connect(self.approved)
        self.files = FilesList()
        self.files.itemChanged.connect(lambda _item, _column: self._enable())
        self.message = QPlainTextEdit()
        self.message.setReadOnly(True)
        self.message.setTabChangesFocus(True)
        self.message.setFont(mono_font(0.95))
        self.message.setProperty("field", True)
        self.message.setAccessibleName("Commit message")
        self.message.setMinimumHeight(_MESSAGE_HEIGHT)
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
        self._message_title = section("Commit message")
        body = QWidget()
        inside = column(body, spacing=8)
        inside.setContentsMargins(_SIDE, 12, _SIDE, 8)
        for part in (self.title, self.ground, self.branch, self.rules, self.approvals):
            inside.addWidget(part)
        inside.addSpacing(4)
        inside.addWidget(section("Files"))
        inside.addWidget(self.files)
        inside.addWidget(self._message_title)
        inside.addWidget(self.message, 1)
        inside.addWidget(self.skip_git)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        bar = area.verticalScrollBar()
        # The right edge stays in line with the buttons below, with or without a scroll bar.
        bar.rangeChanged.connect(
            lambda _low, high: inside.setContentsMargins(
                _SIDE, 12, max(_SIDE - bar.width(), 0) if high else _SIDE, 8
            )
        )
        foot = row(spacing=8)
        foot.setContentsMargins(_SIDE, 8, _SIDE, 12)
        foot.addWidget(self._why, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.apply)
        outer = column(self, spacing=0)
        outer.addLayout(self._banner)
        outer.addWidget(area, 1)
        outer.addLayout(foot)

    def show_plan(self, plan: Plan) -> None:
        """Show what would be done; the same content again keeps ticks and focus."""
        before = self._plan
        again = before is not None and (
            (before.decision.proposal, before.content_hash)
            == (plan.decision.proposal, plan.content_hash)
        )
        again = again and self.isVisible()
        self._plan = plan
        count = len(plan.files)
        self.title.setText(f"Apply to {count} file" + ("" if count == 1 else "s"))
        self.ground.setText(
            f"{plan.ground.text}\nReviewed by {plan.decision.reviewer}. "
            f"Content {short(plan.content_hash)}.".strip()
        )
        if not again:
            self.branch.start_anew(plan)
        self.branch.show_plan(plan)
        self.rules.show_plan(plan)
        self.approvals.show_plan(plan)
        self.files.show_plan(plan, keep_ticks=again)
        self.message.setPlainText(plan.message)
        self.message.setVisible(plan.ground.repository)
        self._message_title.setVisible(plan.ground.repository)
        self.skip_git.setVisible(plan.ground.can_skip_git)
        if not again:
            self.skip_git.setChecked(False)
        self.set_busy(False)
        self.show_problem(plan.problem)
        if not again:
            target = self.apply if self.apply.isEnabled() else self._first_to_do()
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
        self._busy = busy
        title = "Apply and commit" if self._plan and self._plan.ground.repository else "Apply"
        self.apply.setText("Applying…" if busy else title)
        self.back.setEnabled(not busy)
        self._enable()

    def go_to_approvals(self) -> None:
        """Bring who approves into sight."""
        self.approvals.approve.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_A and not event.modifiers():
            self.approvals.toggle()
        elif not event.text():
            super().keyPressEvent(event)

    def unticked(self) -> int:
        """Return how many programs, deletions and permissions nobody ticked yet."""
        return self.files.unticked()

    def _first_to_do(self) -> QWidget:
        plan = self._plan
        refused = plan is not None and plan.admission is not None and plan.admission.failed
        return self.rules.list if refused else self.files

    def _branch_changed(self) -> None:
        self._enable()
        if self.branch.branch or not self.branch.on.isChecked():
            self.branch_changed.emit(self.branch.branch)
        elif self._plan is not None:
            self.branch.show_plan(self._plan)

    def _enable(self) -> None:
        plan = self._plan
        if plan is not None:
            why = self._why_not(plan)
            self._why.setText(why)
            self.apply.setEnabled(not why and not self._busy and not self._stopped(plan))

    def _stopped(self, plan: Plan) -> bool:
        """Whether what the banner says forbids it."""
        around = plan.ground.can_skip_git and self.skip_git.isChecked()
        return bool(plan.problem) and not (around and plan.problem == plan.ground.problem)

    def _why_not(self, plan: Plan) -> str:
        broken = len(plan.admission.failed) if plan.admission is not None else 0
        if broken:
            rules = "A rule is" if broken == 1 else f"{broken} rules are"
            return f"{rules} not kept, see above."
        if plan.ground.repository and self.branch.on.isChecked():
            if plan.ground.wrong or not self.branch.branch:
                return "Give the branch another name first."
            if plan.new_branch != self.branch.branch:
                return "Looking at the branch…"
        left = self.unticked()
        if not left:
            return ""
        some = "the marked one" if left == 1 else f"the {left} marked ones"
        return f"Tick {some} first: programs, deletions and permissions are approved one by one."

    def _confirm(self) -> None:
        if self.apply.isEnabled():
            use_git = not (self.skip_git.isVisible() and self.skip_git.isChecked())
            self.confirmed.emit(Ask(use_git, self.branch.branch, self.files.ticked()))
