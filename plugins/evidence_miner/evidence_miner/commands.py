"""Shell commands: taken out of their wrappers, compared, and cut to what can be quoted."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass

from rapidfuzz import fuzz, utils

#: Names of the argument that holds a command, in the order looked for.
_KEYS = ("command", "cmd", "script", "code", "input", "bash_command")
#: Tools whose calls are commands although the argument's name does not say so.
_TOOLS = re.compile(r"bash|shell|exec|terminal|command|run|python|execute", re.IGNORECASE)
_SHELLS = ("bash", "sh", "zsh", "/bin/bash", "/bin/sh", "/usr/bin/bash", "/bin/zsh")
_WORD = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_MAX_COMPARED = 4000
#: Words of the shell itself and of looking at things: they mend nothing.
_PLUMBING = frozenset(
    {"cd", "echo", "true", "false", "head", "tail", "cat", "ls", "grep", "wc", "sort", "uniq"}
    | {"tee", "and", "or", "dev", "null", "sleep", "set", "export", "-la", "-lh"}
)
_DIVIDER = re.compile(r"&&|\|\||;|\||\n")
#: The pieces a shell joins to one word (POSIX 2.2, quoting).
_PIECE = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|([^\s'\"\\]+)", re.DOTALL)
_PROGRAM = re.compile(r"[\w./+-]+")
_REDIRECT = re.compile(r"\d*>+\s*(?:&\d|/dev/null)")
_LEADING_CD = re.compile(r"^(?:cd\s+\S+\s*(?:&&|;)\s*)+")
#: How alike the quoted lines must be to say that one is the other, mended.
_TIGHT_RATIO = 55.0
_TIGHT_SHARE = 0.75
#: More changed lines than this, and nobody can say which of them mended it.
_MAX_CHANGED_LINES = 4
MAX_QUOTE = 180


@dataclass(frozen=True)
class Contrast:
    """What failed beside what worked: one line of each, exact parts of the two commands."""

    failed: str
    worked: str


def command_of(tool: str, argument: str, arguments: str) -> str:
    """Return the shell command of a call, "" when the call is none.

    ``arguments`` is JSON text (an object with the command, a list of words) or the command itself.
    """
    if not _TOOLS.search(tool):
        return ""
    try:
        value = json.loads(arguments) if arguments else argument
    except ValueError:
        return unwrapped(arguments)
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if key in value), "")
    if isinstance(value, list):
        words = [word for word in value if isinstance(word, str)]
        if len(words) == 3 and words[0] in _SHELLS and words[1].startswith("-"):
            return words[2].strip()
        return " ".join(words)
    return unwrapped(value) if isinstance(value, str) else ""


def strings_of(argument: str, arguments: str) -> list[str]:
    """Return every string in the arguments of a call, as it was given."""
    try:
        value = json.loads(arguments) if arguments else argument
    except ValueError:
        return [arguments]
    found: list[str] = []
    pending = [value]
    while pending:
        one = pending.pop(0)
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one
    return found


def exact_part(text: str, raw: str) -> str:
    """Return the longest part of ``text`` that stands in ``raw``; shells add and drop quotes."""
    parts = [text, *re.split(r"['\"\\\n]", text)]
    inside = (part.strip() for part in parts if part.strip() and part.strip() in raw)
    best = max(inside, key=len, default="")
    return best if len(best) >= 4 else ""


def unwrapped(command: str) -> str:
    """Take ``bash -lc '...'`` off a command."""
    text = command.strip()
    head = text.split(None, 2)
    if len(head) < 3 or head[0] not in _SHELLS or not re.fullmatch(r"-\w*c", head[1]):
        return text
    word = _unquoted(head[2])
    return text if word is None else word.strip()


def _unquoted(word: str) -> str | None:
    """Take the shell's quotes off one word; None when it is not one word."""
    parts: list[str] = []
    at = 0
    while at < len(word):
        match = _PIECE.match(word, at)
        if match is None:
            return None
        single, double, escaped, bare = match.groups()
        if double is not None:
            parts.append(re.sub(r'\\([\\"$`\n])', r"\1", double))
        else:
            parts.append(next(text for text in (single, escaped, bare) if text is not None))
        at = match.end()
    return "".join(parts)


def words_of(command: str) -> frozenset[str]:
    """Return the telling words of a command: programs (without their folder), options, names."""
    plain = _REDIRECT.sub(" ", command)
    words = (word.rstrip("/").rpartition("/")[2] for word in _WORD.findall(plain))
    return frozenset(
        word
        for word in words
        if len(word) > 1 and word not in _PLUMBING and any(map(str.isalpha, word))
    )


def likeness(one: str, other: str) -> float:
    """Return 0..100: the share of words two commands have in common (token set ratio)."""
    return fuzz.token_set_ratio(
        _core(one)[:_MAX_COMPARED], _core(other)[:_MAX_COMPARED], processor=utils.default_process
    )


def without_redirects(command: str) -> str:
    """Return a command without what it does with its output streams."""
    return " ".join(_REDIRECT.sub(" ", command).split())


