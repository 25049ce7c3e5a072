"""Work a session did by hand although a skill exists for it: a heuristic, with its evidence.

The rule. A skill's *practice* is what its fenced shell blocks run (program, subcommand, flags) and
the scripts in its folder. A session that did not load the skill hand-rolled it when it ran at
least two of its commands (one, where the skill shows no more) with the same program and subcommand
and all of the flags shown, or wrote a file nearly identical to one of its scripts (nine of ten
lines). Programs that every session runs (``ls``, ``cat``, ``git status`` ...) and commands that
several skills show tell nothing and do not count.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.domain.trajectory import Step, ToolCall, Trajectory
from workbench.skills.tokens import resource_text
from workbench.traces.importer import TraceError
from workbench.traces.json_values import decode_object, string
from workbench.traces.open import OpenTrace
from workbench.traces.skill_events import simple_commands

#: As far as a script and a file may differ: the share of lines that must be the same.
ALIKE: Final = 0.9
_LEAST_LINES: Final = 8
_MOST_SCRIPT: Final = 200_000
_MOST_WRITTEN: Final = 400_000

_FENCE: Final = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*(bash|sh|shell|zsh|console|shell-session|)[ \t]*\n(.*?)^[ \t]*\1",
    re.MULTILINE | re.DOTALL,
)
_PROMPT: Final = re.compile(r"^\s*[$>] ", re.MULTILINE)
#: What every session runs.
_COMMON: Final = frozenset(
    {
        *("cd", "ls", "cat", "echo", "mkdir", "rm", "cp", "mv", "pwd", "touch", "head", "tail"),
        *("grep", "rg", "find", "sed", "awk", "sort", "wc", "diff", "chmod", "export", "source"),
        *(
            "true",
            "false",
            "test",
            "[",
            "sleep",
            "printf",
            "which",
            "command",
            "env",
            "exit",
            "set",
        ),
        *("if", "then", "else", "fi", "for", "do", "done", "while", "case", "esac", "xargs", "tee"),
        *("python", "python3", "node", "bash", "sh", "sudo", "kill", "ps", "date", "tree", "less"),
    }
)
_COMMON_WITHIN: Final = frozenset(
    {
        *(f"git {one}" for one in ("status", "diff", "log", "add", "show", "branch", "checkout")),
        *("pip install", "npm install", "npm run", "uv pip", "apt-get install", "apt install"),
        *("brew install", "yarn install", "pnpm install"),
    }
)
_WORD: Final = re.compile(r"[A-Za-z][\w.+-]*")
_BEFORE: Final = frozenset({"sudo", "env", "time", "npx", "uvx", "command"})
_SHELL: Final = re.compile(
    r"bash|shell|shell_command|run_shell_command|execute_bash|execute_command|exec_command|"
    r"terminal|local_shell|run_command|run_terminal_cmd|command_execution|cmd|run",
    re.IGNORECASE,
)
_WRITES: Final = re.compile(
    r"(?:fs_)?(?:write|create)(?:_?file)?|write_to_file|str_replace_editor", re.IGNORECASE
)
_CONTENTS: Final = ("content", "file_text", "contents", "text", "new_str")


class Signature(Struct, frozen=True):
    """A command without its operands: ``git commit`` with the flags ``--amend``."""

    head: str
    flags: frozenset[str]

    def __str__(self) -> str:
        return " ".join([self.head, *sorted(self.flags)])


class HandRolled(Struct, frozen=True):
    """A skill whose work was done without it: where first, and what shows it."""

    library: str
    skill: str
    trace: str
    trajectory: str
    step: int
    evidence: tuple[str, ...]


class Practice:
    """What the skills of some libraries would have run and written."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self.skills = tuple(skills)
        self.commands: dict[tuple[str, str], frozenset[Signature]] = {}
        self.scripts: dict[tuple[str, str], tuple[tuple[str, tuple[str, ...]], ...]] = {}
        shown: dict[Signature, set[str]] = {}
        for skill in self.skills:
            found = frozenset(_shown_commands(skill))
            self.commands[skill.root, skill.id] = found
            self.scripts[skill.root, skill.id] = tuple(_scripts(skill))
            for one in found:
                shown.setdefault(one, set()).add(skill.name or skill.id)
        shared = {one for one, names in shown.items() if len(names) > 1}
        for key, found in self.commands.items():
            self.commands[key] = found - shared
        self.heads = frozenset(one.head for found in self.commands.values() for one in found)
        self.programs = frozenset(head.split(" ")[0] for head in self.heads)


