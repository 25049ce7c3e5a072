"""Reports and patches from Review."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, ReviewWorld, make_world
from tests.gui.test_review_desk import Start, settled, start  # noqa: F401 - a fixture
from workbench.gui.shell.context import AppContext


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


@pytest.mark.parametrize(
    ("act", "name", "words"),
    [
        ("report", "review.md", "1 of 3 hunks accepted"),
        ("report", "review.html", "1 of 3 hunks accepted"),
        ("patch", "demo.patch", "+The very first line."),
    ],
)
def test_what_was_decided_is_saved_where_the_person_says(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
    tmp_path: Path,
    act: str,
    name: str,
    words: str,
) -> None:
    panel = start(world.propose("a change", {"demo/SKILL.md": PROPOSED}))
    panel.desk.run("accept")
    context.commands.run(f"review.{act}")
    dialog = next(one for one in panel.window().findChildren(QFileDialog) if one.isVisible())
    assert dialog.selectedFiles()[0].endswith(f"a-change{'.md' if act == 'report' else '.patch'}")
    out = tmp_path / name
    dialog.fileSelected.emit(str(out))
    dialog.close()
    qtbot.waitUntil(out.exists, timeout=10_000)
    settled(panel, qtbot)
    assert words in out.read_text()
    assert any(str(out) in one.text for one in context.notify.messages)


def test_a_patch_of_nothing_is_refused_in_words(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
    tmp_path: Path,
) -> None:
    panel = start(world.propose("a change", {"demo/SKILL.md": PROPOSED}))
    panel.desk.export.write("patch", panel.desk.opened.review, tmp_path / "x.patch")
    settled(panel, qtbot)
    assert any("Nothing is accepted" in one.text for one in context.notify.messages)
    assert not (tmp_path / "x.patch").exists()
