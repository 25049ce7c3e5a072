"""The whole trace to be read from top to bottom, page by page."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QTextEdit, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.current import colour
from workbench.gui.traces.step_marks import StepMarks
from workbench.gui.traces.viewer.reading.entries import (
    NOTHING_HIDDEN,
    Entry,
    Hidden,
    entries_of,
    pages_of,
    result_of,
)
from workbench.gui.traces.viewer.reading.reading_document import Opened, ReadingDocument
from workbench.gui.traces.viewer.step_reader import StepText
from workbench.gui.traces.viewer.text_writer import Link
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: How long one slice of writing may take, and the pause after it, in ms.
_SLICE_MS = 8
_PAUSE_MS = 1
_WIDEST = 960
_ALL_HIDDEN = Entry(0, "context", "All steps are hidden", "H shows them again.")


class ReadingView(QWidget):
    """``step_asked(step)`` asks for a step in full, ``subagent_asked(id)`` for another trace.

    Alt+Page Down and Alt+Page Up turn the page.
    """

    step_asked = Signal(int)
    subagent_asked = Signal(str)
    written = Signal()

    def __init__(
        self, context: AppContext, hide_button: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._trace: OpenTrace | None = None
        self._index: StepMarks | None = None
        self._pages: tuple[range, ...] = (range(0),)
        self._page = 0
        self._turn = 0
        self._step = 0
        self._entries: tuple[Entry, ...] = ()
        self._opened: dict[str, Opened] = {}
        self._hidden = NOTHING_HIDDEN
        #: Calls of which a person asked for the result, though results are hidden.
        self._results: set[str] = set()
        self._waiting: deque[Entry] = deque()
        self._keep = -1
        self.text = StepText()
        self.text.setAccessibleName("The trace as a page")
        self._document = ReadingDocument(self.text.document())
        self.where = QLabel()
        self.where.setProperty("muted", True)
        self.before = push_button("Previous", lambda: self.show_page(self._page - 1))
        self.after = push_button("Next", lambda: self.show_page(self._page + 1))
        self.before.setToolTip("Previous page (Alt+Page Up)")
        self.after.setToolTip("Next page (Alt+Page Down)")
        head = row(spacing=8)
        head.setContentsMargins(20, 6, 12, 6)
        head.addWidget(self.where, 1)
        head.addWidget(hide_button)
        head.addWidget(self.before)
        head.addWidget(self.after)
        inside = column(self, spacing=0)
        inside.addLayout(head)
        inside.addWidget(self.text, 1)
        self.setFocusProxy(self.text)
        self.text.link_used.connect(self._use)
        self._writing = QTimer(self)
        self._writing.setInterval(_PAUSE_MS)
        self._writing.timeout.connect(self._write_some)
        for keys, by in (("Alt+PgDown", 1), ("Alt+PgUp", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=by: self.show_page(self._page + by))

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Lines longer than this are hard to read.
        super().resizeEvent(event)
        wide = self.text.width() > _WIDEST + 40
        modes = QTextEdit.LineWrapMode
        self.text.setLineWrapMode(modes.FixedPixelWidth if wide else modes.WidgetWidth)
        self.text.setLineWrapColumnOrWidth(_WIDEST if wide else 0)

    @property
    def pages(self) -> int:
        """How many pages the trace has."""
        return len(self._pages)

    @property
    def page(self) -> int:
        """The page that is shown, from 0."""
        return self._page

    @property
    def complete(self) -> bool:
        """Whether all of the page is written."""
        return not self._writing.isActive() and not self._waiting

    def show_trace(self, trace: OpenTrace | None, index: StepMarks | None) -> None:
        """Say what is read; nothing is shown until ``go_to``."""
        self._turn += 1
        self._trace, self._index = trace, index
        self._pages = (range(0),)
        if index is not None:
            self._pages = pages_of(index, hidden=self._hidden.marks)
        self._page = -1
        self._entries = ()
        self._opened.clear()
        self._results.clear()
        self._waiting.clear()
        self._writing.stop()
        self._document.begin()

    def hide_kinds(self, hidden: Hidden) -> None:
        """Leave steps and parts out, from now on; the step that is read stays where it is."""
        if hidden == self._hidden:
            return
        self._hidden = hidden
        if self._page >= 0:
            self.show_trace(self._trace, self._index)
            self.go_to(self._step)

    def go_to(self, step: int) -> None:
        """Show a step: its page, scrolled to where it begins."""
        self._step = step
        page = bisect_right([one.start for one in self._pages], step) - 1
        if page == self._page:
            if self.complete:
                self._scroll()
            return
        self._show(page)

    def show_page(self, page: int) -> None:
        """Turn to a page, counted from 0."""
        if 0 <= page < len(self._pages):
            self.go_to(self._pages[page].start)

    def refresh_colours(self) -> None:
        """Write the page with the colours of a new theme."""
        if self._entries:
            self._keep = self.text.verticalScrollBar().value()
            self._write()

    def _show(self, page: int) -> None:
        trace, index = self._trace, self._index
        if trace is None or index is None:
            return
        self._page = page
        self._turn += 1
        self._opened.clear()
        turn, steps = self._turn, self._pages[page]
        last = max(steps.start, steps.stop - 1)
        hidden = self._hidden
        away = sum(bool(index.marks[step] & hidden.marks) for step in steps) if hidden.marks else 0
        self.where.setText(
            f"Steps {steps.start:,} to {last:,} of {len(index.steps):,}  ·  page {page + 1:,} of "
            f"{len(self._pages):,}{f'  ·  {away:,} of them hidden' if away else ''}"
        )
        self.before.setEnabled(page > 0)
        self.after.setEnabled(page + 1 < len(self._pages))

        def done(entries: tuple[Entry, ...]) -> None:
            if turn == self._turn:
                self._entries = entries
                self._keep = -1
                self._write()

        self._context.spawn_thread(
            entries_of, trace, index, steps, hidden, on_done=done, owner=self
        )

    def _write(self) -> None:
        self._document.begin()
        self._waiting = deque(
            self._entries or (_ALL_HIDDEN,) if self._hidden.marks else self._entries
        )
        self._write_some()

    def _write_some(self) -> None:
        until = time.perf_counter() + _SLICE_MS / 1000
        closed = self._opened.keys() - self._results if self._hidden.results else set()
        while self._waiting and time.perf_counter() < until:
            self._document.write(self._waiting.popleft(), self._opened, closed)
        if self._waiting:
            self._writing.start()
            return
        self._writing.stop()
        self._document.finish()
        links = []
        if self._page > 0:
            links.append(("‹ Previous page", Link("page", str(self._page - 1))))
        if self._page + 1 < len(self._pages):
            links.append(("Next page ›", Link("page", str(self._page + 1))))
        if links:
            self._document.write_links(*links)
        keep, self._keep = self._keep, -1
        self._scroll()
        if keep >= 0:
            self.text.verticalScrollBar().setValue(keep)
        self.written.emit()

    def _scroll(self) -> None:
        places = self._document.places
        found = [step for step in places if step <= self._step]
        if not found:
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            return
        cursor = QTextCursor(self.text.document())
        cursor.setPosition(places[max(found)])
        self.text.setTextCursor(cursor)
        box = self.text.cursorRect()
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.value() + box.top() - 60)
        mark = QTextEdit.ExtraSelection()
        mark.cursor = cursor
        mark.format.setBackground(colour("selection"))
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection.value, True)
        self.text.setExtraSelections([mark])

    def _use(self, name: str) -> None:
        link = self._document.links.get(name)
        if link is None:
            return
        if link.action == "step":
            self.step_asked.emit(int(link.target))
        elif link.action == "subagent":
            self.subagent_asked.emit(link.target)
        elif link.action == "page":
            self.show_page(int(link.target))
        elif link.action == "unfold":
            self.unfold(link.target)
        elif link.action == "result":
            self._results.add(link.target)
            self._rewrite()

    def unfold(self, call: str) -> None:
        """Show what a call was given and gave, or fold it again."""
        trace, turn = self._trace, self._turn
        if self._opened.pop(call, None) is not None:
            self._results.discard(call)
            self._rewrite()
            return
        if trace is None:
            return
        step, _, number = call.partition(":")

        def done(found: Opened) -> None:
            if turn == self._turn:
                self._opened[call] = found
                self._rewrite()

        self._context.spawn_thread(
            result_of, trace, int(step), int(number), on_done=done, on_error=self._fail, owner=self
        )

    def _rewrite(self) -> None:
        self._keep = self.text.verticalScrollBar().value()
        self._write()

    def _fail(self, problem: BaseException) -> None:
        words = str(problem) if isinstance(problem, TraceError | OSError) else repr(problem)
        self._context.notify.warning(f"The call cannot be shown: {words}", replace="reading")
