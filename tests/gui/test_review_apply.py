"""The page of the apply: rules and where they lead, second persons, permissions, branches."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, SKILL, ReviewWorld, make_world
from tests.gui.test_accessibility import nameless
from workbench.domain.proposal import Change, HunkVerdict, Proposal
from workbench.gui.review.applying.page import ApplyPage
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.review.decide import decide, record
from workbench.review.rules.policy import POLICY_FILE, read_policy
from workbench.review.session import open_review

BOB = "Bob <bob@x.invalid>"
WAIT = 20_000


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


class Desk:
    """What a person does, in short."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        window.show_activity("review")
        panel = window.centre.view("review")
        assert isinstance(panel, ReviewPanel)
        self.window, self.panel, self.qtbot = window, panel, qtbot

    @property
    def page(self) -> ApplyPage:
        return self.panel.desk.view.apply_page

    def open(self, proposal: Proposal) -> Desk:
        self.window.context.request_review(proposal.id)
        desk = self.panel.desk
        self.qtbot.waitUntil(lambda: desk.proposal_id == proposal.id, timeout=WAIT)
        self.settle()
        return self

    def settle(self) -> None:
        desk = self.panel.desk
        self.qtbot.waitUntil(lambda: desk.opened is not None and not desk.busy, timeout=WAIT)

    def to_apply(self, act: str = "accept_all") -> ApplyPage:
        self.panel.desk.run(act)
        self.settle()
        self.panel.desk.run("apply")
        self.qtbot.waitUntil(self.page.isVisible, timeout=WAIT)
        self.settle()
        return self.page

    def applied(self) -> None:
        self.qtbot.mouseClick(self.page.apply, Qt.MouseButton.LeftButton)
        self.qtbot.waitUntil(lambda: self.panel.desk.applied, timeout=WAIT)
        self.settle()


@pytest.fixture
def desk(window: MainWindow, qtbot: QtBot) -> Desk:
    return Desk(window, qtbot)


def rule(world: ReviewWorld, text: str) -> None:
    path = world.library / POLICY_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message=rules")


def bob_approves(world: ReviewWorld, proposal: Proposal) -> None:
    review = open_review(world.store, proposal.id)
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    policy = read_policy(world.library).policy.hash
    now = "2026-03-01T11:00:00+00:00"
    record(review, decide(review, verdicts, reviewer=BOB, now=now, policy=policy))


def rows(page: ApplyPage) -> list[tuple[str, str]]:
    tree = page.rules.list
    items = [tree.topLevelItem(at) for at in range(tree.topLevelItemCount())]
    role = Qt.ItemDataRole.AccessibleTextRole
    return [(item.data(0, role), item.text(1)) for item in items if item is not None]


def test_rules_are_shown_kept_or_broken_and_the_broken_one_forbids(
    world: ReviewWorld, desk: Desk
) -> None:
    rule(world, "[gate]\nlevel = 'supported'\n[size]\ntokens = 500\n")
    page = desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED})).to_apply()
    assert page.rules.title.text() == "Rules: 1 of 2 kept"
    assert [name for name, _ in rows(page)] == ["broken: gate.level", "kept: size.tokens"]
    assert "promising" in rows(page)[0][1]
    assert "(.workbench/review.toml line 2)" in page.rules.detail.text()
    assert not page.apply.isEnabled()
    assert page._why.text() == "A rule is not kept, see above."
    assert QApplication.focusWidget() is page.rules.list
    assert nameless(page) == []
    assert world.skill.read_text() == SKILL


def test_one_press_leads_from_a_rule_to_what_shows_it(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    rule(world, "[evidence]\nquotes = 'found'\n")
    proposal = world.propose("three", {"demo/SKILL.md": PROPOSED}, ("nobody said this",))
    page = desk.open(proposal).to_apply()
    desk.panel.desk.view.diff.set_current(2)
    assert page.rules.link.text() == "Go to the hunk"
    qtbot.keyClick(page.rules.list, Qt.Key.Key_Return)
    assert desk.panel.desk.view.at_work
    assert desk.panel.desk.view.diff.current == 0


def test_the_policy_opens_at_the_line_of_the_rule(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    rule(world, "\n\n[gate]\nlevel = 'supported'\n")
    page = desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED})).to_apply()
    with qtbot.waitSignal(desk.window.context.file_requested) as asked:
        qtbot.mouseClick(page.rules.open_policy, Qt.MouseButton.LeftButton)
    assert asked.args == [str(world.library / POLICY_FILE), 4]


