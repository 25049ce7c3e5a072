"""Package names that are one slip away from a popular one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pattern_scanner.model import CodeBlock, Command, Role, Sighting, TextFile

_PIP = re.compile(
    r"\b(?:pip[\d.]*|uv pip|uv|pipx|poetry|conda)\s+(?:install|add)\s+([^\n;&|]{2,400})"
)
_NPM = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:install|add|i)\s+([^\n;&|]{2,400})")
_REQUIREMENT = re.compile(r"^\s*([A-Za-z][\w.-]{1,60})\s*(?:\[[^\]\n]{0,60}\])?\s*(?:[=<>!~;@]|$)")
_IMPORT = re.compile(r"^\s*(?:import|from)\s+([A-Za-z_]\w{2,40})", re.M)
_JSON_VERSION = re.compile(r'"([@\w./-]{2,60})"\s*:\s*"[\^~<>=]{0,2}\d')
_NAME = re.compile(r"^[a-z@][\w.@/-]{1,60}$")


@cache
def popular() -> dict[str, frozenset[str]]:
    """Return popular package names by registry, from ``rules/packages.txt``."""
    lists: dict[str, set[str]] = {}
    current = ""
    file = Path(__file__).parent / "rules" / "packages.txt"
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line.startswith("["):
            current = line.strip("[]")
        elif line and not line.startswith("#"):
            lists.setdefault(current, set()).update(line.split())
    return {name: frozenset(names) for name, names in lists.items()}


def near_miss(name: str, registry: str) -> str | None:
    """Return the popular package ``name`` is one slip away from, None when it is fine.

    A slip is one letter too many, missing, swapped with its neighbour or doubled; short names are
    left out, since honest ones lie too close together.
    """
    plain = name.lower().replace("_", "-")
    known = popular()
    if len(plain) < 5 or plain in known[registry] or plain in known["fine"]:
        return None
    for candidate in known[registry]:
        near = len(candidate) >= 5 and abs(len(candidate) - len(plain)) <= 1
        if near and _one_slip(plain, candidate):
            return candidate
    return None


def _one_slip(name: str, known: str) -> bool:
    if len(name) == len(known):
        differing = [i for i in range(len(name)) if name[i] != known[i]]
        if len(differing) == 2 and differing[1] == differing[0] + 1:
            first, second = differing
            return name[first] == known[second] and name[second] == known[first]
        return len(differing) == 1 and len(name) >= 6 and not name[differing[0]].isdigit()
    longer, shorter = (name, known) if len(name) > len(known) else (known, name)
    for index in range(len(longer)):
        if longer[:index] + longer[index + 1 :] == shorter:
            # "s" at the end is how honest packages differ (plural), a digit a version.
            return not (index == len(longer) - 1 and longer[-1] in "s0123456789")
    return False


def dependency_sightings(
    texts: Iterable[TextFile], commands: Iterable[Command], blocks: Iterable[CodeBlock]
) -> Iterator[Sighting]:
    """Yield near misses in install commands, requirement files, package.json and imports."""
    for command in commands:
        if command.role == Role.WARNING:
            continue
        for pattern, registry in ((_PIP, "pypi"), (_NPM, "npm")):
            for match in pattern.finditer(command.text):
                for word in match.group(1).split()[:40]:
                    name = re.split(r"[=<>!~\[@]", word.strip("\"'"), maxsplit=1)[0]
                    if _NAME.match(name.lower()):
                        yield from _near(
                            name, registry, command.path, command.line, command.raw or command.text
                        )
    for text in texts:
        yield from _declared(text)
    for block in blocks:
        if block.language == "python" and block.role == Role.INSTRUCTION and block.bundled:
            for match in _IMPORT.finditer(block.text[:200_000]):
                line = block.line + block.text.count("\n", 0, match.start(1))
                yield from _near(match.group(1), "pypi", block.path, line, match.group().strip())


def _declared(text: TextFile) -> Iterator[Sighting]:
    base = text.path.rsplit("/", 1)[-1].lower()
    if re.fullmatch(r"(?:dev-|test-)?requirements[\w.-]{0,20}\.(?:txt|in)", base):
        for number, line in enumerate(text.text.split("\n")[:2000]):
            required = _REQUIREMENT.match(line[:200])
            if required:
                yield from _near(required.group(1), "pypi", text.path, number + 1, line)
    elif base == "package.json":
        for found in _JSON_VERSION.finditer(text.text[:200_000]):
            number = text.text.count("\n", 0, found.start()) + 1
            yield from _near(found.group(1), "npm", text.path, number, found.group())


def _near(name: str, registry: str, path: str, line: int, evidence: str) -> Iterator[Sighting]:
    meant = near_miss(name, registry)
    if meant is not None:
        yield Sighting("typosquat", path, line, line, evidence, decoded=f"{name} → {meant}?")
