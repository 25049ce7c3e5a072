"""What people say of the trace that is shown: found in it, shown at its steps, written anew."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from workbench.domain.annotation import Annotation, StepAnchor
from workbench.gui.notify import MessageAction
from workbench.gui.shell.context import AppContext
from workbench.gui.traces.annotation_words import headline, step_words
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.viewer.annotation_cards import AnnotationCards
from workbench.gui.traces.viewer.annotation_form import AnnotationForm
from workbench.gui.traces.viewer.detail_pane import DetailPane
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import Placed, about, anchor_of, placed


class AnnotationSide(QObject):
    """Cards above the step and the form below it.

    ``said(words by step)`` tells which steps are annotated, ``quote_asked(step, quote)`` asks for
    the words that are meant.
    """

    said = Signal(object)
    quote_asked = Signal(int, str)

    def __init__(self, context: AppContext, detail: DetailPane, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._reader = detail.reader
        self._place: TracePlace | None = None
        self._trace: OpenTrace | None = None
        self._step = -1
        self._found: tuple[Placed, ...] = ()
        self._edited: Annotation | None = None
        self._target: int | None = None
        self._came_from: QWidget | None = None
        self.cards = AnnotationCards()
        self._detail = detail
        detail.below_tools.addWidget(self.cards)
        self._connect()

    @cached_property
    def form(self) -> AnnotationForm:
        """What is said anew; made when it is first asked for."""
        form = AnnotationForm(self._context)
        form.saved.connect(self._save)
        form.left.connect(self._end)
        form.selection_asked.connect(lambda: form.set_quote(self._selection()))
        layout = self._detail.layout()
        assert layout is not None
        layout.addWidget(form)
        return form

    def set_trace(self, place: TracePlace | None, trace: OpenTrace | None) -> None:
        """Find what was said of another trace."""
        self._place, self._trace = place, trace
        self._found = ()
        self._end_form()
        self._context.annotations.reload()
        self._find()

    def renew(self, place: TracePlace, trace: OpenTrace, *, moved: bool) -> None:
        """Go on with the same trace read on; what is being written about it stays."""
        self._place, self._trace = place, trace
        if moved:
            self._find()

    def show_step(self, step: int) -> None:
        """Show what was said of a step."""
        if step != self._step and self._target not in (None, step):
            self._end_form()
        self._step = step
        self._show()

    def annotate_step(self) -> None:
        """Ask what is to be said of the selected step."""
        if self._trace is not None and self._step >= 0:
            self._ask(self._step, None, self._selection())

    def annotate_trace(self) -> None:
        """Ask what is to be said of the whole trace."""
        if self._trace is not None:
            self._ask(None, None)

    def attach_outcome(self) -> None:
        """Ask how the session ended; what was attached before is changed."""
        if self._trace is not None:
            before = [one.annotation for one in self._found if one.annotation.outcome is not None]
            self._ask(None, max(before, key=lambda one: one.changed, default=None))
            self.form.title.setText("How the session ended")
            self.form.outcome.setFocus()

    def go_to(self, one: Annotation) -> None:
        """Go to the step of an annotation; one that lost it says why."""
        place = next((found for found in self._found if found.annotation.id == one.id), None)
        if place is None or (place.state == "found" and place.step is None):
            return
        if place.step is not None:
            self.quote_asked.emit(place.step, one.quote)
            return
        self._context.notify.warning(
            f"“{headline(one)}” leads nowhere: {place.reason}",
            replace="annotation",
            actions=(MessageAction("Attach again", partial(self._context.annotations.move, one)),),
        )

    # Inside

    def _connect(self) -> None:
        desk = self._context.annotations
        desk.changed.connect(self._find)
        desk.moving_changed.connect(self._show)
        desk.wanted_changed.connect(self._go_to_wanted)
        self.cards.edit_asked.connect(self._edit)
        self.cards.delete_asked.connect(desk.delete)
        self.cards.quote_asked.connect(lambda one: self.quote_asked.emit(self._step, one.quote))
        self.cards.line_asked.connect(self._show_line)
        self.cards.move_asked.connect(lambda one: self._move(one.annotation))
        self.cards.here_asked.connect(lambda: self._move(desk.moving))
        self.cards.move_left.connect(lambda: desk.move(None))

    @property
    def _file(self) -> Path | None:
        return None if self._place is None else Path(self._place.top.path)

    def _find(self) -> None:
        trace, file = self._trace, self._file
        if trace is None:
            self.cards.show_cards((), (), None)
            return
        everything = self._context.annotations.all

        def done(found: tuple[Placed, ...]) -> None:
            if trace is self._trace:
                self._found = found
                self._tell()

        self._context.spawn_thread(
            lambda: placed(about(everything, trace, file), trace), on_done=done, owner=self
        )

    def _tell(self) -> None:
        steps: dict[int, list[Annotation]] = {}
        for one in self._found:
            if one.step is not None:
                steps.setdefault(one.step, []).append(one.annotation)
        self.said.emit({step: step_words(said) for step, said in steps.items()})
        self._show()
        self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        wanted = self._context.annotations.wanted
        if wanted is not None and any(one.annotation.id == wanted.id for one in self._found):
            self._context.annotations.wanted = None
            self.go_to(wanted)

    def _show(self) -> None:
        if "form" in self.__dict__ and self.form.isVisible():
            # The form stands in for the cards: a low window has no room for both and the step.
            self.cards.hide()
            return
        here = [one.annotation for one in self._found if one.step == self._step]
        astray = [one for one in self._found if one.candidate == self._step]
        self.cards.show_cards(
            here, astray, self._context.annotations.moving if self._trace is not None else None
        )

    def _ask(self, step: int | None, before: Annotation | None, quote: str = "") -> None:
        self._edited, self._target = before, step
        verb = "Annotate" if before is None else "Change the annotation of"
        about_what = "the whole trace" if step is None else f"step {step}"
        self._context.notify.dismiss_key("jump")  # it would lie over the form's buttons
        self._came_from = QApplication.focusWidget()
        self.form.begin(f"{verb} {about_what}", before, whole=step is None, quote=quote)
        self._show()

    def _edit(self, one: Annotation) -> None:
        self._ask(self._step if one.anchor.uid else None, one)

    def _selection(self) -> str:
        return self._reader.text.textCursor().selectedText().replace("\u2029", "\n").strip()

    def _save(self, fields: dict[str, Any]) -> None:
        trace, step, file, edited = self._trace, self._target, self._file, self._edited
        if trace is None:
            return
        quote = fields["quote"]

        def look() -> StepAnchor | None:
            if quote and step is not None and trace.locate(step, quote) is None:
                return None
            return anchor_of(trace, step, file)

        def done(anchor: StepAnchor | None) -> None:
            if anchor is None:
                self.form.tell(f"Step {step} does not say “{quote[:80]}”, word for word.")
                return
            if edited is not None:
                self._context.annotations.change(edited, **fields)
            else:
                self._context.annotations.add(anchor, **fields)
            self._end()

        self._context.spawn_thread(look, on_done=done, owner=self)

    def _end_form(self) -> None:
        if "form" in self.__dict__:
            self.form.end()

    def _end(self) -> None:
        self._end_form()
        self._show()
        before, self._came_from = self._came_from, None
        here = before is not None and shiboken6.isValid(before) and before.isVisible()
        (before if before is not None and here else self._reader).setFocus()

    def _move(self, one: Annotation | None) -> None:
        """Attach an annotation to the step that is shown."""
        trace, step, file = self._trace, self._step, self._file
        if trace is None or one is None or step < 0:
            return

        def done(anchor: StepAnchor) -> None:
            self._context.annotations.change(one, anchor=anchor)
            self._context.annotations.move(None)

        wanted = step if one.anchor.uid else None
        self._context.spawn_thread(anchor_of, trace, wanted, file, on_done=done, owner=self)

    def _show_line(self, one: Annotation) -> None:
        assert one.skill is not None
        skill = self._context.skill(one.skill.skill)
        if skill is None:
            self._context.notify.info(
                f"The open library has no skill “{one.skill.skill}”.", replace="annotation"
            )
            return
        self._context.request_file(Path(skill.path) / one.skill.path, one.skill.line)