def test_a_broken_policy_is_told_above_the_files(world: ReviewWorld, desk: Desk) -> None:
    rule(world, "[gates]\n")
    page = desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED})).to_apply()
    item = page._banner.itemAt(0)
    assert item is not None
    assert "gates (line 1) is no rule" in item.widget().accessibleName()
    assert not page.apply.isEnabled()
    assert not page.approvals.approve.isEnabled()


def test_a_second_person_is_waited_for_and_one_key_approves(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    rule(world, "[approvals]\npeople = 2\n")
    proposal = world.propose("three", {"demo/SKILL.md": PROPOSED})
    page = desk.open(proposal).to_apply()
    assert page.approvals.title.text() == "Approvals: 2 different people"
    assert not page.apply.isEnabled()
    qtbot.keyClick(page, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: page.approvals.approve.text() == "Withdraw approval", timeout=WAIT)
    desk.settle()
    assert world.store.decisions("three")[-1].policy == read_policy(world.library).policy.hash
    qtbot.keyClick(page, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: page.approvals.approve.text() == "Approve", timeout=WAIT)
    desk.settle()
    assert world.store.decisions("three")[-1].policy == ""
    bob_approves(world, proposal)
    desk.panel.desk.run("apply")
    qtbot.waitUntil(page.apply.isEnabled, timeout=WAIT)
    items = [page.approvals.list.topLevelItem(at) for at in range(2)]
    assert {one.text(0) for one in items} == {"Bob", "Test Reviewer (you)"}
    assert {one.text(1).rpartition(" ")[2] for one in items} == {
        "bob@x.invalid",
        "reviewer@example.invalid",
    }
    assert any(BOB in one.toolTip(0) for one in items)
    desk.applied()
    assert world.git("log", "-1", "--format=%B").count("Reviewed-by") == 2


def test_approve_is_a_command_of_the_desk_too(world: ReviewWorld, desk: Desk, qtbot: QtBot) -> None:
    desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED}))
    commands = desk.window.context.commands
    assert commands.get("review.approve").when() == "accept a hunk first."
    desk.panel.desk.run("accept_all")
    desk.settle()
    commands.run("review.approve")
    qtbot.waitUntil(lambda: desk.page.isVisible() and not desk.panel.desk.busy, timeout=WAIT)
    assert desk.page.approvals.approve.text() == "Withdraw approval"
    assert world.store.decisions("three")[-1].policy
    assert world.skill.read_text() == SKILL


