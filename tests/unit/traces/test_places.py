"""Where clients keep their sessions: offered when they are there."""

from __future__ import annotations

from pathlib import Path

from workbench.traces.places import client_places


def test_only_folders_that_are_there_are_named(tmp_path: Path) -> None:
    for folder in (".claude/projects", ".pi/agent/sessions", ".local/share/opencode"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini" / "tmp").write_text("a file")
    found = {one.client: one.folder for one in client_places(tmp_path, {})}
    assert found == {
        "Claude Code": tmp_path / ".claude/projects",
        "Pi": tmp_path / ".pi/agent/sessions",
        "OpenCode": tmp_path / ".local/share/opencode",
    }


def test_variables_move_them(tmp_path: Path) -> None:
    (tmp_path / "codex" / "sessions").mkdir(parents=True)
    (tmp_path / ".codex" / "sessions").mkdir(parents=True)
    (tmp_path / "data" / "opencode").mkdir(parents=True)
    moved = {"CODEX_HOME": str(tmp_path / "codex"), "XDG_DATA_HOME": str(tmp_path / "data")}
    assert {one.folder for one in client_places(tmp_path, moved)} == {
        tmp_path / "codex" / "sessions",
        tmp_path / "data" / "opencode",
    }
