"""Groups of all sessions in watched folders, in the tab Compare; none of them is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.unit.traces.claude_records import Session, call, text, usage
from tests.unit.usage.world import commits, load, skill_md
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.compare.cohorts_view import CohortsView
from workbench.gui.traces.panel import TracesPanel

BODIES = ("# PDF\n\nOld way.\n", "# PDF\n\nNew way.\n")


def write(folder: Path, number: int, body: str) -> Path:
    one = Session()
    one.prompt("Fill the form")
    if body:
        load(one, "pdf", body)
    model = ("claude-opus-4-5", "claude-sonnet-4-5")[number % 2]
    said = call(f"c{number}", "Bash", command="make")
    one.says(text("Done."), said, usage=usage(1000, 50, 0), model=model)
    one.result(f"c{number}", "boom", error=number == 1)
    for record in one.records:
        record["sessionId"] = f"session-{number}"
        for name in ("uuid", "parentUuid"):
            record[name] = record.get(name) and f"{record[name]}-{number}"
    return one.write(folder, f"{number}.jsonl")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "sessions"
    folder.mkdir()
    return [write(folder, n, body) for n, body in enumerate((*BODIES, BODIES[1], "", ""))]


@pytest.fixture
def groups(window: MainWindow, files: list[Path], tmp_path: Path, qtbot: QtBot) -> CohortsView:
    context = window.context
    root = commits(
        tmp_path / "repo",
        [
            (1_767_225_600 + at * 86_400 * 30, {"pdf/SKILL.md": skill_md("pdf", body)})
            for at, body in enumerate(BODIES)
        ],
    )
    context.open_library(root)
    qtbot.waitUntil(lambda: context.library is not None, timeout=20_000)
    context.sessions.add(files[0].parent)
    qtbot.waitUntil(lambda: context.sessions.left == 0, timeout=20_000)
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    context.commands.run("trace.compare_groups")
    settle(window, qtbot)
    assert panel.comparison.cohorts.isVisible()
    return panel.comparison.cohorts


def settle(window: MainWindow, qtbot: QtBot) -> None:
    context = window.context
    for _ in range(3):
        qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)
        qtbot.waitUntil(lambda: not context.jobs.active, timeout=20_000)
        qtbot.wait(30)


def told(groups: CohortsView) -> tuple[int, int, int]:
    assert groups.found is not None
    return groups.found.first.sessions, groups.found.second.sessions, groups.found.left_out


def test_all_sessions_are_compared_while_none_is_open(
    groups: CohortsView, window: MainWindow
) -> None:
    assert groups.of_all
    assert window.context.traces == ()
    assert told(groups) == (3, 2, 0)
    assert groups.found is not None
    costs = next(one for one in groups.found.measures if one.name == "cost_usd")
    assert costs.spreads is not None
    assert costs.spreads[0].n == 3
    assert any("estimate" in words for words in groups.found.warnings)


def test_the_choices_of_the_list_narrow_the_groups(
    groups: CohortsView, window: MainWindow, qtbot: QtBot
) -> None:
    assert groups.filter.isVisible()
    assert groups.filter.facets.values()["Errors"] == {"With errors": 1, "Without errors": 4}
    groups.filter.facets.toggled.emit(("errors", "no"))
    settle(window, qtbot)
    assert told(groups) == (2, 2, 0)
    groups.divide_by("model")
    settle(window, qtbot)
    assert sum(told(groups)[:2]) == 4
    groups.filter._clear()
    settle(window, qtbot)
    assert sum(told(groups)[:2]) == 5


def test_a_figure_leads_to_a_session_that_is_opened_for_it(
    groups: CohortsView, files: list[Path], window: MainWindow, qtbot: QtBot
) -> None:
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    number = groups.sessions_model.rowCount() - 1
    member = groups.sessions_model.row_at(number).member
    assert Path(member.path) in files
    groups.sessions.opened.emit(number)
    qtbot.waitUntil(lambda: panel.in_viewer, timeout=20_000)
    assert [str(trace.path) for trace in window.context.traces] == [member.path]


def test_an_edit_divides_sessions_after_their_texts_were_read_in_a_job(
    groups: CohortsView, window: MainWindow, qtbot: QtBot
) -> None:
    groups.divide_by("version")
    titles = [job.title for job in window.context.jobs.active]
    assert titles == ["Read the versions of skills in 3 sessions"]
    settle(window, qtbot)
    assert told(groups) == (1, 2, 2)
    assert groups.found is not None
    assert groups.found.first.name == "pdf before the edit"


def test_reading_texts_can_be_stopped(
    groups: CohortsView, window: MainWindow, qtbot: QtBot
) -> None:
    groups.divide_by("version")
    groups.reading.button.click()
    settle(window, qtbot)
    assert groups.found is None
    assert groups._body.currentWidget() is groups.none
    groups.divide_by("skill")
    settle(window, qtbot)
    assert told(groups) == (3, 2, 0)


def test_open_traces_are_compared_when_they_are_chosen(
    groups: CohortsView, files: list[Path], window: MainWindow, qtbot: QtBot
) -> None:
    window.context.open_traces(files[1:4])
    qtbot.waitUntil(lambda: len(window.context.traces) == 3, timeout=20_000)
    settle(window, qtbot)
    groups.compare_all(of_all=False)
    settle(window, qtbot)
    assert not groups.filter.isVisible()
    assert told(groups) == (2, 1, 0)
