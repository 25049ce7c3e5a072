"""Switches between the lines of a diff and the Markdown as it reads before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from workbench.domain.proposal import Hunk
from workbench.gui.review.display.desk import DiffDesk
from workbench.gui.review.display.modes import DiffModes
from workbench.gui.review.rendered.view import RenderedView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.review.session import Review
from workbench.review.text_diff.diff import decoded
from workbench.review.text_diff.markdown_blocks import BlockPair, block_pairs, texts_of

_MARKDOWN = (".md", ".mdc", ".markdown")


class RenderedMode(QObject):
    """The page of one desk; made when it is first asked for."""

    def __init__(self, desk: DiffDesk, modes: DiffModes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.view = RenderedView()
        self.view.asked.connect(desk.run)
        self.page, self._path = _page(self.view)
        desk.view.pages.addWidget(self.page)
        self._switch = modes.add_switch(
            "Rendered Markdown, before and after", "P", lambda: desk.run("rendered")
        )
        self._shown: tuple[str, str, Mapping[str, tuple[str, ...]]] | None = None
        self.on = False
        desk.add_acts({"rendered": self.turn})
        desk.hunk_changed.connect(self._follow)
        modes.made.connect(self._follow)

    def turn(self) -> None:
        """Show the file of the current hunk as it reads, or its lines again."""
        self.on = not self.on
        self._switch.setChecked(self.on)
        diff = self._desk.view.diff
        focused = diff.hasFocus() or self.view.hasFocus()
        # What leads back to the changes leads to what is shown of them.
        # (None is in Qt's documentation of setFocusProxy, and missing in the stub.)
        diff.setFocusProxy(self.view if self.on else None)  # type: ignore[arg-type]
        self._follow()
        if focused:
            (self.view if self.on else diff).setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh_colours(self) -> None:
        """Draw again with the colours of a new theme."""
        self.view.refresh_colours()

    def _follow(self) -> None:
        """Show what belongs to the current hunk."""
        pages, hunk, opened = self._desk.view.pages, self._desk.hunk(), self._desk.opened
        if hunk is None or opened is None:
            return
        pages.setCurrentWidget(self.page if self.on else self._desk.view.diff)
        if not self.on:
            return
        self._path.setText(hunk.path)
        if not hunk.path.lower().endswith(_MARKDOWN) or hunk.kind == "binary":
            self._shown = None
            self.view.show_message("Only Markdown is rendered. Press P for the lines of this file.")
            return
        hunks = [one for one in self._desk.choices.hunks if one.path == hunk.path]
        news = {one.id: _lines(one, self._desk.edited_lines(one.id)) for one in hunks}
        wanted = (opened.proposal.id, hunk.path, news)
        if wanted == self._shown:
            self._bring(hunk)
            return
        self._shown = wanted
        self._desk.work.start(
            "rendered",
            _read,
            hunks,
            news,
            opened.review,
            on_done=self._show,
            on_problem=self.view.show_message,
        )

    def _show(self, pairs: tuple[BlockPair, ...]) -> None:
        self.view.show_pairs(pairs)
        hunk = self._desk.hunk()
        if hunk is not None:
            self._bring(hunk)

    def _bring(self, hunk: Hunk) -> None:
        """Bring the block of a hunk into sight."""
        shift = 0
        for one in self._desk.choices.hunks:
            if one.id == hunk.id:
                break
            if one.path == hunk.path and one.kind == "text":
                own = _lines(one, self._desk.edited_lines(one.id))
                shift += len(own) - len(one.base_lines)
        new = _lines(hunk, self._desk.edited_lines(hunk.id))
        first = hunk.base_start
        self.view.show_lines((first, len(hunk.base_lines)), (first + shift, len(new)))


def _lines(hunk: Hunk, edited: tuple[str, ...] | None) -> tuple[str, ...]:
    return hunk.new_lines if edited is None else edited


def _read(
    hunks: Sequence[Hunk], news: Mapping[str, Sequence[str]], review: Review
) -> tuple[BlockPair, ...]:
    """Return both versions of a file block by block; for a thread."""
    base = decoded(review.read_base(hunks[0].path) or b"") or ""
    return block_pairs(*texts_of(hunks, news, base))


def _page(view: RenderedView) -> tuple[QWidget, ElidedLabel]:
    """Return the page with a head over both sides, and the label of the path in it."""
    page, head = QWidget(), QFrame()
    head.setObjectName("PanelHeader")
    path = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
    line = row(head, spacing=0)
    line.setContentsMargins(12, 4, 12, 4)
    left, right = QWidget(), QLabel("After, with every hunk")
    inside = row(left, spacing=8)
    inside.addWidget(QLabel("Before"))
    path.setProperty("muted", True)
    inside.addWidget(path, 1)
    line.addWidget(left, 1)
    line.addWidget(right, 1)
    stack = column(page, spacing=0)
    stack.addWidget(head)
    stack.addWidget(view, 1)
    return page, path
