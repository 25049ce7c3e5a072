"""Edits of texts that a model names by heading or by words, and a program carries out.

Each edit is placed on lines of the text as it is. Edits that touch the same lines are not
independent: the first one counts (Trace2Skill's rule for what may be merged). What no edit touches
stays byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

from workbench.plugin.loose_values import as_list, as_mapping, as_text

EditOp = Literal[
    "insert_before",
    "insert_after",
    "replace_text",
    "append_to_section",
    "replace_section",
    "add_section",
    "delete_section",
    "create_file",
    "delete_file",
]
EDIT_OPS: tuple[str, ...] = get_args(EditOp)
#: So many edits of one answer are read.
_MOST = 60
_ON_WORDS = ("insert_before", "insert_after", "replace_text")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\r?\n?$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


class EditProblem(Exception):  # noqa: N818 - a problem for a model or a person, in words
    """An edit cannot be carried out; the message says why."""


class TextEdit(Struct, frozen=True):
    """One edit. ``target`` are words of the file, ``section`` and ``after`` headings."""

    id: str
    file: str
    op: EditOp
    section: str = ""
    target: str = ""
    content: str = ""
    after: str = ""
    reason: str = ""


class Placed(Struct, frozen=True):
    """Where an edit goes: lines ``start`` to ``end`` (not included) become ``lines``."""

    start: int
    end: int
    lines: tuple[str, ...]


class Edited(Struct, frozen=True):
    """A text after edits. ``versions`` has the text after each of the edits ``done``."""

    text: str
    done: tuple[TextEdit, ...]
    versions: tuple[str, ...]
    refused: tuple[tuple[TextEdit, str], ...]


def edit_schema(
    required: Mapping[str, dict[str, object]], optional: Mapping[str, dict[str, object]] = {}
) -> dict[str, object]:
    """Return the JSON Schema of an edit, with the properties an engine asks for besides."""
    words: dict[str, object] = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "file": words,
            "op": {"enum": list(EDIT_OPS)},
            "target_section": words,
            "target_text": words,
            "content": words,
            "after_section": words,
            "reason": words,
            **required,
            **optional,
        },
        "required": ["file", "op", *required],
    }


def read_edit(value: object, name: str) -> TextEdit:
    """Make an edit of what a model said.

    Raises:
        EditProblem: it names no known operation or no plain path.
    """
    row = as_mapping(value)
    op = as_text(row.get("op"))
    if op not in EDIT_OPS:
        raise EditProblem(f"its operation '{op[:40]}' is none of {', '.join(EDIT_OPS)}")
    file = as_text(row.get("file")).strip().removeprefix("./")
    if not file or file.startswith("/") or "\\" in file or "\0" in file:
        raise EditProblem(f"'{file[:80]}' is no path in the skill")
    if any(part in ("", ".", "..") for part in file.split("/")) or len(file) > 200:
        raise EditProblem(f"'{file[:80]}' is no path in the skill")
    return TextEdit(
        id=name,
        file=file,
        op=op,  # type: ignore[arg-type]
        section=as_text(row.get("target_section")).strip(),
        target=as_text(row.get("target_text")),
        content=as_text(row.get("content")),
        after=as_text(row.get("after_section")).strip(),
        reason=as_text(row.get("reason")).strip(),
    )


def read_edits(value: object, prefix: str) -> tuple[list[tuple[TextEdit, object]], list[str]]:
    """Return the edits of a list with what was said of each, and what is wrong with others."""
    edits: list[tuple[TextEdit, object]] = []
    problems: list[str] = []
    for number, row in enumerate(as_list(value)[:_MOST], 1):
        try:
            edits.append((read_edit(row, f"{prefix}{number}"), row))
        except EditProblem as problem:
            problems.append(f"Edit {prefix}{number} was left out: {problem}.")
    return edits, problems


def place(text: str, edit: TextEdit) -> Placed:
    """Find the lines an edit is about.

    Raises:
        EditProblem: its words or its section are not there, or not once.
    """
    lines = _LINE.findall(text)
    if edit.op in ("create_file", "delete_file"):
        raise EditProblem("it is about the whole file")
    if edit.op in _ON_WORDS:
        return _on_words(text, lines, edit)
    if edit.op == "add_section":
        return _new_section(lines, edit)
    start, end = _section(lines, edit.section)
    if edit.op == "delete_section":
        return Placed(start, end, ())
    content = _content(edit, lines)
    if edit.op == "replace_section":
        first = _HEADING.match(content[0])
        whole = first is not None and _same(first[2], edit.section)
        body = content if whole else [lines[start], *_gap(lines), *content]
        return Placed(start, end, (*body, *(_gap(lines) if end < len(lines) else ())))
    # What is added belongs to the section itself, not to the last of its subsections.
    inner = (line for line, _, _ in _headings(lines) if start < line < end)
    at = end if _HEADING.match(content[0]) else next(inner, end)
    while at > start + 1 and not lines[at - 1].strip():
        at -= 1
    follows = _is_item(lines[at - 1]) and _is_item(content[0])
    return Placed(at, at, tuple(content if follows else [*_gap(lines), *content]))


def _anywhere(edit: TextEdit, placed: Placed) -> str:
    return ""


def apply_edits(
    text: str,
    edits: Sequence[TextEdit],
    objection: Callable[[TextEdit, Placed], str] = _anywhere,
) -> Edited:
    """Carry out edits of one text, those independent of the ones before them.

    ``objection`` says in words why an edit may not be where it goes, "" when it may.
    """
    placed: list[tuple[TextEdit, Placed]] = []
    refused: list[tuple[TextEdit, str]] = []
    for edit in edits:
        try:
            where = place(text, edit)
        except EditProblem as problem:
            refused.append((edit, str(problem)))
            continue
        other = next((one for one, taken in placed if conflict(taken, where)), None)
        if other is not None:
            refused.append((edit, f"it touches the same lines as {other.id}"))
        elif _LINE.findall(text)[where.start : where.end] == list(where.lines):
            refused.append((edit, "it changes nothing"))
        elif why := objection(edit, where):
            refused.append((edit, why))
        else:
            placed.append((edit, where))
    versions = [
        _joined(text, [where for _, where in placed[: count + 1]]) for count in range(len(placed))
    ]
    return Edited(
        versions[-1] if versions else text,
        tuple(edit for edit, _ in placed),
        tuple(versions),
        tuple(refused),
    )


def conflict(one: Placed, other: Placed) -> bool:
    """Whether two edits are not independent: lines of one are lines of the other.

    What is inserted at the border of what another replaces, or at the same place, is independent.
    """
    if one.start == one.end or other.start == other.end:
        inserted, range_ = (one, other) if one.start == one.end else (other, one)
        return range_.start < inserted.start < range_.end
    return one.start < other.end and other.start < one.end


def section_lines(text: str, heading: str) -> tuple[int, int]:
    """Return the line of a heading, counted from 0, and the line after its section.

    Raises:
        EditProblem: there is none, or there are several.
    """
    return _section(_LINE.findall(text), heading)


def numbered(text: str) -> str:
    """Return a text with its lines numbered from 1."""
    return "\n".join(
        f"{number:4d}| {line.rstrip()}" for number, line in enumerate(text.splitlines(), 1)
    )


def headings(text: str) -> tuple[str, ...]:
    """Return the headings' words, without those in code blocks and in the front matter."""
    return tuple(title for _, _, title in _headings(_LINE.findall(text)))


