"""The Traces activity: the list of open traces, one trace, and what skills did in all of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QFrame, QStackedWidget, QTabBar, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.commands import trace_commands
from workbench.gui.traces.opened import TracePlace, find_place
from workbench.gui.traces.sessions.trace_list import TraceList, problem_banner
from workbench.gui.traces.step_marks import Mark
from workbench.gui.traces.usage.usage_view import UsageView
from workbench.gui.traces.viewer.facts import TraceFacts
from workbench.gui.traces.viewer.trace_viewer import TraceViewer
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.resources import bundled

#: The views beside one another: the property that makes each when it is first shown, its title.
_TABS = (("list", "Open traces"), ("usage", "Skill usage"))


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return TracesPanel(context)


#: A view beside the list; each has ``read()``, called when the open traces change.
HomePage = TraceList | UsageView


class TracesPanel(QWidget):
    """List and viewer, one in front of the other; the inspector shows the trace's figures."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._banner: Banner | None = None
        self._inspected = False
        self._viewer: TraceViewer | None = None
        self.list = TraceList(context)
        self._shown: dict[str, HomePage] = {"list": self.list}
        self.facts = TraceFacts(self)
        self.facts.hide()
        self.tabs = QTabBar()
        self.empty = EmptyState(
            "No traces are open",
            "Open session logs of an agent (Claude Code, Codex, ATIF, SWE-agent) to read what it "
            "did, step by step.",
            action=("Open traces…", lambda: context.commands.run("file.open_traces")),
            link=("Open example traces", self.open_example),
            icon="traces",
        )
        self._bare = QWidget()
        self._bare_inside = column(self._bare, spacing=0)
        self._bare_inside.addWidget(self.empty, 1)
        self._pages = QStackedWidget()
        self._home = self._make_home()
        self._stack = QStackedWidget()
        for page in (self._bare, self._home):
            self._stack.addWidget(page)
        column(self, spacing=0).addWidget(self._stack)
        self._aim_focus()
        self._connect()
        commands = trace_commands(self)
        context.commands.remove(*(command.id for command in commands))
        context.commands.add(*commands)
        self._read()

    # Made when first asked for: neither is seen with the list.

    @cached_property
    def viewer(self) -> TraceViewer:
        """One trace, step by step."""
        viewer = TraceViewer(self._context)
        viewer.left.connect(self.show_list)
        viewer.place_asked.connect(lambda place, step: self._show_place(place, step, ""))
        self._stack.addWidget(viewer)
        self._viewer = viewer
        return viewer

    @cached_property
    def usage(self) -> UsageView:
        """What skills did in the open traces."""
        usage = UsageView(self._context)
        usage.step_chosen.connect(self.show_step)
        return usage

    def show_step(
        self, path: str, trajectory_id: str = "", step: int = 0, quote: str | None = None
    ) -> bool:
        """Show a step of an open trace, a quote marked in it; False when it is not open."""
        place = find_place(self._context.traces, path, trajectory_id)
        if place is None:
            return False
        self._show_place(place, step, quote or "")
        return True

    # What the commands do

    def open_example(self) -> None:
        """Open the bundled example traces."""
        self._context.open_traces([bundled("resources") / "example" / "traces"])

    def open_folder(self) -> None:
        """Ask for a folder of traces."""
        dialog = QFileDialog(self.window(), "Open a folder of traces", str(Path.home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self._context.open_traces([Path(path)]))
        dialog.fileSelected.connect(lambda _path: self._context.request_activity("traces"))
        dialog.open()

    def close_all(self) -> None:
        """Close all traces."""
        if self._viewer is not None:
            self._viewer.clear()
        self._context.workspace.close_traces()

    def jump(self, mark: Mark, by: int = 1) -> None:
        """Go to the next step with a mark."""
        self.viewer.jump(mark, by)

    def ask_step(self) -> None:
        """Put the cursor where a step number is typed."""
        self.viewer.ask_step()

    def find_in_trace(self) -> None:
        """Put the cursor into the search field of the trace."""
        self.viewer.ask_words()

    def copy_raw(self) -> None:
        """Put the records of the step on the clipboard."""
        self.viewer.reader.copy_raw()

    def show_usage(self) -> None:
        """Show what skills did in the open traces."""
        self._context.request_activity("traces")
        self.show_list()
        self.show_tab("usage")

    def show_tab(self, name: str) -> None:
        """Bring one of the views beside the list to the front."""
        self.tabs.setCurrentIndex(next(n for n, (key, _) in enumerate(_TABS) if key == name))

    def show_list(self) -> None:
        """Go back from a trace to the list."""
        if self._context.traces:
            place = self._place
            self._stack.setCurrentWidget(self._home)
            self.tabs.setCurrentIndex(0)
            if place is not None:
                self.list.table.select(str(place.top.path), place.top.trajectory.id)
            self._show_facts()
            self.list.table.setFocus()

    def why_no_step(self) -> str | None:
        """Return why no trace is in front."""
        if self.isVisible() and self._in_viewer:
            return None
        return "open a trace first: select one in Traces and press Enter."

    def why_no_trace(self) -> str | None:
        """Return why there are no traces."""
        return None if self._context.traces else "open traces first (Ctrl+Shift+O)."

    # Inside

    def _make_home(self) -> QWidget:
        home = QWidget()
        header = QFrame()
        header.setObjectName("PanelHeader")
        line = row(header, spacing=0)
        line.setContentsMargins(8, 2, 8, 0)
        self.tabs.setProperty("quiet", True)
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Views of the open traces")
        for _, title in _TABS:
            self.tabs.addTab(title)
        line.addWidget(self.tabs)
        line.addStretch(1)
        self._pages.addWidget(self.list)
        inside = column(home, spacing=0)
        inside.addWidget(header)
        inside.addWidget(self._pages, 1)
        return home

    def _connect(self) -> None:
        context = self._context
        self.tabs.currentChanged.connect(self._tab_chosen)
        self._stack.currentChanged.connect(lambda _index: self._aim_focus())
        self.list.opened.connect(self.show_step)
        self.list.chosen.connect(lambda _path, _one: self._show_facts())
        self.facts.step_chosen.connect(self._fact_chosen)
        self.facts.subagent_chosen.connect(self._subagent_chosen)
        self.facts.open_asked.connect(lambda: self._fact_chosen(0))
        context.traces_changed.connect(self._read)
        context.trace_requested.connect(self._answer)

    def _answer(self, path: str, trajectory_id: str, step: int) -> None:
        quote = self._context.requested_quote(path, trajectory_id, step)
        if not self.show_step(path, trajectory_id, step, quote):
            self._context.notify.warning(
                f"{path} is open, but has no trace “{trajectory_id}”. It may be another version "
                "of the file than the one that was quoted.",
                replace="trace",
            )

    def _show_place(self, place: TracePlace, step: int, quote: str) -> None:
        self._stack.setCurrentWidget(self.viewer)
        self.viewer.show_place(place, step, quote)
        self.facts.show_place(place, opened=True)
        self.viewer.steps.setFocus()

    def _aim_focus(self) -> None:
        """Let the panel's focus go to the list of what is in front."""
        front = self._stack.currentWidget()
        if self._in_viewer:
            self.setFocusProxy(self.viewer.steps)
        elif front is self._home:
            self.setFocusProxy(self._front_page())
        else:
            self.setFocusProxy(self.empty.button)

    def _tab_chosen(self, number: int) -> None:
        page = self._front_page()
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)
        self._aim_focus()
        if number:
            page.read()

    def _front_page(self) -> HomePage:
        """Return the view of the tab in front, made when it is first shown."""
        name = _TABS[max(0, self.tabs.currentIndex())][0]
        if name not in self._shown:
            self._shown[name] = getattr(self, name)
        return self._shown[name]

    def _listed_place(self) -> TracePlace | None:
        selected = self.list.table.current()
        if selected is None:
            return None
        return find_place(self._context.traces, selected.path, selected.trajectory)

    def _show_facts(self) -> None:
        if not self._in_viewer:
            self.facts.show_place(self._listed_place(), opened=False)

    def _front_place(self) -> TracePlace | None:
        return self._place if self._in_viewer else self._listed_place()

    @property
    def _in_viewer(self) -> bool:
        return self._viewer is not None and self._stack.currentWidget() is self._viewer

    @property
    def _place(self) -> TracePlace | None:
        return None if self._viewer is None else self._viewer.place

    def _fact_chosen(self, step: int) -> None:
        place = self._front_place()
        if place is not None:
            self._show_place(place, step, "")

    def _subagent_chosen(self, number: int) -> None:
        place = self._front_place()
        if place is not None:
            self._show_place(place.child(number), 0, "")

    def _read(self) -> None:
        context = self._context
        self.list.read()
        if self.tabs.currentIndex() > 0:
            self._front_page().read()
        place = self._place
        if place is not None and all(trace is not place.top for trace in context.traces):
            self.viewer.clear()
            place = None
        if bool(context.traces) != self._inspected:
            self._inspected = bool(context.traces)
            context.set_inspector("traces", self.facts if self._inspected else None)
        if not context.traces:
            self._stack.setCurrentWidget(self._bare)
            self._tell_problems()
            self.facts.show_place(None, opened=False)
        elif place is None or self._stack.currentWidget() is self._bare:
            self._stack.setCurrentWidget(self._home)
            self._show_facts()

    def _tell_problems(self) -> None:
        if self._banner is not None:
            self._bare_inside.removeWidget(self._banner)
            self._banner.hide()
            self._banner.deleteLater()
            self._banner = None
        if self._context.trace_problems:
            self._banner = problem_banner(self._context)
            self._bare_inside.insertWidget(0, self._banner)
