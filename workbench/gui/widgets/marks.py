"""Check boxes and round buttons whose marks are seen in every theme.

Qt derives the outline of a mark from the palette, and on a black ground nothing is left of it;
these draw it in the theme's own colours.
"""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QCheckBox,
    QRadioButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.icons import paint_icon

#: Width and height of a mark, as in the style sheet.
MARK = 16


def paint_mark(
    painter: QPainter, box: QRectF, *, checked: bool, enabled: bool = True, round_: bool = False
) -> None:
    """Draw a mark: a box with a tick, or a ring with a dot."""
    inside = box.adjusted(1, 1, -1, -1)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    full = checked and not round_
    edge = "accent_fill" if checked else "border_strong"
    painter.setPen(QPen(colour(edge if enabled else "border"), 1.4))
    ground = "accent_fill" if full and enabled else "surface"
    painter.setBrush(colour(ground))
    if round_:
        painter.drawEllipse(inside)
    else:
        painter.drawRoundedRect(inside, 3, 3)
    if full:
        tick = box.adjusted(2, 2, -2, -2)
        paint_icon(painter, "check", tick, "on_accent" if enabled else "text_disabled")
    elif checked:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("accent_fill" if enabled else "text_disabled"))
        painter.drawEllipse(inside.adjusted(3.4, 3.4, -3.4, -3.4))
    painter.restore()


class CheckBox(QCheckBox):
    """A check box."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        element = QStyle.SubElement.SE_CheckBoxIndicator
        box = QRectF(self.style().subElementRect(element, option, self))
        painter = QPainter(self)
        paint_mark(painter, box, checked=self.isChecked(), enabled=self.isEnabled())
        painter.end()


class RadioButton(QRadioButton):
    """One of several choices that exclude each other."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        element = QStyle.SubElement.SE_RadioButtonIndicator
        box = QRectF(self.style().subElementRect(element, option, self))
        painter = QPainter(self)
        paint_mark(painter, box, checked=self.isChecked(), enabled=self.isEnabled(), round_=True)
        painter.end()


class MarkDelegate(QStyledItemDelegate):
    """Draws the ticks of items like those of a check box."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        if not shown.features & QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator:
            return
        view = shown.widget
        element = QStyle.SubElement.SE_ItemViewItemCheckIndicator
        box = QRectF(view.style().subElementRect(element, shown, view))
        paint_mark(painter, box, checked=shown.checkState == Qt.CheckState.Checked)
