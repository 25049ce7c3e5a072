"""Claude Code's body template: placeholders filled in, injected commands shown and never run.

Rules: Claude Code documentation, Skills, "Available string substitutions" and "Inject dynamic
context", 2026-08-22; arguments as measured with 2.1.278 by rulestack, 2026-09-22. Substitution
happens in code fences too (claude-code issues 94709, 84212, 52226). A value that was put in is not
looked at again.
"""

from __future__ import annotations

import re
import shlex
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from workbench.skills.markdown_scan import FENCE, closes_fence

ReplacementKind = Literal["all", "index", "named", "variable", "escape", "kept"]

_PLACEHOLDER: Final = (
    r"(?P<slashes>(?<!\\)\\{0,9})\$(?:"
    r"ARGUMENTS\[(?P<long>\d{1,6})\]|(?P<all>ARGUMENTS)(?!\w)|(?P<short>\d{1,6})(?!\w)"
    r"|\{(?P<variable>CLAUDE_[A-Z_]{1,40})\}|(?P<named>NAMES)(?!\w))"
)
_INLINE_COMMAND: Final = re.compile(r"(?:(?<=\s)|^)!`([^`\r\n]+)`", re.MULTILINE)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")

#: Variables that Claude Code fills in; the last two in the skills of plugins.
VARIABLES: Final = (
    "CLAUDE_SESSION_ID",
    "CLAUDE_EFFORT",
    "CLAUDE_SKILL_DIR",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_PLUGIN_ROOT",
    "CLAUDE_PLUGIN_DATA",
)


class Replacement(Struct, frozen=True):
    """One placeholder. ``line`` counts from 1 in the body; ``kept`` ones stay as they are."""

    kind: ReplacementKind
    placeholder: str
    value: str
    line: int
    in_code: bool


class InjectedCommand(Struct, frozen=True):
    """A command Claude Code would run before the model reads the text; here it is only shown."""

    command: str
    line: int
    shown: str


class Filled(Struct, frozen=True):
    """The body as the model receives it. ``appended`` tells that the arguments were put last."""

    text: str
    replacements: tuple[Replacement, ...]
    commands: tuple[InjectedCommand, ...]
    appended: bool


def split_arguments(arguments: str) -> tuple[str, ...]:
    """Return the arguments as a shell splits them; at white space where quotes do not close."""
    try:
        return tuple(shlex.split(arguments))
    except ValueError:
        return tuple(arguments.split())


def fill(body: str, arguments: str, names: Sequence[str], variables: Mapping[str, str]) -> Filled:
    """Return the body with its placeholders filled in.

    Args:
        body: Markdown after the front matter.
        arguments: as typed after the skill's name.
        names: of the front matter key ``arguments``, in order.
        variables: values of ``${CLAUDE_...}``; those that are not among them stay.
    """
    places = _Places(body)
    filler = _Filler(arguments, names, variables, places)
    out: list[str] = []
    shown: list[InjectedCommand] = []
    place = 0
    for start, end, command, fenced in places.commands():
        out.append(filler.filled(body, place, start))
        ran = filler.filled(body, command[0], command[1]).strip()
        text = f"[command not run: {ran}]"
        shown.append(InjectedCommand(ran, places.line(start), text))
        out.append(f"{text}\n" if fenced else text)
        place = end
    out.append(filler.filled(body, place, len(body)))
    text = "".join(out)
    appended = bool(arguments.strip()) and not filler.has_all
    if appended:
        text = f"{text.rstrip()}\n\nARGUMENTS: {arguments}"
    return Filled(text, tuple(filler.found), tuple(shown), appended)


