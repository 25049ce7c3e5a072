"""Small runs for tests: one word a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.domain.trajectory import (
    ByteSpan,
    Loss,
    Metrics,
    SkillEvent,
    Step,
    ToolCall,
    TraceSource,
    Trajectory,
)

Word = str | tuple[str, str] | tuple[str, str, str]


def run(*words: Word, name: str = "run", cwd: str | None = "/repo", **fields: Any) -> Trajectory:
    """Make a run: "user: …" and "event: …" say so, other texts are answers; a tuple is a call of
    a tool with its argument and status, ("Skill", name) loads a skill as well.
    """
    steps = [_step(index, word) for index, word in enumerate(words)]
    loads = tuple(
        SkillEvent(word[1], "loaded", "model", index, ByteSpan(0, 0, 1), "explicit")
        for index, word in enumerate(words)
        if isinstance(word, tuple) and word[0] == "Skill"
    )
    return Trajectory(
        id=name,
        format="test",
        format_version=None,
        agent=None,
        model=fields.pop("model", None),
        sources=(TraceSource(f"/t/{name}", 1, 1, 1),),
        steps=tuple(steps),
        totals=fields.pop("totals", Metrics()),
        loss=Loss(),
        cwd=cwd,
        skill_events=loads,
        **fields,
    )


def _step(index: int, word: Word) -> Step:
    base = {
        "index": index,
        "uid": f"u{index}",
        "raw": (),
        "time": f"2026-01-01T00:00:{index % 60:02}Z",
    }
    if isinstance(word, tuple):
        tool, argument, *status = word
        call = ToolCall(f"c{index}", tool, argument, status[0] if status else "ok")  # type: ignore[arg-type]
        metrics = Metrics(input=10, output=1)
        return Step(**base, kind="agent", preview="", tool_calls=(call,), metrics=metrics)  # type: ignore[arg-type]
    kind, _, text = word.partition(": ")
    if kind in ("user", "event"):
        return Step(**base, kind=kind, preview=text, label=text if kind == "event" else "")  # type: ignore[arg-type]
    return Step(**base, kind="agent", preview=word)  # type: ignore[arg-type]


def pairs(rows: Sequence[Any]) -> list[tuple[int | None, ...]]:
    """Return the cells of rows."""
    return [row.cells for row in rows]
