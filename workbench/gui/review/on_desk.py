"""What the acts of a review ask of the desk that shows it."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import SignalInstance

from workbench.gui.review.backend import Opened
from workbench.gui.review.choices import Choices
from workbench.gui.review.desk_view import DeskView
from workbench.review.rules.admission import Means


class OnDesk(Protocol):
    """What is asked of the desk that shows the proposal."""

    opened: Opened | None
    choices: Choices
    view: DeskView
    changed: SignalInstance

    @property
    def means(self) -> Means: ...

    @property
    def applied(self) -> bool: ...

    @property
    def proposal_id(self) -> str: ...

    def run(self, act: str) -> None: ...

    def why_not_apply(self) -> str | None: ...

    def flush(self) -> None: ...

    def open(self, proposal_id: str) -> None: ...

    def back(self) -> None: ...

    def tell_problem(self, message: str) -> None: ...
