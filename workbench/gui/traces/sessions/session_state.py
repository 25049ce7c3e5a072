"""How far the list of all sessions is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.shell.session_index import SessionIndex
from workbench.gui.widgets.banner import Banner, Severity
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.layouts import column, row

_Told = tuple[Severity, str, tuple[str, ...]]


class SessionState(QWidget):
    """A message above the list where something is wrong; ``line`` is the quiet one below it."""

    def __init__(self, sessions: SessionIndex, show_folders: Callable[[], None]) -> None:
        super().__init__()
        self._sessions = sessions
        self._show_folders = show_folders
        self._told: _Told | None = None
        self.banner: Banner | None = None
        self._inside = column(self, spacing=0)
        self.line = QWidget()
        beside = row(self.line, spacing=4)
        self.words = QLabel()
        self.words.setProperty("muted", True)
        self.action = link_button("Stop", self._act)
        beside.addWidget(self.words)
        beside.addWidget(self.action)
        sessions.state_changed.connect(self.read)
        self.read()

    def read(self) -> None:
        """Take over how it is now."""
        sessions = self._sessions
        if sessions.running:
            part = f" {sessions.part:.0%}" if sessions.part else ""
            self.words.setText(f"Reading sessions…{part}")
            self.action.setText("Stop")
        elif sessions.left:
            word = "file is" if sessions.left == 1 else "files are"
            self.words.setText(f"Stopped: {sessions.left:,} {word} not read yet")
            self.action.setText("Go on")
        else:
            self.words.setText("")
        self.action.setVisible(bool(self.words.text()))
        self._show(self._problem())

    def _act(self) -> None:
        if self._sessions.running:
            self._sessions.stop()
        else:
            self._sessions.refresh()

    def _problem(self) -> _Told | None:
        sessions = self._sessions
        if sessions.problem:
            return "error", sessions.problem, ()
        if sessions.missing:
            first = sessions.missing[0]
            rest = len(sessions.missing) - 1
            more = f" and {rest} more {'folder' if rest == 1 else 'folders'}" if rest else ""
            words = (
                f"{first}{more} cannot be found. What is known of the sessions there is kept; "
                "they are read on when the folder is back."
            )
            return "warning", words, sessions.missing
        return None

    def _show(self, told: _Told | None) -> None:
        if told == self._told:
            return
        self._told = told
        if self.banner is not None:
            self._inside.removeWidget(self.banner)
            self.banner.hide()
            self.banner.deleteLater()
            self.banner = None
        if told is None:
            return
        severity, words, missing = told
        actions: tuple[tuple[str, Callable[[], object]], ...] = (("Try again", self._again),)
        if len(missing) == 1:
            actions = (("Stop watching it", lambda: self._sessions.remove(Path(missing[0]))),)
        elif missing:
            actions = (("Show folders", self._show_folders),)
        self.banner = Banner(severity, words, actions, closable=False)
        self._inside.addWidget(self.banner)

    def _again(self) -> None:
        self._sessions.refresh()
