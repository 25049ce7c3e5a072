"""The evidence of the current hunk: what was said where, and whether the host found it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole

_SIDE, _LINE, _QUOTE_LINE, _MOST_LINES = 12, 20, 18, 6
_ROLE_TONES: dict[str, Tone] = {
    "supports": "success",
    "contradicts": "error",
    "counterexample": "warning",
}
_STATUS = {
    "verified": ("check-circle", "success", "Found in the trace"),
    "unsupported": ("error", "error", "Not supported"),
    "source_missing": ("warning", "warning", "The trace is gone"),
    "source_changed": ("warning", "warning", "The trace was changed"),
    "unchecked": ("info", "text_muted", "Not looked up"),
}


class EvidenceRow(Struct, frozen=True):
    """One quote with its place. ``trace`` is the title of the run; ``who`` the kind of step."""

    evidence: Evidence
    check: EvidenceCheck
    trace: str
    who: str = ""

    @property
    def found(self) -> bool:
        """Whether the host found the quote in the bytes of the trace."""
        return self.check.status == "verified"

    @property
    def place(self) -> str:
        """The step in words, counted as the trace viewer does."""
        step = self.check.step if self.check.step is not None else self.evidence.step_first
        return f"step {step}" + (f", {self.who}" if self.who else "")

    @property
    def reason(self) -> str:
        """Why it was not found, or what else there is to say."""
        words = _STATUS[self.check.status][2]
        return self.check.reason or words


class EvidenceModel(QAbstractListModel):
    """The evidence of one hunk."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[EvidenceRow, ...] = ()

    def show(self, rows: Sequence[EvidenceRow]) -> None:
        """Show other evidence."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    @property
    def rows(self) -> tuple[EvidenceRow, ...]:
        """What is shown."""
        return self._rows

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.evidence.quote
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.trace}, {row.place}\n{row.reason}\nEnter shows it in the trace."
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return (
                f"{row.evidence.role}: {row.evidence.quote}. {row.trace}, {row.place}. {row.reason}"
            )
        if role == ROW_ROLE:
            return row
        return None


class EvidenceDelegate(QStyledItemDelegate):
    """Run and step, the quote in the fixed-width font, and the host's finding."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else 280
        row: EvidenceRow = index.data(ROW_ROLE)
        quote = len(quote_lines(row.evidence.quote, width - 2 * _SIDE - 10))
        reason = len(_reason_lines(row, width - 2 * _SIDE - 20))
        return QSize(width, 18 + _LINE * 2 + 6 + quote * _QUOTE_LINE + 10 + reason * 17)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: EvidenceRow = index.data(ROW_ROLE)
        box: QRect = option.rect
        focused = bool(option.state & QStyle.StateFlag.State_Selected) and bool(
            option.state & QStyle.StateFlag.State_HasFocus
        )
        painter.save()
        if focused or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, colour("hover"))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, colour("border"))
        if focused:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        inside = box.adjusted(_SIDE, 8, -_SIDE, -8)
        self._paint_head(painter, inside, row)
        top = self._paint_quote(painter, inside, row)
        self._paint_status(painter, inside, row, top)
        painter.restore()

    def _paint_head(self, painter: QPainter, inside: QRect, row: EvidenceRow) -> None:
        painter.setFont(ui_font(bold=True))
        painter.setPen(colour("text"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        first = QRect(inside.left(), inside.top(), inside.width(), _LINE)
        title = painter.fontMetrics().elidedText(
            row.trace, Qt.TextElideMode.ElideRight, first.width()
        )
        painter.drawText(first, middle, title)
        second = first.translated(0, _LINE)
        painter.setFont(ui_font())
        painter.setPen(colour("link"))
        painter.drawText(second, middle, row.place)
        left = second.left() + painter.fontMetrics().horizontalAdvance(row.place) + 10.0
        tone = _ROLE_TONES.get(row.evidence.role, "neutral")
        badges: list[tuple[str, Tone]] = [(row.evidence.role, tone)]
        if row.evidence.relation != "other":
            badges.append((row.evidence.relation, "neutral"))
        for text, badge_tone in badges:
            width = badge_width(text, badge_tone, painter.font(), sign=False)
            if left + width <= second.right() + 1:
                y = second.center().y() + 0.5
                paint_badge(painter, left, y, text, badge_tone, sign=False)
            left += width + 6

    def _paint_quote(self, painter: QPainter, inside: QRect, row: EvidenceRow) -> int:
        lines = quote_lines(row.evidence.quote, inside.width() - 10)
        top = inside.top() + 2 * _LINE + 6
        ground = QRect(inside.left(), top - 2, inside.width(), len(lines) * _QUOTE_LINE + 4)
        painter.fillRect(ground, colour("code_background"))
        bar = "success" if row.found else "error"
        painter.fillRect(ground.left(), ground.top(), 3, ground.height(), colour(bar))
        font = mono_font(0.9)
        font.setStrikeOut(row.check.status == "unsupported")
        painter.setFont(font)
        painter.setPen(colour("text" if row.found else "text_muted"))
        for line in lines:
            painter.drawText(
                QRect(inside.left() + 9, top, inside.width() - 9, _QUOTE_LINE),
                int(Qt.AlignmentFlag.AlignVCenter),
                line,
            )
            top += _QUOTE_LINE
        return top

    def _paint_status(self, painter: QPainter, inside: QRect, row: EvidenceRow, top: int) -> None:
        sign, token, _ = _STATUS[row.check.status]
        top += 8
        paint_icon(painter, sign, QRectF(inside.left(), top + 1, 14, 14), token)
        painter.setFont(ui_font(0.92))
        painter.setPen(colour("text_muted" if row.found else token))
        for line in _reason_lines(row, inside.width() - 20):
            painter.drawText(
                QRect(inside.left() + 20, top, inside.width() - 20, 17),
                int(Qt.AlignmentFlag.AlignVCenter),
                line,
            )
            top += 17


def quote_lines(quote: str, width: int) -> list[str]:
    """Return a quote in lines of a width in px, six at most; the last ends in "…" if cut."""
    across = max(8, int(width / QFontMetricsF(mono_font(0.9)).horizontalAdvance("0")))
    lines: list[str] = []
    for line in quote.splitlines() or [""]:
        shown = visible(line)
        while True:
            lines.append(shown[:across])
            shown = shown[across:]
            if not shown or len(lines) > _MOST_LINES:
                break
        if len(lines) > _MOST_LINES:
            break
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        lines[-1] = lines[-1][: across - 1] + "…"
    return lines


def _reason_lines(row: EvidenceRow, width: int) -> list[str]:
    return _wrapped(row.reason, ui_font(0.92), width)[:4]


def _wrapped(text: str, font: QFont, width: int) -> list[str]:
    metrics = QFontMetrics(font)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if metrics.horizontalAdvance(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, width) for line in lines]


class EvidenceList(QListView):
    """Enter or a click shows the quote in its trace."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(EvidenceDelegate(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Evidence")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit(self.currentIndex())
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()


class EvidenceView(QWidget):
    """The evidence for what is in front. ``opened(row)`` asks for the trace."""

    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(220)
        self.title = QLabel("Evidence")
        self.title.setProperty("section", True)
        self.scope = QLabel()
        self.scope.setProperty("muted", True)
        self.scope.setWordWrap(True)
        self.list = EvidenceList()
        self.evidence = EvidenceModel(self)
        self.list.setModel(self.evidence)
        self.list.clicked.connect(self._open)
        self.list.activated.connect(self._open)
        self._none = EmptyState(
            "No evidence", "No proposal is shown, or nothing was quoted for it.", icon="link"
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._none)
        self._stack.addWidget(self.list)
        head = QWidget()
        inside = column(head, spacing=2)
        inside.setContentsMargins(_SIDE, 12, _SIDE, 8)
        inside.addWidget(self.title)
        inside.addWidget(self.scope)
        outer = column(self, spacing=0)
        outer.addWidget(head)
        outer.addWidget(self._stack, 1)
        self.show_rows((), "")

    def show_rows(self, rows: Sequence[EvidenceRow], scope: str) -> None:
        """Show the evidence of a hunk; ``scope`` says what it is given for."""
        self.evidence.show(rows)
        found = sum(row.found for row in rows)
        self.title.setText(f"Evidence  {found} of {len(rows)} found" if rows else "Evidence")
        self.scope.setText(scope)
        self.scope.setVisible(bool(scope))
        self._stack.setCurrentIndex(1 if rows else 0)
        if rows:
            self.list.setCurrentIndex(self.evidence.index(0))

    def set_nothing(self, heading: str, sentence: str) -> None:
        """Say why there is no evidence."""
        self._none.set_texts(heading, sentence)
        self.show_rows((), "")

    def _open(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if row is not None:
            self.opened.emit(row)
