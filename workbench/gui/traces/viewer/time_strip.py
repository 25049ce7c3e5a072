"""The whole trace on one strip: where errors, skills, edits, subagents and compactions are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import ceil

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.gui.theme.current import colour, current_theme
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.step_marks import LANES, Mark, StepMarks
from workbench.gui.traces.words import clock, step_row

_LANE = 16
_TOP = 6
_FOOT = 18
_SIDE = 12
_COLOURS = {
    Mark.PROMPT: "accent",
    Mark.ERROR: "error",
    Mark.SKILL: "data_4",
    Mark.EDIT: "data_2",
    Mark.SUBAGENT: "data_1",
    Mark.COMPACTION: "warning",
    Mark.ANNOTATION: "data_8",
}
#: How wide a mark is, in px.
_MARK = 4
#: How far a click may be from a mark, in px.
_REACH = 12.0


@dataclass(frozen=True, slots=True)
class _Lane:
    title: str
    mark: Mark
    places: Sequence[int]


def step_ticks(last: int) -> list[float]:
    """Return the steps that are named below the strip: the first, the last, round ones between."""
    sizes = (unit * 10**zeros for zeros in count() for unit in (1, 2, 5))
    size = next(one for one in sizes if last <= 6 * one)
    between = [float(one) for one in range(size, last, size) if last - one >= size / 2]
    return [0.0, *between, float(last)] if last else [0.0]


class TimeStrip(QWidget):
    """A lane for each kind of mark there is; a click goes to the step.

    The strip runs along the time where the trace records it, else (or when asked) along the
    steps. Left and Right go to the mark before and after, Up and Down change the lane.
    """

    step_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index: StepMarks | None = None
        self._lanes: tuple[_Lane, ...] = ()
        self._lane = 0
        self._current = -1
        self._by_time = False
        self._label_width = 0
        self._picture: QPixmap | None = None
        self._drawn_for = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time strip")

    @property
    def by_time(self) -> bool:
        """Whether the strip runs along the time instead of the steps."""
        return self._by_time

    def show_index(self, index: StepMarks | None) -> None:
        """Show another trace."""
        self._index = index
        self._lanes = tuple(
            _Lane(title, mark, index.places[mark])
            for _, title, mark in LANES
            if index is not None and index.places[mark]
        )
        metrics = QFontMetrics(ui_font(0.85))
        self._label_width = max(
            (
                metrics.horizontalAdvance(f"{lane.title}  {len(lane.places):,}")
                for lane in self._lanes
            ),
            default=0,
        )
        self._lane = 0
        self._current = -1
        self._by_time = self._by_time and index is not None and index.timed
        self._picture = None
        told = ", ".join(f"{len(lane.places)} {lane.title.lower()}" for lane in self._lanes)
        self.setAccessibleDescription(told)
        self.setVisible(bool(self._lanes))
        self.updateGeometry()
        self.update()

    def remark(self, index: StepMarks) -> None:
        """Show other marks on the same steps."""
        current, lane = self._current, self._lane
        self.show_index(index)
        self._current, self._lane = current, min(lane, max(0, len(self._lanes) - 1))

    def set_by_time(self, by_time: bool) -> None:
        """Run along the time, where the trace has it."""
        self._by_time = by_time and self._index is not None and self._index.timed
        self._picture = None
        self.update()

    def set_current(self, step: int) -> None:
        """Show which step is selected."""
        self._current = step
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, _TOP + _FOOT + _LANE * len(self._lanes))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def x_of(self, step: int) -> float:
        """Return where a step is, in px."""
        index = self._index
        if index is None:
            return 0.0
        left, width = self._track()
        if self._by_time:
            share = index.seconds[step] / index.duration if index.duration else 0.0
        else:
            share = step / max(1, len(index.steps) - 1)
        return left + share * width

    def _first_from(self, x: float) -> int:
        """Return the first step that is drawn at a place or right of it."""
        index = self._index
        if index is None:
            return 0
        left, width = self._track()
        share = (x - left) / width
        if not self._by_time:
            return ceil(share * max(1, len(index.steps) - 1))
        if not index.duration:
            return len(index.steps)
        return bisect_left(index.seconds, share * index.duration)

    def step_near(self, x: float, y: float) -> int | None:
        """Return the step of the mark at a place; off the marks, the step of that time."""
        index = self._index
        if index is None or not index.steps:
            return None
        lane = int((y - _TOP) // _LANE)
        if 0 <= lane < len(self._lanes):
            places = self._lanes[lane].places
            found = self._nearest(places, x)
            if found is not None and abs(self.x_of(found) - x) <= _REACH:
                return found
        return self._nearest(range(len(index.steps)), x)

    def _nearest(self, places: Sequence[int], x: float) -> int | None:
        """Return the place drawn nearest to ``x``; places rise along the strip."""
        at = bisect_left(places, x, key=self.x_of)
        near = [places[one] for one in (at - 1, at) if 0 <= one < len(places)]
        return min(near, key=lambda place: abs(self.x_of(place) - x), default=None)

    def _track(self) -> tuple[float, float]:
        """Return where the lanes begin and how wide they are, in px."""
        left = _SIDE + self._label_width + 16
        return left, max(1.0, self.width() - left - _SIDE - 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._index is None:
            return
        if self._picture is None or self._drawn_for != current_theme().name:
            self._picture = self._draw()
            self._drawn_for = current_theme().name
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if 0 <= self._current < len(self._index.steps):
            x = round(self.x_of(self._current))
            painter.fillRect(QRectF(x - 1, 2, 2, self.height() - _FOOT), colour("text"))
            head = QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 6)])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("text"))
            painter.drawPolygon(head)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(colour("focus"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(colour("window"))
        painter = QPainter(picture)
        font = ui_font(0.85)
        painter.setFont(font)
        left, width = self._track()
        for number, lane in enumerate(self._lanes):
            top = _TOP + number * _LANE
            box = QRectF(_SIDE, top, left - _SIDE - 16, _LANE)
            chosen = self.hasFocus() and number == self._lane
            painter.setPen(colour("accent" if chosen else "text"))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, int(middle | Qt.AlignmentFlag.AlignLeft), lane.title)
            painter.setPen(colour("text_muted"))
            painter.drawText(
                box, int(middle | Qt.AlignmentFlag.AlignRight), f"{len(lane.places):,}"
            )
            painter.fillRect(QRectF(left, top + 2, width + 4, _LANE - 4), colour("sunken"))
            painter.fillRect(QRectF(left, top + _LANE - 2, width + 4, 1), colour("border"))
            tone = colour(_COLOURS[lane.mark])
            for begin, end in self._marked(lane.places):
                painter.fillRect(QRectF(begin, top + 2, end - begin, _LANE - 4), tone)
        self._draw_scale(painter, left, width)
        painter.end()
        return picture

    def _marked(self, places: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield from where to where marks are drawn, in px; marks that touch are one."""
        at, begin, end = 0, 0, -1
        while at < len(places):
            x = round(self.x_of(places[at]))
            if x > end:
                if end >= 0:
                    yield begin, end
                begin = x
            end = x + _MARK
            # Of a hundred thousand marks only so many are looked at as there are pixels.
            at = bisect_left(places, self._first_from(x + 0.5), at + 1)
        if end >= 0:
            yield begin, end

    def _draw_scale(self, painter: QPainter, left: float, width: float) -> None:
        index = self._index
        assert index is not None
        top = _TOP + len(self._lanes) * _LANE
        painter.setPen(colour("text_muted"))
        last = index.duration if self._by_time else float(len(index.steps) - 1)
        flag = Qt.AlignmentFlag
        for value in [last * n / 4 for n in range(5)] if self._by_time else step_ticks(int(last)):
            text = clock(value) if self._by_time else f"{value:,.0f}"
            x = left + width * (value / last if last else 0.0)
            if value <= 0:
                box, side = QRectF(x, top, 80, _FOOT - 2), flag.AlignLeft
            elif value >= last:
                box, side = QRectF(x - 76, top, 80, _FOOT - 2), flag.AlignRight
            else:
                box, side = QRectF(x - 38, top, 80, _FOOT - 2), flag.AlignHCenter
            painter.drawText(box, int(side | flag.AlignVCenter), text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)
        over = event.position().x() >= self._track()[0]
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def _go(self, event: QMouseEvent) -> None:
        if event.position().x() < self._track()[0] - _REACH:
            return
        step = self.step_near(event.position().x(), event.position().y())
        if step is not None:
            self.step_chosen.emit(step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        lanes = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if self._index is not None and self._lanes and key in moves:
            lane = self._lanes[self._lane]
            step = self._index.next_of(lane.mark, self._current, moves[key])
            if step is not None:
                self.step_chosen.emit(step)
            return
        if self._lanes and key in lanes:
            self._lane = (self._lane + lanes[key]) % len(self._lanes)
            self._picture = None
            self.update()
            self.setAccessibleDescription(self._lanes[self._lane].title)
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._picture = None
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._picture = None
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            step = self.step_near(event.pos().x(), event.pos().y())
            if step is not None and self._index is not None and event.pos().x() >= self._track()[0]:
                row = step_row(self._index, step)
                QToolTip.showText(event.globalPos(), f"{row.words}", self)
            return True
        return super().event(event)
