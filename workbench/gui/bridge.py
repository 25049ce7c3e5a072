"""Work beside the window: blocking work in threads, coroutines on Qt's loop.

The only place that knows qasync (0.28): its ``asyncSlot`` and ``asyncClose`` are broken, a nested
event loop inside a coroutine loses every other task, and a task without a reference disappears.
So: the loop is started when the first coroutine comes, tasks are kept here, nothing ever nests a
loop, and the end is an event: ``finish(then)`` cancels what runs and calls ``then`` when all of it
is over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from workbench.gui.collector import MainThreadCollector

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)

Result = TypeVar("Result")
OnError = Callable[[BaseException], object]

#: How long ``close`` waits for each thread; blocking work has to look at its cancel flag.
_JOIN_SECONDS = 2.0


class ThreadCall:
    """A piece of work in a thread; ``cancel`` means its answer is no longer wanted."""

    def __init__(self) -> None:
        self._wanted = True

    @property
    def cancelled(self) -> bool:
        """Say whether the answer is no longer wanted; long work looks here."""
        return not self._wanted

    def cancel(self) -> None:
        """Drop the answer. The thread itself goes on until its work looks at ``cancelled``."""
        self._wanted = False


class Bridge(QObject):
    """Runs work beside the window and brings its answers back to the window's thread."""

    _delivered = Signal(object)

    def __init__(self, parent: QObject | None = None, report: OnError | None = None) -> None:
        super().__init__(parent)
        self.report: OnError = report or _log_problem
        self._threads: set[threading.Thread] = set()
        self._waiting: SimpleQueue[threading.Thread | None] = SimpleQueue()
        self._starter: threading.Thread | None = None
        self._calls: set[ThreadCall] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop: Any = None
        self._closed = False
        # From now on there are threads.
        self._collector = MainThreadCollector(self)
        self._delivered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def closed(self) -> bool:
        """Say whether the program is ending: work of many parts stops between two of them."""
        return self._closed

    def run_in_thread(
        self,
        work: Callable[..., Result],
        *arguments: Any,
        on_done: Callable[[Result], None] | None = None,
        on_error: OnError | None = None,
        owner: QObject | None = None,
    ) -> ThreadCall:
        """Run ``work(*arguments)`` in a thread of its own.

        ``on_done`` or ``on_error`` is called in the window's thread, unless ``owner`` is gone by
        then or the call was cancelled. Without ``on_error`` the program reports the problem.
        """
        call = ThreadCall()
        if self._closed:
            # The program is ending: nobody would wait for the thread, nor hear its answer.
            call.cancel()
            return call
        keeper = self if owner is None else owner

        def answer(value: Any, problem: BaseException | None) -> None:
            self._calls.discard(call)
            if call.cancelled or self._closed or not shiboken6.isValid(keeper):
                return
            if problem is not None:
                (on_error or self.report)(problem)
            elif on_done is not None:
                on_done(value)

        def body() -> None:
            value: Any = None
            problem: BaseException | None = None
            try:
                value = work(*arguments)
            except BaseException as raised:
                problem = raised
            self.post(lambda: answer(value, problem))

        thread = threading.Thread(
            target=body, name=f"work-{getattr(work, '__name__', 'call')}", daemon=True
        )
        self._threads = {one for one in self._threads if one.ident is None or one.is_alive()}
        self._threads.add(thread)
        self._calls.add(call)
        self._start(thread)
        return call

    def _start(self, thread: threading.Thread) -> None:
        """Have another thread start it: to start one is to wait until it runs, 50 ms were seen."""
        if self._starter is None:
            self._starter = threading.Thread(
                target=_start_each, args=(self._waiting,), name="starter", daemon=True
            )
            self._starter.start()
        self._waiting.put(thread)

    def post(self, function: Callable[[], None]) -> None:
        """Run a function in the window's thread soon; may be called from any thread."""
        try:
            self._delivered.emit(function)
        except RuntimeError:
            _log.debug("The window is gone; an answer was dropped.")

    def spawn(
        self,
        coroutine: Coroutine[Any, Any, Result],
        *,
        owner: QObject | None = None,
        on_done: Callable[[Result], None] | None = None,
        on_error: OnError | None = None,
    ) -> asyncio.Task[Result]:
        """Run a coroutine on Qt's loop; it is cancelled when ``owner`` is destroyed.

        A coroutine must never call ``exec()`` or ``processEvents()``: either loses other tasks.

        Raises:
            RuntimeError: the program is ending.
        """
        if self._closed:
            coroutine.close()
            raise RuntimeError("The program is ending; nothing new is started.")
        task: asyncio.Task[Result] = self._running_loop().create_task(coroutine)
        self._tasks.add(task)

        def over(ended: asyncio.Task[Result]) -> None:
            self._tasks.discard(ended)
            if ended.cancelled():
                return
            problem = ended.exception()
            if self._closed or (owner is not None and not shiboken6.isValid(owner)):
                return
            if problem is not None:
                (on_error or self.report)(problem)
            elif on_done is not None:
                on_done(ended.result())

        task.add_done_callback(over)
        if owner is not None:
            owner.destroyed.connect(lambda *_: task.cancel())
        return task

    def finish(self, then: Callable[[], None], deadline_ms: int = 2000) -> None:
        """Cancel everything and call ``then`` once, when the tasks are over or the time is up."""
        self._cancel_all()
        ended = threading.Event()

        def once() -> None:
            if not ended.is_set():
                ended.set()
                self.close()
                then()

        if not self._tasks:
            QTimer.singleShot(0, self, once)
            return
        for task in tuple(self._tasks):
            task.add_done_callback(lambda _: None if self._tasks else once())
        QTimer.singleShot(deadline_ms, self, once)

    def close(self) -> None:
        """End at once: drop answers, cancel tasks, wait a little for threads, close the loop."""
        self._cancel_all()
        if self._starter is not None:
            self._waiting.put(None)
            self._starter.join(_JOIN_SECONDS)
            self._starter = None
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_JOIN_SECONDS)
            if thread.is_alive():
                _log.warning("The thread %s did not end in time.", thread.name)
        self._threads.clear()
        self._close_loop()
        self._collector.stop()

    def _deliver(self, function: Callable[[], None]) -> None:
        function()

    def _cancel_all(self) -> None:
        self._closed = True
        for call in self._calls:
            call.cancel()
        for task in tuple(self._tasks):
            task.cancel()

    def _running_loop(self) -> Any:
        if self._loop is None:
            import asyncio

            import qasync

            # ``already_running`` because the application's own exec() drives it.
            self._loop = qasync.QEventLoop(already_running=True)
            asyncio.set_event_loop(self._loop)
        return self._loop

    def _close_loop(self) -> None:
        if self._loop is None:
            return
        import asyncio
        from asyncio import events

        loop, self._loop = self._loop, None
        # stop() would end the application's exec(), which is not ours to end; this is all of
        # stop() but that. Without it close() refuses ("Cannot close a running event loop").
        loop._QEventLoop__is_running = False  # noqa: SLF001
        events._set_running_loop(None)  # noqa: SLF001
        asyncio.set_event_loop(None)
        loop.close()


def _start_each(waiting: SimpleQueue[threading.Thread | None]) -> None:
    while (thread := waiting.get()) is not None:
        try:
            thread.start()
        except RuntimeError as problem:
            _log.warning("No new thread could be started (%s); the work is done here.", problem)
            thread.run()


def _log_problem(problem: BaseException) -> None:
    _log.error("Work beside the window failed: %s", problem, exc_info=problem)
