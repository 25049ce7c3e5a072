"""From a row of the checks to what it is about: a hunk, a file, a step of a trace, a skill."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt

from workbench.gui.review.checks.rows import CheckPlace
from workbench.gui.review.on_desk import OnDesk
from workbench.gui.shell.context import AppContext
from workbench.review.history.places import hunk_of_base, place_of


class CheckPlaces(QObject):
    """Follows what the strip asks for."""

    def __init__(self, desk: OnDesk, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._context = desk, context
        desk.view.strip.place_asked.connect(self.show)

    def show(self, place: CheckPlace) -> None:
        """Bring a place to the front."""
        if place.kind == "trace":
            self._context.request_trace(place.path, place.trajectory, place.line, place.quote)
        elif place.kind == "skill":
            self._show_skill(place.path)
        elif place.kind == "file":
            self._show_file(place.path, place.line)
        else:
            self._show_line(place)

    def _show_line(self, place: CheckPlace) -> None:
        """Go to the hunk that makes a line, or changes it; else to the line on disk."""
        choices = self._desk.choices
        if place.kind == "before":
            at, line = hunk_of_base(choices.hunks, place.path, place.line), place.line
        else:
            found = place_of(choices.hunks, choices.verdicts, place.path, place.line)
            at, line = found.hunk, found.base_line
        if at is None:
            self._show_file(place.path, line)
            return
        diff = self._desk.view.diff
        diff.set_current(at)
        diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_file(self, path: str, line: int) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        file = opened.review.library / path
        if file.is_file():
            self._context.request_file(file, line)
        else:
            self._tell(f"{file} is not there yet: the proposal makes it. Look at its hunk.")

    def _show_skill(self, name: str) -> None:
        library = self._context.library
        skills = library.skills if library is not None else ()
        skill = next((one for one in skills if one.name == name), None)
        if skill is None:
            self._tell(f"The skill {name} is not in the open library. Open its library first.")
            return
        self._context.request_file(Path(skill.path) / skill.skill_md, 1)

    def _tell(self, text: str) -> None:
        self._context.notify.info(text, replace="check place")
