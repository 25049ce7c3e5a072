"""The menu bar and the keyboard, made from the commands."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from workbench.gui.shell.commands import Command, CommandRegistry
from workbench.gui.theme.icons import icon


class Menus(QObject):
    """Keeps one action a command. Disabled ones say why in the status bar.

    An action is disabled only while its menu is open: a shortcut of a command that cannot be run
    tells the reason instead of doing nothing.
    """

    def __init__(
        self, window: QMainWindow, registry: CommandRegistry, menus: dict[str, QMenu]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._registry = registry
        self._actions: dict[str, QAction] = {}
        self._menus = menus
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.rebuild)
        registry.changed.connect(self._later.start)
        for category, menu in menus.items():
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(lambda name=category: self._enable(name))
            menu.aboutToHide.connect(self._enable_all)
        self.rebuild()

    def action(self, command_id: str) -> QAction:
        """Return the action of a command."""
        return self._actions[command_id]

    def rebuild(self) -> None:
        """Make the menus from the commands there are now."""
        commands = self._registry.all()
        for gone in set(self._actions) - {command.id for command in commands}:
            action = self._actions.pop(gone)
            self._window.removeAction(action)
            action.deleteLater()
        for category, menu in self._menus.items():
            menu.clear()
            listed = sorted(
                (command for command in commands if command.category == category),
                key=lambda command: command.group,
            )
            group = listed[0].group if listed else 0
            for command in listed:
                if command.group != group:
                    menu.addSeparator()
                    group = command.group
                menu.addAction(self._action_of(command))
            menu.menuAction().setVisible(bool(listed))

    def _action_of(self, command: Command) -> QAction:
        action = self._actions.get(command.id)
        if action is None:
            action = QAction(command.title, self._window)
            action.setObjectName(command.id)
            action.setMenuRole(QAction.MenuRole.NoRole)
            action.setShortcuts([QKeySequence(keys) for keys in command.keybindings])
            if command.icon:
                action.setIcon(icon(command.icon))
            action.triggered.connect(
                lambda _checked=False, name=command.id: self._registry.run(name)
            )
            self._window.addAction(action)
            self._actions[command.id] = action
        return action

    def _enable(self, category: str) -> None:
        for command in self._registry.all():
            if command.category == category and command.id in self._actions:
                reason = command.when()
                action = self._actions[command.id]
                action.setEnabled(reason is None)
                action.setStatusTip(reason or "")
                action.setToolTip(reason or command.title)

    def _enable_all(self) -> None:
        for action in self._actions.values():
            action.setEnabled(True)
