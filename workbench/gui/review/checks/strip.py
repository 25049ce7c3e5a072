"""The strip below the diff: what the selection does to format, size, security, links and so on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.gui.review.checks.facts import Change, Told, since, since_line, since_sentence, told
from workbench.gui.review.checks.rows import FACTS, CheckPlace, CheckRow, FactName
from workbench.gui.review.checks.selection import Checked
from workbench.gui.review.flow import Flow
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.badge import TONE_ICONS, Tone
from workbench.gui.widgets.buttons import WordButton
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column

_DETAILS_HEIGHT = 150


class Fact(WordButton):
    """One check in a few words; a press shows the details."""

    def __init__(self, name: FactName, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.setIconSize(QSize(14, 14))
        self.setAutoRaise(True)
        self.setFont(ui_font(0.92))
        self.say("…", "neutral")

    def say(self, text: str, tone: Tone, tip: str = "", changed: str = "") -> None:
        """Show another result; ``changed`` says what of it came and went."""
        said = f"{self.name}: {text}"
        self.setText(said)
        self.setAccessibleName(said)
        sign = TONE_ICONS[tone] or "dot"
        self.setIcon(icon(sign, "text_muted" if tone == "neutral" else tone))
        since_last = f"Since the last selection: {changed}." if changed else ""
        self.setAccessibleDescription(since_last)
        tip = tip or f"{said}. Press for details."
        self.setToolTip("\n".join(one for one in (tip, since_last) if one))


class ChecksStrip(QWidget):
    """Facts in a row; below them what changed, and when asked for every row behind a fact.

    ``tasks_asked()`` asks for the tasks behind the gate, ``place_asked(CheckPlace)`` for the place
    a row is about.
    """

    tasks_asked = Signal()
    place_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = tuple(Fact(name) for name in FACTS)
        (
            self.format_fact,
            self.size_fact,
            self.security_fact,
            self.links_fact,
            self.overlap_fact,
            self.text_fact,
            self.gate_fact,
        ) = self.facts
        #: How many checks were shown.
        self.shown = 0
        self._told: Told | None = None
        self._about = ("", "")
        self._rows: tuple[CheckRow, ...] = ()
        self.state = QLabel()
        self.state.setProperty("muted", True)
        self.state.setMinimumHeight(24)
        self.since = ElidedLabel(between=" · ")
        self.since.setFont(ui_font(0.92))
        self.since.setProperty("muted", True)
        self.since.setContentsMargins(16, 0, 12, 6)
        self.since.setAccessibleName("What changed since the last selection")
        self.since.hide()
        self.details = self._made_details()
        line = Flow(spacing=0)
        line.setContentsMargins(10, 4, 12, 4)
        for fact in self.facts:
            line.addWidget(fact)
            fact.clicked.connect(lambda _checked=False, one=fact: self._pressed(one))
        line.addWidget(self.state)
        outer = column(self, spacing=0)
        outer.addLayout(line)
        outer.addWidget(self.since)
        outer.addWidget(self.details)

    def _made_details(self) -> QTreeWidget:
        details = QTreeWidget()
        details.setAccessibleName("Details of the checks")
        details.setAccessibleDescription("Enter or a click leads to the place a row is about.")
        details.setColumnCount(2)
        details.setHeaderHidden(True)
        details.setRootIsDecorated(False)
        details.setIndentation(12)
        details.setFixedHeight(_DETAILS_HEIGHT)
        details.header().setStretchLastSection(True)
        details.hide()
        # A click is a press in itself; Enter and a double click are "activated".
        details.itemClicked.connect(lambda item, _column: self._lead(item))
        details.itemActivated.connect(lambda item, _column: self._lead(item))
        return details

    def set_busy(self) -> None:
        """Say that the checks are being made; the last ones stay to be seen."""
        self.state.setText("Checking…")

    def show_problem(self, message: str) -> None:
        """Say why the checks could not be made."""
        self.state.setText("")
        self._told = None
        self.since.hide()
        for fact in self.facts:
            fact.say("not checked", "warning", message)

    def show_checked(self, checked: Checked, proposal: str = "") -> None:
        """Show the checks of a selection, and what changed since the last one of the proposal."""
        self.state.setText("")
        now, about = told(checked), (proposal, checked.result.content_hash)
        same_proposal = self._told is not None and self._about[0] == proposal
        again = same_proposal and self._about == about
        changes = since(self._told, now) if self._told is not None and same_proposal else {}
        if not again or changes:
            for fact in self.facts:
                one = now.facts[fact.name]
                change = changes.get(fact.name)
                fact.say(one.text, one.tone, one.tip, change.words if change else "")
            self._tell_since(changes if same_proposal else None)
        self._told, self._about = now, about
        self._fill(now.rows)
        self.shown += 1

    def _tell_since(self, changes: dict[FactName, Change] | None) -> None:
        """Say what changed; None is nothing to compare with."""
        self.since.setVisible(changes is not None)
        if changes is None:
            return
        sentence = since_sentence(changes)
        self.since.setText(since_line(changes))
        self.since.setToolTip(sentence)
        self.since.setAccessibleDescription(sentence)
        if self.isVisible() and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.since, sentence))

    def _pressed(self, fact: Fact) -> None:
        if fact is self.gate_fact:
            self.tasks_asked.emit()
            return
        first = next((at for at, row in enumerate(self._rows) if row.fact == fact.name), -1)
        current = self.details.currentItem()
        shown = self.details.isVisible()
        at_it = current is not None and self._row_of(current).fact == fact.name
        item = self.details.topLevelItem(first)
        if shown and (item is None or at_it):
            self.details.hide()
            return
        self.details.show()
        if item is not None:
            self.details.setCurrentItem(item)
            self.details.scrollToItem(item, QTreeWidget.ScrollHint.PositionAtTop)

    def _row_of(self, item: QTreeWidgetItem) -> CheckRow:
        return self._rows[self.details.indexOfTopLevelItem(item)]

    def _lead(self, item: QTreeWidgetItem) -> None:
        place: CheckPlace | None = self._row_of(item).place
        if place is not None:
            self.place_asked.emit(place)

    def _fill(self, rows: tuple[CheckRow, ...]) -> None:
        self._rows = rows
        self.details.clear()
        tokens = {"check": "success", "error": "error", "warning": "warning", "info": "info"}
        items = []
        for row in rows:
            words = " ".join(row.words.split())
            item = QTreeWidgetItem([row.what, words])
            item.setIcon(0, icon(row.sign, tokens.get(row.sign, "text_muted")))
            item.setToolTip(1, row.words)
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{row.fact}, {row.what}: {words}")
            items.append(item)
        self.details.addTopLevelItems(items)
        self.details.resizeColumnToContents(0)
