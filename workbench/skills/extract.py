"""Moving a section of SKILL.md to a file of its own, with a pointer in its place.

Links in the moved text lead where they led; links to its headings follow it. Paths in prose and
code stay: they are relative to the skill's folder wherever they stand.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.domain.text import Span, TextEdit
from workbench.files import sha256
from workbench.skills.archive_names import name_problem
from workbench.skills.edit import apply_edits
from workbench.skills.headings import Section, outline_end, sections_of
from workbench.skills.markdown_scan import scan_markdown
from workbench.skills.problems import SkillError
from workbench.skills.write import save_skill_file

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|/|\{|\$")
_REFERENCE_USED: Final = re.compile(rb"\]\[([^\]\r\n]{1,200})\]")
_REFERENCE_MADE: Final = re.compile(rb"(?m)^ {0,3}\[([^\]\r\n]{1,200})\]:")


class ExtractPlan(Struct, frozen=True):
    """The two files after the move. ``notes`` tell what a person should look at."""

    folder: str
    skill_md: str
    path: str
    title: str
    line: int
    before: bytes
    after: bytes
    extracted: bytes
    notes: tuple[str, ...]


def plan_extract(
    skill: Skill,
    heading: str,
    *,
    to: str | None = None,
    when: str | None = None,
    line: int | None = None,
) -> ExtractPlan:
    """Return what moving a section would make; nothing is written.

    Args:
        skill: as read from disk.
        heading: title of the section; deeper sections below it go along.
        to: path of the new file, ``references/<title>.md`` by default.
        when: completes "Read ... when"; by default that its subject comes up.
        line: the heading's line, where several have the title.

    Raises:
        SkillError: there is no such section, or the new file's path will not do or is taken.
    """
    sections = sections_of(skill.source, skill.body)
    number = _find(skill, sections, heading, line)
    section = sections[number]
    path = _target(skill, section.title, to)
    last = outline_end(sections, number)
    span = Span(section.span.start, sections[last - 1].span.end)
    moved = {_anchor(one.title) for one in sections[number:last]}
    kept = {_anchor(one.title) for one in (*sections[:number], *sections[last:])}
    newline = _newline(skill)
    condition = when or f"you need more on: {section.title}"
    pointer = f"{newline}Read [{path}]({path}) when {condition.rstrip('.')}.{newline}"
    if span.end < skill.body.end:
        pointer += newline
    heading_lines = skill.source[section.heading.start : section.heading.end]
    if not heading_lines.endswith((b"\n", b"\r")):
        pointer = newline + pointer
    edits = [TextEdit(Span(section.heading.end, span.end), pointer)]
    edits += _anchors_followed(skill, span, path, moved - kept)
    extracted = _relinked(skill, span, path, kept - moved)
    return ExtractPlan(
        folder=skill.path,
        skill_md=skill.skill_md,
        path=path,
        title=section.title,
        line=section.line,
        before=skill.source,
        after=apply_edits(skill.source, edits),
        extracted=extracted,
        notes=tuple(_notes(skill, span, extracted)),
    )


def apply_extract(plan: ExtractPlan) -> None:
    """Write the new file, then SKILL.md; should that fail, the new file is taken away again.

    Raises:
        FileProblem: SKILL.md changed since it was read, the new file exists, or the disk refuses.
    """
    folder = Path(plan.folder)
    created = not (folder / plan.path).parent.exists()
    digest = save_skill_file(folder, plan.path, plan.extracted, None)
    try:
        save_skill_file(folder, plan.skill_md, plan.after, sha256(plan.before))
    except BaseException:
        new = folder / plan.path
        if sha256(new.read_bytes()) == digest:
            new.unlink()
            if created and not any(new.parent.iterdir()):
                new.parent.rmdir()
        raise


def _find(skill: Skill, sections: tuple[Section, ...], heading: str, line: int | None) -> int:
    wanted = " ".join(heading.strip().lstrip("#").split())
    named = [number for number, one in enumerate(sections) if one.level]
    found = [number for number in named if sections[number].title == wanted]
    if not found:
        folded = wanted.casefold()
        found = [number for number in named if sections[number].title.casefold() == folded]
    if line is not None:
        found = [number for number in found if sections[number].line == line]
    place = f"{skill.path}/{skill.skill_md}"
    if not found:
        titles = ", ".join(f"'{sections[number].title}'" for number in named[:12])
        raise SkillError(f"{place} has no section '{wanted}'. Sections: {titles or 'none'}.")
    if len(found) > 1:
        lines = ", ".join(str(sections[number].line) for number in found)
        raise SkillError(
            f"{place} has {len(found)} sections '{wanted}' (lines {lines}). Say which by its line."
        )
    return found[0]


def _target(skill: Skill, title: str, to: str | None) -> str:
    slug = re.sub(r"[^\w]+", "-", title.casefold()).strip("-_")[:60] or "section"
    path = to if to is not None else f"references/{slug}.md"
    problem = name_problem(path)
    if problem is not None:
        raise SkillError(f"'{path}' {problem}. Name a file inside the skill.")
    path = PurePosixPath(path).as_posix()
    if " " in path or "(" in path or ")" in path:
        raise SkillError(f"'{path}' has spaces or brackets, which break links to it. Rename it.")
    taken = {file.path.casefold() for file in skill.files}
    if path.casefold() in taken:
        raise SkillError(f"{skill.path}/{path} exists already. Name another file.")
    return path


def _newline(skill: Skill) -> str:
    return {"crlf": "\r\n", "cr": "\r"}.get(skill.newline, "\n")


def _anchor(title: str) -> str:
    """Return the anchor of a heading, as GitHub makes it (github-slugger 2.0)."""
    return re.sub(r"[^\w\- ]", "", title.casefold()).replace(" ", "-")


def _anchors_followed(skill: Skill, span: Span, path: str, moved: Iterable[str]) -> list[TextEdit]:
    """Return edits of links in the rest of SKILL.md to headings that moved."""
    wanted = set(moved)
    return [
        TextEdit(link.span, f"{path}{link.text}")
        for link in scan_markdown(skill.source, skill.body).targets
        if link.kind == "link"
        and link.text.startswith("#")
        and link.text[1:].casefold() in wanted
        and not span.start <= link.span.start < span.end
    ]


def _relinked(skill: Skill, span: Span, path: str, kept: set[str]) -> bytes:
    """Return the moved text with relative links that lead where they led."""
    folder = posixpath.dirname(path)
    edits: list[TextEdit] = []
    for link in scan_markdown(skill.source, skill.body).targets:
        if link.kind != "link" or not span.start <= link.span.start < span.end:
            continue
        shift = Span(link.span.start - span.start, link.span.end - span.start)
        if link.text.startswith("#"):
            if link.text[1:].casefold() in kept:
                back = posixpath.relpath(skill.skill_md, folder or ".")
                edits.append(TextEdit(shift, f"{back}{link.text}"))
        elif folder and not _SCHEME.match(link.text):
            target, mark, rest = link.text.partition("#")
            tail = "/" if target.endswith("/") else ""
            edits.append(TextEdit(shift, posixpath.relpath(target, folder) + tail + mark + rest))
    text = apply_edits(skill.source[span.start : span.end], edits)
    return text.rstrip(b" \t\r\n") + _newline(skill).encode()


def _notes(skill: Skill, span: Span, extracted: bytes) -> Iterable[str]:
    used = {name.lower() for name in _REFERENCE_USED.findall(extracted)}
    made = {name.lower() for name in _REFERENCE_MADE.findall(extracted)}
    rest = skill.source[: span.start] + skill.source[span.end :]
    outside = {name.lower() for name in _REFERENCE_MADE.findall(rest)}
    for name in sorted((used - made) & outside):
        shown = name.decode("utf-8", "replace")
        yield f"The moved text uses the link definition '[{shown}]', which stays in SKILL.md."
    elsewhere = {name.lower() for name in _REFERENCE_USED.findall(rest)}
    for name in sorted((made & elsewhere) - outside):
        shown = name.decode("utf-8", "replace")
        yield f"SKILL.md uses the link definition '[{shown}]', which moves with the section."


def changes_of(plan: ExtractPlan) -> Mapping[str, tuple[bytes, bytes]]:
    """Return path to (before, after) of both files."""
    return {plan.path: (b"", plan.extracted), plan.skill_md: (plan.before, plan.after)}
