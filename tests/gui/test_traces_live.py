"""Traces that are still being read, that grow while they are shown, or disappear."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.test_traces_panel import settle, text_of, write_session
from workbench.gui.shell.window import MainWindow
from workbench.gui.traces.panel import TracesPanel
from workbench.traces import open as opening
from workbench.traces.index import sight
from workbench.traces.open import OpenTrace
from workbench.traces.source import SourceBytes


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> TracesPanel:
    window.show_activity("traces")
    made = window.centre.view("traces")
    assert isinstance(made, TracesPanel)
    return made


def add_lines(path: Path, first: int, count: int, *, torn: bool = False) -> None:
    """Go on with a session as ``write_session`` writes it."""
    other = path.with_suffix(".more")
    write_session(other, first + count)
    lines = other.read_bytes().splitlines(keepends=True)[first:]
    other.unlink()
    with path.open("ab") as file:
        file.write(b"".join(lines)[: -20 if torn else None])


def show(panel: TracesPanel, qtbot: QtBot, path: Path, step: int = 0) -> None:
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=10_000)
    settle(panel, qtbot)
    assert panel.show_step(str(path), "", step)
    qtbot.waitUntil(lambda: panel.viewer.index is not None, timeout=10_000)
    settle(panel, qtbot)


def look(panel: TracesPanel, qtbot: QtBot, seen: Callable[[], bool]) -> None:
    """Let the viewer look at the file until it has seen something."""

    def ask() -> bool:
        panel.viewer.renewal.live.look()
        return seen()

    qtbot.waitUntil(ask, timeout=10_000)
    settle(panel, qtbot)


def shown_steps(panel: TracesPanel) -> int:
    return panel.viewer.steps.steps.rowCount()


def test_new_steps_are_appended_and_nothing_moves(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "a.jsonl", 120)
    show(panel, qtbot, path, 40)
    viewer = panel.viewer
    viewer.steps.scroll_to_top_step(35, 7)
    page = viewer.reader.page
    before = panel._context.traces[0]
    add_lines(path, 120, 30)
    look(panel, qtbot, lambda: shown_steps(panel) == 150)
    assert viewer.steps.current_step == 40
    assert (viewer.steps.top_step(), viewer.steps.top_offset()) == (35, 7)
    assert viewer.reader.page is page
    assert viewer.header.live.isVisible()
    assert panel._context.traces[0] is not before
    viewer.go_to(149)
    settle(panel, qtbot)
    assert "Thinking about 149" in text_of(panel)


def test_follow_keeps_the_last_step_in_sight_until_the_person_scrolls_up(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "a.jsonl", 120)
    show(panel, qtbot, path)
    viewer, bar = panel.viewer, panel.viewer.steps.verticalScrollBar()
    viewer.steps.setFocus()
    qtbot.keyClick(viewer.steps, Qt.Key.Key_F)  # type: ignore[no-untyped-call]
    assert viewer.header.follow.isChecked()
    assert viewer.steps.current_step == 119
    add_lines(path, 120, 40)
    look(panel, qtbot, lambda: shown_steps(panel) == 160)
    assert viewer.steps.current_step == 159
    assert bar.value() == bar.maximum()
    assert viewer.header.follow.isChecked()
    bar.setValue(bar.value() - 500)
    assert not viewer.header.follow.isChecked()
    place = bar.value()
    add_lines(path, 160, 40)
    look(panel, qtbot, lambda: shown_steps(panel) == 200)
    assert bar.value() == place


def test_a_torn_last_line_comes_when_it_is_whole(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "a.jsonl", 30)
    show(panel, qtbot, path)
    add_lines(path, 30, 2, torn=True)
    look(panel, qtbot, lambda: shown_steps(panel) == 31)
    whole = write_session(tmp_path / "b.jsonl", 32).read_bytes()
    with path.open("ab") as file:
        file.write(whole[path.stat().st_size :])
    look(panel, qtbot, lambda: shown_steps(panel) == 32)


def test_a_filter_and_a_search_stay_while_the_trace_grows(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "a.jsonl", 120)
    show(panel, qtbot, path)
    panel.viewer.kind.setCurrentIndex(1)
    assert shown_steps(panel) == 3
    add_lines(path, 120, 40)
    look(panel, qtbot, lambda: shown_steps(panel) == 4)
    assert panel.viewer.kind.currentIndex() == 1
    assert panel.viewer.count.text() == "4 of 160 steps"


def test_a_replaced_file_is_read_anew(panel: TracesPanel, tmp_path: Path, qtbot: QtBot) -> None:
    path = write_session(tmp_path / "a.jsonl", 120)
    show(panel, qtbot, path, 100)
    other = tmp_path / "other"
    other.write_bytes(
        write_session(tmp_path / "b.jsonl", 20)
        .read_bytes()
        .replace(b'"u', b'"x')
        .replace(b"Thinking", b"Dreaming")
    )
    other.replace(path)
    look(panel, qtbot, lambda: shown_steps(panel) == 20)
    panel.viewer.go_to(5)
    settle(panel, qtbot)
    assert "Dreaming about 5" in text_of(panel)


def test_a_session_that_is_rewound_loses_its_last_steps_and_goes_on(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    def lines(*records: dict[str, object]) -> str:
        return "".join(f"{json.dumps(record)}\n" for record in records)

    def said(number: int) -> dict[str, object]:
        kind = "user" if number % 2 == 0 else "gemini"
        return {"id": f"m{number}", "type": kind, "content": f"Said {number}"}

    path = tmp_path / "session.jsonl"
    head = {"sessionId": "s", "projectHash": "h"}
    path.write_text(lines(head, *map(said, range(30))))
    show(panel, qtbot, path, 25)
    with path.open("a") as file:
        file.write(lines(*map(said, range(30, 40))))
    look(panel, qtbot, lambda: shown_steps(panel) == 40)
    assert panel.viewer.steps.current_step == 25
    with path.open("a") as file:
        file.write(lines({"$rewindTo": "m20"}))
    look(panel, qtbot, lambda: shown_steps(panel) == 20)
    assert 0 <= panel.viewer.steps.current_step < 20
    with path.open("a") as file:
        file.write(lines({"id": "new", "type": "user", "content": "Another way"}))
    look(panel, qtbot, lambda: shown_steps(panel) == 21)
    panel.viewer.go_to(20)
    settle(panel, qtbot)
    assert "Another way" in text_of(panel)
    assert panel.viewer.header.live.isVisible()


def test_a_folder_that_disappears_is_told_and_the_trace_stays(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    path = write_session(folder / "a.jsonl", 60)
    show(panel, qtbot, path, 10)
    shutil.rmtree(folder)
    look(panel, qtbot, lambda: panel.viewer.renewal.live.state == "gone")
    banner = panel.viewer.renewal.banner
    assert banner is not None
    assert "is not there any more" in banner.label.text()
    assert shown_steps(panel) == 60
    assert not panel.viewer.header.live.isVisible()
    folder.mkdir()
    write_session(path, 70)
    look(panel, qtbot, lambda: shown_steps(panel) == 70)
    assert panel.viewer.renewal.banner is None


def test_of_a_big_file_the_beginning_is_shown_while_the_rest_is_read(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "a.jsonl", 6000)
    monkeypatch.setattr(sight, "_SMALL", 1000)
    held = threading.Event()
    whole = opening.open_traces

    def slowly(*given: object) -> tuple[OpenTrace, ...]:
        held.wait(10)
        return whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "open_traces", slowly)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=5_000)
    assert panel.show_step(str(path))
    qtbot.waitUntil(lambda: shown_steps(panel) == 200, timeout=5_000)
    viewer = panel.viewer
    assert viewer.renewal.banner is not None
    assert viewer.renewal.banner.label.text().startswith("The first 200 steps are shown while")
    viewer.go_to(120)
    viewer.steps.scroll_to_top_step(110, 9)
    held.set()
    qtbot.waitUntil(lambda: shown_steps(panel) == 6000, timeout=10_000)
    settle(panel, qtbot)
    assert viewer.steps.current_step == 120
    assert (viewer.steps.top_step(), viewer.steps.top_offset()) == (110, 9)
    assert viewer.renewal.banner is None
    assert len(panel._context.traces) == 1


def test_a_long_log_opens_at_its_end_and_its_steps_get_their_numbers_later(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "a.jsonl", 6000)
    for name, value in (("_SMALL", 1000), ("LONG", 2000)):
        monkeypatch.setattr(sight, name, value)
    monkeypatch.setattr(sight.open_end, "__defaults__", (100_000,))
    held = threading.Event()
    whole = opening.open_traces

    def slowly(*given: object) -> tuple[OpenTrace, ...]:
        held.wait(10)
        return whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "open_traces", slowly)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces), timeout=5_000)
    assert panel.show_step(str(path))
    viewer = panel.viewer
    qtbot.waitUntil(lambda: shown_steps(panel) > 0, timeout=5_000)
    shown = shown_steps(panel)
    assert 100 < shown < 1000
    viewer.go_to(shown - 3)
    settle_calls(panel, qtbot)
    assert "Thinking about 5997" in text_of(panel)
    viewer.steps.scroll_to_top_step(shown - 20, 5)
    # A link to a step by its number waits until the numbers are known.
    panel._context.request_trace(path, "", 4321)
    held.set()
    qtbot.waitUntil(lambda: shown_steps(panel) == 6000, timeout=10_000)
    settle(panel, qtbot)
    assert viewer.steps.current_step == 4321


def settle_calls(panel: TracesPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.viewer.reader.page is not None, timeout=5_000)
    qtbot.wait(100)


def test_reading_can_be_cancelled_and_taken_up_again(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "a.jsonl", 6000)
    monkeypatch.setattr(sight, "_SMALL", 1000)
    begun, held = threading.Event(), threading.Event()
    whole = opening.open_traces

    def slowly(file: Path, progress: Callable[[float], None]) -> tuple[OpenTrace, ...]:
        begun.set()
        held.wait(10)
        progress(0.5)
        return whole(file)

    monkeypatch.setattr(opening, "open_traces", slowly)
    panel._context.open_traces([path])
    qtbot.waitUntil(lambda: bool(panel._context.traces) and begun.is_set(), timeout=5_000)
    assert panel.show_step(str(path))
    panel._context.jobs.cancel_all()
    held.set()
    settle(panel, qtbot)
    viewer = panel.viewer
    qtbot.waitUntil(
        lambda: (
            viewer.renewal.banner is not None
            and "Reading was stopped" in viewer.renewal.banner.label.text()
        )
    )
    assert shown_steps(panel) == 200
    assert viewer.renewal.banner is not None
    viewer.renewal.banner.buttons[0].click()
    qtbot.waitUntil(lambda: shown_steps(panel) == 6000, timeout=10_000)
    assert viewer.renewal.banner is None


def test_of_a_file_too_large_the_end_is_shown_and_more_on_demand(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "a.jsonl", 6000)
    for name, value in (("_SMALL", 1000), ("LONG", 2000), ("MOST", 3000)):
        monkeypatch.setattr(sight, name, value)
    monkeypatch.setattr(sight.open_end, "__defaults__", (100_000,))
    show(panel, qtbot, path)
    viewer = panel.viewer
    first = shown_steps(panel)
    assert first < 1000
    assert viewer.renewal.banner is not None
    assert "before them are not read" in viewer.renewal.banner.label.text()
    viewer.go_to(first - 1)
    settle(panel, qtbot)
    assert "Thinking about 5999" in text_of(panel)
    add_lines(path, 6000, 10)
    look(panel, qtbot, lambda: shown_steps(panel) == first + 10)
    viewer.renewal.banner.buttons[0].click()
    qtbot.waitUntil(lambda: shown_steps(panel) > 1.8 * first, timeout=10_000)
    settle(panel, qtbot)
    assert "Thinking about 5999" in text_of(panel)


def test_raw_records_of_a_rewritten_file_are_refused(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_session(tmp_path / "a.jsonl", 60)
    show(panel, qtbot, path, 10)
    monkeypatch.setattr(panel.viewer.renewal.live, "look", lambda: None)
    panel.viewer.renewal.live._timer.stop()
    with path.open("r+b") as file:
        file.write(b"x" * 100)
    os.utime(path, ns=(1, 1))
    panel.viewer.raw.click()
    settle(panel, qtbot)
    assert panel.viewer.reader.banner is not None
    assert "cut or rewritten" in panel.viewer.reader.banner.label.text()


def test_files_of_a_trace_that_was_read_anew_are_given_back(
    panel: TracesPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    path = write_session(tmp_path / "a.jsonl", 60)
    show(panel, qtbot, path)
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("counts open files of Linux")

    def held() -> int:
        count = 0
        for entry in descriptors.iterdir():
            try:
                count += entry.readlink() == path
            except OSError:
                continue
        return count

    for number in range(6):
        add_lines(path, 60 + number, 1)
        look(panel, qtbot, lambda wanted=61 + number: shown_steps(panel) == wanted)  # type: ignore[misc]
    assert held() <= 4  # a file and its map, of this trace and the one before
    assert json.loads(path.read_bytes().splitlines()[-1])["uuid"] == "u65"
    assert isinstance(panel._context.traces[0].files[0], SourceBytes)
