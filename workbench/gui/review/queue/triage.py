"""One verdict on several proposals, in a thread, with undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from workbench.domain.text import counted
from workbench.gui.notify import MessageAction
from workbench.gui.review import backend
from workbench.gui.review.backend import Shelf
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.review.triage import Before, Done, Order, carry_out, take_back

_PAST = {"accept": "Accepted", "reject": "Rejected", "defer": "Deferred"}


class Triage(QObject):
    """Decides on several proposals; ``decided(ids)`` tells whose verdicts are others now.

    ``flush`` is called before, so that verdicts given on the desk come first.
    """

    decided = Signal(object)

    def __init__(
        self, context: AppContext, shelf: Shelf, flush: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context, self._shelf, self._flush = context, shelf, flush
        self.work = Work(context, self)
        self._last: tuple[tuple[Before, ...], str] | None = None

    @property
    def can_undo(self) -> bool:
        """Whether there is an act to take back."""
        return self._last is not None and not self.work.busy

    def carry_out(self, orders: Sequence[Order], words: str = "") -> None:
        """Decide; ``words`` say what was done, by default how many of what kind."""
        if not orders or self.work.busy:
            return
        said = words or f"{_PAST[orders[0].kind]} {counted(len(orders), 'proposal')}"
        self._flush()
        self._work_on(_decided, self._shelf, tuple(orders), said=said, undo=False)

    def undo(self) -> None:
        """Take the last act back."""
        if self._last is not None and not self.work.busy:
            before, said = self._last
            self._last = None
            self._flush()
            self._work_on(_taken_back, self._shelf, before, said=f"Undone: {said}", undo=True)

    def _work_on(
        self, work: Callable[..., Done], *arguments: object, said: str, undo: bool
    ) -> None:
        self.work.start(
            "triage",
            work,
            *arguments,
            on_done=lambda done: self._done(done, said, undo=undo),
            on_problem=lambda text: self._context.notify.warning(text, replace="triage"),
        )

    def _done(self, done: Done, said: str, *, undo: bool) -> None:
        for problem in done.problems:
            self._context.notify.warning(problem, replace=problem)
        if done.before:
            self._last = None if undo else (done.before, said)
            actions = () if undo else (MessageAction("Undo", self.undo),)
            self._context.notify.info(f"{said}.", replace="triage", actions=actions)
            self.decided.emit(tuple(one.proposal for one in done.before))


def _decided(shelf: Shelf, orders: Sequence[Order]) -> Done:
    return carry_out(shelf.store, orders, sign=_signer(), now=backend.now())


def _taken_back(shelf: Shelf, before: Sequence[Before]) -> Done:
    return take_back(shelf.store, before, sign=_signer(), now=backend.now())


def _signer() -> Callable[[Path], str]:
    """Return who reviews by library, asked of git once for each."""
    known: dict[Path, str] = {}

    def sign(library: Path) -> str:
        if library not in known:
            known[library] = backend.reviewer_at(library)
        return known[library]

    return sign
