"""Acts on lines as a person does them: splitting a hunk, talking about a line, undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from tests.gui.review_world import SKILL, ReviewWorld, make_world
from tests.gui.test_review_desk import applied, kinds, settled
from workbench.domain.comment import CommentRecord
from workbench.domain.proposal import Decision, Proposal, Split
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.review.comments import anchor_at, begun, file_sides, replied
from workbench.review.session import open_review
from workbench.store.line_comments import threads

Start = Callable[..., ReviewPanel]

BEN = "Ben Other <ben@example.invalid>"
ME = "Test Reviewer <reviewer@example.invalid>"
STEPS = SKILL.replace("1. One\n2. Two\n3. Three\n", "1. One\n2. Two, slowly\n2a. Wait\n3. Go\n")
FILES = {"demo/SKILL.md": STEPS.replace("The last line.", "The last line.\n\nMore.\n\nMost.")}


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


@pytest.fixture
def start(window: MainWindow, qtbot: QtBot) -> Start:
    def show(proposal: Proposal) -> ReviewPanel:
        window.show_activity("review")
        panel = window.centre.view("review")
        assert isinstance(panel, ReviewPanel)
        window.context.request_review(proposal.id)
        qtbot.waitUntil(lambda: panel.desk.proposal_id == proposal.id, timeout=10_000)
        settled(panel, qtbot)
        panel.desk.view.diff.setFocus()
        return panel

    return show


@pytest.fixture
def panel(world: ReviewWorld, start: Start) -> ReviewPanel:
    return start(world.propose("steps", FILES))


def press(panel: ReviewPanel, qtbot: QtBot, *keys: Qt.Key | str) -> None:
    for key in keys:
        qtbot.keyClick(panel.desk.view.diff, key)


def texts(panel: ReviewPanel, kind: str) -> list[str]:
    return [line.text for line in panel.desk.view.diff.lines if line.kind == kind]


def say(panel: ReviewPanel, qtbot: QtBot, words: str) -> None:
    bar = panel.desk.on_lines.commenting.bar
    assert bar.isVisible()
    qtbot.keyClicks(bar.text, words)
    qtbot.keyClick(bar.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settled(panel, qtbot)


# Splitting


def test_x_and_enter_part_a_hunk_at_its_paragraphs(panel: ReviewPanel, qtbot: QtBot) -> None:
    diff = panel.desk.view.diff
    diff.set_current(1)
    assert len(kinds(panel)) == 2
    press(panel, qtbot, "x")
    bar = panel.desk.on_lines.splitting.bar
    assert bar.title.text() == "Split this hunk into 2 parts"
    press(panel, qtbot, Qt.Key.Key_Return)
    assert not bar.isVisible()
    assert diff.hasFocus()
    assert len(kinds(panel)) == 3
    assert diff.current == 1
    assert "part 1 of 2" in diff.accessibleDescription()
    press(panel, qtbot, "a")
    settled(panel, qtbot)
    assert kinds(panel) == [None, "accept", None]
    kept = open_review(panel.desk.opened.review.store, "steps")
    assert [hunk.part_of is not None for hunk in kept.hunks] == [False, True, True]
    press(panel, qtbot, "u", "u")
    settled(panel, qtbot)
    assert len(kinds(panel)) == 2
    assert len(open_review(kept.store, "steps").hunks) == 2


def test_cuts_are_set_and_moved_by_keys_and_one_part_is_applied(
    panel: ReviewPanel, world: ReviewWorld, qtbot: QtBot
) -> None:
    splitting = panel.desk.on_lines.splitting
    press(panel, qtbot, "x", "n")
    assert splitting.cuts is not None
    assert splitting.cuts.at == ()
    assert not splitting.bar.confirm.isEnabled()
    # The lines: -2. Two, -3. Three, +2. Two slowly, +2a. Wait, +3. Go
    press(panel, qtbot, Qt.Key.Key_Home, Qt.Key.Key_Space)
    assert "first line" in splitting.bar.told.text()
    press(panel, qtbot, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space)
    (cut,) = splitting.cuts.at
    assert cut[1] == 1
    press(panel, qtbot, Qt.Key.Key_Right)
    (moved,) = splitting.cuts.at
    assert moved == (cut[0] + 1, 1)
    assert "Part 2 begins here" in panel.desk.view.diff.accessibleDescription()
    press(panel, qtbot, Qt.Key.Key_Left, Qt.Key.Key_Space)
    assert splitting.cuts.at == ()
    press(panel, qtbot, "l", Qt.Key.Key_Return)
    assert len(kinds(panel)) == 4
    press(panel, qtbot, "a")
    settled(panel, qtbot)
    applied(panel, qtbot)
    assert world.skill.read_text() == SKILL.replace("2. Two\n", "2. Two, slowly\n")


def test_parts_keep_the_verdict_and_are_joined_again(panel: ReviewPanel, qtbot: QtBot) -> None:
    press(panel, qtbot, "d")
    panel.desk.view.diff.set_current(0)
    press(panel, qtbot, "x", "l", Qt.Key.Key_Return)
    assert kinds(panel) == ["defer", "defer", "defer", None]
    panel.desk.run("join")
    assert kinds(panel) == ["defer", None]
    assert panel.desk.on_lines.splitting.why_not_join() == "this hunk is not split."
    panel.desk.run("undo")
    assert kinds(panel) == ["defer", "defer", "defer", None]


def test_escape_leaves_all_as_it_is_and_keys_mean_nothing_else_meanwhile(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    press(panel, qtbot, "x", "a", "r", "j")
    assert kinds(panel) == [None, None]
    assert panel.desk.on_lines.picker.active
    press(panel, qtbot, Qt.Key.Key_Escape)
    assert not panel.desk.on_lines.picker.active
    assert panel.desk.view.diff.hasFocus()
    press(panel, qtbot, "a")
    assert kinds(panel) == ["accept", None]


def test_what_cannot_be_split_says_why(
    world: ReviewWorld, start: Start, window: MainWindow, qtbot: QtBot
) -> None:
    panel = start(world.propose("one", {"demo/SKILL.md": SKILL.replace("# Demo\n", "# Demo\n!\n")}))
    assert not panel.desk.view.split.isEnabled()
    assert "one line" in panel.desk.view.split.toolTip()
    panel.desk.run("split")
    assert any("one line" in message.text for message in window.context.notify.messages)
    assert not panel.desk.on_lines.picker.active


def test_an_edited_hunk_is_not_split(panel: ReviewPanel) -> None:
    desk = panel.desk
    desk.take(desk.choices.edit(desk.choices.hunks[0].id, ("mine\n", "and mine\n")))
    assert "you edited" in (desk.on_lines.splitting.why_not() or "")


def test_a_split_of_what_the_proposal_says_no_more_is_told(
    world: ReviewWorld, start: Start
) -> None:
    proposal = world.propose("steps", FILES)
    split = Split("0" * 16, ((1, 1),))
    world.store.add_decision(Decision("steps", (), ME, "2026-03-01", "x", splits=(split,)))
    panel = start(proposal)
    assert "does not have any more" in panel.desk.view.notices()["splits"]
    assert kinds(panel) == [None, None]


def test_rendered_text_gives_way_to_the_lines_that_are_cut(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    view = panel.desk.view
    panel.desk.run("rendered")
    assert view.pages.currentWidget() is not view.diff
    panel.desk.run("split")
    assert view.pages.currentWidget() is view.diff
    assert panel.desk.on_lines.picker.active
    assert view.diff.hasFocus()
    settled(panel, qtbot)


# Talking


def test_c_says_something_of_a_line_and_u_takes_it_back(panel: ReviewPanel, qtbot: QtBot) -> None:
    store = panel.desk.opened.review.store
    press(panel, qtbot, "c")
    assert panel.desk.on_lines.commenting.choice.isVisible()
    press(panel, qtbot, Qt.Key.Key_Down, Qt.Key.Key_Down)
    assert "line 13" in panel.desk.on_lines.commenting.choice.title.text()
    press(panel, qtbot, Qt.Key.Key_Return)
    say(panel, qtbot, "Why slowly?")
    head, body = texts(panel, "comment")
    assert (head.split(" · ")[0], body) == ("Test Reviewer", "Why slowly?")
    lines = panel.desk.view.diff.lines
    at = next(at for at, line in enumerate(lines) if line.kind == "comment")
    assert lines[at - 1].text == "2. Two, slowly"
    assert "1 comment" in panel.desk.view.diff.accessibleDescription()
    assert kinds(panel) == [None, None]
    [thread] = threads(store.comments("steps"))
    assert (thread.anchor.text, thread.comments[0].author) == ("2. Two, slowly", ME)
    press(panel, qtbot, "u")
    settled(panel, qtbot)
    assert texts(panel, "comment") == []
    assert threads(store.comments("steps")) == ()


def test_undo_takes_back_what_was_done_last_be_it_a_verdict_or_words(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    press(panel, qtbot, "a", "c", Qt.Key.Key_Return)
    say(panel, qtbot, "Hm.")
    press(panel, qtbot, "r")
    bar = panel.desk.view.reason_bar
    qtbot.keyClick(bar.buttons["wrong"], Qt.Key.Key_Return)
    assert kinds(panel) == ["accept", "reject"]
    press(panel, qtbot, "u")
    assert kinds(panel) == ["accept", None]
    assert texts(panel, "comment")
    press(panel, qtbot, "u")
    settled(panel, qtbot)
    assert texts(panel, "comment") == []
    assert kinds(panel) == ["accept", None]
    press(panel, qtbot, "u")
    assert kinds(panel) == [None, None]


@pytest.fixture
def talk(world: ReviewWorld, start: Start) -> tuple[ReviewPanel, CommentRecord]:
    """Ben said something of a line of the base, and of one that nothing shows."""
    proposal = world.propose("steps", FILES)
    review = open_review(world.store, proposal.id)
    sides = file_sides(review)
    words = "This was right before.\nWhy change it?"
    first = begun(
        anchor_at(sides, "demo/SKILL.md", "old", 14), words, author=BEN, now="2026-03-01T11:00:00"
    )
    far = begun(
        anchor_at(sides, "demo/SKILL.md", "new", 2),
        "A name.",
        author=BEN,
        now="2026-03-01T11:01:00",
    )
    for record in (first, far):
        world.store.add_comment(proposal.id, record)
    return start(proposal), first


def test_words_of_others_stand_below_their_line_and_are_answered_and_settled(
    talk: tuple[ReviewPanel, CommentRecord], qtbot: QtBot
) -> None:
    panel, _ = talk
    assert any("2 comments" in row.facts for row in panel.queue.queue.rows)
    lines = panel.desk.view.diff.lines
    at = next(at for at, line in enumerate(lines) if line.kind == "comment")
    assert lines[at - 1].text == "3. Three"
    assert [line.text for line in lines[at + 1 : at + 3]] == [
        "This was right before.",
        "Why change it?",
    ]
    assert any("on line 2: “name: demo”" in text for text in texts(panel, "comment"))
    press(panel, qtbot, "c", "n", Qt.Key.Key_Return)
    bar = panel.desk.on_lines.commenting.bar
    assert not bar.change.isVisible()
    say(panel, qtbot, "The run failed there.")
    assert "The run failed there." in texts(panel, "comment")
    press(panel, qtbot, "c", "n", Qt.Key.Key_Return)
    assert bar.change.isVisible()
    qtbot.mouseClick(bar.change, Qt.MouseButton.LeftButton)
    assert bar.text.toPlainText() == "The run failed there."
    say(panel, qtbot, "Step 3 failed.")
    assert "Step 3 failed." in texts(panel, "comment")
    press(panel, qtbot, "c", "n", Qt.Key.Key_Return)
    qtbot.mouseClick(bar.resolve, Qt.MouseButton.LeftButton)
    settled(panel, qtbot)
    assert "Resolved by Test Reviewer · 2 comments" in texts(panel, "comment")
    press(panel, qtbot, "u")
    settled(panel, qtbot)
    assert "Step 3 failed." in texts(panel, "comment")
    press(panel, qtbot, "c", "n", Qt.Key.Key_Return)
    qtbot.mouseClick(bar.delete, Qt.MouseButton.LeftButton)
    settled(panel, qtbot)
    assert "Step 3 failed." not in texts(panel, "comment")


def test_words_that_were_left_are_a_draft_of_their_line_until_they_are_said(
    talk: tuple[ReviewPanel, CommentRecord], qtbot: QtBot
) -> None:
    panel, _ = talk
    bar = panel.desk.on_lines.commenting.bar
    press(panel, qtbot, "c", Qt.Key.Key_Return)
    assert "Esc keeps" in bar.told.text()
    qtbot.keyClicks(bar.text, "Half a th")
    qtbot.keyClick(bar.text, Qt.Key.Key_Escape)
    press(panel, qtbot, "c", "n", Qt.Key.Key_Return)
    assert bar.text.toPlainText() == ""  # another place has a draft of its own
    qtbot.keyClicks(bar.text, "An answer")
    qtbot.keyClick(bar.text, Qt.Key.Key_Escape)
    press(panel, qtbot, "c", Qt.Key.Key_Return)
    assert bar.text.toPlainText() == "Half a th"
    assert bar.told.text() == "The draft you left"
    say(panel, qtbot, "ought.")
    assert "Half a thought." in texts(panel, "comment")
    press(panel, qtbot, "c", Qt.Key.Key_Return)
    assert bar.text.toPlainText() == ""
    qtbot.keyClick(bar.text, Qt.Key.Key_Escape)
    said = panel.desk.on_lines.commenting
    (place,) = (name for name in bar._drafts if name.startswith("thread "))
    assert bar._drafts[place] == "An answer"
    said.opened(())
    assert place in bar._drafts  # the same proposal read again
    panel.desk.opened = None
    said.opened(())
    assert bar._drafts == {}


def test_comments_take_the_whole_width_when_both_sides_are_shown(
    talk: tuple[ReviewPanel, CommentRecord],
) -> None:
    panel, _ = talk
    diff = panel.desk.view.diff
    panel.desk.run("sides")
    shown = {
        row.left.line
        for row in diff._layout.finish().rows
        if row.left is not None and row.left.line >= 0 and row.right is None
    }
    said = {at for at, line in enumerate(diff.lines) if line.kind == "comment"}
    assert said <= shown
    rows = [row for row in diff._layout.rows if row.left is not None and row.left.line in said]
    assert len(rows) == len(said)


def test_the_menu_of_a_line_leads_to_its_acts(panel: ReviewPanel, qtbot: QtBot) -> None:
    diff = panel.desk.view.diff
    at = next(at for at, line in enumerate(diff.lines) if line.text == "2a. Wait")
    menu = panel.desk.on_lines.menu_at(at)
    words = {action.text(): action for action in menu.actions()}
    assert [action.isEnabled() for action in words.values()] == [True, True, False]
    words["Split the hunk before this line…"].trigger()
    cuts = panel.desk.on_lines.splitting.cuts
    assert cuts is not None
    assert [cut[1] for cut in cuts.at] == [1]
    press(panel, qtbot, Qt.Key.Key_Escape)
    place = diff.line_rect(at).center()
    assert diff.line_at(QPoint(place.x(), place.y())) == at
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
    QApplication.sendEvent(diff.viewport(), event)
    shown = [one for one in diff.findChildren(QMenu) if one.isVisible()]
    assert [action.text() for action in shown[0].actions()] == list(words)
    shown[0].close()
    words["Comment on this line…"].trigger()
    assert panel.desk.on_lines.commenting.bar.title.text() == "Comment on line 14"


def test_a_comment_whose_line_a_person_rewrote_is_kept_as_outdated(
    panel: ReviewPanel, qtbot: QtBot
) -> None:
    press(panel, qtbot, "c", Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return)
    say(panel, qtbot, "Why slowly?")
    desk = panel.desk
    desk.take(desk.choices.edit(desk.choices.hunks[0].id, ("2. Two, quickly\n",)))
    assert any(
        "said of a line that is gone: “2. Two, slowly”" in one for one in texts(panel, "comment")
    )
    desk.run("undo")
    assert not any("gone" in one for one in texts(panel, "comment"))
    # Undo of the edit brought the text back; the words are still to be undone.
    settled(panel, qtbot)


def test_an_answer_that_came_from_elsewhere_is_there_when_read_again(
    talk: tuple[ReviewPanel, CommentRecord], world: ReviewWorld, qtbot: QtBot
) -> None:
    panel, first = talk
    [thread, _] = threads(world.store.comments("steps"))
    world.store.add_comment("steps", replied(thread, "And?", author=BEN, now="2026-03-02T10:00:00"))
    panel.desk.open("steps")
    settled(panel, qtbot)
    assert "And?" in texts(panel, "comment")
    assert first.thread == thread.id
