"""Groups of sessions in the tab Compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.test_traces_compare import settle
from tests.unit.traces.claude_records import Session, call
from tests.unit.usage.world import commits, library, load, skill_md
from workbench.domain.annotation import Annotation, StepAnchor
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.compare.cohorts_view import CohortsView
from workbench.gui.traces.compare.group_rows import group_rows, sessions_behind
from workbench.gui.traces.compare.groups import Gathered, compared, gathered
from workbench.gui.traces.panel import TracesPanel
from workbench.resources import bundled
from workbench.traces.compare.document import as_html, as_markdown
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.cohort_report import cohort_report
from workbench.usage.cohorts import by_skill
from workbench.usage.outcomes import AttachedOutcomes

EXAMPLE = bundled("resources") / "example"


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    return made


@pytest.fixture
def groups(panel: TracesPanel, qtbot: QtBot) -> CohortsView:
    panel.open_example()
    qtbot.waitUntil(lambda: len(panel._context.traces) == 13, timeout=20_000)
    settle(panel, qtbot)
    panel._context.commands.run("trace.compare_groups")
    settle(panel, qtbot)
    assert panel.comparison.cohorts.isVisible()
    return panel.comparison.cohorts


def test_a_skill_divides_the_sessions_and_what_to_keep_in_mind_stands_above(
    groups: CohortsView,
) -> None:
    found = groups.found
    assert found is not None
    assert found.first.sessions + found.second.sessions == 13
    told = groups.caveats.text()
    assert "no proof of an effect" in told.splitlines()[0]
    assert "counts only" in told
    model = groups.figures_model
    assert model.headerData(1, Qt.Orientation.Horizontal) == found.first.name
    rows = [model.row_at(n).cells for n in range(model.rowCount())]
    errors = next(cells for cells in rows if cells[0] == "Sessions with errors")
    share = found.first.with_errors
    assert errors[1] == f"{share.hits} of {share.of}"
    assert errors[3] == "counts only"


def test_every_figure_leads_to_its_sessions(
    panel: TracesPanel, groups: CohortsView, qtbot: QtBot
) -> None:
    found = groups.found
    assert found is not None
    number = next(
        n
        for n in range(groups.figures_model.rowCount())
        if groups.figures_model.row_at(n).measure == "with_errors"
    )
    groups.figures.setCurrentIndex(groups.figures_model.index(number, 1))
    rows = groups.sessions_model
    assert rows.rowCount() == found.first.sessions
    values = [rows.index(n, 2).data() for n in range(rows.rowCount())]
    assert values.count("with errors") == found.first.with_errors.hits
    member = rows.row_at(0).member
    groups.sessions.setFocus()
    groups.sessions.selectRow(0)
    qtbot.keyClick(groups.sessions, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.in_viewer)
    assert panel._place is not None
    assert panel._place.trajectory.id == member.id


def test_sets_are_chosen_by_hand_with_keys(
    panel: TracesPanel, groups: CohortsView, qtbot: QtBot
) -> None:
    groups.divide_by("hand")
    settle(panel, qtbot)
    assert groups.none.isVisible()
    table = groups.sessions
    assert groups.sessions_model.rowCount() == 13
    table.setFocus()
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_1)
    table.selectRow(1)
    qtbot.keyClick(table, Qt.Key.Key_2)
    settle(panel, qtbot)
    found = groups.found
    assert found is not None
    assert (found.first.sessions, found.second.sessions, found.left_out) == (1, 1, 11)
    assert groups.sessions_model.index(1, 0).data() == "second set"


def test_what_nothing_can_be_divided_by_says_why(
    panel: TracesPanel, groups: CohortsView, qtbot: QtBot
) -> None:
    groups.divide_by("label")
    settle(panel, qtbot)
    assert groups.none.isVisible()
    assert groups.found is None
    groups.divide_by("model")
    settle(panel, qtbot)
    assert groups.found is not None


def test_without_traces_there_is_one_thing_to_do(panel: TracesPanel, qtbot: QtBot) -> None:
    panel.show_tab("comparison")
    assert panel.empty.isVisible()


def _traces(folder: Path, edits: Sequence[str]) -> list[OpenTrace]:
    folder.mkdir(exist_ok=True)
    made: list[OpenTrace] = []
    for number, command in enumerate(edits):
        session = Session()
        session.prompt("The same task")
        session.says(call("t", "Bash", command=command))
        session.result("t", "ok")
        made += open_traces(session.write(folder, f"s{number}.jsonl"))
    return made


def _gathered(traces: Sequence[OpenTrace], annotations: Sequence[Annotation] = ()) -> Gathered:
    return gathered(traces, None, annotations, AttachedOutcomes(annotations))


def test_labels_and_attached_outcomes_divide_and_count(tmp_path: Path) -> None:
    traces = _traces(tmp_path, ["a", "b", "c"])
    one, other = (StepAnchor(trace.trajectory.id, path=str(trace.path)) for trace in traces[:2])
    said = [
        Annotation("1", one, "2026-01-01", "2026-01-01", label="good start"),
        Annotation("2", other, "2026-01-01", "2026-01-01", outcome="pass"),
        Annotation("3", other, "2026-01-01", "2026-01-01", label="gone", deleted=True),
    ]
    known = _gathered(traces, said)
    assert [one.value for one in known.choices("label")] == ["good start"]
    found = compared(known, "label", "good start", frozenset(), frozenset())
    assert (found.first.sessions, found.second.sessions) == (1, 2)
    assert (found.second.passed.hits, found.second.passed.of) == (1, 1)
    assert found.tasks is not None
    rows = group_rows(found)
    assert rows[0].cells[0] == "Same first prompt: 1 task"
    paired = next(row for row in rows if row.kind == "paired")
    assert len(sessions_behind(found, paired, 1)) == 3
    for trace in traces:
        trace.close()


def test_an_edit_of_a_skill_divides_by_the_text_that_was_loaded(tmp_path: Path) -> None:
    bodies = ["# PDF\n\nOld way.\n", "# PDF\n\nNew way.\n"]
    root = commits(
        tmp_path / "repo",
        [
            (1_767_225_600 + at * 86_400 * 30, {"pdf/SKILL.md": skill_md("pdf", body)})
            for at, body in enumerate(bodies)
        ],
    )
    traces: list[OpenTrace] = []
    for number, body in enumerate((*bodies, bodies[1])):
        session = Session()
        session.prompt("Fill it")
        load(session, "pdf", body)
        for record in session.records:
            # The same uuids would make it the same session, resumed.
            for name in ("uuid", "parentUuid"):
                record[name] = record.get(name) and f"{record[name]}-{number}"
        traces += open_traces(session.write(tmp_path, f"s{number}.jsonl"))
    traces += _traces(tmp_path / "none", ["a"])
    known = gathered(traces, library(root), (), AttachedOutcomes())
    (choice,) = known.choices("version")
    assert choice.title.startswith("pdf: Change 1 ·")
    found = compared(known, "version", choice.value, frozenset(), frozenset())
    assert (found.first.sessions, found.second.sessions, found.left_out) == (1, 2, 1)
    assert found.first.name == "pdf before the edit"
    assert found.tasks is not None
    for trace in traces:
        trace.close()


def test_a_group_report_and_its_document_say_the_same(tmp_path: Path) -> None:
    traces = _traces(tmp_path, ["a", "b"])
    found = by_skill([trace.trajectory for trace in traces], "x|y<b>")
    report = cohort_report(found)
    html, markdown = as_html(report), as_markdown(report)
    assert "x|y&lt;b&gt;" in html
    assert "<b>" not in html
    assert r"x\|y\<b\>" in markdown
    document = json.loads(msgspec.json.encode(found))
    assert document["second"]["sessions"] == 2
    for trace in traces:
        trace.close()
