"""Messages, jobs, crash hooks, stall watchdog, garbage collection."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QtMsgType, qInstallMessageHandler, qWarning
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from workbench.gui.collector import MainThreadCollector
from workbench.gui.crash import CrashGuard
from workbench.gui.notify import MessageAction, Notifier
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobReporter
from workbench.gui.shell.jobs_panel import JobsPanel
from workbench.gui.shell.log_panel import LogPanel
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.shell.stall import StallWatchdog
from workbench.gui.shell.window import MainWindow


def test_the_same_message_updates_in_place(qtbot: QtBot) -> None:
    notifier = Notifier()
    notifier.error("disk full", replace="save")
    notifier.info("other")
    notifier.error("disk full", replace="save")
    assert [(one.text, one.count) for one in notifier.messages] == [("other", 1), ("disk full", 2)]
    notifier.error("disk gone", replace="save")
    assert notifier.messages[-1].count == 1
    notifier.dismiss_key("save")
    assert [one.text for one in notifier.messages] == ["other"]


def test_a_problem_in_words_is_told_as_it_is(qtbot: QtBot) -> None:
    notifier = Notifier()
    notifier.problem(OSError("The disk is full."))
    notifier.problem(KeyError())
    assert notifier.messages[0].text == "The disk is full."
    assert "KeyError" in notifier.messages[1].text


def test_messages_stand_over_the_window_with_their_buttons(
    window: MainWindow, qtbot: QtBot
) -> None:
    pressed: list[str] = []
    action = MessageAction("Try again", lambda: pressed.append("again"))
    window.context.notify.error("Cannot save.", actions=(action,))
    area = window.notifications
    assert area.isVisible()
    assert area.height() > 60
    assert "Cannot save." in [label.text() for label in area.findChildren(QLabel)]
    next(b for b in area.findChildren(QPushButton) if b.text() == "Try again").click()
    assert pressed == ["again"]
    assert window.context.notify.messages == ()
    assert not area.isVisible()


def test_a_job_reports_and_answers(context: AppContext, qtbot: QtBot) -> None:
    found: list[int] = []

    def work(reporter: JobReporter) -> int:
        reporter.progress(0.5, "half")
        reporter.log("a line")
        return 7

    entry = context.run_job("Work", work, on_done=found.append)
    qtbot.waitUntil(lambda: found == [7])
    assert entry.state == "finished"
    assert entry.log == ("a line",)
    assert entry.ended is not None


def test_a_cancelled_job_says_so_and_tells_its_process(context: AppContext, qtbot: QtBot) -> None:
    told: list[str] = []
    begun = threading.Event()

    def work(reporter: JobReporter) -> None:
        reporter.on_cancel(lambda: told.append("process"))
        begun.set()
        while True:
            reporter.check_cancelled()
            time.sleep(0.01)

    entry = context.run_job("Endless", work, on_cancelled=lambda: told.append("answered"))
    assert begun.wait(5)
    context.jobs.cancel(entry.id)
    assert entry.state == "cancelling"
    qtbot.waitUntil(lambda: entry.state == "cancelled")
    assert told == ["process", "answered"]


def test_a_failed_job_tells_why(context: AppContext, qtbot: QtBot) -> None:
    def work(_reporter: JobReporter) -> None:
        raise OSError("No such trace.")

    entry = context.run_job("Fails", work)
    qtbot.waitUntil(lambda: entry.state == "failed")
    assert entry.text == "No such trace."
    assert context.notify.messages[-1].text == "No such trace."


def test_a_chatty_job_does_not_flood_the_window(context: AppContext, qtbot: QtBot) -> None:
    changes: list[int] = []
    context.jobs.changed.connect(lambda: changes.append(1))

    def work(reporter: JobReporter) -> None:
        for number in range(50_000):
            reporter.progress(number / 50_000, str(number))
            reporter.log(str(number))

    entry = context.run_job("Chatty", work)
    qtbot.waitUntil(lambda: entry.state == "finished", timeout=20_000)
    assert len(entry.log) == 2000
    assert len(changes) < 200


def test_the_jobs_panel_shows_the_log_and_cancels(context: AppContext, qtbot: QtBot) -> None:
    panel = JobsPanel(context)
    qtbot.addWidget(panel)

    def work(reporter: JobReporter) -> None:
        reporter.log("first line")
        while not reporter.cancelled:
            time.sleep(0.01)
        reporter.check_cancelled()

    entry = context.run_job("Endless", work)
    qtbot.waitUntil(lambda: panel.log.toPlainText() == "first line")
    assert panel.selected() is entry
    panel.cancel.click()
    qtbot.waitUntil(lambda: entry.state == "cancelled")
    assert not panel.cancel.isEnabled()
    panel.clear.click()
    assert panel.model.rowCount() == 0


@pytest.fixture
def guard(qtbot: QtBot, capsys: pytest.CaptureFixture[str]) -> CrashGuard:
    tail = LogTail()
    logging.getLogger().addHandler(tail)
    notifier = Notifier()
    copied: list[str] = []
    made = CrashGuard(notifier, lambda function: function(), tail, copied.append)
    made.install()
    yield made, notifier, copied, tail
    made.remove()
    logging.getLogger().removeHandler(tail)


def test_what_nobody_caught_is_told_with_a_report(guard: tuple) -> None:
    _, notifier, copied, _ = guard
    try:
        raise ValueError("odd")
    except ValueError:
        sys.excepthook(*sys.exc_info())
    message = notifier.messages[-1]
    assert "ValueError: odd" in message.text
    message.actions[0].run()
    assert "test_services.py" in copied[0]
    assert "Skill Workbench" in copied[0]


def test_a_thread_that_fails_is_told(guard: tuple) -> None:
    _, notifier, _, _ = guard

    def fail() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "in a thread" in notifier.messages[-1].text


def test_qts_messages_go_to_the_log(guard: tuple) -> None:
    _, _, _, tail = guard
    qWarning("something odd")
    assert any("something odd" in line for line in tail.since(0)[1])


def test_the_hooks_are_given_back(guard: tuple) -> None:
    made, *_ = guard
    hook = sys.excepthook
    made.remove()
    assert sys.excepthook is not hook
    before = qInstallMessageHandler(None)
    assert before is None or before.__module__ != "workbench.gui.crash"
    made.install()


def test_a_crash_is_told_at_the_next_start(guard: tuple, tmp_path: Path) -> None:
    made, notifier, copied, _ = guard
    faults = tmp_path / "state" / "faults.log"
    assert made.watch_faults(faults) == ""
    made.remove()
    faults.write_text("Fatal Python error: Segmentation fault\n")
    made.install()
    made.tell_of_last_crash(made.watch_faults(faults))
    assert "crash" in notifier.messages[-1].text
    notifier.messages[-1].actions[0].run()
    assert "Segmentation fault" in copied[0]
    assert made.watch_faults(faults) == ""


def test_the_log_keeps_its_newest_lines_and_the_panel_follows(qtbot: QtBot) -> None:
    tail = LogTail()
    log = logging.getLogger("test.tail")
    log.addHandler(tail)
    panel = LogPanel(tail)
    qtbot.addWidget(panel)
    for number in range(6000):
        log.warning("line %d", number)
    log.removeHandler(tail)
    count, lines = tail.since(0)
    assert count == 6000
    assert len(lines) == 5000
    assert lines[-1].endswith("line 5999")
    panel.show()
    panel.follow()
    assert panel.text.toPlainText().endswith("line 5999")
    assert tail.since(count) == (6000, ())


def test_a_blocked_window_is_seen_with_its_stack(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    watchdog = StallWatchdog(limit_s=0.05)
    with caplog.at_level(logging.WARNING, "workbench.stall"):
        watchdog.start()
        qtbot.wait(60)
        assert watchdog.stalls == 0 or watchdog.stalls < 3
        before = watchdog.stalls
        time.sleep(0.3)
        watchdog.stop()
    assert watchdog.stalls > before
    assert "test_a_blocked_window_is_seen" in caplog.text


def test_what_a_thread_makes_of_a_long_trace_is_not_walked_in_the_window(qtbot: QtBot) -> None:
    collector = MainThreadCollector()
    try:
        gc.collect()
        kept = [[number] for number in range(40_000)]
        assert collector.collect() == -1
        assert gc.get_count()[0] < 10_000
        assert len(kept) == 40_000
        assert gc.get_freeze_count() >= 40_000
    finally:
        collector.stop()
        gc.disable()
    assert gc.get_freeze_count() == 0


def test_cycles_that_were_set_aside_die_when_the_window_is_left(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    import weakref

    from workbench.gui import collector as module

    class Knot:
        pass

    knot = Knot()
    knot.itself = knot
    died: list[int] = []
    weakref.finalize(knot, lambda: died.append(1))
    collector = MainThreadCollector()
    try:
        gc.freeze()
        del knot
        gc.collect()
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        inactive = Qt.ApplicationState.ApplicationInactive
        application.applicationStateChanged.emit(inactive)
        assert died == []  # it was looked through a moment ago
        monkeypatch.setattr(module, "_WHEN_LEFT", -1.0)
        application.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
        assert died == []
        application.applicationStateChanged.emit(inactive)
        assert died == [1]
    finally:
        collector.stop()
        gc.disable()


def test_garbage_is_collected_in_the_windows_thread_alone(qtbot: QtBot) -> None:
    gc.enable()
    collector = MainThreadCollector()
    assert not gc.isenabled()

    class Knot:
        pass

    died: list[int] = []

    def knot() -> None:
        import weakref

        made = Knot()
        made.itself = made
        weakref.finalize(made, lambda: died.append(threading.get_ident()))

    threads = [threading.Thread(target=lambda: [knot() for _ in range(2000)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert died == []
    while not died:
        assert collector.collect() >= -1
        keep = [[] for _ in range(1000)]
        assert keep
    assert set(died) == {threading.get_ident()}
    collector.stop()
    assert gc.isenabled()


def test_levels_of_qt_are_all_mapped() -> None:
    from workbench.gui.crash import _QT_LEVELS

    assert set(_QT_LEVELS) == {
        QtMsgType.QtDebugMsg,
        QtMsgType.QtInfoMsg,
        QtMsgType.QtWarningMsg,
        QtMsgType.QtCriticalMsg,
        QtMsgType.QtFatalMsg,
    }