class _Filler:
    """Fills in one piece of the body after the other and keeps what was found."""

    def __init__(
        self,
        arguments: str,
        names: Sequence[str],
        variables: Mapping[str, str],
        places: _Places,
    ) -> None:
        self._arguments = arguments
        self._split = split_arguments(arguments)
        self._names = {name: number for number, name in enumerate(names)}
        self._variables = variables
        self._places = places
        known = sorted(map(re.escape, filter(None, names)), key=len, reverse=True)
        self._pattern = re.compile(_PLACEHOLDER.replace("NAMES", "|".join(known) or r"(?!)"))
        self.found: list[Replacement] = []
        #: Whether $ARGUMENTS stands in the body, unescaped.
        self.has_all = False

    def filled(self, body: str, start: int, end: int) -> str:
        out: list[str] = []
        place = start
        for match in self._pattern.finditer(body, start, end):
            made = self._value(match)
            if made is None:
                continue
            kind, value = made
            slashes = match["slashes"]
            written = match.group()[len(slashes) :]
            out.append(body[place : match.start()])
            out.append(value if kind == "escape" else slashes + value)
            place = match.end()
            at = match.start() + len(slashes)
            self.found.append(
                Replacement(kind, written, value, self._places.line(at), self._places.in_code(at))
            )
        out.append(body[place:end])
        return "".join(out)

    def _value(self, match: re.Match[str]) -> tuple[ReplacementKind, str] | None:
        """Return what takes the place of a placeholder; None where it is none."""
        written = match.group()[len(match["slashes"]) :]
        if match["variable"] is not None:
            # A backslash does not keep a variable from being filled in.
            value = self._variables.get(match["variable"])
            return ("variable", value) if value is not None else None
        index = match["long"] or match["short"]
        if match["slashes"] == "\\":
            return "escape", written
        if match["all"] is not None or match["long"] is not None:
            self.has_all = True
        if match["all"] is not None:
            return "all", self._arguments
        if index is not None:
            known = int(index) < len(self._split)
            return ("index", self._split[int(index)]) if known else ("kept", written)
        number = self._names[str(match["named"])]
        return "named", self._split[number] if number < len(self._split) else ""


class _Places:
    """Lines, code fences and injected commands of a body."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._lines: list[int] = []
        self._fences: list[tuple[int, int, tuple[int, int], str]] = []
        opened: tuple[bytes, int, int, str] | None = None
        for match in _LINE.finditer(body):
            self._lines.append(match.start())
            line = match.group().encode("utf-8", "surrogateescape")
            fence = FENCE.match(line)
            if opened is not None and fence and closes_fence(opened[0], fence):
                content = (opened[2], match.start())
                self._fences.append((opened[1], match.end(), content, opened[3]))
                opened = None
            elif opened is None and fence and not (fence[1][:1] == b"`" and b"`" in fence[2]):
                info = fence[2].decode("utf-8", "surrogateescape")
                opened = (fence[1], match.start(), match.end(), info)
        if opened is not None:
            end = len(body)
            self._fences.append((opened[1], end, (opened[2], end), opened[3]))
        self._starts = [fence[0] for fence in self._fences]

    def line(self, place: int) -> int:
        """Return the line of a character, from 1."""
        return bisect_right(self._lines, place)

    def in_code(self, place: int) -> bool:
        """Tell whether a character stands in a code fence."""
        return self._fence(place) is not None

    def commands(self) -> list[tuple[int, int, tuple[int, int], bool]]:
        """Return (start, end, span of the command, whether it is a fence) in order."""
        fenced = [
            (start, end, content, True)
            for start, end, content, info in self._fences
            if info.startswith("!")
        ]
        inline = []
        for match in _INLINE_COMMAND.finditer(self._body):
            fence = self._fence(match.start())
            if fence is None or not fence[3].startswith("!"):
                inline.append((match.start(), match.end(), match.span(1), False))
        return sorted([*fenced, *inline])

    def _fence(self, place: int) -> tuple[int, int, tuple[int, int], str] | None:
        number = bisect_right(self._starts, place) - 1
        if number < 0 or place >= self._fences[number][1]:
            return None
        return self._fences[number]
