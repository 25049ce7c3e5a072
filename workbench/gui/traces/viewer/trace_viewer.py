"""One trace: time strip, steps, and the step that is selected."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.opened import TracePlace, place_below
from workbench.gui.traces.step_marks import (
    Mark,
    StepMarks,
    listed_steps,
    marks_of,
    turns_of,
    with_said,
)
from workbench.gui.traces.viewer.annotation_side import AnnotationSide
from workbench.gui.traces.viewer.detail_pane import DetailPane, rule
from workbench.gui.traces.viewer.error_walk import ErrorWalk, error_walk
from workbench.gui.traces.viewer.exports import ExportMenu
from workbench.gui.traces.viewer.header import ViewerHeader
from workbench.gui.traces.viewer.history import History, Visit
from workbench.gui.traces.viewer.keys import add_keys
from workbench.gui.traces.viewer.narrowing import Narrowing
from workbench.gui.traces.viewer.reading.reading_side import ReadingSide
from workbench.gui.traces.viewer.renewal import Renewal
from workbench.gui.traces.viewer.step_links import StepLinks
from workbench.gui.traces.viewer.steps_pane import StepsPane
from workbench.gui.traces.viewer.time_strip import TimeStrip
from workbench.gui.traces.viewer.trace_sums import TraceSums, step_cost, sums_of
from workbench.gui.traces.words import day
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.split_view import SplitView
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.traces.touched import TouchedFile

_NOTHING: dict[Mark, str] = {
    Mark.ERROR: "No step of this trace failed.",
    Mark.PROMPT: "This trace has no user prompt.",
    Mark.SKILL: "No skill was used in this trace.",
    Mark.ANNOTATION: "No step of this trace is annotated. Press N to annotate one.",
}


class TraceViewer(QWidget):
    """Shows one trace at a time; ``left`` asks for the list, ``place_asked`` for another trace."""

    left = Signal()
    place_asked = Signal(object, int)
    shown = Signal()
    step_shown = Signal(int)
    renewed = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.place: TracePlace | None = None
        self._trace: OpenTrace | None = None
        self._index: StepMarks | None = None
        self._folded: frozenset[int] = frozenset()
        self._wanted: tuple[int, str] = (0, "")
        self._quote = ""
        self._history = History()
        self._links = StepLinks(context, self)
        self._links.moved.connect(self.go_to)
        self._returning = False
        self._waits = False
        self._prices: PriceTable | None = None
        self._errors: ErrorWalk | None = None
        self.header = ViewerHeader()
        self.by_time = self.header.by_time
        self.strip = TimeStrip()
        self.pane = StepsPane()
        self.narrowing = Narrowing(context, self.pane)
        self.filter, self.kind = self.pane.filter, self.pane.kind
        self.steps, self.count = self.pane.steps, self.pane.count
        self.detail = DetailPane(context)
        self.reader, self.number, self.raw = (
            self.detail.reader,
            self.detail.number,
            self.detail.raw,
        )
        self.annotations = AnnotationSide(context, self.detail, self)
        self.notices = column(spacing=0)
        self.reading = ReadingSide(context, self.header, self.pane, self.detail, self)
        self.exports = ExportMenu(context, lambda: self._trace, self)
        self.header.tools.addWidget(self.exports.button)
        self._lay_out()
        self.setFocusProxy(self.steps)
        self._connect()
        add_keys(self, self, self.raw)
        self.renewal = Renewal(context, self, self)

    # What the panel and the commands ask for

    def show_place(self, place: TracePlace, step: int = 0, quote: str = "") -> None:
        """Show a trace at a step, with a quote marked when one is given."""
        self._wanted = (step, quote)
        if self.place is not None and self._same(place):
            self._go_to_wanted()
            return
        self._leave_behind()
        self._give_back()
        self.place = place
        self._trace = place.opened()
        self._index = None
        self.header.name(place)
        self.pane.agents.show_place(place)
        self.narrowing.begin(self._trace)
        self._read_sums(place)
        self.steps.steps.show(None, ())
        self.strip.show_index(None)
        self.reader.set_trace(place, self._trace)
        self.count.setText("Reading…")
        trajectory = place.trajectory

        def done(index: StepMarks) -> None:
            if self.place is not None and self.place.trajectory is trajectory:
                self._show_index(index)

        self._context.spawn_thread(marks_of, trajectory, on_done=done, owner=self)
        self.renewal.watch()

    def renew(self, index: StepMarks, moved: Callable[[int], int]) -> None:
        """Show the same trace read on or anew; ``moved`` tells where a step is by now, -1: gone."""
        if self.place is None:
            return
        self._trace, self._index = self.place.opened(), index
        self.narrowing.renew(self._trace, moved)
        self._folded = self._folded if moved(0) == 0 else frozenset()
        self.header.name(self.place)
        self.by_time.setEnabled(index.timed)
        self.strip.show_index(index)
        self.steps.blockSignals(True)
        self._list()
        self.steps.blockSignals(False)
        self.reader.renew(self.place, self._trace, moved)
        self.annotations.renew(self.place, self._trace, moved=moved(0) != 0)
        self.renewed.emit()

    def reselect(self, step: int) -> bool:
        """Select a step without bringing it into sight; True when another one was asked for."""
        self.steps.blockSignals(True)
        self.steps.select(step)
        self.steps.blockSignals(False)
        if self._waits:
            self._go_to_wanted()
            return True
        if self.steps.current_step >= 0:
            self._quote = self.reader.page.quote if self.reader.page is not None else ""
            self._show_step(self.steps.current_step)
        return False

    def show_other(self, place: TracePlace | None) -> None:
        """Show what a trace has become that was not shown yet, or go back where it is no more."""
        self.place = None
        if place is not None:
            self.show_place(place, *self._wanted)
        else:
            self.clear()
            self.left.emit()

    def clear(self) -> None:
        """Show nothing; the trace was closed."""
        self._give_back()
        self.place = None
        self._index = None
        self._history.clear()
        self.pane.agents.clear()
        self.steps.steps.show(None, ())
        self.strip.show_index(None)
        self.reader.set_trace(None, None)
        self.renewal.watch()
        self.annotations.set_trace(None, None)

    def jump(self, mark: Mark, by: int = 1) -> None:
        """Go to the next (or with -1 the previous) step with a mark."""
        if self._index is None or self._jumps_through_agents(mark, self.steps.current_step, by):
            return
        step = self._index.next_of(mark, self.steps.current_step, by)
        if step is None:
            self._context.notify.info(_NOTHING.get(mark, "There is none."), replace="jump")
            return
        self.go_to(step)

    def jump_to_first(self, mark: Mark) -> None:
        """Go to the first step with a mark."""
        if self._index is not None and not self._jumps_through_agents(mark):
            step = self._index.next_of(mark, -1)
            if step is None:
                self._context.notify.info(_NOTHING.get(mark, "There is none."), replace="jump")
            else:
                self.go_to(step)

    def _jumps_through_agents(self, mark: Mark, step: int = -1, by: int = 1) -> bool:
        """Look for errors in the subagents, too, where there are some; step -1: from the top."""
        place = self.place
        if mark is not Mark.ERROR or place is None or not place.top.trajectory.children:
            return False
        way = place.way if step >= 0 else ()

        def done(walk: ErrorWalk) -> None:
            self._errors = walk
            found = walk.next_of(way, step, by)
            if found is None:
                self._context.notify.info("No step failed, of subagents neither.", replace="jump")
            elif self.place is place and found[0] == place.way:
                self.go_to(found[1])
            elif self.place is place:
                self.place_asked.emit(place_below(place.top, found[0]), found[1])

        if self._errors is not None and self._errors.top is place.top.trajectory:
            done(self._errors)
        else:
            top = place.top.trajectory
            self._context.spawn_thread(error_walk, top, on_done=done, owner=self)
        return True

    def go_to(self, step: int, quote: str = "") -> None:
        """Select a step; filters that hide it are taken off."""
        index = self._index
        if index is None or not index.steps:
            return
        step = min(max(0, step), len(index.steps) - 1)
        if step != self.steps.current_step:
            self._leave_behind()
        self._quote = quote
        if not self._listed(step):
            self._unhide(step)
        if self.steps.current_step == step:
            self._show_step(step)
        self.steps.select(step, middle=True)

    def back(self) -> None:
        """Go to the step that was left by a jump; where there is none, to the list of traces."""
        now = self._visit()
        found = self._history.back(now) if now is not None else None
        if found is None:
            self.left.emit()
        else:
            self._return_to(found)

    def forward(self) -> None:
        """Go to the step that was gone back from."""
        now = self._visit()
        found = self._history.forward(now) if now is not None else None
        if found is None:
            self._context.notify.info("There is nothing to go forward to.", replace="jump")
        else:
            self._return_to(found)

    def up(self) -> None:
        """Go to the trace that started this one; from a file's own trace to the list."""
        if self.place is not None and self.place.parent is not None:
            self.place_asked.emit(self.place.parent, 0)
        else:
            self.left.emit()

    def only_touching(self, file: TouchedFile) -> None:
        """List the steps that touched a file, and go to the first of them."""
        self.narrowing.to_file(file)
        if file.steps and not self._listed(self.steps.current_step):
            self.go_to(file.steps[0])

    def copy_link(self) -> None:
        """Put a link to the step on the clipboard."""
        if self.place is not None and self._trace is not None and self.steps.current_step >= 0:
            self._links.copy(self.place, self._trace, self.steps.current_step)

    def check_link(self, step: int, content: str) -> None:
        """Tell when a step is not what it was when a link to it was made."""
        if self._trace is not None:
            self._links.check(self._trace, step, content)

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

    @property
    def history(self) -> History:
        """The steps a person came from."""
        return self._history

    @property
    def trace(self) -> OpenTrace | None:
        """The trace that is shown."""
        return self._trace

    # Layout

    def _lay_out(self) -> None:
        panes = SplitView((self.pane, self.detail), sizes=(420, 760))
        panes.setStretchFactor(1, 1)
        inside = column(self, spacing=0)
        inside.addWidget(self.header)
        inside.addLayout(self.notices)
        inside.addWidget(self.strip)
        inside.addWidget(rule())
        inside.addWidget(self.reading.around(panes), 1)

    def _connect(self) -> None:
        self.header.left.connect(self.left)
        self.header.up_asked.connect(self.up)
        self.strip.step_chosen.connect(self.go_to)
        self.steps.chosen.connect(self._show_step)
        self.steps.opened.connect(lambda _step: self.reader.setFocus())
        self.steps.fold_asked.connect(self._fold)
        self.narrowing.changed.connect(self._list)
        self.reading.step_asked.connect(self._step_asked)
        for told in (self.shown, self.renewed, self.reading.opened):
            told.connect(self._show_page)
        self.step_shown.connect(self.reading.follow)
        self.pane.fold_all_asked.connect(self.fold_all)
        self.pane.agents.place_asked.connect(lambda place: self.place_asked.emit(place, 0))
        self.pane.parts_hidden.connect(self.reader.hide_parts)
        self.detail.jump_asked.connect(self.jump)
        self.detail.number_typed.connect(self._step_asked)
        self.detail.link_asked.connect(self.copy_link)
        self.by_time.toggled.connect(self.strip.set_by_time)
        self.reader.subagent_asked.connect(self._open_subagent)
        self.shown.connect(lambda: self.annotations.set_trace(self.place, self._trace))
        self.step_shown.connect(self.annotations.show_step)
        self.annotations.said.connect(self._show_said)
        self.annotations.quote_asked.connect(self.go_to)
        self._context.theme_changed.connect(lambda _name: self.reader.refresh_colours())

    # What happens

    def _same(self, place: TracePlace) -> bool:
        assert self.place is not None
        return self.place.trajectory is place.trajectory

    def _visit(self) -> Visit | None:
        if self.place is None or self.steps.current_step < 0:
            return None
        return Visit(self.place, self.steps.current_step)

    def _leave_behind(self) -> None:
        visit = self._visit()
        if visit is not None and not self._returning:
            self._history.left(visit)

    def _return_to(self, visit: Visit) -> None:
        self._returning = True
        try:
            if self.place is not None and self._same(visit.place):
                self.go_to(visit.step)
            else:
                self.place_asked.emit(visit.place, visit.step)
        finally:
            self._returning = False

    def _show_index(self, index: StepMarks) -> None:
        self._index = index
        self._folded = frozenset()
        self.narrowing.begin(self._trace)
        self.by_time.setEnabled(index.timed)
        self.strip.show_index(index)
        self._list()
        self._go_to_wanted()
        self.shown.emit()

    def _go_to_wanted(self) -> None:
        index, place = self._index, self.place
        self._waits = index is not None and place is not None and not self._is_of(index, place)
        if index is not None and not self._waits:
            self.go_to(*self._wanted)

    def _is_of(self, index: StepMarks, place: TracePlace) -> bool:
        """Whether marks are those of the trace as it is by now: it may have been read anew."""
        return index.trajectory is place.trajectory

    def _list(self) -> None:
        index = self._index
        if index is None:
            return
        before = self.steps.current_step
        steps = listed_steps(index, self.narrowing.now, self._folded)
        self.steps.steps.show(index, steps, self._folded)
        total = len(index.steps)
        of = f"{total:,}" if len(steps) == total else f"{len(steps):,} of {total:,}"
        self.count.setText(f"{of} {'step' if of == '1' else 'steps'}")
        if before >= 0 and not self.steps.select(before) and len(steps):
            self.steps.select(max(before, steps[0]))

    def _read_sums(self, place: TracePlace) -> None:
        """Read the prices for the costs of steps, and add up the agents where there are several."""
        spawn, own_prices = self._context.spawn_thread, self._context.folders.prices_file

        def priced(prices: PriceTable) -> None:
            self._prices = prices
            self._say_step(self.steps.current_step)

        def added(sums: TraceSums) -> None:
            priced(sums.prices)
            if self.place is not None and self.place.top is place.top:
                self.pane.agents.show_sums(sums)

        top = place.top.trajectory
        if top.children:
            spawn(sums_of, top, own_prices, on_done=added, owner=self)
        elif self._prices is None:
            spawn(PriceTable.load, own_prices, on_done=priced, owner=self)

    def _listed(self, step: int) -> bool:
        model = self.steps.steps
        row_found = model.row_of(step)
        return row_found >= 0 and model.step_at(row_found) == step

    def _unhide(self, step: int) -> None:
        assert self._index is not None
        self._folded = self._folded - {self._index.steps[step].turn}
        self.narrowing.let_in(step, self._index.marks[step])
        self._list()

    def _show_step(self, step: int) -> None:
        assert self._index is not None
        quote, self._quote = self._quote, ""
        self.strip.set_current(step)
        self.reader.show_step(step, quote)
        self._say_step(step)
        self.step_shown.emit(step)

    def _show_said(self, said: dict[int, str]) -> None:
        if self._index is None:
            return
        self._index = with_said(self._index, said)
        self.strip.remark(self._index)
        self.steps.steps.remark(self._index)
        if self.narrowing.now.kinds & Mark.ANNOTATION:
            self._list()

    def _say_step(self, step: int) -> None:
        if self._index is None or step < 0:
            return
        one = self._index.steps[step]
        model = f"  ·  {one.model}" if one.model else ""
        turn = f"  ·  turn {one.turn}" if one.turn else ""
        told = day(one.time) and (one.time or "")[:19].replace("T", " ")
        time = f"  ·  {told}" if told else ""
        title = self.reader.title()
        cost = step_cost(one, self._index.trajectory.model, self._prices) if self._prices else ""
        spent = f"  ·  {cost}" if cost else ""
        self.detail.title.setText(f"Step {step}  ·  {title}{spent}{turn}{model}{time}")

    def _fold(self, step: int, folded: bool) -> None:
        assert self._index is not None
        turn = self._index.steps[step].turn
        wanted = self._folded | {turn} if folded else self._folded - {turn}
        if wanted != self._folded:
            self._folded = wanted
            self._list()

    def _show_page(self) -> None:
        self.reading.show_trace(self._trace, self._index, max(0, self.steps.current_step))

    def _step_asked(self, step: int) -> None:
        self.go_to(step)
        self.steps.setFocus()

    def _open_subagent(self, trajectory_id: str) -> None:
        if self.place is None:
            return
        for number, child in enumerate(self.place.trajectory.children):
            if child.id == trajectory_id:
                self.place_asked.emit(self.place.child(number), 0)
                return
        self._context.notify.info(
            f"The subagent {trajectory_id} is not among what was opened.", replace="subagent"
        )

    def _give_back(self) -> None:
        """Close a subagent's trace, which is ours; a file's own trace is the workspace's."""
        self.narrowing.stop()
        if self._trace is not None and self.place is not None and self.place.way:
            self._trace.close()
        self._trace = None