def is_tight(failed: str, worked: str) -> bool:
    """Say whether one command is visibly the other one, mended.

    The token set ratio alone is high for any two commands on one file.
    """
    words = words_of(_core(failed))
    kept = len(words & words_of(worked))
    if len(words) > 1 and kept >= _TIGHT_SHARE * len(words):
        return True
    return fuzz.ratio(_core(failed), _core(worked)) >= _TIGHT_RATIO


def _core(command: str) -> str:
    """Take a leading change of folder off: it makes all commands of a session alike."""
    return _LEADING_CD.sub("", command)


def contrast(
    failed: str,
    worked: str,
    missing: str = "",
    names: frozenset[str] = frozenset(),
    error: str = "",
) -> Contrast | None:
    """Return the parts that tell the two apart, None when too much is different.

    Of one-line commands the parts between ``&&`` and ``;`` that both have are left out. Of scripts
    only the lines that changed are shown, since the rest says nothing about the error.

    Args:
        failed: the command with the error.
        worked: the one that had none.
        missing: the program that was not found; only the part that calls it is shown then.
        names: what the error names; in scripts, a changed line with such a name is enough.
        error: the line of output with the error, to choose among such lines.
    """
    first, second = failed.strip(), worked.strip()
    if first == second:
        return None
    if not missing and ("\n" in first or "\n" in second):
        return _changed_lines(first, second) or _named_lines(first, second, names, error)
    old, new = parts_of(first), parts_of(second)
    before = [part for part in old if part.text not in {one.text for one in new}]
    after = [part for part in new if part.text not in {one.text for one in old}]
    if missing:
        before = [part for part in before if part.text.split(None, 1)[0] == missing]
        after = _nearest(before, after)
    if not before or not after:
        return None
    shown = Contrast(
        first[before[0].start : before[-1].end], second[after[0].start : after[-1].end]
    )
    return shown if max(len(shown.failed), len(shown.worked)) <= MAX_QUOTE else None


@dataclass(frozen=True)
class Part:
    """A part of a command line between ``&&``, ``||``, ``;`` and pipes, and where it stands."""

    text: str
    start: int
    end: int


def parts_of(command: str) -> list[Part]:
    """Divide a command line; what stands in quotes stays whole."""
    found: list[Part] = []
    start = 0
    for match in [*_DIVIDER.finditer(command), None]:
        end = match.start() if match else len(command)
        text = command[start:end]
        if match and (text.count('"') % 2 or text.count("'") % 2):
            continue
        if text.strip():
            lead = len(text) - len(text.lstrip())
            stripped = text.strip()
            found.append(Part(stripped, start + lead, start + lead + len(stripped)))
        start = match.end() if match else end
    return found


def _nearest(before: list[Part], after: list[Part]) -> list[Part]:
    """Return the part that does what the missing program was called for.

    It calls a program of a similar name, or another one with the same arguments.
    """
    scored = [
        (_stands_in(one.text, part.text), -part.start, part) for one in before for part in after
    ]
    best = max(scored, key=lambda entry: entry[:2], default=None)
    return [best[2]] if best is not None and best[0] > 0 else []


def _stands_in(missing: str, other: str) -> float:
    program, _, arguments = missing.partition(" ")
    instead, _, given = other.partition(" ")
    if not _PROGRAM.fullmatch(instead) or given.startswith("=") or not arguments.strip():
        return 0.0
    alike = fuzz.ratio(program, instead.rpartition("/")[2])
    same = fuzz.ratio(arguments, given)
    if (alike >= 60 and same >= 50) or same >= 85:
        return alike + same
    return 0.0


def first_line(command: str) -> str:
    """Return the first line of a command, cut to what can be quoted."""
    return command.strip().split("\n", 1)[0][:MAX_QUOTE].strip()


def _named_lines(first: str, second: str, names: frozenset[str], error: str) -> Contrast | None:
    """Return the pair of lines with the name of the error, one of each script.

    The line that says most of what the error says comes first, then the most alike.
    """
    told = words_of(error)
    old = [line.strip() for line in first.split("\n")]
    new = [line.strip() for line in second.split("\n")]
    pairs = [
        (len(told & words_of(before)), fuzz.ratio(before, after), -i, -j, before, after)
        for i, before in enumerate(old)
        for j, after in enumerate(new)
        if before not in new
        and after not in old
        and any(name in before and name in after for name in names)
        and max(len(before), len(after)) <= MAX_QUOTE
    ]
    _, score, _, _, before, after = max(pairs, default=(0, 0.0, 0, 0, "", ""))
    return Contrast(before, after) if score >= _TIGHT_RATIO else None


def _changed_lines(first: str, second: str) -> Contrast | None:
    old, new = first.split("\n"), second.split("\n")
    removed: list[str] = []
    added: list[str] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            removed += [line.strip() for line in old[a:b] if line.strip()]
            added += [line.strip() for line in new[c:d] if line.strip()]
    if not removed or not added or max(len(removed), len(added)) > _MAX_CHANGED_LINES:
        return None
    pairs = [
        (fuzz.ratio(a, b), -i, -j, a, b) for i, a in enumerate(removed) for j, b in enumerate(added)
    ]
    score, _, _, before, after = max(pairs)
    if score < 40 or before == after or max(len(before), len(after)) > MAX_QUOTE:
        return None
    return Contrast(before, after)


def as_code(text: str) -> str:
    """Return text as a Markdown code span, whatever backticks it has (CommonMark 6.1)."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
