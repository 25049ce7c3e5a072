"""One row a session with the sums over its subagents, kept beside the traces they are made of.

Lists, choices and counts are asked of these rows alone: a hundred thousand sessions are looked
through in a few hundredths of a second. Triggers note the families that change; ``sum_up`` makes
their rows anew at the end of the transaction, so that nothing that writes traces has to know.
"""

from __future__ import annotations

import sqlite3
from typing import Final

#: Figures that are added up over a session and its subagents, replayed steps taken off.
SUMS: Final = (
    "steps",
    "tool_calls",
    "errors",
    "input",
    "output",
    "cached",
    "cost_usd",
    "estimate_usd",
)
_SUM_COLUMNS: Final = ", ".join(f"sum_{name} NUMERIC" for name in SUMS)

#: ``replay`` sessions hold nothing but steps of another one. ``cost`` is what the trace reports,
#: else the estimate. ``own_steps`` are those of the session without its subagents.
#: ``session_skills`` are skills that were more than listed; ``loaded`` says which were loaded.
TABLES: Final = f"""
CREATE TABLE sessions(
  trace INTEGER PRIMARY KEY REFERENCES traces(id) ON DELETE CASCADE,
  replay INTEGER NOT NULL, file INTEGER NOT NULL, family TEXT NOT NULL, trajectory TEXT NOT NULL,
  format TEXT NOT NULL, agent TEXT, model TEXT, outcome TEXT NOT NULL, started TEXT,
  duration_s REAL, own_steps INTEGER NOT NULL, parts INTEGER NOT NULL, copied INTEGER NOT NULL,
  cost REAL, {_SUM_COLUMNS});
CREATE INDEX sessions_family ON sessions(family);
CREATE INDEX sessions_trajectory ON sessions(trajectory);
CREATE INDEX sessions_started ON sessions(replay, started);
CREATE INDEX sessions_steps ON sessions(replay, sum_steps);
CREATE INDEX sessions_errors ON sessions(replay, sum_errors);
CREATE INDEX sessions_cost ON sessions(replay, cost);
CREATE INDEX sessions_duration ON sessions(replay, duration_s);
CREATE INDEX sessions_agent ON sessions(replay, agent);
CREATE INDEX sessions_model ON sessions(replay, model);
CREATE INDEX sessions_outcome ON sessions(replay, outcome);
CREATE TABLE session_skills(
  name TEXT NOT NULL, trace INTEGER NOT NULL REFERENCES traces(id) ON DELETE CASCADE,
  loaded INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY(name, trace)) WITHOUT ROWID;
CREATE INDEX session_skills_trace ON session_skills(trace);
CREATE TABLE changed(family TEXT PRIMARY KEY) WITHOUT ROWID;
"""

_NOTE: Final = "INSERT OR IGNORE INTO changed"
_OF_TRACE: Final = _NOTE + " SELECT family FROM traces WHERE id = {row}.trace"
TRIGGERS: Final = (
    *(
        f"CREATE TRIGGER traces_{event} AFTER {event} ON traces"
        f" BEGIN {_NOTE} VALUES({row}.family); END"
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
    ),
    *(
        f"CREATE TRIGGER {table}_{event} AFTER {event} ON {table}"
        f" BEGIN {_OF_TRACE.format(row=row)}; END"
        for table in ("copies", "skills")
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
    ),
    "CREATE TRIGGER files_owner_changed AFTER UPDATE OF owner ON files"
    f" WHEN old.owner IS NOT new.owner BEGIN {_NOTE} SELECT family FROM traces"
    " WHERE file = new.id; END",
)

#: Of a session that could not be looked at for replayed steps there are "-1".
_ADDED: Final = ", ".join(
    f"sum(p.{name}) - coalesce(sum(max(c.{name}, 0)), 0) AS sum_{name}" for name in SUMS
)
_MADE: Final = f"""
INSERT INTO sessions
SELECT t.id, coalesce(own.steps = own.seen AND own.seen > 0, 0), t.file, t.family, t.trajectory,
  t.format, t.agent, t.model, t.outcome, t.started, t.duration_s,
  t.steps - max(coalesce(own.steps, 0), 0), f.parts, max(coalesce(own.steps, 0), 0),
  coalesce(f.sum_cost_usd, f.sum_estimate_usd), {", ".join(f"f.sum_{name}" for name in SUMS)}
FROM (
  SELECT p.family AS family, count(*) AS parts, {_ADDED}
  FROM changed JOIN traces AS p ON p.family = changed.family
  LEFT JOIN copies AS c ON c.trace = p.id GROUP BY p.family) AS f
JOIN traces AS t ON t.family = f.family AND t.parent IS NULL
JOIN files ON files.id = t.file AND files.owner IS NULL
LEFT JOIN copies AS own ON own.trace = t.id
"""
_SKILLS: Final = """
INSERT INTO session_skills
SELECT k.name, s.trace, max(k.kind = 'loaded'), min(k.rowid)
FROM changed JOIN sessions AS s ON s.family = changed.family
JOIN traces AS p ON p.family = s.family JOIN skills AS k ON k.trace = p.id
WHERE k.kind != 'listed' GROUP BY k.name, s.trace
"""


def sum_up(connection: sqlite3.Connection) -> None:
    """Make the rows of families anew that changed; runs in a transaction of the caller."""
    if connection.execute("SELECT 1 FROM changed LIMIT 1").fetchone() is None:
        return
    for table in ("session_skills", "sessions"):
        connection.execute(
            f"DELETE FROM {table} WHERE trace IN (SELECT s.trace FROM changed"
            " JOIN sessions AS s ON s.family = changed.family)"
        )
    connection.execute(_MADE)
    connection.execute(_SKILLS)
    connection.execute("DELETE FROM changed")
