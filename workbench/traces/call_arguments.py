"""The one argument of a tool call that tells a person what it was about."""

from __future__ import annotations

import re
import shlex
from typing import Any, Final

from workbench.traces.json_values import compact, decode, one_line

#: First found wins; names as the agents' own tools have them.
_TELLING: Final = (
    "command",
    "cmd",
    "script",
    "file_path",
    "filepath",
    "path",
    "file",
    "filename",
    "skill",
    "pattern",
    "query",
    "queries",
    "url",
    "patch",
    "input",
    "code",
    "chars",
    "name",
    "description",
    "task",
    "prompt",
    "message",
    "text",
)
_SHELL: Final = re.compile(r"^(?:\S*/)?(?:ba|z|da|k)?sh(?:\.exe)?$")
_RUNS_TEXT: Final = re.compile(r"^-[a-z]*c$")
_DOUBLE_QUOTED: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_DOUBLE_ESCAPE: Final = re.compile(r'\\(["\\$`])')
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+?)\s*$", re.MULTILINE)


def inner_command(command: Any) -> str:
    """Return what a shell was asked to run: ``bash -lc 'ls'`` is ``ls``.

    ``command`` is a text or a list of words; anything else gives an empty text.
    """
    if isinstance(command, list):
        words = [word for word in command if isinstance(word, str)]
        if len(words) == 3 and _SHELL.match(words[0]) and _RUNS_TEXT.match(words[1]):
            return words[2]
        return shlex.join(words)
    if not isinstance(command, str):
        return ""
    head = command.split(None, 2)
    if len(head) == 3 and _SHELL.match(head[0]) and _RUNS_TEXT.match(head[1]):
        return _one_word(head[2].strip())
    return command


def _one_word(quoted: str) -> str:
    """Return a shell word without its quotes; what is more than one word stays as it is."""
    if quoted[:1] == "'" == quoted[-1:] and "'" not in quoted[1:-1]:
        return quoted[1:-1]
    if _DOUBLE_QUOTED.fullmatch(quoted):
        return _DOUBLE_ESCAPE.sub(r"\1", quoted[1:-1])
    try:
        words = shlex.split(quoted)  # slow: one character at a time
    except ValueError:
        return quoted
    return words[0] if len(words) == 1 else quoted


def main_argument(arguments: Any) -> str:
    """Return the telling argument on one line, cut to 200 characters.

    A text that holds a JSON object is looked into.
    """
    if isinstance(arguments, str):
        value = decode(arguments.encode("utf-8", "surrogatepass"))
        if not isinstance(value, dict):
            return one_line(arguments)
        arguments = value
    if not isinstance(arguments, dict):
        return one_line(compact(arguments))
    for name in _TELLING:
        value = arguments.get(name)
        if value in (None, "", [], {}):
            continue
        if name in ("command", "cmd"):
            return one_line(inner_command(value) or compact(value))
        return one_line(compact(value))
    return one_line(compact(arguments)) if arguments else ""


def patched_files(patch: str) -> tuple[str, ...]:
    """Return the files an ``apply_patch`` text names, in order, each once."""
    return tuple(dict.fromkeys(_PATCHED.findall(patch)))
