"""What happens when something fails that nobody caught: it is logged, told, and can be reported.

All four ways an exception can escape end here (main thread, other threads, destructors, Qt's own
messages). ``faulthandler`` writes to a file that is read at the next start.
"""

from __future__ import annotations

import faulthandler
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler, qVersion

from workbench import __version__
from workbench.gui.notify import MessageAction, Notifier
from workbench.gui.shell.log_tail import LogTail

_log = logging.getLogger("workbench.crash")
_qt_log = logging.getLogger("qt")

#: Harmless: the offscreen plugin says so for every window.
_QUIET = ("This plugin does not support",)

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

Post = Callable[[Callable[[], None]], None]


class CrashGuard:
    """Installs the hooks and takes them off again.

    ``post`` brings a call to the window's thread (``Bridge.post``); ``copy`` puts a report where
    the person can paste it.
    """

    def __init__(
        self, notifier: Notifier, post: Post, tail: LogTail, copy: Callable[[str], None]
    ) -> None:
        self._notifier = notifier
        self._post = post
        self._tail = tail
        self._copy = copy
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        self._fault_file: IO[str] | None = None

    def install(self) -> None:
        """Take over the hooks of Python and the message handler of Qt."""
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread
        sys.unraisablehook = self._unraisable
        qInstallMessageHandler(_qt_message)

    def watch_faults(self, path: Path) -> str:
        """Let ``faulthandler`` write to ``path``; return what the last session left there."""
        left = ""
        try:
            left = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fault_file = path.open("w", encoding="utf-8")
        except OSError as problem:
            _log.warning("%s cannot be written (%s); crashes leave no trace.", path, problem)
            return left
        faulthandler.enable(self._fault_file)
        return left.strip()

    def tell_of_last_crash(self, left: str) -> None:
        """Tell that the last session crashed, with a report to copy."""
        if left:
            self._notifier.warning(
                "The last session ended in a crash. Unsaved text was kept and is offered when you "
                "open the file again.",
                replace="last-crash",
                actions=(MessageAction("Copy report", lambda: self._copy(self.report(left))),),
            )

    def remove(self) -> None:
        """Give the hooks back; a clean end leaves an empty fault file."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(None)
        if self._fault_file is not None:
            faulthandler.disable()
            self._fault_file.close()
            self._fault_file = None

    def report(self, what: str) -> str:
        """Return the text of a report: versions, the failure, the last lines of the log."""
        _, lines = self._tail.since(0)
        return "\n".join(
            (
                f"Skill Workbench {__version__}",
                f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}",
                "",
                what,
                "",
                "Log:",
                *lines[-100:],
            )
        )

    def _uncaught(
        self, kind: type[BaseException], raised: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, raised, trace)
            return
        text = "".join(traceback.format_exception(kind, raised, trace))
        _log.error("Uncaught:\n%s", text)
        self._post(lambda: self._tell(f"{kind.__name__}: {raised}", text))

    def _uncaught_in_thread(self, hook: threading.ExceptHookArgs) -> None:
        if hook.exc_value is not None and hook.exc_type is not SystemExit:
            self._uncaught(hook.exc_type, hook.exc_value, hook.exc_traceback)

    def _unraisable(self, hook: sys.UnraisableHookArgs) -> None:
        if hook.exc_value is None:
            return
        text = "".join(
            traceback.format_exception(hook.exc_type, hook.exc_value, hook.exc_traceback)
        )
        _log.error("Unraisable in %r:\n%s", hook.object, text)

    def _tell(self, line: str, text: str) -> None:
        self._notifier.error(
            f"Something went wrong inside the program: {line}. Your files are as they were.",
            replace=f"crash:{line}",
            actions=(MessageAction("Copy report", lambda: self._copy(self.report(text))),),
        )


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    if not text.startswith(_QUIET):
        where = f" ({context.category})" if context.category not in (None, "default") else ""
        _qt_log.log(_QT_LEVELS[kind], "%s%s", text, where)
