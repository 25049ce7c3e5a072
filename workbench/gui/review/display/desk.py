"""What asks for another view of the changes asks this of the desk."""

from __future__ import annotations

from typing import Protocol

from workbench.gui.review.act_desk import ActDesk
from workbench.gui.review.diff.paint import HunkMark
from workbench.gui.review.lines.desk_lines import DeskLines


class DiffDesk(ActDesk, Protocol):
    """The desk that shows a diff, with what was said of its lines."""

    on_lines: DeskLines

    def edited_lines(self, name: str) -> tuple[str, ...] | None: ...

    def marks(self) -> list[HunkMark]: ...