def test_tab_into_the_files_shows_a_current_row_that_space_ticks(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    changes = (
        Change("c1", "demo/SKILL.md", "write", PROPOSED),
        Change("c2", "demo/scripts/run.py", "write", "print(1)\n"),
    )
    page = desk.open(world.add("program", changes)).to_apply()
    page.back.setFocus()
    page.files.clearSelection()
    page.files.setCurrentItem(None)
    assert page.files.selectedItems() == []
    page.files.setFocus(Qt.FocusReason.TabFocusReason)
    (item,) = page.files.selectedItems()
    assert item is page.files.currentItem()
    assert item.text(0) == "demo/scripts/run.py"
    left = page.unticked()
    qtbot.keyClick(page.files, Qt.Key.Key_Space)
    assert page.unticked() == left - 1
    assert page._plan is not None
    page.show_plan(page._plan)  # the same again, as after an approval
    assert [one.text(0) for one in page.files.selectedItems()] == ["demo/scripts/run.py"]
    assert page.unticked() == left - 1


def test_a_permission_has_its_own_tick_over_the_whole_width(world: ReviewWorld, desk: Desk) -> None:
    text = PROPOSED.replace("\n---\n\n#", "\nallowed-tools: Bash(git:*)\n---\n\n#")
    page = desk.open(world.propose("tools", {"demo/SKILL.md": text})).to_apply()
    item = page.files.topLevelItem(1)
    assert item is not None
    assert item.text(0) == "demo/SKILL.md: allowed-tools is set to Bash(git:*)."
    left = page.unticked()
    assert left >= 1
    assert not page.apply.isEnabled()
    for at in range(1, page.files.topLevelItemCount()):
        page.files.topLevelItem(at).setCheckState(0, Qt.CheckState.Checked)
    desk.applied()
    assert "Skill-Workbench-Confirmed: demo/SKILL.md#allowed-tools" in world.git(
        "log", "-1", "--format=%B"
    )


def test_the_keyboard_alone_ticks_and_applies(world: ReviewWorld, desk: Desk, qtbot: QtBot) -> None:
    changes = (Change("c1", "demo/tool.sh", "write", "#!/bin/sh\n"),)
    page = desk.open(world.add("tool", changes)).to_apply()
    while not page.apply.isEnabled():
        page.files.setFocus()
        at = next(
            at
            for at in range(page.files.topLevelItemCount())
            if page.files.topLevelItem(at).checkState(0) != Qt.CheckState.Checked
            and page.files.topLevelItem(at).flags() & Qt.ItemFlag.ItemIsUserCheckable
        )
        page.files.setCurrentItem(page.files.topLevelItem(at))
        qtbot.keyClick(page.files, Qt.Key.Key_Space)
    page.apply.setFocus()
    qtbot.keyClick(page.apply, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.panel.desk.applied, timeout=WAIT)
    desk.settle()


def test_a_new_branch_is_proposed_looked_at_and_committed_on(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    start = world.git("rev-parse", "HEAD")
    page = desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED})).to_apply()
    assert not page.branch.name.isVisible()
    page.branch.on.click()
    assert page.branch.name.text() == "skills/demo/three-three"
    qtbot.waitUntil(lambda: "new branch skills/demo/three" in page.ground.text(), timeout=WAIT)
    page.branch.name.selectAll()
    qtbot.keyClicks(page.branch.name, "main")
    assert not page.apply.isEnabled()
    qtbot.waitUntil(lambda: "is there already" in page.branch.wrong.text(), timeout=WAIT)
    desk.settle()
    assert not page.apply.isEnabled()
    assert page.branch.name.hasFocus()
    page.branch.name.selectAll()
    qtbot.keyClicks(page.branch.name, "team/try")
    qtbot.waitUntil(page.apply.isEnabled, timeout=WAIT)
    desk.settle()
    desk.applied()
    assert world.git("branch", "--show-current") == "team/try"
    assert world.git("rev-parse", "main") == start
    assert "branch team/try" in desk.panel.desk.view.notices()["receipt"]


def test_a_lock_set_meanwhile_forbids_and_leads_to_the_hunk(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED}))
    desk.panel.desk.run("accept_all")
    desk.settle()
    path = world.library / ".workbench" / "locks.toml"
    path.parent.mkdir()
    path.write_text("[[lock]]\nskill = 'demo'\npart = 'SKILL.md#Steps'\nreason = 'agreed'\n")
    desk.panel.desk.run("apply")
    qtbot.waitUntil(desk.page.isVisible, timeout=WAIT)
    desk.settle()
    page = desk.page
    [(name, fact)] = rows(page)
    assert name == "broken: locks"
    assert "SKILL.md#Steps" in fact
    assert "agreed" in fact
    assert not page.apply.isEnabled()
    qtbot.mouseClick(page.rules.link, Qt.MouseButton.LeftButton)
    assert desk.panel.desk.view.diff.current == 1


def test_a_policy_that_changes_while_the_page_is_shown_is_looked_at_again(
    world: ReviewWorld, desk: Desk, qtbot: QtBot
) -> None:
    page = desk.open(world.propose("three", {"demo/SKILL.md": PROPOSED})).to_apply()
    rule(world, "[gate]\nlevel = 'supported'\n")
    qtbot.mouseClick(page.apply, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page._banner.count() == 1, timeout=WAIT)
    assert "changed since" in page._banner.itemAt(0).widget().accessibleName()
    desk.settle()
    assert world.skill.read_text() == SKILL
