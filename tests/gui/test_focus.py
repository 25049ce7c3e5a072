"""Where the focus goes: always to something visible, and back to where it was left."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.shell.activities import ACTIVITIES
from workbench.gui.shell.window import MainWindow
from workbench.gui.widgets.buttons import WordButton, push_button


def focus() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


@pytest.mark.parametrize("activity", [one.id for one in ACTIVITIES])
def test_every_activity_takes_the_focus_to_something_visible(
    opened: MainWindow, activity: str, qtbot: QtBot
) -> None:
    opened.show_activity("graph" if activity == "library" else "library")
    opened.show_activity(activity)
    view = opened.centre.view(activity)
    assert view is not None
    assert view.isAncestorOf(focus())
    qtbot.waitUntil(lambda: focus().isVisible())
    assert focus().focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_focus_comes_back_to_the_text_and_then_goes_to_the_list(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    opened.context.request_file(library / "beta" / "SKILL.md")
    text = focus()
    opened.show_activity("graph")
    assert focus() is not text
    opened.show_activity("library")
    assert focus() is text
    opened.show_activity("library")
    view = opened.centre.view("library")
    assert view is not None
    assert view.isAncestorOf(focus())


def test_the_skill_of_the_file_in_front_is_selected(opened: MainWindow, library: Path) -> None:
    opened.context.request_file(library / "gamma" / "references" / "more.md")
    assert opened.context.selected_skill == "gamma"
    opened.context.request_file(library / "beta" / "SKILL.md")
    assert opened.context.selected_skill == "beta"


def test_an_open_file_puts_the_inspector_away_in_the_library_alone(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    traces = QWidget()
    opened.context.set_inspector("graph", traces)
    opened.context.request_file(library / "beta" / "SKILL.md")
    assert not opened.inspector.isVisible()
    opened.show_activity("graph")
    assert opened.inspector.isVisible()
    opened.show_activity("library")
    assert not opened.inspector.isVisible()
    opened.does.toggle_inspector()
    opened.show_activity("graph")
    opened.show_activity("library")
    assert opened.inspector.isVisible()


def test_enter_presses_the_button_that_has_the_focus(qtbot: QtBot) -> None:
    pressed: list[bool] = []
    button = push_button("Scan", lambda: pressed.append(True))
    qtbot.addWidget(button)
    button.show()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert pressed == [True]


def test_a_word_button_keeps_its_own_words(qtbot: QtBot) -> None:
    button = WordButton()
    qtbot.addWidget(button)
    button.setText("Form")
    assert button.text() == "Form"
