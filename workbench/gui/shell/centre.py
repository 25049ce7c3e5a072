"""The centre: the welcome page, and one page for each activity, made when first shown."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.gui.shell.activities import Activity, create_view
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.split_view import SplitView

if TYPE_CHECKING:
    from workbench.gui.shell.documents import DocumentTabs

_log = logging.getLogger(__name__)

_LIST_WIDTH = 340


class Centre(QStackedWidget):
    """Pages by activity id; "" is the welcome page.

    A feature that cannot be made never takes the window down: its page says what failed.
    """

    shown = Signal(str)

    def __init__(
        self,
        context: AppContext,
        activities: Sequence[Activity],
        welcome: QWidget,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._activities = {activity.id: activity for activity in activities}
        self._views: dict[str, QWidget] = {}
        self._pages: dict[str, QWidget] = {"": welcome}
        self._splits: dict[str, SplitView] = {}
        self.current = ""
        self.addWidget(welcome)

    @cached_property
    def documents(self) -> DocumentTabs:
        """The tabs of open files; made with the first activity that shows them."""
        from workbench.gui.shell.documents import DocumentTabs

        tabs = DocumentTabs(self._context)
        tabs.hide()
        tabs.emptied.connect(tabs.hide)
        return tabs

    def show_activity(self, activity_id: str) -> QWidget:
        """Bring an activity (or "" for the welcome page) to the front; return its main view."""
        if activity_id not in self._pages:
            self._make(self._activities[activity_id])
        self.current = activity_id
        self.setCurrentWidget(self._pages[activity_id])
        self.shown.emit(activity_id)
        return self._views.get(activity_id, self._pages[activity_id])

    def view(self, activity_id: str) -> QWidget | None:
        """Return the main view of an activity if it was made."""
        return self._views.get(activity_id)

    def left_focus(self, activity_id: str) -> QWidget | None:
        """Return what had the focus when an activity was left, in its open files too."""
        page = self._pages.get(activity_id)
        return None if page is None else page.focusWidget()

    def forget(self, activity_id: str) -> None:
        """Drop a page, so that it is made anew; used to try again after a failure."""
        page = self._pages.pop(activity_id, None)
        self._views.pop(activity_id, None)
        if page is not None:
            self.removeWidget(page)
            page.deleteLater()

    def split_sizes(self) -> dict[str, list[int]]:
        """Return the sizes of pages that are split, to be remembered."""
        return {name: split.sizes() for name, split in self._splits.items()}

    def restore_splits(self, sizes: dict[str, list[int]]) -> None:
        """Give split pages their sizes back."""
        for name, split in self._splits.items():
            if len(sizes.get(name, ())) == split.count():
                split.setSizes(sizes[name])

    def show_documents(self) -> None:
        """Make room for the document tabs."""
        for split in self._splits.values():
            if self.documents.isHidden():
                self.documents.show()
                split.setSizes([_LIST_WIDTH, max(400, self.width() - _LIST_WIDTH)])

    def _make(self, activity: Activity) -> None:
        commands = self._context.commands
        known = {command.id for command in commands.all()}
        try:
            view = create_view(activity, self._context)
        except Exception as problem:  # whatever a feature does, the window stays
            _log.exception("The activity %s could not be made.", activity.id)
            # Half of it may be registered; "Try again" registers it anew.
            commands.remove(*(one.id for one in commands.all() if one.id not in known))
            self._context.set_inspector(activity.id, None)
            view = self._failed(activity, problem)
        self._views[activity.id] = view
        page = view
        if activity.documents:
            split = SplitView((view, self.documents), stretch=(0, 1))
            self._splits[activity.id] = split
            page = split
        self._pages[activity.id] = page
        self.addWidget(page)

    def _failed(self, activity: Activity, problem: Exception) -> QWidget:
        return EmptyState(
            f"{activity.title} cannot be shown",
            f"{type(problem).__name__}: {problem}. The log (View, Show log) has the details.",
            action=("Try again", lambda: self._again(activity.id)),
            icon="error",
        )

    def _again(self, activity_id: str) -> None:
        self.forget(activity_id)
        self.show_activity(activity_id)
