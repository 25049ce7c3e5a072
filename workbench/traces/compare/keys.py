"""What makes two steps of different runs the same step: kind, tool and normalised main argument.

After the rules of ``docs`` on comparing runs (traces reference, section 10, November 2026): a file
counts by its path below the working folder, a command by its head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Step, ToolCall, Trajectory

#: (kind, what): what is a text, or (tool, main argument) of each call.
StepKey = tuple[str, str | tuple[tuple[str, str], ...]]

_SHELLS: Final = frozenset(
    {
        *("bash", "shell", "exec", "exec_command", "run", "execute_bash", "run_shell_command"),
        *("local_shell_call", "local_shell", "terminal", "run_terminal_cmd", "command_execution"),
        *("run_command", "run_in_terminal", "powershell", "sh", "container.exec"),
    }
)
_READERS: Final = frozenset(
    {
        *("read", "read_file", "read_many_files", "view", "view_image", "open", "open_file"),
        *("grep", "grep_search", "search_file_content", "glob", "find", "find_file", "ls", "list"),
        *("list_dir", "list_directory", "list_files", "search_dir", "search_file", "notebookread"),
        *("codebase_search", "file_search", "read_notebook", "goto", "scroll_down", "scroll_up"),
    }
)
#: Commands that only look; with ``git`` the second word decides.
_LOOKING: Final = frozenset(
    {
        *("ls", "cat", "head", "tail", "less", "more", "grep", "rg", "find", "fd", "pwd", "wc"),
        *("which", "tree", "stat", "file", "nl", "git status", "git log", "git diff", "git show"),
        *("git branch", "type", "echo", "realpath", "du", "df", "whoami", "env", "printenv"),
    }
)
#: Programs whose first plain word belongs to the head: a subcommand or a script.
_WITH_WORD: Final = frozenset(
    {
        *("git", "gh", "npm", "npx", "pnpm", "yarn", "cargo", "go", "docker", "kubectl", "make"),
        *("pip", "pip3", "uv", "uvx", "poetry", "conda", "apt", "apt-get", "brew", "terraform"),
        *("python", "python3", "node", "bash", "sh", "ruby", "perl", "deno", "bun", "Rscript"),
        *("cat", "head", "tail", "less", "more", "nl", "cd", "rm", "mkdir", "touch", "source"),
    }
)
_BEFORE: Final = re.compile(
    r"\s*(?:cd\s+[^&;|]+(?:&&|;)|set\s+-\S+(?:\s+\S+)?\s*(?:&&|;)"
    r"|(?:sudo|time|nohup|exec|command)\s+|timeout\s+\S+\s+|[A-Za-z_]\w*=[^\s;&|]*\s+)\s*"
)
_WORD: Final = re.compile(r"""(?:[^\s'"|;&<>]|'[^']*'|"(?:[^"\\]|\\.)*")+""")
_TEMPORARY: Final = re.compile(r"(?:/private)?(?:/tmp|/var/tmp|/var/folders/\S+?/T)/[^/\s'\"]+")
_HEX: Final = re.compile(
    r"\b(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64})\b"
)
_LONGEST: Final = 120


def step_keys(trajectory: Trajectory) -> list[StepKey]:
    """Return the key of every step, in order."""
    folder = trajectory.cwd or ""
    return [step_key(step, folder) for step in trajectory.steps]


def step_key(step: Step, folder: str = "") -> StepKey:
    """Return what a step is matched by; ``folder`` is the run's working folder."""
    if step.tool_calls:
        return step.kind, tuple(
            (call.name.casefold(), main_argument(call, folder)) for call in step.tool_calls
        )
    if step.kind == "user":
        return step.kind, _plain(step.preview, folder).casefold()
    if step.kind == "agent":
        return step.kind, ()
    return step.kind, step.label


def coarse_key(key: StepKey) -> StepKey:
    """Return a key without arguments: what is left between equal steps is matched by it."""
    kind, what = key
    if isinstance(what, tuple):
        return kind, tuple((tool, "") for tool, _ in what)
    return (kind, "") if kind == "user" else key


