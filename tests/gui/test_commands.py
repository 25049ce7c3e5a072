"""Commands, palette, quick open, menus."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from workbench.gui.shell.activities import ACTIVITIES
from workbench.gui.shell.commands import CATEGORIES, Command, CommandRegistry
from workbench.gui.shell.window import MainWindow


def command(name: str = "x.y", **fields: object) -> Command:
    values: dict[str, object] = {"title": "Do it", "category": "File", "run": lambda: None}
    return Command(name, **(values | fields))  # type: ignore[arg-type]


def test_ids_and_keys_are_given_once(qtbot: QtBot) -> None:
    registry = CommandRegistry()
    registry.add(command(keybindings=("Ctrl+K",)))
    with pytest.raises(ValueError, match="taken"):
        registry.add(command())
    with pytest.raises(ValueError, match="key of"):
        registry.add(command("x.z", keybindings=("Ctrl+K",)))
    with pytest.raises(ValueError, match="no menu"):
        registry.add(command("x.w", category="Tools"))


def test_a_command_that_cannot_be_run_says_why(qtbot: QtBot) -> None:
    registry, ran = CommandRegistry(), []
    registry.add(command(run=lambda: ran.append(1), when=lambda: "nothing is open."))
    with qtbot.waitSignal(registry.refused) as told:
        assert not registry.run("x.y")
    assert told.args == ["Do it", "nothing is open."]
    assert ran == []


def test_the_palette_lists_every_command_with_its_key(window: MainWindow) -> None:
    window.does.show_palette()
    shown = {choice.text: choice for choice in window.does.picker.shown}
    listed = [one for one in window.context.commands.all() if one.id != "view.palette"]
    assert set(shown) == {one.label for one in listed}
    assert shown["File: Open folder…"].hint == "Ctrl+O"
    assert "no file is open" in shown["File: Save"].unavailable


def test_typing_and_enter_run_a_command(window: MainWindow, qtbot: QtBot) -> None:
    window.does.show_palette()
    qtbot.keyClicks(window.does.picker.field, "reset layout")
    assert window.does.picker.shown[0].text == "View: Reset layout"
    window.bottom.show()
    qtbot.keyClick(window.does.picker.field, Qt.Key.Key_Return)
    assert not window.does.picker.isVisible()
    assert not window.bottom.isVisible()


def test_the_last_command_is_first_the_next_time(window: MainWindow) -> None:
    window.context.commands.run("view.toggle_bottom")
    window.does.show_palette()
    assert window.does.picker.shown[0].text == "View: Show or hide the bottom panel"


def test_one_that_cannot_be_run_is_not_run_from_the_palette(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.does.show_palette()
    qtbot.keyClicks(window.does.picker.field, "file save all")
    qtbot.keyClick(window.does.picker.field, Qt.Key.Key_Return)
    assert window.does.picker.isVisible()


def test_escape_closes_the_palette_and_gives_the_focus_back(
    opened: MainWindow, qtbot: QtBot
) -> None:
    view = opened.centre.view("library")
    assert view is not None
    view.setFocus()
    opened.does.show_palette()
    qtbot.keyClick(opened.does.picker.field, Qt.Key.Key_Escape)
    assert not opened.does.picker.isVisible()
    focus = opened.focusWidget()
    assert focus is not None
    assert view.isAncestorOf(focus) or focus is view


def test_quick_open_finds_skills_and_files(opened: MainWindow, qtbot: QtBot) -> None:
    opened.does.quick_open()
    qtbot.keyClicks(opened.does.picker.field, "bet")
    assert opened.does.picker.shown[0].text == "beta"
    opened.does.picker.field.setText("more gamma")
    assert opened.does.picker.shown[0].detail == "gamma"
    qtbot.keyClick(opened.does.picker.field, Qt.Key.Key_Return)
    document = opened.centre.documents.current()
    assert document is not None
    assert document.path.relative_to(Path(opened.context.library.root)) == Path(
        "gamma/references/more.md"
    )


def test_nothing_found_is_said(window: MainWindow, qtbot: QtBot) -> None:
    window.does.quick_open()
    qtbot.keyClicks(window.does.picker.field, "zzzz")
    assert window.does.picker.shown == ()
    assert not window.does.picker.list.isVisible()


def test_menus_hold_every_command_and_say_why_one_is_disabled(window: MainWindow) -> None:
    window.menus.rebuild()
    titles = [action.text() for action in window.menuBar().actions()]
    assert [title.replace("&", "") for title in titles] == list(CATEGORIES)
    letters = [title[title.index("&") + 1].casefold() for title in titles]
    assert len(set(letters)) == len(letters), "Alt and a letter opens one menu"
    save = window.menus.action("file.save")
    menu = window.menuBar().actions()[0].menu()
    menu.aboutToShow.emit()
    assert not save.isEnabled()
    assert "no file is open" in save.statusTip()
    menu.aboutToHide.emit()
    assert save.isEnabled(), "the shortcut would do nothing instead of saying why"


def test_a_refused_shortcut_tells_the_reason(window: MainWindow) -> None:
    window.menus.action("file.save").trigger()
    assert "no file is open" in window.context.notify.messages[-1].text


@pytest.mark.parametrize("order", [1, -1])
def test_no_two_commands_share_a_key(opened: MainWindow, order: int) -> None:
    for activity in ACTIVITIES[::order]:
        opened.show_activity(activity.id)
        shown = opened.centre.view(activity.id)
        assert shown is not None
        assert type(shown).__module__ == activity.module
    keys = [
        QKeySequence(key).toString()
        for one in opened.context.commands.all()
        for key in one.keybindings
    ]
    assert len(keys) == len(set(keys))
    assert "" not in keys
