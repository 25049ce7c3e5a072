"""Writes the entries of a page, a few at a time, so that the window never waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtGui import QTextCursor, QTextDocument

from workbench.domain.trajectory import ToolBody
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.traces.viewer.reading.entries import Entry
from workbench.gui.traces.viewer.renderers.content import Shown, displayable
from workbench.gui.traces.viewer.table_text import insert_table
from workbench.gui.traces.viewer.text_writer import Link, TextWriter

#: Characters of an argument or of an event: a call takes one line.
_LINE = 72
#: An unfolded call: the call, its arguments, its result (None where it has none).
Opened = tuple[ToolBody, Shown, Shown | None]


class ReadingDocument(TextWriter):
    """One page of a trace; ``places`` say where each step begins in it."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.places: dict[int, int] = {}

    def begin(self) -> None:
        """Start an empty page."""
        self.links.clear()
        self._codes.clear()
        self.places.clear()
        self._document.clear()
        self._document.setDefaultFont(ui_font())
        self._document.setDocumentMargin(20)

    def write(
        self, entry: Entry, opened: Mapping[str, Opened], closed: Collection[str] = ()
    ) -> None:
        """Write one entry at the end; the results of ``closed`` calls stay behind a link."""
        cursor = self._end()
        cursor.beginEditBlock()
        if entry.kind in ("prompt", "answer", "note"):
            self._said(cursor, entry)
        elif entry.kind == "call":
            self._call(cursor, entry, opened.get(entry.id), closed=entry.id in closed)
        else:
            self._told(cursor, entry)
        cursor.endEditBlock()

    def write_links(self, *links: tuple[str, Link]) -> None:
        """Write links of the page itself at its end."""
        cursor = self._end()
        self._next(cursor, above=20)
        for text, link in links:
            self._link(cursor, text, link)
            self._write(cursor, "        ")

    def finish(self) -> None:
        """Close the gaps that Qt leaves around frames."""
        self._close_gaps(self._document.rootFrame())

    def _end(self) -> QTextCursor:
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return cursor

    def _mark_place(self, cursor: QTextCursor, entry: Entry) -> None:
        self.places.setdefault(entry.step, cursor.position())

    def _said(self, cursor: QTextCursor, entry: Entry) -> None:
        if entry.title:
            self._next(cursor, above=18)
            self._mark_place(cursor, entry)
            token = "accent" if entry.kind == "prompt" else "text"
            self._link(
                cursor,
                entry.title,
                Link("step", str(entry.step)),
                token=token,
                font=ui_font(1.05, bold=True),
            )
            told = "  ·  ".join(filter(None, (f"step {entry.step}", entry.detail)))
            self._write(cursor, f"   {told}", token="text_muted", font=ui_font(0.9))
        else:
            self._next(cursor, above=6)
            self._mark_place(cursor, entry)
        if entry.text.strip():
            self._markdown(cursor, displayable(entry.text), muted=entry.kind == "note")
        else:
            self._line(cursor, "(says nothing)", token="text_muted")
        if entry.left_out:
            cursor = self._end()
            self._next(cursor, above=4)
            self._write(cursor, f"… {entry.left_out:,} more characters    ", token="text_muted")
            self._link(cursor, "Open the step", Link("step", str(entry.step)))

    def _call(
        self, cursor: QTextCursor, entry: Entry, opened: Opened | None, *, closed: bool
    ) -> None:
        self._next(cursor, above=4)
        self._mark_place(cursor, entry)
        sign = "▾" if opened is not None else "▸"
        token = "error" if entry.failed else "text"
        name = Link("unfold", entry.id)
        self._link(cursor, f"{sign} {entry.title}", name, token=token, font=ui_font(bold=True))
        argument, _, told = entry.text.partition("\n")
        self._write(cursor, "   ")
        self._write(cursor, displayable(_short(argument)), token="text", font=mono_font(0.9))
        self._write(cursor, f"   {entry.detail}   ", token="text_muted", font=ui_font(0.9))
        self._link(cursor, f"step {entry.step}", Link("step", str(entry.step)), token="text_muted")
        if entry.sub:
            self._write(cursor, "   ")
            self._link(cursor, "Open subagent →", Link("subagent", entry.sub))
        if told:
            self._next(cursor, above=0)
            self._write(
                cursor, f"    {displayable(_short(told))}", token="error", font=mono_font(0.9)
            )
        if opened is not None:
            self._unfolded(cursor, entry, opened, closed=closed)

    def _unfolded(self, cursor: QTextCursor, entry: Entry, opened: Opened, *, closed: bool) -> None:
        _, arguments, result = opened
        for shown in (arguments, None if closed else result):
            if shown is None or not (shown.runs or shown.markdown or shown.table):
                continue
            if shown.table is not None:
                insert_table(cursor, shown.table)
            elif shown.markdown is not None:
                self._markdown(cursor, shown.markdown, muted=False)
            else:
                self._runs(cursor, shown.runs, -1, 0)
            cursor = self._end()
            if not shown.whole or (shown.table is not None and shown.table.more):
                self._next(cursor, above=2)
                self._link(cursor, "… the step shows all of it", Link("step", str(entry.step)))
        if closed and result is not None:
            self._next(cursor, above=2)
            self._link(cursor, "▸ Show the result", Link("result", entry.id))

    def _told(self, cursor: QTextCursor, entry: Entry) -> None:
        self._next(cursor, above=4)
        self._mark_place(cursor, entry)
        if entry.kind == "skill":
            text = f"★ {entry.text}"
            self._link(cursor, text, Link("step", str(entry.step)), token="data_4", font=ui_font())
            return
        title = Link("step", str(entry.step))
        self._link(cursor, entry.title, title, token="text_muted", font=ui_font(0.95))
        said = displayable(f"   {_short(entry.text)}   {entry.detail}".rstrip())
        self._write(cursor, said, token="text_muted", font=ui_font(0.9))


def _short(text: str) -> str:
    """Return what fits on a line beside the rest."""
    return text if len(text) <= _LINE else f"{text[: _LINE - 1].rstrip()}…"
