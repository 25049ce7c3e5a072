"""Themes: readable by the numbers, complete, and taken over by what is drawn."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontInfo, QPalette
from PySide6.QtWidgets import QDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.theme.contrast import TEXT_PAIRS, ratio, too_faint
from workbench.gui.theme.current import apply_theme, dress, palette_of
from workbench.gui.theme.fonts import MONO_FAMILY, UI_FAMILY, mono_font, ui_font
from workbench.gui.theme.icons import icon
from workbench.gui.theme.stylesheet import stylesheet_of
from workbench.gui.theme.tokens import THEMES, Theme, load_theme
from workbench.resources import bundled


@pytest.mark.parametrize("name", THEMES)
def test_every_text_can_be_read_on_every_ground_it_stands_on(name: str) -> None:
    assert too_faint(load_theme(name)) == []


def test_a_faint_colour_is_found() -> None:
    light = load_theme("light")
    faint = Theme("x", "x", False, {**light.colours, "text_muted": "#b0b6c0"})
    assert ("text_muted", "window") in {pair[:2] for pair in too_faint(faint)}


def test_contrast_ratio_is_that_of_wcag() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_all_themes_name_the_same_colours() -> None:
    names = [set(load_theme(name).colours) for name in THEMES]
    assert all(one == names[0] for one in names)
    assert {token for pair in TEXT_PAIRS for token in pair} <= names[0]


def test_an_unknown_theme_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="high-contrast"):
        load_theme("solarized")


@pytest.mark.parametrize("name", THEMES)
def test_the_style_sheet_has_every_colour_filled_in(name: str) -> None:
    assert "$" not in stylesheet_of(load_theme(name))


def test_the_palette_is_that_of_the_theme(qtbot: QtBot) -> None:
    dark = load_theme("dark")
    palette = palette_of(dark)
    assert palette.color(QPalette.ColorRole.Window).name() == dark["window"]
    faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
    assert faint.name() == dark["text_disabled"]


def test_what_is_in_a_window_and_its_dialogs_follow_the_theme(qtbot: QtBot) -> None:
    def shown(label: QLabel) -> str:
        label.ensurePolished()
        return label.palette().color(QPalette.ColorRole.WindowText).name()

    apply_theme("light")
    window = QWidget()
    dress(window)
    qtbot.addWidget(window)
    late, in_dialog = QLabel("late"), QLabel("in a dialog")
    for label in (late, in_dialog):
        label.setProperty("wrong", True)
    late.setParent(window)
    in_dialog.setParent(QDialog(window))
    for name in ("light", "dark", "high-contrast"):
        apply_theme(name)
        error = load_theme(name)["error"]
        assert [shown(late), shown(in_dialog)] == [error, error]
    apply_theme("light")


def test_icons_are_drawn_in_the_colour_of_the_theme_in_use(qtbot: QtBot) -> None:
    def colours(name: str) -> set[str]:
        apply_theme(name)
        image = icon("dot", "error").pixmap(QSize(24, 24)).toImage()
        found = [image.pixelColor(x, y) for x in range(24) for y in range(24)]
        return {one.name() for one in found if one.alpha() > 250}

    assert load_theme("light")["error"] in colours("light")
    assert load_theme("dark")["error"] in colours("dark")
    apply_theme("light")


def test_every_icon_follows_the_theme() -> None:
    files = sorted((bundled("resources") / "icons").glob("*.svg"))
    assert len(files) >= 30
    for file in files:
        text = file.read_text()
        assert "currentColor" in text, file.name
        assert "#" not in text, f"{file.name} has a colour of its own"


def test_a_missing_icon_is_an_error_at_once(qtbot: QtBot) -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_the_bundled_fonts_are_used(qtbot: QtBot) -> None:
    apply_theme("light")
    assert QFontInfo(ui_font()).family() == UI_FAMILY
    assert QFontInfo(mono_font()).family() == MONO_FAMILY
    assert QFontInfo(mono_font()).fixedPitch()
