"""Tasks, runner, endpoints and budget in the panel; what is said before a run; after a restart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.scripted_endpoint import scripted_endpoint
from workbench.domain.job import ProposalEvent, Started
from workbench.evaluation.sandbox import available_sandbox
from workbench.evolution.remembered import remembered
from workbench.gui.evolution.bakeoff_run import kept_rows
from workbench.gui.evolution.panel import EvolutionPanel
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.llm.profiles import EndpointProfile, read_profiles, save_profile
from workbench.plugin.journal import JournalWriter, read_journal
from workbench.resources import bundled

EXAMPLE = bundled("resources") / "example"
TASKS = "\n".join(
    f'{{"id": "t{n}", "prompt": "x", "split": "{split}", "verifier": ["true"]}}'
    for n, split in enumerate(("train", "val", "test", "test"))
)
SEARCHER = """
from workbench.plugin.api import Candidate, Change, Lineage, ProposalDraft, Score

def run(request, context):
    skill = request.skills[0]
    text = open(skill.path + "/SKILL.md").read() + "\\n- yes\\n"
    change = Change("c", skill.id + "/SKILL.md", "edit", text)
    context.evaluate("base")
    yield Candidate(id="one", parents=("base",), summary="Say yes")
    context.evaluate("one", changes=[change])
    yield ProposalDraft(
        "edit", "Say yes", "It was missing.", (change,), lineage=Lineage(("base",)),
        scores=(Score("own", 0.1, 0.9),),
    )
