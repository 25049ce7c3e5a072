"""Sessions that replay another one, in the index: each step counts, and is found, once.

Which ones may is told by their first steps; the rest is decided as for opened traces
(``workbench.traces.resumes``), with the files read again, which is rare: once a resume or a fork.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from workbench.domain.trajectory import Step, Trajectory
from workbench.traces.importer import Importer, TraceError
from workbench.traces.index.database import written
from workbench.traces.index.figures import Figures
from workbench.traces.index.parts import APPENDABLE
from workbench.traces.open import OpenTrace, SharedSources, open_traces
from workbench.traces.prices import PriceTable
from workbench.traces.registry import importer_of
from workbench.traces.resumes import COPIED, copies_marked
from workbench.traces.source import SourceBytes


def mark_copies(connection: sqlite3.Connection, file: int, prices: PriceTable | None) -> None:
    """Look at the sessions that begin as those of a file do, if anything is new about them."""
    begun = connection.execute(
        "SELECT DISTINCT beginning FROM traces WHERE file = ? AND beginning != ''", (file,)
    ).fetchall()
    for (beginning,) in begun:
        if _is_news(connection, beginning):
            with written(connection):
                _mark(connection, beginning, prices)


def delete_files(
    connection: sqlite3.Connection, files: Sequence[int], prices: PriceTable | None
) -> None:
    """Forget files; what others replayed of them is their own from now on. Runs in a transaction
    of the caller.
    """
    begun = {
        row["beginning"]
        for file in files
        for row in connection.execute("SELECT beginning FROM traces WHERE file = ?", (file,))
    }
    connection.executemany("DELETE FROM files WHERE id = ?", [(one,) for one in files])
    for beginning in begun - {""}:
        known = "SELECT count(*) FROM copies AS c JOIN traces AS t ON t.id = c.trace"
        (left,) = connection.execute(f"{known} WHERE beginning = ?", (beginning,)).fetchone()
        if left:
            _mark(connection, beginning, prices)


def opened_alone(importer: Importer, path: Path) -> tuple[OpenTrace, ...]:
    """Open a file without its companions, which are indexed by themselves.

    Raises:
        TraceError: it holds no step.
    """
    source = SourceBytes(path)
    shared = SharedSources([source])
    try:
        found = tuple(importer.skeleton([source]))
        if not found:
            raise TraceError(f"{path} holds no step that is whole.")
        return tuple(OpenTrace(one, importer, shared) for one in found)
    except BaseException:
        source.close()
        raise


def _is_news(connection: sqlite3.Connection, beginning: str) -> bool:
    """Whether a session is new, or was nothing but a copy when it was last looked at and grew."""
    rows = connection.execute(
        "SELECT t.steps AS now, t.complete, c.seen, c.steps FROM traces AS t"
        " LEFT JOIN copies AS c ON c.trace = t.id WHERE t.beginning = ?",
        (beginning,),
    ).fetchall()
    if len(rows) < 2 or not all(row["complete"] for row in rows):
        return False
    return any(
        row["seen"] is None or (row["steps"] == row["seen"] and row["now"] > row["seen"])
        for row in rows
    )


def _mark(connection: sqlite3.Connection, beginning: str, prices: PriceTable | None) -> None:
    rows = connection.execute(
        "SELECT t.id, t.trajectory, t.model, f.path, f.format FROM traces AS t"
        " JOIN files AS f ON f.id = t.file WHERE t.beginning = ?",
        (beginning,),
    ).fetchall()
    ids = [(row["id"],) for row in rows]
    connection.executemany("DELETE FROM copies WHERE trace = ?", ids)
    connection.executemany("UPDATE steps SET copied = 0 WHERE trace = ? AND copied", ids)
    if len(rows) < 2:
        return
    found = [(row, one) for row in rows for one in _skeleton(row)]
    # One that cannot be read just now is not tried again before another joins them.
    connection.executemany(
        "INSERT INTO copies(trace, seen, steps, tool_calls, errors) VALUES(?, 0, -1, 0, 0)",
        [(row["id"],) for row in rows if all(row is not other for other, _ in found)],
    )
    for (row, one), marked in zip(found, copies_marked([one for _, one in found]), strict=True):
        copies = [
            plain
            for plain, step in zip(one.steps, marked.steps, strict=True)
            if COPIED in step.flags and COPIED not in plain.flags
        ]
        _put(connection, row["id"], one, copies, prices)


def _put(
    connection: sqlite3.Connection,
    row: int,
    one: Trajectory,
    copies: Iterable[Step],
    prices: PriceTable | None,
) -> None:
    copies = tuple(copies)
    values = msgspec.structs.asdict(Figures().with_steps(copies, prices, one.model))
    own = sum(COPIED not in step.flags for step in one.steps)
    values |= {"trace": row, "seen": own}
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO copies({', '.join(values)}) VALUES({marks})", list(values.values())
    )
    connection.executemany(
        "UPDATE steps SET copied = 1 WHERE trace = ? AND step = ? AND known = 1",
        [(row, step.index) for step in copies],
    )


def _skeleton(row: sqlite3.Row) -> list[Trajectory]:
    """Return the trajectory of a row, read again; none where the file is gone or another."""
    path = Path(row["path"])
    with contextlib.ExitStack() as stack, contextlib.suppress(TraceError, OSError):
        importer = importer_of(row["format"])
        alone = importer.id in APPENDABLE
        traces = opened_alone(importer, path) if alone else open_traces(path)
        for trace in traces:
            stack.enter_context(trace)
        return [one.trajectory for one in traces if one.trajectory.id == row["trajectory"]][:1]
    return []
