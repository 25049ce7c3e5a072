"""What skills did, in the window: versions, the uses behind each figure, the skill as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.unit.traces.claude_records import Session
from tests.unit.usage.world import commits, load, run, skill_md
from workbench.gui.library.panel import LibraryPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.usage.counted_libraries import OtherLibraries, short_names
from workbench.gui.traces.usage.usage_rows import UsageSource, cells
from workbench.gui.traces.usage.usage_view import UsageView
from workbench.skills.library import read_library
from workbench.traces.index.trace_index import TraceIndex

_JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_OLD = "# PDF\n\nFirst look.\n\nThen run `scripts/fill.py`.\n"
_NEW = "# PDF\n\nFirst look twice.\n\nAlways ask.\n\nThen run `scripts/fill.py`.\n"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Two skills in git; the first has two versions."""
    return commits(
        tmp_path / "library",
        [
            (
                _JANUARY,
                {
                    "pdf/SKILL.md": skill_md("pdf", _OLD),
                    "pdf/scripts/fill.py": "print(1)\n",
                    "other/SKILL.md": skill_md("other", "# Other\n\nDo it.\n"),
                },
            ),
            (_JANUARY + 60 * 86_400, {"pdf/SKILL.md": skill_md("pdf", _NEW)}),
        ],
    )


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A session with the old text that runs the script, and one with the new text."""
    folder = tmp_path / "traces"
    folder.mkdir()
    for number, body in enumerate((_OLD, _NEW)):
        session = Session()
        session.prompt(f"Fill form {number}")
        load(session, "pdf", body)
        run(session, "python3 /home/me/.claude/skills/pdf/scripts/fill.py", "no", error=True)
        for record in session.records:
            record["sessionId"] = f"s{number}"
            record["uuid"] = f"{number}-{record['uuid']}"
            if record["parentUuid"]:
                record["parentUuid"] = f"{number}-{record['parentUuid']}"
        session.write(folder, f"s{number}.jsonl")
    return folder


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    return make_window()


def _usage(window: MainWindow, qtbot: QtBot, library: Path, traces: Path | None) -> UsageView:
    context = window.context
    context.open_library(library)
    if traces is not None:
        context.open_traces([traces])
        qtbot.waitUntil(lambda: len(context.traces) == 2, timeout=20_000)
    qtbot.waitUntil(lambda: context.library is not None, timeout=20_000)
    window.show_activity("traces")
    assert context.commands.run("trace.usage")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    if traces is not None:
        qtbot.waitUntil(lambda: panel.usage.model.rowCount() > 0, timeout=20_000)
    return panel.usage


def _choose(usage: UsageView, skill: str, column: int = 0, version: int | None = None) -> None:
    top = usage.model.index(usage.model.row_of(skill), 0 if version is not None else column)
    index = top if version is None else usage.model.index(version, column, top)
    usage.table.setCurrentIndex(index)


def _listed(usage: UsageView) -> list[tuple[str, int]]:
    items = [usage.uses.item(number) for number in range(usage.uses.count())]
    uses = [item.data(Qt.ItemDataRole.UserRole) for item in items]
    return [(use.kind, use.step) for use in uses]


def _pick(usage: UsageView, kind: str) -> None:
    number = [found for found, _ in _listed(usage)].index(kind)
    usage.uses.setCurrentRow(number)


def test_a_skill_has_its_versions_below_it(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    top = usage.model.index(usage.model.row_of("pdf"), 0)
    rows = [usage.model.row_at(usage.model.index(n, 0, top)) for n in range(2)]
    assert [cells(one)[0].rpartition("·")[2].strip() for one in rows] == ["Change 1", "Change 0"]
    assert [cells(one)[2] for one in rows] == ["1 of 1", "1 of 1"]
    assert usage.model.rowCount(usage.model.index(usage.model.row_of("other"), 0)) == 0
    assert cells(usage.model.row_at(top))[1] == "not recorded"


def test_every_figure_leads_to_its_uses(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    _choose(usage, "pdf")
    assert len(_listed(usage)) == 6
    _choose(usage, "pdf", column=3)
    assert [kind for kind, _ in _listed(usage)] == ["loaded", "loaded"]
    _choose(usage, "pdf", column=5)
    assert [kind for kind, _ in _listed(usage)] == ["loaded", "loaded"]
    _choose(usage, "pdf", column=3, version=0)
    assert len(_listed(usage)) == 1
    _choose(usage, "other")
    assert _listed(usage) == []
    assert not usage.step_button.isEnabled()
    _choose(usage, "pdf")
    labels = [usage.figures.item(n).text() for n in range(usage.figures.count())]
    ran = usage.figures.item(labels.index("Ran scripts/fill.py"))
    usage.figures.itemActivated.emit(ran)
    assert [kind for kind, _ in _listed(usage)] == ["script_run", "script_run"]


def test_columns_sort_and_the_skill_stays_selected(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    assert [one.name for one in usage.model.rows()] == ["pdf", "other"]
    _choose(usage, "pdf")
    usage.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert [one.name for one in usage.model.rows()] == ["other", "pdf"]
    assert usage.model.row_at(usage.table.currentIndex()).name == "pdf"
    usage.read()
    qtbot.wait(300)
    assert [one.name for one in usage.model.rows()] == ["other", "pdf"]


def test_a_version_has_figures_of_its_own(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    _choose(usage, "pdf", version=0)
    labels = [usage.figures.item(n).text() for n in range(usage.figures.count())]
    assert labels[0] == "Change 1"
    assert "Known by the text in the trace" in labels
    assert "Interrupted" in labels


def test_from_a_use_to_the_line_that_was_in_force_and_back_by_keyboard(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    usage.table.setFocus()
    _choose(usage, "pdf")
    qtbot.keyClick(usage.table, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is usage.uses
    _pick(usage, "script_run")  # that of the first session, with the old text
    qtbot.keyClick(usage.uses, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    view = usage.version
    qtbot.waitUntil(view.isVisible, timeout=5000)
    assert view.then is not None
    assert view.before.text() == skill_md("pdf", _OLD)
    assert view.after.text() == skill_md("pdf", _NEW)
    assert (view.then.line, view.then.now_line) == (9, 11)
    assert view.before.caret()[0] == 9
    assert (view.then.removed, view.then.added) == ((7,), (7, 8, 9))
    assert view.before.isReadOnly()
    qtbot.keyClick(view.before, Qt.Key.Key_Escape)
    assert usage.uses.isVisible()
    assert QApplication.focusWidget() is usage.uses


def test_a_text_that_is_the_same_now_opens_in_the_editor(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    asked: list[tuple[str, int]] = []
    window.context.file_requested.connect(lambda path, line: asked.append((path, line)))
    _choose(usage, "pdf", version=0)
    _pick(usage, "script_run")
    usage.then_button.click()
    qtbot.waitUntil(lambda: bool(asked), timeout=5000)
    assert asked == [(str(library / "pdf/SKILL.md"), 11)]


def test_the_step_in_front_leads_to_the_skill_as_it_was(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    _choose(usage, "pdf")
    _pick(usage, "loaded")
    usage.step_button.click()
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=5000)
    assert window.context.commands.run("trace.skill_then")
    qtbot.waitUntil(usage.version.isVisible, timeout=5000)
    assert usage.version.then is not None
    assert usage.version.then.line == 1


def test_all_sessions_are_read_from_the_index_and_open_when_asked_for(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    context = window.context
    with TraceIndex(context.folders.trace_index) as index:
        index.watch(traces)
        index.sync()
    usage = _usage(window, qtbot, library, None)
    assert usage._no_traces.isVisible()
    usage._no_traces.button.click()
    qtbot.waitUntil(lambda: usage.model.rowCount() == 2, timeout=20_000)
    assert "2 sessions" in usage.sentence.text()
    _choose(usage, "pdf", column=3)
    usage.step_button.click()
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    qtbot.waitUntil(lambda: len(context.traces) == 1, timeout=20_000)
    qtbot.waitUntil(lambda: panel.viewer.place is not None, timeout=5000)


def test_reading_that_is_stopped_says_what_is_missing(library: Path, traces: Path) -> None:
    paths = sorted(traces.iterdir())
    source = UsageSource()
    read = read_library(library)
    part = source.of_files((read,), paths, (), None, lambda number, _path: number < 1)
    assert (part.unread, part.report.sessions) == (1, 1)
    asked: list[Path] = []

    def told(_number: int, path: Path) -> bool:
        asked.append(path)
        return True

    whole = source.of_files((read,), paths, (), None, told)
    assert (whole.unread, whole.report.sessions) == (0, 2)
    assert asked == paths[1:], "what was read is kept"


def test_the_library_counts_the_uses_of_a_skill_and_leads_to_them(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path
) -> None:
    context: AppContext = window.context
    with TraceIndex(context.folders.trace_index) as index:
        index.watch(traces)
        index.sync()
    usage = _usage(window, qtbot, library, traces)
    window.show_activity("library")
    panel = window.centre.view("library")
    assert isinstance(panel, LibraryPanel)
    uses = panel.inspector._uses
    context.select_skill("pdf")
    qtbot.waitUntil(lambda: uses.open.whole_text() == "2 loads, 2 of 2 open traces", timeout=5000)
    qtbot.waitUntil(lambda: uses.all.whole_text() == "2 loads, 2 of 2 sessions", timeout=5000)
    context.select_skill("other")
    assert uses.open.whole_text() == "Not used, 0 of 2 open traces"
    context.select_skill("pdf")
    uses.all.click()
    qtbot.waitUntil(usage.isVisible, timeout=5000)
    qtbot.waitUntil(lambda: len(_listed(usage)) == 6, timeout=20_000)
    assert usage.scope.currentText() == "All sessions"
    assert usage.model.row_at(usage.table.currentIndex()).usage.skill == "pdf"


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast"])
def test_it_is_drawn_in_every_theme(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path, theme: str
) -> None:
    usage = _usage(window, qtbot, library, traces)
    _choose(usage, "pdf", version=1)
    usage.uses.ask_then()
    qtbot.waitUntil(usage.version.isVisible, timeout=5000)
    window.context.set_theme(theme)
    assert not window.grab().isNull()


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """A second library, which has a skill of the same name, and one that nobody used."""
    folder = tmp_path / "team"
    for name in ("pdf", "extra"):
        (folder / name).mkdir(parents=True)
        (folder / name / "SKILL.md").write_text(skill_md(name, "# Another\n\nElsewhere.\n"))
    return folder


def _texts(usage: UsageView) -> list[str]:
    return [cells(one)[0] for one in usage.model.rows()]


def test_the_skills_of_several_libraries_are_counted_together(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path, another: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    assert usage.libraries.text() == "1 library"
    assert sorted(_texts(usage)) == ["other", "pdf"]
    usage.libraries.count(another, on=True)
    qtbot.waitUntil(lambda: usage.model.rowCount() == 4, timeout=20_000)
    assert sorted(_texts(usage)) == [
        *("extra  ·  team", "other  ·  library"),
        *("pdf  ·  library", "pdf  ·  team"),
    ]
    assert usage.libraries.text() == "2 libraries"
    assert "Every skill of the 2 libraries." in usage.sentence.text()
    usage.select("pdf", str(another.resolve()))
    row = usage.model.row_at(usage.table.currentIndex())
    assert row.key == (str(another.resolve()), "pdf")
    usage.select("pdf")
    assert usage.model.row_at(usage.table.currentIndex()).library == "library"
    assert OtherLibraries(window.context.folders.usage_libraries).counted == (another,)
    usage.libraries.count(another, on=False)
    qtbot.waitUntil(lambda: usage.model.rowCount() == 2, timeout=20_000)
    assert sorted(_texts(usage)) == ["other", "pdf"]


def test_libraries_are_chosen_by_keys_and_taken_off_the_list(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path, another: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    assert window.context.commands.run("trace.usage_libraries")
    menu = usage.libraries.menu()
    qtbot.waitUntil(menu.isVisible)
    menu.close()
    usage.libraries.count(another, on=True)
    menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert texts[:2] == ["library  (open)", f"team  ·  {another.parent}"]
    forget = menu.actions()[-1]
    assert not forget.isEnabled()
    menu.actions()[1].trigger()
    menu.aboutToShow.emit()
    menu.actions()[-1].trigger()
    assert OtherLibraries(window.context.folders.usage_libraries).known == ()
    qtbot.waitUntil(lambda: usage.model.rowCount() == 2, timeout=20_000)


def test_a_library_that_is_gone_is_told_and_the_others_are_counted(
    window: MainWindow, qtbot: QtBot, library: Path, traces: Path, tmp_path: Path
) -> None:
    usage = _usage(window, qtbot, library, traces)
    usage.libraries.count(tmp_path / "nowhere", on=True)
    qtbot.waitUntil(lambda: "nowhere" in usage.sentence.text(), timeout=20_000)
    assert sorted(_texts(usage)) == ["other", "pdf"]


def test_a_list_of_libraries_that_is_damaged_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "libraries.json"
    for text in ("", "[]", "{", '{"libraries": [1]}', '{"libraries": 3}'):
        file.write_text(text)
        assert OtherLibraries(file).known == ()


def test_libraries_of_one_name_are_told_apart() -> None:
    names = short_names(("/a/team/skills", "/b/team/skills", "/c/skills", "/d/own"))
    assert list(names.values()) == ["a/team/skills", "b/team/skills", "c/skills", "own"]
