"""One job: a run of a plugin in a child process, and what it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.job import (
    AnyEvent,
    Finished,
    JobSpec,
    JobState,
    LlmCall,
    LlmRequested,
    Warning_,
)
from workbench.plugin.environment import home_of, start_worker
from workbench.plugin.journal import JOURNAL_NAME, JournalWriter
from workbench.plugin.protocol import Answer, EvalAnswer, Grants, Handover
from workbench.plugin.runs import OwnerLock, state_of
from workbench.plugin.services import HostServices
from workbench.plugin.spares import Spares
from workbench.plugin.watch import Deadlines, Watch

_ENDED = ("finished", "failed", "cancelled", "lost")


class Job:
    """One run of a plugin. All methods may be called from any thread; none of them blocks long.

    Events are kept in order; ``drain`` gives those not yet given, ``events`` all so far. The last
    event of every job is a ``Finished``; by then its processes are gone.
    """

    def __init__(
        self,
        spec: JobSpec,
        run_dir: Path,
        *,
        permissions: Sequence[str] = (),
        grants: Grants | None = None,
        deadlines: Deadlines | None = None,
        services: HostServices | None = None,
        scheduler: str = "",
        spares: Spares | None = None,
        leave_queue: Callable[[Job], bool] = lambda _: False,
    ) -> None:
        self.id = spec.id
        self.title = spec.title
        self.plugin = spec.plugin
        self.run_dir = run_dir
        self._spec = spec
        self._permissions = tuple(permissions)
        self._grants = grants or Grants()
        self._deadlines = deadlines or Deadlines()
        self._services = services or HostServices()
        self._scheduler = scheduler
        # Only what runs here, in Python, can have been started ahead.
        self._spares = spares if spec.form != "command" and not scheduler else None
        self._asked: dict[str, tuple[str, str]] = {}
        self._leave_queue = leave_queue
        self._lock = threading.Lock()
        self._state: JobState = "queued"
        self._events: list[AnyEvent] = []
        self._drained = 0
        self._seq = 0
        self._cancelled = False
        self._watch: Watch | None = None
        self._done = threading.Event()
        self._owner = OwnerLock(run_dir)
        self._journal: JournalWriter | None = JournalWriter(run_dir / JOURNAL_NAME)

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.state}>"

    @property
    def state(self) -> JobState:
        """Where it is between "queued" and its end."""
        return self._state

    @property
    def finished(self) -> Finished | None:
        """The last event, None before it."""
        with self._lock:
            last = self._events[-1] if self._events else None
        return last if isinstance(last, Finished) else None

    def events(self) -> tuple[AnyEvent, ...]:
        """Return all events so far."""
        with self._lock:
            return tuple(self._events)

    def drain(self) -> list[AnyEvent]:
        """Return the events since the last drain."""
        with self._lock:
            new = self._events[self._drained :]
            self._drained = len(self._events)
        return new

    def follow(self, poll_s: float = 0.05) -> Iterator[AnyEvent]:
        """Yield events as they come, until the last one; for callers without an event loop."""
        while not self.wait(poll_s):
            yield from self.drain()
        yield from self.drain()

    def wait(self, timeout: float | None = None) -> Finished | None:
        """Wait for the end; return the last event, or None when ``timeout`` seconds went by."""
        return self.finished if self._done.wait(timeout) else None

    def cancel(self, *, now: bool = False) -> None:
        """Ask it to stop; later it is terminated, then killed. ``now`` kills at once."""
        with self._lock:
            if self._state in _ENDED:
                return
            self._cancelled = True
            if self._state in ("starting", "running"):
                self._state = "cancelling"
            watch = self._watch
        if watch is not None:
            watch.cancel(now=now)
        elif self._leave_queue(self):
            self.run()
            self.mark_done()

    def answer(self, answer: Answer) -> None:
        """Answer an ``EvalRequested`` or an ``LlmRequested``, by its id.

        What was done for the plugin is written into the journal here, by the host: a plugin's own
        word for it is not asked.
        """
        with self._lock:
            watch = self._watch
            if watch is None:
                return
            for event in self._records_of(answer):
                self._append(event)
        watch.send(answer)

    def _records_of(self, answer: Answer) -> Iterator[AnyEvent]:
        if isinstance(answer, EvalAnswer):
            yield from answer.results
        elif not answer.completion.refused:
            made = answer.completion
            role, label = self._asked.pop(answer.id, ("", ""))
            yield LlmCall(
                role=role,
                label=label,
                model=made.model,
                input_tokens=made.input_tokens,
                output_tokens=made.output_tokens,
                usd=made.usd,
                cached=made.cached,
            )

    def run(self) -> None:
        """See it through from start to end; called once, by the runner, in the job's thread."""
        try:
            self._end(self._work())
        finally:
            self._owner.release()

    def mark_done(self) -> None:
        """Let ``wait`` return; called by the runner when the thread has nothing left to do."""
        self._done.set()

    def make_ready(self) -> None:
        """Have a worker started ahead for the next job like this one; called by the runner."""
        if self._spares is not None and self._state not in ("cancelled", "failed"):
            self._spares.refill(self._spec, self._permissions)

    def _work(self) -> Finished:
        with self._lock:
            if self._cancelled:
                return Finished(status="cancelled", summary="Cancelled before it began.")
            self._state = "starting"
        spare = self._spares.take(self._spec, self._permissions) if self._spares else None
        try:
            process = (
                spare.process
                if spare is not None
                else start_worker(self.run_dir, self._permissions, self._scheduler)
            )
        except OSError as problem:
            return Finished(
                status="failed",
                summary=f"The worker cannot be started: {problem.strerror}. Close other programs "
                "and start the job again.",
            )
        watch = Watch(
            process,
            self.run_dir,
            self._spec.limits,
            self._deadlines,
            self._publish,
            marks=() if spare is None else (spare.mark,),
        )
        if spare is not None:
            watch.send(Handover(str(self.run_dir), home_of(self.run_dir, self._permissions)))
        watch.send(self._grants)
        with self._lock:
            self._watch = watch
            cancelled = self._cancelled
        if cancelled:
            watch.cancel()
        try:
            return watch.run()
        except Exception as problem:
            # Whatever it is, the job must end and its processes must go.
            watch.kill()
            return Finished(
                status="failed",
                summary=f"The job could not be watched any longer ({type(problem).__name__}: "
                f"{problem}), so it was killed. What it had found is in its journal.",
            )
        finally:
            with self._lock:
                self._watch = None

    def _publish(self, event: AnyEvent) -> None:
        with self._lock:
            if self._state == "starting":
                self._state = "running"
            self._append(event)
        if isinstance(event, LlmRequested) and event.prompt is not None:
            self._asked[event.id] = (event.prompt.role, event.prompt.label)
        self._services.serve(event, self.answer)

    def _end(self, finished: Finished) -> None:
        with self._lock:
            self._append(finished)
            self._state = state_of(finished)
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    def _append(self, event: AnyEvent) -> None:
        """Number the event, write it to the journal and keep it; the lock is held."""
        self._seq += 1
        if event.seq != self._seq:
            event = replace(event, seq=self._seq)
        if self._journal is not None:
            try:
                self._journal.append(event)
            except OSError as problem:
                self._journal.close()
                self._journal = None
                self._events.append(
                    Warning_(
                        seq=self._seq,
                        text=f"The journal in {self.run_dir} cannot be written "
                        f"({problem.strerror}); what the job says from here on is lost when the "
                        "program ends.",
                    )
                )
                self._seq += 1
                event = replace(event, seq=self._seq)
        self._events.append(event)
