"""Words of engines and files on the screen: never markup, nothing hidden, nothing pushed aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, make_world
from workbench.domain.text import spelled_out
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.gui.theme.current import dress
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.plain_label import PlainLabel

HOSTILE = "Evil \u202egnp.exe\u202c \x1b[31m <b>bold</b> <img src=x> " + "W" * 400


def test_hidden_characters_are_spelled_out_and_lines_kept() -> None:
    assert spelled_out("a\u202eb\n\tc\x00") == "a[U+202E]b\n\tc[U+0000]"
    assert spelled_out("plain é 漢 🙂") == "plain é 漢 🙂"


def test_a_label_breaks_endless_words_and_keeps_its_text(qtbot: QtBot) -> None:
    label = PlainLabel()
    qtbot.addWidget(label)
    ordinary = QLabel("W" * 24)
    qtbot.addWidget(ordinary)
    label.setText("W" * 400)
    assert label.minimumSizeHint().width() <= ordinary.sizeHint().width() + 4
    assert label.text() == "W" * 400
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_a_cut_label_shows_no_hidden_character(qtbot: QtBot) -> None:
    label = ElidedLabel("a\u202eb")
    qtbot.addWidget(label)
    assert label.text() == "a[U+202E]b"


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_tip_is_never_markup(qtbot: QtBot) -> None:
    button = QPushButton("here")
    qtbot.addWidget(button)
    dress(button)
    with qtbot.waitExposed(button):
        button.show()
    QToolTip.showText(QPoint(5, 5), "a <b>b</b> <img src='x.png'>", button)
    tips = [
        one
        for one in QApplication.topLevelWidgets()
        if isinstance(one, QLabel) and one.metaObject().className() == "QTipLabel"
    ]
    assert tips
    assert all(one.textFormat() == Qt.TextFormat.PlainText for one in tips)
    QToolTip.hideText()


@pytest.fixture
def hostile(
    window: MainWindow, context: AppContext, tmp_path: Path, qtbot: QtBot
) -> Callable[[], ReviewPanel]:
    def show() -> ReviewPanel:
        world = make_world(tmp_path, context.proposal_store)
        made = world.propose("hostile", {"demo/SKILL.md": PROPOSED}, warnings=(HOSTILE,))
        draft = replace(made.draft, title=HOSTILE, rationale=HOSTILE * 20)
        world.store.update(replace(made, draft=draft))
        window.show_activity("review")
        panel = window.centre.view("review")
        assert isinstance(panel, ReviewPanel)
        desk = panel.desk
        qtbot.waitUntil(lambda: desk.opened is not None and not desk.busy, timeout=20_000)
        return panel

    return show


def test_a_hostile_title_pushes_nothing_out_of_the_window(
    hostile: Callable[[], ReviewPanel], window: MainWindow, qtbot: QtBot
) -> None:
    panel = hostile()
    qtbot.wait(20)
    assert (window.width(), window.height()) == (1280, 800)
    edge = panel.evidence.mapTo(window, QPoint(panel.evidence.width(), 0)).x()
    assert edge <= window.width()
    header = panel.desk.view.header
    assert len(header.title.text()) < 210
    assert "[U+202E]" in QLabel.text(header.title)
    row = next(row for row in panel.queue.queue.rows if row.id)
    assert row.title.isprintable()
    assert len(row.title) < 400
