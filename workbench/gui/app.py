"""The start: application object, window, and what is loaded after the first frame.

Everything that the first frame does not show is imported later (asyncio, git, the rules, plugins):
a window that is there at once is worth more than one that is complete.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from workbench.gui.crash import CrashGuard
    from workbench.gui.shell.window import MainWindow

_USAGE = """usage: skill-workbench [open] [--theme light|dark|high-contrast] [--debug] [PATH ...]
       skill-workbench open --example

Opens the window. A PATH is a folder of skills, a skill, traces (files or folders), or a link to a
step of a trace (skill-workbench://trace/…#12); --example opens a copy of the example library, and
the example traces."""

#: The packages a bare Debian or Ubuntu lacks for a window.
_APT = (
    "apt-get install libglib2.0-0 libgl1 libegl1 libfontconfig1 libxkbcommon0 libdbus-1-3 "
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    paths: tuple[Path, ...] = ()
    theme: str = ""
    debug: bool = False
    example: bool = False
    links: tuple[str, ...] = ()


def run_gui(command: str, arguments: Sequence[str]) -> int:
    """Run ``open``, ``walkthrough`` or ``picture``; return the exit code."""
    if command in ("walkthrough", "picture"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        import PySide6.QtWidgets  # noqa: F401 - whether the system libraries are there
    except ImportError as problem:
        _complain(f"Qt cannot be loaded ({problem}). On Debian or Ubuntu: {_APT}")
        return 2
    if command in ("walkthrough", "picture"):
        return int(importlib.import_module(f"workbench.gui.{command}").run(arguments))
    return _open(arguments)


def _open(arguments: Sequence[str]) -> int:
    try:
        options = parse(arguments)
    except ValueError as problem:
        _complain(str(problem))
        return 2
    if options is None:
        print(_USAGE)
        return 0
    if not has_display():
        _complain(
            "There is no display (DISPLAY and WAYLAND_DISPLAY are not set), so no window can open. "
            "Run it in a desktop session, or try `skill-workbench walkthrough`, which needs none."
        )
        return 2
    return Program(options).run()


def parse(arguments: Sequence[str]) -> Options | None:
    """Read the arguments of ``open``; None when help was asked for.

    Raises:
        ValueError: an option is not known or a path does not exist; the message says what to do.
    """
    from workbench.domain.trace_link import is_link, parse_link
    from workbench.gui.theme.tokens import THEMES

    paths: list[Path] = []
    links: list[str] = []
    theme, debug, example = "", False, False
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help"):
            return None
        if word == "--debug":
            debug = True
        elif word == "--example":
            example = True
        elif word == "--theme" or word.startswith("--theme="):
            theme = word.partition("=")[2] or (rest.pop(0) if rest else "")
            if theme not in THEMES:
                raise ValueError(f"There is no theme '{theme}'. Themes: {', '.join(THEMES)}.")
        elif word.startswith("-") and word != "-":
            raise ValueError(f"Unknown option {word}. See `skill-workbench open --help`.")
        elif is_link(word):
            parse_link(word)
            links.append(word)
        else:
            path = Path(word).expanduser().absolute()
            if not path.exists():
                raise ValueError(
                    f"{word} is neither a command nor a file or folder that exists. See "
                    "`skill-workbench --help`."
                )
            paths.append(path)
    return Options(tuple(paths), theme, debug, example, tuple(links))


def has_display() -> bool:
    """Say whether a window can be shown: a display, or a platform that was chosen."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make_application() -> QApplication:
    """Return the application object, made when there is none. It is the only global."""
    from PySide6.QtWidgets import QApplication

    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    # A thread that reads traces gives the window its turn after 0.05 ms instead of 5. The window
    # asks for it again after every call into Qt: with two such threads, 7 ms of work became 50 at
    # 5 ms, 15 at 1 ms and 8 at 0.05 ms, while the threads got as much done.
    sys.setswitchinterval(0.00005)
    app = QApplication([sys.argv[0]])
    app.setApplicationName("skill-workbench")
    app.setApplicationDisplayName("Skill Workbench")
    app.setDesktopFileName("skill-workbench")
    # The loop ends through Bridge.finish, when what runs beside the window has ended.
    app.setQuitOnLastWindowClosed(False)
    return app


class Program:
    """One run of the window, from the first frame to the end."""

    def __init__(self, options: Options) -> None:
        # To look through all imports for garbage again and again takes a tenth of the start. The
        # bridge's collector takes over after the first frame.
        self._collected = gc.isenabled()
        gc.disable()
        from workbench.gui.shell.context import AppContext
        from workbench.gui.shell.log_tail import LogTail
        from workbench.gui.shell.session import load_session
        from workbench.gui.shell.window import MainWindow
        from workbench.gui.theme.current import apply_theme
        from workbench.gui.theme.tokens import THEMES

        self.options = options
        self.app = make_application()
        self.tail = LogTail()
        root = logging.getLogger()
        root.addHandler(self.tail)
        root.setLevel(logging.DEBUG if options.debug else logging.INFO)
        self.context = AppContext(self.app)
        self.session_file = self.context.folders.state / "window.json"
        session = load_session(self.session_file)
        remembered = session.theme if session.theme in THEMES else THEMES[0]
        apply_theme(options.theme or remembered)
        self.crashes: CrashGuard | None = None
        self.window: MainWindow = MainWindow(self.context, session, self.tail, self._closed)

    def run(self) -> int:
        """Show the window and run until it is closed."""
        self.window.first_frame.connect(self.after_first_frame)
        self.window.show()
        return int(self.app.exec())

    def after_first_frame(self) -> None:
        """Load what the first frame did not need, and open what was asked for."""
        from workbench.gui.crash import CrashGuard

        # Nothing of what is there now is ever garbage.
        gc.freeze()
        self.window.complete()
        self.crashes = CrashGuard(
            self.context.notify, self.context.bridge.post, self.tail, self._copy
        )
        self.crashes.install()
        left = self.crashes.watch_faults(self.context.folders.state / "faults.log")
        self.crashes.tell_of_last_crash(left)
        if self.options.debug:
            self._watch_stalls()
        if self.options.paths:
            self.window.open_paths(list(self.options.paths))
        elif self.options.example:
            self.window.does.open_example()
        for link in self.options.links:
            from workbench.gui.shell.trace_links import follow_link

            follow_link(self.context, link)

    def end(self) -> None:
        """Give everything back; the program can end or, in tests, start again."""
        if self.options.debug and hasattr(self, "stalls"):
            self.stalls.stop()
        self.context.close()
        if self.crashes is not None:
            self.crashes.remove()
        logging.getLogger().removeHandler(self.tail)
        gc.unfreeze()
        if self._collected:
            gc.enable()

    def _watch_stalls(self) -> None:
        from workbench.gui.shell.stall import StallWatchdog

        self.stalls = StallWatchdog(parent=self.window)
        self.stalls.start()

    def _closed(self, session: object) -> None:
        from workbench.gui.shell.session import Session, save_session

        assert isinstance(session, Session)
        save_session(self.session_file, session)
        self.context.jobs.cancel_all()
        self.context.bridge.finish(self._quit)

    def _quit(self) -> None:
        self.end()
        self.app.quit()

    def _copy(self, text: str) -> None:
        self.app.clipboard().setText(text)


def _complain(text: str) -> None:
    print(f"skill-workbench: {text}", file=sys.stderr)
