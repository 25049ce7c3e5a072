"""A library on disk and a window on it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.shell.session import Session
from workbench.gui.shell.window import MainWindow
from workbench.gui.theme.current import apply_theme, dress

SKILL = """---
name: {name}
description: Does {name} things. Use when someone asks for {name}.
---

# {name}

Read [the reference](references/more.md).
"""


def write_skill(root: Path, name: str, text: str = "") -> Path:
    folder = root / name
    (folder / "references").mkdir(parents=True)
    (folder / "SKILL.md").write_bytes((text or SKILL.format(name=name)).encode())
    (folder / "references" / "more.md").write_bytes(b"# More\n")
    return folder


@pytest.fixture(autouse=True)
def collect_in_this_thread() -> Iterator[None]:
    """As the program does: a worker's garbage collection would destroy widgets in its thread."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture
def qtbot(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QtBot:
    """A part that is shown by itself looks as it does in the window."""
    add = qtbot.addWidget

    def add_dressed(widget: QWidget, **rest: Any) -> None:
        dress(widget)
        add(widget, **rest)

    monkeypatch.setattr(qtbot, "addWidget", add_dressed)
    return qtbot


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "skills"
    for name in ("alpha", "beta", "gamma"):
        write_skill(root, name)
    write_skill(root, "flawed", "---\nname: Wrong Name\ndescription: x\n---\n[gone](no.md)\n")
    return root


@pytest.fixture
def context(qtbot: QtBot) -> Iterator[AppContext]:
    apply_theme("light")
    made = AppContext()
    yield made
    made.close()


@pytest.fixture
def make_window(qtbot: QtBot, context: AppContext) -> Iterator[Callable[..., MainWindow]]:
    made: list[MainWindow] = []

    def make(session: Session | None = None) -> MainWindow:
        window = MainWindow(context, session or Session(), LogTail())
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        window.complete()
        window.activateWindow()
        return window

    yield make
    for window in made:
        window.close_now()
        window.deleteLater()


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    return make_window()


@pytest.fixture
def opened(window: MainWindow, library: Path, qtbot: QtBot) -> MainWindow:
    """A window on the library."""
    with qtbot.waitSignal(window.context.diagnostics_changed, timeout=10_000):
        window.open_library(library)
    qtbot.waitUntil(lambda: not window.context.jobs.active)
    return window
