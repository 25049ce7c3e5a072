"""The Traces activity on the bundled example traces and on files that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.step_marks import Mark, StepMarks
from workbench.gui.traces.words import StepRow, step_row
from workbench.resources import bundled
from workbench.traces.open import OpenTrace

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
    qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)
    qtbot.wait(20)


@pytest.fixture
def opened_panel(panel: TracesPanel, qtbot: QtBot) -> TracesPanel:
    panel.open_example()
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=20_000)
    settle(panel, qtbot)
    return panel


def trace_named(panel: TracesPanel, title: str) -> OpenTrace:
    return next(one for one in panel._context.traces if title in one.trajectory.title)


def show(panel: TracesPanel, qtbot: QtBot, title: str, step: int = 0, quote: str = "") -> OpenTrace:
    trace = trace_named(panel, title)
    assert panel.show_step(str(trace.path), trace.trajectory.id, step, quote)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    return trace


def text_of(panel: TracesPanel) -> str:
    return panel.viewer.reader.text.toPlainText()


def write_session(path: Path, steps: int) -> Path:
    """Write a Claude Code session: a prompt, then calls and their results."""
    lines = []
    parent = None
    for number in range(steps):
        base = {
            "sessionId": "big",
            "uuid": f"u{number}",
            "parentUuid": parent,
            "timestamp": f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:"
            f"{number % 60:02}Z",
            "cwd": "/x",
            "version": "2.1.0",
        }
        if number % 50 == 0:
            record = {"type": "user", "message": {"role": "user", "content": f"Prompt {number}"}}
        else:
            text = f"Thinking about {number}"
            record = {
                "type": "assistant",
                "message": {
                    "id": f"m{number}",
                    "role": "assistant",
                    "model": "m",
                    "content": [{"type": "text", "text": text}],
                },
            }
        lines.append(json.dumps(base | record))
        parent = f"u{number}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_with_nothing_open_there_is_one_thing_to_do(panel: TracesPanel) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.button.text() == "Open traces…"
    assert panel.why_no_step() is not None


def test_the_examples_open_from_the_empty_state(panel: TracesPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.empty.link, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.list.table.traces.rowCount() == 13, timeout=20_000)
    assert panel.list.isVisible()


def test_garbage_is_told_and_the_rest_opens(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    bad = tmp_path / "a.jsonl"
    bad.write_bytes(b"\x00\xff not a trace\n" * 50)
    good = write_session(tmp_path / "b.jsonl", 20)
    panel._context.open_traces([bad, good])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    assert panel.list.table.traces.rowCount() == 1
    banner = panel.list._banner
    assert banner is not None
    assert "a.jsonl" in banner.label.text()
    assert [problem.path for problem in panel._context.problems] == [bad]


def test_garbage_alone_leaves_the_empty_state_with_the_reason(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    bad = tmp_path / "a.jsonl"
    bad.write_bytes(b"{}\n")
    panel._context.open_traces([bad])
    qtbot.waitUntil(lambda: panel._banner is not None, timeout=10_000)
    assert panel.empty.isVisible()


def test_the_list_filters_by_words_errors_and_skill(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    rows = opened_panel.list.table.traces
    opened_panel.list.filter.setText("supplier")
    qtbot.waitUntil(lambda: rows.rowCount() == 1)
    assert rows.row_at(0).title == "Clean supplier CSV"
    opened_panel.list.filter.clear()
    qtbot.waitUntil(lambda: rows.rowCount() == 13)
    opened_panel.list.failed.click()
    assert 0 < rows.rowCount() < 13
    assert all(rows.row_at(n).errors for n in range(rows.rowCount()))
    opened_panel.list.failed.click()
    opened_panel.list.skill.setCurrentText("git-bisect")
    assert rows.rowCount() == 1
    opened_panel.list.filter.setText("no such words")
    qtbot.waitUntil(opened_panel.list._none.isVisible)


def test_columns_sort(opened_panel: TracesPanel) -> None:
    table = opened_panel.list.table
    table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    errors = [table.traces.row_at(n).errors for n in range(13)]
    assert errors == sorted(errors, reverse=True)


def test_by_keyboard_from_the_list_to_an_error_and_back(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    panel = opened_panel
    trace = trace_named(panel, "Clean supplier")
    panel.list.table.select(str(trace.path), trace.trajectory.id)
    panel.list.table.setFocus()
    qtbot.keyClick(panel.list.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.viewer.index is not None)
    settle(panel, qtbot)
    steps = panel.viewer.steps
    assert steps.hasFocus()
    assert steps.current_step == 0
    qtbot.keyClick(steps, Qt.Key.Key_E)
    assert steps.current_step == 4
    settle(panel, qtbot)
    assert "File does not exist" in text_of(panel)
    qtbot.keyClick(steps, Qt.Key.Key_E)
    assert steps.current_step == 7
    qtbot.keyClick(steps, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert steps.current_step == 4
    qtbot.keyClick(steps, Qt.Key.Key_U)
    assert steps.current_step == 10
    qtbot.keyClick(steps, Qt.Key.Key_S)
    assert steps.current_step == 11
    qtbot.keyClick(steps, Qt.Key.Key_G)
    assert panel.viewer.number.hasFocus()
    qtbot.keyClicks(panel.viewer.number, "9")
    qtbot.keyClick(panel.viewer.number, Qt.Key.Key_Return)
    assert steps.current_step == 9
    qtbot.keyClick(steps, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert panel.list.isVisible()
    selected = panel.list.table.current()
    assert selected is not None
    assert selected.path == str(trace.path)


def test_folding_hides_a_turn_and_a_jump_unfolds_it(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    show(opened_panel, qtbot, "Clean supplier")
    steps = opened_panel.viewer.steps
    assert steps.steps.rowCount() == 13
    qtbot.keyClick(steps, Qt.Key.Key_Left)
    assert steps.steps.rowCount() == 4
    qtbot.keyClick(steps, Qt.Key.Key_E)
    assert steps.current_step == 4
    assert steps.steps.rowCount() == 13


def test_kinds_and_words_filter_the_steps(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    viewer = opened_panel.viewer
    show(opened_panel, qtbot, "Clean supplier")
    viewer.kind.setCurrentText("Prompts")
    assert viewer.steps.steps.rowCount() == 2
    viewer.kind.setCurrentText("All steps")
    viewer.filter.setText("FILE DOES NOT EXIST")
    qtbot.waitUntil(lambda: viewer.steps.steps.rowCount() == 1)
    assert viewer.steps.current_step == 4
    assert "1 of 13" in viewer.count.text()


def test_the_strip_marks_errors_and_takes_clicks(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    show(opened_panel, qtbot, "Clean supplier")
    strip = opened_panel.viewer.strip
    assert "3 errors" in strip.accessibleDescription()
    place = QPoint(round(strip.x_of(7)) + 3, 6 + 16 + 8)
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    assert opened_panel.viewer.steps.current_step == 7
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_Down)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert opened_panel.viewer.steps.current_step == 11
    strip.set_by_time(True)
    assert strip.by_time
    assert strip.x_of(12) > strip.x_of(4)


def test_a_quote_is_marked_character_for_character(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    quote = "Did you mean /home/ada/.claude/skills/csv-cleanup/references/encodings.md?"
    show(opened_panel, qtbot, "Clean supplier", 4, quote)
    reader = opened_panel.viewer.reader
    assert reader.banner is not None
    assert reader.banner.severity == "success"
    document = reader.text.document()
    at = reader._document.quote_at
    assert document.toRawText()[at : at + len(quote)] == quote


def test_a_quote_the_step_does_not_say_is_told(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    show(opened_panel, qtbot, "Clean supplier", 4, "Did you mean encodings.txt?")
    reader = opened_panel.viewer.reader
    assert reader.banner is not None
    assert reader.banner.severity == "warning"
    assert reader._document.quote_at == -1


def test_another_feature_asks_for_a_step_with_a_quote(window: MainWindow, qtbot: QtBot) -> None:
    path = next((EXAMPLE / "traces" / "codex").rglob("rollout-2026-10-20*.jsonl"))
    window.context.request_trace(path, "session", 3)
    qtbot.waitUntil(lambda: window.centre.current == "traces", timeout=10_000)
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    assert panel.viewer.steps.current_step == 3
    said = panel.viewer.reader.page
    assert said is not None
    quote = said.blocks[0].content.text[:20]
    window.context.request_trace(path, "session", 3, quote)
    settle(panel, qtbot)
    assert panel.viewer.reader.banner is not None
    assert panel.viewer.reader.banner.severity == "success"


def test_a_subagent_opens_and_leads_back(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    show(opened_panel, qtbot, "Release notes", 5)
    viewer = opened_panel.viewer
    reader = viewer.reader
    link = next(name for name, one in reader._document.links.items() if one.action == "subagent")
    reader.text.link_used.emit(link)
    qtbot.waitUntil(lambda: viewer.place is not None and bool(viewer.place.way))
    qtbot.waitUntil(lambda: viewer.index is not None)
    settle(opened_panel, qtbot)
    assert viewer.steps.steps.rowCount() == 3
    assert text_of(opened_panel)
    assert viewer.header.up.isVisible()
    qtbot.mouseClick(viewer.header.up, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: viewer.index is not None and len(viewer.index.steps) == 11)


def test_the_facts_lead_to_skill_events_and_subagents(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    show(opened_panel, qtbot, "Release notes")
    facts = opened_panel.inspector.facts
    events = [facts.events.item(n).text() for n in range(facts.events.count())]
    assert events == ["release-notes", "release-notes", "changelog-style", "release-notes"]
    facts.events.itemActivated.emit(facts.events.item(2))
    settle(opened_panel, qtbot)
    assert opened_panel.viewer.steps.current_step == 4
    facts.subagents.itemActivated.emit(facts.subagents.item(0))
    qtbot.waitUntil(
        lambda: opened_panel.viewer.place is not None and bool(opened_panel.viewer.place.way)
    )
    settle(opened_panel, qtbot)


def test_the_raw_record_is_copied_and_shown_as_it_is(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    trace = show(opened_panel, qtbot, "Clean supplier", 0)
    span = trace.trajectory.steps[0].raw[0]
    record = trace.raw(span).decode()
    opened_panel.copy_raw()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == record)
    opened_panel.viewer.raw.click()
    settle(opened_panel, qtbot)
    page = opened_panel.viewer.reader.page
    assert page is not None
    assert [block.content.text for block in page.blocks] == [record]


def test_blocks_fold_and_change_their_renderer(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    show(opened_panel, qtbot, "Clean supplier", 4)
    reader = opened_panel.viewer.reader
    reader.choose_way("0:arguments", "json")
    settle(opened_panel, qtbot)
    assert '"command": "cp suppliers.csv' in text_of(opened_panel)
    name = next(
        name
        for name, one in reader._document.links.items()
        if (one.action, one.target) == ("fold", "0:arguments")
    )
    reader.text.link_used.emit(name)
    settle(opened_panel, qtbot)
    assert "cp suppliers.csv" not in text_of(opened_panel)


def test_all_of_a_long_text_is_shown_in_slices(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    long = "".join(f"line {number}\n" for number in range(110_000)) + "z" * 25_000
    record = {
        "type": "user",
        "uuid": "u",
        "parentUuid": None,
        "sessionId": "s",
        "version": "2.1.0",
        "cwd": "/x",
        "timestamp": "2026-01-01T00:00:00Z",
        "message": {"role": "user", "content": long},
    }
    path = tmp_path / "long.jsonl"
    path.write_text(json.dumps(record) + "\n")
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    panel.show_step(str(path))
    qtbot.waitUntil(lambda: panel.viewer.index is not None)
    settle(panel, qtbot)
    reader = panel.viewer.reader
    assert len(text_of(panel)) < 110_000
    name = next(name for name, one in reader._document.links.items() if one.action == "all")
    reader.text.link_used.emit(name)
    parts = []
    assert reader.full.parts == 2
    for _ in range(2):
        qtbot.waitUntil(lambda: reader.full.complete, timeout=20_000)
        parts.append(reader.full.view.text())
        qtbot.mouseClick(reader.full.after, Qt.MouseButton.LeftButton)
    shown = "".join(parts)
    assert shown.replace("\n", "") == long.replace("\n", "")
    assert max(map(len, shown.split("\n"))) <= 10_000
    qtbot.mouseClick(reader.full.back, Qt.MouseButton.LeftButton)
    assert reader.text.isVisible()


def test_links_and_pictures_of_a_trace_lead_nowhere(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    text = "[click](https://example.invalid) ![p](/etc/hostname) <b>no html</b>"
    record = {
        "type": "user",
        "uuid": "u",
        "parentUuid": None,
        "sessionId": "s",
        "version": "2.1.0",
        "cwd": "/x",
        "timestamp": "2026-01-01T00:00:00Z",
        "message": {"role": "user", "content": text},
    }
    path = tmp_path / "links.jsonl"
    path.write_text(json.dumps(record) + "\n")
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    panel.show_step(str(path))
    qtbot.waitUntil(lambda: panel.viewer.index is not None)
    settle(panel, qtbot)
    shown = text_of(panel)
    assert "[image /etc/hostname]" in shown
    assert "<b>no html</b>" in shown
    before = panel.viewer.reader.page
    panel.viewer.reader.text.link_used.emit("https://example.invalid")
    assert panel.viewer.reader.page is before


def test_a_file_that_was_rewritten_says_so(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "live.jsonl", 20)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    panel.show_step(str(path))
    qtbot.waitUntil(lambda: panel.viewer.index is not None)
    settle(panel, qtbot)
    with path.open("r+b") as stream:
        stream.truncate(10)
    panel.viewer.go_to(7)
    settle(panel, qtbot)
    banner = panel.viewer.reader.banner
    assert banner is not None
    assert banner.severity == "error"
    assert "Open the trace again" in banner.label.text()


@pytest.mark.slow
def test_a_hundred_thousand_steps_are_walked_without_a_pause(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "huge.jsonl", 100_000)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=50_000)
    panel.show_step(str(path))
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=20_000)
    steps = panel.viewer.steps
    qtbot.waitUntil(lambda: steps.steps.rowCount() == 100_000, timeout=50_000)
    asked: list[int] = []

    def watched(index: StepMarks, step: int) -> StepRow:
        asked.append(step)
        return step_row(index, step)

    monkeypatch.setattr("workbench.gui.traces.viewer.steps_view.step_row", watched)
    steps.scrollToBottom()
    steps.viewport().repaint()
    assert asked, "the rows at the end were painted"
    assert len(set(asked)) < 60, "only what is in sight is made"
    panel.jump(Mark.PROMPT, -1)
    assert steps.current_step == 99_950


def test_closing_traces_leaves_the_empty_state(opened_panel: TracesPanel, qtbot: QtBot) -> None:
    show(opened_panel, qtbot, "Clean supplier", 4)
    opened_panel._context.commands.run("trace.close_all")
    assert opened_panel.empty.isVisible()
    assert opened_panel.viewer.place is None


def test_usage_leads_to_the_step(window: MainWindow, qtbot: QtBot) -> None:
    context = window.context
    context.open_library(EXAMPLE / "library")
    context.open_traces([EXAMPLE / "traces"])
    qtbot.waitUntil(lambda: context.library is not None and bool(context.traces), timeout=20_000)
    window.show_activity("traces")
    panel = window.centre.view("traces")
    assert isinstance(panel, TracesPanel)
    settle(panel, qtbot)
    assert context.commands.run("trace.usage")
    settle(panel, qtbot)
    usage = panel.usage
    assert usage.model.rowCount() == 11
    context.select_skill("git-bisect")
    assert "git-bisect" in usage.heading.text()
    use = usage.uses.item(0)
    usage.uses.itemActivated.emit(use)
    qtbot.waitUntil(lambda: panel.viewer.index is not None)
    settle(panel, qtbot)
    assert panel.viewer.steps.current_step == use.data(Qt.ItemDataRole.UserRole).step
    panel.show_usage()
    usage.choose_list("Listed, never chosen")
    assert usage.model.rowCount() == 0, "nine sessions are too few to say so"
    usage.least.setValue(9)
    settle(panel, qtbot)
    names = [one.name for one in usage.model.rows()]
    assert sorted(names) == ["changelog-style", "incident-report", "sql-review"]


def test_usage_without_a_library_says_what_is_missing(
    opened_panel: TracesPanel, qtbot: QtBot
) -> None:
    opened_panel.show_usage()
    assert opened_panel.usage._no_library.isVisible()


@pytest.mark.parametrize("theme", ["light", "dark", "high-contrast"])
def test_every_page_is_drawn_in_every_theme(
    opened_panel: TracesPanel, qtbot: QtBot, theme: str
) -> None:
    show(opened_panel, qtbot, "Clean supplier", 4)
    opened_panel._context.set_theme(theme)
    assert not opened_panel.grab().isNull()
    opened_panel.show_list()
    assert not opened_panel.grab().isNull()


def test_everything_that_takes_the_focus_has_a_name(
    opened_panel: TracesPanel, qtbot: QtBot, focusable: Callable[[QWidget], list[QWidget]]
) -> None:
    show(opened_panel, qtbot, "Clean supplier", 4)
    nameless = [one for one in focusable(opened_panel) if not (one.accessibleName() or _text(one))]
    assert nameless == []


@pytest.fixture
def focusable() -> Callable[[QWidget], list[QWidget]]:
    def find(root: QWidget) -> list[QWidget]:
        return [
            one
            for one in root.findChildren(QWidget)
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus
            and not one.objectName().startswith("qt_")
            and one.focusProxy() is None
        ]

    return find


def _text(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) else ""
