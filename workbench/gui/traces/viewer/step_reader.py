"""The detail pane: one step in full, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QGuiApplication, QImage, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QMenu, QStackedWidget, QTextBrowser, QWidget

from workbench.domain.trajectory import Step
from workbench.gui.shell.context import AppContext
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.viewer.full_text import FullText
from workbench.gui.traces.viewer.media import pictures_of
from workbench.gui.traces.viewer.pictures import read_pictures
from workbench.gui.traces.viewer.renderers.content import Table
from workbench.gui.traces.viewer.renderers.json_text import looks_like_json
from workbench.gui.traces.viewer.renderers.json_tree import JsonValue, unfolded
from workbench.gui.traces.viewer.renderers.table import TableRenderer
from workbench.gui.traces.viewer.step_document import StepDocument
from workbench.gui.traces.viewer.step_page import Block, StepPage, View, page_of
from workbench.gui.traces.viewer.text_writer import Link
from workbench.gui.traces.viewer.whole_view import WholeView
from workbench.gui.traces.words import step_title
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.layouts import column
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: What margins and frames take of the width of a step, in px.
_AROUND = 72


class StepText(QTextBrowser):
    """Shows a step; loads nothing and follows no link of the text."""

    link_used = Signal(str)
    widened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName("Step")
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.anchorClicked.connect(lambda link: self.link_used.emit(link.toString()))

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's name
        """Go to the next link; before the first, to the widget before.

        Qt 6.11 finds a link at the very beginning again and again, and Shift+Tab never leaves.
        """
        cursor = self.textCursor()
        if next or not cursor.hasSelection() or cursor.selectionStart():
            return super().focusNextPrevChild(next)
        cursor.clearSelection()
        self.setTextCursor(cursor)
        return QWidget.focusNextPrevChild(self, next)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.widened.emit()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None


class StepReader(QWidget):
    """Reads a step in a thread and shows it; ``subagent_asked(id)`` opens another trace."""

    subagent_asked = Signal(str)
    loaded = Signal(int)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._trace: OpenTrace | None = None
        self._place: TracePlace | None = None
        self._step: Step | None = None
        self._view = View()
        self._turn = 0
        self.page: StepPage | None = None
        self.banner: Banner | None = None
        self.text = StepText()
        self._images: dict[str, QImage | str] = {}
        self._document = StepDocument(self.text.document())
        self._stack = QStackedWidget()
        self._stack.addWidget(self.text)
        self._inside = column(self, spacing=0)
        self._inside.addWidget(self._stack, 1)
        self.setFocusProxy(self.text)
        self.text.link_used.connect(self._use_link)
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(120)
        self._fitting.timeout.connect(self._fit_pictures)
        self.text.widened.connect(self._fitting.start)

    # Made when first asked for: most steps are read as they are.

    @cached_property
    def full(self) -> FullText:
        """A long text in parts."""
        full = FullText()
        full.left.connect(self._back)
        self._stack.addWidget(full)
        return full

    @cached_property
    def whole(self) -> WholeView:
        """A tree, a table or a picture."""
        whole = WholeView()
        whole.left.connect(self._back)
        self._stack.addWidget(whole)
        return whole

    def renew(self, place: TracePlace, trace: OpenTrace, moved: Callable[[int], int]) -> None:
        """Go on with the same trace read on or anew; a step that is as it was is left as it is.

        ``moved`` tells the number a step has by now, -1 where it is gone.
        """
        self._place, self._trace, before = place, trace, self._step
        if before is None:
            return
        number = moved(before.index)
        if number < 0:
            self._step, self.page = None, None
            return
        self._step = trace.trajectory.steps[number]
        if self._step != before:
            self._read(keep_place=True)

    def set_trace(self, place: TracePlace | None, trace: OpenTrace | None) -> None:
        """Say which trace the steps are of; nothing is shown until ``show_step``."""
        self._turn += 1
        self._place, self._trace, self._step = place, trace, None
        self._view = View(hidden=self._view.hidden)
        self.page = None
        self._stack.setCurrentWidget(self.text)
        self.text.clear()
        self._tell(None)

    def show_step(self, number: int, quote: str = "") -> None:
        """Show a step, with a quote marked in it when one is given."""
        if self._trace is None:
            return
        step = self._trace.trajectory.steps[number]
        same = self._step is not None and self._step.index == number
        self._step = step
        self._view = View(raw=self._view.raw, quote=quote, hidden=self._view.hidden)
        if same and self.page is not None and self.page.quote == quote:
            return
        self._stack.setCurrentWidget(self.text)
        self._read(keep_place=False)

    @property
    def raw(self) -> bool:
        """Whether the step's records are shown instead of what they say."""
        return self._view.raw

    def set_raw(self, raw: bool) -> None:
        """Show the step's records as they are in the file, or what they say."""
        self._view = replace(self._view, raw=raw)
        self._read(keep_place=False)

    def hide_parts(self, roles: frozenset[str]) -> None:
        """Keep blocks of these roles closed in every step, until a person opens one."""
        self._view = replace(self._view, hidden=roles, folded={})
        self._read(keep_place=False)

    def copy_raw(self) -> None:
        """Put the step's records on the clipboard, as they are in the file."""
        trace, step = self._trace, self._step
        if trace is None or step is None:
            return

        def done(records: list[str]) -> None:
            QGuiApplication.clipboard().setText("\n".join(records))
            self._context.notify.info(
                f"The records of step {step.index} are on the clipboard.", replace="copied"
            )

        self._context.spawn_thread(_records, trace, step, on_done=done, owner=self)

    def refresh_colours(self) -> None:
        """Draw with the colours of a new theme."""
        if self.page is not None:
            self._write(self.page, keep_place=True)

    def _fit_pictures(self) -> None:
        if self.page is not None and self.page.pictures:
            self._write(self.page, keep_place=True)

    def _read(self, *, keep_place: bool) -> None:
        trace, step, view = self._trace, self._step, self._view
        if trace is None or step is None:
            return
        self._turn += 1
        turn = self._turn

        def done(read: tuple[StepPage, dict[str, QImage | str]]) -> None:
            if turn == self._turn:
                page, self._images = read
                self._write(page, keep_place=keep_place)
                self.loaded.emit(step.index)

        def failed(problem: BaseException) -> None:
            if turn == self._turn:
                self._fail(problem)

        self._context.spawn_thread(
            _page, trace, step, view, on_done=done, on_error=failed, owner=self
        )

    def _write(self, page: StepPage, *, keep_place: bool) -> None:
        self.page = page
        bar = self.text.verticalScrollBar()
        place = bar.value()
        self._document.write(page, self._images, self.text.viewport().width() - _AROUND)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        if page.quote:
            self._show_quote(page)
        else:
            self._tell(None)
            if keep_place:
                bar.setValue(place)

    def _show_quote(self, page: StepPage) -> None:
        if page.quoted is None:
            short = " ".join(page.quote.split())[:120]
            self._tell(
                Banner(
                    "warning",
                    f"Step {page.step.index} does not say this, word for word: “{short}”",
                )
            )
            return
        where = f"{page.quoted.length:,} bytes at {page.quoted.offset:,}"
        self._tell(Banner("success", f"The quote is in this step: {where} of the file."))
        if self._document.quote_at >= 0:
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(self._document.quote_at)
            self.text.setTextCursor(cursor)
            box = self.text.cursorRect()
            bar = self.text.verticalScrollBar()
            bar.setValue(bar.value() + box.top() - self.text.viewport().height() // 3)

    def _fail(self, problem: BaseException) -> None:
        self.page = None
        self.text.clear()
        words = (
            str(problem)
            if isinstance(problem, TraceError | OSError)
            else (
                f"This step cannot be shown ({type(problem).__name__}: {problem}). "
                "The raw record can still be copied."
            )
        )
        self._tell(Banner("error", words, closable=False))

    def _tell(self, banner: Banner | None) -> None:
        if self.banner is not None and shiboken6.isValid(self.banner):
            self._inside.removeWidget(self.banner)
            self.banner.hide()
            self.banner.deleteLater()
        self.banner = banner
        if banner is not None:
            self._inside.insertWidget(0, banner)

    def _back(self) -> None:
        self._stack.setCurrentWidget(self.text)
        self.text.setFocus()

    def _use_link(self, name: str) -> None:
        link = self._document.links.get(name)
        if link is None or self.page is None:
            # Links of a trace are never followed; their address is in the tip.
            return
        if link.action == "subagent":
            self.subagent_asked.emit(link.target)
            return
        if link.action == "picture":
            self._open_picture(link.target)
            return
        self._block_action(link)

    def _block_action(self, link: Link) -> None:
        assert self.page is not None
        block = next((one for one in self.page.blocks if one.id == link.target), None)
        if block is None:
            return
        if link.action == "fold":
            folded = {**self._view.folded, block.id: not block.folded}
            self._view = replace(self._view, folded=folded)
            self._read(keep_place=True)
        elif link.action == "copy":
            QGuiApplication.clipboard().setText(block.content.text)
        elif link.action == "open" or (link.action == "all" and block.shown.opens):
            self._open_whole(block)
        elif link.action == "all":
            self.full.show_text(self._name(block), block.content.text)
            self._stack.setCurrentWidget(self.full)
        elif link.action == "way":
            self._choose_way(block.id, block.shown.ways, block.shown.renderer)

    def _name(self, block: Block) -> str:
        assert self.page is not None
        head = self.page.calls.get(block.call)
        names = (f"Step {self.page.step.index}", head.name if head else "", block.title)
        return "  ·  ".join(filter(None, names))

    def open_tree(self) -> None:
        """Show the longest JSON of the step as a tree."""
        blocks = self.page.blocks if self.page is not None else ()
        found = [one for one in blocks if looks_like_json(one.content.text)]
        if found:
            self._open_whole(max(found, key=lambda one: len(one.content.text)), "tree")
        else:
            self._context.notify.info("This step holds no JSON.", replace="tree")

    def _open_whole(self, block: Block, opens: str = "") -> None:
        name, content, turn = self._name(block), block.content, self._turn

        def show_tree(value: JsonValue | None) -> None:
            if turn == self._turn and value is not None:
                self.whole.show_tree(name, value)
                self._stack.setCurrentWidget(self.whole)

        def show_table(table: Table) -> None:
            if turn == self._turn:
                self.whole.show_table(name, table)
                self._stack.setCurrentWidget(self.whole)

        spawn = self._context.spawn_thread
        if (opens or block.shown.opens) == "table":
            spawn(TableRenderer().table, content, on_done=show_table, owner=self)
        else:
            spawn(unfolded, content.text, on_done=show_tree, owner=self)

    def _open_picture(self, picture_id: str) -> None:
        assert self.page is not None
        trace, turn = self._trace, self._turn
        found = tuple(one for one in self.page.pictures if one.id == picture_id)
        if trace is None or not found:
            return

        def done(images: dict[str, QImage | str]) -> None:
            image = images[picture_id]
            if turn == self._turn and isinstance(image, QImage):
                self.whole.show_picture(found[0].name, image)
                self._stack.setCurrentWidget(self.whole)

        self._context.spawn_thread(read_pictures, trace, found, None, on_done=done, owner=self)

    def _choose_way(self, block_id: str, ways: tuple[tuple[str, str], ...], current: str) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for way, title in ways:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(way == current)
            action.triggered.connect(lambda _on=False, way=way: self.choose_way(block_id, way))
        menu.popup(self.text.viewport().mapToGlobal(self.text.cursorRect().bottomLeft()))

    def choose_way(self, block_id: str, way: str) -> None:
        """Show a block by another renderer."""
        chosen = {**self._view.chosen, block_id: way}
        self._view = replace(self._view, chosen=chosen)
        self._read(keep_place=True)

    def title(self) -> str:
        """Return the name of the step shown."""
        return "" if self._step is None else step_title(self._step)


def _page(trace: OpenTrace, step: Step, view: View) -> tuple[StepPage, dict[str, QImage | str]]:
    quoted = trace.locate(step.index, view.quote) if view.quote else None
    body = trace.body(step.index)
    records = _records(trace, step) if view.raw or quoted is not None else ()
    events = trace.trajectory.skill_events
    pictures = () if view.raw else pictures_of(trace, step, body)
    images = read_pictures(trace, pictures)
    page = page_of(
        step, body, view, events=events, records=records, quoted=quoted, pictures=pictures
    )
    return page, images


def _records(trace: OpenTrace, step: Step) -> list[str]:
    spans = dict.fromkeys((*step.raw, *(span for call in step.tool_calls for span in call.result)))
    return [trace.raw(span).decode("utf-8", "replace").rstrip("\n") for span in spans]
