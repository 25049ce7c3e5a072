"""What stands beside a trace: its figures, what its skills did, what people said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from workbench.domain.annotation import Annotation
from workbench.gui.shell.context import AppContext
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.viewer.annotation_facts import AnnotationFacts
from workbench.gui.traces.viewer.facts import TraceFacts
from workbench.gui.traces.viewer.trace_viewer import TraceViewer
from workbench.gui.traces.viewer.use_facts import UseFacts


class Inspected(Protocol):
    """What the inspector needs of the panel."""

    @property
    def viewer(self) -> TraceViewer:
        """One trace, step by step."""
        ...

    @property
    def in_viewer(self) -> bool:
        """Whether a trace is in front."""
        ...

    def front_place(self) -> TracePlace | None:
        """Return the trace in front, or the one selected in the list."""
        ...

    def show_place(self, place: TracePlace, step: int = 0, quote: str = "") -> None:
        """Bring a step of a trace to the front."""
        ...

    def attach_outcome(self) -> None:
        """Ask how the session ended."""
        ...


class TraceInspector(QObject):
    """The inspector of the Traces activity: a click in it leads to the step it tells of."""

    def __init__(self, context: AppContext, panel: Inspected, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._panel = panel
        self._given = False
        self.facts = TraceFacts(parent)
        self.said = AnnotationFacts(context)
        self.used = UseFacts(context)
        self.facts.add_section(self.used)
        self.facts.add_section(self.said)
        self.facts.hide()
        self.facts.step_chosen.connect(self._show_step)
        self.facts.open_asked.connect(lambda: self._show_step(0))
        self.facts.subagent_chosen.connect(self._show_subagent)
        self.used.step_asked.connect(self._show_step)
        self.used.first_asked.connect(
            lambda mark: self._in_front(lambda: panel.viewer.jump_to_first(mark))
        )
        self.used.file_asked.connect(
            lambda file: self._in_front(lambda: panel.viewer.only_touching(file))
        )
        self.said.outcome_asked.connect(panel.attach_outcome)
        self.said.chosen.connect(self._show_annotated)

    def give(self, wanted: bool) -> None:
        """Put the figures beside the activity, or leave the place to what is in front."""
        if wanted != self._given:
            self._given = wanted
            self._context.set_inspector("traces", self.facts if wanted else None)

    def show(self, place: TracePlace | None, *, opened: bool) -> None:
        """Show the figures of a trace; ``opened`` says whether it is the one in front."""
        self.facts.show_place(place, opened=opened)

    def _show_step(self, step: int) -> None:
        place = self._panel.front_place()
        if place is not None:
            self._panel.show_place(place, step)

    def _show_subagent(self, number: int) -> None:
        place = self._panel.front_place()
        if place is not None:
            self._panel.show_place(place.child(number))

    def _show_annotated(self, one: Annotation) -> None:
        """Go to the step of an annotation, found anew: the viewer marks where it is by now."""
        place = self._panel.front_place()
        if place is None:
            return
        if not self._panel.in_viewer:
            self._panel.show_place(place)
        self._context.annotations.want(one)

    def _in_front(self, then: Callable[[], None]) -> None:
        """Do something with the trace whose facts are shown, opened when it is not in front."""
        place = self._panel.front_place()
        if place is None:
            return
        if self._panel.in_viewer and self._panel.viewer.index is not None:
            then()
            return
        once = Qt.ConnectionType.SingleShotConnection
        self._panel.viewer.shown.connect(then, once)
        self._panel.show_place(place)