"""


@pytest.fixture
def panel(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> EvolutionPanel:
    root = tmp_path / "example"
    shutil.copytree(EXAMPLE / "library", root)
    with qtbot.waitSignal(window.context.diagnostics_changed, timeout=10_000):
        window.open_library(root)
    window.context.open_traces([EXAMPLE / "traces"])
    qtbot.waitUntil(
        lambda: bool(window.context.traces) and not window.context.jobs.active, timeout=20_000
    )
    window.show_activity("evolution")
    view = window.centre.view("evolution")
    assert isinstance(view, EvolutionPanel)
    return view


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text(TASKS)
    return path


def choose_tasks(panel: EvolutionPanel, tasks: Path, qtbot: QtBot) -> None:
    panel.setup_page.means.tasks.set(str(tasks))
    qtbot.waitUntil(lambda: panel.setup_page.means.facts is not None)


def write_searcher(context: AppContext) -> None:
    folder = context.folders.plugins / "searcher"
    (folder / "searcher").mkdir(parents=True)
    (folder / "searcher" / "__init__.py").write_text(SEARCHER)
    (folder / "plugin.toml").write_text(
        'id = "searcher"\nname = "Searcher"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["evolver"]\nform = "inprocess"\nentry = "searcher:run"\n'
        'needs = ["tasks", "runner"]\ncost_formula = "calls = 0; runs = 2 * (t + v)"\n'
    )
    context.plugins.refresh()
    context.plugins.set_enabled("searcher", True)


def test_counts_of_a_task_set_are_told_and_an_unreadable_one_stops_the_run(
    panel: EvolutionPanel, tasks: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    page = panel.setup_page
    choose_tasks(panel, tasks, qtbot)
    facts = page.means.facts
    assert facts is not None
    assert "4 tasks: 1 train, 1 val, 2 test." in facts.text
    assert "Test is sealed" in facts.text
    broken = tmp_path / "broken.jsonl"
    broken.write_text("no json")
    page.means.tasks.set(str(broken))
    qtbot.waitUntil(lambda: "no task set" in page.why.text())
    assert not page.run_button.isEnabled()


def test_without_a_sandbox_commands_need_a_word_for_this_very_task_set(
    panel: EvolutionPanel, tasks: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.gui.evolution.means_section.available_sandbox", lambda: None)
    page = panel.setup_page
    choose_tasks(panel, tasks, qtbot)
    page.means.runner.setCurrentIndex(page.means.runner.findData("command"))
    page.means.command.setText("agent {prompt}")
    assert "there is no sandbox" in page.why.text()
    QTest.keyClick(page.means.allow, Qt.Key.Key_Space)
    assert page.run_button.isEnabled()
    assert page.choice().allow_unsandboxed
    tasks.write_text(TASKS.replace('"x"', '"other"'))
    page.means.tasks.set("")
    choose_tasks(panel, tasks, qtbot)
    assert not page.means.allow.isChecked()
    assert not page.choice().allow_unsandboxed


def test_an_engine_that_needs_a_model_can_run_once_an_endpoint_is_chosen(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    page = panel.setup_page
    page.engines.select("trace2skill_style")
    assert "a model for the role 'proposer'" in page.why.text()
    profile = EndpointProfile("local", "http://127.0.0.1:1/v1", price_input=1, price_output=2)
    window.context.folders.config.mkdir(parents=True, exist_ok=True)
    save_profile(window.context.folders.endpoints, profile)
    page.refresh_engines()
    page.endpoints.choose("*", "local")
    assert page.run_button.isEnabled()
    qtbot.waitUntil(lambda: "Money: about $" in page.estimate.text)
    assert "calls" in page.estimate.text


def test_what_is_chosen_is_remembered_for_the_library(
    panel: EvolutionPanel, window: MainWindow, tasks: Path, qtbot: QtBot
) -> None:
    page = panel.setup_page
    choose_tasks(panel, tasks, qtbot)
    page.limits.usd.setText("1.5")
    page.limits.tokens.setValue(1000)
    page.keep()
    library = window.context.library
    assert library is not None
    state = window.context.folders.state
    qtbot.waitUntil(lambda: remembered(state, library.root).tokens == 1000)
    kept = remembered(state, library.root)
    assert (kept.tasks, kept.usd) == (str(tasks), 1.5)
    page.limits.tokens.setValue(0)
    page._show_kept(kept)
    assert page.choice().budget.tokens == 1000
    assert page.choice().budget.usd == 1.5


@pytest.mark.skipif(available_sandbox() is None, reason="bubblewrap runs the tasks")
def test_a_gated_run_shows_the_hosts_figures_the_lineage_and_leads_to_review(
    panel: EvolutionPanel, window: MainWindow, tasks: Path, qtbot: QtBot
) -> None:
    write_searcher(window.context)
    says = '"criteria": [{"id": "c", "method": "contains", "argument": "yes"}]'
    tasks.write_text(TASKS.replace('"verifier": ["true"]', says))
    page = panel.setup_page
    choose_tasks(panel, tasks, qtbot)
    page.means.runner.setCurrentIndex(page.means.runner.findData("command"))
    page.means.command.setText("sh -c 'cat {skills}/*/SKILL.md | grep -- \"^- yes\" || echo no'")
    page.refresh_engines()
    page.engines.select("searcher")
    qtbot.waitUntil(lambda: "about 4 task runs" in page.estimate.text)
    with qtbot.waitSignal(panel.run_ended, timeout=60_000):
        panel.start()
    run = panel.run_page
    assert run.tabs.currentIndex() == 0
    record = run.record
    assert record is not None
    [outcome] = record.outcomes
    assert outcome.proposal is not None
    gate = outcome.proposal.gate
    assert (gate.held_out, gate.repairs, gate.regressions) == ("test", 2, 0)
    assert run.detail.gate.isVisible()
    assert "2 held out (test), 0.00, 0.00, 1.00, +1.00" in run.detail.gate.accessibleName()
    assert run.task_runs.events.rowCount() == 4
    # Four for the engine; the gate: two sealed ones, six of the baseline, eight of no skill.
    assert record.task_runs == 4 + 2 + 6 + 8
    run.tabs.setCurrentWidget(run.lineage)
    qtbot.waitUntil(lambda: run.lineage.list.rows.rowCount() == 2)
    QTest.keyClick(run.lineage.picture, Qt.Key.Key_Right)
    QTest.keyClick(run.lineage.picture, Qt.Key.Key_Right)
    node = run.lineage.picture.current
    assert node is not None
    assert (node.score, node.split, node.frontier) == (1.0, "val", True)
    with qtbot.waitSignal(window.context.review_requested) as asked:
        QTest.keyClick(run.lineage.picture, Qt.Key.Key_Return)
    assert asked.args == [outcome.proposal.id]


def test_engines_are_compared_in_a_table_that_survives(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    panel.show_bakeoff()
    page = panel.side.bakeoff
    assert not page.start.isEnabled()
    write_searcher(window.context)
    panel.setup_page.refresh()
    panel.show_bakeoff()
    assert [key for key, _ in page.engines.rows()] == ["evidence_miner"]
    engines = {one.id: one for one in panel.side._engines()}
    chosen = [engines["evidence_miner"], engines["searcher"]]
    panel.side._compare(chosen, at_once=2)
    qtbot.waitUntil(lambda: not panel.side.running, timeout=60_000)
    first = page.model.row_at(0)
    second = page.model.row_at(1)
    assert first is not None
    assert second is not None
    assert (first.status, first.verified == first.quotes > 0) == ("completed", True)
    assert "a runner that executes tasks" in second.problem
    assert "1 of 2 engines ran" in page.shows.text()
    library = window.context.library
    assert library is not None
    state = window.context.folders.state
    qtbot.waitUntil(lambda: len(kept_rows(state, library.root)) == 2)


def test_the_catalogue_names_what_is_missing_and_leads_to_a_set_up(
    panel: EvolutionPanel, qtbot: QtBot
) -> None:
    panel.show_catalogue()
    page = panel.side.catalogue
    page.search.setText("trace2skill")
    page.search.searched.emit("trace2skill")
    assert "a model for the role 'proposer'" in page._state.text()
    QTest.keyClick(page.list, Qt.Key.Key_Return)
    assert panel.setup_page.engine is not None
    assert panel.setup_page.engine.id == "trace2skill_style"
    page.search.searched.emit("")
    page.search.setText("zebra")
    qtbot.waitUntil(lambda: page._stack.currentIndex() == 1)


def test_an_endpoint_is_added_tested_and_removed_and_no_key_reaches_a_file(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, str] = {}
    monkeypatch.setattr("workbench.gui.evolution.endpoints_page.store_key", kept.__setitem__)
    panel.show_endpoints()
    page = panel.side.endpoints
    path = window.context.folders.endpoints
    QTest.mouseClick(page.save, Qt.MouseButton.LeftButton)
    assert "name" in page.problem.text()
    with scripted_endpoint(lambda _: "ready") as url:
        page.name.setText("mine")
        page.base_url.setText(url)
        page.price_input.setText("0.25")
        QTest.mouseClick(page.save, Qt.MouseButton.LeftButton)
        page.key.setText("sk-secret")
        QTest.mouseClick(page.keep_key, Qt.MouseButton.LeftButton)
        QTest.mouseClick(page.test, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "It can be used" in page.problem.text(), timeout=20_000)
    [profile] = read_profiles(path)
    assert (profile.name, profile.price_input) == ("mine", 0.25)
    assert kept == {"mine": "sk-secret"}
    assert "sk-secret" not in path.read_text()
    assert page.key.text() == ""
    page.variable.setText("sk-123-abc")
    QTest.mouseClick(page.save, Qt.MouseButton.LeftButton)
    assert "keys are not written into files" in page.problem.text()
    QTest.mouseClick(page.remove, Qt.MouseButton.LeftButton)
    assert read_profiles(path) == ()


def test_the_preview_shows_what_is_replaced_and_goes_back(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    QTest.mouseClick(panel.setup_page.estimate.preview, Qt.MouseButton.LeftButton)
    page = panel.side.preview
    qtbot.waitUntil(lambda: "Prompts are made of" in page.said.text(), timeout=20_000)
    assert page.list.current() is not None
    assert "REDACTED" in page.samples.toPlainText()
    QTest.mouseClick(page.back, Qt.MouseButton.LeftButton)
    assert panel.setup_page.isVisible()


def test_what_a_lost_run_had_found_is_taken_in(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(panel.run_ended, timeout=60_000):
        panel.start()
    live = panel.run_page.record
    assert live is not None
    run_dir = Path(live.run_dir)
    events = list(read_journal(run_dir / "journal.jsonl"))
    (run_dir / "journal.jsonl").unlink()
    writer = JournalWriter(run_dir / "journal.jsonl")
    for event in events:
        if isinstance(event, Started | ProposalEvent):
            writer.append(event)
    writer.close()
    shutil.rmtree(window.context.proposal_store.folder)
    panel.show_setup()
    panel._live.clear()
    panel.read_past()
    qtbot.waitUntil(lambda: any(one.state == "lost" for one in panel.records))
    panel.show_run(panel.records[0].id)
    qtbot.waitUntil(panel.run_page.retake.isVisible)
    QTest.mouseClick(panel.run_page.retake, Qt.MouseButton.LeftButton)
    record = panel.run_page.record
    assert record is not None
    qtbot.waitUntil(lambda: {one.group for one in record.outcomes} == {"proposal"}, timeout=20_000)
    assert not panel.run_page.retake.isVisible()


def test_an_engine_that_learns_from_tasks_needs_no_traces(
    panel: EvolutionPanel, window: MainWindow, tasks: Path, qtbot: QtBot
) -> None:
    write_searcher(window.context)
    page = panel.setup_page
    choose_tasks(panel, tasks, qtbot)
    page.means.runner.setCurrentIndex(page.means.runner.findData("command"))
    page.means.command.setText("agent {prompt}")
    page.means.allow.setChecked(True)
    page.refresh_engines()
    page.traces.choose(())
    page.engines.select("searcher")
    assert page.why_not() is None
    page.engines.select("evidence_miner")
    assert "open traces" in (page.why_not() or "")


def test_from_set_up_to_review_by_keyboard_alone(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier(0x0C000000))
    qtbot.waitUntil(panel.setup_page.engines.hasFocus)
    QTest.keyClick(panel.setup_page.engines, Qt.Key.Key_Home)
    QTest.keyClick(panel.setup_page.engines, Qt.Key.Key_Return)
    assert panel.setup_page.run_button.hasFocus()
    with qtbot.waitSignal(panel.run_ended, timeout=60_000):
        QTest.keyClick(panel.setup_page.run_button, Qt.Key.Key_Return)
    assert panel.run_page.tabs.currentIndex() == 0
    proposal = panel.run_page.results.current().proposal
    with qtbot.waitSignal(window.context.review_requested) as asked:
        QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier(0x0C000000))
    assert asked.args == [proposal.id]
