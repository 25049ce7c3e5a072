"""Evolution: choosing an engine, running it, looking at what it gave, now and after a restart."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from workbench.domain.job import JobSpec, ProposalEvent, Request, Stage, Started
from workbench.domain.proposal import Change, ProposalDraft
from workbench.gui.evolution.panel import EvolutionPanel
from workbench.gui.evolution.run_record import Outcome
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.window import MainWindow
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.two_line_row import LINES_ROLE
from workbench.gui.widgets.value_fields import NumberBox
from workbench.plugin.journal import JournalWriter
from workbench.plugin.protocol import JOB_FILE
from workbench.resources import bundled

EXAMPLE = bundled("resources") / "example"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    root = tmp_path / "example"
    shutil.copytree(EXAMPLE / "library", root)
    return root


def open_library(window: MainWindow, root: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.context.diagnostics_changed, timeout=10_000):
        window.open_library(root)
    qtbot.waitUntil(lambda: not window.context.jobs.active)


def open_traces(window: MainWindow, qtbot: QtBot) -> None:
    window.context.open_traces([EXAMPLE / "traces"])
    qtbot.waitUntil(
        lambda: bool(window.context.traces) and not window.context.jobs.active, timeout=10_000
    )


def panel_of(window: MainWindow) -> EvolutionPanel:
    window.show_activity("evolution")
    view = window.centre.view("evolution")
    assert isinstance(view, EvolutionPanel)
    return view


@pytest.fixture
def panel(window: MainWindow, example: Path, qtbot: QtBot) -> EvolutionPanel:
    open_library(window, example, qtbot)
    open_traces(window, qtbot)
    return panel_of(window)


def run(panel: EvolutionPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.run_ended, timeout=30_000):
        panel.start()


WritePlugin = Callable[..., None]


@pytest.fixture
def write_engine(context: AppContext) -> WritePlugin:
    """Write an engine into the user's own plugins; it is not enabled."""

    def write(code: str, plugin_id: str = "probe", more: str = "") -> None:
        folder = context.folders.plugins / plugin_id
        package = folder / f"{plugin_id}_package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "main.py").write_text(textwrap.dedent(code))
        (folder / "plugin.toml").write_text(
            f'id = "{plugin_id}"\nname = "Probe engine"\nversion = "1.0"\napi = "1.0"\n'
            f'licence = "MIT"\nkinds = ["evolver"]\nform = "inprocess"\n'
            f'entry = "{plugin_id}_package.main:run"\n{more}\n'
        )
        context.plugins.refresh()

    return write


def test_without_a_library_it_offers_to_open_one(window: MainWindow) -> None:
    panel = panel_of(window)
    assert panel._stack.currentWidget() is panel._empty
    assert panel.setup_page.why_not() == "open a folder of skills first (Ctrl+O)."


