"""Work beside the window: answers come back in its thread, and everything ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from workbench.gui.bridge import Bridge


@pytest.fixture
def problems() -> list[BaseException]:
    return []


@pytest.fixture
def bridge(qtbot: QtBot, problems: list[BaseException]) -> Iterator[Bridge]:
    made = Bridge(report=problems.append)
    yield made
    made.close()


def test_an_answer_comes_back_in_the_windows_thread(bridge: Bridge, qtbot: QtBot) -> None:
    found: list[tuple[int, int]] = []
    bridge.run_in_thread(
        threading.get_ident, on_done=lambda worker: found.append((worker, threading.get_ident()))
    )
    qtbot.waitUntil(lambda: bool(found))
    worker, answered = found[0]
    assert answered == threading.get_ident() != worker


def test_a_problem_goes_to_its_own_function_else_to_the_program(
    bridge: Bridge, qtbot: QtBot, problems: list[BaseException]
) -> None:
    own: list[BaseException] = []
    bridge.run_in_thread(int, "x", on_error=own.append)
    bridge.run_in_thread(int, "y")
    qtbot.waitUntil(lambda: bool(own) and bool(problems))
    assert isinstance(own[0], ValueError)
    assert "'y'" in str(problems[0])


def test_no_thread_is_started_when_the_program_ends(bridge: Bridge) -> None:
    ran: list[bool] = []
    bridge.close()
    call = bridge.run_in_thread(lambda: ran.append(True))
    assert call.cancelled
    assert [one.name for one in threading.enumerate() if one.name.startswith("work-")] == []
    assert ran == []


def test_work_is_done_where_no_thread_can_be_started(
    bridge: Bridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("work-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    found: list[int] = []
    for number in (1, 2):
        bridge.run_in_thread(abs, -number, on_done=found.append)
    qtbot.waitUntil(lambda: found == [1, 2])


def test_the_end_waits_for_work_that_was_to_be_started(bridge: Bridge) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        ended.wait(0.05)
        ended.set()

    bridge.run_in_thread(work)
    bridge.close()
    assert begun.is_set()
    assert ended.is_set()


def test_nothing_is_answered_to_an_owner_that_is_gone(bridge: Bridge, qtbot: QtBot) -> None:
    import shiboken6

    owner, go, found = QObject(), threading.Event(), []
    bridge.run_in_thread(go.wait, 5, on_done=found.append, owner=owner)
    shiboken6.delete(owner)
    go.set()
    later: list[int] = []
    bridge.run_in_thread(lambda: 1, on_done=later.append)
    qtbot.waitUntil(lambda: bool(later))
    qtbot.wait(50)
    assert found == []


def test_a_cancelled_call_is_not_answered(bridge: Bridge, qtbot: QtBot) -> None:
    go, found = threading.Event(), []
    call = bridge.run_in_thread(go.wait, 5, on_done=found.append)
    call.cancel()
    go.set()
    qtbot.wait(100)
    assert found == []
    assert call.cancelled


def test_a_coroutine_runs_beside_the_window(bridge: Bridge, qtbot: QtBot) -> None:
    async def answer() -> int:
        await asyncio.sleep(0.01)
        return await asyncio.to_thread(lambda: 42)

    found: list[int] = []
    bridge.spawn(answer(), on_done=found.append)
    qtbot.waitUntil(lambda: found == [42], timeout=5000)


def test_a_coroutines_problem_is_told(
    bridge: Bridge, qtbot: QtBot, problems: list[BaseException]
) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("no route")

    bridge.spawn(fail())
    qtbot.waitUntil(lambda: bool(problems))
    assert str(problems[0]) == "no route"


def test_a_coroutine_ends_with_its_owner(bridge: Bridge, qtbot: QtBot) -> None:
    import shiboken6

    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    owner = QObject()
    task = bridge.spawn(wait(), owner=owner)
    qtbot.wait(30)
    shiboken6.delete(owner)
    qtbot.waitUntil(lambda: ended == ["cancelled"])
    assert task.cancelled()


def test_tasks_do_not_disappear_without_a_reference(bridge: Bridge, qtbot: QtBot) -> None:
    import gc

    found: list[int] = []

    async def late(number: int) -> int:
        await asyncio.sleep(0.05)
        return number

    for number in range(20):
        bridge.spawn(late(number), on_done=found.append)
    gc.collect()
    qtbot.waitUntil(lambda: sorted(found) == list(range(20)))


def test_the_end_is_an_event_after_every_task_is_over(qtbot: QtBot) -> None:
    bridge, order = Bridge(), []

    async def tidy() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            order.append("tidied")

    bridge.spawn(tidy())
    qtbot.wait(30)
    bridge.finish(lambda: order.append("ended"))
    qtbot.waitUntil(lambda: "ended" in order)
    assert order == ["tidied", "ended"]
    late = tidy()
    with pytest.raises(RuntimeError, match="ending"):
        bridge.spawn(late)


def test_the_end_comes_at_once_when_nothing_runs(qtbot: QtBot) -> None:
    bridge, ended = Bridge(), []
    bridge.finish(lambda: ended.append(True))
    qtbot.waitUntil(lambda: ended == [True])


def test_the_loop_can_be_made_again_by_another_bridge(qtbot: QtBot) -> None:
    for _ in range(3):
        bridge, found = Bridge(), []

        async def one() -> int:
            await asyncio.sleep(0)
            return 1

        bridge.spawn(one(), on_done=found.append)
        qtbot.waitUntil(lambda found=found: found == [1])
        bridge.close()
