"""What is shown of a trace that is still being read, grows, or is not there any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QVBoxLayout

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobReporter
from workbench.gui.traces.opened import TracePlace, same_place
from workbench.gui.traces.step_marks import StepMarks, renewed_marks
from workbench.gui.traces.viewer.header import ViewerHeader
from workbench.gui.traces.viewer.history import History, Visit
from workbench.gui.traces.viewer.live_trace import LiveTrace
from workbench.gui.traces.viewer.steps_view import StepsView
from workbench.gui.widgets.banner import Banner
from workbench.traces.index.sight import open_from
from workbench.traces.open import OpenTrace, open_traces


class Shown(Protocol):
    """What shows a trace."""

    place: TracePlace | None
    header: ViewerHeader
    steps: StepsView
    notices: QVBoxLayout

    @property
    def index(self) -> StepMarks | None:
        """Marks of the steps that are shown, None until they are worked out."""
        ...

    @property
    def history(self) -> History:
        """The steps a person came from."""
        ...

    def renew(self, index: StepMarks, moved: Callable[[int], int]) -> None:
        """Show the same trace read on or anew; ``moved`` tells where a step is by now, -1: gone."""
        ...

    def reselect(self, step: int) -> bool:
        """Select a step without bringing it into sight; True when another one was asked for."""
        ...

    def show_other(self, place: TracePlace | None) -> None:
        """Show what a trace has become that was not shown yet, or go back where it is no more."""
        ...

    def go_to(self, step: int, quote: str = "") -> None:
        """Select a step."""
        ...


class Renewal(QObject):
    """Puts what a trace has become in the place of what is shown, without moving the view.

    With "follow" on, the last step stays in sight; it goes off when the person scrolls up.
    """

    def __init__(self, context: AppContext, viewer: Shown, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._viewer = context, viewer
        self._moving = False
        self._words = ""
        self.banner: Banner | None = None
        self.live = LiveTrace(context, self)
        self.live.told.connect(self.tell)
        self.follow = viewer.header.follow
        self.follow.toggled.connect(self._follow_chosen)
        bar = viewer.steps.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(lambda _least, _most: self._stay_at_end())
        context.workspace.trace_replaced.connect(self._replaced)

    def watch(self) -> None:
        """Follow what the viewer shows by now."""
        place = self._viewer.place
        self.live.watch(place.top if place is not None else None)
        self.tell()

    def tell(self) -> None:
        """Say above the steps what of the trace is not there."""
        place = self._viewer.place
        self._viewer.header.live.setVisible(self.live.state == "live")
        words, actions = ("", ()) if place is None else self._said(place.top)
        if words == self._words:
            return
        self._words = words
        if self.banner is not None:
            self.banner.hide()
            self.banner.deleteLater()
            self.banner = None
        if words:
            gone = self.live.state == "gone"
            self.banner = Banner("warning" if gone else "info", words, actions, closable=False)
            self._viewer.notices.addWidget(self.banner)

    def _said(self, top: OpenTrace) -> tuple[str, tuple[tuple[str, Callable[[], object]], ...]]:
        one = top.trajectory
        if self.live.state == "gone":
            return (
                f"{self.live.problem} What was read of the trace stays; texts that were not read "
                "yet may be gone.",
                (),
            )
        if self._context.workspace.reads(top):
            part = "The last" if one.skipped else "The first"
            return f"{part} {len(one.steps):,} steps are shown while the rest is read.", ()
        if one.skipped:
            return (
                f"The last {len(one.steps):,} steps are shown, numbered from the first of them; "
                f"{_size(one.skipped)} before them are not read.",
                (("Load earlier steps", self.load_earlier),),
            )
        if not all(file.whole for file in top.files):
            return (
                f"Reading was stopped: only the first {len(one.steps):,} steps are shown.",
                (("Read the rest", self.read_rest),),
            )
        return "", ()

    def load_earlier(self) -> None:
        """Read as much again before what is shown."""
        top = self._top()
        if top is None:
            return
        shown = top.files[0].length - top.trajectory.skipped
        begin = max(0, top.trajectory.skipped - shown)

        def work(reporter: JobReporter) -> tuple[OpenTrace, ...]:
            reporter.progress(None, f"Reading {top.path.name}")
            found = open_from(Path(top.path), begin)
            return () if found is None else (found,)

        self._run(top, work)

    def read_rest(self) -> None:
        """Read the whole file."""
        top = self._top()
        if top is None:
            return

        def work(reporter: JobReporter) -> tuple[OpenTrace, ...]:
            def progress(fraction: float) -> None:
                reporter.check_cancelled()
                reporter.progress(fraction, f"Reading {top.path.name}")

            found = open_traces(top.path, progress)
            for trace in found:
                trace.make_steps()
            return found

        self._run(top, work)

    def _run(self, top: OpenTrace, work: Callable[[JobReporter], Sequence[OpenTrace]]) -> None:
        workspace = self._context.workspace
        self._context.run_job(
            f"Read {top.path.name}",
            work,
            on_done=lambda traces: workspace.replace_trace(top, traces) if traces else None,
            owner=self,
        )

    def _top(self) -> OpenTrace | None:
        return None if self._viewer.place is None else self._viewer.place.top

    def _replaced(self, old: OpenTrace, traces: Sequence[OpenTrace]) -> None:
        viewer = self._viewer
        place = viewer.place
        if place is None or place.top is not old:
            return
        if traces[0] is old:
            self.watch()
            return
        new = same_place(place, traces)
        index = viewer.index
        if new is None or index is None:
            viewer.show_other(new)
            return
        viewer.place = new
        viewer.history.renew(old, lambda visit: _renewed(visit, traces))
        self.live.watch(new.top)

        def done(renewed: tuple[StepMarks, dict[str, int] | None]) -> None:
            if viewer.place is new:
                self._show(*renewed)

        self._context.spawn_thread(renewed_marks, index, new.trajectory, on_done=done, owner=self)

    def _show(self, index: StepMarks, where: dict[str, int] | None) -> None:
        viewer = self._viewer
        steps, before = viewer.steps, viewer.index
        assert before is not None
        current, top, offset = steps.current_step, steps.top_step(), steps.top_offset()
        at_end = current == len(before.steps) - 1

        def moved(step: int) -> int:
            if where is None or step < 0:
                return step
            return where.get(before.steps[step].uid, -1) if step < len(before.steps) else -1

        self._moving = True
        try:
            viewer.renew(index, moved)
            current = len(index.steps) - 1 if self.follow.isChecked() and at_end else moved(current)
            if viewer.reselect(max(0, current)):
                return
            if self.follow.isChecked():
                steps.scrollToBottom()
            else:
                steps.scroll_to_top_step(max(0, moved(top)), offset)
        finally:
            self._moving = False
        self.tell()

    def _follow_chosen(self, on: bool) -> None:
        index = self._viewer.index
        if not on or index is None or not index.steps:
            return
        self._moving = True
        try:
            self._viewer.go_to(len(index.steps) - 1)
            self._viewer.steps.scrollToBottom()
        finally:
            self._moving = False

    def _stay_at_end(self) -> None:
        """Keep the last step in sight when the list gets another height."""
        if not self._moving and self.follow.isChecked():
            bar = self._viewer.steps.verticalScrollBar()
            bar.setValue(bar.maximum())

    def _scrolled(self, value: int) -> None:
        bar = self._viewer.steps.verticalScrollBar()
        if not self._moving and self.follow.isChecked() and value < bar.maximum():
            self.follow.setChecked(False)


def _renewed(visit: Visit, traces: Sequence[OpenTrace]) -> Visit | None:
    place = same_place(visit.place, traces)
    if place is None or visit.step >= len(visit.place.trajectory.steps):
        return None
    uid = visit.place.trajectory.steps[visit.step].uid
    steps = place.trajectory.steps
    if visit.step < len(steps) and steps[visit.step].uid == uid:
        return Visit(place, visit.step)
    number = next((step.index for step in steps if step.uid == uid), None)
    return None if number is None else Visit(place, number)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6)):,} MB"