def hand_rolled(
    practice: Practice,
    part: Trajectory,
    trace: OpenTrace | None,
    could: Callable[[Skill], bool],
) -> Iterator[HandRolled]:
    """Yield the skills whose work a trajectory did by hand.

    Args:
        practice: what the skills would have done.
        part: the trajectory.
        trace: opened, for the contents of files that were written; None looks at commands alone.
        could: whether the session could have loaded the skill and did not.
    """
    ran = list(_ran(practice, part))
    wrote = list(_written(part, trace)) if any(practice.scripts.values()) else []
    path = part.sources[0].path if part.sources else ""
    for skill in practice.skills if ran or wrote else ():
        key = (skill.root, skill.id)
        same: dict[Signature, tuple[int, str]] = {}
        for wanted in practice.commands[key]:
            for step, one, text in ran:
                if one.head == wanted.head and wanted.flags <= one.flags:
                    same.setdefault(wanted, (step, text))
        enough = len(same) >= min(2, len(practice.commands[key])) > 0
        seen = [(step, f"ran: {text}") for step, text in same.values()] if enough else []
        seen += list(_alike(practice.scripts[key], wrote))
        if seen and could(skill):
            seen.sort()
            texts = tuple(dict.fromkeys(text for _, text in seen))
            yield HandRolled(skill.root, skill.id, path, part.id, seen[0][0], texts)


def signatures(command: str) -> Iterator[tuple[Signature, str]]:
    """Yield what each simple command of a command line runs, with its words; common ones not."""
    for said, _ in simple_commands(command):
        words = list(dropwhile(lambda word: word in _BEFORE or "=" in word, said))
        if not words:
            continue
        head = words[0].rpartition("/")[2]
        if head in _COMMON or not re.fullmatch(r"[A-Za-z][\w.+-]{0,60}", head):
            continue
        flags = frozenset(
            word.partition("=")[0] for word in words[1:] if re.match(r"--?[A-Za-z]", word)
        )
        second = words[1] if len(words) > 1 else ""
        if re.fullmatch(r"[a-z][a-z0-9:-]{1,30}", second):
            head = f"{head} {second}"
        if head in _COMMON_WITHIN or (" " not in head and not flags):
            continue
        yield Signature(head, flags), " ".join(words)[:200]


def _shown_commands(skill: Skill) -> Iterator[Signature]:
    for match in _FENCE.finditer(skill.body_text.replace("\r\n", "\n") + "\n"):
        block = match.group(3)
        if match.group(2) in ("console", "shell-session", ""):
            if not _PROMPT.search(block):
                continue
            lines = [line for line in block.split("\n") if _PROMPT.match(line)]
            block = "\n".join(_PROMPT.sub("", line) for line in lines)
        for one, _ in signatures(block):
            yield one


def _scripts(skill: Skill) -> Iterator[tuple[str, tuple[str, ...]]]:
    for file in skill.files:
        if file.kind != "script" or file.size > _MOST_SCRIPT:
            continue
        lines = _lines(resource_text(skill, file) or "")
        if len(lines) >= _LEAST_LINES:
            yield file.path, lines


def _ran(practice: Practice, part: Trajectory) -> Iterator[tuple[int, Signature, str]]:
    if not practice.heads:
        return
    programs = practice.programs
    for step in part.steps:
        for call in step.tool_calls:
            short = call.name.rpartition("__")[2] or call.name
            if not _SHELL.fullmatch(short) or programs.isdisjoint(_WORD.findall(call.argument)):
                continue
            for one, text in signatures(call.argument):
                if one.head in practice.heads:
                    yield step.index, one, text


def _written(
    part: Trajectory, trace: OpenTrace | None
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield the files a trajectory wrote whole: step, path, lines."""
    if trace is None:
        return
    for step in part.steps:
        if any(_WRITES.fullmatch(call.name.rpartition("__")[2]) for call in step.tool_calls):
            yield from _contents(step, trace)


def _contents(step: Step, trace: OpenTrace) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    calls: dict[str, ToolCall] = {call.id: call for call in step.tool_calls}
    try:
        body = trace.body(step.index)
    except (TraceError, ValueError):  # replaced, or closed meanwhile
        return
    for one in body.tool_calls:
        if (
            not _WRITES.fullmatch(one.name.rpartition("__")[2])
            or len(one.arguments) > _MOST_WRITTEN
        ):
            continue
        given = decode_object(one.arguments.encode("utf-8", "surrogatepass")) or {}
        text = next((said for key in _CONTENTS if (said := string(given.get(key)))), "")
        lines = _lines(text)
        if len(lines) >= _LEAST_LINES:
            yield step.index, calls[one.id].argument if one.id in calls else "", lines


def _alike(
    scripts: Iterable[tuple[str, tuple[str, ...]]],
    wrote: Iterable[tuple[int, str, tuple[str, ...]]],
) -> Iterator[tuple[int, str]]:
    for name, lines in scripts:
        for step, path, written in wrote:
            if min(len(lines), len(written)) < ALIKE * max(len(lines), len(written)):
                continue
            matcher = difflib.SequenceMatcher(None, lines, written, autojunk=False)
            if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
                yield step, f"wrote {Path(path).name or 'a file'}, nearly the same as {name}"


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
