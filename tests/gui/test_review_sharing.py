"""Reviewing with others in the window, against a real remote and a second clone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.test_accessibility import nameless
from tests.unit.review.build import SKILL, git
from tests.unit.review.two_people import ANN, BEN, Person, commit, two_people
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.review.sharing.page import SharingPage
from workbench.gui.shell.window import MainWindow

Start = Callable[[], ReviewPanel]


@pytest.fixture
def people(tmp_path: Path, window: MainWindow) -> tuple[Person, Person]:
    """Ann is at the window, Ben elsewhere."""
    ann, ben = two_people(tmp_path)
    ann.store = window.context.proposal_store
    return ann, ben


@pytest.fixture
def start(window: MainWindow, people: tuple[Person, Person], qtbot: QtBot) -> Start:
    def show() -> ReviewPanel:
        window.context.workspace.open_library(people[0].library)
        qtbot.waitUntil(lambda: window.context.library is not None, timeout=20_000)
        window.show_activity("review")
        panel = window.centre.view("review")
        assert isinstance(panel, ReviewPanel)
        return panel

    return show


def page_of(panel: ReviewPanel, qtbot: QtBot) -> SharingPage:
    """Show the page and wait until it has read how the library stands."""
    panel.desk.run("sharing")
    page = panel.sharing.page
    at_rest(page, qtbot)
    return page


def at_rest(page: SharingPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.found is not None and not page.busy, timeout=30_000)


def done(page: SharingPage, words: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: words in page.said, timeout=30_000)
    at_rest(page, qtbot)


def on_desk(panel: ReviewPanel, name: str, qtbot: QtBot) -> None:
    desk = panel.desk
    qtbot.waitUntil(
        lambda: desk.proposal_id == name and desk.opened is not None and not desk.busy,
        timeout=30_000,
    )


def test_a_proposal_is_shared_seen_decided_on_and_the_difference_settled(
    start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    ann, ben = people
    ann.propose()
    panel = start()
    page = page_of(panel, qtbot)
    assert panel.sharing.shown
    assert "main follows origin/main" in page.facts.text()
    page.turn_on()
    qtbot.waitUntil(lambda: page.tabs.tabText(1) == "Team queue (0)", timeout=20_000)
    at_rest(page, qtbot)
    assert "If it is shared, this is sent, and nothing else:" in page.queue.text.toPlainText()
    assert "A better line." in page.queue.text.toPlainText()
    assert str(ann.folder) not in page.queue.text.toPlainText()
    assert "sends nothing new" in page.queue.words.text()

    page.queue.list.setFocus()
    qtbot.keyClick(page.queue.list, Qt.Key.Key_Space)
    assert page.marked == {"p1"}
    assert "1 proposal" in page.queue.words.text()
    panel.desk.run("sharing_sync")
    done(page, "Synced", qtbot)
    assert page.tabs.tabText(1) == "Team queue (1)"

    ben.share()
    ben.sync()
    ben.decide("reject", "accept", minute=1)
    ben.sync()
    ann.decide("accept", "accept", minute=2)
    panel.desk.run("sharing_sync")
    done(page, "Reviewers differ on 1 proposal", qtbot)

    page.proposal_wanted.emit("p1")
    on_desk(panel, "p1", qtbot)
    assert not panel.sharing.shown
    view = panel.desk.view
    qtbot.waitUntil(lambda: "differ" in view.notices(), timeout=20_000)
    said = view.notices()["differ"]
    assert "Hunk 1: Ben Brown rejects it" in said
    assert "Ann Author accepts it" in said
    assert [mark.said for mark in panel.desk.marks()] == ["reviewers differ", ""]
    panel.desk.run("apply")
    qtbot.waitUntil(lambda: panel.desk.carry_out.applying.plan is not None, timeout=20_000)
    assert "Reviewers of proposal p1 differ" in panel.desk.carry_out.applying.plan.problem
    panel.desk.back()

    view.notice_buttons("differ")["Accept it"]()
    qtbot.waitUntil(lambda: "differ" not in view.notices(), timeout=20_000)
    on_desk(panel, "p1", qtbot)
    assert panel.desk.marks()[0].said == ""
    assert "Ben Brown" in view.notices()["reviewers"]
    # Undone, they differ again: settling is an act like any other.
    panel.desk.run("undo")
    qtbot.waitUntil(lambda: "differ" in view.notices(), timeout=20_000)
    panel.desk.run("settle_accept")
    qtbot.waitUntil(lambda: "differ" not in view.notices(), timeout=20_000)
    on_desk(panel, "p1", qtbot)
    panel.desk.flush()
    assert {one.reviewer for one in ann.store.decisions("p1")} == {ANN, BEN}


def test_what_came_in_is_reviewed_and_taken_over_whole(
    start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    ann, ben = people
    (ben.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"1st"))
    (ben.root / "README.md").write_bytes(b"Other.\n")
    git(ben.root, "add", "README.md")
    commit(ben, "Say 1st")
    git(ben.root, "push", "--quiet")
    panel = start()
    page = page_of(panel, qtbot)
    assert page.tabs.tabText(0) == "Incoming"
    panel.desk.run("sharing_fetch")
    done(page, "Fetched", qtbot)
    assert page.tabs.tabText(0) == "Incoming (1)"
    assert "demo/SKILL.md" in page.incoming.text.toPlainText()
    assert not page.forward_button.isEnabled()

    qtbot.mouseClick(page.review_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.desk.proposal_id.startswith("remote-"), timeout=30_000)
    name = panel.desk.proposal_id
    on_desk(panel, name, qtbot)
    panel.desk.run("accept_all")
    on_desk(panel, name, qtbot)
    page = page_of(panel, qtbot)
    qtbot.waitUntil(page.forward_button.isEnabled, timeout=20_000)
    page.forward()
    assert "1 file that nobody reviewed would come along: README.md" in page.said
    assert git(ann.root, "rev-parse", "HEAD") != git(ben.root, "rev-parse", "HEAD")
    page.forward(with_unreviewed=True)
    done(page, "remote's own commits now", qtbot)
    assert git(ann.root, "rev-parse", "HEAD") == git(ben.root, "rev-parse", "HEAD")
    assert ann.store.get(name).status == "applied"
    qtbot.keyClick(page.tabs, Qt.Key.Key_Escape)
    assert not panel.sharing.shown


def test_what_was_applied_is_pushed_after_both_sides_are_joined(
    start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    ann, ben = people
    (ben.root / "README.md").write_bytes(b"Other.\n")
    git(ben.root, "commit", "--quiet", "--all", "--message=Readme")
    git(ben.root, "push", "--quiet")
    (ann.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"1st"))
    commit(ann, "Mine")
    page = page_of(start(), qtbot)
    assert page.push_button.isEnabled()
    page.push()
    done(page, "Fetch, review them, then push again", qtbot)
    assert page.tabs.tabText(2) == "To push (1)"
    assert not page.push_button.isEnabled()
    assert page.join_button.isVisibleTo(page)
    page.join()
    done(page, "README.md would come along", qtbot)
    page.join(with_unreviewed=True)
    done(page, "Joined in commit", qtbot)
    qtbot.waitUntil(page.push_button.isEnabled, timeout=20_000)
    page.push()
    done(page, "Pushed", qtbot)
    remote = ann.folder.parent / "remote.git"
    assert git(remote, "rev-parse", "main") == git(ann.root, "rev-parse", "HEAD")


def test_what_is_in_the_way_is_said_and_programs_need_a_yes(
    start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    ann, _ = people
    git(ann.root, "config", "core.sshCommand", "/bin/false")
    panel = start()
    page = page_of(panel, qtbot)
    page.fetch()
    done(page, "core.sshcommand=/bin/false", qtbot)
    assert page.note_line.banner is not None
    (allow,) = page.note_line.banner.buttons
    allow.click()
    done(page, "Fetched", qtbot)
    git(ann.root, "config", "--unset", "core.sshCommand")
    git(ann.root, "remote", "set-url", "origin", str(ann.folder / "gone"))
    page.fetch()
    done(page, "git remote -v", qtbot)
    git(ann.root, "remote", "remove", "origin")
    page.refresh()
    at_rest(page, qtbot)
    assert "git remote add" in page.facts.text()
    assert not page.fetch_button.isEnabled()
    page.turn_on()
    qtbot.waitUntil(lambda: page.tabs.tabText(1) == "Team queue (0)", timeout=20_000)
    at_rest(page, qtbot)
    assert "here alone" in page.facts.text()
    page.stop()
    qtbot.waitUntil(lambda: page.tabs.tabText(1) == "Team queue", timeout=20_000)


def test_a_talk_that_does_not_answer_can_be_cancelled(
    window: MainWindow, start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    ann, _ = people
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        address = f"git://127.0.0.1:{mute.getsockname()[1]}/x.git"
        git(ann.root, "remote", "set-url", "origin", address)
        page = page_of(start(), qtbot)
        page.fetch()
        assert "Cancel it under Jobs" in page.said
        assert page.why_not() == "Fetch is under way."
        assert not page.fetch_button.isEnabled()
        qtbot.waitUntil(lambda: bool(window.context.jobs.active), timeout=10_000)
        window.context.jobs.cancel_all()
        done(page, "Fetch was stopped", qtbot)
        assert page.fetch_button.isEnabled()


def test_commands_say_why_they_cannot_and_everything_has_a_name(
    window: MainWindow, start: Start, people: tuple[Person, Person], qtbot: QtBot
) -> None:
    window.show_activity("review")
    commands = {command.id: command for command in window.context.commands.all()}
    assert commands["review.sharing"].when() == "open a folder of skills first (Ctrl+O)."
    assert "differ on nothing" in str(commands["review.settle_accept"].when())
    page = page_of(start(), qtbot)
    assert nameless(page) == []
