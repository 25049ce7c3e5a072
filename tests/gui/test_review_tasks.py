"""The tasks behind a gate, in Review."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.review_world import PROPOSED, ReviewWorld, make_world
from tests.gui.test_review_desk import Start, settled, start  # noqa: F401 - a fixture
from workbench.domain.proposal import Gate, Proposal
from workbench.domain.task import PairedRow, PairedTable
from workbench.gui.review.tasks.rows import gate_words, split_figures, task_rows
from workbench.gui.shell.context import AppContext


def rows(*given: tuple[str, str, tuple[float, ...], tuple[float, ...]]) -> PairedTable:
    return PairedTable(
        tuple(PairedRow(task, before, after, split=split) for task, split, before, after in given)
    )


GATE = Gate(
    level="promising",
    rule="weighted",
    reasons=("repairs - 2 x regressions = 1",),
    repairs=3,
    regressions=1,
    n=5,
    p_one_sided=0.3125,
    flake_rate=0.1,
    held_out="test",
    table=rows(
        ("a-train-task", "train", (0.0, 0.0), (1.0,)),
        ("mended", "test", (0.0, 0.0), (1.0,)),
        ("mended-too", "test", (0.0, 1.0), (1.0,)),
        ("mended-as-well", "test", (0.0, 0.0), (0.6,)),
        ("broken", "test", (1.0, 1.0), (0.0,)),
        ("untouched", "test", (1.0, 1.0), (1.0,)),
        ("never-ran", "test", (), (1.0,)),
    ),
    against_none=rows(("mended", "test", (0.0,), (1.0,)), ("broken", "test", (1.0,), (0.0,))),
    runner="command 12ab",
    model="a-model",
)


@pytest.fixture
def world(tmp_path: Path, context: AppContext) -> ReviewWorld:
    return make_world(tmp_path, context.proposal_store)


def gated(world: ReviewWorld, gate: Gate) -> Proposal:
    proposal = world.propose("gated", {"demo/SKILL.md": PROPOSED})
    changed = msgspec.structs.replace(proposal, gate=gate)
    world.store.update(changed)
    return changed


def test_held_out_tasks_come_first_and_among_them_what_broke() -> None:
    found = task_rows(GATE)
    assert [row.task for row in found][:3] == ["broken", "mended", "mended-as-well"]
    assert found[-1].split == "train"
    assert {row.task: row.change for row in found}["never-ran"] == "unknown"
    assert found[0].none == (1.0,)


def test_figures_are_shares_of_tasks_that_pass_with_no_skill_beside_them() -> None:
    train, test = split_figures(GATE)
    assert (train.split, train.before, train.after, train.none) == ("train", 0.0, 1.0, None)
    # Of five tasks with runs on both sides: before one half-flaky, one broken and one untouched.
    assert (test.tasks, test.before, test.after, test.none) == (5, 0.6, 0.8, 0.5)
    assert "3 repaired, 1 broken of 5 held-out tasks (test)" in gate_words(GATE)
    assert "flake rate 10%" in gate_words(GATE)


def test_the_table_is_shown_with_the_proposal_and_put_away_by_its_command(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
) -> None:
    panel = start(gated(world, GATE))
    settled(panel, qtbot)
    tasks = panel.desk.view.tasks
    assert tasks.isVisible()
    model = tasks.table.model()
    assert model.rowCount() == 7
    said = model.index(0, 5).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "After: 0 of 1 passed"
    tasks.grab()
    context.commands.run("review.tasks")
    assert not tasks.isVisible()
    panel.desk.view.strip.gate_fact.click()
    assert tasks.isVisible()


def test_a_proposal_that_nobody_ran_says_how_to_have_it_run(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
) -> None:
    panel = start(gated(world, Gate()))
    settled(panel, qtbot)
    assert not panel.desk.view.tasks.isVisible()
    context.commands.run("review.tasks")
    assert any("No task was run" in one.text for one in context.notify.messages)


def test_a_passage_taken_from_the_trace_is_told_in_the_strip(
    world: ReviewWorld,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    other = world.library / "other" / "SKILL.md"
    other.parent.mkdir()
    words = "Count every page twice before you send the order to the printer in the cellar."
    other.write_text(f"---\nname: other\ndescription: d\nlicense: MIT\n---\n{words}\n")
    panel = start(world.propose("taken", {"demo/SKILL.md": PROPOSED + words + "\n"}))
    panel.desk.run("accept_all")
    settled(panel, qtbot)
    strip = panel.desk.view.strip
    assert strip.text_fact.text() == "Text: 1 passage as elsewhere"
    assert "tokens" in strip.size_fact.text()
    told = [strip.details.topLevelItem(n) for n in range(strip.details.topLevelItemCount())]
    assert any("licence MIT" in one.text(1) for one in told if one is not None)
    assert any(one.text(0).startswith("Tokens of demo") for one in told if one is not None)
