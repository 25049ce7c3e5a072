"""The trace that is shown while its file goes on: looked at now and then, in a thread."""

from __future__ import annotations

import time
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.shell.context import AppContext
from workbench.traces.index.tail import LiveTail, TailChange
from workbench.traces.open import OpenTrace

_LOOK_MS = 400
#: A log that was not written to for so long is not called live any more.
_QUIET_S = 60.0


class LiveTrace(QObject):
    """Follows one open trace; what it has become replaces it in the workspace.

    ``told`` says that ``state`` or ``problem`` changed: "still" (nothing was added lately),
    "live", or "gone" (there is no file, or none that can be read).
    """

    told = Signal()

    def __init__(self, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._trace: OpenTrace | None = None
        self._tail: LiveTail | None = None
        self._turn = 0
        self._busy = False
        self._grown = 0.0
        self.state: Literal["still", "live", "gone"] = "still"
        self.problem = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, trace: OpenTrace | None) -> None:
        """Follow another trace, or none; the same one read on is still the same."""
        self._trace, before = trace, self._trace
        if trace is before or (self._tail is not None and self._tail.trace is trace):
            return
        self._tail = None
        self._turn += 1
        self._tell("still")
        if trace is None:
            self._timer.stop()
        else:
            self._timer.start()

    def look(self) -> None:
        """Look whether the file went on."""
        trace, workspace = self._trace, self._context.workspace
        if trace is None or self._busy or workspace.reads(trace):
            return
        self._busy = True
        turn, known = self._turn, self._tail
        alone = sum(one.path == trace.path for one in workspace.traces) == 1

        def work() -> tuple[LiveTail, TailChange]:
            tail = known or LiveTail(trace, alone=alone)
            return tail, tail.refresh()

        def done(found: tuple[LiveTail, TailChange]) -> None:
            self._busy = False
            tail, change = found
            if turn == self._turn and self._trace is trace:
                self._tail = tail
                self._take(trace, change)
            else:
                for one in change.traces:
                    one.close()

        def failed(problem: BaseException) -> None:
            self._busy = False
            self._tell("gone", str(problem))

        self._context.spawn_thread(work, on_done=done, on_error=failed, owner=self)

    def _take(self, trace: OpenTrace, change: TailChange) -> None:
        if change.outcome == "gone":
            self._tell("gone", change.problem)
        elif change.traces:
            self._grown = time.monotonic()
            self._context.workspace.replace_trace(trace, change.traces)
            self._tell("live")
        elif self.state == "gone" or time.monotonic() - self._grown > _QUIET_S:
            self._tell("still")

    def _tell(self, state: Literal["still", "live", "gone"], problem: str = "") -> None:
        if (state, problem) != (self.state, self.problem):
            self.state, self.problem = state, problem
            self.told.emit()
