"""The window: activities, docks, layout, closing."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.library.panel import LibraryPanel
from workbench.gui.shell import activities
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.problems import Problem
from workbench.gui.shell.problems_panel import ProblemsPanel
from workbench.gui.shell.session import LAYOUT_VERSION, Session, load_session, save_session
from workbench.gui.shell.window import MainWindow
from workbench.gui.widgets.empty_state import EmptyState


def test_it_begins_with_the_welcome_page(window: MainWindow) -> None:
    assert window.centre.current == ""
    assert window.welcome.isVisible()
    assert not window.inspector.isVisible()


def test_opening_a_folder_shows_its_skills_and_the_inspector(opened: MainWindow) -> None:
    assert opened.centre.current == "library"
    assert opened.inspector.isVisible()
    assert opened.windowTitle() == "skills – Skill Workbench"
    assert "errors" in opened.status.problems.text()
    assert opened.context.selected_skill == "alpha"


def test_a_folder_that_is_gone_is_told_and_forgotten(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.open_library(tmp_path / "none")
    qtbot.waitUntil(lambda: bool(window.context.notify.messages))
    assert "does not exist" in window.context.notify.messages[-1].text
    assert window.does.session.recent == ()
    assert window.centre.current == ""


def test_a_folder_without_skills_offers_a_new_one(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.open_library(tmp_path)
    qtbot.waitUntil(lambda: window.centre.current == "library")
    titles = {button.text() for button in window.centre.findChildren(QPushButton)}
    assert "New skill…" in titles


def test_every_activity_can_be_shown_by_its_key(window: MainWindow) -> None:
    assert [one.id for one in activities.ACTIVITIES] == [
        "library",
        "traces",
        "graph",
        "security",
        "evolution",
        "review",
    ]
    for number, activity in enumerate(activities.ACTIVITIES, start=1):
        command = window.context.commands.get(f"view.activity.{activity.id}")
        assert command.keybindings == (f"Ctrl+{number}",)


def test_a_feature_that_fails_leaves_the_window_and_can_be_tried_again(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(context: AppContext) -> QWidget:
        LibraryPanel(context)
        raise RuntimeError("no luck")

    monkeypatch.setattr("workbench.gui.library.panel.create", broken)
    window.show_activity("library")
    failed = window.centre.view("library")
    assert isinstance(failed, EmptyState)
    assert "no luck" in " ".join(label.text() for label in failed.findChildren(QLabel))
    monkeypatch.undo()
    failed.button.click()
    assert not isinstance(window.centre.view("library"), EmptyState)


def test_a_request_reaches_a_feature_that_is_made_only_now(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked: list[str] = []

    def create(context: object) -> QWidget:
        context.review_requested.connect(asked.append)
        return QWidget()

    feature = types.ModuleType("workbench.gui.review.panel")
    feature.create = create
    monkeypatch.setitem(sys.modules, feature.__name__, feature)
    monkeypatch.setattr("importlib.import_module", lambda name: sys.modules[name])
    window.context.request_review("p1")
    qtbot.waitUntil(lambda: asked == ["p1"])


def test_the_layout_comes_back_and_can_be_reset(
    make_window: Callable[..., MainWindow], qtbot: QtBot
) -> None:
    window = make_window()
    window.resize(760, 640)
    window.bottom.show()
    kept = window.kept_session()
    window.close_now()
    window.context.commands.remove(*(one.id for one in window.context.commands.all()))
    again = make_window(kept)
    assert again.size().width() == 760
    assert again.bottom.isVisible()
    again.reset_layout()
    assert not again.bottom.isVisible()
    assert again.size().width() == 1280


def test_a_session_is_kept_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "state" / "window.json"
    session = Session(theme="dark", geometry="AA==", splits={"library": [1, 2]}).opened(tmp_path)
    save_session(path, session)
    assert load_session(path) == session


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"layout": "x"}', b"\xff\xfe", b"null"])
def test_a_broken_session_starts_afresh(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "window.json"
    path.write_bytes(data)
    assert load_session(path) == Session()


def test_a_layout_of_another_version_is_dropped_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    save_session(path, Session(layout=LAYOUT_VERSION + 1, docks="AA==", recent=("/x",)))
    assert load_session(path) == Session(recent=("/x",))


def test_a_session_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save_session(tmp_path / "file" / "window.json", Session())
    assert (tmp_path / "file").read_text() == ""
    assert load_session(tmp_path / "file" / "window.json") == Session()


def test_problems_lead_to_their_line(opened: MainWindow, library: Path, qtbot: QtBot) -> None:
    panel = opened.bottom.show_panel("Problems")
    assert isinstance(panel, ProblemsPanel)
    wrong = next(one for one in panel.shown() if one.line == 5)
    asked: list[tuple[str, int]] = []
    opened.context.file_requested.connect(lambda path, line: asked.append((path, line)))
    top = panel.model.index(0, 0)
    rows = [panel.model.index(row, 0, top) for row in range(panel.model.rowCount(top))]
    panel.tree.activated.emit(next(row for row in rows if row.data(256) == wrong))
    assert asked == [(str(library / "flawed" / "SKILL.md"), 5)]
    document = opened.centre.documents.current()
    assert document is not None
    assert document.caret[0] == 5


def test_problems_are_filtered_by_words_and_severity(opened: MainWindow, qtbot: QtBot) -> None:
    panel = opened.bottom.show_panel("Problems")
    assert isinstance(panel, ProblemsPanel)
    everything = panel.shown()
    panel.level.setCurrentIndex(3)
    assert {one.severity for one in panel.shown()} == {"error"}
    panel.level.setCurrentIndex(0)
    panel.filter.setText("no.md")
    assert 0 < len(panel.shown()) < len(everything)
    panel.filter.setText("nothing like this")
    assert panel.shown() == ()


def test_the_chosen_client_decides_which_problems_are_listed(opened: MainWindow) -> None:
    everything = len(opened.context.problems)
    opened.context.set_client("codex")
    some = opened.context.problems
    assert len(some) < everything
    assert all(not one.clients or "codex" in one.clients for one in some)
    assert opened.status.client.text() == "codex"


def test_problems_of_several_origins_stand_side_by_side(window: MainWindow, tmp_path: Path) -> None:
    window.context.set_problems("a", [Problem("error", "one", tmp_path / "x", 1)])
    window.context.set_problems("b", [Problem("hint", "two", tmp_path / "y")])
    window.context.set_problems("a", [])
    assert [one.message for one in window.context.problems] == ["two"]


def test_f6_goes_round_the_parts_of_the_window(opened: MainWindow, qtbot: QtBot) -> None:
    opened.bottom.show_panel("Problems")
    seen = []
    for _ in range(8):
        opened.context.commands.run("view.next_panel")
        focus = opened.focusWidget()
        assert focus is not None
        parts = (opened.activity_bar, opened.centre, opened.inspector, opened.bottom, opened.status)
        seen.append(
            next(part.metaObject().className() for part in parts if part.isAncestorOf(focus))
        )
    assert set(seen) >= {"ActivityBar", "Centre", "InspectorDock", "BottomDock", "StatusBar"}


def test_escape_takes_the_newest_message_away(window: MainWindow, qtbot: QtBot) -> None:
    window.context.notify.error("one")
    window.context.notify.error("two")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert [one.text for one in window.context.notify.messages] == ["one"]


def answer(window: MainWindow, qtbot: QtBot, button: QMessageBox.StandardButton) -> None:
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None)
    box = window.findChild(QMessageBox)
    assert box is not None
    box.button(button).click()


@pytest.mark.parametrize(
    ("button", "closed", "saved"),
    [
        (QMessageBox.StandardButton.Cancel, False, False),
        (QMessageBox.StandardButton.Discard, True, False),
        (QMessageBox.StandardButton.Save, True, True),
    ],
)
def test_closing_with_unsaved_text_asks_once(
    opened: MainWindow,
    library: Path,
    qtbot: QtBot,
    button: QMessageBox.StandardButton,
    closed: bool,
    saved: bool,
) -> None:
    path = library / "alpha" / "SKILL.md"
    before = path.read_bytes()
    opened.context.request_file(path)
    document = opened.centre.documents.current()
    assert document is not None
    qtbot.keyClicks(document, "x")
    qtbot.keyClicks(document.focusProxy(), "x")
    assert document.dirty
    opened.close()
    assert opened.isVisible()
    answer(opened, qtbot, button)
    qtbot.waitUntil(lambda: opened.isVisible() != closed)
    assert (path.read_bytes() != before) == saved


def test_a_new_skill_is_made_from_a_template_and_opened(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    from workbench.gui.library.new_skill import NewSkillDialog

    opened.context.commands.run("skill.new")
    dialog = opened.findChild(NewSkillDialog)
    assert dialog is not None
    assert not dialog.make.isEnabled()
    dialog.name.setText("Bad Name")
    assert "lower-case" in dialog.problem.text()
    dialog.name.setText("alpha")
    assert "already" in dialog.problem.text()
    dialog.name.setText("pdf-forms")
    dialog.description.setPlainText('Fills "forms": use it for PDF forms')
    dialog.template.setCurrentIndex(1)
    dialog.make.click()
    qtbot.waitUntil(lambda: opened.centre.documents.count() == 1, timeout=10_000)
    made = opened.context.skill("pdf-forms")
    assert made is not None
    assert made.description == 'Fills "forms": use it for PDF forms'
    assert (library / "pdf-forms" / "references" / "details.md").is_file()
    assert [d for d in opened.context.diagnostics["pdf-forms"] if d.severity == "error"] == []


def test_the_example_library_is_copied_once_and_stays_the_persons(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.context.commands.run("file.open_example")
    qtbot.waitUntil(
        lambda: window.context.library is not None and bool(window.context.traces), timeout=20_000
    )
    qtbot.waitUntil(lambda: not window.context.jobs.active, timeout=20_000)
    root = Path(window.context.library.root)
    assert root.is_relative_to(window.context.folders.data)
    assert len(window.context.library.skills) > 5
    assert window.context.trace_problems == ()
