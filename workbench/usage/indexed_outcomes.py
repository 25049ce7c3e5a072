"""Outcomes that people attached, as a question to the index of sessions needs them.

The index holds nothing a person wrote; which of its rows an outcome belongs to is looked up each
time it is asked.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from workbench.traces.index.query import Query
from workbench.traces.index.trace_index import TraceIndex
from workbench.usage.outcomes import AttachedOutcomes

#: So many values may stand in one question to SQLite, whatever its version.
_AT_ONCE: Final = 500


def judged_query(index: TraceIndex, wanted: Query, attached: AttachedOutcomes) -> Query:
    """Return a query whose outcomes are those that count: attached ones, else as recorded."""
    return replace(wanted, said=said_of(index, attached)) if attached else wanted


def said_of(index: TraceIndex, attached: AttachedOutcomes) -> tuple[tuple[int, str], ...]:
    """Return (row, outcome) of every session in the index that a person gave one."""
    found: list[tuple[int, str]] = []
    named = attached.trajectories
    for start in range(0, len(named), _AT_ONCE):
        some = named[start : start + _AT_ONCE]
        rows = index.connection.execute(
            "SELECT s.trace, s.trajectory, t.session, files.path FROM sessions AS s"
            " JOIN traces AS t ON t.id = s.trace JOIN files ON files.id = t.file"
            f" WHERE s.trajectory IN ({', '.join('?' * len(some))})",
            some,
        )
        for row in rows.fetchall():
            said = attached.of(row["trajectory"], row["session"], row["path"])
            if said is not None:
                found.append((row["trace"], said.status))
    return tuple(found)