def test_without_traces_it_says_what_is_missing(
    window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    open_library(window, example, qtbot)
    page = panel_of(window).setup_page
    assert not page.run_button.isEnabled()
    assert "open traces" in page.why.text()
    open_traces(window, qtbot)
    assert page.run_button.isEnabled()


def test_a_run_gives_proposals_with_evidence_and_keeps_the_library_as_it_was(
    panel: EvolutionPanel, window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    before = {path: path.read_bytes() for path in example.rglob("*") if path.is_file()}
    with qtbot.waitSignal(window.context.proposals_changed, timeout=30_000):
        qtbot.mouseClick(panel.setup_page.run_button, Qt.MouseButton.LeftButton)
    record = panel.run_page.record
    assert record is not None
    assert record.state == "finished"
    assert {one.group for one in record.outcomes} == {"proposal", "diagnosis"}
    first = panel.run_page.results.current()
    assert isinstance(first, Outcome)
    lines = panel.run_page.results.currentIndex().data(LINES_ROLE)
    assert any(text.startswith("evidence ") for text, _ in lines.badges)
    assert ("not evaluated", "neutral") in lines.badges
    assert before == {path: path.read_bytes() for path in example.rglob("*") if path.is_file()}
    assert panel.run_page.events.events.rowCount() > 3
    assert "completed" in panel.run_page.log.toPlainText()


def test_enter_on_a_result_asks_for_its_review(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    run(panel, qtbot)
    with qtbot.waitSignal(window.context.review_requested) as asked:
        QTest.keyClick(panel.run_page.results, Qt.Key.Key_Return)
    assert asked.args == [panel.run_page.results.current().proposal.id]


def test_enter_on_a_quote_asks_for_its_step(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    run(panel, qtbot)
    quotes = panel.run_page.detail.quotes
    quotes.select_first()
    evidence, check = quotes.current()
    with qtbot.waitSignal(window.context.trace_requested) as asked:
        QTest.keyClick(quotes, Qt.Key.Key_Return)
    path, trajectory, step = asked.args
    trace = window.context.trace(path, trajectory)
    assert trace is not None
    assert trace.body(step)
    assert step == check.step
    assert evidence.quote


def test_the_same_run_again_shows_the_same_proposals(panel: EvolutionPanel, qtbot: QtBot) -> None:
    run(panel, qtbot)
    first = [one.key for one in panel.run_page.record.outcomes]
    panel.show_setup()
    run(panel, qtbot)
    assert len(panel.records) == 2
    assert sorted(one.key for one in panel.run_page.record.outcomes) == sorted(first)


def test_only_chosen_skills_and_traces_are_given(panel: EvolutionPanel) -> None:
    page = panel.setup_page
    page.skills.choose(["csv-cleanup"])
    page.traces.choose([])
    assert "open traces" in (page.why_not() or "")
    key = page.traces.model._rows[0][0]
    page.traces.choose([key])
    setup = page.setup()
    assert setup.inputs.skills == ("csv-cleanup",)
    assert len(setup.traces) == 1
    page.skills.choose([])
    assert page.why_not() == "mark at least one skill."


def test_settings_that_were_changed_are_given_and_others_are_not(panel: EvolutionPanel) -> None:
    page = panel.setup_page
    assert page.setup().inputs.settings == {}
    window_of_fix = next(
        box for box in page.form.findChildren(NumberBox) if "Steps after" in box.accessibleName()
    )
    window_of_fix.setValue(9)
    page.limits.most.setValue(3)
    inputs = page.setup().inputs
    assert inputs.settings == {"window": 9}
    assert inputs.budget.max_proposals == 3


def test_an_engine_that_fails_is_told_in_words(
    panel: EvolutionPanel, context: AppContext, write_engine: WritePlugin, qtbot: QtBot
) -> None:
    write_engine("def run(request, context):\n    raise RuntimeError('out of ideas')\n")
    context.plugins.set_enabled("probe", True)
    panel.setup_page.refresh()
    panel.setup_page.engines.select("probe")
    run(panel, qtbot)
    record = panel.run_page.record
    assert record.state == "failed"
    assert "out of ideas" in record.summary
    assert panel.run_page._results_stack.currentIndex() == 1
    assert context.jobs.entries[-1].state == "failed"


def test_a_run_can_be_cancelled_and_keeps_what_it_gave(
    panel: EvolutionPanel, context: AppContext, write_engine: WritePlugin, qtbot: QtBot
) -> None:
    write_engine(
        """
        import time
        from workbench.plugin.api import Diagnosis, ProposalDraft, Stage
        def run(request, context):
            yield Stage(name="thinking", done=1, total=2)
            yield Diagnosis(draft=ProposalDraft("diagnose", "Not the skill", "w",
                                                root_cause="environment"))
            while True:
                context.check_cancelled()
                time.sleep(0.02)
        """
    )
    context.plugins.set_enabled("probe", True)
    panel.setup_page.refresh()
    panel.setup_page.engines.select("probe")
    panel.start()
    page = panel.run_page
    qtbot.waitUntil(lambda: bool(page.record and page.record.outcomes), timeout=10_000)
    assert page.record.state == "running"
    assert not page.cancel.isHidden()
    with qtbot.waitSignal(panel.run_ended, timeout=10_000):
        qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
        assert page.cancel.text() == "Kill now"
    assert page.record.state == "cancelled"
    assert [one.title for one in page.record.outcomes] == ["Not the skill"]
    lines = page.results.currentIndex().data(LINES_ROLE)
    assert ("not the skill's fault: environment", "neutral") in lines.badges
    assert context.jobs.entries[-1].state == "cancelled"


def test_an_engine_that_ignores_a_cancel_can_be_killed(
    panel: EvolutionPanel, context: AppContext, write_engine: WritePlugin, qtbot: QtBot
) -> None:
    write_engine(
        """
        import time
        from workbench.plugin.api import Started
        def run(request, context):
            yield Started(plan="Never to end.")
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass
        """
    )
    context.plugins.set_enabled("probe", True)
    panel.setup_page.refresh()
    panel.setup_page.engines.select("probe")
    panel.start()
    page = panel.run_page
    qtbot.waitUntil(lambda: page.events.events.rowCount() > 0, timeout=10_000)
    with qtbot.waitSignal(panel.run_ended, timeout=10_000):
        qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
    assert page.record.state == "cancelled"


def test_a_strange_engine_is_locked_until_it_is_enabled(
    panel: EvolutionPanel, write_engine: WritePlugin, qtbot: QtBot
) -> None:
    write_engine("def run(request, context):\n    return ()\n", more='permissions = ["network"]')
    page = panel.setup_page
    page.refresh()
    page.engines.select("probe")
    lines = page.engines.currentIndex().data(LINES_ROLE)
    assert lines.icon == "lock"
    assert lines.faint
    assert "enable it if you trust" in page.why.text()
    qtbot.mouseClick(page._enable, Qt.MouseButton.LeftButton)
    assert page.why_not() is None
    assert page._enable.isHidden()


def test_an_engine_names_what_it_misses(panel: EvolutionPanel, write_engine: WritePlugin) -> None:
    write_engine("def run(request, context):\n    return ()\n", more='needs = ["model:judge"]')
    panel._context.plugins.set_enabled("probe", True)
    panel.setup_page.refresh()
    panel.setup_page.engines.select("probe")
    lines = panel.setup_page.engines.currentIndex().data(LINES_ROLE)
    assert lines.detail == "It needs a model for the role 'judge'."
    assert not panel.setup_page.run_button.isEnabled()


def test_another_version_of_the_library_is_imported_from_a_folder(
    panel: EvolutionPanel, example: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "other"
    shutil.copytree(example, other)
    changed = other / "git-bisect" / "SKILL.md"
    changed.write_text(f"{changed.read_text()}\n## More\n\nAlways note the range.\n")
    page = panel.setup_page
    page.engines.select("folder_importer")
    assert "choose the folder" in page.why.text()
    page.source.path.setText(str(tmp_path / "gone"))
    assert "there is no folder" in page.why.text()
    page.source.path.setText(str(other))
    assert page.why_not() is None
    run(panel, qtbot)
    assert [one.draft.skills for one in panel.run_page.record.outcomes] == [("git-bisect",)]


def test_a_branch_is_named_as_the_source(panel: EvolutionPanel) -> None:
    page = panel.setup_page
    page.engines.select("folder_importer")
    page.source.branch.setChecked(True)
    assert "name the branch" in page.why.text()
    page.source.path.setText("better")
    inputs = page.setup().inputs
    assert inputs.source == "git:better"
    assert inputs.source_repository == panel._context.library.root


def test_runs_are_there_after_a_restart(panel: EvolutionPanel, qtbot: QtBot) -> None:
    run(panel, qtbot)
    given = sorted(one.key for one in panel.run_page.record.outcomes)
    context = AppContext()
    try:
        again = EvolutionPanel(context)
        qtbot.addWidget(again)
        qtbot.waitUntil(lambda: len(again.records) == 1, timeout=5000)
        again.runs.select_first()
        qtbot.waitUntil(lambda: again.run_page.record.loaded, timeout=5000)
        record = again.run_page.record
        assert record.state == "finished"
        assert sorted(one.key for one in record.outcomes) == given
        assert again.run_page.events.events.rowCount() > 3
    finally:
        context.close()


def lost_run(runs: Path) -> str:
    folder = runs / "20260101-000000-probe-abcdef"
    folder.mkdir(parents=True)
    request = Request(job=folder.name, kind="evolver", library="/gone", skills=())
    spec = JobSpec(
        id=folder.name,
        plugin="probe",
        plugin_path="/gone",
        entry="a:b",
        form="inprocess",
        request=request,
        created="2026-01-01T00:00:00.000+00:00",
        title="Probe engine: /some/library",
    )
    (folder / JOB_FILE).write_bytes(msgspec.json.encode(spec))
    journal = JournalWriter(folder / "journal.jsonl")
    draft = ProposalDraft(
        "edit", "A half-done thought", "why", changes=(Change("c", "a/SKILL.md", "edit"),)
    )
    for event in (
        Started(seq=1),
        Stage(seq=2, name="one"),
        ProposalEvent(seq=3, draft=draft),
    ):
        journal.append(event)
    journal.close()
    return folder.name


def test_a_run_nobody_finished_is_told_with_what_it_had_produced(
    window: MainWindow, example: Path, qtbot: QtBot
) -> None:
    name = lost_run(window.context.folders.runs)
    panel = panel_of(window)
    qtbot.waitUntil(lambda: len(panel.records) == 1, timeout=5000)
    banner = panel.findChild(Banner)
    assert "not finished" in banner.label.text()
    qtbot.mouseClick(banner.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.run_page.record.loaded, timeout=5000)
    record = panel.run_page.record
    assert (record.id, record.state) == (name, "lost")
    assert [(one.group, one.title) for one in record.outcomes] == [
        ("left_out", "A half-done thought")
    ]
    assert "ended before it was taken in" in record.outcomes[0].note


def test_leaving_while_it_runs_brings_a_message_with_a_way_back(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(panel.run_ended, timeout=30_000):
        panel.start()
        window.show_activity("library")
    message = window.context.notify.messages[-1]
    assert message.actions[0].title == "Show results"
    message.actions[0].run()
    assert window.centre.current == "evolution"


def test_the_keyboard_alone_starts_a_run(
    panel: EvolutionPanel, window: MainWindow, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(panel.run_ended, timeout=30_000):
        assert window.context.commands.run("evolution.run")
    assert panel.run_page.record.state == "finished"
    window.context.commands.run("evolution.new")
    assert panel._pages.currentIndex() == 0


def test_everything_that_takes_focus_has_a_name(panel: EvolutionPanel) -> None:
    nameless = [
        widget
        for widget in panel.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QAbstractItemView | QComboBox | QLineEdit)
        and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and not (widget.accessibleName() or getattr(widget, "text", str)())
        and not _inside_of_another(widget)
    ]
    assert nameless == []


def _inside_of_another(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, EvolutionPanel):
        if type(parent).__name__ in ("NumberBox", "ChoiceBox", "EventsTable"):
            return True
        parent = parent.parentWidget()
    return False


def test_keys_of_the_environment_are_given_only_when_declared(
    panel: EvolutionPanel, write_engine: WritePlugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_KEY", "secret")
    write_engine("def run(request, context):\n    return ()\n", more='secrets = ["PROBE_KEY"]')
    panel._context.plugins.set_enabled("probe", True)
    panel.setup_page.refresh()
    panel.setup_page.engines.select("probe")
    assert panel.setup_page.setup().secrets == {"PROBE_KEY": os.environ["PROBE_KEY"]}
    panel.setup_page.engines.select("evidence_miner")
    assert panel.setup_page.setup().secrets == {}


def test_it_fits_a_small_window(panel: EvolutionPanel, window: MainWindow, qtbot: QtBot) -> None:
    run(panel, qtbot)
    window.resize(1280, 800)
    qtbot.wait(50)
    assert window.width() == 1280
    assert panel.minimumSizeHint().width() <= 1180
