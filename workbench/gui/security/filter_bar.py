"""The row above the findings: words, severity, category, scanner, suppressed ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.domain.finding import LEVELS, Finding
from workbench.gui.security.finding_filter import FindingFilter
from workbench.gui.widgets.layouts import row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.value_fields import ChoiceBox


class FilterBar(QWidget):
    """Emits ``changed`` with every choice."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = SearchField("Filter…")
        self.words.setAccessibleName("Filter findings")
        self.least = ChoiceBox("Least severity")
        self.least.addItem("Any severity", "info")
        for level in LEVELS[1:]:
            name = level.capitalize()
            self.least.addItem(name if level == LEVELS[-1] else f"{name} and above", level)
        self.category = ChoiceBox("Category")
        self.plugin = ChoiceBox("Scanner")
        for box in (self.category, self.plugin):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(11)
        self.suppressed = CheckBox("Suppressed")
        line = row(self, spacing=6)
        line.setContentsMargins(8, 6, 8, 6)
        line.addWidget(self.words, 1)
        for part in (self.least, self.category, self.plugin, self.suppressed):
            line.addWidget(part)
        self.words.searched.connect(lambda _text: self.changed.emit())
        for box in (self.least, self.category, self.plugin):
            box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        self.suppressed.toggled.connect(lambda _on: self.changed.emit())
        self.offer(())

    def offer(self, findings: Iterable[Finding]) -> None:
        """Offer the categories and scanners there are; what was chosen stays where it can."""
        found = tuple(findings)
        _fill(self.category, "Any category", sorted({one.category for one in found}))
        plugins = sorted({one.plugin for one in found if one.plugin})
        _fill(self.plugin, "Any scanner", plugins)
        self.plugin.setVisible(len(plugins) > 1)
        count = sum(one.suppressed is not None for one in found)
        self.suppressed.setText(f"Suppressed ({count})" if count else "Suppressed")

    def wanted(self) -> FindingFilter:
        """Return what is looked for."""
        return FindingFilter(
            words=self.words.text(),
            least=self.least.currentData(),
            category=self.category.currentData() or "",
            plugin=self.plugin.currentData() or "",
            suppressed=self.suppressed.isChecked(),
        )

    def clear(self) -> None:
        """List everything but what was suppressed."""
        self.words.clear()
        for box in (self.least, self.category, self.plugin):
            box.setCurrentIndex(0)


def _fill(box: QComboBox, everything: str, names: Sequence[str]) -> None:
    if [box.itemData(place) for place in range(1, box.count())] == list(names) and box.count():
        return
    chosen = box.currentData()
    blocked = box.blockSignals(True)
    box.clear()
    box.addItem(everything, "")
    for name in names:
        box.addItem(name, name)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(blocked)
