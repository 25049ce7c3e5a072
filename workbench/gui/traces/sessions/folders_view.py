"""The watched folders, and the places where clients keep their sessions on this machine."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QLabel, QScrollArea, QWidget

from workbench.gui.shell.session_index import SessionIndex
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import link_button, primary_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.traces.places import ClientPlace, client_places

_WIDTH = 720


class FoldersView(QScrollArea):
    """What is watched, with a way to remove it; what could be. ``left`` asks for the list."""

    left = Signal()

    def __init__(self, sessions: SessionIndex, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sessions = sessions
        self._shown: object = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Watched folders")
        self.choose = primary_button("Watch a folder…", self.ask_folder)
        self.back = link_button("Back to the sessions", self.left.emit)
        self._heading = QLabel()
        self._heading.setProperty("heading", True)
        self._sentence = QLabel()
        self._sentence.setProperty("muted", True)
        self._sentence.setWordWrap(True)
        self._rows = column(spacing=0)
        inner = QWidget()
        inner.setMaximumWidth(_WIDTH)
        inside = column(inner, spacing=8)
        inside.addWidget(self._heading)
        inside.addWidget(self._sentence)
        inside.addSpacing(8)
        actions = row(spacing=8)
        actions.addWidget(self.choose)
        actions.addWidget(self.back)
        actions.addStretch(1)
        inside.addLayout(actions)
        inside.addSpacing(8)
        inside.addLayout(self._rows)
        inside.addStretch(1)
        outer = QWidget()
        line = row(outer, spacing=0)
        line.setContentsMargins(24, 32, 24, 24)
        line.addStretch(1)
        line.addWidget(inner, 20)
        line.addStretch(1)
        self.setWidget(outer)
        self.setFocusProxy(self.choose)
        self.read()

    def read(self) -> None:
        """Take over what is watched and what is there now."""
        sessions = self._sessions
        watched = set(sessions.folders)
        offered = tuple(one for one in client_places() if one.folder not in watched)
        now = (sessions.folders, sessions.missing, offered)
        self.back.setVisible(bool(sessions.folders))
        if now == self._shown:
            return
        self._shown = now
        any_watched = bool(sessions.folders)
        self._heading.setText("Watched folders" if any_watched else "No folder is watched yet")
        self._sentence.setText(
            "Sessions below these folders are indexed in the background, with all that was said "
            "in them. The files themselves are only read. Taking a folder off the list forgets "
            "its sessions here; nothing is deleted."
            if any_watched
            else "Watch the folders where your agents keep their sessions: every session is listed "
            "with its figures, and all that was said in them can be searched. The files are only "
            "read, and nothing leaves this machine."
        )
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for folder in sessions.folders:
            self._rows.addWidget(self._watched(folder))
        if offered:
            head = QLabel("Found on this machine")
            head.setProperty("muted", True)
            head.setContentsMargins(0, 20, 0, 4)
            self._rows.addWidget(head)
        for place in offered:
            self._rows.addWidget(self._offered(place))

    def ask_folder(self) -> None:
        """Ask for a folder to watch."""
        dialog = QFileDialog(self.window(), "Watch a folder of sessions", str(Path.home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self._sessions.add(Path(path)))
        dialog.open()

    def _watched(self, folder: Path) -> QWidget:
        gone = str(folder) in self._sessions.missing
        note = Badge("not there", "warning") if gone else None
        button = push_button("Remove", lambda: self._sessions.remove(folder))
        button.setAccessibleName(f"Stop watching {folder}")
        return _line(folder.name, str(folder), button, note)

    def _offered(self, place: ClientPlace) -> QWidget:
        button = push_button("Watch", lambda: self._sessions.add(place.folder))
        button.setAccessibleName(f"Watch the sessions of {place.client}")
        return _line(place.client, str(place.folder), button)


def _line(title: str, path: str, button: QWidget, note: QWidget | None = None) -> QWidget:
    made = QFrame()
    made.setObjectName("ListRow")
    line = row(made, spacing=12)
    line.setContentsMargins(0, 8, 0, 8)
    words = column(spacing=2)
    name = QLabel(title)
    name.setTextFormat(Qt.TextFormat.PlainText)
    words.addWidget(name)
    where = ElidedLabel(path)
    where.setProperty("muted", True)
    words.addWidget(where)
    line.addLayout(words, 1)
    if note is not None:
        line.addWidget(note)
    line.addWidget(button)
    return made
