"""Work in threads under names: a newer piece of work of a name replaces the answer of the older."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.gui.review.backend import PROBLEMS
from workbench.gui.shell.context import AppContext
from workbench.review.applying.transaction import Stale

if TYPE_CHECKING:
    from workbench.gui.bridge import ThreadCall

Tell = Callable[[str], object]


class Work(QObject):
    """What runs for one desk. ``ended()`` tells that a piece of work is over and answered."""

    ended = Signal()

    def __init__(self, context: AppContext, owner: QObject) -> None:
        super().__init__(owner)
        self._context = context
        self._under_way: dict[str, ThreadCall] = {}

    def runs(self, name: str) -> bool:
        """Say whether work of that name is under way."""
        return name in self._under_way

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._under_way)

    def start(
        self,
        name: str,
        work: Callable[..., object],
        *arguments: object,
        on_done: Callable[..., object],
        on_problem: Tell,
        on_stale: Tell | None = None,
    ) -> None:
        """Run work; a problem for a person goes to ``on_problem``, a stale one to ``on_stale``.

        Any other problem is a fault of the program and is reported as such.
        """
        earlier = self._under_way.pop(name, None)
        if earlier is not None:
            earlier.cancel()

        def done(value: object) -> None:
            self._under_way.pop(name, None)
            on_done(value)
            self.ended.emit()

        def failed(problem: BaseException) -> None:
            self._under_way.pop(name, None)
            if isinstance(problem, Stale) and on_stale is not None:
                on_stale(str(problem))
            elif isinstance(problem, PROBLEMS):
                on_problem(str(problem))
            else:
                self._context.notify.problem(problem)
                on_problem(str(problem) or type(problem).__name__)
            self.ended.emit()

        self._under_way[name] = self._context.spawn_thread(
            work, *arguments, on_done=done, on_error=failed, owner=self
        )
