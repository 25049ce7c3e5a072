"""The bar that asks what an engine is to be told when it is asked once more."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from workbench.domain.text import counted
from workbench.gui.review.act_bar import ActBar, text_label
from workbench.gui.review.bars import REASON_WORDS
from workbench.gui.review.choices import Choices
from workbench.review.again.ask_again import AskPlan


class AskBar(ActBar):
    """Asks for a comment, and says what else the engine gets. Enter asks it, Esc leaves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Ask again", parent)
        self.plan: AskPlan | None = None
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("What should it do otherwise?")
        self.comment.setAccessibleName("What the engine is told")
        self.comment.textChanged.connect(lambda _text: self._judge())
        self.facts = text_label(muted=True)
        self.inside.addWidget(self.comment)
        self.inside.addWidget(self.facts)
        self._reasons = ""

    @property
    def text(self) -> str:
        """What was written."""
        return self.comment.text().strip()

    def show_reading(self, choices: Choices) -> None:
        """Say that it is being worked out; the comment can be written already."""
        self.plan = None
        self._reasons = reasons_words(choices)
        self.title.setText("Ask the engine again")
        self.facts.setText("Looking up what its run had…")
        self.facts.show()
        self.tell("")
        self.confirm.setEnabled(False)
        self.comment.clear()
        self.show()
        self.comment.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_plan(self, plan: AskPlan) -> None:
        """Ask for the comment, with what the engine gets besides."""
        self.plan = plan
        self.title.setText(f"Ask {plan.engine} again")
        self.facts.setText("" if plan.missing else plan_words(plan, self._reasons))
        self.facts.setVisible(not plan.missing)
        self._judge()

    def _judge(self) -> None:
        plan = self.plan
        if plan is None:
            return
        if plan.missing:
            self.allow(" ".join(plan.missing))
        elif not self.text and not self._reasons:
            self.allow("Write what is not right, or reject a hunk with a reason first.")
        else:
            self.tell(" ".join(plan.notes))
            self.allow("")


def plan_words(plan: AskPlan, reasons: str) -> str:
    """Say what the engine gets besides the comment."""
    recipe = plan.recipe
    traces = f" and {counted(len(recipe.traces), 'trace')}" if recipe.traces else ""
    parts = [f"the same settings{traces}"]
    if recipe.tasks and recipe.runner != "none":
        parts.append("the same tasks, so that what it proposes is gated")
    if reasons:
        parts.append(reasons)
    models = f" It may ask {', '.join(plan.models)}." if plan.models else " It asks no model."
    return f"It gets {', '.join(parts)}.{models}"


def reasons_words(choices: Choices) -> str:
    """Say which reasons go along, "" where none was given."""
    rejected = [one for one in choices.verdicts if one.verdict == "reject"]
    if not rejected:
        return ""
    codes = Counter(one.reason for one in rejected if one.reason)
    said = ", ".join(REASON_WORDS.get(code, code).lower() for code in codes)
    return f"your reasons for {counted(len(rejected), 'rejected hunk')}" + (
        f" ({said})" if said else ""
    )
