"""The gate of a proposal: with against without, held-out against seen, before anything else."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from workbench.domain.proposal import Gate
from workbench.evolution.lineage import rates
from workbench.gui.evolution.form_rows import words
from workbench.gui.widgets.layouts import column

_HEADS = ("Tasks", "No skill", "Before", "With it", "Gain")
_SPLITS = {"test": "held out (test)", "val": "val", "train": "train (seen)"}


class GateFigures(QWidget):
    """A table of mean scores by split, and the host's words; hidden where nothing was run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self._flips = words()
        self._reasons = words(muted=True)
        inside = column(self, spacing=6)
        inside.addLayout(self._grid)
        inside.addWidget(self._flips)
        inside.addWidget(self._reasons)

    def show_gate(self, gate: Gate) -> None:
        """Show the figures of a gate."""
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        rows = gate_rows(gate)
        self.setVisible(bool(rows or gate.reasons))
        for at, cells in enumerate((_HEADS, *rows) if rows else ()):
            for place, text in enumerate(cells):
                self._grid.addWidget(_cell(text, place, head=at == 0, first=at == 1), at, place)
        self._flips.setText(flip_words(gate))
        self._flips.setVisible(bool(rows))
        self._reasons.setText("\n".join(gate.reasons))
        self._reasons.setVisible(bool(gate.reasons))
        self.setAccessibleName("; ".join(", ".join(cells) for cells in rows) or "No gate was run")


def gate_rows(gate: Gate) -> list[tuple[str, ...]]:
    """Return one row a split, the one that decided first."""
    splits = [gate.held_out, *(one for one in _SPLITS if one != gate.held_out)]
    found: list[tuple[str, ...]] = []
    for split in splits:
        before, after, n = rates(gate.table, split)
        if not n or before is None or after is None:
            continue
        none, _, _ = rates(gate.against_none, split)
        found.append(
            (
                f"{n} {_SPLITS.get(split, split)}",
                "-" if none is None else f"{none:.2f}",
                f"{before:.2f}",
                f"{after:.2f}",
                f"{after - before:+.2f}",
            )
        )
    return found


def flip_words(gate: Gate) -> str:
    """Say the repairs and regressions on held-out tasks, with p and the flake rate."""
    p = "-" if gate.p_one_sided is None else f"{gate.p_one_sided:.3f}"
    flake = "unknown" if gate.flake_rate is None else f"{gate.flake_rate:.0%}"
    return (
        f"{gate.repairs or 0} repaired, {gate.regressions or 0} broken of {gate.n}; one-sided p "
        f"{p}, flake rate {flake}; rule '{gate.rule}'."
    )


def _cell(text: str, place: int, *, head: bool, first: bool) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("muted", head)
    if place:
        label.setAlignment(Qt.AlignmentFlag.AlignRight)
    if first:
        font = QFont(label.font())
        font.setBold(True)
        label.setFont(font)
    return label
