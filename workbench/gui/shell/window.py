"""The main window: puts bars, centre and docks together and answers what features ask for."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from workbench.gui.shell.activities import ACTIVITIES, EDITOR_MODULE
from workbench.gui.shell.activity_bar import ActivityBar
from workbench.gui.shell.centre import Centre
from workbench.gui.shell.commands import CATEGORIES, Command, menu_titles
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.docks import BOTTOM_PANELS, BottomDock, InspectorDock, make_panel
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.shell.session import LAYOUT_VERSION, Session
from workbench.gui.shell.status import StatusBar
from workbench.gui.shell.welcome import WelcomePage
from workbench.gui.theme.current import dress
from workbench.gui.widgets.layouts import row

if TYPE_CHECKING:
    from workbench.domain.skill import Library
    from workbench.gui.shell.window_actions import WindowActions

_SIZE = (1280, 800)
_BOTTOM_HEIGHT = 220
_INSPECTOR_WIDTH = 300
#: From this width on there is room for list, source, preview and inspector.
_ROOMY = 1500


class MainWindow(QMainWindow):
    """One window on one library and its traces.

    ``on_closed`` is called with the session to be kept, when the window has really closed.
    """

    first_frame = Signal()

    def __init__(
        self,
        context: AppContext,
        session: Session,
        tail: LogTail,
        on_closed: Callable[[Session], None] | None = None,
    ) -> None:
        super().__init__()
        dress(self)
        self.context = context
        self._on_closed = on_closed
        self._closing = False
        self._session = session
        self._tail = tail
        self._complete = False
        self._painted = False
        self._followed: Path | None = None
        self.setWindowTitle("Skill Workbench")
        self.setObjectName("main")
        self.setDockNestingEnabled(False)
        self.activity_bar = ActivityBar(ACTIVITIES)
        self.welcome = WelcomePage(context.commands.run, self.open_library)
        self.welcome.set_recent(session.recent)
        self.centre = Centre(context, ACTIVITIES, self.welcome)
        body = QWidget()
        line = row(body, spacing=0)
        line.addWidget(self.activity_bar)
        line.addWidget(self.centre, 1)
        self.setCentralWidget(body)
        self.inspector = InspectorDock(self)
        self.bottom = BottomDock(BOTTOM_PANELS, lambda name: make_panel(name, context, tail), self)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.inspector)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.bottom)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.status = StatusBar(context, context.commands.run)
        self.setStatusBar(self.status)
        # Empty menus, so that the bar has its height in the first frame.
        self._empty_menus = {
            name: self.menuBar().addMenu(title) for name, title in menu_titles(CATEGORIES).items()
        }
        self._default_layout()
        self._restore(session)

    @property
    def documents(self) -> tuple[QWidget, ...]:
        """The open document tabs."""
        return self.centre.documents.documents

    @cached_property
    def does(self) -> WindowActions:
        """What the commands do; made after the first frame."""
        from workbench.gui.shell.window_actions import Parts, WindowActions

        parts = Parts(
            self.activity_bar, self.welcome, self.centre, self.inspector, self.bottom, self.status
        )
        return WindowActions(self, self.context, parts, self._session, self._tail)

    def complete(self) -> None:
        """Make what the first frame does not show: commands, palette, notifications, watchers."""
        if self._complete:
            return
        self._complete = True
        from workbench.gui.shell.menus import Menus
        from workbench.gui.shell.notifications import NotificationArea
        from workbench.gui.shell.repository import GitWatch
        from workbench.gui.shell.standard_commands import standard_commands
        from workbench.gui.shell.warm import warm_up
        from workbench.gui.shell.watch import FolderWatch

        context = self.context
        context.commands.add(
            *standard_commands(self.does),
            Command("view.reset_layout", "Reset layout", "View", self.reset_layout, group=4),
        )
        self.menus = Menus(self, context.commands, self._empty_menus)
        self.notifications = NotificationArea(self, context.notify)
        self.git = GitWatch(context, self)
        self.git.changed.connect(lambda state: self.status.show_branch(state.text, state.tip))
        self.watch = FolderWatch(context.bridge, self)
        self.watch.changed.connect(context.workspace.reload)
        self.watch.changed.connect(context.disk_changed)
        context.library_changed.connect(self._watch_library)
        self._connect()
        if context.folders.trace_folders.is_file():
            context.sessions.start()
        warm_up(context, [activity.module for activity in ACTIVITIES] + [EDITOR_MODULE])

    def open_library(self, folder: Path) -> None:
        """Open a folder of skills."""
        self.does.open_library(folder)

    def open_paths(self, paths: list[Path]) -> None:
        """Open folders of skills, skills and traces."""
        self.does.open_paths(paths)

    def show_activity(self, activity_id: str) -> None:
        """Bring an activity to the front."""
        self.does.show_activity(activity_id)

    def kept_session(self) -> Session:
        """Return the session as the window is now."""
        return replace(
            self.does.session,
            layout=LAYOUT_VERSION,
            geometry=_text(self.saveGeometry()),
            docks=_text(self.saveState(LAYOUT_VERSION)),
            theme=self.context.theme_name,
            activity=self.centre.current or "library",
            splits=self.does.session.splits | self.centre.split_sizes(),
        )

    def reset_layout(self) -> None:
        """Put bars and docks back to where they are at first."""
        self.does.session = replace(self.does.session, geometry="", docks="", splits={})
        self.does.inspector_wanted = True
        self.does.inspector_tucked = False
        for dock in (self.inspector, self.bottom):
            dock.setFloating(False)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.inspector)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.bottom)
        self._default_layout()
        self._place_inspector(self.centre.current)

    def close_now(self) -> None:
        """Close without asking; unsaved text keeps its recovery copy."""
        self._closing = True
        self.close()

    def _connect(self) -> None:
        context = self.context
        self.status.follow()
        self.activity_bar.chosen.connect(self.show_activity)
        self.centre.shown.connect(self._activity_shown)
        self.centre.documents.current_changed.connect(self._document_changed)
        self.centre.documents.emptied.connect(self._documents_closed)
        context.inspector_set.connect(self._inspector_set)
        context.activity_requested.connect(self.show_activity)
        context.file_requested.connect(self._show_file)
        context.trace_requested.connect(self._show_trace)
        context.review_requested.connect(self._show_review)
        context.library_changed.connect(self.does.library_opened)
        context.library_changed.connect(self._title)
        context.diagnostics_changed.connect(self.does.list_problems)
        context.client_changed.connect(self.does.list_problems)
        context.workspace.library_failed.connect(self.does.library_failed)
        context.traces_changed.connect(self.does.traces_opened)
        context.problems_changed.connect(self._count)
        context.jobs.changed.connect(self._count)
        context.commands.refused.connect(self._refused)
        context.commands.ran.connect(self.does.remember_command)

    # Slots are methods, not lambdas: Qt takes those of a window that is gone off the context.

    def _show_trace(self, path: str, trajectory: str, step: int) -> None:
        self._answer("traces", self.context.trace_requested, path, trajectory, step)

    def _show_review(self, proposal: str) -> None:
        self._answer("review", self.context.review_requested, proposal)

    def _count(self) -> None:
        self.bottom.set_count("Problems", len(self.context.problems))
        self.bottom.set_count("Jobs", len(self.context.jobs.active))

    def _refused(self, title: str, reason: str) -> None:
        self.context.notify.info(f"{title}: {reason}", replace="refused")

    def _default_layout(self) -> None:
        self.resize(*_SIZE)
        self.inspector.hide()
        self.bottom.hide()
        self.resizeDocks([self.inspector], [_INSPECTOR_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([self.bottom], [_BOTTOM_HEIGHT], Qt.Orientation.Vertical)

    def _restore(self, session: Session) -> None:
        if session.geometry:
            self.restoreGeometry(_bytes(session.geometry))
        if session.docks:
            self.restoreState(_bytes(session.docks), LAYOUT_VERSION)
            # There is nothing to inspect yet; the first activity brings it back.
            self.inspector.hide()

    def _watch_library(self, library: Library | None) -> None:
        self.watch.watch(None if library is None else Path(library.root))

    def _answer(self, activity_id: str, signal: SignalInstance, *values: object) -> None:
        """Bring the feature that answers to the front.

        One that is made only now was not connected when the signal came: it gets it once more.
        """
        made = self.centre.view(activity_id) is not None
        self.show_activity(activity_id)
        if not made:
            QTimer.singleShot(0, self, lambda: signal.emit(*values))

    def _show_file(self, path: str, line: int) -> None:
        if self.centre.current != "library":
            self.show_activity("library")
        if not self.documents and self.width() < _ROOMY:
            # Source and preview need the room; Ctrl+I brings the inspector back.
            self.does.inspector_tucked = True
            self.inspector.hide()
        self.centre.show_documents()
        if self.centre.documents.open(Path(path), line) is None and not self.documents:
            self.centre.documents.hide()

    def _documents_closed(self) -> None:
        self.does.inspector_tucked = False
        self._place_inspector(self.centre.current)

    def _activity_shown(self, activity_id: str) -> None:
        self.activity_bar.set_current(activity_id)
        self.centre.restore_splits(self.does.session.splits)
        self._place_inspector(activity_id)
        self._document_changed()

    def _place_inspector(self, activity_id: str) -> None:
        tucked = self.does.inspector_tucked and activity_id == "library"
        wanted = self.does.inspector_wanted and not tucked and self.inspector.has_page(activity_id)
        self.inspector.show_page(activity_id)
        self.inspector.setVisible(wanted)

    def _inspector_set(self, activity_id: str, widget: QWidget | None) -> None:
        self.inspector.set_page(activity_id, widget)
        if activity_id == self.centre.current:
            self._place_inspector(activity_id)

    def _document_changed(self) -> None:
        document = self.centre.documents.current()
        visible = document is not None and self.centre.current == "library"
        caret = document.caret if document is not None and visible else None
        size = _size_of(document.path) if document is not None and visible else ""
        self.status.show_document(caret, size)
        self._title()
        self._follow_document(None if document is None else document.path)

    def _follow_document(self, path: Path | None) -> None:
        """Select the skill whose file came to the front."""
        if path == self._followed:
            return
        self._followed = path
        library = self.context.library
        if path is None or library is None:
            return
        around = [one for one in library.skills if path.is_relative_to(one.path)]
        if around:
            # Skills may be nested: the innermost one.
            self.context.select_skill(max(around, key=lambda one: len(one.path)).id)

    def _title(self) -> None:
        library = self.context.library
        parts = ["Skill Workbench"]
        if library is not None:
            parts.insert(0, Path(library.root).name)
        document = self.centre.documents.current()
        if document is not None and self.centre.current == "library":
            mark = "● " if document.dirty else ""
            parts.insert(0, f"{mark}{document.path.parent.name}/{document.title}")
        self.setWindowTitle(" – ".join(parts))

    def closeEvent(self, event: QCloseEvent) -> None:
        unsaved = any(document.dirty for document in self.centre.documents.documents)
        if unsaved and not self._closing:
            event.ignore()
            self.centre.documents.close_all(self.close_now)
            return
        session = self.kept_session()
        if self._complete:
            self.watch.close()
        event.accept()
        super().closeEvent(event)
        if self._on_closed is not None:
            self._on_closed(session)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            # A timer set before the first paint would run before it.
            self._painted = True
            QTimer.singleShot(0, self, self._after_first_frame)

    def _after_first_frame(self) -> None:
        self.complete()
        self.first_frame.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.does.escape()
            return
        super().keyPressEvent(event)


def _text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except ValueError:
        return QByteArray()


def _size_of(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError:
        return ""
    return f"{size} B" if size < 1024 else f"{size / 1024:.1f} KB"
