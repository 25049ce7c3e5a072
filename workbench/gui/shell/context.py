"""What a feature of the window gets, and the only way one feature asks another for something.

A feature never imports another. It reads what is open from here, and raises requests ("show this
file", "show this step") as signals; the window brings the feature that answers to the front.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from workbench.gui.shell.commands import CommandRegistry
from workbench.gui.theme.current import apply_theme, current_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workbench.domain.annotation import Annotation
    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Library, Skill
    from workbench.gui.bridge import Bridge, OnError, ThreadCall
    from workbench.gui.notify import Notifier
    from workbench.gui.shell.annotations import AnnotationDesk
    from workbench.gui.shell.jobs import JobBoard, JobEntry, JobReporter
    from workbench.gui.shell.problems import Problem
    from workbench.gui.shell.session_index import SessionIndex
    from workbench.gui.shell.trace_opening import TraceProblem
    from workbench.gui.shell.workspace import Workspace
    from workbench.plugin.jobs import JobRunner
    from workbench.plugin.registry import Registry
    from workbench.plugin.trace_readers import TraceReaders
    from workbench.store.paths import UserFolders
    from workbench.store.proposals import ProposalStore
    from workbench.traces.open import OpenTrace

Result = TypeVar("Result")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


class AppContext(QObject):
    """The state of one window, and its signals.

    Signals that tell: ``library_changed(Library | None)``, ``diagnostics_changed()``,
    ``skill_selected(skill id)``, ``traces_changed()``, ``proposals_changed()``,
    ``problems_changed()``, ``theme_changed(name)``, ``client_changed(client)``,
    ``file_saved(absolute path)``, ``disk_changed()`` (something below the library changed).
    Signals that ask: ``trace_requested(path, trajectory id, step)``, ``file_requested(absolute
    path, line)``, ``review_requested(proposal id)``, ``activity_requested(activity id)``.
    """

    library_changed = Signal(object)
    diagnostics_changed = Signal()
    skill_selected = Signal(str)
    traces_changed = Signal()
    proposals_changed = Signal()
    problems_changed = Signal()
    theme_changed = Signal(str)

    trace_requested = Signal(str, str, int)
    file_requested = Signal(str, int)
    review_requested = Signal(str)
    activity_requested = Signal(str)

    client_changed = Signal(str)
    disk_changed = Signal()
    inspector_set = Signal(str, object)
    file_saved = Signal(str)

    def __init__(self, parent: QObject | None = None, *, proposals: Path | None = None) -> None:
        super().__init__(parent)
        self.commands = CommandRegistry(self)
        #: What tells the time of day to views that say how old something is, ISO 8601.
        self.clock: Callable[[], str] = _now
        self.selected_skill = ""
        self.client = ""
        self._awaited: tuple[str, str, int] | None = None
        self._quote: tuple[str, str, int, str] = ("", "", 0, "")
        self._content = ""
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._proposals = proposals

    # What is made when first needed: the first frame needs none of it.

    @cached_property
    def notify(self) -> Notifier:
        """Messages to the person."""
        from workbench.gui.notify import Notifier

        return Notifier(self)

    @cached_property
    def bridge(self) -> Bridge:
        """Threads and coroutines beside the window."""
        from workbench.gui.bridge import Bridge

        return Bridge(self, report=self.notify.problem)

    @cached_property
    def jobs(self) -> JobBoard:
        """Long work, with progress and cancel."""
        from workbench.gui.shell.jobs import JobBoard

        return JobBoard(self.bridge, self)

    @cached_property
    def workspace(self) -> Workspace:
        """The library and the traces that are open."""
        from workbench.gui.shell.workspace import Workspace

        workspace = Workspace(self.jobs, self._trace_readers, self)
        workspace.library_changed.connect(self.library_changed)
        workspace.diagnostics_changed.connect(self.diagnostics_changed)
        workspace.traces_changed.connect(self.traces_changed)
        workspace.traces_changed.connect(self._show_awaited)
        return workspace

    @cached_property
    def sessions(self) -> SessionIndex:
        """All sessions in watched folders."""
        from workbench.gui.shell.session_index import SessionIndex

        return SessionIndex(self.jobs, self.bridge, self.folders, self.notify.problem, self)

    @cached_property
    def annotations(self) -> AnnotationDesk:
        """What people say of traces and their steps."""
        from workbench.gui.shell.annotations import AnnotationDesk

        return AnnotationDesk(self.folders.annotations, self.bridge, self.notify, self)

    # What is open

    @property
    def library(self) -> Library | None:
        """The open library."""
        return self.workspace.library

    @property
    def diagnostics(self) -> dict[str, tuple[Diagnostic, ...]]:
        """What the rules say of each skill, by skill id."""
        return self.workspace.diagnostics

    @property
    def traces(self) -> tuple[OpenTrace, ...]:
        """The open traces, in the order they were opened. They stay open; do not close them."""
        return self.workspace.traces

    @property
    def trace_problems(self) -> tuple[TraceProblem, ...]:
        """Files that could not be opened as traces."""
        return self.workspace.trace_problems

    @property
    def clients(self) -> tuple[str, ...]:
        """The client profiles skills are checked for."""
        return self.workspace.clients

    def diagnostics_of(self, skill_id: str) -> tuple[Diagnostic, ...]:
        """Return what the rules say of a skill for the chosen client, or for all of them."""
        found = self.diagnostics.get(skill_id, ())
        if not self.client:
            return found
        return tuple(one for one in found if not one.clients or self.client in one.clients)

    def set_client(self, client: str) -> None:
        """Choose the client whose problems are listed ("" for all)."""
        self.client = client
        self.client_changed.emit(client)

    def skill(self, skill_id: str) -> Skill | None:
        """Return a skill of the open library."""
        return self.workspace.skill(skill_id)

    def trace(self, path: str, trajectory_id: str = "") -> OpenTrace | None:
        """Return an open trace by its file and trajectory id."""
        return self.workspace.trace(path, trajectory_id)

    def open_library(self, root: Path) -> None:
        """Open a folder of skills; ``library_changed`` tells when it is read."""
        self.workspace.open_library(Path(root))

    def open_traces(self, paths: Iterable[Path]) -> None:
        """Open trace files, and all below folders; ``traces_changed`` tells of each batch."""
        self.workspace.open_traces(Path(path) for path in paths)

    def select_skill(self, skill_id: str) -> None:
        """Make a skill the selected one everywhere ("" for none)."""
        if skill_id != self.selected_skill:
            self.selected_skill = skill_id
            self.skill_selected.emit(skill_id)

    # Requests to other features

    def request_file(self, path: Path | str, line: int = 0) -> None:
        """Show a file of a skill in the editor, at a line that counts from 1."""
        self.file_requested.emit(str(path), line)

    def request_trace(
        self,
        path: Path | str,
        trajectory_id: str = "",
        step: int = 0,
        quote: str = "",
        *,
        content: str = "",
    ) -> None:
        """Show a step of a trace; the file is opened when it is not yet.

        A ``quote`` is highlighted in the step where the step says it, word for word. ``content`` is
        the beginning of the hash the step had when a link to it was made.
        """
        self._quote, self._content = (str(path), trajectory_id, step, quote), content
        found = self.trace(str(path))
        if found is not None and step and self.workspace.reads(found):
            self._awaited = (str(path), trajectory_id, step)
            return
        if found is None:
            from workbench.traces.inner import container_of

            self._awaited = (str(path), trajectory_id, step)
            self.open_traces([container_of(str(path))])
            return
        self.trace_requested.emit(str(path), trajectory_id, step)

    def request_annotation(self, one: Annotation) -> None:
        """Show what an annotation is about; the trace says where that is by now."""
        anchor = one.anchor
        if not Path(anchor.path).exists() and self.trace(anchor.path) is None:
            self.notify.warning(
                f"The trace is gone: {anchor.path}. It was about: {anchor.says or 'the trace'}",
                replace="annotation",
            )
            return
        # No step is named: it may be another one by now, and the viewer looks for it.
        self.request_trace(anchor.path, anchor.trajectory)
        self.annotations.want(one)

    def requested_quote(self, path: str, trajectory_id: str, step: int) -> str:
        """Return the quote that came with the last request for this step, or ""."""
        *asked, quote = self._quote
        return quote if asked == [path, trajectory_id, step] else ""

    def requested_content(self, path: str, trajectory_id: str, step: int) -> str:
        """Return the content hash that came with the last request for this step, or ""."""
        return self._content if self._quote[:3] == (path, trajectory_id, step) else ""

    def request_review(self, proposal_id: str) -> None:
        """Show a proposal in Review."""
        self.review_requested.emit(proposal_id)

    def request_activity(self, activity_id: str) -> None:
        """Bring an activity to the front."""
        self.activity_requested.emit(activity_id)

    def set_inspector(self, activity_id: str, widget: QWidget | None) -> None:
        """Give the inspector (right) what it shows while that activity is in front."""
        self.inspector_set.emit(activity_id, widget)

    def _show_awaited(self) -> None:
        found = self.trace(self._awaited[0]) if self._awaited is not None else None
        if self._awaited is None or found is None:
            return
        if self._awaited[2] and self.workspace.reads(found):
            return  # which step has that number shows when the whole is read
        awaited, self._awaited = self._awaited, None
        self.trace_requested.emit(*awaited)

    # Problems

    def set_problems(self, origin: str, problems: Iterable[Problem]) -> None:
        """Replace the problems that ``origin`` has told of before."""
        self._problems[origin] = tuple(problems)
        self.problems_changed.emit()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of all origins."""
        return tuple(problem for told in self._problems.values() for problem in told)

    # Work beside the window

    def spawn_thread(
        self,
        work: Callable[..., Result],
        *arguments: Any,
        on_done: Callable[[Result], None] | None = None,
        on_error: OnError | None = None,
        owner: QObject | None = None,
    ) -> ThreadCall:
        """Run short blocking work in a thread; see ``Bridge.run_in_thread``."""
        return self.bridge.run_in_thread(
            work, *arguments, on_done=on_done, on_error=on_error, owner=owner
        )

    def run_job(
        self,
        title: str,
        work: Callable[[JobReporter], Result],
        *,
        on_done: Callable[[Result], None] | None = None,
        on_error: OnError | None = None,
        on_cancelled: Callable[[], None] | None = None,
        owner: QObject | None = None,
    ) -> JobEntry:
        """Run long work in a thread, shown in Jobs with progress and Cancel."""
        return self.jobs.run(
            title,
            work,
            on_done=on_done,
            on_error=on_error,
            on_cancelled=on_cancelled,
            owner=owner,
        )

    # What we keep

    @cached_property
    def folders(self) -> UserFolders:
        """Where the program keeps what is its own."""
        from workbench.store.paths import UserFolders

        return UserFolders.default()

    @cached_property
    def proposal_store(self) -> ProposalStore:
        """The proposals under review."""
        from workbench.store.proposals import ProposalStore

        return ProposalStore(self._proposals or self.folders.proposals)

    @cached_property
    def plugins(self) -> Registry:
        """The plugins there are; read when first asked for."""
        from workbench.plugin.registry import Registry
        from workbench.resources import bundled

        return Registry(
            [bundled("plugins"), self.folders.plugins], self.folders.config / "plugins.json"
        )

    def _trace_readers(self) -> TraceReaders:
        """Return the plugins in use that read traces; called in a thread."""
        from workbench.plugin.registry import Registry
        from workbench.plugin.trace_readers import TraceReaders

        registry = Registry.of_user(self.folders.plugins, self.folders.config / "plugins.json")
        kept = self.folders.cache / "foreign-traces"
        return TraceReaders(registry.of_kind("trace_reader"), lambda: self.job_runner, kept)

    def open_any(self, path: Path) -> tuple[OpenTrace, ...]:
        """Open a trace file of any format, those of plugins in use too; the caller closes it.

        Blocks: for threads.

        Raises:
            TraceError: it cannot be read.
        """
        from workbench.usage.foreign_traces import TraceDoor

        return TraceDoor(self._trace_readers).open(path)

    @cached_property
    def job_runner(self) -> JobRunner:
        """Starts plugins in child processes."""
        from workbench.plugin.jobs import JobRunner

        return JobRunner(self.folders.runs, warm=2)

    # Theme and end

    @property
    def theme_name(self) -> str:
        """The theme in use."""
        return current_theme().name

    def set_theme(self, name: str) -> None:
        """Change the theme of the whole program.

        Raises:
            ValueError: no theme has that name.
        """
        apply_theme(name)
        self.theme_changed.emit(name)

    def close(self) -> None:
        """End what runs and give files back; the context cannot be used afterwards."""
        self.jobs.cancel_all()
        if "sessions" in self.__dict__:
            self.sessions.close()
        self.bridge.close()
        if "job_runner" in self.__dict__:
            self.job_runner.close()
        self.workspace.close_traces()
