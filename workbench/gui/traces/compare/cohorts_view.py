"""Two groups of sessions side by side; every figure leads to the sessions it counts."""

from __future__ import annotations

from functools import partial

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.compare.export import ask_report
from workbench.gui.traces.compare.group_rows import (
    GroupRow,
    SessionRow,
    caveats,
    group_rows,
    sessions_behind,
)
from workbench.gui.traces.compare.group_table import FiguresModel, PlainTable, SessionsModel
from workbench.gui.traces.compare.groups import (
    KINDS,
    Gathered,
    Key,
    Kind,
    compared,
    gathered,
    key_of,
)
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.usage.cohort_report import cohort_report
from workbench.usage.cohorts import CohortComparison, member_of

_FIGURES = (220, 0, 0, 0, 70)
_SESSIONS = (220, 0, 160, 180, 150)
_HAND = ("neither", "first set", "second set")


class CohortsView(QWidget):
    """What divides the sessions on top, then caveats, figures, and the sessions behind a figure.

    ``session_chosen(path, id)`` asks for a session.
    """

    session_chosen = Signal(str, str)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._gathered: Gathered | None = None
        self._found: CohortComparison | None = None
        self._hand: dict[Key, int] = {}
        self._turn = 0
        self.kind = ChoiceBox("What divides the sessions")
        for _, title, _ in KINDS:
            self.kind.addItem(title)
        self.value = ChoiceBox("Value to divide by")
        self.figures_model = FiguresModel(self)
        self.figures = PlainTable(
            "Figures of both groups", self.figures_model, _FIGURES, cells=True
        )
        self.sessions_model = SessionsModel(self)
        self.sessions = PlainTable(
            "Sessions behind the figure", self.sessions_model, _SESSIONS, cells=False
        )
        self.caveats = QLabel()
        self.caveats.setWordWrap(True)
        self.caveats.setAccessibleName("What to keep in mind")
        self.heading = QLabel()
        self.heading.setProperty("section", True)
        self.none = EmptyState("Nothing to divide by", "", icon="columns")
        self.nothing = EmptyState(
            "No traces are open",
            "Open the sessions of an agent to compare groups of them.",
            action=("Open traces…", lambda: context.commands.run("file.open_traces")),
            icon="columns",
        )
        self._hand_buttons = QWidget()
        self._body = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self.setFocusProxy(self.kind)
        self.kind.currentIndexChanged.connect(lambda _n: self._list_values())
        self.value.currentIndexChanged.connect(lambda _n: self._compare())
        self.figures.selectionModel().currentChanged.connect(lambda *_: self._list_sessions())
        self.sessions.opened.connect(self._open)
        self.sessions.typed.connect(lambda text: self._assign(int(text)))

    def _lay_out(self) -> None:
        line = row(self._hand_buttons, spacing=4)
        for group, title in ((1, "First set (1)"), (2, "Second set (2)"), (0, "Neither (0)")):
            line.addWidget(push_button(title, partial(self._assign, group)))
        page = QWidget()
        inside = column(page, spacing=0)
        inside.addLayout(self._tools())
        self.caveats.setContentsMargins(12, 0, 12, 8)
        lower = QWidget()
        below = column(lower, spacing=0)
        head = row(spacing=8)
        head.setContentsMargins(12, 6, 12, 6)
        head.addWidget(self.heading, 1)
        head.addWidget(self._hand_buttons)
        below.addLayout(head)
        below.addWidget(self.sessions, 1)
        upper = QWidget()
        above = column(upper, spacing=0)
        above.addWidget(self.caveats)
        above.addWidget(self.figures, 1)
        self._body.addWidget(upper)
        self._body.addWidget(self.none)
        split = SplitView((self._body, lower), vertical=True, sizes=(440, 220), stretch=(3, 2))
        inside.addWidget(split, 1)
        self._stack.addWidget(page)
        self._stack.addWidget(self.nothing)
        column(self, spacing=0).addWidget(self._stack)

    def _tools(self) -> QHBoxLayout:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.kind)
        self.value.setMinimumWidth(200)
        tools.addWidget(self.value, 1)
        tools.addStretch(1)
        tools.addWidget(icon_button("save", "Save a report of the groups…", self.export))
        return tools

    # What is asked of the view

    @property
    def found(self) -> CohortComparison | None:
        """The comparison that is shown."""
        return self._found

    def read(self) -> None:
        """Take over what is open now, when it can be seen."""
        context = self._context
        self._stack.setCurrentIndex(0 if context.traces else 1)
        if not context.traces:
            self._gathered = self._found = None
            return
        if not self.isVisible():
            self._gathered = None
            return
        self._turn += 1
        turn = self._turn

        def done(found: Gathered) -> None:
            if turn == self._turn:
                self._gathered = found
                self._list_values()

        desk = context.annotations
        context.spawn_thread(
            gathered,
            context.traces,
            context.library,
            desk.all,
            desk.attached,
            context.folders.prices_file,
            on_done=done,
            owner=self,
        )

    def divide_by(self, kind: Kind, value: str = "") -> None:
        """Choose a division, and a value where it has that one."""
        self.kind.setCurrentIndex(next(n for n, (name, _, _) in enumerate(KINDS) if name == kind))
        number = self.value.findData(value)
        if number >= 0:
            self.value.setCurrentIndex(number)

    def export(self) -> None:
        """Ask where the report goes and write it."""
        found = self._found
        if found is None:
            self._context.notify.info("There is no comparison to save yet.", replace="comparison")
            return

        def document() -> dict[str, object]:
            schema = {"schema": "skill-workbench/trace-cohorts/1"}
            return {**schema, **msgspec.to_builtins(found)}

        both = (lambda: cohort_report(found), document)
        ask_report(self._context, self, both, "groups")

    # Inside

    @property
    def _kind(self) -> Kind:
        return KINDS[max(0, self.kind.currentIndex())][0]

    def _list_values(self) -> None:
        if self._gathered is None:
            return
        before = self.value.currentData()
        choices = self._gathered.choices(self._kind)
        self.value.blockSignals(True)
        self.value.clear()
        for one in choices:
            self.value.addItem(one.title, one.value)
        self.value.setCurrentIndex(max(0, self.value.findData(before)) if choices else -1)
        self.value.blockSignals(False)
        hand = self._kind == "hand"
        self.value.setVisible(bool(choices))
        self._hand_buttons.setVisible(hand)
        if choices or hand:
            self._compare()
        else:
            self._turn += 1
            self._found = None
            self.none.set_texts("Nothing to divide by", KINDS[self.kind.currentIndex()][2])
            self._body.setCurrentIndex(1)
            self.sessions_model.show((), ("", ""), "")
            self.heading.setText("")

    def _compare(self) -> None:
        known = self._gathered
        if known is None:
            return
        sets = [frozenset(key for key, group in self._hand.items() if group == n) for n in (1, 2)]
        if self._kind == "hand" and not all(sets):
            self._ask_by_hand(known)
            return
        self._turn += 1
        turn = self._turn

        def done(found: CohortComparison) -> None:
            if turn == self._turn:
                self._show(found)

        value = self.value.currentData() or ""
        self._context.spawn_thread(
            compared, known, self._kind, value, *sets, on_done=done, owner=self
        )

    def _ask_by_hand(self, known: Gathered) -> None:
        self._turn += 1
        self._found = None
        self.none.set_texts(
            "Choose two sets below",
            "Select sessions and press 1 for the first set, 2 for the second, 0 for neither.",
        )
        self._body.setCurrentIndex(1)
        self._list_all(known)

    def _list_all(self, known: Gathered) -> None:
        rows = [
            SessionRow(self._hand.get(key_of(one), 0), member_of(one, known.prices), "")
            for one in known.sessions
        ]
        selected = [index.row() for index in self.sessions.selectionModel().selectedRows()]
        self.sessions_model.show(rows, _HAND, "")
        self.heading.setText(f"All sessions: {len(rows)}")
        for number in selected:
            self.sessions.selectRow(number)

    def _show(self, found: CohortComparison) -> None:
        index = self.figures.currentIndex()
        before = (index.row(), index.column()) if index.isValid() else (-1, 0)
        self._found = found
        rows = group_rows(found)
        self.figures_model.show(rows, (found.first.name, found.second.name))
        self.caveats.setText("\n".join(f"•  {words}" for words in caveats(found)))
        self._body.setCurrentIndex(0)
        first = next(n for n, one in enumerate(rows) if one.kind != "heading")
        at, side = before if 0 < before[0] < len(rows) else (first, 0)
        self.figures.setCurrentIndex(self.figures_model.index(at, side))
        self._list_sessions()

    def _list_sessions(self) -> None:
        if self._kind == "hand" and self._gathered is not None:
            self._list_all(self._gathered)
            return
        index = self.figures.currentIndex()
        if self._found is None or not index.isValid():
            return
        chosen: GroupRow = self.figures_model.row_at(index.row())
        rows = sessions_behind(self._found, chosen, index.column())
        names = (self._found.first.name, self._found.second.name)
        figure = chosen.cells[0] if chosen.measure else ""
        self.sessions_model.show(rows, names, figure or "Figure")
        of = f" of “{names[index.column() - 1]}”" if index.column() in (1, 2) else ""
        self.heading.setText(f"{figure or 'Sessions'}{of}: {len(rows):,} sessions")

    def _assign(self, group: int) -> None:
        if self._kind != "hand" or self._gathered is None:
            return
        for index in self.sessions.selectionModel().selectedRows():
            member = self.sessions_model.row_at(index.row()).member
            self._hand[member.path, member.id] = group
        self._list_all(self._gathered)
        self._compare()

    def _open(self, number: int) -> None:
        member = self.sessions_model.row_at(number).member
        self.session_chosen.emit(member.path, member.id)
