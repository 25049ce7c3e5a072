"""What acts on lines ask of the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from PySide6.QtCore import SignalInstance

from workbench.domain.proposal import Hunk
from workbench.gui.review.choices import Choices
from workbench.gui.review.on_desk import OnDesk
from workbench.gui.review.work import Work

Act = Callable[[], None]
WhyNot = Callable[[], str | None]


class Shows(Protocol):
    """Shows the diff of the desk anew."""

    def show(self) -> None: ...


class DeskOfLines(OnDesk, Protocol):
    """The desk whose lines are cut and talked about."""

    work: Work
    why_not: dict[str, WhyNot]
    selection_changed: SignalInstance

    @property
    def modes(self) -> Shows: ...

    def hunk(self) -> Hunk | None: ...

    def take(self, choices: Choices) -> None: ...

    def edited_lines(self, name: str) -> tuple[str, ...] | None: ...

    def show_state(self) -> None: ...

    def why_not_decide(self) -> str | None: ...

    def why_not_undo(self) -> str | None: ...

    def act(self, name: str) -> Act: ...

    def add_acts(
        self, acts: Mapping[str, Act], why_not: Mapping[str, WhyNot] | None = None
    ) -> None: ...
