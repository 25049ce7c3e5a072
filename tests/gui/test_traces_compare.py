"""The tab Compare on the bundled traces and on runs made for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.unit.traces.claude_records import Session, call, text
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.compare.aligned import aligned, lines_of
from workbench.gui.traces.compare.compare_page import ComparePage
from workbench.gui.traces.compare.export import save_report
from workbench.gui.traces.compare.runs_view import shown_pair
from workbench.gui.traces.opened import TracePlace, all_places
from workbench.gui.traces.panel import TracesPanel
from workbench.resources import bundled
from workbench.traces.compare.report import comparison_document, comparison_report

EXAMPLE = bundled("resources") / "example"


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    return made


def settle(panel: TracesPanel, qtbot: QtBot) -> None:
    context = panel._context
    qtbot.waitUntil(lambda: not context.jobs.active, timeout=20_000)
    qtbot.wait(80)
    qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)
    qtbot.wait(20)


def write_run(folder: Path, name: str, commands: Sequence[str], result: str = "done") -> Path:
    """Write a session of a prompt and one Bash call for each command."""
    session = Session()
    session.prompt("Build it")
    for number, command in enumerate(commands):
        session.says(text(f"Now {command}"), call(f"t{number}", "Bash", command=command))
        session.result(f"t{number}", f"{result} {number}")
    return session.write(folder, name)


def compare_files(panel: TracesPanel, qtbot: QtBot, paths: Sequence[Path]) -> ComparePage:
    panel._context.open_traces(paths)
    qtbot.waitUntil(lambda: len(panel._context.traces) == len(paths), timeout=10_000)
    settle(panel, qtbot)
    places = sorted(all_places(panel._context.traces), key=lambda one: one.path)
    panel.compare(places)
    qtbot.waitUntil(lambda: panel.comparison.texts_read, timeout=10_000)
    settle(panel, qtbot)
    assert panel.comparison.compares
    return panel.comparison


def side_texts(page: ComparePage) -> list[tuple[str, str, str]]:
    return [(one.kind, one.left.text, one.right.text) for one in page.runs.sides.lines.pairs]


COMMON = [f"step{n} --x" for n in range(12)]


@pytest.fixture
def page(panel: TracesPanel, qtbot: QtBot, tmp_path: Path) -> ComparePage:
    """Two runs that are the same for 13 steps, then fail, differ, and one goes on."""
    left = write_run(tmp_path, "a.jsonl", [*COMMON, "make -j4 all", "rm -r build"])
    right = write_run(tmp_path, "b.jsonl", [*COMMON, "make -j8 all", "ship it", "publish"])
    return compare_files(panel, qtbot, [left, right])


def test_the_first_divergence_is_selected_and_its_words_are_marked(page: ComparePage) -> None:
    rows = page.runs.rows
    assert rows.hasFocus()
    assert rows.current_row == 13
    changed = [one for one in page.runs.sides.lines.pairs if one.kind == "changed"]
    assert ("command: make -j4 all", "command: make -j8 all") in [
        (one.left.text, one.right.text) for one in changed
    ]
    marked = next(one for one in changed if one.left.text.startswith("command"))
    assert [marked.left.text[a:b] for a, b in marked.left.words] == ["j4"]
    assert [marked.right.text[a:b] for a, b in marked.right.words] == ["j8"]


def test_equal_steps_are_folded_and_unfold_by_key(page: ComparePage, qtbot: QtBot) -> None:
    rows = page.runs.rows
    folds = [n for n in range(rows.rows.rowCount()) if rows.rows.line_at(n).kind == "equal"]
    assert len(folds) == 1
    index = rows.rows.index(folds[0], 0)
    assert index.data(Qt.ItemDataRole.DisplayRole).startswith("12 equal steps")
    before = rows.rows.rowCount()
    rows.setCurrentIndex(index)
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    assert rows.rows.rowCount() == before + 11
    qtbot.keyClick(rows, Qt.Key.Key_Space)
    assert rows.rows.rowCount() == before


def test_keys_go_from_difference_to_difference(page: ComparePage, qtbot: QtBot) -> None:
    rows = page.runs.rows
    seen = [rows.current_row]
    for _ in range(2):
        qtbot.keyClick(rows, Qt.Key.Key_N)
        seen.append(rows.current_row)
    assert seen == sorted(set(seen))
    assert all(page.runs.found is not None and page.runs.found.levels[row] for row in seen)
    qtbot.keyClick(rows, Qt.Key.Key_P)
    assert rows.current_row == seen[-2]
    qtbot.keyClick(rows, Qt.Key.Key_D)
    assert rows.current_row == 13
    qtbot.keyClick(page.runs.strip, Qt.Key.Key_Right)
    assert rows.current_row == seen[1]


def test_only_differences_are_listed_when_asked(page: ComparePage) -> None:
    page.runs.shown.setCurrentIndex(2)
    rows = page.runs.rows.rows
    assert rows.rowCount() == 3
    assert {rows.line_at(n).kind for n in range(3)} == {"row"}


def test_a_step_alone_shows_its_own_side(page: ComparePage, qtbot: QtBot) -> None:
    found = page.runs.found
    assert found is not None
    alone = next(n for n, row in enumerate(found.rows) if row.cells[0] is None)
    page.runs.go_row(alone)
    qtbot.waitUntil(lambda: any(kind == "right" for kind, _, _ in side_texts(page)))
    assert not any(kind == "changed" for kind, _, _ in side_texts(page))
    model = page.runs.rows.rows
    number = model.number_of(alone)
    words = model.index(number, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == "A has no such step"
    spoken = model.index(number, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "only in B" in spoken


def test_figures_and_curves_are_told_in_words(page: ComparePage) -> None:
    model = page.runs.runs.runs
    words = model.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == "Steps: 16, +1 against the first"
    page.runs.amount.setCurrentIndex(1)
    assert page.runs.curves.accessibleName().startswith("Time so far, at each quarter")
    assert "only in A" in page.runs.strip.accessibleDescription()
    assert page.runs.facts["Prompt"].text() == "the same: Build it"


def test_enter_opens_the_step_and_the_comparison_is_still_there(
    panel: TracesPanel, page: ComparePage, qtbot: QtBot
) -> None:
    qtbot.keyClick(page.runs.rows, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.in_viewer)
    settle(panel, qtbot)
    assert panel.viewer.steps.current_step == 13
    panel.show_list()
    panel.show_tab("comparison")
    assert page.compares
    assert page.runs.rows.current_row == 13


def test_results_that_differ_are_marked_after_their_texts_are_read(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    left = write_run(tmp_path, "a.jsonl", COMMON, "done")
    right = write_run(tmp_path, "b.jsonl", COMMON, "made")
    page = compare_files(panel, qtbot, [left, right])
    found = page.runs.found
    assert found is not None
    assert found.comparison.first_difference is None
    assert found.rows[1].changes == ("result",)
    folded = lines_of(found, "all", frozenset())
    words = page.runs.rows.rows.index(len(folded) - 1, 0).data()
    assert words == "13 steps that do the same, 12 worded or answered differently, folded"


def test_three_runs_stand_beside_one_another(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [
        write_run(tmp_path, f"{name}.jsonl", [*COMMON, command])
        for name, command in (("a", "make"), ("b", "make"), ("c", "ninja -v"))
    ]
    page = compare_files(panel, qtbot, paths)
    rows = page.runs.rows
    assert rows.rows.columnCount() == 3
    assert rows.current_row == 13
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: page.runs.sides.lines.names[1].startswith("C"))
    assert page.runs.runs.runs.rowCount() == 3


@pytest.mark.parametrize(
    ("cells", "current", "pair"),
    [
        ((1, 1), 0, (0, 1)),
        ((1, None), 1, (0, 1)),
        ((None, None, 4), 0, (0, 2)),
        ((None, 3, 4), 2, (1, 2)),
        ((1, None, 4), 1, (0, 2)),
        ((1, 2, 4), 2, (0, 2)),
    ],
)
def test_the_pane_shows_two_runs_that_have_the_step(
    cells: tuple[int | None, ...], current: int, pair: tuple[int, int]
) -> None:
    assert shown_pair(cells, current) == pair


def test_runs_with_nothing_in_common_say_so(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    atif = EXAMPLE / "traces" / "atif" / "profile-sensor-infra.json"
    (other,) = (EXAMPLE / "traces" / "swe-agent").rglob("*.traj")
    page = compare_files(panel, qtbot, [atif, other])
    found = page.runs.found
    assert found is not None
    shared = found.comparison.counts
    if shared.same + shared.changed + shared.some == 0:
        assert page.runs._banner is not None
    else:
        assert page.runs._banner is None


def test_one_trace_alone_asks_for_another(panel: TracesPanel, qtbot: QtBot, tmp_path: Path) -> None:
    panel._context.open_traces([write_run(tmp_path, "a.jsonl", COMMON)])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    panel.compare([])
    assert panel.comparison.few.isVisible()


def test_runs_are_chosen_by_keyboard_those_of_one_task_first(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [write_run(tmp_path, f"{name}.jsonl", COMMON) for name in "ab"]
    panel._context.open_traces([EXAMPLE / "traces", *paths])
    qtbot.waitUntil(lambda: len(panel._context.traces) == 15, timeout=20_000)
    settle(panel, qtbot)
    panel._context.commands.run("trace.compare")
    settle(panel, qtbot)
    picker = panel.comparison.picker
    picker.choices.clear()
    assert not picker.button.isEnabled()
    picker.list.setFocus()
    picker.list.setCurrentIndex(picker.choices.index(0))
    qtbot.keyClick(picker.list, Qt.Key.Key_Space)
    qtbot.keyClick(picker.list, Qt.Key.Key_Down)
    qtbot.keyClick(picker.list, Qt.Key.Key_Space)
    assert [one.alike for one in picker.choices.chosen] == [2, 2]
    spoken = picker.choices.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "chosen as B, one of 2 runs of this prompt" in spoken
    qtbot.keyClick(picker.list, Qt.Key.Key_Return)
    settle(panel, qtbot)
    assert panel.comparison.compares
    found = panel.comparison.runs.found
    assert found is not None
    assert found.comparison.counts.same == 13


def test_selected_traces_of_the_list_are_compared(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    panel._context.open_traces([write_run(tmp_path, f"{name}.jsonl", COMMON) for name in "ab"])
    qtbot.waitUntil(lambda: len(panel._context.traces) == 2, timeout=10_000)
    settle(panel, qtbot)
    panel.list.table.selectAll()
    panel._context.commands.run("trace.compare")
    settle(panel, qtbot)
    assert panel.comparison.compares


def test_runs_that_are_not_open_are_opened_first(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    paths = [write_run(tmp_path, f"{name}.jsonl", COMMON) for name in "abc"]
    panel._context.open_traces(paths[:1])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    panel.show_tab("comparison")
    panel.comparison.compare_keys([(str(path), "") for path in paths[1:]])
    qtbot.waitUntil(lambda: panel.comparison.compares, timeout=10_000)
    settle(panel, qtbot)
    assert {str(one.path) for one in panel.comparison.runs.traces} == set(map(str, paths[1:]))


def test_closing_the_traces_ends_the_comparison(
    panel: TracesPanel, page: ComparePage, qtbot: QtBot
) -> None:
    panel.close_all()
    settle(panel, qtbot)
    assert page.runs.found is None
    assert panel.why_no_comparison() is not None
    assert panel.empty.isVisible()


def test_a_file_that_is_gone_is_told_in_words(
    page: ComparePage, panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "b.jsonl").write_bytes(b"{}\n")
    page.runs.rows.setFocus()
    qtbot.keyClick(page.runs.rows, Qt.Key.Key_N)
    settle(panel, qtbot)
    banner = page.runs._banner
    assert banner is not None
    assert "cannot be read" in banner.label.text()


def test_selected_lines_are_copied_with_their_signs(page: ComparePage, qtbot: QtBot) -> None:
    sides = page.runs.sides
    qtbot.waitUntil(lambda: sides.lines.rowCount() > 0)
    sides.selectAll()
    sides.setFocus()
    qtbot.keyClick(sides, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert "- command: make -j4 all" in copied
    assert "+ command: make -j8 all" in copied


def test_a_comparison_is_cancelled_from_the_page(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*args: object) -> None:
        check = args[2]
        assert callable(check)
        while True:
            check()

    monkeypatch.setattr("workbench.gui.traces.compare.compare_page.compare", endless)
    panel._context.open_traces([write_run(tmp_path, f"{name}.jsonl", COMMON) for name in "ab"])
    qtbot.waitUntil(lambda: len(panel._context.traces) == 2, timeout=10_000)
    settle(panel, qtbot)
    places: list[TracePlace] = list(all_places(panel._context.traces))
    panel.compare(places)
    assert panel.comparison.cancel_button.isVisible()
    qtbot.mouseClick(panel.comparison.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.comparison.picker.isVisible, timeout=5_000)


@pytest.mark.parametrize("ending", ["html", "md", "json"])
def test_a_report_is_saved(
    page: ComparePage, panel: TracesPanel, qtbot: QtBot, tmp_path: Path, ending: str
) -> None:
    found, traces = page.runs.found, page.runs.traces
    assert found is not None
    made = found.comparison
    path = tmp_path / f"report.{ending}"
    both = (lambda: comparison_report(made, traces), lambda: comparison_document(made, traces))
    save_report(panel._context, page, both, path)
    qtbot.waitUntil(path.exists, timeout=5_000)
    settle(panel, qtbot)
    told = path.read_text(encoding="utf-8")
    assert "make -j" in told
    assert "<script" not in told


def test_strip_and_curves_of_long_runs_stay_small() -> None:
    from tests.unit.traces.compare.runs import run
    from workbench.traces.compare.runs import compare

    words = [("Bash", f"make {n}") for n in range(5000)]
    runs = [run(*words), run(*words[:-1], ("Edit", "/x"))]
    found = aligned(compare(runs), runs)
    assert all(len(lane) <= 1000 for lane in found.strip)
    assert all(len(curve.points) <= 700 for curve in found.curves["tokens"])
    assert len(lines_of(found, "all", frozenset())) <= 4
