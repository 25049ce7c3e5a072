"""The bar that asks what to test, says what that takes, and shows a test under way."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QProgressBar, QWidget

from workbench.domain.text import counted
from workbench.gui.review.act_bar import ActBar, text_label
from workbench.gui.review.flow import Flow
from workbench.gui.review.testing.planning import Plan, Scope
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import row
from workbench.gui.widgets.marks import RadioButton
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.again.retest import RetestEstimate

_SCOPES: tuple[Scope, ...] = ("selection", "hunks", "both")


class TestBar(ActBar):
    """Asks for a test. 1 to 3 choose what is tested, Enter begins, Esc leaves.

    ``source_chosen(number)`` asks for other tasks, ``set_up()`` for the place where they are
    chosen, ``stopped()`` to stop the test under way.
    """

    __test__ = False  # no case of pytest
    source_chosen = Signal(int)
    set_up = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Test", parent)
        self.plan: Plan | None = None
        self.scopes: dict[Scope, RadioButton] = {}
        self._group = QButtonGroup(self)
        choices = Flow(spacing=16)
        for number, scope in enumerate(_SCOPES, 1):
            button = RadioButton()
            button.setMinimumHeight(24)
            button.setToolTip(f"Key {number}")
            button.toggled.connect(lambda _on: self._say())
            self.scopes[scope] = button
            self._group.addButton(button)
            choices.addWidget(button)
        self.facts = text_label()
        self.sources = ChoiceBox("Which tasks and runner")
        self.sources.activated.connect(self.source_chosen)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the test")
        self.stop = push_button("Stop", self.stopped.emit)
        self.stop.setToolTip("Stop the test; runs that were made are kept")
        self.choose = push_button("Choose in Evolution…", self.set_up.emit)
        means = row(spacing=12)
        means.addWidget(self.facts, 1)
        means.addWidget(self.sources)
        self.inside.addLayout(choices)
        self.inside.addLayout(means)
        self.inside.addWidget(self.progress)
        self.foot.insertWidget(1, self.choose)
        self.foot.insertWidget(2, self.stop)

    @property
    def scope(self) -> Scope:
        """What is to be tested."""
        return next((one for one, button in self.scopes.items() if button.isChecked()), "selection")

    def show_reading(self) -> None:
        """Say that it is being worked out."""
        self.plan = None
        self.title.setText("Test what is selected")
        self.tell("Looking up what was run before…")
        self._show_parts(choices=False, running=False, missing=False)
        self.confirm.setEnabled(False)
        self.show()
        self.cancel.setFocus()

    def show_plan(self, plan: Plan) -> None:
        """Ask what to test, with what that takes."""
        self.plan = plan
        self.title.setText(_title(plan))
        self._show_parts(choices=not plan.missing, running=False, missing=bool(plan.missing))
        names: dict[Scope, str] = {
            "selection": f"1  What is accepted ({counted(plan.chosen, 'hunk')})",
            "hunks": f"2  Each hunk alone ({plan.hunks})",
            "both": "3  Both",
        }
        for scope, button in self.scopes.items():
            button.setText(names[scope])
            button.setVisible(scope in plan.estimates and len(plan.estimates) > 1)
        first: Scope = next(iter(plan.estimates), "selection")
        chosen = self.scope if self.scope in plan.estimates else first
        self.scopes[chosen].setChecked(True)
        self.facts.setText(plan.words)
        self.facts.setVisible(bool(plan.words))
        self.sources.clear()
        self.sources.addItems([title[0].upper() + title[1:] for title in plan.titles])
        self.sources.setCurrentIndex(plan.source)
        self.sources.setVisible(len(plan.titles) > 1)
        self._say()
        self.show()
        target = self.choose if plan.missing else self.scopes[self.scope]
        (target if target.isVisible() else self.confirm).setFocus()

    def show_running(self, text: str, fraction: float | None) -> None:
        """Show a test under way."""
        self._show_parts(choices=False, running=True, missing=False)
        self.tell(text)
        self.progress.setRange(0, 0 if fraction is None else 1000)
        self.progress.setValue(round((fraction or 0.0) * 1000))
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = int(event.text()) if event.text() in ("1", "2", "3") else 0
        button = self.scopes[_SCOPES[number - 1]] if number else None
        if button is not None and button.isVisible():
            button.setChecked(True)
            button.setFocus()
        else:
            super().keyPressEvent(event)

    def _show_parts(self, *, choices: bool, running: bool, missing: bool) -> None:
        for button in self.scopes.values():
            button.setVisible(choices)
        self.facts.setVisible(choices)
        self.sources.setVisible(choices)
        self.progress.setVisible(running)
        self.stop.setVisible(running)
        self.choose.setVisible(missing)
        self.confirm.setVisible(not running and not missing)
        self.cancel.setText("Hide" if running else "Cancel")

    def _say(self) -> None:
        plan = self.plan
        if plan is None:
            return
        if plan.missing:
            self.allow(" ".join(plan.missing))
            return
        estimate = plan.estimates.get(self.scope)
        if estimate is None:
            self.allow("accept a hunk first.")
            return
        self.allow("")
        notes = "".join(f" {note}" for note in plan.notes)
        self.tell(f"{estimate_words(estimate)}{notes}")


def estimate_words(estimate: RetestEstimate) -> str:
    """Say what a test takes."""
    if not estimate.fresh:
        return f"All {estimate.runs:,} task runs were made before: this costs nothing."
    parts = [counted(estimate.fresh, "task run")]
    if estimate.kept:
        parts[0] += f" to make, {estimate.kept:,} kept from earlier"
    if estimate.seconds:
        parts.append(f"about {_duration(estimate.seconds)} of running")
    if estimate.usd:
        parts.append(f"about ${estimate.usd:,.2f}")
    return ", ".join(parts) + "."


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    return f"{seconds:,.0f} seconds" if seconds < 120 else f"{seconds / 60:,.0f} minutes"


def _title(plan: Plan) -> str:
    if not plan.chosen:
        return "Test each hunk alone"
    edited = f", {plan.edited} edited" if plan.edited else ""
    return f"Test {plan.chosen} of {counted(plan.hunks, 'hunk')}{edited}"
