"""The queue: filters, several at once, and lines that proposals contest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from tests.gui.review_world import SKILL, ReviewWorld, make_world
from tests.gui.test_accessibility import nameless
from workbench.domain.proposal import Engine, Gate
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow

PATH = "demo/SKILL.md"


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


@pytest.fixture
def propose(world: ReviewWorld) -> Callable[..., None]:
    def add(name: str, old: str, new: str, engine: str = "miner", gate: Gate = Gate()) -> None:  # noqa: B008
        made = world.propose(name, {PATH: SKILL.replace(old, new)})
        changed = msgspec.structs.replace(made, engine=Engine(engine, "1.0"), gate=gate)
        world.store.update(changed)

    return add


@pytest.fixture
def start(window: MainWindow, qtbot: QtBot) -> Callable[[], ReviewPanel]:
    def show() -> ReviewPanel:
        window.show_activity("review")
        panel = window.centre.view("review")
        assert isinstance(panel, ReviewPanel)
        settle(panel, qtbot)
        return panel

    return show


def settle(panel: ReviewPanel, qtbot: QtBot) -> None:
    desk = panel.desk
    qtbot.waitUntil(lambda: desk.opened is not None and not desk.busy, timeout=20_000)
    qtbot.waitUntil(lambda: not panel.triage.work.busy, timeout=20_000)


def listed(panel: ReviewPanel) -> list[str]:
    return [row.id for row in panel.queue.queue.rows if row.id]


def statuses(world: ReviewWorld) -> dict[str, str]:
    return {one.id: one.status for one in world.store.list()}


def choose(panel: ReviewPanel, *words: str) -> None:
    """Press an entry of the menu, as a person who opens it does."""
    menu: QMenu = panel.pane.menu.menu
    menu.aboutToShow.emit()
    for word in words[:-1]:
        menu = next(
            one.menu() for one in menu.actions() if one.text() == word and one.menu() is not None
        )
    next(one for one in menu.actions() if one.text().startswith(words[-1])).trigger()


def three(propose: Callable[..., None]) -> None:
    supported = Gate("supported", "weighted", (), repairs=4, regressions=1)
    propose("one", "1. One", "1. Uno")
    propose("two", "1. One", "1. Eins", "gepa", supported)
    propose("three", "The last line.", "The end.\n\nReally.")


def test_the_menu_filters_groups_and_sorts(
    start: Callable[[], ReviewPanel], propose: Callable[..., None], qtbot: QtBot
) -> None:
    three(propose)
    panel = start()
    assert set(listed(panel)) == {"one", "two", "three"}
    choose(panel, "Engine", "gepa")
    assert listed(panel) == ["two"]
    assert panel.pane.active.isVisible()
    choose(panel, "Clear filters")
    assert len(listed(panel)) == 3
    assert not panel.pane.active.isVisible()
    choose(panel, "Sort by", "Best level first")
    assert listed(panel)[0] == "two"
    choose(panel, "Group by", "Engine")
    heads = [row.group for row in panel.queue.queue.rows if not row.id]
    assert heads == ["gepa", "miner"]
    choose(panel, "Level", "supported")
    choose(panel, "Contested")
    assert listed(panel) == ["two"]
    assert nameless(panel.pane) == []
    panel.show_proposal("three")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "three", timeout=10_000)
    assert "three" in listed(panel)
    settle(panel, qtbot)


def test_a_row_tells_level_flips_size_and_what_is_contested(
    start: Callable[[], ReviewPanel], propose: Callable[..., None]
) -> None:
    three(propose)
    panel = start()
    row = next(row for row in panel.queue.queue.rows if row.id == "two")
    assert (row.flips, row.size, row.contested) == ("+4 −1", "+1 −1 lines", 1)
    index = panel.queue.queue.index(panel.queue.queue.row_of("two"))
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    for part in ("supported", "+4 −1", "1 place contested", "gepa"):
        assert part in spoken


def test_several_are_rejected_by_keys_with_one_reason_and_taken_back(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    three(propose)
    panel = start()
    panel.queue.setFocus()
    assert not panel.pane.several.isVisible()
    qtbot.keyClick(panel.queue, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert panel.queue.selected_ids() == tuple(listed(panel))
    assert panel.pane.several.isVisible()
    settle(panel, qtbot)
    qtbot.keyClick(panel.queue, "r")
    assert panel.reason_bar.isVisible()
    qtbot.keyClick(panel.reason_bar, "5")
    qtbot.keyClick(panel.reason_bar, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: set(statuses(world).values()) == {"rejected"}, timeout=10_000)
    settle(panel, qtbot)
    decision = world.store.decisions("two")[-1]
    assert {one.reason for one in decision.verdicts} == {"style"}
    assert panel.desk.view.diff.hasFocus()
    qtbot.keyClick(panel.desk.view.diff, "u")
    qtbot.waitUntil(lambda: set(statuses(world).values()) == {"pending"}, timeout=10_000)
    settle(panel, qtbot)


def test_leaving_the_reason_rejects_nothing(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    three(propose)
    panel = start()
    panel.queue.selectAll()
    panel.desk.run("reject_several")
    qtbot.keyClick(panel.reason_bar, Qt.Key.Key_Escape)
    assert not panel.reason_bar.isVisible()
    assert set(statuses(world).values()) == {"pending"}


def test_escape_and_a_plain_arrow_select_one_again(
    start: Callable[[], ReviewPanel], propose: Callable[..., None], qtbot: QtBot
) -> None:
    three(propose)
    panel = start()
    panel.queue.setFocus()
    panel.queue.selectAll()
    qtbot.keyClick(panel.queue, Qt.Key.Key_Escape)
    assert len(panel.queue.selected_ids()) == 1
    panel.queue.selectAll()
    qtbot.keyClick(panel.queue, Qt.Key.Key_Up)
    qtbot.keyClick(panel.queue, Qt.Key.Key_Down)
    assert len(panel.queue.selected_ids()) == 1
    settle(panel, qtbot)


def test_contested_lines_are_shown_together_and_one_version_is_taken_by_key(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    three(propose)
    panel = start()
    panel.show_proposal("one")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "one", timeout=10_000)
    settle(panel, qtbot)
    notice = panel.desk.view.notices()["contest"]
    assert notice == "Contested: 1 other proposal (gepa) changes 1 place of this one too."
    panel.desk.view.notice_buttons("contest")["Show together"]()
    page = panel.contests.page
    assert page.isVisible()
    assert nameless(page) == []
    shown = [version.text.text() for version in page.versions]
    assert shown[0] == "1. One"
    assert shown[1:] == ["1. Uno", "1. Eins"]  # that of the proposal on the desk first
    contest = page.contest
    assert contest is not None
    number = next(n for n, side in enumerate(contest.sides, 1) if side.proposal == "two")
    qtbot.keyClick(page, str(number))
    expected = {"one": "rejected", "two": "accepted", "three": "pending"}
    qtbot.waitUntil(lambda: statuses(world) == expected, timeout=10_000)
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: "settled" in page.place.text(), timeout=10_000)
    assert not page.refuse.isEnabled()
    qtbot.keyClick(page, "u")
    qtbot.waitUntil(lambda: set(statuses(world).values()) == {"pending"}, timeout=10_000)
    settle(panel, qtbot)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert panel.desk.view.at_work


def test_contested_line_ends_are_named_on_every_version(
    start: Callable[[], ReviewPanel], propose: Callable[..., None], qtbot: QtBot
) -> None:
    propose("one", "2. Two\n", "2. Two\r\n")
    propose("two", "2. Two\n", "2. Two\r", engine="gepa")
    panel = start()
    panel.show_proposal("one")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "one", timeout=10_000)
    settle(panel, qtbot)
    panel.desk.view.notice_buttons("contest")["Show together"]()
    page = panel.contests.page
    assert {version.text.text() for version in page.versions} == {"2. Two"}
    ends = [version.facts.text().rpartition("line ends: ")[2] for version in page.versions]
    assert ends == ["LF", "CRLF", "CR"]
    assert "only line ends" in page.place.text()


def test_a_proposal_that_a_verdict_takes_out_of_a_search_stays_on_the_desk(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    three(propose)
    panel = start()
    panel.pane.filter.setText("two")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "two", timeout=10_000)
    settle(panel, qtbot)
    panel.desk.view.diff.setFocus()
    qtbot.keyClick(panel.desk.view.diff, "r")
    qtbot.keyClick(panel.desk.view.reason_bar, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: listed(panel) == [], timeout=10_000)
    settle(panel, qtbot)
    assert panel.desk.proposal_id == "two"
    qtbot.keyClick(panel.desk.view.diff, "u")
    qtbot.waitUntil(lambda: listed(panel) == ["two"], timeout=10_000)
    panel.pane.filter.setText("nothing like it")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "", timeout=10_000)


def test_all_versions_are_rejected_with_a_reason(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    three(propose)
    panel = start()
    panel.show_proposal("two")
    qtbot.waitUntil(lambda: panel.desk.proposal_id == "two", timeout=10_000)
    settle(panel, qtbot)
    panel.desk.run("contests")
    page = panel.contests.page
    page.refuse.click()
    qtbot.keyClick(panel.reason_bar, "1")
    qtbot.keyClick(panel.reason_bar, Qt.Key.Key_Return)
    expected = {"one": "rejected", "two": "rejected", "three": "pending"}
    qtbot.waitUntil(lambda: statuses(world) == expected, timeout=10_000)
    settle(panel, qtbot)


def test_j_goes_on_from_a_proposal_that_has_left_the_list(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    for name in "abcd":
        propose(name, "1. One", f"1. Number {name}")
    panel = start()
    names = listed(panel)
    for key, wanted in (("j", names[2]), ("k", names[0])):
        panel.queue.select(names[1])
        qtbot.waitUntil(lambda: panel.desk.proposal_id == names[1], timeout=10_000)
        settle(panel, qtbot)
        panel.desk.run("reject")
        qtbot.keyClick(panel.desk.view.reason_bar, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: names[1] not in listed(panel), timeout=10_000)
        settle(panel, qtbot)
        panel.queue.setFocus()
        qtbot.keyClick(panel.queue, key)
        assert panel.queue.current_id() == wanted
        qtbot.waitUntil(lambda: panel.desk.proposal_id == wanted, timeout=10_000)  # noqa: B023
        settle(panel, qtbot)
        panel.show_proposal(names[1])
        qtbot.waitUntil(lambda: panel.desk.proposal_id == names[1], timeout=10_000)
        settle(panel, qtbot)
        panel.desk.run("undo")
        panel.desk.run("accept")
        panel.desk.run("undo")
        panel.desk.run("defer")
        qtbot.waitUntil(lambda: statuses(world)[names[1]] == "deferred", timeout=10_000)
        panel.pane.shown.setCurrentText("To review")
        settle(panel, qtbot)


def test_what_nobody_contests_says_so(
    start: Callable[[], ReviewPanel], propose: Callable[..., None]
) -> None:
    propose("one", "1. One", "1. Uno")
    panel = start()
    assert "contest" not in panel.desk.view.notices()
    assert panel.contests.why_not() == "no other proposal changes the lines of this one."
    panel.desk.run("contests")
    assert panel.desk.view.at_work


def test_two_hundred_proposals_are_listed_and_decided_on_together(
    start: Callable[[], ReviewPanel],
    propose: Callable[..., None],
    world: ReviewWorld,
    qtbot: QtBot,
) -> None:
    for number in range(200):
        propose(f"p{number:03}", "1. One", f"1. Number {number}")
    panel = start()
    assert len(listed(panel)) == 200
    panel.queue.selectAll()
    settle(panel, qtbot)
    panel.desk.run("defer_several")
    qtbot.waitUntil(lambda: set(statuses(world).values()) == {"deferred"}, timeout=60_000)
    settle(panel, qtbot)
