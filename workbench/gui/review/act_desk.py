"""What features with acts of their own ask of the desk, besides what the acts of a review ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from PySide6.QtCore import SignalInstance

from workbench.domain.proposal import Hunk
from workbench.gui.review.on_desk import OnDesk
from workbench.gui.review.work import Work


class ActDesk(OnDesk, Protocol):
    """The desk as a place for acts; ``alone`` and ``locked`` stand beside its hunks."""

    work: Work
    hunk_changed: SignalInstance
    selection_changed: SignalInstance
    alone: Mapping[str, str]
    locked: Mapping[str, str]

    def hunk(self) -> Hunk | None: ...

    def act(self, name: str) -> Callable[[], None]: ...

    def add_acts(
        self,
        acts: Mapping[str, Callable[[], None]],
        why_not: Mapping[str, Callable[[], str | None]] | None = None,
    ) -> None: ...

    def why_not_undo(self) -> str | None: ...

    def leave_bars(self) -> None: ...

    def refresh_marks(self) -> None: ...

    def show_state(self) -> None: ...

    def check_soon(self) -> None: ...
