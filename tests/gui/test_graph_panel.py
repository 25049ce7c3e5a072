"""The Graph activity on the bundled example library, and on none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from workbench.gui.graph.panel import GraphPanel
from workbench.gui.shell.window import MainWindow
from workbench.resources import bundled

EXAMPLE = bundled("resources") / "example" / "library"


def settle(panel: GraphPanel, qtbot: QtBot) -> None:
    context = panel._context
    qtbot.waitUntil(lambda: not context.jobs.active, timeout=20_000)
    qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)


def panel_of(window: MainWindow, qtbot: QtBot) -> GraphPanel:
    window.show_activity("graph")
    made = window.centre.view("graph")
    assert isinstance(made, GraphPanel)
    settle(made, qtbot)
    return made


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> GraphPanel:
    with qtbot.waitSignal(window.context.diagnostics_changed, timeout=20_000):
        window.context.open_library(EXAMPLE)
    # The list of skills selects its first one.
    window.context.select_skill("")
    made = panel_of(window, qtbot)
    qtbot.waitUntil(lambda: bool(made.canvas.scene.nodes), timeout=10_000)
    return made


def labels(panel: GraphPanel) -> set[str]:
    return {node.label for node in panel.canvas.scene.nodes}


def current(panel: GraphPanel) -> str:
    return panel.canvas.scene.nodes[panel.canvas.current].label


def test_without_a_library_there_is_one_thing_to_do(window: MainWindow, qtbot: QtBot) -> None:
    panel = panel_of(window, qtbot)
    assert panel._empty.isVisible()
    assert panel._empty.button.text() == "Open folder…"


def test_a_folder_without_skills_says_so(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.context.library_changed, timeout=10_000):
        window.context.open_library(tmp_path)
    assert panel_of(window, qtbot)._bare.isVisible()


def test_with_nothing_selected_the_whole_library_is_shown(panel: GraphPanel) -> None:
    assert panel.wish.focus == ""
    assert {"csv-cleanup", "sql-review", "Bash", "python3"} <= labels(panel)
    cycle = {node.label for node in panel.canvas.scene.nodes if node.cycle}
    assert cycle == {"csv-cleanup", "csv-profiler"}


def test_a_selected_skill_brings_its_neighbourhood(panel: GraphPanel, qtbot: QtBot) -> None:
    panel._context.select_skill("csv-cleanup")
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "csv-cleanup")
    assert labels(panel) == {"csv-cleanup", "csv-profiler", "Bash", "Read", "Write", "python3"}
    assert panel.edges.edges.rowCount() == 6
    panel.set_depth(2)
    qtbot.waitUntil(lambda: len(panel.canvas.scene.nodes) == 14)


def test_by_keyboard_from_node_to_node_and_to_the_line(panel: GraphPanel, qtbot: QtBot) -> None:
    context = panel._context
    context.select_skill("csv-cleanup")
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "csv-cleanup")
    canvas = panel.canvas
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert current(panel) == "csv-profiler"
    assert context.selected_skill == "csv-profiler"
    assert canvas.scene.focus == "csv-cleanup", "walking does not move the picture"
    assert "csv-profiler" in canvas.accessibleDescription()
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: canvas.scene.focus == "csv-profiler")
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert panel.edges.hasFocus()
    qtbot.keyClick(panel.edges, Qt.Key.Key_Down)
    with qtbot.waitSignal(context.file_requested, timeout=5_000) as asked:
        qtbot.keyClick(panel.edges, Qt.Key.Key_Return)
    path, line = asked.args
    text = Path(path).read_text().splitlines()[line - 1]
    edge = panel.edges.currentIndex().data(Qt.ItemDataRole.UserRole)
    assert edge.evidence.text.strip() in text


def test_backspace_goes_back(panel: GraphPanel, qtbot: QtBot) -> None:
    panel.centre_on("pdf-forms")
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "pdf-forms")
    panel.canvas.setFocus()
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "")
    assert not panel.back.isEnabled()


def test_mouse_selects_centres_pans_and_zooms(panel: GraphPanel, qtbot: QtBot) -> None:
    canvas = panel.canvas
    place = canvas.place_of("pdf-forms").toPoint()
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    assert current(panel) == "pdf-forms"
    assert panel._context.selected_skill == "pdf-forms"
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, pos=QPoint(20, 20))
    qtbot.mouseMove(canvas, QPoint(60, 50))
    assert not canvas.antialiased
    qtbot.mouseRelease(canvas, left, pos=QPoint(60, 50))
    assert (canvas.place_of("pdf-forms").toPoint() - place).manhattanLength() >= 60
    qtbot.waitUntil(lambda: canvas.antialiased)
    before = canvas.scale
    canvas.zoom(1.25, QPointF(100, 100))
    assert canvas.scale == pytest.approx(before * 1.25)
    canvas.fit()
    qtbot.mouseDClick(canvas, left, pos=canvas.place_of("pdf-forms").toPoint())
    qtbot.waitUntil(lambda: canvas.scene.focus == "pdf-forms")


def test_kinds_of_edges_can_be_left_out(panel: GraphPanel, qtbot: QtBot) -> None:
    panel._kinds["uses"].click()
    qtbot.waitUntil(lambda: "Bash" not in labels(panel))
    assert {line.edge.kind for line in panel.canvas.scene.edges} == {"mentions", "links"}


def test_a_name_that_is_typed_is_found(panel: GraphPanel, qtbot: QtBot) -> None:
    panel.search.setText("bisect")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert current(panel) == "git-bisect"
    panel.centre_on("pdf-forms")
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "pdf-forms")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.canvas.scene.focus == "git-bisect")


def test_a_library_that_changed_while_hidden_is_read_when_shown(
    window: MainWindow, qtbot: QtBot, library: Path
) -> None:
    window.context.open_library(library)
    qtbot.waitUntil(lambda: window.context.library is not None, timeout=10_000)
    panel = panel_of(window, qtbot)
    qtbot.waitUntil(lambda: "alpha" in labels(panel))
    window.show_activity("library")
    with qtbot.waitSignal(window.context.library_changed, timeout=20_000):
        window.context.open_library(EXAMPLE)
    assert "alpha" in labels(panel)
    window.show_activity("graph")
    qtbot.waitUntil(lambda: "csv-cleanup" in labels(panel), timeout=10_000)


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast"])
def test_it_is_drawn_in_every_theme(panel: GraphPanel, theme: str) -> None:
    panel._context.set_theme(theme)
    assert not panel.grab().isNull()


@pytest.mark.corpus
def test_a_published_library_opens_and_is_painted_fast(
    window: MainWindow, qtbot: QtBot, corpus: Path
) -> None:
    window.context.open_library(corpus / "skills")
    qtbot.waitUntil(lambda: window.context.library is not None, timeout=30_000)
    window.context.select_skill("")
    window.show_activity("graph")
    panel = window.centre.view("graph")
    assert isinstance(panel, GraphPanel)
    qtbot.waitUntil(lambda: len(panel.canvas.scene.nodes) > 300, timeout=30_000)
    settle(panel, qtbot)
    panel.canvas.zoom(0.5)
    assert not panel.canvas.grab().isNull()
