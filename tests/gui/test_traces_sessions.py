"""All sessions: watched folders, the list, choices and search, kept up to date meanwhile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.sessions.all_sessions import AllSessions
from workbench.gui.traces.sessions.hit_list import FOUND_ROLE
from workbench.gui.traces.sessions.session_cells import COST, ERRORS, STEPS
from workbench.traces.open import open_traces
from workbench.usage.annotated import anchor_of

Key = Qt.Key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sessions"
    for name, failed in (("zebra", True), ("lion", False), ("okapi", False)):
        write(made, name, failed=failed)
    return made


def write(folder: Path, name: str, *, failed: bool = False, words: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    one = Session()
    one.prompt(f"Find the {name}")
    one.says(
        text(f"Looking {words}."),
        call("t1", "Bash", command="make"),
        usage=usage(100_000, 500, 0),
        model="claude-opus-4-5",
    )
    one.result("t1", f"boom {name}" if failed else "done", error=failed)
    return one.write(folder, f"{name}.jsonl")


@pytest.fixture
def panel(window: MainWindow) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    made.show_tab("sessions")
    return made


@pytest.fixture
def page(panel: TracesPanel) -> AllSessions:
    return panel.sessions


def settle(page: AllSessions, qtbot: QtBot) -> None:
    sessions = page.sessions
    qtbot.waitUntil(lambda: not sessions.running and not page._follow.isActive(), timeout=20_000)
    qtbot.waitUntil(lambda: not page._busy and not page._dirty, timeout=10_000)
    qtbot.waitUntil(lambda: not page._context.bridge._calls, timeout=10_000)
    qtbot.wait(20)
    qtbot.waitUntil(lambda: not page._context.bridge._calls, timeout=10_000)


@pytest.fixture
def watched(page: AllSessions, folder: Path, qtbot: QtBot) -> AllSessions:
    page.sessions.add(folder)
    qtbot.waitUntil(lambda: page.sessions.left == 0, timeout=20_000)
    settle(page, qtbot)
    return page


def cells(page: AllSessions, column: int = 0) -> list[str]:
    model = page.table.sessions
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def look_for(page: AllSessions, words: str, qtbot: QtBot) -> list[tuple[str, int | None, str]]:
    page.search.setText(words)
    qtbot.wait(250)
    qtbot.waitUntil(lambda: not page._found.running, timeout=10_000)
    model = page.hits.hits
    found = [model.index(row).data(FOUND_ROLE) for row in range(model.rowCount())]
    return [(Path(one.path).name, one.step, one.quote) for one in found]


def test_places_of_clients_are_offered_and_none_is_taken(
    isolated_home: Path, window: MainWindow, qtbot: QtBot
) -> None:
    place = isolated_home / ".codex" / "sessions"
    place.mkdir(parents=True)
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    panel.show_tab("sessions")
    page = panel.sessions
    assert page.folders.isVisible()
    assert page.sessions.folders == ()
    buttons = {one.accessibleName(): one for one in page.folders.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Watch the sessions of Codex"], Qt.MouseButton.LeftButton)
    assert page.sessions.folders == (place,)
    qtbot.waitUntil(lambda: page.sessions.left == 0, timeout=20_000)
    settle(page, qtbot)
    assert page.table.sessions.rowCount() == 0


def test_sessions_are_listed_with_their_figures(watched: AllSessions) -> None:
    assert sorted(cells(watched)) == ["Find the lion", "Find the okapi", "Find the zebra"]
    row = cells(watched).index("Find the zebra")
    assert (cells(watched, STEPS)[row], cells(watched, ERRORS)[row]) == ("2", "1")
    assert cells(watched, COST)[row] == "≈ $0.51"
    index = watched.table.sessions.index(row, COST)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Cost: estimated $0.51"
    assert "3 sessions" in watched.count.text()
    assert "estimated by prices of 20" in watched.count.text()


def test_choices_narrow_the_list_by_keyboard(watched: AllSessions, qtbot: QtBot) -> None:
    facets = watched.facets
    assert facets.values()["Errors"] == {"With errors": 1, "Without errors": 2}
    facets.setFocus()
    model = facets.model()
    errors = next(
        model.index(row, 0)
        for row in range(model.rowCount())
        if model.index(row, 0).data() == "Errors"
    )
    facets.setCurrentIndex(model.index(0, 0, errors))
    qtbot.keyClick(facets, Key.Key_Space)
    settle(watched, qtbot)
    assert cells(watched) == ["Find the zebra"]
    assert "1 of 3 sessions" in watched.count.text()
    assert facets.currentIndex().data() == "With errors"
    assert facets.values()["Errors"] == {"With errors": 1, "Without errors": 2}
    qtbot.mouseClick(watched.clear, Qt.MouseButton.LeftButton)
    settle(watched, qtbot)
    assert len(cells(watched)) == 3
    watched.named.setText("okapi claude-opus")
    qtbot.wait(200)
    settle(watched, qtbot)
    assert cells(watched) == ["Find the okapi"]


def test_outcomes_people_gave_count_as_choices(
    watched: AllSessions, folder: Path, qtbot: QtBot
) -> None:
    own = folder / "zebra.jsonl"
    own.write_bytes(own.read_bytes().replace(b"11111111-", b"22222222-"))
    watched.sessions.refresh()
    settle(watched, qtbot)
    assert watched.facets.values()["Outcome"] == {"Not recorded": 3}
    with open_traces(own)[0] as trace:
        watched._context.annotations.attach(anchor_of(trace), None, outcome="pass")
    qtbot.waitUntil(lambda: bool(watched._context.annotations.attached), timeout=10_000)
    settle(watched, qtbot)
    assert watched.facets.values()["Outcome"] == {"Not recorded": 2, "Passed": 1}
    watched._toggled(("outcome", "pass"))
    settle(watched, qtbot)
    assert cells(watched) == ["Find the zebra"]
    assert watched.count.text().startswith("1 of 3 sessions")


def test_the_first_of_many_come_before_all_of_them(
    watched: AllSessions, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.gui.traces.sessions.session_reader.FIRST_IDS", 2)
    monkeypatch.setattr("workbench.gui.traces.sessions.all_sessions.FIRST_IDS", 2)
    rows = watched.table.sessions
    seen: list[tuple[str, int]] = []
    rows.modelReset.connect(lambda: seen.append(("reset", rows.rowCount())))
    rows.rowsInserted.connect(lambda _at, first, last: seen.append(("more", last - first + 1)))
    watched._sort("title", False)
    settle(watched, qtbot)
    assert seen == [("reset", 2), ("more", 1)]
    assert cells(watched) == ["Find the lion", "Find the okapi", "Find the zebra"]
    # One more that is chosen before the first answer came is what is shown in the end.
    watched._sort("title", True)
    watched._toggled(("errors", "no"))
    settle(watched, qtbot)
    assert cells(watched) == ["Find the okapi", "Find the lion"]


def test_headings_sort(watched: AllSessions, qtbot: QtBot) -> None:
    watched.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    settle(watched, qtbot)
    assert cells(watched) == ["Find the lion", "Find the okapi", "Find the zebra"]
    watched.table.sortByColumn(ERRORS, Qt.SortOrder.DescendingOrder)
    settle(watched, qtbot)
    assert cells(watched)[0] == "Find the zebra"


def test_enter_opens_a_session_and_back_leads_to_the_list(
    watched: AllSessions, panel: TracesPanel, qtbot: QtBot
) -> None:
    row = cells(watched).index("Find the okapi")
    watched.table.setCurrentIndex(watched.table.sessions.index(row, 0))
    qtbot.keyClick(watched.table, Key.Key_Return)
    qtbot.waitUntil(lambda: panel.in_viewer and panel.viewer.index is not None, timeout=10_000)
    assert panel.viewer.place is not None
    assert panel.viewer.place.trajectory.title == "Find the okapi"
    panel.show_list()
    assert watched.isVisible()
    settle(watched, qtbot)


def test_a_hit_leads_to_its_step(watched: AllSessions, panel: TracesPanel, qtbot: QtBot) -> None:
    assert look_for(watched, "boom zeb", qtbot) == [("zebra.jsonl", 1, "boom zeb")]
    assert watched.count.text() == "1 hit"
    watched.hits.setFocus()
    qtbot.keyClick(watched.hits, Key.Key_Return)
    qtbot.waitUntil(lambda: panel.in_viewer and panel.viewer.index is not None, timeout=10_000)
    settle(watched, qtbot)
    assert panel.viewer.steps.current_step == 1
    panel.show_list()
    assert look_for(watched, "boom lion", qtbot) == []
    assert watched.front.currentWidget() is watched._none


def test_search_keeps_to_the_choices(watched: AllSessions, qtbot: QtBot) -> None:
    assert len(look_for(watched, "make", qtbot)) == 3
    watched.choose(watched.choices.toggled("errors", "yes"))
    settle(watched, qtbot)
    qtbot.waitUntil(lambda: not watched._found.running)
    assert watched.hits.hits.rowCount() == 1


def test_before_the_index_is_there_bytes_are_searched(
    page: AllSessions, panel: TracesPanel, folder: Path, qtbot: QtBot
) -> None:
    page.sessions.folders = (folder,)
    page.show_sessions()
    assert look_for(page, "boom zebra", qtbot) == [("zebra.jsonl", None, "boom zebra")]
    assert "not complete" in page.count.text()
    page.hits.setFocus()
    qtbot.keyClick(page.hits, Key.Key_Return)
    qtbot.waitUntil(lambda: panel.in_viewer and panel.viewer.index is not None, timeout=10_000)
    qtbot.waitUntil(lambda: not page._context.bridge._calls, timeout=10_000)
    assert panel.viewer.steps.current_step == 1


def test_changes_on_disk_are_followed(watched: AllSessions, folder: Path, qtbot: QtBot) -> None:
    write(folder, "gnu")
    with (folder / "lion.jsonl").open("a") as stream:
        stream.write(json.dumps({"type": "ai-title", "aiTitle": "Lion!", "sessionId": "s"}) + "\n")
    (folder / "okapi.jsonl").unlink()
    qtbot.waitUntil(
        lambda: sorted(cells(watched)) == ["Find the gnu", "Find the zebra", "Lion!"],
        timeout=15_000,
    )
    settle(watched, qtbot)


def test_a_folder_that_disappears_is_told_and_the_rest_stays(
    watched: AllSessions, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "other"
    write(other, "gnu")
    watched.sessions.add(other)
    qtbot.waitUntil(lambda: watched.sessions.left == 0, timeout=20_000)
    settle(watched, qtbot)
    assert len(cells(watched)) == 4
    shutil.move(other, tmp_path / "away")
    watched.sessions.refresh()
    settle(watched, qtbot)
    banner = watched.state.banner
    assert banner is not None
    assert str(other) in banner.label.text()
    assert len(cells(watched)) == 4
    banner.buttons[0].click()
    qtbot.waitUntil(lambda: watched.sessions.left == 0, timeout=20_000)
    settle(watched, qtbot)
    assert watched.state.banner is None
    assert len(cells(watched)) == 3


def test_the_list_of_folders_outlives_the_index(watched: AllSessions, qtbot: QtBot) -> None:
    folders = watched.sessions.folders
    watched.sessions.path.unlink()
    assert watched._reader.ids(watched.choices.query(()))[0] == []
    watched.sessions.refresh()
    settle(watched, qtbot)
    assert watched.sessions.folders == folders
    assert len(cells(watched)) == 3


def test_selected_sessions_are_handed_over_to_be_compared(
    watched: AllSessions, qtbot: QtBot
) -> None:
    assert not watched.compare_button.isEnabled()
    asked: list[list[tuple[str, str]]] = []
    watched.compare_asked.disconnect()
    watched.compare_asked.connect(asked.append)
    flag = QItemSelectionModel.SelectionFlag
    for row in (0, 1):
        index = watched.table.sessions.index(row, 0)
        watched.table.selectionModel().select(index, flag.Select | flag.Rows)
    assert watched.compare_button.isEnabled()
    qtbot.mouseClick(watched.compare_button, Qt.MouseButton.LeftButton)
    (pairs,) = asked
    assert len(pairs) == 2
    assert all(Path(path).is_file() and trajectory for path, trajectory in pairs)


def test_what_is_selected_stays_so_while_others_come(
    watched: AllSessions, folder: Path, qtbot: QtBot
) -> None:
    row = cells(watched).index("Find the okapi")
    watched.table.setCurrentIndex(watched.table.sessions.index(row, 0))
    if row == 0:
        watched.table.selectAll()
    chosen = {one.title for one in watched.table.selected()}
    write(folder, "gnu")
    watched.sessions.refresh()
    settle(watched, qtbot)
    assert len(cells(watched)) == 4
    assert {one.title for one in watched.table.selected()} == chosen


@pytest.mark.slow
def test_much_work_is_a_job_that_can_be_stopped_and_goes_on(
    page: AllSessions, tmp_path: Path, qtbot: QtBot
) -> None:
    many = tmp_path / "many"
    for number in range(400):
        write(many, f"animal {number}")
    page.sessions.add(many)
    jobs = page._context.jobs
    qtbot.waitUntil(lambda: bool(jobs.active), timeout=20_000)
    assert jobs.active[0].title == "Index sessions"
    jobs.cancel(jobs.active[0].id)
    qtbot.waitUntil(lambda: not page.sessions.running, timeout=20_000)
    left = page.sessions.left
    assert left
    assert page.state.words.text() == f"Stopped: {left} files are not read yet"
    page.state.action.click()
    qtbot.waitUntil(lambda: page.sessions.left == 0, timeout=30_000)
    settle(page, qtbot)
    assert page._all == 400


@pytest.mark.slow
def test_a_process_that_dies_is_told_and_can_be_tried_again(
    page: AllSessions, tmp_path: Path, qtbot: QtBot
) -> None:
    many = tmp_path / "many"
    for number in range(200):
        write(many, f"animal {number}")
    page.sessions.add(many)
    assert page.sessions._process is not None
    page.sessions._process.kill()
    qtbot.waitUntil(lambda: bool(page.sessions.problem), timeout=20_000)
    banner = page.state.banner
    assert banner is not None
    assert "ended" in banner.label.text()
    banner.buttons[0].click()
    qtbot.waitUntil(lambda: page.sessions.left == 0, timeout=30_000)
    settle(page, qtbot)
    assert page.state.banner is None
    assert page._all == 200


def test_a_damaged_list_of_folders_is_told_and_kept(
    window: MainWindow, isolated_home: Path, qtbot: QtBot
) -> None:
    kept = isolated_home / "workbench" / "config" / "trace-folders.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{")
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    panel.show_tab("sessions")
    assert "no list of watched folders" in panel.sessions.sessions.problem
    panel.sessions.sessions.add(isolated_home)
    assert kept.read_text() == "{"


def test_commands_lead_there_from_anywhere(
    watched: AllSessions, window: MainWindow, qtbot: QtBot
) -> None:
    window.show_activity("library")
    assert window.context.commands.run("trace.search_sessions")
    qtbot.waitUntil(watched.search.hasFocus)
    assert window.context.commands.run("trace.watched_folders")
    assert watched.folders.isVisible()
    assert window.context.commands.run("trace.sessions")
    qtbot.waitUntil(watched.table.hasFocus)
    settle(watched, qtbot)