def main_argument(call: ToolCall, folder: str = "") -> str:
    """Return the normalised main argument: a file below the folder, or the head of a command."""
    name = call.name.casefold().rsplit("__", 1)[-1]
    if name in _SHELLS:
        return command_head(call.argument, folder)
    return _plain(call.argument, folder)


def command_head(command: str, folder: str = "") -> str:
    """Return the program and, where it says what is done, its subcommand or script.

    ``cd x && FOO=1 git commit -m y`` is ``git commit``.
    """
    rest = command
    while match := _BEFORE.match(rest):
        rest = rest[match.end() :]
    words = [found.group().strip("'\"") for found in _WORD.finditer(rest[:2000])]
    if not words:
        return _plain(command, folder)
    program = words[0].rsplit("/", 1)[-1]
    if program not in _WITH_WORD:
        return _plain(program, folder)
    if len(words) > 2 and words[1] == "-m":
        return f"{program} -m {words[2]}"
    plain = next((word for word in words[1:] if not word.startswith("-")), "")
    return f"{program} {_plain(plain, folder)}".strip()


def only_reads(step: Step) -> bool:
    """Whether a step only looks at things: its calls read files, list folders or search."""
    return bool(step.tool_calls) and all(_reads(call) for call in step.tool_calls)


def anchors(trajectory: Trajectory) -> dict[int, str]:
    """Return the steps that hold two runs together: what was asked, and skills that were loaded."""
    found = {
        step.index: "user " + _plain(step.preview, trajectory.cwd or "").casefold()
        for step in trajectory.steps
        if step.kind == "user"
    }
    for event in trajectory.skill_events:
        if event.kind == "loaded":
            found.setdefault(event.step, "skill " + event.skill.rsplit(":", 1)[-1].casefold())
    return found


def task_of(trajectory: Trajectory) -> str:
    """Return what a run was asked for: its first prompt as matched, "" where there is none.

    Prompts that begin with the same 200 characters are one task: the skeleton has no more.
    """
    prompts = (s for s in trajectory.steps if s.kind == "user" and "injected" not in s.flags)
    first = next(prompts, None)
    return "" if first is None else _plain(first.preview, trajectory.cwd or "", 200).casefold()


class ToolCount(Struct, frozen=True):
    """A tool and how often a run called it."""

    name: str
    calls: int


def tools_used(steps: Iterable[Step]) -> tuple[ToolCount, ...]:
    """Return each tool with its number of calls, the most used first."""
    counts: dict[str, int] = {}
    for step in steps:
        for call in step.tool_calls:
            counts[call.name] = counts.get(call.name, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ToolCount(name, calls) for name, calls in ordered)


def _reads(call: ToolCall) -> bool:
    name = call.name.casefold().rsplit("__", 1)[-1]
    if name in _READERS:
        return True
    if name not in _SHELLS or re.search(
        r">(?!&)|\btee\b|\bxargs\b|-delete\b|-exec\b", call.argument
    ):
        return False
    return all(_looks(part) for part in re.split(r"&&|\|\||;|\|", call.argument) if part.strip())


def _looks(command: str) -> bool:
    head = command_head(command)
    words = head.split()
    if not words or words[0] == "cd":
        return True
    if words[0] in ("sed", "awk", "sort", "uniq", "cut", "tr", "jq"):
        return "-i" not in command.split()
    return words[0] in _LOOKING or " ".join(words[:2]) in _LOOKING


def _plain(text: str, folder: str, longest: int = _LONGEST) -> str:
    """Leave out what differs between runs by chance: folders of the run, random names."""
    if len(folder) > 1:
        text = text.replace(folder.rstrip("/\\") + "/", "").replace(folder, ".")
    text = _HEX.sub("#", _TEMPORARY.sub("/tmp/#", text))
    return " ".join(text.split())[:longest]
