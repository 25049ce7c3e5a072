"""Files a run touched: what its calls name, and nothing that is only guessed."""

from __future__ import annotations

import json
from pathlib import Path

from workbench.traces.open import open_traces
from workbench.traces.touched import TouchedFile, touched_files

PATCH = """*** Begin Patch
*** Add File: new.py
+x = 1
*** Update File: src/old.py
@@
-a
+b
*** Delete File: gone.py
*** End Patch"""


def session(path: Path, *calls: tuple[str, dict[str, object], str, bool]) -> Path:
    """Write a Claude Code session of calls: tool, input, result, whether it failed."""
    lines: list[dict[str, object]] = []
    base = {"sessionId": "s", "version": "2.1.0", "cwd": "/app", "isSidechain": False}
    parent: str | None = None
    for number, (name, given, told, failed) in enumerate(calls):
        use = {"type": "tool_use", "id": f"t{number}", "name": name, "input": given}
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{number}",
            "content": told,
            "is_error": failed,
        }
        time = {"timestamp": f"2026-01-01T00:00:{number:02}Z"}
        asked = {"id": f"m{number}", "role": "assistant", "model": "m", "content": [use]}
        lines.append(
            base
            | time
            | {"type": "assistant", "uuid": f"a{number}", "parentUuid": parent, "message": asked}
        )
        answer = {"role": "user", "content": [result]}
        lines.append(
            base
            | time
            | {"type": "user", "uuid": f"r{number}", "parentUuid": f"a{number}", "message": answer}
        )
        parent = f"r{number}"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def touched(path: Path) -> dict[str, TouchedFile]:
    (trace,) = open_traces(path)
    with trace:
        return {one.path: one for one in touched_files(trace)}


def test_reads_writes_and_creations_are_counted_by_file(tmp_path: Path) -> None:
    path = session(
        tmp_path / "a.jsonl",
        ("Read", {"file_path": "/app/a.py"}, "text", False),
        ("Edit", {"file_path": "a.py", "old_string": "x", "new_string": "y"}, "edited", False),
        ("Read", {"file_path": "/app/./a.py"}, "text", False),
        (
            "Write",
            {"file_path": "/app/b.py", "content": "x"},
            "File created successfully",
            False,
        ),
        ("Write", {"file_path": "/app/b.py", "content": "y"}, "The file was updated.", False),
    )
    found = touched(path)
    assert found["/app/a.py"] == TouchedFile("/app/a.py", 2, 1, 0, 0, (0, 1, 2))
    assert found["/app/b.py"] == TouchedFile("/app/b.py", 0, 1, 1, 0, (3, 4))


def test_a_patch_tells_what_it_adds_changes_and_takes_away(tmp_path: Path) -> None:
    found = touched(session(tmp_path / "a.jsonl", ("apply_patch", {"input": PATCH}, "ok", False)))
    assert {path: (one.created, one.written, one.deleted) for path, one in found.items()} == {
        "/app/new.py": (1, 0, 0),
        "/app/src/old.py": (0, 1, 0),
        "/app/gone.py": (0, 0, 1),
    }


def test_a_tool_with_commands_does_what_its_command_says(tmp_path: Path) -> None:
    path = session(
        tmp_path / "a.jsonl",
        ("str_replace_editor", {"command": "view", "path": "/app/a"}, "text", False),
        ("str_replace_editor", {"command": "create", "path": "/app/b"}, "made", False),
        ("mcp__edit__str_replace_editor", {"command": "insert", "path": "/app/a"}, "ok", False),
    )
    found = touched(path)
    assert (found["/app/a"].read, found["/app/a"].written) == (1, 1)
    assert found["/app/b"].created == 1


def test_what_failed_and_what_a_shell_did_is_not_counted(tmp_path: Path) -> None:
    path = session(
        tmp_path / "a.jsonl",
        ("Read", {"file_path": "/app/none.py"}, "File does not exist.", True),
        ("Bash", {"command": "cat /app/secret > /app/other"}, "", False),
        ("Grep", {"pattern": "x", "path": "/app"}, "a.py", False),
    )
    assert touched(path) == {}


def test_it_can_be_stopped(tmp_path: Path) -> None:
    path = session(tmp_path / "a.jsonl", ("Read", {"file_path": "/app/a.py"}, "text", False))
    (trace,) = open_traces(path)
    with trace:
        assert touched_files(trace, lambda: True) == ()
