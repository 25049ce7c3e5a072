"""All rows of a comparison on one strip: where the runs agree, differ, or one of them is alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme.current import colour, current_theme
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.compare.aligned import ALONE, DONE, WORDED, Aligned
from workbench.gui.traces.compare.run_words import letter, run_colour

_LANE = 14
_TOP = 6
_SIDE = 12
_LABEL = 18


class AgreementStrip(QWidget):
    """A lane for each run. A thin line: the same is done; a half-high bar: done differently; a
    full bar in the run's colour: it alone has the step; nothing: it has no step there.

    A click goes to a row, Left and Right ask for the difference before and after.
    """

    row_chosen = Signal(int)
    difference_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aligned: Aligned | None = None
        self._current = -1
        self._picture: QPixmap | None = None
        self._drawn_for = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Where the runs agree and differ")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_aligned(self, found: Aligned | None) -> None:
        """Show another comparison."""
        self._aligned = found
        self._picture = None
        if found is not None:
            counts = found.comparison.counts
            alone = ", ".join(
                f"{count} only in {letter(run)}" for run, count in enumerate(counts.alone)
            )
            self.setAccessibleDescription(
                f"{counts.same} rows the same, {counts.changed} changed, {alone}"
            )
        self.updateGeometry()
        self.update()

    def set_current(self, row: int) -> None:
        """Show which row is selected."""
        self._current = row
        self.update()

    def sizeHint(self) -> QSize:
        runs = len(self._aligned.strip) if self._aligned is not None else 2
        return QSize(300, 2 * _TOP + runs * _LANE)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def x_of(self, row: int) -> float:
        """Return where a row is, in px."""
        total = len(self._aligned.rows) if self._aligned is not None else 1
        left, width = self._track()
        return left + width * (row + 0.5) / max(1, total)

    def row_at(self, x: float) -> int:
        """Return the row at a place; where a px has several, one that differs before others."""
        found = self._aligned
        if found is None or not found.rows:
            return -1
        left, width = self._track()
        total = len(found.rows)
        first = min(total - 1, max(0, int((x - left) / width * total)))
        last = min(total - 1, max(first, int((x + 3 - left) / width * total)))
        here = range(first, last + 1)
        return max(here, key=lambda row: (found.levels[row], -row))

    def _track(self) -> tuple[float, float]:
        left = _SIDE + _LABEL
        return left, max(1.0, self.width() - left - _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._aligned is None:
            return
        if self._picture is None or self._drawn_for != current_theme().name:
            self._picture = self._draw(self._aligned)
            self._drawn_for = current_theme().name
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._current >= 0:
            x = round(self.x_of(self._current))
            painter.fillRect(QRectF(x - 1, 1, 2, self.height() - 2), colour("text"))
        if self.hasFocus():
            painter.setPen(colour("focus"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _draw(self, found: Aligned) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(colour("window"))
        painter = QPainter(picture)
        painter.setFont(ui_font(0.85, bold=True))
        left, width = self._track()
        done, worded, plain = (colour(one) for one in ("warning", "text_muted", "border_strong"))
        for run, bins in enumerate(found.strip):
            top = _TOP + run * _LANE
            own = colour(run_colour(run))
            painter.setPen(own)
            painter.drawText(
                QRectF(_SIDE, top, _LABEL, _LANE), int(Qt.AlignmentFlag.AlignVCenter), letter(run)
            )
            painter.fillRect(QRectF(left, top + 1, width, _LANE - 2), colour("sunken"))
            share = width / len(bins)
            for level, start, end in _stretches(bins):
                x, wide = left + start * share, max(1.0, (end - start) * share)
                kind = level & 3
                if kind == ALONE:
                    painter.fillRect(QRectF(x, top + 1, wide, _LANE - 2), own)
                elif kind == DONE:
                    painter.fillRect(QRectF(x, top + 3, wide, _LANE - 6), done)
                else:
                    tone = worded if kind == WORDED else plain
                    painter.fillRect(QRectF(x, top + _LANE / 2 - 1, wide, 2), tone)
        painter.end()
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        row = self.row_at(event.position().x())
        if row >= 0:
            self.row_chosen.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        by = moves.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
            return
        self.difference_asked.emit(by)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(event.pos().x())
            found = self._aligned
            if found is not None and row >= 0:
                cells = found.rows[row].cells
                words = ", ".join(
                    f"{letter(run)} {'has no such step' if place is None else f'step {place}'}"
                    for run, place in enumerate(cells)
                )
                QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)


def _stretches(bins: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (level, start, end) of neighbours of one level that have a step."""
    at = 0
    for level, group in groupby(bins):
        end = at + sum(1 for _ in group)
        if level & 4:
            yield level, at, end
        at = end
