"""The keys of the trace viewer, each beside what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from workbench.gui.traces.step_marks import Mark

if TYPE_CHECKING:
    from workbench.gui.traces.viewer.trace_viewer import TraceViewer


def add_keys(viewer: TraceViewer) -> None:
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
        ("H", viewer.pane.hide_button.showMenu),
        ("B", viewer.pane.agents.setFocus),
        ("J", viewer.reader.open_tree),
        ("L", viewer.copy_link),
        ("R", viewer.raw.toggle),
        ("C", viewer.reader.copy_raw),
        ("T", viewer.by_time.toggle),
        ("F", viewer.header.follow.toggle),
        ("V", viewer.header.reading.toggle),
        ("X", viewer.exports.button.showMenu),
        ("/", viewer.ask_words),
        ("Alt+Left", viewer.back),
        ("Alt+Right", viewer.forward),
        ("Alt+Up", viewer.up),
    )
    for text, run in keys:
        shortcut = QShortcut(QKeySequence(text), viewer)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(run)
