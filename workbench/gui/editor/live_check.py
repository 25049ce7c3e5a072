"""Checks the text being typed as the rules would check the file, when typing pauses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.shell.context import AppContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Skill

_PAUSE_MS = 300


class LiveCheck(QObject):
    """``checked(skill, diagnostics)`` tells of the buffer of a SKILL.md.

    It works in a thread; an answer that a newer text has overtaken is dropped.
    """

    checked = Signal(object, object)

    def __init__(self, context: AppContext, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._path = path
        self._turn = 0
        self._source: Callable[[], bytes] = bytes
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._start)

    def skill(self) -> Skill | None:
        """Return the skill this file is the SKILL.md of, as it is on disk."""
        skill = self._context.workspace.skill_of(self._path)
        if skill is None or Path(skill.path) / skill.skill_md != self._path:
            return None
        return skill

    def wish(self, source: Callable[[], bytes]) -> None:
        """Check soon what ``source`` gives then; a keystroke must not pay for it."""
        self._source = source
        self._pause.start()

    def _start(self) -> None:
        skill = self.skill()
        if skill is None:
            return
        self._turn += 1
        turn = self._turn

        def done(answer: tuple[Skill, tuple[Diagnostic, ...]]) -> None:
            if turn == self._turn:
                self.checked.emit(*answer)

        self._context.spawn_thread(
            _check, skill, self._source(), self._context.clients, on_done=done, owner=self
        )


def _check(
    skill: Skill, source: bytes, clients: tuple[str, ...]
) -> tuple[Skill, tuple[Diagnostic, ...]]:
    from workbench.skills.check import check_skill
    from workbench.skills.read import with_source

    edited = with_source(skill, source)
    return edited, check_skill(edited, clients)
