"""What a view shows while there is nothing in it: one sentence, one action, one link."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.buttons import link_button, primary_button
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.plain_label import PlainLabel

_ROOM_FOR_ICON = 240

Action = tuple[str, Callable[[], object]]


class EmptyState(QWidget):
    """An icon, a heading, a sentence, one primary action and one link, in the middle."""

    def __init__(
        self,
        heading: str,
        sentence: str,
        *,
        action: Action | None = None,
        link: Action | None = None,
        icon: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._picture: QWidget | None = None
        self._heading = _centred(heading, heading=True)
        self._sentence = _centred(sentence, muted=True)
        inside = column(spacing=8)
        inside.addStretch(1)
        if icon:
            self._picture = _Picture(icon)
            inside.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
            inside.addSpacing(8)
        inside.addWidget(self._heading)
        inside.addWidget(self._sentence)
        inside.addSpacing(8)
        if action is not None:
            self.button = primary_button(*action)
            inside.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        if link is not None:
            self.link = link_button(*link)
            inside.addWidget(self.link, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(2)
        outer = column(self, margin=16)
        outer.addLayout(inside)

    def minimumSizeHint(self) -> QSize:
        """Never press what stands beside it: in a low panel the icon gives way."""
        return QSize(120, 64)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._picture is not None:
            self._picture.setVisible(self.height() >= _ROOM_FOR_ICON)

    def set_texts(self, heading: str, sentence: str) -> None:
        """Say something else, such as after a search without a hit."""
        self._heading.setText(heading)
        self._sentence.setText(sentence)


def _centred(text: str, *, heading: bool = False, muted: bool = False) -> PlainLabel:
    label = PlainLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
    label.setProperty("heading", heading)
    label.setProperty("muted", muted)
    return label


class _Picture(QWidget):
    """The icon, large and quiet."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFixedSize(QSize(48, 48))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, self._name, QRectF(self.rect()), "border_strong")
        painter.end()
