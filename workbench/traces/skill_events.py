"""Skill use as paths and shell commands show it; shared by all formats.

Rules (agentsview ``skill_inference.go``; OpenAI Codex ``codex-rs/core-skills`` invocation rules;
chippingway/orchestrator#888, all as of 2026-11): a path that is merely mentioned is no use. A
reader (``cat``, ``sed -n`` ...) on a SKILL.md loads the skill, a runner (``python``, ``bash`` ...)
on a file below ``<skill>/scripts`` runs a script. Searches, globs, ``git diff``, ``sed -i`` and
output redirected into a skill are no use; the last two edit it. A SKILL.md whose text is sent to a
file is not read either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Confidence, SkillEventKind

SKILL_FILE: Final = "SKILL.md"
_READERS: Final = frozenset(
    {"cat", "sed", "head", "tail", "less", "more", "bat", "batcat", "awk", "nl", "view"}
)
_RUNNERS: Final = frozenset(
    {
        *("python", "python3", "bash", "sh", "zsh", "node", "deno", "bun", "ruby", "perl", "php"),
        *("uv", "npx", "tsx", "pwsh", "Rscript", "source", "."),
    }
)
_SHELLS: Final = frozenset({"bash", "sh", "zsh"})
_PREFIXES: Final = frozenset({"sudo", "env", "time", "command", "nohup", "exec", "builtin", "nice"})
#: ``poetry run python x`` runs as ``python x`` does.
_ENVIRONMENTS: Final = frozenset({"poetry", "pdm", "pixi", "rye", "hatch", "pipenv"})
_IN_PLACE: Final = re.compile(r"-[nrEszul]*i.*|--in-place.*")
_PERL_IN_PLACE: Final = re.compile(r"-[A-Za-z0-9]*i.*")
_SEPARATORS: Final = frozenset({";", "&&", "||", "|", "&", "|&", "(", ")", ";;", "\n"})
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_HEREDOC: Final = re.compile(r"<<-?\s*(['\"]?)(\w+)\1(.*?)\n(.*?\n)?\s*\2\s*(?:\n|$)", re.DOTALL)
_PYTHON: Final = re.compile(r"python\d(\.\d+)?")
_PIECE: Final = re.compile(
    r"""(?P<space>(?:[ \t\r]|\\\n)+)
    | (?P<comment>(?<![^\s;&|()])\#[^\n]*)
    | (?P<operator>\n|&&|\|\||\|&|;;|&>>?|>>|>\||>&|<<<|<<|<&|[;&|()<>])
    | '(?P<single>[^']*)'?
    | "(?P<double>(?:[^"\\]|\\.)*)"?
    | \\(?P<escaped>.)
    | (?P<plain>[^\s'"\\;&|()<>]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_IN_DOUBLE: Final = re.compile(r"""\\(["\\$`\n])""")
#: A program needs no more than this; a longer command is a file in disguise.
_MAX_COMMAND: Final = 64 << 10

_INJECTED: Final = re.compile(
    r"<skill>\s*<name>([^<\n]{1,200})</name>\s*<path>([^<\n]{1,1000})</path>", re.DOTALL
)


class SkillUse(Struct, frozen=True):
    """What a path or a command does with a skill. ``path`` is as written in the trace."""

    kind: SkillEventKind
    skill: str
    path: str
    confidence: Confidence


def injected_skills(text: str) -> list[tuple[str, str]]:
    """Return (name, path) of each ``<skill><name>…<path>…`` block an agent put into a message."""
    return [(name.strip(), path.strip()) for name, path in _INJECTED.findall(text)]


def file_read(path: str, known: Collection[str] = ()) -> SkillUse | None:
    """Return what reading the file at ``path`` means.

    Args:
        path: as the trace has it; Windows separators are understood.
        known: folders already seen to be skills, such as those named when a body was loaded.
    """
    parts = _parts(path)
    if not parts or "*" in path:
        return None
    if parts[-1] == SKILL_FILE:
        name = _folder_name(parts[:-1])
        if any(mark in name for mark in "$`("):
            return None  # a variable of the shell: which skill it was is not recorded
        return SkillUse("loaded", name, path, "strong") if name else None
    found = _skill_above(parts, known)
    return SkillUse("resource_read", found[0], path, found[1]) if found else None


def file_edited(path: str, known: Collection[str] = ()) -> SkillUse | None:
    """Return that a skill is edited, when ``path`` is its SKILL.md or lies in its folder."""
    use = file_read(path, known)
    if use is None:
        return None
    return SkillUse("edited", use.skill, path, use.confidence)


def shell_uses(command: str, known: Collection[str] = (), cwd: str = "") -> tuple[SkillUse, ...]:
    """Return what a shell command does with skills, each path once.

    Args:
        command: the command line, scripts of several lines too.
        known: folders already seen to be skills.
        cwd: where it runs, for relative paths.
    """
    if len(command) > _MAX_COMMAND:
        return ()
    uses: dict[tuple[str, str], SkillUse] = {}
    for words, folder in simple_commands(command, cwd):
        for use in _command_uses(words, known, folder):
            uses.setdefault((use.kind, use.path), use)
    return tuple(uses.values())


def script_file(path: str, known: Collection[str] = ()) -> SkillUse | None:
    """Return that a script is run, when ``path`` lies below the ``scripts`` of a skill."""
    parts = _parts(path)
    found = _skill_above(parts, known)
    if found is None or "scripts" not in parts[:-1]:
        return None
    return SkillUse("script_run", found[0], path, found[1])


def _command_uses(words: list[str], known: Collection[str], cwd: str) -> Iterator[SkillUse]:
    words, written, hidden = _redirections(words)
    yield from _edits(written, known, cwd)
    words = _own_words(words)
    if not words:
        return
    program = PurePosixPath(words[0]).name
    arguments = [word for word in words[1:] if not word.startswith("-")]
    if program in _SHELLS and any(re.fullmatch(r"-\w*c", word) for word in words[1:3]):
        yield from shell_uses(arguments[0], known, cwd) if arguments else ()
    elif program == "tee" or _edits_in_place(program, words):
        yield from _edits(filter(_is_path, arguments), known, cwd)
    elif program in ("cp", "mv", "install"):
        yield from _edits(filter(_is_path, arguments[1:][-1:]), known, cwd)
    elif program in _READERS:
        # What goes into a file is not read: the model never sees it.
        for path in () if hidden else arguments:
            read = file_read(_joined(cwd, path), known) if _is_path(path) else None
            if read:
                yield read
    else:
        yield from _runs(words, arguments, program, known, cwd)


def _own_words(words: list[str]) -> list[str]:
    """Take off what stands before the program: assignments, ``sudo``, ``timeout 30`` ..."""
    while words:
        if words[0] in _PREFIXES or _ASSIGNMENT.match(words[0]):
            words = words[1:]
        elif words[0] == "timeout":
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[1:]
            words = words[1:]  # how long
        elif words[0] in _ENVIRONMENTS and words[1:2] == ["run"]:
            words = words[2:]
        else:
            break
    return words


def _edits(paths: Iterable[str], known: Collection[str], cwd: str) -> Iterator[SkillUse]:
    for path in paths:
        edited = file_edited(_joined(cwd, path), known)
        if edited:
            yield edited


def _edits_in_place(program: str, words: list[str]) -> bool:
    marks = {"sed": _IN_PLACE, "gsed": _IN_PLACE, "perl": _PERL_IN_PLACE}.get(program)
    if program in ("awk", "gawk"):
        return "inplace" in words
    return marks is not None and any(marks.fullmatch(word) for word in words[1:])


def _runs(
    words: list[str], arguments: list[str], program: str, known: Collection[str], cwd: str
) -> Iterator[SkillUse]:
    if program in _RUNNERS or _PYTHON.fullmatch(program):
        if program in ("uv", "deno", "bun") and arguments[:1] == ["run"]:
            arguments = arguments[1:]
        if program == "uv" and arguments[:1] and arguments[0] in _RUNNERS:
            arguments = arguments[1:]
        paths = arguments[:1]
    else:
        paths = words[:1] if "/" in words[0] else []
    for path in paths:
        run = script_file(_joined(cwd, path), known) if _is_path(path) else None
        if run:
            yield run


def _redirections(words: list[str]) -> tuple[list[str], list[str], bool]:
    """Split off redirections.

    Returns:
        The other words, the files written to, and whether the output itself goes to one of them.
    """
    kept: list[str] = []
    written: list[str] = []
    hidden = False
    rest = iter(words)
    for word in rest:
        if word in (">", ">>", ">|", "&>", "&>>"):
            written.append(next(rest, ""))
            stream = kept.pop() if kept and kept[-1].isdigit() else "1"
            hidden = hidden or stream == "1"
        elif word in ("<", "<<", "<<<", ">&", "<&"):
            next(rest, "")
        else:
            kept.append(word)
    return kept, written, hidden


def simple_commands(command: str, cwd: str = "") -> Iterator[tuple[list[str], str]]:
    """Yield (words, folder) of each simple command; ``cd`` moves the folder of those after it."""
    folder = cwd
    words: list[str] = []
    for word, quoted in (*_words(_HEREDOC.sub(r"\3\n", command)), ("\n", False)):
        if quoted or word not in _SEPARATORS:
            words.append(word)
            continue
        if len(words) > 1 and words[0] == "cd":
            folder = _joined(folder, words[1])
        elif words:
            yield words, folder
        words = []


def _words(command: str) -> Iterator[tuple[str, bool]]:
    """Yield the words and operators of a command as a shell would, and whether they were quoted.

    The standard library's ``shlex`` looks at each character in Python: seconds for a long script.
    """
    parts: list[str] = []
    quoted = False
    for found in _PIECE.finditer(command):
        kind = found.lastgroup
        if kind in ("space", "comment", "operator"):
            if parts:
                yield "".join(parts), quoted
                parts, quoted = [], False
            if kind == "operator":
                yield found.group(), False
            continue
        part = found.group(kind) if kind is not None else ""
        if kind == "double":
            part = _IN_DOUBLE.sub(r"\1", part)
        quoted = quoted or kind in ("single", "double", "escaped")
        parts.append(part)
    if parts:
        yield "".join(parts), quoted


def _is_path(word: str) -> bool:
    whole = not any(mark in word for mark in "*?{}[\n")
    return whole and ("/" in word or word == SKILL_FILE)


def _joined(folder: str, path: str) -> str:
    if not folder or path.startswith(("/", "~", "$")) or re.match(r"[A-Za-z]:[\\/]", path):
        return path
    return f"{folder.rstrip('/')}/{path.removeprefix('./')}"


def _parts(path: str) -> list[str]:
    return [part for part in path.strip().replace("\\", "/").split("/") if part not in ("", ".")]


def _folder_name(parts: list[str]) -> str:
    return parts[-1] if parts and parts[-1] != ".." else ""


def _skill_above(parts: list[str], known: Collection[str]) -> tuple[str, Confidence] | None:
    """Return the skill whose folder the file lies in: a known one, or the shape of the path."""
    joined = "/".join(parts)
    for folder in known:
        inside = "/".join(_parts(folder))
        if inside and joined.startswith(inside + "/"):
            return _folder_name(inside.split("/")), "strong"
    for at in range(len(parts) - 3, -1, -1):
        if parts[at] != "skills":
            continue
        names = [part for part in parts[at + 1 : -1] if not part.startswith(".")]
        if names and names[0] != "..":
            hidden = at > 0 and parts[at - 1].startswith(".")
            return names[0], "strong" if hidden else "weak"
    return None
