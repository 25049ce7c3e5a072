"""Beside the findings: what a skill says it does, what it does, and what was not read."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QStackedWidget, QWidget

from workbench.domain.finding import SkillScan
from workbench.gui.security.scan_record import is_declared
from workbench.gui.security.skill_table import VERDICT_TONES
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row

_MOST = 200


class SkillFacts(QWidget):
    """Capabilities declared and observed, and coverage, of one skill."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = QLabel()
        self._name.setProperty("heading", True)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._verdict, self._reach = Badge(), Badge()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(6)
        self._coverage = QLabel()
        self._coverage.setWordWrap(True)
        self._coverage.setTextFormat(Qt.TextFormat.PlainText)
        self._coverage.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("No skill selected", "Select one skill in the table.", icon="security")
        )
        self._stack.addWidget(self._page())
        column(self, spacing=0).addWidget(self._stack)

    def show_scan(self, scan: SkillScan | None) -> None:
        """Show another skill, or none."""
        self._stack.setCurrentIndex(0 if scan is None else 1)
        if scan is None:
            return
        self._name.setText(scan.name)
        self._verdict.set(scan.verdict, VERDICT_TONES[scan.verdict])
        self._reach.set(f"{scan.reach} reach", "neutral")
        self._show_capabilities(scan)
        self._coverage.setText(_coverage_words(scan))

    def _show_capabilities(self, scan: SkillScan) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        for place, title in enumerate(("Capability", "Declared", "Observed")):
            self._grid.addWidget(_text(title, muted=True), 0, place)
        names = dict.fromkeys([*scan.capabilities.observed, *scan.capabilities.declared])
        for line, name in enumerate(list(names)[:_MOST], start=1):
            observed = name in scan.capabilities.observed
            declared = is_declared(name, scan.capabilities)
            self._grid.addWidget(_text(name), line, 0)
            said: QWidget = _text("yes") if declared else _text("–", muted=True)
            if observed and not declared:
                said = Badge("not declared", "warning")
            self._grid.addWidget(said, line, 1)
            self._grid.addWidget(_text("yes" if observed else "–", muted=not observed), line, 2)
        if not names:
            self._grid.addWidget(_text("None declared, none observed.", muted=True), 1, 0, 1, 3)
        self._grid.setColumnStretch(3, 1)

    def _page(self) -> QWidget:
        body = QWidget()
        inside = column(body, spacing=8)
        inside.setContentsMargins(16, 12, 16, 12)
        head = row(spacing=8)
        head.addWidget(self._name)
        head.addWidget(self._verdict)
        head.addWidget(self._reach)
        head.addStretch(1)
        inside.addLayout(head)
        inside.addSpacing(4)
        inside.addWidget(_section("Capabilities"))
        inside.addLayout(self._grid)
        inside.addSpacing(8)
        inside.addWidget(_section("What was read"))
        inside.addWidget(self._coverage)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        return area


def _coverage_words(scan: SkillScan) -> str:
    coverage = scan.coverage
    parts = []
    for words, paths in (
        ("Read in full", coverage.inspected),
        ("Read in part", coverage.partial),
        ("Not read: no scanner can look into it", coverage.opaque),
    ):
        if paths:
            more = f" and {len(paths) - _MOST} more" if len(paths) > _MOST else ""
            parts.append(f"{words} ({len(paths)}): {', '.join(paths[:_MOST])}{more}")
    return "\n".join(parts) or "Nothing was read."


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def _text(text: str, *, muted: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    label.setProperty("muted", muted)
    return label
