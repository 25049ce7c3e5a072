"""An index of many sessions, as large as wanted, without the files they would be read from."""

from __future__ import annotations

import random
from pathlib import Path

from workbench.domain.trajectory import (
    ByteSpan,
    Loss,
    Metrics,
    Outcome,
    OutcomeStatus,
    SkillEvent,
    Step,
    TraceSource,
    Trajectory,
)
from workbench.traces.index.database import written
from workbench.traces.index.figures import Figures
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.index.writer import Place, put_skills, put_trace
from workbench.traces.prices import PriceTable

AGENTS = ("claude-code", "codex", "gemini-cli", "opencode", "pi")
MODELS = tuple(f"model-{number}" for number in range(14))
SKILLS = tuple(f"skill-{number}" for number in range(60))
_OUTCOMES: tuple[OutcomeStatus, ...] = ("pass", "fail", "unknown", "unknown", "partial")
_WORDS = ("deploy", "the", "server", "test", "fails", "parser", "index", "rename", "colour", "of")
_BATCH = 2000


def generate_index(
    file: Path, folder: Path, count: int, prices: PriceTable, steps: int = 4
) -> None:
    """Make an index of ``count`` sessions below a folder, each with some steps that say words.

    Every hundredth says "wombat", all of them say "server".
    """
    chance = random.Random(7)
    with TraceIndex(file, prices) as index:
        index.watch(folder)
        for start in range(0, count, _BATCH):
            with written(index.connection):
                for number in range(start, min(start + _BATCH, count)):
                    _put(index, folder, number, chance, steps)
        index.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _put(index: TraceIndex, folder: Path, number: int, chance: random.Random, steps: int) -> None:
    put = index.connection.execute
    path = str(folder / f"project-{number % 400}" / f"session-{number}.jsonl")
    (file,) = put(
        "INSERT INTO files(path, format, size, mtime_ns, inode, status)"
        " VALUES(?, 'claude-code', 1, 1, 1, 'ready') RETURNING id",
        (path,),
    ).fetchone()
    one = _session(path, number, chance)
    errors = chance.choice((0, 0, 0, 1, 5))
    figures = Figures(
        steps=chance.randint(2, 1500),
        tool_calls=chance.randint(0, 400),
        errors=errors,
        input=chance.randint(1000, 900_000),
        output=chance.randint(100, 40_000),
        estimate_usd=chance.random() * 12 if number % 3 else None,
    )
    row = put_trace(index.connection, Place(file, path), one, figures)
    put_skills(index.connection, row, one.skill_events)
    for step in range(steps):
        (made,) = put(
            "INSERT INTO steps(trace, step, known, uid, kind, spans)"
            " VALUES(?, ?, 1, ?, 'agent', '[[0,0,1]]') RETURNING id",
            (row, step, f"u{number}-{step}"),
        ).fetchone()
        words = [chance.choice(_WORDS) for _ in range(12)]
        words += ["server", "wombat"] if number % 100 == 0 and step == 0 else ["server"]
        put("INSERT INTO words(rowid, text) VALUES(?, ?)", (made, " ".join(words)))


def _session(path: str, number: int, chance: random.Random) -> Trajectory:
    used = chance.sample(SKILLS, chance.choice((0, 0, 1, 2)))
    day = f"2026-{1 + number % 11:02}-{1 + number // 11 % 28:02}"
    return Trajectory(
        id=f"session-{number}",
        format="claude-code",
        format_version="2.1.0",
        agent=chance.choice(AGENTS),
        model=chance.choice(MODELS),
        sources=(TraceSource(path, 1, 1, 1),),
        steps=(Step(0, "u", "user", preview=f"Task {number % 5000}: please look", raw=()),),
        totals=Metrics(),
        loss=Loss(),
        session=f"session-{number}",
        title=f"Task {number % 5000}: please look at {chance.choice(_WORDS)}",
        cwd=f"/srv/project-{number % 400}",
        started=f"{day}T{number % 24:02}:{number % 60:02}:00Z",
        ended=f"{day}T{number % 24:02}:{number % 60:02}:59Z",
        outcome=Outcome(chance.choice(_OUTCOMES)),
        skill_events=tuple(
            SkillEvent(name, "loaded", "model", 0, ByteSpan(0, 0, 1), "exact") for name in used
        ),
    )
