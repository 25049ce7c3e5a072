"""What can be done with all sessions, as commands for menu and palette."""

from __future__ import annotations

from typing import Protocol

from workbench.gui.shell.commands import Command
from workbench.gui.traces.sessions.all_sessions import AllSessions


class SessionActions(Protocol):
    """What the panel does for the commands."""

    def front_sessions(self) -> AllSessions:
        """Bring the tab of all sessions to the front and return it."""
        ...


def session_commands(panel: SessionActions) -> tuple[Command, ...]:
    """Return the commands of the tab All sessions."""
    return (
        Command(
            "trace.sessions",
            "Show all sessions",
            "Trace",
            lambda: panel.front_sessions().show_sessions(),
            ("Ctrl+Alt+I",),
            icon="traces",
            group=0,
        ),
        Command(
            "trace.search_sessions",
            "Search in all sessions…",
            "Trace",
            lambda: panel.front_sessions().ask_words(),
            ("Ctrl+Alt+P",),
            icon="search",
            group=0,
        ),
        Command(
            "trace.watch_folder",
            "Watch a folder of sessions…",
            "Trace",
            lambda: panel.front_sessions().watch_folder(),
            icon="folder-open",
        ),
        Command(
            "trace.watched_folders",
            "Show watched folders",
            "Trace",
            lambda: panel.front_sessions().show_folders(),
        ),
    )
