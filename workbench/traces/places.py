"""Where agents keep their sessions on this machine (docs of each client, 2026-11)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct


class ClientPlace(Struct, frozen=True):
    """A folder in which a client keeps its sessions."""

    client: str
    folder: Path


#: Client, variable that moves its home, home below the user's, and the folder inside.
_PLACES: Final = (
    ("Claude Code", "CLAUDE_CONFIG_DIR", ".claude", "projects"),
    ("Codex", "CODEX_HOME", ".codex", "sessions"),
    ("Codex, archived", "CODEX_HOME", ".codex", "archived_sessions"),
    ("Gemini CLI", "", ".gemini", "tmp"),
    ("OpenCode", "", ".local/share/opencode", ""),
    ("Pi", "PI_CODING_AGENT_DIR", ".pi/agent", "sessions"),
    ("OpenClaw", "OPENCLAW_STATE_DIR", ".openclaw", "agents"),
    ("Copilot CLI", "COPILOT_HOME", ".copilot", "session-state"),
    ("Copilot CLI, older", "COPILOT_HOME", ".copilot", "history-session-state"),
    ("Cursor", "", ".cursor", "projects"),
    ("OpenHands", "", ".openhands", "conversations"),
    ("OpenHands, older", "", ".openhands", "sessions"),
)


def client_places(
    home: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[ClientPlace, ...]:
    """Return the places that are there; nothing in them is looked at."""
    home = home or Path.home()
    environment = os.environ if environment is None else environment
    return tuple(one for one in _places(home, environment) if one.folder.is_dir())


def _places(home: Path, environment: Mapping[str, str]) -> Iterator[ClientPlace]:
    for client, variable, below, inside in _PLACES:
        moved = environment.get(variable) if variable else None
        base = Path(moved).expanduser() if moved else home / below
        if client == "OpenCode" and environment.get("XDG_DATA_HOME"):
            base = Path(environment["XDG_DATA_HOME"]) / "opencode"
        yield ClientPlace(client, base / inside if inside else base)
