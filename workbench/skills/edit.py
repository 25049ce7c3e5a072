"""Changing the front matter by byte spans: every other byte stays what it is.

Line ends, byte order mark, comments, blank lines and the order of keys are kept. Each edit is read
back before it is returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from workbench.domain.skill import FrontMatter, FrontMatterEntry, Skill
from workbench.domain.text import Span, TextEdit
from workbench.skills.frontmatter import BOM, locate, parse_front_matter
from workbench.skills.problems import SkillError
from workbench.skills.yaml_write import CannotWrite, flow, write_string, write_value

#: Keys that come first in a new front matter, in this order; others go to its end.
_LEADING: Final = ("name", "description")
_KEY_TEXT = re.compile(r"[^\r\n]{1,200}")


def apply_edits(data: bytes, edits: Iterable[TextEdit]) -> bytes:
    """Return the bytes with all edits made; spans are those of ``data``.

    Raises:
        SkillError: edits overlap or lie outside the data.
    """
    out: list[bytes] = []
    place = 0
    for edit in sorted(edits, key=lambda item: (item.span.start, item.span.end)):
        if not place <= edit.span.start <= edit.span.end <= len(data):
            raise SkillError(
                f"Two changes overlap, or one lies outside the file, at byte {edit.span.start}. "
                "Nothing was changed; make them one after the other."
            )
        out += (data[place : edit.span.start], edit.replacement.encode("utf-8", "surrogateescape"))
        place = edit.span.end
    return b"".join([*out, data[place:]])


def set_front_matter(skill: Skill, key: str, value: Any) -> bytes:
    """Return SKILL.md with ``key`` set to ``value`` (JSON-like), added when it is not there.

    Of a key that stands twice the last is changed, which is the one that counts.

    Raises:
        SkillError: the value has no YAML form, or the front matter is not closed or in braces.
    """
    return apply_edits(skill.source, front_matter_edits(skill, key, value))


def front_matter_edits(skill: Skill, key: str, value: Any) -> tuple[TextEdit, ...]:
    """Return the edits that ``set_front_matter`` makes; none when the value is there already."""
    entry = skill.front_matter.get(key) if skill.front_matter else None
    if entry is not None and _same(entry.value, value):
        return ()
    try:
        if skill.front_matter is None:
            edit = _new_block(skill.source, key, value)
        elif entry is None:
            edit = _insertion(skill.source, skill.front_matter, key, value)
        else:
            edit = _replacement(skill.source, skill.front_matter, entry, value)
    except CannotWrite as problem:
        raise SkillError(f"'{key}' cannot be set: {problem}.") from problem
    _verify(skill, edit, key, value)
    return (edit,)


def remove_front_matter(skill: Skill, key: str) -> bytes:
    """Return SKILL.md without ``key``; unchanged when it is not there.

    Raises:
        SkillError: the front matter is written in braces.
    """
    front_matter = skill.front_matter
    if front_matter is None or front_matter.get(key) is None:
        return skill.source
    _refuse_flow(skill.source, front_matter)
    gone = [entry for entry in front_matter.entries if entry.key == key]
    data = apply_edits(skill.source, [TextEdit(entry.span, "") for entry in gone])
    after = parse_front_matter(data)
    kept = [item for item in _values(front_matter) if item[0] != key]
    if after is None or _values(after) != kept:
        raise SkillError(f"'{key}' cannot be removed alone: remove it in the text.")
    return data


def rename_key(skill: Skill, old: str, new: str) -> bytes:
    """Return SKILL.md with a key renamed; its value and all else stay.

    Raises:
        SkillError: there is no such key, or one of the new name already.
    """
    front_matter = skill.front_matter
    entry = front_matter.get(old) if front_matter else None
    if front_matter is None or entry is None:
        raise SkillError(f"The front matter of {skill.id} has no key '{old}'.")
    if front_matter.get(new) is not None:
        raise SkillError(f"The front matter of {skill.id} has a key '{new}' already.")
    edit = TextEdit(entry.key_span, _key_text(new))
    data = apply_edits(skill.source, [edit])
    after = parse_front_matter(data)
    last = max(place for place, item in enumerate(front_matter.entries) if item is entry)
    wanted = _values(front_matter)
    wanted[last] = (new, entry.value)
    if after is None or _values(after) != wanted:
        raise SkillError(f"'{old}' cannot be renamed to '{new}': do it in the text.")
    return data


def _values(front_matter: FrontMatter) -> list[tuple[str, object]]:
    return [(entry.key, entry.value) for entry in front_matter.entries]


def _same(first: object, second: object) -> bool:
    """Compare with types: ``True`` is not 1, and 1 is not 1.0; so also inside."""
    if isinstance(first, dict) and isinstance(second, dict):
        return list(first) == list(second) and all(_same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(_same, first, second))
    return type(first) is type(second) and first == second


def _verify(skill: Skill, edit: TextEdit, key: str, value: Any) -> None:
    """Read the result back: the value is there, the other keys are as before."""
    after = parse_front_matter(apply_edits(skill.source, [edit]))
    entry = after.get(key) if after else None
    before = _values(skill.front_matter) if skill.front_matter else []
    others = [item for item in _values(after) if item[0] != key] if after else []
    kept = others == [item for item in before if item[0] != key]
    if entry is None or not _same(entry.value, value) or not kept:
        why = (after.error if after else None) or "it would read back as something else"
        raise SkillError(f"'{key}' cannot be set in this front matter ({why}). Edit the text.")


def _newline(source: bytes) -> str:
    """Return the line end of the first line, which new lines of the front matter take."""
    found = re.search(rb"\r\n|\n|\r", source)
    return found.group().decode() if found else "\n"


def _key_text(key: str) -> str:
    if not _KEY_TEXT.fullmatch(key):
        raise SkillError("A key is one line of at most 200 characters, and not empty.")
    return write_string(key, indent="", newline="\n", one_line=True)


def _refuse_flow(source: bytes, front_matter: FrontMatter) -> None:
    if _is_flow(source, front_matter):
        raise SkillError(
            "The front matter is written in braces: keys cannot be added or removed one by one. "
            "Write each key on a line of its own first."
        )


def _is_flow(source: bytes, front_matter: FrontMatter) -> bool:
    text = source[front_matter.span.start : front_matter.span.end]
    content = re.sub(rb"(?m)^[ \t]*#.*$", b"", text).lstrip()
    return content.startswith(b"{") and front_matter.error is None


def _new_block(source: bytes, key: str, value: Any) -> TextEdit:
    fence, _, _ = locate(source)
    if fence == "unclosed":
        raise SkillError("The front matter is not closed. Add a line '---' after its last key.")
    if fence == "late":
        raise SkillError("Blank lines stand before the front matter. Delete them first.")
    newline = _newline(source)
    start = len(BOM) if source.startswith(BOM) else 0
    written = write_value(value, indent="  ", newline=newline)
    text = f"---{newline}{_key_text(key)}:{written}{newline}---{newline}"
    return TextEdit(Span(start, start), text)


def _insertion(source: bytes, front_matter: FrontMatter, key: str, value: Any) -> TextEdit:
    _refuse_flow(source, front_matter)
    newline = _newline(source)
    entries = front_matter.entries
    column = _indent(source, entries[0]) if entries else ""
    place = front_matter.span.end
    if key in _LEADING:
        place = front_matter.span.start
        for before in _LEADING[: _LEADING.index(key)]:
            entry = front_matter.get(before)
            place = entry.span.end if entry else place
    written = write_value(value, indent=column + "  ", newline=newline)
    return TextEdit(Span(place, place), f"{column}{_key_text(key)}:{written}{newline}")


def _indent(source: bytes, entry: FrontMatterEntry) -> str:
    return source[entry.span.start : entry.key_span.start].decode("utf-8", "surrogateescape")


def _replacement(
    source: bytes, front_matter: FrontMatter, entry: FrontMatterEntry, value: Any
) -> TextEdit:
    start, end = entry.value_span.start, entry.value_span.end
    if _is_flow(source, front_matter):
        gap = "" if source[start - 1 : start].isspace() else " "
        return TextEdit(entry.value_span, gap + flow(value))
    newline = _newline(source)
    indent = _indent(source, entry) + "  "
    old = source[start:end]
    rest = source[end : entry.span.end].strip()
    style = old[:1].decode("ascii", "replace") if old[:1] in (b"'", b'"', b"|", b">") else ""
    written = write_value(value, indent=indent, newline=newline, style=style, one_line=bool(rest))
    colon = _colon(source, entry)
    between = source[colon:start]
    if between.strip():  # a comment stands between the key and its value
        column = start - max(source.rfind(b"\n", 0, start), source.rfind(b"\r", 0, start)) - 1
        written = write_value(value, indent=" " * column, newline=newline, style=style)
        return TextEdit(Span(start, end), written.lstrip("\r\n "))
    if between and not between.strip(b" \t") and written.startswith(" "):
        return TextEdit(Span(start, end), written[1:])
    return TextEdit(Span(colon, end), written)


def _colon(source: bytes, entry: FrontMatterEntry) -> int:
    """Return the place after the key's colon."""
    found = source.find(
        b":", entry.key_span.end, max(entry.value_span.start, entry.key_span.end + 1)
    )
    return found + 1 if found >= 0 else entry.value_span.start
