"""Commands as data: menus, the palette and the keyboard come from one record each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

#: Menus in their order; a command's category is the menu it stands in.
CATEGORIES: tuple[str, ...] = (
    "File",
    "Edit",
    "View",
    "Skill",
    "Trace",
    "Run",
    "Review",
    "Help",
)


def menu_titles(names: Sequence[str]) -> dict[str, str]:
    """Return the menus with the letter that Alt opens each by, another for each ("&File")."""
    taken: set[str] = set()
    titles: dict[str, str] = {}
    for name in names:
        free = (at for at, sign in enumerate(name) if sign.casefold() not in taken)
        at = next(free, 0)
        taken.add(name[at].casefold())
        titles[name] = f"{name[:at]}&{name[at:]}"
    return titles


def always() -> str | None:
    """Say that a command can be run at any time."""
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do.

    ``title`` is a verb first, in sentence case, with "…" when more input follows. ``keybindings``
    are portable Qt texts ("Ctrl+Shift+P"). ``when`` returns None where it can be run, else the
    reason why not, in words. ``group`` separates it from other groups in its menu.
    """

    id: str
    title: str
    category: str
    run: Callable[[], None]
    keybindings: tuple[str, ...] = ()
    when: Callable[[], str | None] = always
    icon: str = ""
    group: int = 0

    @property
    def label(self) -> str:
        """Return the text of the palette: "Category: Title"."""
        return f"{self.category}: {self.title}"


class CommandRegistry(QObject):
    """All commands there are, by id."""

    changed = Signal()
    refused = Signal(str, str)
    ran = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands: dict[str, Command] = {}

    def add(self, *commands: Command) -> None:
        """Register commands.

        Raises:
            ValueError: an id or a keybinding is taken, or the category is no menu.
        """
        for command in commands:
            if command.id in self._commands:
                raise ValueError(f"The command id '{command.id}' is taken.")
            if command.category not in CATEGORIES:
                raise ValueError(f"'{command.category}' is no menu ({', '.join(CATEGORIES)}).")
            for other in self._commands.values():
                shared = set(other.keybindings) & set(command.keybindings)
                if shared:
                    raise ValueError(f"{shared} of '{command.id}' is the key of '{other.id}'.")
            self._commands[command.id] = command
        self.changed.emit()

    def remove(self, *ids: str) -> None:
        """Take commands away; ids that are not there are ignored."""
        for command_id in ids:
            self._commands.pop(command_id, None)
        self.changed.emit()

    def all(self) -> tuple[Command, ...]:
        """Return all commands in the order they were added."""
        return tuple(self._commands.values())

    def get(self, command_id: str) -> Command:
        """Return a command.

        Raises:
            KeyError: there is none of that id.
        """
        return self._commands[command_id]

    def run(self, command_id: str) -> bool:
        """Run a command; where it cannot be run, ``refused`` tells the title and the reason."""
        command = self._commands[command_id]
        reason = command.when()
        if reason is not None:
            self.refused.emit(command.title.rstrip("…"), reason)
            return False
        self.ran.emit(command_id)
        command.run()
        return True
