"""Where the commit goes: the current branch, or a new one with a name."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget

from workbench.gui.review.applying.plan import Plan
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.pause import single_shot

_PAUSE_MS = 300


class BranchField(QWidget):
    """A tick and a name; ``changed()`` tells that another branch is asked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.on = CheckBox("Commit on a new branch")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new branch")
        self.wrong = QLabel()
        self.wrong.setWordWrap(True)
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.wrong.setProperty("wrong", True)
        self._later = single_shot(self, _PAUSE_MS, self.changed.emit)
        self.on.toggled.connect(self._toggled)
        self.name.textEdited.connect(lambda _text: self._later.start())
        line = row(spacing=8)
        line.addWidget(self.on)
        line.addWidget(self.name, 1)
        inside = column(self, spacing=2)
        inside.addLayout(line)
        inside.addWidget(self.wrong)

    @property
    def branch(self) -> str:
        """The new branch that is asked for, "" for the current one."""
        return self.name.text().strip() if self.on.isChecked() else ""

    @property
    def waiting(self) -> bool:
        """Whether the name was changed and is not looked at yet."""
        return self._later.isActive()

    def start_anew(self, plan: Plan) -> None:
        """Show another proposal: its name is proposed and the current branch is chosen."""
        self.on.blockSignals(True)
        self.on.setChecked(bool(plan.new_branch))
        self.on.blockSignals(False)
        self.name.setText(plan.new_branch or plan.proposed)
        self.name.setVisible(self.on.isChecked())

    def show_plan(self, plan: Plan) -> None:
        """Show what is wrong with the branch."""
        current = plan.ground.branch
        self.on.setToolTip(
            f"Made from {current or 'HEAD'}; the work tree is switched to it, "
            f"{current or 'what was checked out'} stays where it is"
        )
        self.setVisible(plan.ground.repository)
        empty = self.on.isChecked() and not self.branch
        said = "Give the branch a name." if empty else plan.ground.wrong
        self.wrong.setText(said)
        self.wrong.setVisible(bool(said))

    def go_to(self) -> None:
        """Ask for a new branch and put the cursor in its name."""
        self.on.setChecked(True)
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        self.name.selectAll()

    def _toggled(self, on: bool) -> None:
        self.name.setVisible(on)
        if on:
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()
