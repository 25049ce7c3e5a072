"""Files of formats that only a plugin knows, opened in the window."""

from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.gui.test_traces_panel import settle, text_of
from tests.plugins.aider_reader.foreign_file import write_file
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> TracesPanel:
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    context = panel._context
    context.open_traces([path])
    qtbot.waitUntil(lambda: bool(context.traces or context.trace_problems), timeout=20_000)
    settle(panel, qtbot)
    return panel


def test_a_plugin_opens_what_no_format_knows(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = write_file(tmp_path)
    panel = opened(window, qtbot, tmp_path)
    context = panel._context
    assert context.trace_problems == ()
    assert [str(trace.path) for trace in context.traces] == [str(path)] * 3
    session = context.traces[1].trajectory
    assert panel.show_step(str(path), session.id, 2)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    assert "report.py" in text_of(panel)


def test_a_plugin_that_is_switched_off_opens_nothing(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folders = window.context.folders
    folders.config.mkdir(parents=True, exist_ok=True)
    (folders.config / "plugins.json").write_text(
        json.dumps({"plugins": {"aider_reader": {"enabled": False}}})
    )
    context = opened(window, qtbot, write_file(tmp_path))._context
    assert context.traces == ()
    assert "no trace of a known format" in context.trace_problems[0].message


def test_a_plugin_that_fails_is_a_problem_of_the_file(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "chat.md"
    path.write_text("# aider chat started at 2026-03-01 10:00:00\n\n")
    context = opened(window, qtbot, path)._context
    assert context.traces == ()
    (problem,) = context.trace_problems
    assert "no step" in problem.message
    assert problem.path == path
