"""One trace: time strip, steps, and the step that is selected."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QToolButton, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.step_marks import (
    Mark,
    StepFilter,
    StepMarks,
    listed_steps,
    marks_of,
    turns_of,
)
from workbench.gui.traces.viewer.search import steps_with
from workbench.gui.traces.viewer.step_reader import StepReader
from workbench.gui.traces.viewer.steps_view import StepsView
from workbench.gui.traces.viewer.time_strip import TimeStrip
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import WordButton, icon_button, link_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.traces.open import OpenTrace

#: Facets of the step list.
KINDS: tuple[tuple[str, Mark], ...] = (
    ("All steps", Mark.NONE),
    ("Prompts", Mark.PROMPT),
    ("Answers", Mark.ANSWER),
    ("Tool calls", Mark.TOOL),
    ("Errors", Mark.ERROR),
    ("Skills", Mark.SKILL),
    ("Edits", Mark.EDIT),
    ("Subagents", Mark.SUBAGENT),
    ("Context", Mark.CONTEXT),
)
_NOTHING: dict[Mark, str] = {
    Mark.ERROR: "No step of this trace failed.",
    Mark.PROMPT: "This trace has no user prompt.",
    Mark.SKILL: "No skill was used in this trace.",
}


class TraceViewer(QWidget):
    """Shows one trace at a time; ``left`` asks for the list, ``place_asked`` for another trace."""

    left = Signal()
    place_asked = Signal(object)
    shown = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.place: TracePlace | None = None
        self._trace: OpenTrace | None = None
        self._index: StepMarks | None = None
        self._filter = StepFilter()
        self._folded: frozenset[int] = frozenset()
        self._wanted: tuple[int, str] = (0, "")
        self._quote = ""
        self._searching = threading.Event()
        self._title = ElidedLabel()
        self._title.setProperty("section", False)
        self._errors = Badge("", "error")
        self._up = link_button("Parent trace", self._go_up)
        self.strip = TimeStrip()
        self.filter = SearchField("Find in this trace…", pause_ms=250)
        self.kind = ChoiceBox("Kind of step")
        self.kind.addItems([title for title, _ in KINDS])
        self.steps = StepsView()
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.number = QLineEdit()
        self.reader = StepReader(context)
        self._step_title = ElidedLabel()
        self._lay_out()
        self.setFocusProxy(self.steps)
        self._connect()

    # What the panel and the commands ask for

    def show_place(self, place: TracePlace, step: int = 0, quote: str = "") -> None:
        """Show a trace at a step, with a quote marked when one is given."""
        self._wanted = (step, quote)
        if self.place is not None and self._same(place):
            self._go_to_wanted()
            return
        self._give_back()
        self.place = place
        self._trace = place.opened()
        self._index = None
        self._name(place)
        self.steps.steps.show(None, ())
        self.strip.show_index(None)
        self.reader.set_trace(place, self._trace)
        self.count.setText("Reading…")
        trajectory = place.trajectory

        def done(index: StepMarks) -> None:
            if self.place is not None and self.place.trajectory is trajectory:
                self._show_index(index)

        self._context.spawn_thread(marks_of, trajectory, on_done=done, owner=self)

    def clear(self) -> None:
        """Show nothing; the trace was closed."""
        self._give_back()
        self.place = None
        self._index = None
        self.steps.steps.show(None, ())
        self.strip.show_index(None)
        self.reader.set_trace(None, None)

    def jump(self, mark: Mark, by: int = 1) -> None:
        """Go to the next (or with -1 the previous) step with a mark."""
        if self._index is None:
            return
        step = self._index.next_of(mark, self.steps.current_step, by)
        if step is None:
            self._context.notify.info(_NOTHING.get(mark, "There is none."), replace="jump")
            return
        self.go_to(step)

    def go_to(self, step: int, quote: str = "") -> None:
        """Select a step; filters that hide it are taken off."""
        index = self._index
        if index is None or not index.steps:
            return
        step = min(max(0, step), len(index.steps) - 1)
        self._quote = quote
        if not self._listed(step):
            self._unhide(step)
        if self.steps.current_step == step:
            self._show_step(step)
        self.steps.select(step, middle=True)

    def ask_step(self) -> None:
        """Put the cursor where a step number is typed."""
        self.number.setFocus()
        self.number.selectAll()

    def ask_words(self) -> None:
        """Put the cursor into the search field."""
        self.filter.setFocus()
        self.filter.selectAll()

    def fold_all(self, folded: bool) -> None:
        """Fold or unfold all turns."""
        if self._index is not None:
            self._folded = turns_of(self._index) if folded else frozenset()
            self._list()

    @property
    def index(self) -> StepMarks | None:
        """Marks and times of the trace, None until they are worked out."""
        return self._index

    # Layout

    def _lay_out(self) -> None:
        panes = SplitView((self._steps_pane(), self._detail_pane()), sizes=(420, 760))
        panes.setStretchFactor(1, 1)
        inside = column(self, spacing=0)
        inside.addWidget(self._header())
        inside.addWidget(self.strip)
        inside.addWidget(_rule())
        inside.addWidget(panes, 1)

    def _header(self) -> QWidget:
        header = QFrame()
        header.setObjectName("PanelHeader")
        line = row(header, spacing=8)
        line.setContentsMargins(8, 4, 12, 4)
        back = WordButton()
        back.setIcon(icon("traces"))
        back.setText("Traces")
        back.setToolTip("Back to the list of traces (Alt+Left)")
        back.setAccessibleName("Back to the list of traces")
        back.clicked.connect(lambda _checked=False: self.left.emit())
        line.addWidget(back)
        line.addWidget(QLabel("›"))
        line.addWidget(self._up)
        line.addWidget(self._title, 1)
        line.addWidget(self._errors)
        self.by_time = QToolButton()
        self.by_time.setIcon(icon("clock", "text_muted", on="selection_text"))
        self.by_time.setCheckable(True)
        self.by_time.setToolTip("Time strip along the time instead of the steps (T)")
        self.by_time.setAccessibleName("Time strip along the time")
        line.addWidget(self.by_time)
        return header

    def _steps_pane(self) -> QWidget:
        pane = QWidget()
        tools = row(spacing=8)
        tools.setContentsMargins(8, 8, 8, 8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.kind)
        foot = row(spacing=4)
        foot.setContentsMargins(12, 4, 8, 4)
        foot.addWidget(self.count, 1)
        foot.addWidget(icon_button("chevron-right", "Fold all turns", lambda: self.fold_all(True)))
        foot.addWidget(
            icon_button("chevron-down", "Unfold all turns", lambda: self.fold_all(False))
        )
        inside = column(pane, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self.steps, 1)
        inside.addLayout(foot)
        pane.setMinimumWidth(260)
        return pane

    def _detail_pane(self) -> QWidget:
        pane = QWidget()
        self._step_title.setProperty("muted", True)
        self.number.setPlaceholderText("Step")
        self.number.setAccessibleName("Go to step number")
        self.number.setToolTip("Go to step (G)")
        self.number.setFixedWidth(64)
        self.number.setValidator(QIntValidator(0, 99_999_999, self))
        tools = row(spacing=4)
        tools.setContentsMargins(12, 8, 8, 8)
        tools.addWidget(self._step_title, 1)
        for sign, words, keys, mark in (
            ("error", "Go to next error", "E", Mark.ERROR),
            ("user", "Go to next prompt", "U", Mark.PROMPT),
            ("spark", "Go to next skill event", "S", Mark.SKILL),
        ):
            tools.addWidget(self._jump_button(sign, words, keys, mark))
        tools.addWidget(self.number)
        self.raw = QToolButton()
        self.raw.setIcon(icon("file-text", "text_muted", on="selection_text"))
        self.raw.setCheckable(True)
        self.raw.setToolTip("Show the records as they are in the file (R)")
        self.raw.setAccessibleName("Show the records as they are in the file")
        tools.addWidget(self.raw)
        tools.addWidget(
            icon_button("copy", "Copy the raw record", self.reader.copy_raw, shortcut="C")
        )
        inside = column(pane, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(_rule())
        inside.addWidget(self.reader, 1)
        pane.setMinimumWidth(320)
        return pane

    def _jump_button(self, sign: str, words: str, keys: str, mark: Mark) -> QToolButton:
        return icon_button(sign, words, lambda: self.jump(mark), shortcut=keys)

    def _connect(self) -> None:
        self.strip.step_chosen.connect(self.go_to)
        self.steps.chosen.connect(self._step_chosen)
        self.steps.opened.connect(lambda _step: self.reader.setFocus())
        self.steps.fold_asked.connect(self._fold)
        self.filter.searched.connect(self._search)
        self.filter.left_downwards.connect(self.steps.setFocus)
        self.filter.returnPressed.connect(self.steps.setFocus)
        self.kind.currentIndexChanged.connect(self._kind_chosen)
        self.number.returnPressed.connect(self._number_typed)
        self.by_time.toggled.connect(self.strip.set_by_time)
        self.raw.toggled.connect(self.reader.set_raw)
        self.reader.subagent_asked.connect(self._open_subagent)
        self._context.theme_changed.connect(lambda _name: self.reader.refresh_colours())
        keys: tuple[tuple[str, Callable[[], object]], ...] = (
            ("E", lambda: self.jump(Mark.ERROR)),
            ("Shift+E", lambda: self.jump(Mark.ERROR, -1)),
            ("U", lambda: self.jump(Mark.PROMPT)),
            ("Shift+U", lambda: self.jump(Mark.PROMPT, -1)),
            ("S", lambda: self.jump(Mark.SKILL)),
            ("Shift+S", lambda: self.jump(Mark.SKILL, -1)),
            ("G", self.ask_step),
            ("R", self.raw.toggle),
            ("C", self.reader.copy_raw),
            ("T", self.by_time.toggle),
            ("/", self.ask_words),
            ("Alt+Left", self.left.emit),
        )
        for text, run in keys:
            shortcut = QShortcut(QKeySequence(text), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)

    # What happens

    def _same(self, place: TracePlace) -> bool:
        assert self.place is not None
        return self.place.trajectory is place.trajectory

    def _name(self, place: TracePlace) -> None:
        one = place.trajectory
        self._title.setText(one.title or one.id)
        self._up.setVisible(bool(place.way))
        self._errors.set(f"{one.errors} {'error' if one.errors == 1 else 'errors'}", "error")
        self._errors.setVisible(one.errors > 0)

    def _show_index(self, index: StepMarks) -> None:
        self._index = index
        self._folded = frozenset()
        self._filter = StepFilter()
        for widget in (self.filter, self.kind):
            widget.blockSignals(True)
        self.filter.clear()
        self.kind.setCurrentIndex(0)
        for widget in (self.filter, self.kind):
            widget.blockSignals(False)
        self.by_time.setEnabled(index.timed)
        self.strip.show_index(index)
        self._list()
        self._go_to_wanted()
        self.shown.emit()

    def _go_to_wanted(self) -> None:
        if self._index is not None:
            self.go_to(*self._wanted)

    def _list(self) -> None:
        index = self._index
        if index is None:
            return
        before = self.steps.current_step
        steps = listed_steps(index, self._filter, self._folded)
        self.steps.steps.show(index, steps, self._folded)
        total = len(index.steps)
        of = f"{total:,}" if len(steps) == total else f"{len(steps):,} of {total:,}"
        self.count.setText(f"{of} {'step' if of == '1' else 'steps'}")
        if before >= 0 and not self.steps.select(before) and len(steps):
            self.steps.select(max(before, steps[0]))

    def _listed(self, step: int) -> bool:
        model = self.steps.steps
        row_found = model.row_of(step)
        return row_found >= 0 and model.step_at(row_found) == step

    def _unhide(self, step: int) -> None:
        assert self._index is not None
        self._folded = self._folded - {self._index.steps[step].turn}
        self._filter = StepFilter()
        self.kind.blockSignals(True)
        self.kind.setCurrentIndex(0)
        self.kind.blockSignals(False)
        self.filter.blockSignals(True)
        self.filter.clear()
        self.filter.blockSignals(False)
        self._list()

    def _step_chosen(self, step: int) -> None:
        self._show_step(step)

    def _show_step(self, step: int) -> None:
        assert self._index is not None
        quote, self._quote = self._quote, ""
        self.strip.set_current(step)
        self.reader.show_step(step, quote)
        one = self._index.steps[step]
        model = f"  ·  {one.model}" if one.model else ""
        turn = f"  ·  turn {one.turn}" if one.turn else ""
        time = f"  ·  {one.time[:19].replace('T', ' ')}" if one.time else ""
        title = self.reader.title()
        self._step_title.setText(f"Step {step}  ·  {title}{turn}{model}{time}")

    def _fold(self, step: int, folded: bool) -> None:
        assert self._index is not None
        turn = self._index.steps[step].turn
        wanted = self._folded | {turn} if folded else self._folded - {turn}
        if wanted != self._folded:
            self._folded = wanted
            self._list()

    def _kind_chosen(self, number: int) -> None:
        self._filter = StepFilter(KINDS[number][1], self._filter.found)
        self._list()

    def _search(self, words: str) -> None:
        self._searching.set()
        trace = self._trace
        if trace is None:
            return
        if not words.strip():
            self._filter = StepFilter(self._filter.kinds)
            self._list()
            return
        stop = self._searching = threading.Event()
        self.count.setText("Searching…")

        def done(found: frozenset[int]) -> None:
            if stop is self._searching and not stop.is_set():
                self._filter = StepFilter(self._filter.kinds, found)
                self._list()

        self._context.spawn_thread(
            steps_with, trace, words.strip(), stop.is_set, on_done=done, owner=self
        )

    def _number_typed(self) -> None:
        if self.number.text():
            self.go_to(int(self.number.text()))
            self.steps.setFocus()

    def _open_subagent(self, trajectory_id: str) -> None:
        if self.place is None:
            return
        for number, child in enumerate(self.place.trajectory.children):
            if child.id == trajectory_id:
                self.place_asked.emit(self.place.child(number))
                return
        self._context.notify.info(
            f"The subagent {trajectory_id} is not among what was opened.", replace="subagent"
        )

    def _go_up(self) -> None:
        if self.place is not None and self.place.parent is not None:
            self.place_asked.emit(self.place.parent)

    def _give_back(self) -> None:
        """Close a subagent's trace, which is ours; a file's own trace is the workspace's."""
        self._searching.set()
        if self._trace is not None and self.place is not None and self.place.way:
            self._trace.close()
        self._trace = None


def _rule() -> QFrame:
    """Return a line between two parts."""
    line = QFrame()
    line.setObjectName("PanelHeader")
    line.setFixedHeight(1)
    return line
