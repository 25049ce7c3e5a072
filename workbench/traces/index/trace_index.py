"""The index of watched folders: brought up to date in the background, asked by the window.

One instance serves one thread; several instances, also of several programs, may share a file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from workbench.traces.importer import Importer, Progress, TraceError
from workbench.traces.index.copies import delete_files, mark_copies, opened_alone
from workbench.traces.index.database import open_database, open_for_reading, written
from workbench.traces.index.foreign import CONVERTED, Foreign, follow_readers, reader_of
from workbench.traces.index.messages import SyncReport
from workbench.traces.index.parts import APPENDABLE, Position, line_end, next_part, read_part
from workbench.traces.index.refreshed import Outcome, Refreshed
from workbench.traces.index.walk import Seen, files_below, mark, seen, stamp, still
from workbench.traces.index.writer import (
    Place,
    State,
    forget_traces,
    put_part,
    put_tail,
    put_whole,
    settle_tail,
)
from workbench.traces.open import OpenTrace, open_traces
from workbench.traces.prices import PriceTable
from workbench.traces.registry import best_importer, importer_of
from workbench.traces.source import SourceBytes, probe_file

#: A log is read in parts of this size; memory and what a kill can cost are bounded by it.
PART: Final = 32 << 20
#: Of a longer log the end is read first.
LONG: Final = 64 << 20
TAIL: Final = 2 << 20
_FIRST: Final = 1 << 20


def _never() -> bool:
    return False


class TraceIndex:
    """Open it on a file of the user's cache; close it when done.

    Raises:
        TraceError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        prices: PriceTable | None = None,
        *,
        reading: bool = False,
        foreign: Foreign | None = None,
    ) -> None:
        """Open the index; with ``prices`` it holds estimates, made anew when prices change.

        One for ``reading`` asks what another instance keeps up to date, and must be there.
        ``foreign`` reads files that no format of ours knows; without, they are left as they are.
        """
        self.path = path
        self._prices = prices
        self._foreign = foreign
        key = prices.key if prices is not None else 0
        self.connection = open_for_reading(path) if reading else open_database(path, key)

    def close(self) -> None:
        """Give the file back."""
        self.connection.close()

    def __enter__(self) -> TraceIndex:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def folders(self) -> tuple[str, ...]:
        """The watched folders."""
        rows = self.connection.execute("SELECT path FROM folders ORDER BY path")
        return tuple(row["path"] for row in rows)

    def watch(self, folder: Path) -> None:
        """Watch a folder from the next ``sync`` on."""
        with written(self.connection):
            self.connection.execute(
                "INSERT OR IGNORE INTO folders(path) VALUES(?)", (str(folder.absolute()),)
            )

    def follow(self, folders: Iterable[Path]) -> None:
        """Watch these folders and no others."""
        wanted = {str(folder.absolute()) for folder in folders}
        for folder in set(self.folders) - wanted:
            self.unwatch(Path(folder))
        for folder in wanted - set(self.folders):
            self.watch(Path(folder))

    @property
    def missing(self) -> tuple[str, ...]:
        """Watched folders that were not there when last looked for; what was in them is kept."""
        rows = self.connection.execute("SELECT path FROM folders WHERE missing ORDER BY path")
        return tuple(row["path"] for row in rows)

    def unwatch(self, folder: Path) -> None:
        """Forget a folder and all that is known of its files, unless another folder holds them."""
        path = str(folder.absolute())
        with written(self.connection):
            self.connection.execute("DELETE FROM folders WHERE path = ?", (path,))
            others = [other for other in self.folders if other != path]
            lost = [
                row["id"]
                for row in self._files_of(path)
                if not any(_within(row["path"], other) for other in others)
            ]
            delete_files(self.connection, lost, self._prices)

    def sync(
        self,
        stopped: Callable[[], bool] = _never,
        progress: Progress | None = None,
        looked: Callable[[int, int], None] | None = None,
    ) -> SyncReport:
        """Bring everything up to date, newest files first, long logs' ends before their rest.

        It can be stopped, or killed, at any time; the next call goes on where this one was.
        ``looked`` is told how many files, and of how many bytes, are new or changed.
        """
        if self._foreign is not None:
            follow_readers(self.connection, self._foreign)
        found, gone = self._look(stopped)
        # What a plugin has to read takes longest, so it comes last.
        waiting = sorted(found, key=lambda one: (self._is_foreign(one), -one.mtime_ns))
        if looked is not None:
            looked(len(waiting), self._unread(waiting))
        done: list[Refreshed] = []
        long: list[Seen] = []
        for number, one in enumerate(waiting):
            if stopped():
                break
            made = self._refresh(one, most=PART, stopped=stopped)
            done.append(made)
            if made.pending:
                long.append(one)
            if progress is not None:
                progress((number + 1) / (len(waiting) + 1))
        read = sum(one.read_bytes for one in done)
        left = len(waiting) - len(done)
        for one in long:
            pending = 1
            while pending and not stopped():
                made = self._refresh(one, most=PART)
                read, pending = read + made.read_bytes, made.pending
            left += bool(pending)
        (files,) = self.connection.execute("SELECT count(DISTINCT file) FROM traces").fetchone()
        outcomes = [one.outcome for one in done]
        return SyncReport(
            files=files,
            new=outcomes.count("new"),
            changed=outcomes.count("grown") + outcomes.count("replaced"),
            gone=gone,
            failed=outcomes.count("failed"),
            left=left,
            read_bytes=read,
        )

    def refresh(self, path: Path) -> Refreshed:
        """Bring one file up to date, reading what was added alone where its format allows.

        A long log may have ``pending`` bytes afterwards; ``sync`` goes on with them.
        """
        one = seen(str(path.absolute()))
        if one is None:
            with written(self.connection):
                made = self.connection.execute(
                    "DELETE FROM files WHERE path = ?", (str(path.absolute()),)
                )
            return Refreshed(str(path), "gone" if made.rowcount else "no_trace")
        row = self._row(one.path)
        if row is not None and self._unchanged(row, one):
            return Refreshed(one.path, "unchanged")
        return self._refresh(one, most=PART)

    def _unread(self, waiting: Iterable[Seen]) -> int:
        """Return how many bytes wait to be read, those before a log's growth not counted."""
        total = 0
        for one in waiting:
            row = self._row(one.path)
            known = row["read_bytes"] if row is not None and row["format"] in APPENDABLE else 0
            total += one.size - known if one.size >= known else one.size
        return total

    def _look(self, stopped: Callable[[], bool]) -> tuple[list[Seen], int]:
        """Return the files that are new or changed, and how many went away."""
        changed: list[Seen] = []
        gone = 0
        known = {row["path"]: row for row in self.connection.execute("SELECT * FROM files")}
        there: set[str] = set()
        missing: list[str] = []
        for folder in self.folders:
            lies = Path(folder).is_dir()
            with written(self.connection):
                # Written when it changed alone: the index may lie in a watched folder itself.
                self.connection.execute(
                    "UPDATE folders SET missing = ? WHERE path = ? AND missing = ?",
                    (not lies, folder, lies),
                )
            if not lies:
                missing.append(folder)
                continue
            for one in files_below(folder, stopped):
                if one.path in there:
                    continue
                there.add(one.path)
                row = known.get(one.path)
                if row is None or not self._unchanged(row, one):
                    changed.append(one)
        if stopped():
            return changed, 0
        lost = [
            row["id"]
            for path, row in known.items()
            if path not in there
            and any(_within(path, folder) for folder in self.folders)
            and not any(_within(path, folder) for folder in missing)
        ]
        if lost:
            with written(self.connection):
                delete_files(self.connection, lost, self._prices)
        gone = len(lost)
        self._claim(changed, known.keys())
        return [one for one in changed if self._is_own(one)], gone

    def _is_own(self, one: Seen) -> bool:
        """Whether a file is read by itself: it belongs to no document that is read as a whole."""
        row = self._row(one.path)
        if row is None or row["owner"] is None:
            return True
        return row["format"] in APPENDABLE

    def _claim(self, changed: Iterable[Seen], known: Iterable[str]) -> None:
        """Learn what new files are, and whose companions."""
        new = [one for one in changed if self._row(one.path) is None]
        if not new:
            return
        with written(self.connection):
            for one in new:
                format_id, reader, problem = self._format_of(one)
                self.connection.execute(
                    "INSERT OR IGNORE INTO files(path, format, size, mtime_ns, inode, status,"
                    " problem, reader) VALUES(?, ?, -1, 0, 0, ?, ?, ?)",
                    (one.path, format_id, "new" if format_id else "no_trace", problem, reader),
                )
        folders = {parent for one in new for parent in map(str, Path(one.path).parents)}
        for path in {*known, *(one.path for one in new)}:
            row = self._row(path)
            if row is None or row["format"] is None or str(Path(path).parent) not in folders:
                continue
            with contextlib.suppress(TraceError, OSError):
                belonging = [str(p) for p in importer_of(row["format"]).companions(Path(path))]
                with written(self.connection):
                    self.connection.executemany(
                        "UPDATE files SET owner = ? WHERE path = ?",
                        [(path, companion) for companion in belonging],
                    )

    def _refresh(self, one: Seen, *, most: int, stopped: Callable[[], bool] = _never) -> Refreshed:
        row = self._row(one.path)
        if row is None or row["format"] is None or (row["reader"] and self._foreign is not None):
            format_id, reader, problem = self._format_of(one)
            if format_id is None:
                if row is not None:
                    with written(self.connection):
                        forget_traces(self.connection, row["id"])
                self._note(one, "failed" if problem else "no_trace", problem)
                return Refreshed(one.path, "failed" if problem else "no_trace", problem=problem)
            self._note(one, "new", "", format_id, reader)
            row = self._row(one.path)
        if row is None:
            return Refreshed(one.path, "no_trace")
        importer = importer_of(row["format"])
        new = row["state"] is None and row["status"] == "new"
        try:
            made = None
            if row["reader"]:
                made = self._through_plugin(row, one, stopped, new=new)
            elif importer.id in APPENDABLE:
                made = self._in_parts(importer, row, one, most)
            made = made or self._whole(importer, row, one, new=new)
            mark_copies(self.connection, row["id"], self._prices)
            return made
        except TraceError as problem:
            with written(self.connection):
                forget_traces(self.connection, row["id"])
            self._note(one, "failed", str(problem))
            return Refreshed(one.path, "failed", problem=str(problem))

    def _in_parts(
        self, importer: Importer, row: sqlite3.Row, one: Seen, most: int
    ) -> Refreshed | None:
        """Read on from where it was left; None when the file has to be read as a whole."""
        with SourceBytes(Path(one.path)) as source:
            state, outcome, shown = self._where(row, source, one)
            fresh = not state.trace
            size = _FIRST if fresh and source.length > LONG else most
            part = next_part(importer, source, state.position, size)
            if part is None:
                return None
            complete = part.end >= line_end(source.data, part.start.offset)
            with written(self.connection):
                if fresh:
                    forget_traces(self.connection, row["id"])
                place = Place(row["id"], row["owner"] or one.path, None, self._prices)
                state = put_part(self.connection, place, part, state)
                if fresh and not complete:
                    state = self._tail(importer, source, place, state)
                if complete and state.tail is not None:
                    state = settle_tail(self.connection, state)
                self._save(row["id"], one, source, state, part.end, complete=complete)
            begun = 0 if part.start.offset <= part.start.head else part.start.offset
            return Refreshed(
                one.path,
                outcome,
                part.steps[max(0, shown - part.start.steps) :],
                part.end - begun,
                0 if complete else source.length - part.end,
            )

    def _where(
        self, row: sqlite3.Row, source: SourceBytes, one: Seen
    ) -> tuple[State, Outcome, int]:
        """Return where to go on, and how many steps were there; from the beginning when the file
        is another one.

        A log that has doubled is read once more from its beginning, as long as that is cheap: then
        what only the whole tells (the model of most steps) is right again, for at most twice the
        work.
        """
        if row["state"] is None:
            return State(), "new", 0
        state = msgspec.json.decode(row["state"], type=State)
        if row["inode"] != one.inode or not still(source.data, row["mark"]):
            return State(), "replaced", 0
        query = "SELECT count(*) FROM steps WHERE trace = ? AND known = 1"
        (shown,) = self.connection.execute(query, (state.trace,)).fetchone()
        if state.whole_size and 2 * state.whole_size <= source.length <= PART:
            return State(), "grown", shown
        return state, "grown", shown

    def _tail(self, importer: Importer, source: SourceBytes, place: Place, state: State) -> State:
        """Read the end of a long log, so that it can be found before all of it is read."""
        line = source.data.find(b"\n", source.length - TAIL) + 1
        if not line or line <= state.position.offset:
            return state
        head = state.position.head
        part = read_part(importer, source, Position(offset=line, head=head))
        return state if part is None else put_tail(self.connection, place, part, state)

    def _through_plugin(
        self, row: sqlite3.Row, one: Seen, stopped: Callable[[], bool], *, new: bool
    ) -> Refreshed:
        """Read a file of a foreign format.

        Raises:
            TraceError: no plugin reads it any more, or the one that does cannot.
        """
        if self._foreign is None:
            raise TraceError(f"{one.path} changed, and the plugin that reads it is not in use.")
        path = Path(one.path)
        with contextlib.ExitStack() as stack:
            traces = self._foreign.open_foreign(path, None, stopped)
            for trace in traces:
                stack.enter_context(trace)
            return self._put(row, one, traces, [path], None, new=new)

    def _whole(self, importer: Importer, row: sqlite3.Row, one: Seen, *, new: bool) -> Refreshed:
        path = Path(one.path)
        alone = importer.id in APPENDABLE
        files = [path] if alone else [path, *importer.companions(path)]
        family = (row["owner"] or one.path) if alone else None
        with contextlib.ExitStack() as stack:
            traces = opened_alone(importer, path) if alone else open_traces(path)
            for trace in traces:
                stack.enter_context(trace)
            return self._put(row, one, traces, files, family, new=new)

    def _put(
        self,
        row: sqlite3.Row,
        one: Seen,
        traces: Sequence[OpenTrace],
        files: list[Path],
        family: str | None,
        *,
        new: bool,
    ) -> Refreshed:
        """Put all traces of a file in, instead of those that were there."""
        with written(self.connection):
            put_whole(self.connection, row["id"], traces, family, self._prices)
            self.connection.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, stamp = ?, state = NULL,"
                " status = 'ready', problem = '', read_bytes = ? WHERE id = ?",
                (one.size, one.mtime_ns, one.inode, stamp(files), one.size, row["id"]),
            )
            self.connection.executemany(
                "UPDATE files SET owner = ? WHERE path = ?",
                [(one.path, str(file)) for file in files[1:]],
            )
        steps = tuple(step for trace in traces for step in trace.trajectory.steps)
        return Refreshed(one.path, "new" if new else "replaced", steps, one.size)

    def _unchanged(self, row: sqlite3.Row, one: Seen) -> bool:
        if (row["size"], row["mtime_ns"], row["inode"]) != (one.size, one.mtime_ns, one.inode):
            return False
        if row["status"] == "partial":
            return False
        if row["format"] is None or row["format"] in APPENDABLE or row["status"] == "failed":
            return True
        files = [Path(one.path), *importer_of(row["format"]).companions(Path(one.path))]
        return bool(row["stamp"] == stamp(files))

    def _save(
        self, file: int, one: Seen, source: SourceBytes, state: State, end: int, *, complete: bool
    ) -> None:
        self.connection.execute(
            "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, mark = ?, state = ?, status = ?,"
            " problem = '', read_bytes = ? WHERE id = ?",
            (
                one.size,
                one.mtime_ns,
                one.inode,
                mark(source.data, end),
                msgspec.json.encode(state),
                "ready" if complete else "partial",
                end,
                file,
            ),
        )

    def _note(
        self, one: Seen, status: str, problem: str, format_id: str | None = None, reader: str = ""
    ) -> None:
        values = (one.path, format_id, one.size, one.mtime_ns, one.inode, status, problem, reader)
        with written(self.connection):
            self.connection.execute(
                "INSERT INTO files(path, format, size, mtime_ns, inode, status, problem, reader)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(path) DO UPDATE SET"
                " size = excluded.size, mtime_ns = excluded.mtime_ns, inode = excluded.inode,"
                " status = excluded.status, problem = excluded.problem, format = excluded.format,"
                " reader = excluded.reader",
                values,
            )

    def _is_foreign(self, one: Seen) -> bool:
        row = self._row(one.path)
        return row is not None and bool(row["reader"])

    def _format_of(self, one: Seen) -> tuple[str | None, str, str]:
        """Return the format's id, the plugin that makes it of the file, and what is wrong."""
        path = Path(one.path)
        if path.suffix == ".zst" and path.with_suffix("").is_file():
            return None, "", ""
        try:
            importer = best_importer(probe_file(path))
        except TraceError as problem:
            return None, "", str(problem)
        if importer is not None:
            return importer.id, "", ""
        reader = reader_of(self._foreign, path)
        return (CONVERTED, reader, "") if reader else (None, "", "")

    def _row(self, path: str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.connection.execute(
            "SELECT * FROM files WHERE path = ?", (path,)
        ).fetchone()
        return found

    def _files_of(self, folder: str) -> list[sqlite3.Row]:
        rows = self.connection.execute("SELECT id, path FROM files").fetchall()
        return [row for row in rows if _within(row["path"], folder)]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/\\") + "/")
