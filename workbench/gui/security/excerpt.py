"""The lines around a finding, as they are in the skill now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from workbench.domain.finding import Finding
from workbench.files import FileProblem, confined, sha256
from workbench.gui.security.finding_filter import visible
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font

_AROUND = 3
_MOST_LINES = 14
_MOST_ROWS = 18
_MOST_BYTES = 4 << 20
_MOST_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Numbered lines; ``marked`` are those of the finding. ``changed``: the file is another now."""

    lines: tuple[tuple[int, str], ...]
    marked: range
    changed: bool = False


def read_excerpt(folder: str, finding: Finding, expected: str | None) -> Excerpt:
    """Read the lines around a finding; in a thread.

    When the file is not what was scanned, or is not there, the evidence alone is shown.
    """
    alone = _evidence_alone(finding)
    try:
        path = confined(Path(folder), finding.path)
        if path.stat().st_size > _MOST_BYTES:
            return alone
        data = path.read_bytes()
    except (OSError, FileProblem):
        return alone
    if expected is None or sha256(data) != expected:
        return alone
    lines = data.decode("utf-8", "replace").split("\n")
    last = min(finding.end_line, finding.line + _MOST_LINES - 2 * _AROUND)
    first = max(1, finding.line - _AROUND)
    shown = lines[first - 1 : last + _AROUND]
    return Excerpt(
        tuple((first + number, _cut(line)) for number, line in enumerate(shown)),
        range(finding.line, last + 1),
    )


def _evidence_alone(finding: Finding) -> Excerpt:
    lines = finding.evidence.split("\n")[:_MOST_LINES]
    numbered = tuple((finding.line + number, _cut(line)) for number, line in enumerate(lines))
    return Excerpt(numbered, range(finding.line, finding.line + len(lines)), changed=True)


def _cut(line: str) -> str:
    text = visible(line.rstrip("\r"))
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


class ExcerptView(QPlainTextEdit):
    """Shows an excerpt as high as it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._excerpt: Excerpt | None = None
        self.setReadOnly(True)
        self.setFont(mono_font(0.95))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Evidence")
        self.setTabChangesFocus(True)
        self.setProperty("field", True)

    def show_excerpt(self, excerpt: Excerpt) -> None:
        """Show other lines."""
        self._excerpt = excerpt
        digits = len(str(excerpt.lines[-1][0])) if excerpt.lines else 1
        self.setPlainText("\n".join(f"{n:>{digits}}  {text}" for n, text in excerpt.lines))
        self._fit()
        self.refresh_colours()
        first = next((n for n, (line, _) in enumerate(excerpt.lines) if line in excerpt.marked), 0)
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(first)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            # A height set while the size is being set would leave the lower part unpainted.
            QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """Be as high as the lines, which wrap; very many of them scroll."""
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = max(1, round(self.document().size().height()))
        if rows > _MOST_ROWS:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        lines = min(_MOST_ROWS, rows)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 22)

    def refresh_colours(self) -> None:
        """Mark the finding's lines in the colours of the theme."""
        excerpt = self._excerpt
        if excerpt is None:
            return
        marks = []
        for place, (number, _) in enumerate(excerpt.lines):
            if number in excerpt.marked:
                mark = QTextEdit.ExtraSelection()
                mark.format.setBackground(colour("warning_soft"))
                mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
                mark.cursor = QTextCursor(self.document().findBlockByNumber(place))
                marks.append(mark)
        self.setExtraSelections(marks)
