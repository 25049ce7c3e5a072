"""The two docks: the inspector at the right, Problems, Jobs and Log at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QLabel, QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.log_tail import LogTail
from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.tabs import quiet_tabs

#: The panels of the bottom dock, in the order of their tabs.
BOTTOM_PANELS = ("Problems", "Jobs", "Log")

_HEADER = 34


def make_panel(name: str, context: AppContext, tail: LogTail) -> QWidget:
    """Make a bottom panel; its code is imported only now."""
    if name == "Problems":
        from workbench.gui.shell.problems_panel import ProblemsPanel

        return ProblemsPanel(context)
    if name == "Jobs":
        from workbench.gui.shell.jobs_panel import JobsPanel

        return JobsPanel(context)
    from workbench.gui.shell.log_panel import LogPanel

    return LogPanel(tail)


class _Header(QFrame):
    """A dock asks its title bar for hints alone and would lay the panel under a fixed height."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("PanelHeader")
        self.setFixedHeight(_HEADER)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _HEADER)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), _HEADER)


class BottomDock(QDockWidget):
    """Tabs for Problems, Jobs and Log. A panel is made when it is first shown."""

    def __init__(
        self, names: Sequence[str], make: Callable[[str], QWidget], parent: QWidget
    ) -> None:
        super().__init__("Panel", parent)
        self.setObjectName("bottom")
        self._make = make
        self._made: dict[str, QWidget] = {}
        self._names = list(names)
        self.tabs = quiet_tabs("Bottom panels", self._names)
        self.tabs.currentChanged.connect(lambda _index: self._fill())
        header = _Header()
        line = row(header, spacing=4)
        line.setContentsMargins(6, 0, 6, 0)
        line.addWidget(self.tabs)
        line.addStretch(1)
        line.addWidget(icon_button("close", "Hide the bottom panel", self.hide))
        self.setTitleBarWidget(header)
        self._stack = QStackedWidget()
        self._stack.setMinimumHeight(120)
        self.setWidget(self._stack)
        self.visibilityChanged.connect(lambda visible: self._fill() if visible else None)

    def show_panel(self, name: str) -> QWidget:
        """Show a panel and return it."""
        self.tabs.setCurrentIndex(self._names.index(name))
        self.show()
        self._fill()
        return self._made[name]

    def current(self) -> str:
        """Return the name of the panel in front."""
        return self._names[self.tabs.currentIndex()]

    def set_count(self, name: str, count: int) -> None:
        """Show a figure beside a panel's name; 0 shows none."""
        self.tabs.setTabText(self._names.index(name), f"{name}  {count}" if count else name)

    def _fill(self) -> None:
        if self.isHidden():
            return
        name = self.current()
        if name not in self._made:
            self._made[name] = self._make(name)
            self._stack.addWidget(self._made[name])
        self._stack.setCurrentWidget(self._made[name])


class InspectorDock(QDockWidget):
    """Details of what is selected; each activity gives its own widget."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Inspector", parent)
        self.setObjectName("inspector")
        self._pages: dict[str, QWidget] = {}
        header = _Header()
        line = row(header, spacing=4)
        line.setContentsMargins(12, 0, 6, 0)
        title = QLabel("Inspector")
        title.setObjectName("PanelTitle")
        line.addWidget(title)
        line.addStretch(1)
        line.addWidget(icon_button("close", "Hide the inspector", self.hide))
        self.setTitleBarWidget(header)
        self._stack = QStackedWidget()
        self._nothing = EmptyState(
            "Nothing selected", "Select something to see its details here.", icon="info"
        )
        self._stack.addWidget(self._nothing)
        body = QWidget()
        body.setMinimumWidth(240)
        column(body).addWidget(self._stack)
        self.setWidget(body)
        self.setAllowedAreas(
            Qt.DockWidgetArea.RightDockWidgetArea | Qt.DockWidgetArea.LeftDockWidgetArea
        )

    def set_page(self, activity_id: str, widget: QWidget | None) -> None:
        """Give an activity its widget, or take it away."""
        old = self._pages.pop(activity_id, None)
        if old is not None:
            self._stack.removeWidget(old)
        if widget is not None:
            self._pages[activity_id] = widget
            self._stack.addWidget(widget)

    def has_page(self, activity_id: str) -> bool:
        """Say whether the activity has something to inspect."""
        return activity_id in self._pages

    def show_page(self, activity_id: str) -> None:
        """Show the widget of an activity."""
        self._stack.setCurrentWidget(self._pages.get(activity_id, self._nothing))
