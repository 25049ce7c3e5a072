"""The real window without a screen: opened on a world, waited for by its state, drawn to files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import (
    QByteArray,
    QCoreApplication,
    QEvent,
    QEventLoop,
    QMessageLogContext,
    QSize,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.app import make_application
from workbench.gui.collector import MainThreadCollector
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.shell.session import Session
from workbench.gui.shell.window import MainWindow
from workbench.gui.theme.current import apply_theme
from workbench.gui.widgets.empty_state import EmptyState

_log = logging.getLogger(__name__)

_LOOK_MS = 40
#: As many pictures in a row have to be the same before the screen counts as settled.
_SAME = 8
_PATIENCE_S = 60.0


class StageProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A screen did not come to the state that was waited for."""


def _quiet(kind: QtMsgType, place: QMessageLogContext, text: str) -> None:
    """Log what Qt says, but for what the platform without a screen says of every window."""
    if "This plugin does not support" not in text:
        _log.warning("Qt: %s", text)


class Stage:
    """One window. Use it in a ``with`` block; what it needs is read from the environment."""

    def __init__(self, size: tuple[int, int] = (1280, 800), theme: str = "light") -> None:
        self._handler = qInstallMessageHandler(_quiet)
        self.app: QApplication = make_application()
        self._flash = self.app.cursorFlashTime()
        self.app.setCursorFlashTime(0)
        self._collector = MainThreadCollector(self.app)
        apply_theme(theme)
        self.tail = LogTail()
        logging.getLogger().addHandler(self.tail)
        self.context = AppContext(self.app)
        self.window = MainWindow(self.context, Session(theme=theme), self.tail)
        self.window.resize(QSize(*size))
        self.window.show()
        self.until(lambda: hasattr(self.window, "menus"), "the window")

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the window and give everything back."""
        self.window.close_now()
        self.context.close()
        self.window.deleteLater()
        self.context.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self._collector.stop()
        self._collector.deleteLater()
        self.app.setCursorFlashTime(self._flash)
        logging.getLogger().removeHandler(self.tail)
        qInstallMessageHandler(self._handler)

    # Opening

    def open(self, library: Path, traces: Path) -> None:
        """Open a library and traces, and wait until both are read."""
        self.window.open_library(library)
        self.until(lambda: self.context.library is not None, f"the library {library}")
        self.context.open_traces([traces])
        self.until(lambda: bool(self.context.traces), f"the traces of {traces}")
        self.until(lambda: not self.context.jobs.active, "the jobs")

    def show_activity(self, activity_id: str) -> QWidget:
        """Bring an activity to the front and return its view."""
        self.window.show_activity(activity_id)
        view = self.window.centre.view(activity_id)
        if view is None or isinstance(view, EmptyState):
            raise StageProblem(f"The activity {activity_id} could not be made; the log says why.")
        return view

    def run(self, command_id: str) -> None:
        """Run a command of the window.

        Raises:
            StageProblem: it cannot be run now.
        """
        command = self.context.commands.get(command_id)
        reason = command.when()
        if reason is not None:
            raise StageProblem(f"{command.label} cannot be run: {reason}")
        self.context.commands.run(command_id)

    # Waiting

    def until(self, state: Callable[[], bool], what: str) -> None:
        """Let the window work until ``state`` is so.

        Raises:
            StageProblem: it was not so within a minute; ``what`` names it.
        """
        if state():
            return
        loop = QEventLoop()
        began = time.monotonic()
        timer = QTimer()
        timer.setInterval(5)
        met = False

        def look() -> None:
            nonlocal met
            met = met or state()
            if met or time.monotonic() - began > _PATIENCE_S:
                loop.quit()

        timer.timeout.connect(look)
        timer.start()
        loop.exec()
        timer.stop()
        if not met:
            raise StageProblem(f"{what} did not come within {_PATIENCE_S:.0f} seconds.")

    def settle(self) -> QImage:
        """Wait until nothing works and the picture no longer changes; return it."""
        same = 0
        last = self._picture()
        next_look = time.monotonic() + _LOOK_MS / 1000

        def still() -> bool:
            nonlocal same, last, next_look
            if time.monotonic() < next_look:
                return False
            next_look = time.monotonic() + _LOOK_MS / 1000
            now = self._picture()
            same = same + 1 if now == last and not self._works() else 0
            last = now
            return same >= _SAME

        self.until(still, "a picture that no longer changes")
        return last

    def save(self, path: Path) -> Path:
        """Wait for the picture and write it as PNG.

        Raises:
            StageProblem: it cannot be written.
        """
        picture = self.settle()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StageProblem(
                f"Cannot write {path} ({problem.strerror}). Choose another --out."
            ) from (problem)
        writer = QImageWriter(str(path), QByteArray(b"png"))
        if not writer.write(picture):
            raise StageProblem(
                f"Cannot write {path} ({writer.errorString()}). Choose another --out."
            )
        return path

    def dismiss_messages(self) -> None:
        """Close notifications, so that a picture shows the screen itself."""
        for message in tuple(self.context.notify.messages):
            self.context.notify.dismiss(message.id)

    def _works(self) -> bool:
        threads = (thread.name for thread in threading.enumerate())
        return bool(self.context.jobs.active) or any(one.startswith("work-") for one in threads)

    def _picture(self) -> QImage:
        return self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
