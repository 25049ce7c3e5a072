"""The Traces activity: the list of open traces, one trace, and what skills did in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.annotations.annotations_view import AnnotationsView
from workbench.gui.traces.commands import trace_commands
from workbench.gui.traces.compare.commands import compare_commands
from workbench.gui.traces.compare.compare_page import ComparePage
from workbench.gui.traces.inspector import TraceInspector
from workbench.gui.traces.opened import TracePlace, find_place
from workbench.gui.traces.sessions.all_sessions import AllSessions
from workbench.gui.traces.sessions.commands import session_commands
from workbench.gui.traces.sessions.trace_list import TraceList, problem_banner
from workbench.gui.traces.step_marks import Mark
from workbench.gui.traces.usage.usage_view import UsageView
from workbench.gui.traces.viewer.trace_viewer import TraceViewer
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.tabs import quiet_tabs, tab_strip
from workbench.resources import bundled

#: The views beside one another: the property that makes each when it is first shown, its title.
_TABS = (
    ("list", "Open traces"),
    ("sessions", "All sessions"),
    ("usage", "Skill usage"),
    ("annotations", "Annotations"),
    ("comparison", "Compare"),
)


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return TracesPanel(context)


#: The views that show nothing while no trace is open.
_OF_OPEN = frozenset({"list", "comparison"})

#: A view beside the list; each has ``read()``, called when the open traces change.
HomePage = TraceList | AllSessions | UsageView | AnnotationsView | ComparePage


class TracesPanel(QWidget):
    """List and viewer, one in front of the other; the inspector shows the trace's figures."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._banner: Banner | None = None
        self._viewer: TraceViewer | None = None
        self.list = TraceList(context)
        self._shown: dict[str, HomePage] = {"list": self.list}
        self.inspector = TraceInspector(context, self, self)
        self.tabs = quiet_tabs("Views of the open traces", (title for _, title in _TABS))
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
        self._pages.addWidget(self._bare)
        self._home = self._make_home()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._home)
        column(self, spacing=0).addWidget(self._stack)
        self._aim_focus()
        self._connect()
        commands = (*trace_commands(self), *compare_commands(self), *session_commands(self))
        context.commands.remove(*(command.id for command in commands))
        context.commands.add(*commands)
        self._read()

    # Made when first asked for: neither is seen with the list.

    @cached_property
    def viewer(self) -> TraceViewer:
        """One trace, step by step."""
        viewer = TraceViewer(self._context, self._stack)
        viewer.left.connect(self.show_list)
        viewer.place_asked.connect(self.show_place)
        self._stack.addWidget(viewer)
        viewer.renewed.connect(lambda: self.inspector.show(viewer.place, opened=True))
        self._viewer = viewer
        return viewer

    @cached_property
    def sessions(self) -> AllSessions:
        """All sessions in watched folders."""
        sessions = AllSessions(self._context)
        sessions.compare_asked.connect(self._compare_keys)
        return sessions

    @cached_property
    def usage(self) -> UsageView:
        """What skills did in the open traces."""
        usage = UsageView(self._context)
        usage.step_chosen.connect(self.show_step)
        return usage

    @cached_property
    def annotations(self) -> AnnotationsView:
        """What people said of any trace."""
        return AnnotationsView(self._context)

    @cached_property
    def comparison(self) -> ComparePage:
        """Runs side by side, or groups of sessions."""
        comparison = ComparePage(self._context)
        comparison.step_chosen.connect(self.show_step)
        return comparison

    def compare(self, places: Sequence[TracePlace]) -> None:
        """Show runs side by side; with fewer than two, ask which."""
        self.show_list()
        self.show_tab("comparison")
        self.comparison.compare(places)

    def show_step(
        self, path: str, trajectory_id: str = "", step: int = 0, quote: str | None = None
    ) -> bool:
        """Show a step of an open trace, a quote marked in it; False when it is not open."""
        place = find_place(self._context.traces, path, trajectory_id)
        if place is None:
            return False
        self.show_place(place, step, quote or "")
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

    def export(self) -> None:
        """Offer the ways to export the trace."""
        self.viewer.exports.popup()

    def read_as_page(self) -> None:
        """Show the trace as one page, or its list of steps again."""
        self.viewer.header.reading.toggle()

    def copy_link(self) -> None:
        """Put a link to the step on the clipboard."""
        self.viewer.copy_link()

    def show_usage(self, all_sessions: bool = False) -> None:
        """Show what skills did in the open traces, or in all sessions."""
        self._context.request_activity("traces")
        self.show_list()
        if all_sessions or self._context.traces:
            self.usage.count_sessions(all_sessions)
        self.show_tab("usage")
        self.usage.setFocus()

    def choose_usage_libraries(self) -> None:
        """Show what skills did, and the choice of libraries that are counted."""
        self.show_usage(all_sessions=bool(self.usage.scope.currentIndex()))
        self.usage.libraries.popup()

    def show_skill_then(self) -> None:
        """Show the skill that the step in front used, as it was then."""
        place = self._place
        if place is not None:
            step = self.viewer.steps.current_step
            self.show_usage()
            self.usage.show_then_at(str(place.top.path), place.trajectory.id, step)

    def show_annotations(self) -> None:
        """Show every annotation there is, whether its trace is open or not."""
        self._context.request_activity("traces")
        self._stack.setCurrentWidget(self._home)
        self.show_tab("annotations")
        self.annotations.read()
        self.annotations.list.setFocus()

    def annotate(self) -> None:
        """Ask what is to be said of the step."""
        self.viewer.annotations.annotate_step()

    def undo(self) -> None:
        """Take back what was said last, where annotations are in sight."""
        shown = self._shown.get("annotations")
        if self.in_viewer or (shown is not None and shown.isVisible()):
            self._context.annotations.undo()

    def attach_outcome(self) -> None:
        """Ask how the session of the trace in front ended."""
        place = self.front_place()
        if place is not None:
            if not self.in_viewer:
                self.show_place(place)
            self.viewer.annotations.attach_outcome()

    def front_sessions(self) -> AllSessions:
        """Bring all sessions to the front."""
        self._context.request_activity("traces")
        self._stack.setCurrentWidget(self._home)
        self.show_tab("sessions")
        return self.sessions

    def _compare_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        self.show_tab("comparison")
        self.comparison.compare_keys(keys)

    def compare_selected(self) -> None:
        """Compare the selected traces, or ask which."""
        self._context.request_activity("traces")
        rows = self.list.table.selected() if self.list.isVisible() else []
        places = (find_place(self._context.traces, row.path, row.trajectory) for row in rows)
        found = [place for place in places if place is not None]
        if self.in_viewer and self._place is not None:
            found = [self._place]
        self.compare(found)

    def show_groups(self) -> None:
        """Compare groups of sessions."""
        self._context.request_activity("traces")
        self.show_list()
        self.show_tab("comparison")
        self.comparison.show_groups()

    def go_difference(self, by: int) -> None:
        """Go to the next difference of compared runs, or the one before."""
        self.comparison.runs.go_difference(by)

    def go_first_divergence(self) -> None:
        """Go to where compared runs part."""
        self.comparison.runs.go_first()

    def why_no_session(self) -> str | None:
        """Return why there is no session to compare, None when there is."""
        return None if self._context.sessions.folders else self.why_no_trace()

    def why_no_comparison(self) -> str | None:
        """Return why no comparison of runs is in front."""
        if self.isVisible() and "comparison" in self._shown and self.comparison.isVisible():
            return None if self.comparison.compares else "choose two runs to compare first."
        return "compare runs first (Ctrl+Alt+K)."

    def show_tab(self, name: str) -> None:
        """Bring one of the views beside the list to the front."""
        self.tabs.setCurrentIndex(next(n for n, (key, _) in enumerate(_TABS) if key == name))

    def show_list(self) -> None:
        """Go back from a trace to the list."""
        if self._context.traces:
            place = self._place
            self._stack.setCurrentWidget(self._home)
            if self._front_page() is self._shown.get("sessions"):
                self.sessions.setFocus()
                return
            self.tabs.setCurrentIndex(0)
            if place is not None:
                self.list.table.select(str(place.top.path), place.top.trajectory.id)
            self._show_facts()
            self.list.table.setFocus()

    def why_no_step(self) -> str | None:
        """Return why no trace is in front."""
        if self.isVisible() and self.in_viewer:
            return None
        return "open a trace first: select one in Traces and press Enter."

    def why_no_trace(self) -> str | None:
        """Return why there are no traces."""
        return None if self._context.traces else "open traces first (Ctrl+Shift+O)."

    # Inside

    def _make_home(self) -> QWidget:
        home = QWidget()
        self._pages.addWidget(self.list)
        inside = column(home, spacing=0)
        inside.addWidget(tab_strip(self.tabs))
        inside.addWidget(self._pages, 1)
        return home

    def _connect(self) -> None:
        context = self._context
        self.tabs.currentChanged.connect(self._tab_chosen)
        self._stack.currentChanged.connect(lambda _index: self._aim_focus())
        self._stack.currentChanged.connect(lambda _index: self._give_inspector())
        self.list.opened.connect(self.show_step)
        self.list.chosen.connect(lambda _path, _one: self._show_facts())
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
            return
        content = self._context.requested_content(path, trajectory_id, step)
        if content:
            self.viewer.check_link(step, content)

    def show_place(self, place: TracePlace, step: int = 0, quote: str = "") -> None:
        """Bring a step of a trace to the front, a quote marked in it."""
        self._stack.setCurrentWidget(self.viewer)
        self.viewer.show_place(place, step, quote)
        self.inspector.show(place, opened=True)
        self.viewer.steps.setFocus()

    def _aim_focus(self) -> None:
        """Let the panel's focus go to the list of what is in front."""
        front = self._stack.currentWidget()
        if self.in_viewer:
            self.setFocusProxy(self.viewer.steps)
        elif self._pages.currentWidget() is self._bare:
            self.setFocusProxy(self.empty.button)
        elif front is self._home:
            self.setFocusProxy(self._front_page())

    def _tab_chosen(self, number: int) -> None:
        self._show_page()
        self._give_inspector()
        if number:
            self._front_page().read()

    def _give_inspector(self) -> None:
        """Show the figures of a trace beside it; the other views say what they show themselves."""
        listed = self._front_page() is self.list
        self.inspector.give(bool(self._context.traces) and (self.in_viewer or listed))

    def _show_page(self) -> None:
        """Show the view of the tab in front, or that there is nothing for it to show."""
        page = self._front_page()
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        name = _TABS[self.tabs.currentIndex()][0]
        bare = not self._context.traces and name in _OF_OPEN
        # Groups of all sessions can be compared while none is open.
        bare = bare and not (name == "comparison" and self._context.sessions.folders)
        self._pages.setCurrentWidget(self._bare if bare else page)
        self._aim_focus()

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
        if not self.in_viewer:
            self.inspector.show(self._listed_place(), opened=False)

    def front_place(self) -> TracePlace | None:
        """Return the trace in front, or the one selected in the list."""
        return self._place if self.in_viewer else self._listed_place()

    @property
    def in_viewer(self) -> bool:
        """Whether a trace is in front."""
        return self._viewer is not None and self._stack.currentWidget() is self._viewer

    @property
    def _place(self) -> TracePlace | None:
        return None if self._viewer is None else self._viewer.place

    def _read(self) -> None:
        context = self._context
        self.list.read()
        if self.tabs.currentIndex() > 0:
            self._front_page().read()
        place = self._place
        if place is not None and all(trace is not place.top for trace in context.traces):
            self.viewer.clear()
            place = None
        self._give_inspector()
        self._show_page()
        if not context.traces:
            self._stack.setCurrentWidget(self._home)
            self._tell_problems()
            self.inspector.show(None, opened=False)
        elif place is None:
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
