"""Locking what a hunk lies in, from the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, ReviewWorld, make_world
from tests.gui.test_accessibility import nameless
from tests.gui.test_review_desk import (  # noqa: F401 - a fixture
    Start,
    kinds,
    notices,
    settled,
    start,
)
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.store.locked_parts import LOCKS_FILE, LockedPart, locked_parts, set_locked


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


@pytest.fixture
def panel(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> ReviewPanel:
    """The second hunk lies in the section Steps."""
    shown = start(world.propose("good", {"demo/SKILL.md": PROPOSED}))
    shown.desk.view.diff.set_current(1)
    settled(shown, qtbot)
    return shown


def lock(panel: ReviewPanel, qtbot: QtBot) -> None:
    panel.desk.run("lock")
    qtbot.keyClick(panel.desk.locks.bar.reason, Qt.Key.Key_Return)
    settled(panel, qtbot)


def test_a_section_is_locked_by_keys_after_showing_what_will_be_written(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot
) -> None:
    diff, bar = panel.desk.view.diff, panel.desk.locks.bar
    diff.setFocus()
    qtbot.keyClick(diff, Qt.Key.Key_L)
    assert bar.isVisible()
    assert nameless(bar) == []
    qtbot.keyClicks(bar.reason, "agreed")
    assert 'part = "SKILL.md#Steps"' in bar.written.text()
    assert 'reason = "agreed"' in bar.written.text()
    assert LOCKS_FILE in bar.told.text()
    assert not (world.library / LOCKS_FILE).exists()
    shown = bar.written.text()
    qtbot.keyClick(bar.reason, Qt.Key.Key_Return)
    settled(panel, qtbot)
    assert shown in (world.library / LOCKS_FILE).read_text()
    assert diff.hasFocus()
    assert [mark.locked for mark in panel.desk.marks()] == [False, True, False]
    assert "held back by a lock" in diff.accessibleDescription()


def test_a_hunk_that_is_held_back_is_not_accepted_and_says_why(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    lock(panel, qtbot)
    panel.desk.view.diff.set_current(1)
    panel.desk.run("accept")
    settled(panel, qtbot)
    assert kinds(panel) == [None, None, None]
    assert "Not accepted: demo/SKILL.md changes what is locked" in notices(panel)["act"]
    # The others can be, and are, when all are accepted.
    panel.desk.run("accept_all")
    settled(panel, qtbot)
    assert kinds(panel) == ["accept", None, "accept"]


def test_a_lock_is_undone_by_the_key_that_undoes_verdicts(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot
) -> None:
    panel.desk.run("accept")
    settled(panel, qtbot)
    panel.desk.view.diff.set_current(1)
    lock(panel, qtbot)
    assert panel.desk.view.undo.isEnabled()
    qtbot.keyClick(panel.desk.view.diff, Qt.Key.Key_U)
    settled(panel, qtbot)
    assert locked_parts(world.library) == ()
    assert [mark.locked for mark in panel.desk.marks()] == [False, False, False]
    assert kinds(panel) == [None, "accept", None]
    qtbot.keyClick(panel.desk.view.diff, Qt.Key.Key_U)
    settled(panel, qtbot)
    assert kinds(panel) == [None, None, None]


def test_a_lock_is_taken_away_where_it_holds_a_hunk_and_that_is_undone_too(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot
) -> None:
    lock(panel, qtbot)
    (there,) = locked_parts(world.library)
    panel.desk.view.diff.set_current(1)
    panel.desk.run("lock")
    bar = panel.desk.locks.bar
    assert bar.confirm.text() == "Unlock"
    qtbot.keyClick(bar.confirm, Qt.Key.Key_Return)
    settled(panel, qtbot)
    assert locked_parts(world.library) == ()
    panel.desk.view.notice_buttons("locks")["Undo"]()
    settled(panel, qtbot)
    assert locked_parts(world.library) == (there,)


def test_a_lock_made_elsewhere_is_seen_when_the_disk_changes(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot, context: AppContext
) -> None:
    set_locked(world.library, LockedPart("demo", "*", "frozen"))
    context.disk_changed.emit()
    settled(panel, qtbot)
    qtbot.waitUntil(lambda: all(mark.locked for mark in panel.desk.marks()), timeout=10_000)
    panel.desk.run("accept_all")
    settled(panel, qtbot)
    assert "frozen" in notices(panel)["act"]


def test_a_broken_file_of_locks_is_told_and_left_as_it_is(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot
) -> None:
    file = world.library / LOCKS_FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text("lock = 3")
    lock(panel, qtbot)
    assert "no file of locks" in notices(panel)["act"]
    assert file.read_text() == "lock = 3"


def test_an_edit_of_what_was_locked_after_it_was_accepted_is_refused(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    panel.desk.run("accept")
    settled(panel, qtbot)
    panel.desk.view.diff.set_current(1)
    lock(panel, qtbot)
    assert "holds back 1 accepted hunk" in notices(panel)["held"]
    hunk = panel.desk.hunk()
    assert hunk is not None
    panel.desk._edited(("2. Two, with care\n",))
    settled(panel, qtbot)
    verdict = panel.desk.choices.of(hunk.id)
    assert verdict is not None
    assert verdict.edited is None
    assert "Not accepted" in notices(panel)["act"]
    panel.desk.run("defer")
    settled(panel, qtbot)
    assert kinds(panel)[1] == "defer"
