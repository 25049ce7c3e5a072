"""Large outputs beside a Claude Code session: added to the results that name them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import SESSION, Session, call
from workbench.traces.open import open_traces, trace_files


def _session(folder: Path, *names: str) -> Path:
    session = Session()
    session.prompt("go")
    session.says(*[call(f"toolu_{at}", "Bash", command="ls") for at in range(len(names))])
    for at, name in enumerate(names):
        where = f"/home/u/.claude/projects/p/{SESSION}/tool-results/{name}"
        session.result(f"toolu_{at}", f"<persisted-output>\nFull output saved to: {where}\n\nPre")
    path = folder / f"{SESSION}.jsonl"
    path.write_bytes(b"\n".join(session.lines()) + b"\n")
    return path


def test_a_large_output_is_part_of_its_result(tmp_path: Path) -> None:
    path = _session(tmp_path, "one.txt", "gone.txt", "three.json")
    kept = tmp_path / SESSION / "tool-results"
    kept.mkdir(parents=True)
    (kept / "one.txt").write_text('line 1\nline 2: quoted "x"\n')
    (kept / "three.json").write_text('[{"role": "user", "content": "no trace"}]')
    (kept / "unnamed.txt").write_text("nobody names me")
    assert trace_files(tmp_path) == [path]
    (trace,) = open_traces(path)
    with trace:
        first, gone, third = trace.body(1).tool_calls
        assert (first.observation or "").endswith('Pre\nline 1\nline 2: quoted "x"\n')
        assert (gone.observation or "").endswith("Pre")
        assert (third.observation or "").endswith('"no trace"}]')
        names = [Path(source.path).name for source in trace.trajectory.sources]
        assert names == [path.name, "one.txt", "three.json"]
        span = trace.locate(1, 'quoted "x"')
        assert span is not None
        assert trace.text(span) == 'quoted "x"'
        assert trace.path == path


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="links need a system that has them")
def test_links_to_outputs_are_not_followed(tmp_path: Path) -> None:
    path = _session(tmp_path, "one.txt")
    (tmp_path / "secret").write_text("secret")
    kept = tmp_path / SESSION / "tool-results"
    kept.mkdir(parents=True)
    (kept / "one.txt").symlink_to(tmp_path / "secret")
    (trace,) = open_traces(path)
    with trace:
        assert "secret" not in (trace.body(1).tool_calls[0].observation or "")
