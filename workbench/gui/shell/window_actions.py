"""What the commands of the window do. The window puts the parts together; this moves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QMainWindow, QWidget

from workbench import __version__
from workbench.gui.shell.activity_bar import ActivityBar
from workbench.gui.shell.centre import Centre
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.docks import BottomDock, InspectorDock
from workbench.gui.shell.example import example_library, example_traces
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.shell.picker import Choice, Picker
from workbench.gui.shell.problems import Problem, of_diagnostics
from workbench.gui.shell.quick_open import quick_open_choices
from workbench.gui.shell.session import Session
from workbench.gui.shell.status import StatusBar
from workbench.gui.shell.trace_links import typed_choice
from workbench.gui.shell.welcome import WelcomePage
from workbench.gui.theme.tokens import THEMES, load_theme

if TYPE_CHECKING:
    from workbench.domain.skill import Library

#: What the library is checked for when no client was chosen.
_ALL_CLIENTS = "All clients"
#: What a text that is only read leaves to others.
_CHANGES = frozenset({"undo", "redo", "cut", "paste"})


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the window that its commands move."""

    activity_bar: ActivityBar
    welcome: WelcomePage
    centre: Centre
    inspector: InspectorDock
    bottom: BottomDock
    status: StatusBar


class WindowActions(QObject):
    """The methods behind the standard commands, and the session they change."""

    def __init__(
        self,
        window: QMainWindow,
        context: AppContext,
        parts: Parts,
        session: Session,
        tail: LogTail,
    ) -> None:
        super().__init__(window)
        self.window = window
        self.context = context
        self.session = session
        self.tail = tail
        self.inspector_wanted = True
        #: Put away in the Library while files are open there and the window is narrow.
        self.inspector_tucked = False
        self.activity_bar = parts.activity_bar
        self.welcome = parts.welcome
        self.centre = parts.centre
        self.inspector = parts.inspector
        self.bottom = parts.bottom
        self.status = parts.status

    @cached_property
    def picker(self) -> Picker:
        """The list at the top; made when first needed."""
        return Picker(self.window)

    # Opening

    def open_library(self, folder: Path) -> None:
        """Open a folder of skills and remember it."""
        self.session = self.session.opened(folder)
        self.welcome.set_recent(self.session.recent)
        self.context.open_library(folder)

    def open_paths(self, paths: list[Path]) -> None:
        """Open what was named on the command line: folders of skills, skills, traces."""
        self.context.spawn_thread(_sorted_out, paths, on_done=self._open_sorted, owner=self)

    def _open_sorted(self, found: tuple[Path | None, Path | None, list[Path]]) -> None:
        library, file, traces = found
        if library is not None:
            self.open_library(library)
            if file is not None:
                self.context.request_file(file)
        if traces:
            self.context.open_traces(traces)
            if library is None:
                self.show_activity("traces")

    def open_library_dialog(self) -> None:
        """Ask for a folder of skills."""
        dialog = self._file_dialog("Open a folder of skills")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self.open_library(Path(path)))
        dialog.open()

    def open_traces_dialog(self) -> None:
        """Ask for trace files."""
        dialog = self._file_dialog("Open traces")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._open_traces)
        dialog.open()

    def _open_traces(self, paths: list[str]) -> None:
        self.context.open_traces(Path(path) for path in paths)
        self.show_activity("traces")

    def _file_dialog(self, title: str) -> QFileDialog:
        start = self.session.recent[0] if self.session.recent else str(Path.home())
        dialog = QFileDialog(self.window, title, start)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog

    def open_example(self) -> None:
        """Open the user's copy of the example library, and the example traces."""

        def done(folder: Path) -> None:
            self.open_library(folder)
            self.context.open_traces([example_traces()])

        self.context.spawn_thread(
            example_library, self.context.folders.data, on_done=done, owner=self
        )

    def choose_recent(self) -> None:
        """Pick one of the folders opened before."""
        self.picker.ask(
            "Open a recent folder",
            [self._recent_choice(Path(folder)) for folder in self.session.recent],
        )

    def _recent_choice(self, folder: Path) -> Choice:
        gone = "" if folder.exists() else "is gone"
        return Choice(
            folder.name, lambda: self.open_library(folder), str(folder.parent), unavailable=gone
        )

    def reload(self) -> None:
        """Read the library again from disk."""
        self.context.workspace.reload()

    def close_library(self) -> None:
        """Close the library and its files."""
        self.centre.documents.close_all(self._close_library)

    def _close_library(self) -> None:
        self.context.workspace.close_library()
        self.show_welcome()

    # Documents

    def save(self) -> None:
        """Save the file in front."""
        document = self.centre.documents.current()
        if document is not None:
            document.save()

    def save_all(self) -> None:
        """Save every file with unsaved text."""
        self.centre.documents.save_all()

    def close_tab(self) -> None:
        """Close the file in front."""
        document = self.centre.documents.current()
        if document is not None:
            self.centre.documents.close_document(document)

    def next_tab(self, by: int) -> None:
        """Go to another file."""
        tabs = self.centre.documents
        tabs.setCurrentIndex((tabs.currentIndex() + by) % max(1, tabs.count()))

    def edit_text(self, what: str) -> None:
        """Do to the text that has the focus what its own menu would do.

        What cannot do it itself, as a list or a text to read, leaves it to what it is part of.
        """
        widget = QApplication.focusWidget()
        while isinstance(widget, QWidget):
            method = getattr(widget, what, None)
            fixed = what in _CHANGES and getattr(widget, "isReadOnly", bool)()
            if callable(method) and not fixed:
                method()
                return
            widget = widget.parentWidget()

    def go_to_line(self) -> None:
        """Ask for a line of the file in front."""
        document = self.centre.documents.current()
        if document is None:
            return
        dialog = QInputDialog(self.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(1, 1_000_000)
        dialog.setIntValue(document.caret[0])
        dialog.setWindowTitle("Go to line")
        dialog.setLabelText("Line:")
        dialog.intValueSelected.connect(document.go_to)
        dialog.open()

    # Moving about

    def show_activity(self, activity_id: str) -> None:
        """Bring an activity to the front."""
        # Back from elsewhere the focus is where it was left, the text of a file for one; asked
        # for once more, it goes to the activity's own list.
        again = self.centre.current == activity_id
        left = None if again else self.centre.left_focus(activity_id)
        view = self.centre.show_activity(activity_id)
        focus = _left_focus(self.window)
        if again and focus is not None and view.isAncestorOf(focus):
            return
        target = left if left is not None and _takes_focus(left) else _focus_target(view)
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_welcome(self) -> None:
        """Bring the welcome page to the front."""
        self.centre.show_activity("")

    def show_bottom(self, panel: str) -> None:
        """Show a bottom panel; once more hides it again."""
        if self.bottom.isVisible() and self.bottom.current() == panel:
            self.bottom.hide()
            return
        self.bottom.show_panel(panel).setFocus()

    def toggle_bottom(self) -> None:
        """Show or hide the bottom panel."""
        self.bottom.setVisible(not self.bottom.isVisible())

    def toggle_inspector(self) -> None:
        """Show or hide the inspector."""
        self.inspector_wanted = not self.inspector.isVisible()
        self.inspector_tucked = False
        self.inspector.setVisible(self.inspector_wanted)

    def focus_panel(self, by: int) -> None:
        """Move the focus to the next part of the window that is visible."""
        parts: list[QWidget] = [
            self.activity_bar,
            self.centre.view(self.centre.current) or self.welcome,
            self.centre.documents,
            self.inspector,
            self.bottom,
            self.status,
        ]
        parts = [part for part in parts if part.isVisible() and _first_focusable(part)]
        focus = _focus()
        here = next((i for i, part in enumerate(parts) if focus and part.isAncestorOf(focus)), -by)
        target = _first_focusable(parts[(here + by) % len(parts)])
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def escape(self) -> None:
        """Close what is transient: the list at the top, then the newest message."""
        if self.picker.isVisible():
            self.picker.dismiss()
        elif self.context.notify.messages:
            self.context.notify.dismiss(self.context.notify.messages[-1].id)

    def show_palette(self) -> None:
        """List all commands, those used last first."""
        recent = {name: place for place, name in enumerate(self.session.commands)}
        commands = sorted(
            (one for one in self.context.commands.all() if one.id != "view.palette"),
            key=lambda command: recent.get(command.id, len(recent)),
        )
        self.picker.ask(
            "Run a command",
            [self._command_choice(command) for command in commands],
        )

    def _command_choice(self, command: Command) -> Choice:
        return Choice(
            command.label,
            lambda: self.context.commands.run(command.id),
            hint=", ".join(command.keybindings),
            unavailable=command.when() or "",
        )

    def quick_open(self) -> None:
        """List skills, files and traces; a link to a step of a trace can be typed or pasted."""
        self.picker.ask(
            "Open a skill, a file or a trace, or paste a link to a step",
            quick_open_choices(self.context),
            typed=lambda text: typed_choice(self.context, text),
        )

    # Looks

    def choose_theme(self) -> None:
        """Pick a theme."""
        self.picker.ask("Choose a theme", [self._theme_choice(name) for name in THEMES])

    def _theme_choice(self, name: str) -> Choice:
        hint = "in use" if name == self.context.theme_name else ""
        return Choice(load_theme(name).title, lambda: self.context.set_theme(name), hint=hint)

    # Client profile

    def choose_client(self) -> None:
        """Pick the client whose problems are listed."""
        names = ("", *self.context.clients)
        self.picker.ask("List problems for", [self._client_choice(name) for name in names])

    def _client_choice(self, name: str) -> Choice:
        hint = "in use" if name == self.context.client else ""
        return Choice(name or _ALL_CLIENTS, lambda: self.context.set_client(name), hint=hint)

    def list_problems(self) -> None:
        """Give the Problems panel what the rules say for the chosen client."""
        self.status.show_client(self.context.client or _ALL_CLIENTS)
        library = self.context.library
        found: list[Problem] = []
        for skill in library.skills if library else ():
            told = self.context.diagnostics_of(skill.id)
            found += of_diagnostics(skill, Path(skill.path), told)
        if library is not None:
            found += [
                Problem("warning", unread.message, Path(library.root) / unread.path, rule="read")
                for unread in library.problems
            ]
        self.context.set_problems("check", found)

    # Jobs, help, end

    def cancel_jobs(self) -> None:
        """Cancel every running job."""
        self.context.jobs.cancel_all()

    def copy_report(self) -> None:
        """Put versions and the end of the log on the clipboard."""
        _, lines = self.tail.since(0)
        text = "\n".join((f"Skill Workbench {__version__}", "", *lines[-200:]))
        QGuiApplication.clipboard().setText(text)
        self.context.notify.info(
            "Versions and the last lines of the log are on the clipboard. Look them over before "
            "you send them: paths of your files may be in there.",
            replace="report",
        )

    def show_about(self) -> None:
        """Tell the version."""
        self.context.notify.info(
            f"Skill Workbench {__version__}. MIT licence. Works with no network and no model.",
            replace="about",
        )

    def quit(self) -> None:
        """Close the window."""
        self.window.close()

    # Why a command cannot be run

    def why_no_library(self) -> str | None:
        """Say why a command of the library cannot be run."""
        return None if self.context.library else "open a folder of skills first (Ctrl+O)."

    def why_no_document(self) -> str | None:
        """Say why a command of the current file cannot be run."""
        return None if self.centre.documents.current() else "no file is open (Ctrl+P)."

    def why_nothing_unsaved(self) -> str | None:
        """Say why nothing can be saved."""
        unsaved = any(document.dirty for document in self.centre.documents.documents)
        return None if unsaved else "everything is saved."

    def why_no_jobs(self) -> str | None:
        """Say why nothing can be cancelled."""
        return None if self.context.jobs.active else "no job is running."

    def why_no_recent(self) -> str | None:
        """Say why there is nothing to choose."""
        return None if self.session.recent else "no folder was opened yet."

    # Answers to signals

    def library_opened(self, library: Library | None) -> None:
        """Leave the welcome page for the library."""
        if library is not None and self.centre.current == "":
            self.show_activity("library")

    def library_failed(self, root: str, message: str) -> None:
        """Tell why a folder was not opened, and forget it."""
        self.session = replace(
            self.session, recent=tuple(one for one in self.session.recent if one != root)
        )
        self.welcome.set_recent(self.session.recent)
        self.context.notify.error(message, replace=f"library:{root}")

    def traces_opened(self) -> None:
        """Leave the welcome page for the traces, and tell what could not be opened."""
        if self.context.traces and self.centre.current == "" and self.context.library is None:
            self.show_activity("traces")
        problems = self.context.trace_problems
        if problems:
            first = problems[0].message
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.context.notify.warning(
                f"{first}{more}",
                replace="traces",
                details="\n".join(problem.message for problem in problems),
            )

    def remember_command(self, command_id: str) -> None:
        """List the command first in the palette from now on."""
        self.session = self.session.ran(command_id)


def _sorted_out(paths: list[Path]) -> tuple[Path | None, Path | None, list[Path]]:
    """Tell a library (and a file of it) from traces; reads the disk."""
    from workbench.skills.library import find_skill_folders

    library: Path | None = None
    file: Path | None = None
    traces: list[Path] = []
    for path in paths:
        if path.is_file() and path.name.casefold() == "skill.md":
            library, file = path.parent, path
        elif path.is_dir() and library is None and next(iter(find_skill_folders(path)), None):
            library = path
        else:
            traces.append(path)
    return library, file, traces


def _focus() -> QWidget | None:
    return QApplication.focusWidget()


def _focus_target(view: QWidget) -> QWidget:
    """Return what takes the focus when a view comes to the front: always something visible."""
    target = view
    while (proxy := _proxy(target)) is not None:
        target = proxy
    return target if _takes_focus(target) else _first_focusable(view) or view


def _takes_focus(widget: QWidget) -> bool:
    wanted = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return wanted and widget.isVisible() and widget.isEnabled()


def _left_focus(part: QWidget) -> QWidget | None:
    return part.focusWidget()


def _proxy(part: QWidget) -> QWidget | None:
    return part.focusProxy()


def _first_focusable(part: QWidget) -> QWidget | None:
    for widget in (part, *part.findChildren(QWidget)):
        if _takes_focus(widget):
            return widget
    return None
