"""A published engine that runs in our worker: its calls go to the host and stop with the host.

Such packages own their loop and call back for models and tasks; many catch every ``Exception`` on
the way. A plugin runs one with ``relayed`` and gives it what ``PackageCalls`` offers instead of a
model client or a task harness of its own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Protocol, TypeVar

from msgspec import Struct

from workbench.domain.job import EvalResult
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.domain.proposal import Change
from workbench.plugin.stops import BudgetSpent, Cancelled, Unavailable

_T = TypeVar("_T")

#: So many calls to a model in a row may fail before the engine is stopped.
_MOST_FAILURES = 3
#: How long a package may take to come to its end after a stop, in seconds.
_ENDING_S = 5.0


class Halt(BaseException):
    """Ends a package that catches every ``Exception``; ``reason`` is what the host said."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        super().__init__(str(reason))


class _Host(Protocol):
    """What of ``api.Context`` is used."""

    def complete(self, prompt: Prompt) -> Completion: ...

    def evaluate(
        self,
        candidate: str,
        tasks: Sequence[str] = (),
        *,
        changes: Sequence[Change] = (),
        without: Sequence[str] = (),
        runs: int = 1,
    ) -> tuple[EvalResult, ...]: ...


class PackageCalls:
    """Models and tasks for a package; several of its threads may use them at once.

    A cancel, a spent budget and a runner that refuses the library as it is raise ``Halt``, and so
    does every later call. A copy, however deep, is the same object.
    """

    def __init__(self, context: _Host, *, system: str = "", role: str = "proposer") -> None:
        """Begin. ``system`` goes before every conversation, ``role`` is the model's."""
        self._context = context
        self._system = system
        self._role = role
        self._lock = threading.Lock()
        self._asked: Counter[tuple[ChatMessage, ...]] = Counter()
        self._failures = 0
        self._answers = 0
        self._halted: Exception | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> PackageCalls:
        return self

    @property
    def answers(self) -> int:
        """How many answers of a model came."""
        return self._answers

    def halt(self, reason: Exception) -> Halt:
        """Return what to raise; every later call raises it too."""
        with self._lock:
            self._halted = self._halted or reason
        return Halt(self._halted)

    def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        label: str = "",
    ) -> str:
        """Ask the model and return its text.

        A question asked again gets a note that another answer is wanted: the host keeps answers,
        and the same question would get the same one.

        Raises:
            Unavailable: this call failed; the third in a row halts.
            Halt: there is nothing left to ask with.
        """
        self._check()
        asked = tuple(messages)
        with self._lock:
            self._asked[asked] += 1
            again = self._asked[asked]
        if self._system:
            asked = (ChatMessage("system", self._system), *asked)
        if again > 1:
            note = f"This was asked before. Give answer number {again}, unlike the earlier ones."
            asked = (*asked[:-1], ChatMessage(asked[-1].role, f"{asked[-1].content}\n\n{note}"))
        prompt = Prompt(
            asked, role=self._role, temperature=temperature, max_tokens=max_tokens, label=label
        )
        try:
            text = self._context.complete(prompt).text
        except (Cancelled, BudgetSpent) as stop:
            raise self.halt(stop) from None
        except Unavailable as problem:
            with self._lock:
                self._failures += 1
                is_hopeless = self._failures >= _MOST_FAILURES
            if is_hopeless:
                raise self.halt(problem) from None
            raise
        with self._lock:
            self._failures = 0
            self._answers += 1
        return text

    def evaluate(
        self,
        candidate: str,
        tasks: Sequence[str],
        changes: Sequence[Change] = (),
        *,
        runs: int = 1,
    ) -> tuple[EvalResult, ...]:
        """Have tasks run on the library with ``changes``.

        Raises:
            Unavailable: this version of the library cannot be run.
            Halt: nothing can be run any more.
        """
        self._check()
        try:
            return self._context.evaluate(candidate, tasks, changes=changes, runs=runs)
        except (Cancelled, BudgetSpent) as stop:
            raise self.halt(stop) from None
        except Unavailable as problem:
            if not changes:
                raise self.halt(problem) from None
            raise

    def _check(self) -> None:
        if self._halted is not None:
            raise Halt(self._halted)


class _End(Struct, frozen=True):
    problem: BaseException | None = None


def relayed(work: Callable[[Callable[[_T], None]], None]) -> Iterator[_T]:
    """Run ``work(tell)`` in a thread and yield what it tells, as it comes.

    What ends it is raised here: the reason of a ``Halt``, or what it raised itself.
    """
    told: SimpleQueue[_T | _End] = SimpleQueue()

    def run() -> None:
        try:
            work(told.put)
        except BaseException as problem:
            told.put(_End(problem))
        else:
            told.put(_End())

    thread = threading.Thread(target=run, name="engine package", daemon=True)
    thread.start()
    try:
        while not isinstance(one := told.get(), _End):
            yield one
    finally:
        thread.join(_ENDING_S)
    if isinstance(one.problem, Halt):
        raise one.problem.reason
    if one.problem is not None:
        raise one.problem
