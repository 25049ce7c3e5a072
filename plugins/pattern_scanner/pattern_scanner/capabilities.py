"""What a skill says it may do, what its text and scripts show, and where the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pattern_scanner.model import Fact, Sighting
from workbench.plugin.api import Capabilities

_ALLOWED = re.compile(r"(?m)^allowed[-_]tools\s*:\s*(.*(?:\n[ \t]+.*|\n-[ \t]+.*){0,60})")
_COMPATIBILITY = re.compile(r"(?m)^compatibility\s*:\s*(.{0,600})")
_TOOL = re.compile(r"[A-Za-z_][\w]{1,60}(?:\([^)\n]{0,120}\))?|\*")
_BY_TOOL = {
    "bash": "shell", "shell": "shell", "terminal": "shell", "execute": "shell",
    "webfetch": "network", "websearch": "network", "fetch": "network", "browser": "network",
    "write": "files:write", "edit": "files:write", "multiedit": "files:write",
    "notebookedit": "files:write", "read": "files:read", "glob": "files:read",
    "grep": "files:read", "ls": "files:read", "task": "agents", "agent": "agents",
}  # fmt: skip


def declared_capabilities(front: str) -> tuple[tuple[str, ...], bool]:
    """Return what front matter declares, and whether it lists tools at all."""
    declared: set[str] = set()
    allowed = _ALLOWED.search(front)
    for word in _TOOL.findall(allowed.group(1)) if allowed else ():
        tool = word.split("(", 1)[0].lower()
        if tool == "*":
            declared.add("everything")
        elif tool.startswith("mcp__"):
            declared.add(f"mcp:{tool.split('__')[1]}")
        elif tool in _BY_TOOL:
            declared.add(_BY_TOOL[tool])
    compatibility = _COMPATIBILITY.search(front)
    if compatibility and re.search(r"(?i)network|internet|online|web access", compatibility[1]):
        declared.add("network")
    return tuple(sorted(declared)), allowed is not None


def observed_capabilities(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return what scripts and documents do: the kind, and its host or place where it is known."""
    observed: set[str] = set()
    for fact in facts:
        target = fact.target.strip()
        if fact.kind in ("network", "send"):
            plain = re.fullmatch(r"[\w.-]{3,80}", target)
            observed.add(
                f"network:{target.lower()}" if fact.kind == "network" and plain else "network"
            )
        elif fact.kind == "secrets":
            observed.add(f"secrets:{target[:60]}" if target else "secrets")
        elif fact.kind == "write":
            observed.add("files:write")
        elif fact.kind == "read":
            observed.add("files:read")
        elif fact.kind == "evaluates":
            observed.add("shell")
        elif fact.kind in ("shell", "install", "administrator", "hook", "tool-server"):
            observed.add(fact.kind)
    return tuple(sorted(observed))


def capability_sightings(
    path: str, front: str, facts: Iterable[Fact], names: Capabilities, lists_tools: bool
) -> Iterator[Sighting]:
    """Yield what bundled scripts do beyond the tools that front matter lists."""
    line = next(
        (n + 2 for n, text in enumerate(front.split("\n")) if re.match("allowed[-_]tools", text)), 1
    )
    if "everything" in names.declared:
        yield Sighting("all-tools-allowed", path, line, line, "allowed-tools: *")
        return
    if not lists_tools or "shell" in names.declared:
        return
    for kind in ("network", "shell"):
        if kind in names.declared:
            continue
        fact = next((fact for fact in facts if fact.bundled and fact.kind == kind), None)
        if fact is not None:
            yield Sighting(
                "undeclared-capability", fact.path, fact.line, fact.line,
                f"{fact.path} uses: {kind} {fact.target}".strip(),
            )  # fmt: skip
