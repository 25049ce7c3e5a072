"""Testing what is selected, from the desk: with a real command as the agent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.gui.retest_world import TaskWorld, make_task_world
from tests.gui.test_accessibility import nameless
from tests.gui.test_review_desk import Start, notices, settled, start  # noqa: F401 - a fixture
from tests.unit.review.retest_world import SKILL
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> TaskWorld:
    return make_task_world(tmp_path, context)


def opened(start: Start, world: TaskWorld, qtbot: QtBot, *accepted: int) -> ReviewPanel:  # noqa: F811
    panel = start(world.proposal)
    for number in accepted:
        panel.desk.view.diff.set_current(number - 1)
        panel.desk.run("accept")
    settled(panel, qtbot)
    return panel


def planned(panel: ReviewPanel, qtbot: QtBot) -> None:
    bar = panel.desk.tests.bar
    qtbot.waitUntil(lambda: bar.isVisible() and bar.plan is not None, timeout=20_000)


def ended(panel: ReviewPanel, qtbot: QtBot) -> None:
    tests = panel.desk.tests
    qtbot.waitUntil(lambda: tests.job is None, timeout=60_000)
    settled(panel, qtbot)


def run_test(panel: ReviewPanel, qtbot: QtBot, scope: str = "selection") -> None:
    panel.desk.run("test")
    planned(panel, qtbot)
    bar = panel.desk.tests.bar
    bar.scopes[scope].setChecked(True)  # type: ignore[index]
    qtbot.mouseClick(bar.confirm, Qt.MouseButton.LeftButton)
    ended(panel, qtbot)


def test_what_is_accepted_is_tested_and_its_level_shown_wherever_a_level_is(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    view = panel.desk.view
    assert view.header.level.accessibleName() == "not evaluated"
    run_test(panel, qtbot)
    assert "Tested: promising, 1 repaired (15 runs made)" in notices(panel)["tested"]
    assert view.header.level.accessibleName() == "promising"
    assert view.strip.gate_fact.text() == "Gate: promising"
    assert view.tasks.isVisible()
    assert view.tasks.shown == "selection"
    model = view.tasks.table.model()
    changes = {model.index(n, 0).data(): model.index(n, 6).data() for n in range(model.rowCount())}
    assert changes == {"t-blue": "repaired", "t-red": "as before", "t-plum": "as before"}
    # Another selection is another content.
    view.diff.set_current(0)
    panel.desk.run("accept")
    settled(panel, qtbot)
    assert view.header.level.accessibleName() == "not evaluated"
    panel.desk.run("undo")
    settled(panel, qtbot)
    assert view.header.level.accessibleName() == "promising"


def test_the_plan_of_the_apply_names_the_gate_of_the_tested_selection(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    run_test(panel, qtbot)
    panel.desk.run("apply")
    qtbot.waitUntil(lambda: panel.desk.carry_out.plan is not None, timeout=20_000)
    plan = panel.desk.carry_out.plan
    assert plan is not None
    assert "promising" in plan.message


def test_keys_alone_test_each_hunk_and_the_marks_say_which_tasks_flip(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    view, bar = panel.desk.view, panel.desk.tests.bar
    view.diff.setFocus()
    qtbot.keyClick(view.diff, Qt.Key.Key_T)
    planned(panel, qtbot)
    assert bar.scopes["selection"].hasFocus()
    assert "15 task runs" in bar.told.text()
    qtbot.keyClick(bar.scopes["selection"], Qt.Key.Key_3)
    assert "18 task runs" in bar.told.text()
    qtbot.keyClick(bar.scopes["both"], Qt.Key.Key_2)
    assert "18 task runs" in bar.told.text()
    qtbot.keyClick(bar.scopes["hunks"], Qt.Key.Key_Return)
    ended(panel, qtbot)
    first, second = panel.desk.marks()
    assert first.alone == "alone: 1 broken"
    assert second.alone == "alone: 1 repaired"
    view.diff.set_current(0)
    assert "alone: 1 broken" in view.diff.accessibleDescription()
    assert view.diff.hasFocus()
    assert view.tasks.shown == "hunk"
    view.diff.grab()
    # Every one was run before now: the estimate says that it costs nothing.
    qtbot.keyClick(view.diff, Qt.Key.Key_T)
    planned(panel, qtbot)
    assert "costs nothing" in bar.told.text()
    qtbot.keyClick(bar.scopes["selection"], Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert view.diff.hasFocus()


def test_an_edit_says_that_it_was_never_tested_and_offers_to(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    hunk = panel.desk.choices.hunks[1]
    panel.desk._edited(("- blue\n", "- teal\n"))
    settled(panel, qtbot)
    assert notices(panel)["untested"] == "Not evaluated: you edited this."
    panel.desk.view.notice_buttons("untested")["Test… (T)"]()
    planned(panel, qtbot)
    assert panel.desk.tests.bar.title.text() == "Test 1 of 2 hunks, 1 edited"
    qtbot.mouseClick(panel.desk.tests.bar.confirm, Qt.MouseButton.LeftButton)
    ended(panel, qtbot)
    assert "untested" not in notices(panel)
    assert panel.desk.view.header.level.accessibleName() == "promising"
    (test,) = world.context.proposal_store.tests(world.proposal.id)
    assert test.hunks != (hunk.id,)


def test_without_tasks_it_says_what_is_missing_and_leads_there(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    panel = opened(start, world, qtbot, 2)
    panel.desk.run("test")
    planned(panel, qtbot)
    bar = panel.desk.tests.bar
    assert "Choose a task set and a runner in Evolution" in bar.told.text()
    assert not bar.confirm.isVisible()
    asked: list[str] = []
    world.context.activity_requested.connect(asked.append)
    qtbot.keyClick(bar.choose, Qt.Key.Key_Return)
    assert asked == ["evolution"]


def test_a_test_is_stopped_in_the_middle_and_leaves_no_result(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose("sleep 20; echo yes")
    panel = opened(start, world, qtbot, 2)
    panel.desk.run("test")
    planned(panel, qtbot)
    bar = panel.desk.tests.bar
    qtbot.mouseClick(bar.confirm, Qt.MouseButton.LeftButton)
    assert bar.stop.isVisible()
    assert world.context.commands.get("review.test_stop").when() is None
    qtbot.mouseClick(bar.stop, Qt.MouseButton.LeftButton)
    ended(panel, qtbot)
    assert "stopped" in notices(panel)["tested"]
    assert world.context.proposal_store.tests(world.proposal.id) == ()
    assert not bar.isVisible()


def test_a_runner_that_fails_is_told_as_no_result(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose("exit 127")
    panel = opened(start, world, qtbot, 2)
    run_test(panel, qtbot)
    told = notices(panel)["tested"]
    assert "15 of 15 runs failed for reasons that say nothing of the skill" in told
    assert panel.desk.view.header.level.accessibleName() == "not evaluated"


def test_a_library_that_changed_is_refused_before_anything_runs(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    world.skill.write_text(SKILL + "- new\n")
    panel.desk.run("test")
    qtbot.waitUntil(lambda: "changed since" in notices(panel).get("act", ""), timeout=20_000)
    assert not panel.desk.tests.bar.isVisible()


def test_a_result_that_comes_when_another_proposal_is_shown_is_told_and_kept(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose("sleep 0.3; echo yes")
    other = msgspec.structs.replace(world.proposal, id="other")
    world.context.proposal_store.add(other)
    panel = opened(start, world, qtbot, 2)
    panel.desk.run("test")
    planned(panel, qtbot)
    qtbot.mouseClick(panel.desk.tests.bar.confirm, Qt.MouseButton.LeftButton)
    start(other)
    ended(panel, qtbot)
    assert any("Tested" in one.text for one in world.context.notify.messages)
    assert len(world.context.proposal_store.tests(world.proposal.id)) == 1
    assert panel.desk.proposal_id == "other"


def test_all_of_the_bar_has_a_name_and_the_act_a_key_and_a_reason(
    world: TaskWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    world.choose()
    panel = opened(start, world, qtbot, 2)
    command = world.context.commands.get("review.test")
    assert command.keybindings == ("Ctrl+Alt+Shift+T",)
    assert command.when() is None
    panel.desk.run("test")
    planned(panel, qtbot)
    assert nameless(panel.desk.tests.bar) == []
    for button in panel.desk.tests.bar.findChildren(QPushButton):
        assert button.text()
