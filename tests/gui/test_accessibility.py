"""Everything that takes the focus has a name a screen reader can say."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.shell.activities import ACTIVITIES
from workbench.gui.shell.window import MainWindow
from workbench.gui.theme.tokens import THEMES


def nameless(root: QWidget) -> list[str]:
    """Return the visible widgets that take the focus and have no name."""
    QAccessible.setActive(True)
    found = []
    for widget in root.findChildren(QWidget):
        focusable = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        inside = widget.parent()
        if not focusable or not widget.isVisible():
            continue
        if isinstance(inside, QAbstractScrollArea) and inside.viewport() is widget:
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        name = interface.text(QAccessible.Text.Name) if interface else ""
        if not name.strip():
            label = f"{widget.metaObject().className()} {widget.objectName()}"
            found.append(f"{label} in {type(inside).__name__}")
    return found


def test_the_walk_finds_a_nameless_button(window: MainWindow) -> None:
    from PySide6.QtWidgets import QToolButton

    button = QToolButton(window.welcome)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.show()
    assert any("QToolButton" in one for one in nameless(window))


def test_the_welcome_page_has_names(window: MainWindow) -> None:
    assert nameless(window) == []


def test_library_editor_and_panels_have_names(
    opened: MainWindow, library: Path, qtbot: QtBot
) -> None:
    opened.inspector.show()
    opened.context.request_file(library / "flawed" / "SKILL.md")
    document = opened.centre.documents.current()
    assert document is not None
    for side in ("Form", "Preview"):
        document.show_side(side)
        qtbot.wait(50)
        assert nameless(opened) == []
    document.find_bar.ask()
    for panel in ("Problems", "Jobs", "Log"):
        opened.bottom.show_panel(panel)
        assert nameless(opened) == []
    opened.does.show_palette()
    assert nameless(opened) == []


@pytest.mark.parametrize("activity", [one.id for one in ACTIVITIES])
def test_every_activity_has_names(window: MainWindow, activity: str, qtbot: QtBot) -> None:
    window.show_activity(activity)
    qtbot.wait(20)
    assert nameless(window) == []


def test_buttons_with_an_icon_alone_have_a_tip(opened: MainWindow, library: Path) -> None:
    opened.context.request_file(library / "alpha" / "SKILL.md")
    opened.bottom.show_panel("Problems")
    bare = [
        button.accessibleName()
        for button in opened.findChildren(QAbstractButton)
        if button.isVisible()
        and not button.text()
        and not button.toolTip()
        and not isinstance(button.parent(), QTabBar)
        and button.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert bare == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_window_is_drawn_in_the_themes_ground(window: MainWindow, theme: str) -> None:
    from workbench.gui.theme.tokens import load_theme

    window.context.set_theme(theme)
    image = window.grab().toImage()
    ground = image.pixelColor(image.width() - 8, image.height() // 2).name()
    assert ground == load_theme(theme)["window"]
    window.context.set_theme("light")
