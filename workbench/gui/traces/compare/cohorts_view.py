"""Two groups of sessions side by side; every figure leads to the sessions it counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QWidget

from workbench.domain.text import counted
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
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
    gathered_from_index,
    key_of,
    read_edits,
)
from workbench.gui.traces.compare.session_filter import SessionFilter
from workbench.gui.traces.sessions.session_reader import SessionReader
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.traces.index.trace_index import TraceIndex
from workbench.usage.cohort_report import cohort_report
from workbench.usage.cohorts import CohortComparison

_FIGURES = (220, 0, 0, 0, 70)
_SESSIONS = (220, 0, 160, 180, 150)
#: After the index changed, groups follow with this pause.
_STALE_MS = 2000
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
        self._job: JobEntry | None = None
        self._placed = False
        self._reader = SessionReader(context.sessions.path)
        self.source = ChoiceBox("Which sessions are compared")
        for title in ("Open traces", "All sessions"):
            self.source.addItem(title)
        self.filter = SessionFilter(context, self._reader)
        self.filter.hide()
        self._stale = QTimer(self)
        self._stale.setSingleShot(True)
        self._stale.setInterval(_STALE_MS)
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
        self.reading = EmptyState(
            "Reading the versions of skills…",
            "Which version a session loaded is told by its text.",
            action=("Cancel", self._cancel),
            icon="columns",
        )
        self._hand_buttons = QWidget()
        self._body = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self.setFocusProxy(self.kind)
        self._connect()

    def _connect(self) -> None:
        self.source.currentIndexChanged.connect(lambda _n: self._source_chosen())
        self.filter.changed.connect(self.read)
        self._stale.timeout.connect(self._read_stale)
        self._context.sessions.changed.connect(self._stale.start)
        self.destroyed.connect(self._reader.close)
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
        self._body.addWidget(self.reading)
        split = SplitView((self._body, lower), vertical=True, sizes=(440, 220), stretch=(3, 2))
        inside.addWidget(SplitView((self.filter, split), sizes=(216, 1000), stretch=(0, 1)), 1)
        self._stack.addWidget(page)
        self._stack.addWidget(self.nothing)
        column(self, spacing=0).addWidget(self._stack)

    def _tools(self) -> QHBoxLayout:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.source)
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
        """Take over what is open now, or what the index holds, when it can be seen."""
        context = self._context
        if not self._placed and (context.traces or context.sessions.folders):
            self._placed = True
            self.source.setCurrentIndex(0 if context.traces else 1)
        self._stack.setCurrentIndex(0 if context.traces or self.of_all else 1)
        if not (context.traces or self.of_all):
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

        self._cancel()
        context.spawn_thread(self._gathering(), on_done=done, owner=self)
        if self.of_all:
            self.filter.read()

    @property
    def of_all(self) -> bool:
        """Whether all sessions of the index are compared, not only open traces."""
        return self.source.currentIndex() == 1 and bool(self._context.sessions.folders)

    def compare_all(self, *, of_all: bool = True) -> None:
        """Compare all sessions, or the open traces."""
        self._placed = True
        self.source.setCurrentIndex(int(of_all))

    def _gathering(self) -> Callable[[], Gathered]:
        """Return what looks at the sessions, in a thread."""
        context, desk = self._context, self._context.annotations
        library, said, attached = context.library, desk.all, desk.attached
        if not self.of_all:
            traces, prices = context.traces, context.folders.prices_file
            return lambda: gathered(traces, library, said, attached, prices)
        self._reader.attached = attached
        wanted, as_of = self.filter.query, context.sessions.prices

        def look(index: TraceIndex) -> Gathered:
            return gathered_from_index(index, wanted, library, said, attached, as_of=as_of)

        return lambda: self._reader.ask(look) or Gathered(())

    def _source_chosen(self) -> None:
        self.filter.setVisible(self.of_all)
        self._hand = {}
        self.read()

    def _read_stale(self) -> None:
        """Follow the index, but let versions that were read stand."""
        if self.of_all and self.isVisible() and self._kind != "version":
            self.read()

    def _read_edits(self, known: Gathered) -> None:
        """Read the texts of sessions, for the versions of skills they had."""
        library = self._context.library
        if library is None or self._job is not None:
            return
        self._turn += 1
        turn, opening = self._turn, self._context.open_any
        self._body.setCurrentWidget(self.reading)

        def work(reporter: JobReporter) -> Gathered:
            def told(part: float, words: str) -> None:
                reporter.check_cancelled()
                reporter.progress(part, words)

            return read_edits(known, library, opening, told)

        def done(found: Gathered) -> None:
            self._job = None
            if turn == self._turn:
                self._gathered = found
                self._list_values()

        def ended(problem: BaseException | None = None) -> None:
            self._job = None
            if problem is not None:
                self._context.bridge.report(problem)
            if turn == self._turn:
                self.none.set_texts(
                    "Stopped", "Choose this division again to read the versions of skills."
                )
                self._body.setCurrentWidget(self.none)
            elif self._gathered is not None:
                self._list_values()

        title = f"Read the versions of skills in {counted(len(known.unread), 'session')}"
        self._job = self._context.run_job(
            title, work, on_done=done, on_error=ended, on_cancelled=ended, owner=self
        )

    def _cancel(self) -> None:
        if self._job is not None and self._job.active:
            self._context.jobs.cancel(self._job.id)

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
        if self._kind == "version" and self._gathered.unread:
            self.value.hide()
            self._found = None
            self.sessions_model.show((), ("", ""), "")
            self.heading.setText("")
            self._read_edits(self._gathered)
            return
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
        rows = [SessionRow(self._hand.get(key_of(one), 0), one, "") for one in known.members]
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
        self.heading.setText(f"{figure or 'Sessions'}{of}: {counted(len(rows), 'session')}")

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
        if self._context.trace(member.path) is None:
            self._context.request_trace(member.path, member.id)
        else:
            self.session_chosen.emit(member.path, member.id)
