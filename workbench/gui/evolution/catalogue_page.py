"""The published engines: what each does, needs and costs, and whether it is here."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QWidget

from workbench.evolution.catalogue import CatalogueRow, catalogue, matching
from workbench.gui.evolution.form_rows import words
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.buttons import primary_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines
from workbench.plugin.manifest import words_for_need

_HEADS = {
    "here": "Here: run by a plugin",
    "importer": "Finished runs are imported",
    "missing": "Not here",
}
_LEVELS = {
    "code": "its published code",
    "docs": "its documentation",
    "paper": "its paper alone",
}
_WIDEST = 640


class CataloguePage(QWidget):
    """A search, the list, and the selected engine. ``use_wanted`` brings the id of a plugin."""

    use_wanted = Signal(str)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: tuple[CatalogueRow, ...] = ()
        self.search = SearchField("Search engines, papers, needs…")
        self.list = TwoLineList("Published engines", lambda row: row.card.id, headings=True)
        self._name, self._summary, self._state = words(heading=True), words(), words()
        self._facts = QGridLayout()
        self.use = primary_button("Set up a run with it", self._use)
        self._lay_out()
        self.search.searched.connect(lambda _text: self._show())
        self.search.left_downwards.connect(self.list.setFocus)
        self.list.chosen.connect(self._choose)
        self.list.opened.connect(lambda _row: self._use())
        self.setFocusProxy(self.search)

    def refresh(self, available: Collection[str]) -> None:
        """Read again what is here and what could run now."""
        self._rows = catalogue(self._context.plugins.plugins, available)
        self._show()

    def _show(self) -> None:
        found = matching(self._rows, self.search.text())
        lines: list[tuple[TwoLines, object]] = []
        for presence, heading in _HEADS.items():
            members = [row for row in found if row.presence == presence]
            if members:
                lines.append((TwoLines(f"{heading}  {len(members)}", heading=True), None))
                lines += [(_lines(row), row) for row in members]
        self.list.show_rows(lines)
        self._stack.setCurrentIndex(0 if lines else 1)
        if lines and self.list.current() is None:
            self.list.select_first()

    def _choose(self, row: CatalogueRow) -> None:
        card = row.card
        self._name.setText(card.name)
        self._summary.setText(card.summary)
        self._state.setText(row.words)
        needs = [words_for_need(need) for need in card.needs]
        facts = (
            ("Needs", "; ".join(needs) or "nothing"),
            ("Missing now", "; ".join(row.missing)),
            ("Cost", card.formula),
            ("Paper", card.paper),
            ("Homepage", card.homepage),
            ("Licence", card.licence),
            ("Known from", _LEVELS[card.level]),
            ("Plugin here", row.plugin),
        )
        while (item := self._facts.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for number, (label, text) in enumerate(one for one in facts if one[1]):
            name, value = words(label, muted=True), words(text)
            name.setWordWrap(False)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            self._facts.addWidget(value, number, 1)
        self._facts.setColumnStretch(1, 1)
        self.use.setVisible(bool(row.plugin))

    def _use(self) -> None:
        row = self.list.current()
        if row is not None and row.plugin:
            self.use_wanted.emit(row.plugin)

    def _lay_out(self) -> None:
        left = QWidget()
        left.setMinimumWidth(280)
        lines = column(left, spacing=0)
        head = column(spacing=0)
        head.setContentsMargins(8, 8, 8, 8)
        head.addWidget(self.search)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(
            EmptyState("No engine fits", "Search for a name, a paper or a need.", icon="search")
        )
        lines.addLayout(head)
        lines.addWidget(self._stack, 1)
        right = QWidget()
        outer = column(right, spacing=8)
        outer.setContentsMargins(24, 20, 24, 20)
        for label in (self._name, self._summary, self._state):
            label.setMaximumWidth(_WIDEST)
            outer.addWidget(label)
        self._facts.setHorizontalSpacing(20)
        self._facts.setVerticalSpacing(6)
        outer.addSpacing(8)
        outer.addLayout(self._facts)
        outer.addSpacing(8)
        outer.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addStretch(1)
        column(self, spacing=0).addWidget(
            SplitView((left, right), sizes=(420, 520), stretch=(1, 1))
        )


def _lines(row: CatalogueRow) -> TwoLines:
    badge: tuple[str, Tone] = ("paper only", "neutral")
    lacking = bool(row.missing) or row.presence == "missing"
    return TwoLines(
        title=row.card.name,
        detail=row.words if row.presence == "here" else row.card.summary,
        badges=(badge,) if row.card.level == "paper" else (),
        icon="lock" if lacking else "evolution",
        token="text_muted" if lacking else "accent",
        faint=lacking,
        tip=f"{row.card.summary}\n{row.words}",
    )
