"""The menu that groups, sorts and filters the queue, and the line that says what is filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, get_args

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from workbench.domain.task import GateLevel
from workbench.gui.review.queue.rows import GroupBy, QueueChoice
from workbench.gui.review.words import level_text
from workbench.gui.widgets.buttons import icon_button
from workbench.review.queue import SORTS, Entry, Sort, Wanted, skills_of

_SORT_WORDS: Final[dict[Sort, str]] = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "level": "Best level first",
    "repairs": "Most repairs first",
    "largest": "Largest first",
    "smallest": "Smallest first",
}
#: So many engines or skills are offered; the search field finds the others.
_MOST: Final = 20


class QueueMenu(QObject):
    """Builds its entries from what the store holds when it opens; ``changed(choice)``."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.choice = QueueChoice()
        self.entries: Sequence[Entry] = ()
        self.menu = QMenu(parent)
        self.menu.aboutToShow.connect(self._fill)
        self.button = icon_button("filter", "Group, sort and filter", self.pop_up)
        self.button.setMenu(self.menu)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setProperty("plain_menu", True)

    def pop_up(self) -> None:
        """Open the menu below its button."""
        self.menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def take(self, choice: QueueChoice) -> None:
        """Choose otherwise and tell."""
        if choice != self.choice:
            self.choice = choice
            self.changed.emit(choice)

    def clear(self) -> None:
        """Take all filters away that the menu has."""
        wanted = Wanted(words=self.choice.wanted.words)
        self.take(replace(self.choice, wanted=wanted))

    def _fill(self) -> None:
        menu = self.menu
        menu.clear()
        groups = {by: by.capitalize() for by in get_args(GroupBy)}
        self._one_of("Group by", groups, self.choice.group_by, "group_by")
        self._one_of("Sort by", {by: _SORT_WORDS[by] for by in SORTS}, self.choice.sort, "sort")
        menu.addSeparator()
        wanted = self.choice.wanted
        levels: tuple[GateLevel, ...] = get_args(GateLevel)
        counts = Counter(one.gate.level for one in self.entries)
        self._some_of("Level", [(one, level_text(one)) for one in levels], counts, "levels")
        engines = Counter(one.proposal.engine.id for one in self.entries)
        self._some_of("Engine", _named(engines, wanted.engines), engines, "engines")
        skills = Counter(name for one in self.entries for name in skills_of(one.proposal))
        self._some_of("Skill", _named(skills, wanted.skills), skills, "skills")
        contested = sum(one.contested > 0 for one in self.entries)
        self._tick(
            menu,
            f"Contested by others ({contested})",
            wanted.contested,
            lambda on: self._want(contested=on),
        )
        menu.addSeparator()
        clear = menu.addAction("Clear filters", self.clear)
        clear.setEnabled(bool(filter_text(self.choice)))

    def _one_of(self, title: str, words: dict[Any, str], now: str, field: str) -> None:
        inside = self.menu.addMenu(title)
        group = QActionGroup(inside)
        for value, text in words.items():
            action = self._tick(inside, text, value == now, self._setter(field, value))
            group.addAction(action)

    def _setter(self, field: str, value: str) -> Callable[[bool], None]:
        def set_field(_on: bool) -> None:
            self.take(replace(self.choice, **{field: value}))

        return set_field

    def _some_of(
        self, title: str, named: Iterable[tuple[str, str]], counts: Counter[Any], field: str
    ) -> None:
        inside = self.menu.addMenu(title)
        chosen: tuple[str, ...] = getattr(self.choice.wanted, field)
        for value, words in named:
            text = f"{words} ({counts[value]})".replace("&", "&&")
            self._tick(inside, text, value in chosen, self._toggler(field, value))
        inside.setEnabled(not inside.isEmpty())

    def _toggler(self, field: str, value: str) -> Callable[[bool], None]:
        def toggle(on: bool) -> None:
            others = [one for one in getattr(self.choice.wanted, field) if one != value]
            self._want(**{field: (*others, value) if on else tuple(others)})

        return toggle

    def _want(self, **fields: Any) -> None:
        self.take(replace(self.choice, wanted=replace(self.choice.wanted, **fields)))

    @staticmethod
    def _tick(menu: QMenu, text: str, on: bool, run: Callable[[bool], None]) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(on)
        action.triggered.connect(run)
        return action


def _named(counts: Counter[str], chosen: Sequence[str]) -> list[tuple[str, str]]:
    names = {name for name, _ in counts.most_common(_MOST)} | set(chosen)
    return [(name, name.replace("_", " ")) for name in sorted(names, key=str.casefold)]


def filter_text(choice: QueueChoice) -> str:
    """Return in words what the menu filters by, "" for nothing."""
    wanted = choice.wanted
    parts = [
        ", ".join(level_text(one) for one in wanted.levels),
        ", ".join(one.replace("_", " ") for one in wanted.engines),
        ", ".join(wanted.skills),
        "contested" if wanted.contested else "",
    ]
    return " \N{MIDDLE DOT} ".join(part for part in parts if part)
