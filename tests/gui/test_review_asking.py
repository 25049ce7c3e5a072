"""Sending a proposal back to its engine from the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.test_accessibility import nameless
from tests.gui.test_review_desk import Start, notices, settled, start  # noqa: F401 - a fixture
from tests.unit.review.retest_world import SKILL
from tests.unit.review.test_ask_again import ENGINE, TRACE
from workbench.domain.proposal import Proposal
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice
from workbench.evolution.recipe import keep_recipe, recipe_of
from workbench.evolution.run import EngineInputs, Evolution, run_engine
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.shell.context import AppContext
from workbench.skills.library import read_library
from workbench.traces.open import open_traces


@pytest.fixture
def proposal(tmp_path: Path, context: AppContext) -> Proposal:
    """What an engine of the user's own proposed, in a run whose recipe is kept."""
    home = tmp_path / "library" / "words"
    home.mkdir(parents=True)
    (home / "SKILL.md").write_text(SKILL)
    plugin_home = context.folders.plugins / "asker"
    (plugin_home / "asker").mkdir(parents=True)
    (plugin_home / "asker" / "__init__.py").write_text(ENGINE)
    (plugin_home / "plugin.toml").write_text(
        'id = "asker"\nname = "Asker"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["evolver"]\nform = "inprocess"\nentry = "asker:propose"\nneeds = ["traces"]\n'
        '[settings.word]\ntype = "string"\ndefault = "green"\ntitle = "Word"\n'
    )
    plugin = context.plugins.set_enabled("asker", True)
    library = read_library(tmp_path / "library")
    traces = open_traces(TRACE)
    evolution = Evolution(
        library,
        plugin,
        traces,
        EngineInputs(),
        runner=context.job_runner,
        store=context.proposal_store,
    )
    recipe = recipe_of(
        "asker",
        library.root,
        traces,
        inputs=EngineInputs(),
        choice=MeansChoice(),
        gating=GateChoice(),
    )
    keep_recipe(evolution.job.run_dir, recipe)
    for _ in run_engine(evolution):
        pass
    for trace in traces:
        trace.close()
    (made,) = evolution.result().proposals
    return made


def asked(panel: ReviewPanel, qtbot: QtBot) -> None:
    asking = panel.desk.asking
    qtbot.waitUntil(lambda: asking.job is None, timeout=60_000)
    settled(panel, qtbot)


def ask(panel: ReviewPanel, qtbot: QtBot, text: str) -> None:
    diff, bar = panel.desk.view.diff, panel.desk.asking.bar
    diff.setFocus()
    qtbot.keyClick(diff, Qt.Key.Key_G)
    assert bar.comment.hasFocus()
    qtbot.keyClicks(bar.comment, text)
    qtbot.waitUntil(lambda: bar.plan is not None, timeout=20_000)


def test_a_comment_is_sent_by_keys_and_old_and_new_lead_to_each_other(
    proposal: Proposal,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
) -> None:
    panel = start(proposal)
    ask(panel, qtbot, "add:plum")
    bar = panel.desk.asking.bar
    assert nameless(bar) == []
    assert bar.title.text() == "Ask Asker again"
    assert "the same settings and 1 trace. It asks no model." in bar.facts.text()
    qtbot.keyClick(bar.comment, Qt.Key.Key_Return)
    asked(panel, qtbot)
    (new,) = (one for one in context.proposal_store.list() if one.id != proposal.id)
    assert new.draft.title == "Know green and plum"
    assert "newer one in its place: Know green and plum" in notices(panel)["replaced"]
    panel.desk.view.notice_buttons("replaced")["Show it"]()
    qtbot.waitUntil(lambda: panel.desk.proposal_id == new.id, timeout=20_000)
    settled(panel, qtbot)
    assert notices(panel)["replaces"] == "Takes the place of: Know green"
    panel.desk.view.notice_buttons("replaces")["Show it"]()
    qtbot.waitUntil(lambda: panel.desk.proposal_id == proposal.id, timeout=20_000)
    assert context.proposal_store.decisions(proposal.id)[-1].comment == "add:plum"


def test_an_engine_that_has_nothing_else_says_so(
    proposal: Proposal,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
) -> None:
    panel = start(proposal)
    ask(panel, qtbot, "shorter")
    qtbot.keyClick(panel.desk.asking.bar.comment, Qt.Key.Key_Return)
    asked(panel, qtbot)
    assert "Asker proposed nothing else." in notices(panel)["asked"]


def test_without_words_or_reasons_it_is_not_asked_and_escape_leaves(
    proposal: Proposal,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
) -> None:
    panel = start(proposal)
    ask(panel, qtbot, "")
    bar = panel.desk.asking.bar
    assert "Write what is not right" in bar.told.text()
    qtbot.keyClick(bar.comment, Qt.Key.Key_Return)
    assert panel.desk.asking.job is None
    qtbot.keyClick(bar.comment, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    panel.desk._rejected("wrong", "")
    settled(panel, qtbot)
    ask(panel, qtbot, "")
    assert "your reasons for 1 rejected hunk (wrong)" in bar.facts.text()
    assert bar.confirm.isEnabled()


def test_what_its_run_had_and_is_gone_is_named(
    proposal: Proposal,
    start: Start,  # noqa: F811 - the fixture
    qtbot: QtBot,
    context: AppContext,
) -> None:
    panel = start(proposal)
    context.plugins.set_enabled("asker", False)
    ask(panel, qtbot, "add:plum")
    bar = panel.desk.asking.bar
    assert "The engine 'asker' is disabled" in bar.told.text()
    assert not bar.confirm.isEnabled()
