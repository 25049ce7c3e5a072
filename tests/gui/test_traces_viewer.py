"""Walking a trace: history, agents, files, the page to read, links, exports."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from workbench.domain.trace_link import parse_link
from workbench.gui.app import parse
from workbench.gui.shell.trace_links import follow_link, typed_choice
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.step_marks import Mark, marks_of
from workbench.gui.traces.viewer.exports import EXPORTS
from workbench.gui.traces.viewer.reading.entries import entries_of, pages_of
from workbench.gui.traces.viewer.renderers import RENDERERS
from workbench.gui.traces.viewer.renderers.content import Content, Run, TextRenderer
from workbench.resources import bundled
from workbench.traces.open import OpenTrace, open_traces

EXAMPLE = bundled("resources") / "example"
NO, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    made.open_example()
    qtbot.waitUntil(lambda: bool(made._context.traces), timeout=20_000)
    settle(made, qtbot)
    return made


def settle(panel: TracesPanel, qtbot: QtBot) -> None:
    context = panel._context
    qtbot.waitUntil(lambda: not context.jobs.active, timeout=20_000)
    for _ in range(2):
        qtbot.waitUntil(lambda: not context.bridge._calls, timeout=20_000)
        qtbot.wait(20)


def show(panel: TracesPanel, qtbot: QtBot, title: str, step: int = 0) -> OpenTrace:
    trace = next(one for one in panel._context.traces if title in one.trajectory.title)
    assert panel.show_step(str(trace.path), trace.trajectory.id, step)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)
    return trace


def said(panel: TracesPanel) -> list[str]:
    return [one.text for one in panel._context.notify.messages]


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key, held: Qt.KeyboardModifier = NO) -> None:
    qtbot.keyClick(widget, key, held)


# Walking


def test_jumps_are_gone_back_over_and_forward_again(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier")
    steps = panel.viewer.steps
    for _ in range(3):
        press(qtbot, steps, Qt.Key.Key_E)
    assert steps.current_step == 11
    press(qtbot, steps, Qt.Key.Key_Left, ALT)
    assert steps.current_step == 7
    press(qtbot, steps, Qt.Key.Key_Left, ALT)
    assert steps.current_step == 4
    press(qtbot, steps, Qt.Key.Key_Right, ALT)
    assert steps.current_step == 7
    press(qtbot, steps, Qt.Key.Key_U)
    press(qtbot, steps, Qt.Key.Key_Right, ALT)
    assert steps.current_step == 10, "a jump forgets what was ahead"


def test_the_first_error_is_one_key_away_from_anywhere(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier", 12)
    press(qtbot, panel.viewer.steps, Qt.Key.Key_Home, ALT)
    assert panel.viewer.steps.current_step == 4


def test_kinds_are_hidden_from_the_list_and_a_jump_shows_them(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, "Clean supplier")
    viewer = panel.viewer
    whole = viewer.steps.steps.rowCount()
    viewer.pane._steps_hidden[Mark.TOOL].setChecked(True)
    index = viewer.index
    assert index is not None
    tools = sum(1 for mark in index.marks if mark & Mark.TOOL)
    assert viewer.steps.steps.rowCount() == whole - tools
    viewer.go_to(4)
    assert viewer.steps.current_step == 4
    assert viewer.steps.steps.rowCount() == whole


def test_results_are_closed_in_every_step_until_one_is_opened(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, "Clean supplier", 5)
    reader = panel.viewer.reader
    assert "encodings.md" in reader.text.toPlainText()
    panel.viewer.pane.parts["observation"].setChecked(True)
    settle(panel, qtbot)
    assert "encodings.md" not in reader.text.toPlainText()
    panel.viewer.go_to(6)
    settle(panel, qtbot)
    assert reader.page is not None
    assert [one.folded for one in reader.page.blocks if one.content.role == "observation"] == [True]


def test_a_statistic_leads_to_its_first_step(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier", 12)
    qtbot.waitUntil(lambda: panel.inspector.used._form.rowCount() > 3, timeout=5_000)
    links = [
        one
        for one in panel.inspector.used.findChildren(QWidget)
        if "Errors" in one.accessibleName()
    ]
    assert links[0].accessibleName() == "Errors: 3, go to the first"
    qtbot.mouseClick(links[0], Qt.MouseButton.LeftButton)
    assert panel.viewer.steps.current_step == 4


# Agents, cost, files


def test_subagents_are_a_tree_with_what_each_used(panel: TracesPanel, qtbot: QtBot) -> None:
    trace = show(panel, qtbot, "Release notes")
    agents = panel.viewer.pane.agents
    assert agents.isVisible()
    model = agents.model()
    top = model.index(0, 0)
    assert model.rowCount() == 1
    assert model.rowCount(top) == len(trace.trajectory.children) == 1
    own, whole = top.data(Qt.ItemDataRole.UserRole + 1), top.data(Qt.ItemDataRole.UserRole + 2)
    assert own.startswith("11 steps  ·  84.1k → 401  ·  ≈ $0.026")
    assert whole == "in all 119k → 503  ·  ≈ $0.036"
    press(qtbot, panel.viewer.steps, Qt.Key.Key_B)
    assert agents.hasFocus()
    press(qtbot, agents, Qt.Key.Key_Down)
    press(qtbot, agents, Qt.Key.Key_Return)
    settle(panel, qtbot)
    assert panel.viewer.place is not None
    assert panel.viewer.place.way == (0,)
    assert agents.isVisible()
    press(qtbot, panel.viewer.steps, Qt.Key.Key_Left, ALT)
    settle(panel, qtbot)
    assert panel.viewer.place.way == ()


def family(path: Path) -> Path:
    """Write a session that fails, a subagent of it that fails twice, and one that does not."""

    def step(uid: str, *, failed: bool = False, sub: str | None = None) -> dict[str, object]:
        call: dict[str, object] = {
            "id": f"c{uid}",
            "name": "Task" if sub else "Bash",
            "argument": uid,
        }
        call |= {"arguments": "{}", "status": "error" if failed else "ok", "sub": sub}
        call |= {"exit_code": None, "observation": "told"}
        return {"index": 0, "uid": uid, "kind": "agent", "text": uid, "calls": [call]}

    def head(name: str, depth: int) -> dict[str, object]:
        return {"schema": "skill-workbench/trajectory/1", "id": name, "format": "", "agent": "x",
                "model": None, "task": None, "title": name, "outcome": "unknown",
                "reward": None, "depth": depth}  # fmt: skip

    rows = [
        *(head("main", 0), step("m0"), step("m1", sub="first"), step("m2", failed=True)),
        *(step("m3", sub="second"), step("m4")),
        *(head("first", 1), step("f0", failed=True), step("f1"), step("f2", failed=True)),
        *(head("second", 1), step("s0")),
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_errors_of_subagents_are_gone_through_where_they_were_made(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    path = family(tmp_path / "family.jsonl")
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: panel._context.trace(str(path)) is not None, timeout=10_000)
    assert panel.show_step(str(path), "", 0)
    settle(panel, qtbot)

    def after(key: Qt.Key, held: Qt.KeyboardModifier = NO) -> tuple[tuple[int, ...], int]:
        press(qtbot, panel.viewer.steps, key, held)
        settle(panel, qtbot)
        assert panel.viewer.place is not None
        return panel.viewer.place.way, panel.viewer.steps.current_step

    error = Qt.Key.Key_E
    assert [after(error) for _ in range(4)] == [((0,), 0), ((0,), 2), ((), 2), ((0,), 0)]
    assert after(error, Qt.KeyboardModifier.ShiftModifier) == ((), 2)
    assert after(error, Qt.KeyboardModifier.ShiftModifier) == ((0,), 2)
    assert after(Qt.Key.Key_Home, ALT) == ((0,), 0)


def test_a_trace_without_subagents_shows_no_tree(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier")
    assert not panel.viewer.pane.agents.isVisible()


def test_a_file_that_was_touched_narrows_the_steps(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Release notes")
    files = panel.inspector.used.files
    qtbot.waitUntil(lambda: files.count() == 2, timeout=5_000)
    item = files.item(1)
    assert (item.text(), item.data(Qt.ItemDataRole.UserRole + 1)) == (
        "RELEASE_NOTES.md",
        "1 created",
    )
    files.itemActivated.emit(item)
    viewer = panel.viewer
    assert viewer.steps.steps.rowCount() == 1
    assert viewer.steps.current_step == 9
    viewer.go_to(2)
    assert viewer.steps.steps.rowCount() == 11, "a jump to another step takes the filter off"


def test_a_step_says_what_it_cost(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Release notes", 4)
    title = panel.viewer.detail.title
    assert "≈ $0.0047" in title.toolTip() + title.text()


# Renderers


class Raising(TextRenderer):
    id = "raising"
    title = "Raising"

    def fit(self, content: Content) -> float:
        return 1.0

    def prettify(self, content: Content) -> str:
        raise RecursionError("too deep")

    def colour(self, text: str) -> Sequence[Run]:
        return ()


def test_a_renderer_that_raises_never_hides_the_text(
    panel: TracesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.gui.traces.viewer.step_page.RENDERERS", (Raising(), *RENDERERS))
    show(panel, qtbot, "Clean supplier", 5)
    text = panel.viewer.reader.text.toPlainText()
    assert "encodings.md" in text
    assert "The Raising view failed on this text (RecursionError)." in text


# The page to read


def test_the_trace_is_read_as_a_page(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier", 4)
    press(qtbot, panel.viewer.steps, Qt.Key.Key_V)
    page = panel.viewer.reading.page
    qtbot.waitUntil(lambda: bool(page._entries) and page.complete, timeout=5_000)
    text = page.text.toPlainText()
    assert "suppliers.csv does not load in our importer" in text
    assert "Line 88 is kept now: 1,199 rows, 2 rejected." in text
    assert "★ csv-cleanup loaded" in text
    assert "File does not exist" in text, "what went wrong is on the page"
    assert "description: ls" not in text, "a call is one line"
    page.unfold("5:0")
    settle(panel, qtbot)
    assert "description: ls" in page.text.toPlainText()
    page.unfold("5:0")
    assert "description: ls" not in page.text.toPlainText()
    press(qtbot, page, Qt.Key.Key_E)
    assert panel.viewer.steps.current_step == 7
    page.step_asked.emit(9)
    assert panel.viewer.steps.isVisible()
    assert panel.viewer.steps.current_step == 9


def long_session(path: Path, steps: int, *, words: str = "Said") -> Path:
    lines = []
    parent = None
    for number in range(steps):
        base = {
            "sessionId": "long",
            "uuid": f"u{number}",
            "parentUuid": parent,
            "version": "2.1.0",
            "cwd": "/x",
            "timestamp": f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        }
        parent = f"u{number}"
        content = [{"type": "text", "text": f"{words} {number}"}]
        if number % 30 == 0:
            record = {"type": "user", "message": {"role": "user", "content": content}}
        else:
            told = {"id": f"m{number}", "role": "assistant", "model": "m", "content": content}
            record = {"type": "assistant", "message": told}
        lines.append(json.dumps(base | record))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_long_trace_is_read_page_by_page(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    path = long_session(tmp_path / "long.jsonl", 1_000)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: panel._context.trace(str(path)) is not None, timeout=10_000)
    panel.show_step(str(path), "", 700)
    qtbot.waitUntil(lambda: panel.viewer.steps.steps.rowCount() == 1_000, timeout=10_000)
    settle(panel, qtbot)
    panel.viewer.header.reading.click()
    page = panel.viewer.reading.page
    qtbot.waitUntil(lambda: bool(page._entries) and page.complete, timeout=5_000)
    assert page.pages > 10
    assert "Said 700" in page.text.toPlainText()
    before = page.page
    press(qtbot, page.text, Qt.Key.Key_PageDown, ALT)
    settle(panel, qtbot)
    assert page.page == before + 1
    index = panel.viewer.index
    assert index is not None
    cut = pages_of(index)
    assert [step for one in cut for step in one] == list(range(1_000))
    assert all(one.start % 30 == 0 for one in cut[:-1]), "turns stay together"
    assert panel.viewer.trace is not None
    entries = entries_of(panel.viewer.trace, index, cut[1])
    assert [one.step for one in entries] == list(cut[1])


def test_what_is_hidden_in_the_list_is_not_on_the_page_either(
    panel: TracesPanel, qtbot: QtBot
) -> None:
    show(panel, qtbot, "Clean supplier", 4)
    viewer = panel.viewer
    viewer.header.reading.click()
    page = viewer.reading.page

    def written() -> str:
        settle(panel, qtbot)
        qtbot.waitUntil(lambda: page.complete and page._page >= 0, timeout=5_000)
        settle(panel, qtbot)
        return page.text.toPlainText()

    assert "File does not exist" in written()
    viewer.pane.parts["observation"].trigger()
    assert "File does not exist" not in written()
    page.unfold("8:0")
    assert "Straße 5" not in written(), "what was asked for is shown, not what came of it"
    assert "Show the result" in page.text.toPlainText()
    (link,) = (name for name, one in page._document.links.items() if one.action == "result")
    page._use(link)
    assert "Straße 5" in written()
    calls = viewer.pane._steps_hidden[Mark.TOOL]
    calls.trigger()
    assert "Show the result" not in written()
    assert "Bash" not in page.text.toPlainText()
    assert "suppliers.csv does not load in our importer" in page.text.toPlainText()
    assert "of them hidden" in page.where.text()
    press(qtbot, page, Qt.Key.Key_E)
    assert not calls.isChecked(), "who goes to a hidden step sees it"
    assert "Bash" in written()


def test_a_slash_command_reads_as_it_was_typed(tmp_path: Path) -> None:
    wrapped = (
        "<command-message>ship is running…</command-message>\n<command-name>/ship</command-name>\n"
        "<command-args>now &amp; here</command-args>"
    )
    record = {"type": "user", "uuid": "u", "parentUuid": None, "sessionId": "s", "version": "2.1",
              "message": {"role": "user", "content": wrapped}}  # fmt: skip
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(record) + "\n")
    (trace,) = open_traces(path)
    assert trace.trajectory.title == "/ship now &amp; here"
    (entry,) = entries_of(trace, marks_of(trace.trajectory), range(1))
    assert entry.text == "/ship now &amp; here"
    assert wrapped == trace.body(0).text


def test_pages_hold_as_many_steps_that_are_shown(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    path = long_session(tmp_path / "long.jsonl", 1_000)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: panel._context.trace(str(path)) is not None, timeout=10_000)
    panel.show_step(str(path), "", 700)
    qtbot.waitUntil(lambda: panel.viewer.steps.steps.rowCount() == 1_000, timeout=10_000)
    index = panel.viewer.index
    assert index is not None
    (page,) = pages_of(index, hidden=int(Mark.ANSWER))
    assert page == range(1_000)
    two = pages_of(index, size=20, hidden=int(Mark.ANSWER))
    assert [step for one in two for step in one] == list(range(1_000))
    prompts = [sum(not index.marks[step] & Mark.ANSWER for step in one) for one in two]
    assert prompts == [20, 14]


# Links


def test_a_link_is_copied_and_leads_back(panel: TracesPanel, qtbot: QtBot) -> None:
    trace = show(panel, qtbot, "Clean supplier", 7)
    press(qtbot, panel.viewer.steps, Qt.Key.Key_L)
    settle(panel, qtbot)
    text = QGuiApplication.clipboard().text()
    link = parse_link(text)
    assert (link.path, link.trajectory, link.step) == (
        str(trace.path),
        trace.trajectory.id,
        7,
    )
    show(panel, qtbot, "Release notes")
    choice = typed_choice(panel._context, f" {text} ")
    assert choice is not None
    assert choice.text.startswith("Step 7 of ")
    choice.run()
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: panel.viewer.steps.current_step == 7, timeout=5_000)
    settle(panel, qtbot)
    assert panel.viewer.place is not None
    assert panel.viewer.place.trajectory is trace.trajectory
    assert not any("has changed" in one for one in said(panel))


def test_a_link_opens_a_trace_that_is_not_open_and_tells_of_a_change(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    path = long_session(tmp_path / "a session.jsonl", 40)
    (trace,) = open_traces(path)
    from workbench.gui.traces.opened import TracePlace
    from workbench.gui.traces.viewer.step_links import link_to

    with trace:
        link = link_to(TracePlace(trace, trace.trajectory), trace, 12)
    follow_link(panel._context, link)
    qtbot.waitUntil(lambda: panel._context.trace(str(path)) is not None, timeout=10_000)
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: panel.viewer.steps.current_step == 12, timeout=10_000)
    settle(panel, qtbot)
    assert not any("has changed" in one for one in said(panel))
    panel.close_all()
    settle(panel, qtbot)
    long_session(path, 40, words="Said otherwise")
    follow_link(panel._context, link)
    qtbot.waitUntil(lambda: panel._context.trace(str(path)) is not None, timeout=10_000)
    qtbot.waitUntil(lambda: any("has changed" in one for one in said(panel)), timeout=10_000)


def test_a_bad_link_says_why(panel: TracesPanel, qtbot: QtBot, tmp_path: Path) -> None:
    follow_link(panel._context, "skill-workbench://trace/x.jsonl#last")
    assert "no number of a step" in said(panel)[-1]
    follow_link(panel._context, f"skill-workbench://trace{tmp_path}/none.jsonl#1")
    settle(panel, qtbot)
    assert "which is not there" in said(panel)[-1]
    refused = typed_choice(panel._context, "skill-workbench://trace/x.jsonl#last")
    assert refused is not None
    assert "no number of a step" in refused.unavailable
    assert typed_choice(panel._context, "csv-cleanup") is None


def test_quick_open_offers_a_pasted_link(
    panel: TracesPanel, window: MainWindow, qtbot: QtBot
) -> None:
    window.does.quick_open()
    picker = window.does.picker
    picker.field.setText("skill-workbench://trace/home/me/a.jsonl#3")
    assert [one.text for one in picker.shown] == ["Step 3 of /home/me/a.jsonl"]
    picker.field.setText("Release")
    assert all(one.hint != "link to a trace" for one in picker.shown)
    picker.dismiss()


def test_the_command_line_takes_a_link_for_a_path() -> None:
    options = parse(["--debug", "skill-workbench://trace/home/me/a.jsonl#12"])
    assert options is not None
    assert options.links == ("skill-workbench://trace/home/me/a.jsonl#12",)
    assert options.paths == ()
    with pytest.raises(ValueError, match="no number of a step"):
        parse(["skill-workbench://trace/home/me/a.jsonl#x"])


# Exports


@pytest.mark.parametrize("number", range(len(EXPORTS)))
def test_a_trace_is_given_away(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path, number: int
) -> None:
    trace = show(panel, qtbot, "Clean supplier")
    export = EXPORTS[number]
    out = tmp_path / f"out{export.ending}"
    panel.viewer.exports.write(export, trace, out)
    settle(panel, qtbot)
    qtbot.waitUntil(lambda: str(out) in said(panel)[-1], timeout=5_000)
    written = out.read_text(encoding="utf-8")
    assert "suppliers" in written
    if export.title == "Export as ATIF…":
        assert json.loads(written)["schema_version"].startswith("ATIF-v1.")
    elif export.title == "Export a redacted copy…":
        assert "/home/ada" not in written
    elif "links back" in export.title:
        links = re.findall(r'href="(skill-workbench:[^"]+)"', written)
        assert parse_link(html.unescape(links[7])).step == 7
        assert parse_link(html.unescape(links[7])).path == str(trace.path)
    else:
        assert "skill-workbench://" not in written
        (again, *_) = open_traces(out) if export.ending.endswith("jsonl") else (None,)
        if again is not None:
            assert len(again.trajectory.steps) == len(trace.trajectory.steps)
            again.close()


def test_the_menus_open_by_their_keys(panel: TracesPanel, qtbot: QtBot) -> None:
    show(panel, qtbot, "Clean supplier")
    viewer = panel.viewer
    press(qtbot, viewer.steps, Qt.Key.Key_X)
    assert viewer.exports.menu.isVisible()
    viewer.exports.menu.close()
    press(qtbot, viewer.steps, Qt.Key.Key_H)
    menu = viewer.pane.hide_button.menu()
    assert menu.isVisible()
    menu.close()
    panel._context.commands.run("trace.read")
    assert viewer.reading.on
    panel._context.commands.run("trace.read")
    assert not viewer.reading.on


def test_an_export_that_cannot_be_written_says_why(
    panel: TracesPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    trace = show(panel, qtbot, "Clean supplier")
    there = tmp_path / "there.jsonl"
    there.write_text("mine", encoding="utf-8")
    redacted = next(one for one in EXPORTS if "redacted" in one.title)
    panel.viewer.exports.write(redacted, trace, there)
    settle(panel, qtbot)
    assert there.read_text(encoding="utf-8") == "mine"
    assert "exists" in said(panel)[-1]


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
@pytest.mark.parametrize("as_page", [False, True])
def test_tab_leads_through_the_trace_and_out_of_it(
    panel: TracesPanel, window: MainWindow, qtbot: QtBot, key: Qt.Key, as_page: bool
) -> None:
    show(panel, qtbot, "Profile /data/sensor.csv")
    if as_page:
        panel.read_as_page()
        settle(panel, qtbot)
    front = panel.viewer.reading.page if as_page else panel.viewer.steps
    front.setFocus()
    seen: list[QWidget] = []
    for _ in range(60):
        focus = window.focusWidget()
        assert focus is not None
        seen.append(focus)
        qtbot.keyClick(focus, key)
    text = panel.viewer.reading.page.text if as_page else panel.viewer.reader.text
    assert text in seen
    assert any(not panel.isAncestorOf(one) for one in seen)
