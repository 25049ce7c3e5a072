"""The keys of the trace viewer, each beside what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QWidget

from workbench.gui.traces.step_marks import Mark
from workbench.gui.traces.viewer.annotation_side import AnnotationSide
from workbench.gui.traces.viewer.exports import ExportMenu
from workbench.gui.traces.viewer.header import ViewerHeader
from workbench.gui.traces.viewer.step_reader import StepReader
from workbench.gui.traces.viewer.steps_pane import StepsPane


class Keyed(Protocol):
    """What the keys reach."""

    annotations: AnnotationSide
    exports: ExportMenu
    header: ViewerHeader
    pane: StepsPane
    reader: StepReader

    def jump(self, mark: Mark, by: int = 1) -> None:
        """Go to the next step with a mark."""
        ...

    def jump_to_first(self, mark: Mark) -> None:
        """Go to the first step with a mark."""
        ...

    def ask_step(self) -> None:
        """Ask for a step number."""
        ...

    def ask_words(self) -> None:
        """Ask for words to find."""
        ...

    def copy_link(self) -> None:
        """Copy a link to the step."""
        ...

    def back(self) -> None:
        """Go to the step before."""
        ...

    def forward(self) -> None:
        """Go forward again."""
        ...

    def up(self) -> None:
        """Go to the parent."""
        ...


def add_keys(widget: QWidget, viewer: Keyed, raw: QAbstractButton) -> None:
    """Give the viewer its keys, which work while it or a part of it has the focus."""
    keys: tuple[tuple[str, Callable[[], object]], ...] = (
        ("E", lambda: viewer.jump(Mark.ERROR)),
        ("Shift+E", lambda: viewer.jump(Mark.ERROR, -1)),
        ("Alt+Home", lambda: viewer.jump_to_first(Mark.ERROR)),
        ("U", lambda: viewer.jump(Mark.PROMPT)),
        ("Shift+U", lambda: viewer.jump(Mark.PROMPT, -1)),
        ("S", lambda: viewer.jump(Mark.SKILL)),
        ("Shift+S", lambda: viewer.jump(Mark.SKILL, -1)),
        ("N", viewer.annotations.annotate_step),
        ("Shift+N", viewer.annotations.annotate_trace),
        ("O", viewer.annotations.attach_outcome),
        ("A", lambda: viewer.jump(Mark.ANNOTATION)),
        ("Shift+A", lambda: viewer.jump(Mark.ANNOTATION, -1)),
        ("G", viewer.ask_step),
        ("H", viewer.pane.popup_hidden),
        ("B", viewer.pane.agents.setFocus),
        ("J", viewer.reader.open_tree),
        ("L", viewer.copy_link),
        ("R", raw.toggle),
        ("C", viewer.reader.copy_raw),
        ("T", viewer.header.by_time.toggle),
        ("F", viewer.header.follow.toggle),
        ("V", viewer.header.reading.toggle),
        ("X", viewer.exports.popup),
        ("/", viewer.ask_words),
        ("Alt+Left", viewer.back),
        ("Alt+Right", viewer.forward),
        ("Alt+Up", viewer.up),
    )
    for text, run in keys:
        shortcut = QShortcut(QKeySequence(text), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(run)
