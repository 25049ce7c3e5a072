"""How the Markdown reads, beside its source. Nothing is fetched and nothing is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QColor, QTextCursor, QTextDocument, QTextFormat
from PySide6.QtWidgets import QTextBrowser, QWidget

from workbench.gui.theme.current import current_theme

_PAUSE_MS = 150
_LONG_PAUSE_MS = 600
_LONG_BLOCKS = 1500
#: A longer text is drawn by its beginning; the source has all of it.
_MOST = 400_000
#: Blocks looked at for fenced code.
_SHADED = 3000


class Preview(QTextBrowser):
    """Markdown without HTML and without pictures from anywhere.

    A skill is a stranger's text: HTML in it is shown as text, links are told and never opened by
    this view, and ``loadResource`` gives nothing, so no file and no address is read.
    """

    link_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Preview")
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setPlaceholderText("Nothing to preview.")
        self.document().setDocumentMargin(16)
        self.anchorClicked.connect(lambda url: self.link_clicked.emit(url.toString()))
        self._wanted: Callable[[], str] = str
        self._shown: str | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.render_now)

    def show_markdown(self, text: Callable[[], str]) -> None:
        """Show what ``text`` gives when typing pauses; longer texts wait for a longer pause."""
        self._wanted = text
        long = self.document().blockCount() > _LONG_BLOCKS
        self._pause.start(_LONG_PAUSE_MS if long else _PAUSE_MS)

    def render_now(self) -> None:
        """Draw what is wanted, and keep the place."""
        if not self.isVisible() or (wanted := self._wanted()) == self._shown:
            return
        self._shown = wanted
        bar = self.verticalScrollBar()
        place = bar.value()
        theme = current_theme()
        self.document().setDefaultStyleSheet(f"a {{ color: {theme['link']}; }}")
        self.document().setMarkdown(
            wanted[:_MOST],
            QTextDocument.MarkdownFeature.MarkdownDialectGitHub
            | QTextDocument.MarkdownFeature.MarkdownNoHTML,
        )
        self._shade_code(QColor(theme["code_background"]))
        bar.setValue(place)

    def _shade_code(self, ground: QColor) -> None:
        """Give fenced code a ground of its own, and let it wrap: nothing is cut at the edge."""
        block = self.document().begin()
        for _ in range(_SHADED):
            if not block.isValid():
                return
            if block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence):
                shaded = block.blockFormat()
                shaded.setBackground(ground)
                shaded.setNonBreakableLines(False)
                QTextCursor(block).setBlockFormat(shaded)
            block = block.next()

    def refresh_colours(self) -> None:
        """Draw again with the colours of a new theme."""
        self._shown = None
        self._pause.start()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._pause.start()


def without_front_matter(text: str) -> str:
    """Return the Markdown below the front matter."""
    if not text.startswith("---"):
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[number + 1 :])
    return text
