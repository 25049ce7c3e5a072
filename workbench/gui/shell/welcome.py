"""The first page: open something, the way to the example, and what was open before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.gui.theme.icons import icon, paint_icon
from workbench.gui.widgets.buttons import link_button, primary_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row

_WIDTH = 760
_SHOWN = 6

_KEYS = (
    ("Command palette", "Ctrl+Shift+P"),
    ("Quick open a skill, file or trace", "Ctrl+P"),
    ("Go to an activity", "Ctrl+1 … Ctrl+6"),
    ("Next panel", "F6"),
)


class _Logo(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(QSize(56, 56))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, "logo", QRectF(self.rect()), "accent")
        painter.end()


class WelcomePage(QWidget):
    """Shown until a library or traces are open."""

    def __init__(
        self,
        run: Callable[[str], object],
        open_recent: Callable[[Path], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._open_recent = open_recent
        middle = QWidget()
        middle.setMaximumWidth(_WIDTH)
        inside = column(middle, spacing=24)
        inside.setContentsMargins(24, 24, 24, 24)
        inside.addStretch(1)
        inside.addLayout(_heading())
        buttons = row(spacing=8)
        self.open_button = primary_button("Open folder…", lambda: run("file.open_library"))
        self.open_button.setIcon(icon("folder-open", "on_accent"))
        buttons.addWidget(self.open_button)
        buttons.addWidget(push_button("Open traces…", lambda: run("file.open_traces")))
        buttons.addWidget(push_button("Open example library", lambda: run("file.open_example")))
        buttons.addStretch(1)
        inside.addLayout(buttons)
        cards = row(spacing=16)
        self._recent_card, self._recent = _card("Recent")
        cards.addWidget(self._recent_card, 1)
        keys_card, keys = _card("Keyboard")
        for what, key in _KEYS:
            keys.addLayout(_key_row(what, key))
        keys.addStretch(1)
        cards.addWidget(keys_card, 1)
        inside.addLayout(cards)
        inside.addStretch(2)
        line = row(self, spacing=0)
        line.addStretch(1)
        line.addWidget(middle, 8)
        line.addStretch(1)
        self.set_recent(())

    def set_recent(self, folders: Sequence[str]) -> None:
        """List what was open before; folders that are gone are left out."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        known = [Path(folder) for folder in folders if Path(folder).exists()][:_SHOWN]
        for folder in known:
            self._recent.addWidget(self._entry(folder))
        if not known:
            empty = QLabel("Folders you open are listed here.")
            empty.setProperty("muted", True)
            self._recent.addWidget(empty)
        self._recent.addStretch(1)

    def _entry(self, folder: Path) -> QWidget:
        entry = QWidget()
        line = row(entry, spacing=8)
        button = link_button(folder.name or str(folder), lambda: self._open_recent(folder))
        button.setToolTip(str(folder))
        button.setAccessibleName(f"Open {folder}")
        line.addWidget(button)
        where = ElidedLabel(str(folder.parent), mode=Qt.TextElideMode.ElideMiddle)
        where.setProperty("muted", True)
        line.addWidget(where, 1)
        return entry


def _heading() -> QHBoxLayout:
    line = row(spacing=16)
    line.addWidget(_Logo())
    texts = column(spacing=4)
    title = QLabel("Skill Workbench")
    title.setProperty("title", True)
    sentence = QLabel("Edit agent skills, read what agents did, decide how skills evolve.")
    sentence.setProperty("muted", True)
    sentence.setWordWrap(True)
    texts.addWidget(title)
    texts.addWidget(sentence)
    line.addLayout(texts, 1)
    return line


def _card(title: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setObjectName("Card")
    card.setMinimumHeight(196)
    inside = column(card, spacing=8)
    inside.setContentsMargins(16, 16, 16, 16)
    heading = QLabel(title)
    heading.setProperty("section", True)
    inside.addWidget(heading)
    rows = column(spacing=4)
    inside.addLayout(rows)
    inside.addStretch(1)
    return card, rows


def _key_row(what: str, key: str) -> QHBoxLayout:
    line = row(spacing=8)
    line.setContentsMargins(0, 4, 0, 4)
    line.addWidget(ElidedLabel(what), 1)
    keys = QLabel(key)
    keys.setProperty("muted", True)
    line.addWidget(keys)
    return line
