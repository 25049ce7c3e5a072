"""How fast the list of all sessions is with 100,000 of them.

    python -m tests.benchmarks.bench_sessions [sessions [folder]]

With a folder the index is kept there for the next time. Each row is what a person does, how long
until it is shown, and the longest time the window did not answer meanwhile; beside it the floor of
the same run: SQLite alone with the plainest query of that kind, or a bare table with as many rows.
Of the longest gap the window's own work on the processor is told too, which other programs do not
make longer. The goals: no gap above 50 ms, no frame above 33 ms.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from tests.benchmarks.bench_scroll import WALKS, frames
from tests.benchmarks.generate_index import generate_index
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.traces.sessions.all_sessions import AllSessions
from workbench.gui.walk.stage import Stage
from workbench.store.paths import UserFolders
from workbench.store.trace_folders import TraceFolders
from workbench.traces.prices import PriceTable

GOAL_GAP_MS = 50.0
GOAL_FRAME_MS = 33.0
_ROUNDS = 3
_BEAT_MS = 3


class Heart:
    """Beats often; its longest pause is what a person has to wait.

    Not as often as the window can: that would keep the threads it waits for from working.
    """

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._last = self._used = 0.0
        self.gap = self.worked = 0.0

    def start(self) -> None:
        """Begin to count."""
        self.gap, self._last = 0.0, time.perf_counter()
        self.worked, self._used = 0.0, time.thread_time()
        self._timer.start()

    def stop(self) -> float:
        """Return the longest pause in ms."""
        self._beat()
        self._timer.stop()
        return self.gap * 1000

    def _beat(self) -> None:
        now, used = time.perf_counter(), time.thread_time()
        self.gap, self._last = max(self.gap, now - self._last), now
        self.worked, self._used = max(self.worked, used - self._used), used


class Bare(QAbstractTableModel):
    """As many rows and columns, the same text in each."""

    def __init__(self, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._count = count

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else 10

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        del index
        return "Session" if role == Qt.ItemDataRole.DisplayRole else None


def _bare(like: QAbstractItemView, count: int) -> QTableView:
    view = QTableView()
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(40)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setModel(Bare(count, view))
    view.resize(like.size())
    view.show()
    return view


class Bench:
    """The page in a window, and the same index asked by SQLite alone."""

    def __init__(self, stage: Stage, page: Callable[[], AllSessions], file: Path) -> None:
        self.stage = stage
        self._page = page
        self.plain = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        self.heart = Heart()
        self.missed = 0
        self._ids: list[int] = []
        self._made = False

    def floor(self, query: str) -> float:
        """Return how long SQLite alone takes, in ms."""
        begun = time.perf_counter()
        self.plain.execute(query).fetchall()
        return (time.perf_counter() - begun) * 1000

    def row(self, name: str, act: Callable[[], object], query: str) -> None:
        """Do it and print how long it took until the window was done with it."""
        floors = [self.floor(query) for _ in range(_ROUNDS)] if query else [0.0]
        self._ids = self.page.table.sessions._ids if self._made else []
        self._made = True
        self.heart.start()
        begun = time.perf_counter()
        act()
        self.stage.until(self._seen, "the first rows")
        first = (time.perf_counter() - begun) * 1000
        self.stage.until(self._done, name)
        whole = (time.perf_counter() - begun) * 1000
        gap = self.heart.stop()
        worked = self.heart.worked * 1000
        late = gap > GOAL_GAP_MS
        self.missed += late
        floor = f"{statistics.median(floors):9.1f}" if query else " " * 9
        mark = "!" if late else " "
        print(
            f"{mark} {name:34}{first:9.1f}{whole:9.1f}{gap:9.1f}{worked:7.1f} {floor}", flush=True
        )

    @property
    def page(self) -> AllSessions:
        """The page, made when first asked for."""
        return self._page()

    def _seen(self) -> bool:
        """Whether the rows of the answer can be read, not only how many there are."""
        page = self.page
        if page.search.text():
            return page.hits.hits.rowCount() > 0
        rows = page.table.sessions
        return self._done() or (rows._ids is not self._ids and rows.is_read(0))

    def _done(self) -> bool:
        page = self.page
        return not page._busy and not page._found.running


_LIST = "SELECT json_group_array(id) FROM (SELECT id FROM traces ORDER BY {} DESC)"
_GROUP = "SELECT {0}, count(*) FROM traces GROUP BY {0}"


def _acts(bench: Bench) -> None:
    page = bench.page
    tree = page.facets

    def take(group: str, number: int) -> Callable[[], None]:
        def chosen() -> None:
            model = tree.model()
            for at in range(model.rowCount()):
                head = model.index(at, 0)
                if head.data() == group:
                    tree.clicked.emit(model.index(number, 0, head))
                    return
            raise SystemExit(f"there is no group {group}")

        return chosen

    group = _GROUP.format
    bench.row("choose an agent", take("Agent", 1), group("agent"))
    bench.row("and a skill", take("Skill used", 2), "SELECT name, count(*) FROM skills GROUP BY 1")
    bench.row("and with errors", take("Errors", 0), group("errors"))
    bench.row("clear the filters", page._clear, group("model"))
    bench.row("choose an outcome", take("Outcome", 0), group("outcome"))
    bench.row("clear the filters again", page._clear, group("model"))
    for name, order in (("cost", "estimate_usd"), ("title", "title"), ("steps", "steps")):
        asked = {"cost": "cost_usd"}.get(name, name)
        bench.row(f"sort by {name}", partial(page._sort, asked, True), _LIST.format(order))
    bench.row("sort by date", lambda: page._sort("started", True), _LIST.format("started"))
    words = "SELECT rowid FROM words WHERE words MATCH '{}' LIMIT 300"
    named = "SELECT id FROM traces WHERE title LIKE '%colour%'"
    bench.row("filter by a word of the title", lambda: page.named.searched.emit("colour"), named)
    bench.row("and without", page._clear, group("model"))
    for text in ("wombat", "parser index", "server"):
        query = words.format(text.replace(" ", " + "))
        bench.row(f"search for “{text}”", partial(_search, page, text), query)
    _search(page, "")


def _search(page: AllSessions, text: str) -> None:
    page.search.blockSignals(True)
    page.search.setText(text)
    page.search.blockSignals(False)
    page._search(text)


def _scroll(bench: Bench, count: int) -> int:
    missed = 0
    table = bench.page.table
    bare = _bare(table, count)
    print(f"\n  {'frames in ms':34} {'p50':>6} {'p95':>6} {'max':>6}    floor   (max: also CPU)")
    for walk in WALKS[1:]:
        floor = frames(bench.stage.app, lambda n, walk=walk: walk.act(bare, n))  # type: ignore[misc]
        ours = frames(bench.stage.app, lambda n, walk=walk: walk.act(table, n))  # type: ignore[misc]
        late = max(ours.clock) > GOAL_FRAME_MS
        missed += late
        print(f"{'!' if late else ' '} {walk.name:34} {ours.figures()}   {floor.figures()}")
    bare.deleteLater()
    return missed


def _make(folder: Path, folders: UserFolders, count: int) -> None:
    watched = folder / "sessions"
    watched.mkdir(parents=True)
    TraceFolders(folders.trace_folders).add(watched)
    # Not there when the window looks: what is known of a folder that is gone is kept.
    watched.rmdir()
    begun = time.perf_counter()
    generate_index(folders.trace_index, watched, count, PriceTable.load(folders.prices_file))
    size = folders.trace_index.stat().st_size / 1e6
    print(f"{count:,} sessions made in {time.perf_counter() - begun:.0f} s, {size:.0f} MB")


def main() -> int:
    """Print both tables; exit with 1 where a goal is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with contextlib.ExitStack() as stack:
        name = (
            sys.argv[2] if len(sys.argv) > 2 else stack.enter_context(tempfile.TemporaryDirectory())
        )
        os.environ["SKILL_WORKBENCH_HOME"] = str(Path(name) / "home")
        folders = UserFolders.default()
        if not folders.trace_index.exists():
            _make(Path(name), folders, count)
        with Stage(size=(1920, 1080)) as stage:
            gc.disable()
            panel = stage.show_activity("traces")
            assert isinstance(panel, TracesPanel)
            sessions = stage.context.sessions
            sessions.start()
            stage.until(lambda: sessions.left is not None, "the pass over the folders")
            bench = Bench(stage, lambda: panel.sessions, folders.trace_index)
            print(f"  {'ms':34}{'first':>9}{'whole':>9}{'gap':>9}{'CPU':>7}{'SQLite':>10}")
            bench.row("first showing", lambda: panel.front_sessions().show_sessions(), "")
            page = panel.sessions
            bench.row("show it anew", page._load, _LIST.format("started"))
            _acts(bench)
            bench.missed += _scroll(bench, count)
            gc.enable()
    print(f"{bench.missed} above the goals")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
