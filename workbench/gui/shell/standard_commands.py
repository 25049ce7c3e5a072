"""The commands of the window itself; features add their own."""

from __future__ import annotations

from collections.abc import Callable

from workbench.gui.shell.activities import ACTIVITIES
from workbench.gui.shell.commands import Command
from workbench.gui.shell.window_actions import WindowActions


def standard_commands(window: WindowActions) -> tuple[Command, ...]:
    """Return the window's commands."""
    return (
        *_file(window),
        *_save(window),
        *_edit(window),
        *_view(window),
        *_panels(window),
        *_moves(window),
        *_other(window),
    )


def _file(window: WindowActions) -> tuple[Command, ...]:
    return (
        Command(
            "file.open_library",
            "Open folder…",
            "File",
            window.open_library_dialog,
            ("Ctrl+O",),
            icon="folder-open",
        ),
        Command(
            "file.open_traces",
            "Open traces…",
            "File",
            window.open_traces_dialog,
            ("Ctrl+Shift+O",),
            icon="traces",
        ),
        Command("file.open_example", "Open example library", "File", window.open_example),
        Command(
            "file.open_recent",
            "Open recent…",
            "File",
            window.choose_recent,
            ("Ctrl+R",),
            when=window.why_no_recent,
            icon="clock",
        ),
    )


def _save(window: WindowActions) -> tuple[Command, ...]:
    document, library = window.why_no_document, window.why_no_library
    return (
        Command(
            "file.save",
            "Save",
            "File",
            window.save,
            ("Ctrl+S",),
            when=document,
            icon="save",
            group=1,
        ),
        Command(
            "file.save_all",
            "Save all",
            "File",
            window.save_all,
            ("Ctrl+Alt+S",),
            when=window.why_nothing_unsaved,
            group=1,
        ),
        Command(
            "file.reload",
            "Read library again",
            "File",
            window.reload,
            ("F5",),
            when=library,
            icon="refresh",
            group=1,
        ),
        Command(
            "file.close_tab",
            "Close file",
            "File",
            window.close_tab,
            ("Ctrl+W",),
            when=document,
            group=2,
        ),
        Command(
            "file.close_library",
            "Close library",
            "File",
            window.close_library,
            when=library,
            group=2,
        ),
        Command("file.quit", "Quit", "File", window.quit, ("Ctrl+Q",), group=3),
    )


def _edit(window: WindowActions) -> tuple[Command, ...]:
    def text(what: str) -> Callable[[], None]:
        return lambda: window.edit_text(what)

    return (
        Command("edit.undo", "Undo", "Edit", text("undo"), ("Ctrl+Z",), icon="undo"),
        Command("edit.redo", "Redo", "Edit", text("redo"), ("Ctrl+Shift+Z",), icon="redo"),
        Command("edit.cut", "Cut", "Edit", text("cut"), ("Ctrl+X",), group=1),
        Command("edit.copy", "Copy", "Edit", text("copy"), ("Ctrl+C",), icon="copy", group=1),
        Command("edit.paste", "Paste", "Edit", text("paste"), ("Ctrl+V",), group=1),
        Command("edit.select_all", "Select all", "Edit", text("selectAll"), ("Ctrl+A",), group=1),
        Command(
            "edit.go_to_line",
            "Go to line…",
            "Edit",
            window.go_to_line,
            ("Ctrl+G",),
            when=window.why_no_document,
            group=2,
        ),
    )


def _view(window: WindowActions) -> tuple[Command, ...]:
    def show(activity_id: str) -> Callable[[], None]:
        return lambda: window.show_activity(activity_id)

    activities = tuple(
        Command(
            f"view.activity.{activity.id}",
            f"Show {activity.title}",
            "View",
            show(activity.id),
            (f"Ctrl+{number}",),
            icon=activity.icon,
            group=1,
        )
        for number, activity in enumerate(ACTIVITIES, start=1)
    )
    return (
        Command(
            "view.palette",
            "Show all commands…",
            "View",
            window.show_palette,
            ("Ctrl+Shift+P",),
            icon="search",
        ),
        Command("view.quick_open", "Quick open…", "View", window.quick_open, ("Ctrl+P",)),
        *activities,
    )


def _panels(window: WindowActions) -> tuple[Command, ...]:
    return (
        Command(
            "view.problems",
            "Show problems",
            "View",
            lambda: window.show_bottom("Problems"),
            ("Ctrl+Shift+M",),
            icon="warning",
            group=2,
        ),
        Command(
            "view.jobs",
            "Show jobs",
            "View",
            lambda: window.show_bottom("Jobs"),
            ("Ctrl+Shift+J",),
            icon="clock",
            group=2,
        ),
        Command(
            "view.log",
            "Show log",
            "View",
            lambda: window.show_bottom("Log"),
            ("Ctrl+Shift+U",),
            icon="terminal",
            group=2,
        ),
        Command(
            "view.toggle_bottom",
            "Show or hide the bottom panel",
            "View",
            window.toggle_bottom,
            ("Ctrl+J",),
            icon="panel-bottom",
            group=3,
        ),
        Command(
            "view.toggle_inspector",
            "Show or hide the inspector",
            "View",
            window.toggle_inspector,
            ("Ctrl+I",),
            icon="panel-right",
            group=3,
        ),
    )


def _moves(window: WindowActions) -> tuple[Command, ...]:
    return (
        Command(
            "view.next_panel",
            "Go to next panel",
            "View",
            lambda: window.focus_panel(1),
            ("F6",),
            group=3,
        ),
        Command(
            "view.previous_panel",
            "Go to previous panel",
            "View",
            lambda: window.focus_panel(-1),
            ("Shift+F6",),
            group=3,
        ),
        Command(
            "view.next_tab",
            "Go to next file",
            "View",
            lambda: window.next_tab(1),
            ("Ctrl+PgDown", "Ctrl+Tab"),
            when=window.why_no_document,
            group=3,
        ),
        Command(
            "view.previous_tab",
            "Go to previous file",
            "View",
            lambda: window.next_tab(-1),
            ("Ctrl+PgUp", "Ctrl+Shift+Tab"),
            when=window.why_no_document,
            group=3,
        ),
        Command("view.welcome", "Show welcome page", "View", window.show_welcome, group=4),
        Command("view.theme", "Change theme…", "View", window.choose_theme, icon="theme", group=4),
    )


def _other(window: WindowActions) -> tuple[Command, ...]:
    return (
        Command(
            "skill.choose_client",
            "Choose client profile…",
            "Skill",
            window.choose_client,
            when=window.why_no_library,
            group=5,
        ),
        Command(
            "run.cancel_jobs",
            "Cancel running jobs",
            "Run",
            window.cancel_jobs,
            when=window.why_no_jobs,
            icon="stop",
        ),
        Command(
            "help.commands",
            "Show commands and shortcuts…",
            "Help",
            window.show_palette,
            ("F1",),
            icon="keyboard",
        ),
        Command("help.report", "Copy report for a bug", "Help", window.copy_report),
        Command("help.about", "About Skill Workbench", "Help", window.show_about, group=1),
    )
