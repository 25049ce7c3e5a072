"""How the diff is shown: whitespace, front matter by key, moved text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import asdict, replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from workbench.gui.review.diff.line import DiffLine, DiffOptions
from workbench.gui.review.diff.lines import diff_lines, is_long
from workbench.gui.review.display.desk import DiffDesk
from workbench.gui.theme.icons import icon

#: Switch and act of that name, words in the menu, key in the diff.
SWITCHES: tuple[tuple[str, str, str], ...] = (
    ("hide_blanks", "Hide changes of whitespace", "W"),
    ("show_blanks", "Show spaces and tabs", "I"),
    ("by_key", "Front matter by key", "F"),
)
_TOLD = {
    "hide_blanks": ("Changes of whitespace are hidden.", "Changes of whitespace are shown."),
    "show_blanks": ("Every space and tab has a sign.", "Spaces and tabs have no sign."),
    "by_key": ("Front matter is shown by key.", "Front matter is shown as lines."),
}


class DiffModes(QObject):
    """Switches of one desk's diff. ``made()`` tells that another diff is shown."""

    made = Signal()

    def __init__(
        self, desk: DiffDesk, tell: Callable[[str], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._tell = desk, tell
        self.options = DiffOptions()
        self.button = QToolButton()
        self.button.setIcon(icon("eye", "text_muted"))
        self.button.setAccessibleName("How changes are shown")
        self.button.setToolTip("Whitespace, front matter by key, rendered Markdown")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.button)
        self.button.setMenu(self.menu)
        self._switches: dict[str, QAction] = {}
        for act, title, key in SWITCHES:
            self._switches[act] = self.add_switch(title, key, partial(desk.run, act))
        acts = {name: partial(self._turn, name) for name, *_ in SWITCHES}
        desk.add_acts(acts | {"other_end": self._go_to_other_end}, {"moves": self._why_no_move})
        self._show_state()

    def add_switch(self, title: str, key: str, run: Callable[[], object]) -> QAction:
        """Add something to the menu that is on or off; ``key`` is shown beside it."""
        action = QAction(f"{title}\t{key}" if key else title, self.menu)
        action.setCheckable(True)
        action.triggered.connect(lambda _checked=False: run())
        self.menu.addAction(action)
        return action

    def show(self, lines: tuple[DiffLine, ...] | None = None) -> None:
        """Show the desk's diff; ``lines`` were made when it was read, with other options maybe.

        Of a long diff the lines come first, then in a second pass its words and moves.
        """
        opened, hunks = self._desk.opened, self._desk.choices.hunks
        if opened is None:
            return
        long = is_long(hunks, self._desk.edited_lines)
        if lines is not None:
            self._put(lines)
            if not long and self.options == DiffOptions():
                return
        edited = {hunk.id: self._desk.edited_lines(hunk.id) for hunk in hunks}
        arguments = (hunks, edited.get, opened.review.read_base, self.options, opened.facts)
        if not long:
            self._put(diff_lines(*arguments))
            return
        self._desk.work.start(
            "lines",
            diff_lines,
            *arguments,
            on_done=lambda made: self._put(made) if self._desk.choices.hunks is hunks else None,
            on_problem=self._desk.tell_problem,
        )

    def _put(self, lines: Any) -> None:
        lines = self._desk.on_lines.commenting.with_talk(lines)
        self._desk.view.diff.show_diff(self._desk.choices.hunks, lines, self._desk.marks())
        self.made.emit()

    def _turn(self, act: str) -> None:
        on = not getattr(self.options, act)
        self.options = replace(self.options, **{act: on})
        self._show_state()
        self.show()
        self._tell(_TOLD[act][0 if on else 1])

    def _show_state(self) -> None:
        values = asdict(self.options)
        for name, switch in self._switches.items():
            switch.setChecked(values[name])

    def _why_no_move(self) -> str | None:
        moves = self._desk.view.diff.other_end >= 0
        return None if moves else "the current hunk moves nothing."

    def _go_to_other_end(self) -> None:
        diff = self._desk.view.diff
        if diff.other_end >= 0:
            diff.go_to(diff.other_end)
        else:
            self._tell("The current hunk moves nothing.")
