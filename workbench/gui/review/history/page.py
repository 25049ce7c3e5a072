"""The history of one skill: timeline, lines, measured effect, broken tasks, lineage.

All reading happens in threads; a page of the timeline is shown as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QLabel,
    QStackedWidget,
    QWidget,
)

from workbench.gui.review.backend import Shelf
from workbench.gui.review.history import reading
from workbench.gui.review.history.change_reader import ChangeReader
from workbench.gui.review.history.change_view import ChangeView
from workbench.gui.review.history.effect_page import EffectPage
from workbench.gui.review.history.effect_reader import EffectReader
from workbench.gui.review.history.lineage_page import LineagePage
from workbench.gui.review.history.lines_page import LinesPage
from workbench.gui.review.history.reading import Aim
from workbench.gui.review.history.tasks_page import TasksPage
from workbench.gui.review.history.timeline_page import TimelinePage
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import icon_button, link_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.pause import single_shot
from workbench.gui.widgets.tabs import quiet_tabs, tab_strip
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.history.origins import LineOrigin
from workbench.review.history.skill_history import SkillHistory
from workbench.review.history.timeline import TimelineEntry, with_reverts
from workbench.store.folder_log import Place
from workbench.usage.sessions import Use

TABS = ("Timeline", "Lines", "Measured effect", "Broken tasks", "Lineage")
_TIMELINE, _LINES, _EFFECT, _TASKS, _LINEAGE = range(5)
_DISK_MS = 400
#: What is wanted is looked for on every page.
_ANYWHERE = 1_000_000_000


class HistoryPage(QWidget):
    """``left()`` asks for the review; the other two bring the id of a proposal."""

    left = Signal()
    proposal_wanted = Signal(str)
    revert_wanted = Signal(str)

    def __init__(self, context: AppContext, shelf: Shelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._shelf = context, shelf
        self.aim = Aim(Path(), "")
        self.entries: tuple[TimelineEntry, ...] = ()
        self._read_so_far: list[TimelineEntry] = []
        self._following: Place | None = None
        self._wanted, self._reach = "", 0
        self._results = ""
        self._loaded: set[int] = set()
        self.work = Work(context, self)
        self.timeline = TimelinePage(context)
        self.skills = ChoiceBox("Skill whose history is shown")
        self.skills.setMinimumWidth(200)
        self.skills.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        self.tabs = quiet_tabs("Views of the history", TABS)
        self._stack = QStackedWidget()
        self._notes = column(spacing=0)
        self._changes = ChangeReader(shelf, self.work, self)
        self._later = single_shot(self, _DISK_MS, self.refresh)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QFrame()
        head.setObjectName("PanelHeader")
        line = row(head, spacing=8)
        line.setContentsMargins(8, 4, 12, 4)
        self.back = link_button("Back to review", self.left.emit)
        self.back.setToolTip("Back to review (Esc)")
        line.addWidget(self.back)
        title = QLabel("History of")
        title.setProperty("muted", True)
        line.addWidget(title)
        line.addWidget(self.skills)
        line.addStretch(1)
        line.addWidget(icon_button("refresh", "Read the history again", self.refresh))
        for number, name in enumerate(TABS):
            self.tabs.setTabToolTip(number, f"{name} ({number + 1})")
        self._stack.addWidget(self.timeline)
        inside = column(self, spacing=0)
        inside.addWidget(head)
        inside.addLayout(self._notes)
        inside.addWidget(tab_strip(self.tabs))
        inside.addWidget(self._stack, 1)

    def _connect(self) -> None:
        context = self._context
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.skills.activated.connect(
            lambda _n: self.show_skill(self.aim.library, self.skills.currentText())
        )
        self.timeline.chosen.connect(self._entry_chosen)
        self.timeline.more_wanted.connect(self._read_more)
        self._follow(self.timeline.change)
        for changed in (context.disk_changed, context.proposals_changed):
            changed.connect(self._changed)
        context.library_changed.connect(lambda _library: self._changed())
        context.traces_changed.connect(self._traces_changed)
        context.theme_changed.connect(lambda _name: self._repaint())

    # Made when first shown: most visits look at the timeline alone.

    @cached_property
    def lines(self) -> LinesPage:
        """Whose each line is."""
        page = LinesPage(self._context)
        page.file_wanted.connect(self._read_lines)
        page.chosen.connect(self._line_chosen)
        self._follow(page.change)
        return page

    @cached_property
    def effect(self) -> EffectPage:
        """Sessions before and since each applied proposal."""
        page = EffectPage()
        page.step_wanted.connect(self._show_step)
        return page

    @cached_property
    def measuring(self) -> EffectReader:
        """Counts the sessions."""
        return EffectReader(self._context, self._shelf, self.effect, self)

    @cached_property
    def tasks(self) -> TasksPage:
        """Which change broke a task."""
        page = TasksPage()
        page.results_chosen.connect(self._add_results)
        page.change_wanted.connect(self._show_entry)
        return page

    @cached_property
    def lineage(self) -> LineagePage:
        """What came of which proposal."""
        page = LineagePage()
        page.change_wanted.connect(self._show_applied)
        page.proposal_wanted.connect(self.proposal_wanted)
        return page

    def _page(self, number: int) -> QWidget:
        pages: tuple[Callable[[], QWidget], ...] = (
            lambda: self.timeline,
            lambda: self.lines,
            lambda: self.effect,
            lambda: self.tasks,
            lambda: self.lineage,
        )
        return pages[number]()

    def _follow(self, view: ChangeView) -> None:
        view.proposal_wanted.connect(self.proposal_wanted)
        view.revert_wanted.connect(self.revert_wanted)

    def _changes_shown(self) -> tuple[ChangeView, ...]:
        made = "lines" in self.__dict__
        return (self.timeline.change, self.lines.change) if made else (self.timeline.change,)

    # What is shown

    @property
    def busy(self) -> bool:
        """Whether something is being read or about to be."""
        waiting = self._changes.waiting or self._later.isActive()
        counting = "measuring" in self.__dict__ and self.measuring.busy
        return self.work.busy or counting or waiting

    def show_skill(self, library: Path, skill: str) -> None:
        """Show the history of a skill; "." is the whole library."""
        aim = Aim(library, skill or ".")
        if aim != self.aim:
            self.aim = aim
            self._results = self._wanted = ""
            for view in self._changes_shown():
                view.show_nothing("No change is selected", "Select one to see what it did.")
            self.timeline.show_nothing("Reading …", "The history is being read.")
            self.timeline.list.rows.show(())
        self._name_skills()
        self.refresh()

    def show_tab(self, number: int) -> None:
        """Bring a view to the front."""
        self.tabs.setCurrentIndex(number)

    def refresh(self) -> None:
        """Read the history again; what is selected stays selected where it is still there."""
        self._later.stop()
        if not self.aim.skill:
            return
        self._changes.forget()
        self._loaded.clear()
        current = self.timeline.list.current()
        if current is not None and not self._wanted:
            self._wanted, self._reach = current.key, len(self.entries)
        aim = self.aim
        self.work.start(
            "page",
            reading.read_page,
            self._shelf,
            aim,
            None,
            on_done=lambda found: self._first_page(aim, found),
            on_problem=self._no_history,
        )
        if self.tabs.currentIndex() != _TIMELINE:
            self._load(self.tabs.currentIndex())

    def _name_skills(self) -> None:
        library = self._context.library
        names = [self.aim.skill]
        if library is not None and Path(library.root) == self.aim.library:
            names += [skill.id for skill in library.skills]
        self.skills.clear()
        self.skills.addItems(list(dict.fromkeys(sorted(names, key=str.casefold))))
        self.skills.setCurrentText(self.aim.skill)

    def _changed(self) -> None:
        if self.isVisible():
            self._later.start()
        else:
            self._loaded.clear()

    def _traces_changed(self) -> None:
        for view in self._changes_shown():
            view.refresh()
        self._loaded.discard(_EFFECT)
        if self.isVisible() and self.tabs.currentIndex() == _EFFECT:
            self._load(_EFFECT)

    # The timeline

    def _first_page(self, aim: Aim, found: SkillHistory) -> None:
        if aim != self.aim:
            return
        self._loaded.add(_TIMELINE)
        self._read_so_far = []
        self._say(found.notes)
        self._take(found)

    def _take(self, found: SkillHistory) -> None:
        self._read_so_far += found.page.entries
        self._following = found.page.following
        self.entries = with_reverts(self._read_so_far)
        if not self.entries:
            self.timeline.show_nothing(
                "No changes are known", " ".join(found.notes) or "Nothing has changed it yet."
            )
            return
        self.timeline.show_entries(self.entries, self.aim.skill, more=self._following is not None)
        wanted, self._wanted = self._wanted, ""
        if wanted and not self.timeline.select(wanted) and len(self.entries) < self._reach:
            self._wanted = wanted
            self._read_more()
        current = self.timeline.list.current()
        if current is not None:
            self._entry_chosen(current)

    def _read_more(self) -> None:
        if self._following is None or self.work.runs("more") or self.work.runs("page"):
            return
        aim = self.aim
        self.work.start(
            "more",
            reading.read_page,
            self._shelf,
            aim,
            self._following,
            on_done=lambda found: self._take(found) if aim == self.aim else None,
            on_problem=self._tell,
        )

    def _no_history(self, message: str) -> None:
        self.entries = ()
        self._say(())
        self.timeline.show_nothing("The history cannot be read", message)

    def _say(self, notes: Sequence[str]) -> None:
        while (item := self._notes.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        if notes:
            self._notes.addWidget(Banner("info", "\n".join(notes), closable=False))

    def _tell(self, message: str) -> None:
        self._context.notify.warning(message, replace="history")

    # Ways to a change

    def _entry_chosen(self, entry: TimelineEntry) -> None:
        self._changes.want(self.aim, entry, self.timeline.change)

    def _show_entry(self, key: str) -> None:
        """Show a change in the timeline, reading on until it is there."""
        self._wanted, self._reach = key, _ANYWHERE
        self.show_tab(_TIMELINE)
        if self.timeline.select(key):
            self._wanted = ""
        else:
            self._read_more()
        self.timeline.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_applied(self, proposal_id: str) -> None:
        found = next(
            (one for one in self.entries if one.kind == "applied" and one.proposal == proposal_id),
            None,
        )
        if found is not None:
            self._show_entry(found.key)
        else:
            self._tell(f"The change of {proposal_id} is not among those that are listed yet.")

    # The other views

    def _tab_chosen(self, number: int) -> None:
        page = self._page(number)
        if self._stack.indexOf(page) < 0:
            self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self._load(number)
        if not self.tabs.hasFocus():
            self.focus_first()

    def _load(self, number: int) -> None:
        """Read what a view shows, unless it has it."""
        if number in self._loaded or not self.aim.skill:
            return
        loads: dict[int, Callable[[], None]] = {
            _LINES: self._read_files,
            _EFFECT: lambda: self.measuring.measure(self.aim),
            _TASKS: self._read_tasks,
            _LINEAGE: self._read_lineage,
        }
        self._loaded.add(number)
        loads.get(number, self.refresh)()

    def _read_files(self) -> None:
        chosen = self.lines.files.currentText()

        def show(found: tuple[str, ...]) -> None:
            first = next(iter(found), "")
            self.lines.show_files(found, chosen if chosen in found else first)

        self._start(
            "files",
            reading.text_files,
            (self.aim,),
            done=show,
            problem=lambda text: self.lines.show_nothing("No lines to show", text),
        )

    def _read_lines(self, path: str) -> None:
        self._start(
            "lines",
            reading.read_lines,
            (self._shelf, self.aim, path),
            done=self.lines.show_lines,
            problem=lambda text: self.lines.show_nothing("Nobody knows these lines", text),
        )

    def _line_chosen(self, line: LineOrigin) -> None:
        if line.entry is not None:
            # The timeline knows of a change whether it was taken back; a line does not.
            key = line.entry.key
            known = next((one for one in self.entries if one.key == key), line.entry)
            self._changes.want(self.aim, known, self.lines.change, line)
            return
        self._changes.stop()
        loose = line.known == "not_committed"
        self.lines.change.show_nothing(
            "Not recorded yet" if loose else "Older than what is known",
            "This line is on disk and in no change yet."
            if loose
            else "Without git, who wrote this line was never recorded.",
        )

    def _read_tasks(self) -> None:
        file = Path(self._results) if self._results else None
        self._start(
            "tasks",
            reading.read_tasks,
            (self._shelf, self.aim, file),
            done=lambda found: self.tasks.show_tasks(found, file.name if file else ""),
            problem=lambda text: self.tasks.show_nothing("The results cannot be read", text),
        )

    def _add_results(self, path: str) -> None:
        self._results = path
        self._read_tasks()

    def _read_lineage(self) -> None:
        self._start(
            "lineage",
            reading.read_lineage,
            (self._shelf, self.aim),
            done=self.lineage.show_rows,
            problem=lambda text: self.lineage.show_nothing("The lineage cannot be read", text),
        )

    def _start(
        self,
        name: str,
        work: Callable[..., object],
        arguments: tuple[object, ...],
        *,
        done: Callable[..., object],
        problem: Callable[[str], object],
    ) -> None:
        """Read something about the skill; an answer about another one is dropped."""
        aim = self.aim
        self.work.start(
            name,
            work,
            *arguments,
            on_done=lambda found: done(found) if aim == self.aim else None,
            on_problem=lambda text: problem(text) if aim == self.aim else None,
        )

    def _show_step(self, use: Use) -> None:
        self._context.request_trace(use.owner or use.trace, use.trajectory, use.step)

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leads back, 1 to 5 lead to the views.

        No other key may reach the desk, which is not in sight.
        """
        number = event.key() - Qt.Key.Key_1
        if event.key() == Qt.Key.Key_Escape and not self._context.notify.messages:
            self._step_back()
        elif not event.modifiers() and 0 <= number < len(TABS):
            self.show_tab(number)
        event.accept()

    def _step_back(self) -> None:
        """Go from the detail to the list, from the list to the review."""
        page = self._stack.currentWidget()
        target = page.focusProxy() if page is not None else None
        if target is None or target.hasFocus() or not target.isVisible():
            self.left.emit()
        else:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def focus_first(self) -> None:
        """Give the focus to what the front view is about."""
        page = self._stack.currentWidget()
        target = page.focusProxy() if page is not None else None
        (target or self.tabs).setFocus(Qt.FocusReason.OtherFocusReason)

    def _repaint(self) -> None:
        for view in self._changes_shown():
            view.refresh()
        for part in self.findChildren(QAbstractScrollArea):
            part.viewport().update()
