"""What needs the network, as a job with progress and Cancel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject

from workbench.gui.review.backend import PROBLEMS
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobCancelled, JobReporter
from workbench.gui.widgets.banner import Severity
from workbench.store.transport import Call, TransportProblem

Talk = Callable[[Call], object]
Actions = tuple[tuple[str, Callable[[], object]], ...]


class Told(Protocol):
    """Who is told how it goes."""

    def note(self, severity: Severity, text: str, actions: Actions = ()) -> None: ...

    def talked(self) -> None: ...


class Talking(QObject):
    """One talk with a remote at a time; ``running`` is its title, "" while there is none."""

    def __init__(self, context: AppContext, owner: Told, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._owner = context, owner
        self.running = ""

    def start(
        self, title: str, talk: Talk, then: Callable[..., None], *, own_programs: bool = False
    ) -> None:
        """Run ``talk`` in a thread and give what it returns to ``then``."""

        def work(reporter: JobReporter) -> object:
            call = Call(
                cancelled=lambda: reporter.cancelled,
                told=lambda text: reporter.progress(None, text),
                own_programs=own_programs,
            )
            try:
                return talk(call)
            except TransportProblem as problem:
                if problem.kind == "cancelled":
                    raise JobCancelled from problem
                raise

        def done(value: object) -> None:
            self.running = ""
            then(value)
            self._owner.talked()

        def failed(problem: BaseException) -> None:
            self.running = ""
            if isinstance(problem, TransportProblem) and problem.kind == "programs":
                again = partial(self.start, title, talk, then, own_programs=True)
                self._owner.note("warning", str(problem), (("Allow and try again", again),))
            elif isinstance(problem, PROBLEMS):
                self._owner.note("error", str(problem))
            else:
                self._context.notify.problem(problem)
            self._owner.talked()

        def cancelled() -> None:
            self.running = ""
            self._owner.note("info", f"{title} was stopped. Nothing is lost.")
            self._owner.talked()

        self.running = title
        self._owner.note("info", f"{title}: talking to the remote. Cancel it under Jobs.")
        self._context.run_job(
            title, work, on_done=done, on_error=failed, on_cancelled=cancelled, owner=self
        )
