"""Settings that act by themselves: hooks, tool servers, permissions, install scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pattern_scanner.model import Command, Role, Sighting, TextFile

_NETWORK_OR_SECRET = re.compile(
    r"(?i)\b(?:curl|wget|nc|ncat|iwr|invoke-\w+|base64|eval|bash -c|sh -c|python\d? -c|node -e|"
    r"powershell)\b|https?://|"
    r"\.ssh|\.aws|\.env\b|/dev/tcp|/tmp/"
)
_HOOK_IN_FRONT = re.compile(r"(?m)^\s{0,20}(?:-\s+)?(?:command|run|script)\s*:\s*(.{3,600})$")
_HOOKS_KEY = re.compile(r"(?m)^hooks\s*:")


def settings_sightings(text: TextFile) -> Iterator[Sighting | Command]:
    """Yield what a JSON file sets up by itself."""
    try:
        loaded = json.loads(text.text)
    except (ValueError, RecursionError):
        return
    if not isinstance(loaded, dict):
        return
    yield from _hooks(text, loaded)
    servers = loaded.get("mcpServers")
    if isinstance(servers, dict):
        for name, server in list(servers.items())[:50]:
            line = _line(text.text, str(name))
            yield Sighting(
                "mcp-server-added",
                text.path,
                line,
                line,
                f"{name}: {json.dumps(server)[:240]}",
                role=text.role,
            )
            if isinstance(server, dict):
                arguments = server.get("args") if isinstance(server.get("args"), list) else []
                command = " ".join([str(server.get("command", "")), *map(str, arguments or [])])
                yield Command(text.path, line, command[:2000], text.role, "setting", command)
    permissions = loaded.get("permissions")
    if isinstance(permissions, dict):
        allowed = permissions.get("allow")
        mode = permissions.get("defaultMode")
        wide = isinstance(allowed, list) and any(
            item in ("*", "Bash", "Bash(*)", "Bash(*:*)") for item in allowed
        )
        if wide or mode == "bypassPermissions":
            line = _line(text.text, "permissions")
            yield Sighting(
                "permissions-opened",
                text.path,
                line,
                line,
                json.dumps(permissions)[:240],
                role=text.role,
            )
    yield from _install_scripts(text, loaded)


def _hooks(text: TextFile, loaded: dict[str, object]) -> Iterator[Sighting | Command]:
    hooks = loaded.get("hooks")
    if not isinstance(hooks, dict | list):
        return
    for command in list(_commands(hooks, 0))[:50]:
        line = _line(text.text, command[:30])
        rule = "hook-dangerous" if _NETWORK_OR_SECRET.search(command) else "hook-runs-command"
        yield Sighting(rule, text.path, line, line, command, role=text.role)
        yield Command(text.path, line, command[:2000], text.role, "setting", command)


def _commands(value: object, depth: int) -> Iterator[str]:
    if depth > 8:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "command" and isinstance(item, str):
                yield item
            else:
                yield from _commands(item, depth + 1)
    elif isinstance(value, list):
        for item in value[:200]:
            yield from _commands(item, depth + 1)


def _install_scripts(text: TextFile, loaded: dict[str, object]) -> Iterator[Sighting | Command]:
    scripts = loaded.get("scripts")
    if not text.path.endswith("package.json") or not isinstance(scripts, dict):
        return
    for name in ("preinstall", "install", "postinstall", "prepare"):
        command = scripts.get(name)
        if isinstance(command, str):
            line = _line(text.text, f'"{name}"')
            dangerous = bool(_NETWORK_OR_SECRET.search(command))
            if dangerous or name in ("preinstall", "postinstall"):
                yield Sighting(
                    "install-script", text.path, line, line, f"{name}: {command}",
                    severity="high" if dangerous else "low", role=text.role,
                )  # fmt: skip
            yield Command(text.path, line, command[:2000], text.role, "setting", command)


def front_matter_sightings(path: str, front: str, offset: int = 2) -> Iterator[Sighting | Command]:
    """Yield hooks that a SKILL.md sets up in its front matter."""
    start = _HOOKS_KEY.search(front)
    if start is None:
        return
    block = front[start.start() :]
    after = re.search(r"\n(?=[A-Za-z_-]+\s*:)", block[6:])
    block = block[: after.start() + 6] if after else block
    for match in _HOOK_IN_FRONT.finditer(block):
        command = match.group(1).strip().strip("\"'")
        line = front.count("\n", 0, start.start() + match.start(1)) + offset
        rule = "hook-dangerous" if _NETWORK_OR_SECRET.search(command) else "hook-runs-command"
        yield Sighting(rule, path, line, line, command)
        yield Command(path, line, command[:2000], Role.INSTRUCTION, "setting", command)


def _line(text: str, piece: str) -> int:
    found = text.find(piece)
    return text.count("\n", 0, found) + 1 if found >= 0 else 1
