"""Edges "uses": tools a skill declares and programs its commands start.

A tool or program becomes a node where at least two skills use it; it then stands between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workbench.domain.graph import EdgeEvidence, NodeKind
from workbench.domain.skill import Skill
from workbench.graph.texts import TextFile

KIND = "uses"
_SHELL_FENCES = {"bash", "sh", "shell", "console", "zsh", "shell-session", "terminal"}
_FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w-]*)")
_WORD = re.compile(r"[A-Za-z][\w.+-]*$")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_TOOL = re.compile(r"([A-Za-z_][\w:-]*)(?:\(([^)]*)\))?")
#: Words that start a line of shell and are no program of their own.
_SHELL_WORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "in",
        "function",
        "select",
        "time",
        "coproc",
        "cd",
        "echo",
        "printf",
        "export",
        "set",
        "unset",
        "source",
        "exit",
        "return",
        "local",
        "declare",
        "readonly",
        "eval",
        "exec",
        "trap",
        "shift",
        "test",
        "true",
        "false",
        "read",
        "wait",
        "pwd",
        "alias",
        "umask",
        "ulimit",
        "let",
        "break",
        "continue",
        "type",
        "hash",
        "pushd",
        "popd",
        "sudo",
        "env",
        "command",
        "builtin",
        "nohup",
        "xargs",
    ]
)
#: ``sudo git`` runs git: these pass the word on.
_PREFIXES = frozenset(["sudo", "env", "command", "builtin", "nohup", "time", "exec", "xargs"])


class Use(NamedTuple):
    """One tool or program in one skill, at the line that shows it first."""

    kind: NodeKind
    name: str
    evidence: EdgeEvidence


def uses_of(skill: Skill, texts: Iterable[TextFile]) -> Iterator[Use]:
    """Yield every tool and program of the skill once."""
    seen: set[tuple[str, str]] = set()
    for use in _all_uses(skill, texts):
        if (use.kind, use.name) not in seen:
            seen.add((use.kind, use.name))
            yield use


def _all_uses(skill: Skill, texts: Iterable[TextFile]) -> Iterator[Use]:
    yield from _declared(skill)
    for text in texts:
        if text.is_prose:
            lines = _fenced_shell(text.lines)
        elif text.is_shell:
            lines = enumerate(text.lines, 1)
        else:
            continue
        for number, line in lines:
            for program in programs_in(line):
                yield Use("program", program, EdgeEvidence(text.path, number, line.strip()[:200]))


def _declared(skill: Skill) -> Iterator[Use]:
    entry = skill.front_matter.get("allowed-tools") if skill.front_matter else None
    if entry is None:
        return
    value = entry.value
    declared = " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    evidence = EdgeEvidence(
        skill.library_path(skill.skill_md), entry.line, f"allowed-tools: {declared}"[:200]
    )
    for match in _TOOL.finditer(declared):
        yield Use("tool", match.group(1), evidence)
        program = (match.group(2) or "").split(":")[0].split()[:1]
        if program and _WORD.match(program[0]):
            yield Use("program", program[0], evidence)


def _fenced_shell(lines: list[str]) -> Iterator[tuple[int, str]]:
    fence = ""
    shell = False
    for number, line in enumerate(lines, 1):
        match = _FENCE.match(line)
        if match and not fence:
            fence, shell = match.group(1), match.group(2).lower() in _SHELL_FENCES
        elif match and match.group(1).startswith(fence) and not match.group(2):
            fence = ""
        elif fence and shell:
            yield number, line


def programs_in(line: str) -> Iterator[str]:
    """Yield the programs that a line of shell starts, by the first word of each command."""
    stripped = line.strip()
    if stripped.startswith("$ "):
        stripped = stripped[2:]
    if not stripped or stripped.startswith("#"):
        return
    for command in re.split(r"\|\||&&|[|;]|\$\(", stripped):
        for word in command.split():
            if _ASSIGNMENT.match(word) or word in _PREFIXES or word.startswith("-"):
                continue
            if _WORD.match(word) and word not in _SHELL_WORDS:
                yield word
            break
