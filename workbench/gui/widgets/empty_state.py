"""What a view shows while there is nothing in it: one sentence, one action, one link."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.buttons import link_button, primary_button
from workbench.gui.widgets.layouts import column

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
        self._heading = _centred(heading, heading=True)
        self._sentence = _centred(sentence, muted=True)
        inside = column(spacing=8)
        inside.addStretch(1)
        if icon:
            picture = _Picture(icon)
            inside.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
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
        outer = column(self, margin=24)
        outer.addLayout(inside)

    def set_texts(self, heading: str, sentence: str) -> None:
        """Say something else, such as after a search without a hit."""
        self._heading.setText(heading)
        self._sentence.setText(sentence)


def _centred(text: str, *, heading: bool = False, muted: bool = False) -> QLabel:
    label = QLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
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