def _on_words(text: str, lines: list[str], edit: TextEdit) -> Placed:
    wanted = edit.target.strip("\n").replace("\r\n", "\n")
    if not wanted.strip():
        raise EditProblem("it does not say which words it is about (target_text)")
    first, last = _section(lines, edit.section) if edit.section else (0, len(lines))
    plain = [line.replace("\r\n", "\n") for line in lines]
    area = "".join(plain[first:last])
    count = area.count(wanted)
    if count != 1:
        where = f"in the section '{edit.section[:60]}'" if edit.section else f"in {edit.file}"
        raise EditProblem(f"its words '{_brief(wanted)}' are {_times(count)} {where}")
    at = area.index(wanted)
    start = first + area.count("\n", 0, at)
    end = first + area.count("\n", 0, at + len(wanted.rstrip("\n"))) + 1
    if edit.op == "insert_before":
        return Placed(start, start, tuple(_content(edit, lines)))
    if edit.op == "insert_after":
        return Placed(end, end, tuple(_content(edit, lines)))
    block = "".join(plain[start:end])
    content = edit.content.replace("\r\n", "\n").strip("\n")
    new = block.replace(wanted, content, 1)
    return Placed(start, end, tuple(_with_ends(_LINE.findall(new), lines)) if new.strip() else ())


