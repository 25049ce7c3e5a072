"""The text of a skill as a trace recorded it, taken out of what the client put around it.

Every client wraps a body in its own way (Claude Code, Codex, Gemini CLI, OpenCode, Pi, Copilot CLI;
traces reference, section 8.1, November 2026), and a file that was read may have line numbers, be
cut, or lack its front matter. What is left is compared line by line with nothing but trailing
blanks and the kind of line end taken off.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from workbench.domain.trajectory import SkillEvent, Step
from workbench.skills.frontmatter import locate
from workbench.traces.evidence import span_text
from workbench.traces.importer import TraceError
from workbench.traces.json_values import decode
from workbench.traces.open import OpenTrace

Kind = Literal["body", "file"]

#: More of a record is not looked through.
_LONGEST: Final = 4_000_000
_DEEPEST: Final = 30
_NUMBERED: Final = re.compile(r"^\s{0,8}\d{1,6}(?:→|\t|\| |: )")
_TAILS: Final = re.compile(
    r"\n(?:<system-reminder>.*|ARGUMENTS: [^\n]*|\(End of file[^\n]*\)|</content>|</file>)\s*\Z",
    re.DOTALL,
)
_BEFORE_OUTPUT: Final = re.compile(
    r"\A(?:Chunk ID: [^\n]*\n|Wall time: [^\n]*\n|Exit code: [^\n]*\n|Process exited [^\n]*\n"
    r"|Original token count: [^\n]*\n|Total output lines: [^\n]*\n){1,8}\s*Output:\n"
)
_WRAPPERS: Final[tuple[re.Pattern[str], ...]] = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\ABase directory for this skill: [^\n]*\n(.*)\Z",
        r"<activated_skill\b[^>]*>.*?<instructions>(.*?)</instructions>",
        r"<activated_skill\b[^>]*>(.*?)</activated_skill>",
        r"<skill_content\b[^>]*>\s*(?:# Skill: [^\n]*\n)?(?:\*\*Base directory\*\*: [^\n]*\n)?(.*?)"
        r"(?:\n\s*Base directory for this skill: .*)?</skill_content>",
        r"\A## Skill: [^\n]*\n\s*\*\*Base directory\*\*: [^\n]*\n(.*)\Z",
        r"<skill>\s*<name>[^<]*</name>\s*<path>[^<]*</path>(.*?)</skill>",
        r'<skill name="[^>]*>\s*(?:References are relative to [^\n]*\n)?(.*)</skill>',
        r"<skill-context\b[^>]*>\s*(?:Base directory[^\n]*\n)?(?:\s*Related files[^\n]*\n"
        r"(?:\s*- [^\n]*\n)*)?(.*?)</skill[-_]context>",
        r"<(?:file|content)>\n(.*)\Z",
    )
)
_FILE_START: Final = re.compile(r"\A\ufeff?---[ \t]*\n")
#: Less than this tells nothing: too many texts hold it.
_LEAST_LINES: Final = 3
_LEAST_LENGTH: Final = 40


class Delivered(Struct, frozen=True):
    """A text that may be a skill's: a whole ``body``, or lines of its ``file``. Normalised."""

    kind: Kind
    text: str


def normal(text: str) -> str:
    """Return a text as it is compared: line ends and trailing blanks do not count."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def body_of(source: bytes) -> str:
    """Return the normalised text after the front matter of a SKILL.md."""
    _, _, fenced = locate(source)
    return normal(source[fenced.end :].decode("utf-8", "replace"))


def digest_of(body: str) -> str:
    """Return the name of a body: the first 16 digits of the SHA-256 of its normalised text."""
    return hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:16]


def delivered(trace: OpenTrace, event: SkillEvent) -> tuple[Delivered, ...]:
    """Return what the records of an event may have brought of the skill, the surest first.

    Nothing where the file is not what it was.
    """
    found: dict[Delivered, None] = {}
    for text in _texts(trace, event):
        for one in unwrapped(text):
            found[one] = None
    return tuple(sorted(found, key=lambda one: (one.kind != "body", -len(one.text))))


def unwrapped(text: str) -> Iterator[Delivered]:
    """Yield what a text that a trace recorded may have of a skill."""
    text = text.replace("\r\n", "\n")
    for wrapper in _WRAPPERS:
        for match in wrapper.finditer(text):
            yield from _plain(match.group(1), "body")
    yield from _plain(_BEFORE_OUTPUT.sub("", text), "file")


def _plain(text: str, kind: Kind) -> Iterator[Delivered]:
    for _ in range(3):
        text = _TAILS.sub("", text)
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    if filled and sum(bool(_NUMBERED.match(line)) for line in filled) * 10 >= 8 * len(filled):
        text = "\n".join(_NUMBERED.sub("", line) for line in lines if _NUMBERED.match(line))
    if _FILE_START.match(text.lstrip("\n")):
        source = text.lstrip("\n").encode("utf-8", "replace")
        if locate(source)[0] == "closed":
            yield Delivered("body", body_of(source))
        yield Delivered("file", normal(text))
        return
    said = normal(text)
    if kind == "body":
        if said:
            yield Delivered("body", said)
    elif len(said) >= _LEAST_LENGTH and said.count("\n") + 1 >= _LEAST_LINES:
        yield Delivered("file", said)


def _texts(trace: OpenTrace, event: SkillEvent) -> Iterator[str]:
    """Yield the strings in the records that show an event: its evidence, its call's results."""
    spans = [event.evidence]
    steps = trace.trajectory.steps
    if 0 <= event.step < len(steps):
        spans += [span for span in _results(steps[event.step], event) if span not in spans]
    for span in spans:
        if span.length > _LONGEST:
            continue
        try:
            raw = trace.raw(span)
        except (TraceError, ValueError):  # replaced, or closed meanwhile
            continue
        yield from _strings(decode(raw) if span.layers == 0 else span_text(raw, span))


def _results(step: Step, event: SkillEvent) -> Iterator[Any]:
    """Yield the results of the calls that can have brought the skill."""
    path = (event.path or "").replace("\\", "/")
    wanted = [event.skill.rpartition(":")[2], path.rpartition("/")[0].rpartition("/")[2]]
    for call in step.tool_calls:
        if len(step.tool_calls) == 1 or any(name and name in call.argument for name in wanted):
            yield from call.result


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in "{[" and depth < _DEEPEST:
            inner = decode(value.encode("utf-8", "surrogatepass"))
            if isinstance(inner, dict | list):
                yield from _strings(inner, depth + 1)
    elif depth < _DEEPEST:
        for one in value.values() if isinstance(value, dict) else value or ():
            if isinstance(one, str | dict | list):
                yield from _strings(one, depth + 1)
