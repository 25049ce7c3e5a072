"""What a run may take, and how the host judges what comes of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.domain.job import Budget
from workbench.evaluation.gates import DEFAULT_RULE, RULES
from workbench.evolution.gating import GateChoice
from workbench.evolution.remembered import Remembered
from workbench.gui.evolution.amount_field import AmountField
from workbench.gui.evolution.form_rows import field_row, group, words
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.value_fields import ChoiceBox, NumberBox

_MOST = 2**31 - 1


class LimitsSection(QWidget):
    """Caps, where 0 is none; the gate's rule and its runs; the seed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tokens = _number("Most tokens", step=10_000)
        self.usd = AmountField("Most money, USD", "no limit")
        self.task_runs = _number("Most task runs")
        self.seconds = _number("Most seconds of the engine", step=60)
        self.most = _number("Most proposals", most=10_000)
        self.rule = ChoiceBox("Gate's rule")
        for rule in RULES:
            self.rule.addItem(rule, rule)
        self.rule.setCurrentIndex(self.rule.findData(DEFAULT_RULE))
        self.runs = NumberBox("Runs of each task with a proposal")
        self.runs.setRange(1, 99)
        self.seed = NumberBox("Seed of random choices")
        self.seed.setRange(0, _MOST)
        names = ("Most tokens", "Most money, USD", "Most task runs", "Most seconds of the engine")
        fields = (self.tokens, self.usd, self.task_runs, self.seconds)
        self.budget_box = group(
            "Budget",
            *(field_row(name, field) for name, field in zip(names, fields, strict=True)),
            field_row("Most proposals", self.most),
        )
        self.gate_box = group(
            "Gate",
            words(
                "The host runs each task with the proposal, twice without it and twice with no "
                "skill at all; an engine's own score is never a gate.",
                muted=True,
            ),
            field_row("Rule", self.rule),
            field_row("Runs of each task with a proposal", self.runs),
        )
        self.seed_row = group("Chance", field_row("Seed of random choices", self.seed))
        inside = column(self, spacing=0)
        for box in (self.gate_box, self.budget_box, self.seed_row):
            inside.addWidget(box)
        for number in (self.tokens, self.task_runs, self.seconds, self.most, self.runs, self.seed):
            number.valueChanged.connect(lambda _value: self.changed.emit())
        self.usd.changed.connect(self.changed)
        self.rule.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def budget(self) -> Budget:
        """Return the caps."""
        return Budget(
            wall_s=float(self.seconds.value()) or None,
            evaluations=self.task_runs.value() or None,
            tokens=self.tokens.value() or None,
            usd=self.usd.value(),
            max_proposals=self.most.value() or None,
        )

    def gating(self) -> GateChoice:
        """Return how proposals are gated."""
        return GateChoice(rule=str(self.rule.currentData()), runs=self.runs.value())

    def show_choices(self, kept: Remembered) -> None:
        """Show what was chosen before."""
        self.tokens.setValue(kept.tokens)
        self.usd.set_value(kept.usd or None)
        self.task_runs.setValue(kept.task_runs)
        self.seconds.setValue(kept.seconds)
        self.most.setValue(kept.proposals)
        self.rule.setCurrentIndex(max(0, self.rule.findData(kept.rule or DEFAULT_RULE)))
        self.runs.setValue(kept.runs)
        self.seed.setValue(kept.seed)


def _number(name: str, *, most: int = _MOST, step: int = 1) -> NumberBox:
    box = NumberBox(name)
    box.setRange(0, most)
    box.setSingleStep(step)
    box.setSpecialValueText("no limit")
    return box
