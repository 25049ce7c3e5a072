"""What skills did in sessions: a table by skill and version, worklists, each figure's uses."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QTreeView,
    QWidget,
)

from workbench.domain.skill import Library
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import find_place
from workbench.gui.traces.usage.counted_libraries import OtherLibraries
from workbench.gui.traces.usage.libraries_button import LibrariesButton
from workbench.gui.traces.usage.skill_figures import Figure, figures_of, figures_of_version
from workbench.gui.traces.usage.usage_model import UsageModel
from workbench.gui.traces.usage.usage_rows import FIRST, Row, Usage, UsageSource, told, uses_behind
from workbench.gui.traces.usage.use_list import MOST, UseList
from workbench.gui.traces.usage.version_view import VersionView
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox, NumberBox
from workbench.usage.report import SkillUsage
from workbench.usage.session_files import prices_of, session_files
from workbench.usage.sessions import Use
from workbench.usage.then import Then, then_of
from workbench.usage.versions import SkillVersions
from workbench.usage.worklists import ENOUGH_LISTINGS

_FIGURE: Final = Qt.ItemDataRole.UserRole
_DETAIL: Final = Qt.ItemDataRole.UserRole + 1
_WIDTHS: Final = {1: 96, 2: 84, 3: 88, 4: 152, 5: 96, 6: 80}
_SCOPES: Final = ("Open traces", "All sessions")


class UsageView(QWidget):
    """Above a table, below the uses of what is selected and the skill's other figures."""

    step_chosen = Signal(str, str, int)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._source = UsageSource()
        self._lock = threading.Lock()
        self._usage: Usage | None = None
        self._turn = 0
        self._job: JobEntry | None = None
        self._stale = True
        self._last = ("", "")
        self._awaited: tuple[str, str, int] | None = None
        self.scope = ChoiceBox("Sessions that are counted")
        self.scope.addItems(_SCOPES)
        self._others = OtherLibraries(context.folders.usage_libraries)
        self.libraries = LibrariesButton(context, self._others)
        self._problems: tuple[str, ...] = ()
        self.worklist = ChoiceBox("Worklist")
        self.worklist.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        for title, _ in FIRST:
            self.worklist.addItem(title)
        self.least = NumberBox("Sessions that must offer a skill before it counts")
        self.least.setPrefix("at least ")
        self.least.setRange(1, 100_000)
        self.least.setValue(ENOUGH_LISTINGS)
        self.least.setKeyboardTracking(False)
        self.sentence = QLabel()
        self.sentence.setProperty("muted", True)
        self.sentence.setWordWrap(True)
        self.table = QTreeView()
        self.model = UsageModel(self)
        self._set_up_table()
        self.uses = UseList()
        self.figures = QListWidget()
        self.heading = ElidedLabel()
        self.step_button = push_button("Open step", self.uses.ask_step)
        self.then_button = push_button("Skill as it was", self.uses.ask_then)
        self.version = VersionView(context)
        self._none = EmptyState("Nothing in this list", "", icon="spark")
        self._body = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Skills and their use")
        table.setUniformRowHeights(True)
        table.setAllColumnsShowFocus(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setExpandsOnDoubleClick(True)
        header = table.header()
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)
        header.setAccessibleName("Columns")
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number, width in _WIDTHS.items():
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(number, width)

    def _lay_out(self) -> None:
        context = self._context
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 4)
        tools.addWidget(self.scope)
        tools.addWidget(self.libraries)
        tools.addWidget(self.worklist)
        tools.addWidget(self.least)
        tools.addStretch(1)
        self.sentence.setContentsMargins(12, 0, 12, 8)
        self._body.addWidget(self.table)
        self._body.addWidget(self._none)
        self.figures.setAccessibleName("Figures of the skill")
        self.figures.setItemDelegate(DetailRow(_DETAIL, self.figures))
        self.figures.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading.setProperty("section", True)
        self.step_button.setToolTip("Open the step of the use (Enter)")
        self.then_button.setToolTip("Open the skill’s line that was in force then (Ctrl+Enter)")
        self._below = QWidget()
        inside = column(self._below, spacing=0)
        line = row(spacing=8)
        line.setContentsMargins(12, 4, 8, 4)
        line.addWidget(self.heading, 1)
        line.addWidget(self.step_button)
        line.addWidget(self.then_button)
        inside.addLayout(line)
        beside = SplitView((self.uses, self.figures), sizes=(560, 340), stretch=(3, 2))
        inside.addWidget(beside, 1)
        self._page = QWidget()
        whole = column(self._page, spacing=0)
        whole.addLayout(tools)
        whole.addWidget(self.sentence)
        split = SplitView(
            (self._body, self._below), vertical=True, sizes=(360, 280), stretch=(1, 0)
        )
        whole.addWidget(split, 1)
        self._no_library = EmptyState(
            "No library is open",
            "What skills did is counted for the skills of the open library.",
            action=("Open folder…", lambda: context.commands.run("file.open_library")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="library",
        )
        self._no_traces = EmptyState(
            "No traces are open",
            "Open traces to count what skills did in them, or count all sessions of the watched "
            "folders.",
            action=("Count all sessions", lambda: self.scope.setCurrentIndex(1)),
            link=("Open traces…", lambda: context.commands.run("file.open_traces")),
            icon="traces",
        )
        self._stack.addWidget(self._page)
        self._stack.addWidget(self._no_library)
        self._stack.addWidget(self._no_traces)
        self._stack.addWidget(self.version)
        column(self, spacing=0).addWidget(self._stack)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self.worklist.currentIndexChanged.connect(lambda _number: self._show())
        self.least.valueChanged.connect(lambda _value: self._ask_least())
        self.scope.currentIndexChanged.connect(lambda _number: self.read())
        self.libraries.chosen.connect(self.read)
        header = self.table.header()
        header.sortIndicatorChanged.connect(lambda _column, _order: self.select(*self._last))
        self.table.selectionModel().currentChanged.connect(self._selected)
        self.table.activated.connect(lambda _index: self.uses.setFocus())
        self.uses.step_asked.connect(self._show_step)
        self.uses.then_asked.connect(self._show_then)
        self.uses.currentItemChanged.connect(lambda _now, _before: self._enable())
        for used in (self.figures.itemActivated, self.figures.itemClicked):
            used.connect(self._figure_chosen)
        self.version.left.connect(self._leave_version)
        self._context.library_changed.connect(lambda _library: self._changed())
        self._context.skill_selected.connect(self.select)

    def show_then_at(self, path: str, trajectory: str, step: int) -> None:
        """Open the skill as it was at a step of an open trace, counting first where needed."""
        self._awaited = (path, trajectory, step)
        if self.scope.currentIndex():
            self.scope.setCurrentIndex(0)
        elif self._usage is None or self._stale:
            self.read()
        else:
            self._show_awaited()

    def _show_awaited(self) -> None:
        awaited, usage, self._awaited = self._awaited, self._usage, None
        if awaited is None or usage is None:
            return
        for one in usage.report.skills:
            for use in one.uses:
                if awaited in {(path, use.trajectory, use.step) for path in (use.owner, use.trace)}:
                    self._show_then_of(one, use)
                    return
        self._context.notify.info(
            "No skill of the open library was used in this step. Skill events are marked in the "
            "list of steps (Ctrl+F8 goes to the next).",
            replace="then",
        )

    # Counting

    def count_sessions(self, every: bool) -> None:
        """Count all indexed sessions, or the open traces."""
        self.scope.setCurrentIndex(int(every))

    def read(self) -> None:
        """Count anew, beside the window."""
        library = self._context.library
        bare = library is not None and not (self._context.traces or self.scope.currentIndex())
        if self._stack.currentWidget() is not self.version or library is None:
            self._stack.setCurrentWidget(
                self._no_library if library is None else self._no_traces if bare else self._page
            )
        if library is None or bare:
            return
        self._turn += 1
        self._stale = False
        if self.scope.currentIndex():
            self._read_all(self._turn)
            return
        self._stop()
        turn, traces, others = self._turn, self._context.traces, self._others.counted
        annotations = self._context.annotations.all
        prices_file = self._context.folders.prices_file

        def count() -> Usage:
            with self._lock:
                libraries = self._read_libraries(library, others)
                return self._source.of_open(libraries, traces, annotations, prices_of(prices_file))

        self._context.spawn_thread(count, on_done=lambda u: self._done(turn, u), owner=self)

    def _stop(self) -> None:
        """Stop reading all sessions, if that is under way."""
        if self._job is not None and self._job.state == "running":
            self._context.jobs.cancel(self._job.id)
        self._job = None

    def _read_all(self, turn: int) -> None:
        """Read every indexed session, with progress; what was stopped shows what it has."""
        library = self._context.library
        if library is None:
            return
        index = self._context.folders.trace_index
        annotations = self._context.annotations.all
        prices_file = self._context.folders.prices_file
        self._stop()
        self.sentence.setText("Reading all sessions …")

        opening, others = self._context.open_any, self._others.counted

        def count(reporter: JobReporter) -> Usage:
            paths = session_files(index)

            def go_on(number: int, path: Path) -> bool:
                reporter.progress(number / max(1, len(paths)), f"Reading {path.name}")
                return not reporter.cancelled and turn == self._turn

            with self._lock:
                libraries = self._read_libraries(library, others)
                return self._source.of_files(
                    libraries, paths, annotations, prices_of(prices_file), go_on, opening=opening
                )

        self._job = self._context.run_job(
            "Count what skills did in all sessions",
            count,
            on_done=lambda usage: self._done(turn, usage),
            on_cancelled=lambda: self.sentence.setText("Stopped. Choose the sessions again."),
            owner=self,
        )

    def _read_libraries(self, first: Library, paths: Sequence[Path]) -> tuple[Library, ...]:
        """Read what is counted besides the open library. For a thread that has the lock."""
        libraries, self._problems = self._others.read(first, paths)
        return libraries

    def _done(self, turn: int, usage: Usage) -> None:
        if turn == self._turn:
            self._usage = usage
            if self.least.value() != ENOUGH_LISTINGS:
                self._usage = usage.asking(self.least.value())
            self._name_worklists(self._usage)
            self._show()
            self._show_awaited()

    def _ask_least(self) -> None:
        if self._usage is not None:
            self._usage = self._usage.asking(self.least.value())
            self._name_worklists(self._usage)
            self._show()

    def _changed(self) -> None:
        self._usage = None
        self._stale = True
        if self.isVisible():
            self.read()

    def _name_worklists(self, usage: Usage) -> None:
        """Say beside each worklist how many it has; the chosen one stays chosen."""
        chosen = max(0, self.worklist.currentIndex())
        self.worklist.blockSignals(True)
        self.worklist.clear()
        for title, rule in usage.choices():
            self.worklist.addItem(title)
            self.worklist.setItemData(self.worklist.count() - 1, rule, Qt.ItemDataRole.ToolTipRole)
        self.worklist.setCurrentIndex(chosen)
        self.worklist.blockSignals(False)

    # Showing

    def select(self, skill: str, library: str = "") -> None:
        """Select a skill, on the list of all skills where it is not on this one.

        Of several libraries that have it that one is taken, or the open one.
        """
        if self.model.row_of(skill) < 0 and self._usage is not None:
            self.worklist.setCurrentIndex(0)
        number = self.model.row_of(skill, library or self._own)
        current, found = self.table.currentIndex(), self.model.index(number, 0)
        if number >= 0 and (not current.isValid() or self._key(current) != self._key(found)):
            self.table.setCurrentIndex(found)

    def choose_list(self, name: str) -> None:
        """Choose a worklist by the beginning of its title."""
        titles = [self.worklist.itemText(number) for number in range(self.worklist.count())]
        found = next((n for n, title in enumerate(titles) if title.startswith(name)), 0)
        self.worklist.setCurrentIndex(found)

    @property
    def _own(self) -> str:
        return self._context.library.root if self._context.library is not None else ""

    def _key(self, index: QModelIndex) -> tuple[str, str]:
        return self.model.row_at(index).key

    def _show(self) -> None:
        usage = self._usage
        if usage is None:
            return
        number = max(0, self.worklist.currentIndex())
        rows = usage.rows(number)
        self.least.setVisible(number == len(FIRST))
        index = self.table.currentIndex()
        selected = self._key(index) if index.isValid() else (self._own, "")
        self.model.show(rows)
        header = self.table.header()
        self.model.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        _, rule = usage.choices()[number]
        self._none.set_texts("Nothing in this list", "No skill that is counted is on it now.")
        self._body.setCurrentIndex(0 if rows else 1)
        if not rows and (self.uses.hasFocus() or self.figures.hasFocus()):
            self.worklist.setFocus()
        self._below.setVisible(bool(rows))
        what = "session" if self.scope.currentIndex() else "trace"
        self.sentence.setText(" ".join((told(usage, rule, what), *self._problems)))
        self.sentence.setToolTip(", ".join(usage.report.unresolved))
        root, skill = selected
        wanted = max(0, self.model.row_of(skill or self._context.selected_skill, root))
        if rows:
            self.table.setCurrentIndex(self.model.index(wanted, 0))
        else:
            self._selected(QModelIndex(), QModelIndex())

    def _selected(self, index: QModelIndex, _before: QModelIndex) -> None:
        usage = self._usage
        if usage is None or not index.isValid():
            self.heading.setText("")
            self._show_uses("", ())
            self.figures.clear()
            return
        one = self.model.row_at(index)
        self._last = one.usage.skill, one.usage.library
        words, uses = uses_behind(usage, one, index.column())
        name = replace(one, cohort=None).name
        version = f", {one.name}" if one.cohort is not None else ""
        self._show_uses(f"{name}{version}: {words}", uses, usage.versions_of(one.usage))
        self._show_figures(one)

    def _show_uses(
        self, heading: str, uses: Sequence[Use], versions: SkillVersions | None = None
    ) -> None:
        more = f", the first {MOST:,} of {len(uses):,} are listed" if len(uses) > MOST else ""
        self.heading.setText(f"{heading}{more}")
        self.uses.show_uses(uses, versions)
        self._enable()

    def _show_figures(self, one: Row) -> None:
        self.figures.clear()
        for figure in self._figures_of(one):
            item = QListWidgetItem(figure.label)
            item.setData(_DETAIL, figure.value)
            item.setData(_FIGURE, figure)
            item.setToolTip(
                "\n".join(filter(None, (f"{figure.label}: {figure.value}", figure.tip)))
            )
            if figure.file:
                item.setIcon(icon("file-text", "text_muted"))
            self.figures.addItem(item)

    def _figures_of(self, one: Row) -> list[Figure]:
        if one.cohort is None:
            return figures_of(one.usage)
        older = one.usage.cohorts[one.usage.cohorts.index(one.cohort) + 1 :]
        return figures_of_version(one.cohort, older[0] if older else None)

    def _enable(self) -> None:
        use = self.uses.current()
        self.step_button.setEnabled(use is not None)
        self.then_button.setEnabled(use is not None and use.kind not in ("missed", "listed"))

    # Going on from here

    def _figure_chosen(self, item: QListWidgetItem) -> None:
        figure: Figure = item.data(_FIGURE)
        one = self._current_row()
        if one is None or self._usage is None:
            return
        skill = self._usage.skill(one.usage)
        if figure.file and skill is not None:
            self._context.request_file(Path(skill.path) / figure.file)
        elif figure.uses:
            name = one.usage.name or one.usage.skill
            versions = self._usage.versions_of(one.usage)
            self._show_uses(f"{name}: {figure.label} {figure.value}", figure.uses, versions)

    def _current_row(self) -> Row | None:
        index = self.table.currentIndex()
        return self.model.row_at(index) if index.isValid() else None

    def _show_step(self, use: Use) -> None:
        path = use.owner or use.trace
        if find_place(self._context.traces, path, use.trajectory) is not None:
            self.step_chosen.emit(path, use.trajectory, use.step)
        else:
            self._context.request_trace(path, use.trajectory, use.step)

    def _show_then(self, use: Use) -> None:
        one = self._current_row()
        if one is not None:
            self._show_then_of(one.usage, use)

    def _show_then_of(self, of: SkillUsage, use: Use) -> None:
        """Open the skill as it was, worked out beside the window."""
        usage = self._usage
        if usage is None:
            return
        skill, versions = usage.skill(of), usage.versions_of(of)
        if skill is None or versions is None:
            return

        def look() -> Then | None:
            return then_of(skill, use, versions)

        def done(then: Then | None) -> None:
            if then is not None and not then.same:
                self.version.show_then(then)
                self._stack.setCurrentWidget(self.version)
                self.version.setFocus()
                return
            path = Path(skill.path) / skill.skill_md
            if then is None:
                why = use.note or "The trace does not tell."
                self._context.notify.info(
                    f"Which version of {skill.name} was in force is not known. {why} This is the "
                    "text of today.",
                    replace="then",
                )
            self._context.request_file(path, then.now_line if then is not None else 1)

        self._context.spawn_thread(look, on_done=done, owner=self)

    def _leave_version(self) -> None:
        self._stack.setCurrentIndex(0)
        self.uses.setFocus()