def _new_section(lines: list[str], edit: TextEdit) -> Placed:
    content = _content(edit, lines)
    found = _HEADING.match(content[0])
    if found is None:
        title = edit.section.strip().lstrip("#").strip()
        if not title:
            raise EditProblem("it adds a section without a heading (target_section)")
        level = re.match(r"#{1,6}(?=\s)", edit.section)
        mark = level[0] if level else "##"
        content = [f"{mark} {title}{_end(lines)}", *_gap(lines), *content]
    else:
        title = found[2]
    if any(_same(one, title) for _, _, one in _headings(lines)):
        raise EditProblem(f"there is a section '{title[:60]}' already")
    at = _section(lines, edit.after)[1] if edit.after else len(lines)
    while at > 0 and not lines[at - 1].strip():
        at -= 1
    return Placed(at, at, (*(_gap(lines) if at else ()), *content))


def _section(lines: list[str], heading: str) -> tuple[int, int]:
    """Return the line of a heading and the line after its section."""
    found = _headings(lines)
    hits = [one for one in found if _same(one[2], heading)] if heading.strip() else []
    if len(hits) != 1:
        name = heading.strip()[:60]
        raise EditProblem(f"its section '{name}' is {_times(len(hits))} in the file")
    line, level, _ = hits[0]
    later = (at for at, other, _ in found if at > line and other <= level)
    return line, next(later, len(lines))


def _headings(lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return line, level and words of each heading."""
    found: list[tuple[int, int, str]] = []
    fence = ""
    for number in range(front_lines(lines), len(lines)):
        line = lines[number]
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence and (heading := _HEADING.match(line)):
            found.append((number, len(heading[1]), heading[2]))
    return found


def front_lines(lines: Sequence[str]) -> int:
    """Return how many lines the YAML front matter has, 0 where there is none."""
    if not lines or lines[0].lstrip("\ufeff").strip() != "---":
        return 0
    return next((n + 1 for n in range(1, len(lines)) if lines[n].rstrip() == "---"), 0)


def _content(edit: TextEdit, lines: Sequence[str]) -> list[str]:
    text = edit.content.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise EditProblem("it has no content")
    return _with_ends(_LINE.findall(text), lines)


def _with_ends(new: Iterable[str], lines: Sequence[str]) -> list[str]:
    return [line.rstrip("\r\n") + _end(lines) for line in new]


def _end(lines: Sequence[str]) -> str:
    crlf = sum(line.endswith("\r\n") for line in lines)
    return "\r\n" if crlf * 2 > len(lines) else "\n"


def _gap(lines: Sequence[str]) -> list[str]:
    return [_end(lines)]


def _joined(text: str, placed: Sequence[Placed]) -> str:
    lines = _LINE.findall(text)
    end = _end(lines)
    result: list[str] = []
    at = 0
    for where in sorted(placed, key=lambda one: (one.start, one.end)):
        result += lines[at : where.start]
        if where.lines and result and not result[-1].endswith("\n"):
            result[-1] += end
        result += where.lines
        at = where.end
    rest = lines[at:]
    if rest and result and not result[-1].endswith("\n"):
        result[-1] += end
    return "".join(result + rest)


def _is_item(line: str) -> bool:
    return re.match(r"\s*(?:[-*+]|\d{1,9}[.)])\s", line) is not None


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other) != ""


def _plain(title: str) -> str:
    return " ".join(title.strip().lstrip("#").strip().rstrip("#").split()).casefold()


def _times(count: int) -> str:
    return "not" if count == 0 else f"{count} times"


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
