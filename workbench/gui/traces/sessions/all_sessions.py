"""All sessions in watched folders: choices, a table, and a search through all that was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.sessions.choices import Choice, Choices, days_until, words_of
from workbench.gui.traces.sessions.facet_list import FacetList
from workbench.gui.traces.sessions.folders_view import FoldersView
from workbench.gui.traces.sessions.hit_list import HitList
from workbench.gui.traces.sessions.session_reader import (
    FIRST_IDS,
    MOST_HITS,
    Found,
    SessionReader,
    place_of,
)
from workbench.gui.traces.sessions.session_search import SessionSearch
from workbench.gui.traces.sessions.session_state import SessionState
from workbench.gui.traces.sessions.session_table import SessionTable
from workbench.gui.widgets.buttons import icon_button, link_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.split_view import SplitView
from workbench.traces.index.facets import Days, FacetGroup
from workbench.traces.index.query import Order, Query, TraceRow

#: While files are being read, what is shown follows with this pause.
_FOLLOW_MS = 800
#: More sessions are not compared step by step.
_MOST_COMPARED = 20


class AllSessions(QWidget):
    """The page. ``compare_asked`` carries (path, trajectory id) of the selected sessions."""

    compare_asked = Signal(list)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.sessions = context.sessions
        self.choices = Choices()
        self._reader = SessionReader(self.sessions.path)
        self._all = 0
        self._shown = 0
        self._turn = 0
        self._busy = False
        self._dirty = True
        self._anew = True
        self._groups: tuple[FacetGroup, ...] = ()
        self._hits = 0
        self._make()
        self._lay_out()
        self._connect()
        self._show_folders_if_none()

    def read(self) -> None:
        """Take over what is known now, and see that it is brought up to date."""
        if self.sessions.left is None and self.sessions.folders and not self.sessions.running:
            self.sessions.refresh()
        self._load()

    def show_folders(self) -> None:
        """Show which folders are watched."""
        self.folders.read()
        self.pages.setCurrentWidget(self.folders)
        self.folders.setFocus()

    def watch_folder(self) -> None:
        """Ask for a folder to watch."""
        self.folders.ask_folder()

    def show_sessions(self) -> None:
        """Show the list, or what to watch while nothing is."""
        if self.sessions.folders:
            self.pages.setCurrentIndex(0)
            self._focus_front()
        else:
            self.show_folders()

    def ask_words(self) -> None:
        """Put the cursor where words to search for are typed."""
        self.show_sessions()
        if self.sessions.folders:
            self.search.setFocus()
            self.search.selectAll()

    def choose(self, choices: Choices) -> None:
        """Show the sessions of these choices."""
        self.choices = choices
        self.clear.setVisible(bool(choices.chosen or choices.named))
        self._load(anew=True)
        if self.search.text().strip():
            self._search(self.search.text())

    def compare(self) -> None:
        """Hand the selected sessions over to be compared."""
        if not 1 < self.table.selected_count <= _MOST_COMPARED:
            return
        chosen = [(one.path, one.trajectory) for one in self.table.selected()]
        if len(chosen) > 1:
            self.compare_asked.emit(chosen)

    # Made once

    def _make(self) -> None:
        self.search = SearchField("Search in all that was said…", pause_ms=200)
        self.named = SearchField("Filter by title, agent, path…")
        self.compare_button = push_button("Compare", self.compare)
        self.compare_button.setToolTip(
            f"Compare the selected sessions step by step: two to {_MOST_COMPARED} (C)"
        )
        self.folders_button = push_button("Folders…", self.show_folders)
        self.folders_button.setToolTip("Which folders are watched")
        self.update_button = icon_button(
            "refresh", "Look for new sessions now", self.sessions.refresh
        )
        self.clear = link_button("Clear filters", self._clear)
        self.clear.hide()
        self.facets = FacetList()
        self.table = SessionTable()
        self.hits = HitList()
        self._none = EmptyState("Nothing here yet", "", icon="search")
        self.state = SessionState(self.sessions, self.show_folders)
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.folders = FoldersView(self.sessions)
        self._found = SessionSearch(self._context, self._reader, self)
        self._follow = QTimer(self)
        self._follow.setSingleShot(True)
        self._follow.setInterval(_FOLLOW_MS)

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.search, 3)
        tools.addWidget(self.named, 2)
        for widget in (self.compare_button, self.folders_button, self.update_button):
            tools.addWidget(widget)
        self.front = QStackedWidget()
        for page in (self.table, self.hits, self._none):
            self.front.addWidget(page)
        side = QWidget()
        beside = column(side, spacing=0)
        beside.addWidget(self.facets, 1)
        below = row(spacing=0)
        below.setContentsMargins(5, 0, 0, 0)
        below.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        beside.addLayout(below)
        body = SplitView((side, self.front), sizes=(216, 1000), stretch=(0, 1))
        foot = row(spacing=12)
        foot.setContentsMargins(12, 6, 12, 6)
        foot.addWidget(self.count)
        foot.addStretch(1)
        foot.addWidget(self.state.line)
        listed = QWidget()
        inside = column(listed, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self.state)
        inside.addWidget(body, 1)
        inside.addLayout(foot)
        self.pages = QStackedWidget()
        self.pages.addWidget(listed)
        self.pages.addWidget(self.folders)
        column(self, spacing=0).addWidget(self.pages)
        self.pages.currentChanged.connect(lambda _page: self._take_focus_there())
        self._take_focus_there()
        self._enable_compare()

    def _take_focus_there(self) -> None:
        on_folders = self.pages.currentWidget() is self.folders
        self.setFocusProxy(self.folders if on_folders else self.named)

    def _attach(self) -> None:
        self._reader.attached = self._context.annotations.attached
        self.table.sessions.attach(self._context.annotations.attached)
        self._changed()

    def _connect(self) -> None:
        self.search.searched.connect(self._search)
        self.search.left_downwards.connect(self._focus_front)
        self.search.returnPressed.connect(self._focus_front)
        self.named.searched.connect(lambda text: self.choose(replace(self.choices, named=text)))
        self.named.left_downwards.connect(self.table.setFocus)
        self.named.returnPressed.connect(self.table.setFocus)
        self.facets.toggled.connect(self._toggled)
        self.table.opened.connect(self._open_session)
        self.table.selection_changed.connect(self._enable_compare)
        self.table.sessions.wanted.connect(self._ask_rows)
        self._context.annotations.changed.connect(self._attach)
        self._attach()
        self.table.sessions.sort_asked.connect(self._sort)
        self.hits.opened.connect(self._open_hit)
        self.folders.left.connect(self.show_sessions)
        self.sessions.changed.connect(self._changed)
        self.sessions.state_changed.connect(self._state_changed)
        self._found.found.connect(self._add_hits)
        self._found.ended.connect(self._hits_ended)
        self._follow.timeout.connect(self._load)
        self.destroyed.connect(self._reader.close)

    # The list

    def _days(self) -> tuple[Days, ...]:
        return days_until(datetime.now(UTC).date())

    def _load(self, *, anew: bool = False) -> None:
        """Ask for the list, then for the choices; the first of an ``anew`` list come at once."""
        self._anew = anew = self._anew or anew or not self.table.sessions.rowCount()
        if self._busy:
            self._dirty = True
            return
        self._busy, self._dirty, self._anew = True, False, False
        self._turn += 1
        days = self._days()
        wanted = self.choices.query(days)
        self.facets.show_groups(self._groups, self.choices)
        if anew:
            self._ask(self._reader.first, partial(self._list_first, wanted, days), wanted)
        else:
            self._ask(self._reader.ids, partial(self._list_all, wanted, days), wanted)

    def _ask(self, question: Callable[..., object], done: Callable[..., None], *of: object) -> None:
        def failed(problem: BaseException) -> None:
            self._busy = False
            self._context.bridge.report(problem)

        self._context.spawn_thread(question, *of, on_done=done, on_error=failed, owner=self)

    def _list_first(
        self, wanted: Query, days: tuple[Days, ...], found: tuple[list[int], Sequence[TraceRow]]
    ) -> None:
        ids, rows = found
        if self._gone_on():
            return
        self.table.show_ids(ids)
        self.table.sessions.know(rows)
        if ids and not self.search.text().strip():
            self._show_front(self.table)
        self._ask(self._reader.ids, partial(self._list_all, wanted, days), wanted)

    def _list_all(
        self, wanted: Query, days: tuple[Days, ...], found: tuple[list[int], int]
    ) -> None:
        if self._gone_on():
            return
        ids, self._all = found
        self._shown = len(ids)
        if self.table.sessions.rowCount() == FIRST_IDS:
            self.table.extend_ids(ids)
        else:
            self.table.show_ids(ids)
        self._tell()
        self._ask(self._reader.groups, self._list_choices, wanted, days)

    def _list_choices(self, groups: tuple[FacetGroup, ...]) -> None:
        if self._gone_on():
            return
        self._groups = groups
        self.facets.show_groups(groups, self.choices)
        self._busy = False
        if self._dirty:
            self._load()

    def _gone_on(self) -> bool:
        """Whether something else was chosen meanwhile; then that is asked now."""
        if not (self._dirty and self._anew):
            return False
        self._busy = False
        self._load()
        return True

    def _ask_rows(self, ids: list[int]) -> None:
        put = self.table.sessions.put

        def failed(problem: BaseException) -> None:
            put(())
            self._context.bridge.report(problem)

        self._context.spawn_thread(self._reader.rows, ids, on_done=put, on_error=failed, owner=self)

    def _toggled(self, choice: Choice) -> None:
        self.choose(self.choices.toggled(*choice))

    def _sort(self, order: Order, descending: bool) -> None:
        self.choose(replace(self.choices, order=order, descending=descending))

    def _clear(self) -> None:
        self.named.clear()
        self.choose(replace(self.choices, chosen=(), named=""))
        self.facets.setFocus()

    def _changed(self) -> None:
        if not self.isVisible():
            self._dirty = True
        elif not self._follow.isActive():
            self._follow.start()

    def _state_changed(self) -> None:
        self.folders.read()
        self._show_folders_if_none()
        self._tell()

    def _show_folders_if_none(self) -> None:
        if not self.sessions.folders:
            self.pages.setCurrentWidget(self.folders)
        elif self.pages.currentWidget() is self.folders and not self._all:
            self.pages.setCurrentIndex(0)

    def _focus_front(self) -> None:
        front = self.front.currentWidget()
        if front is not None:
            front.setFocus()

    def _enable_compare(self) -> None:
        front = self.front.currentWidget() is self.table
        self.compare_button.setEnabled(front and 1 < self.table.selected_count <= _MOST_COMPARED)

    # The search

    def _search(self, text: str) -> None:
        self._hits = 0
        self.hits.hits.clear()
        if not text.strip():
            self._found.stop()
        else:
            # What no choice can be made of is looked through when nothing is chosen alone.
            free = not self.choices.chosen and not self.choices.named
            unread = self.sessions.folders if free and not self.sessions.complete else ()
            self._found.start(text.strip(), self.choices.query(self._days()), unread)
        self._tell()

    def _add_hits(self, found: list[Found]) -> None:
        self._hits += len(found)
        self.hits.hits.add(found)
        if found and not self.hits.currentIndex().isValid():
            self.hits.setCurrentIndex(self.hits.hits.index(0))
        self._tell()

    def _hits_ended(self) -> None:
        self._tell()

    # What is said

    def _tell(self) -> None:
        searching = bool(self.search.text().strip())
        if searching:
            self._tell_hits()
        else:
            of = (
                f"{self._shown:,} of {self._all:,}"
                if self._shown != self._all
                else f"{self._all:,}"
            )
            words = f"{of} {'session' if of == '1' else 'sessions'}"
            if self.sessions.prices:
                words += f"  ·  ≈ estimated by prices of {self.sessions.prices}"
            self.count.setText(words)
            self._show_front(self.table if self._shown else self._none)
            if not self._shown:
                self._none.set_texts(*self._why_none())
        self._enable_compare()

    def _tell_hits(self) -> None:
        more = "more than " if self._hits >= MOST_HITS else ""
        words = f"{more}{self._hits:,} {'hit' if self._hits == 1 else 'hits'}"
        if self._found.running:
            words += ", searching…"
        if not self.sessions.complete:
            words += "  ·  the index is not complete: files it does not know were looked through"
        self.count.setText(words)
        if self._hits:
            self._show_front(self.hits)
        else:
            self._show_front(self._none)
            self._none.set_texts(
                *(
                    ("Searching…", "Files that are not indexed yet are looked through as well.")
                    if self._found.running
                    else ("Nothing found", "No step says these words one after the other.")
                )
            )

    def _why_none(self) -> tuple[str, str]:
        if self._all:
            chosen = ", ".join(words_of(*one) for one in self.choices.chosen)
            return (
                "Nothing matches",
                f"No session passes this filter{': ' if chosen else ''}{chosen}.",
            )
        if self.sessions.running:
            return "Reading the sessions…", "They are listed as they are read, the newest first."
        return "No sessions yet", "The watched folders hold no session of a known format."

    def _show_front(self, widget: QWidget) -> None:
        if self.front.currentWidget() is not widget:
            self.front.setCurrentWidget(widget)

    # Going there

    def _open_session(self, one: TraceRow) -> None:
        self._go(one.path, one.trajectory, 0, "")

    def _open_hit(self, found: Found) -> None:
        def there(place: tuple[str, str, int]) -> None:
            self._go(*place, found.quote)

        self._context.spawn_thread(place_of, found, on_done=there, owner=self)

    def _go(self, path: str, trajectory: str, step: int, quote: str) -> None:
        if not Path(path).exists():
            self._context.notify.warning(
                f"{path} is not there any more. The list is brought up to date.", replace="trace"
            )
            self.sessions.refresh()
            return
        self._context.request_trace(path, trajectory, step, quote)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._dirty and not self._busy:
            self._load()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_C and not event.modifiers():
            self.compare()
            return
        super().keyPressEvent(event)
