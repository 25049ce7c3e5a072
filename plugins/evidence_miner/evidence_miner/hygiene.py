"""Detector 8: what the specification asks of a skill's files. Mended only where one way is right.

The limits are those of the Agent Skills specification (2026-11), as the workbench's own check has
them: what that accepts is not told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

from evidence_miner.skill_texts import SkillText
from workbench.plugin.api import Change, PastDecision, ProposalDraft

MAX_DESCRIPTION = 1024
MAX_LINES = 500
_FENCE = re.compile(r"---[ \t]*\r?$")
_KEY = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(.*))?$")
_ONE_LINE_VALUE = re.compile(
    r"(?P<head>[A-Za-z][\w-]*:[ \t]+)(?P<value>[^\s\"'|>&*!{\[#].*?)[ \t]*$"
)
_HOME = re.compile(
    r"(?<![\w.~-])(?:/home/|/Users/|[A-Za-z]:\\Users\\)([A-Za-z][\w.-]*)(?=[/\\\s\"'`)\]]|$)"
)
#: Names that stand for anybody, or for the account of a container.
_ANYBODY = re.compile(
    r"user(?:name)?s?|your.*|you|me|my.*|name|someone|somebody|alice|bob|jane|john|example|shared|"
    r"ubuntu|node|runner|vscode|agent|app|dev|developer|root|admin|public|default|jovyan|coder|"
    r"claude|x+|foo|bar",
    re.IGNORECASE,
)
_NO_PROGRAM = re.compile(
    r"\.(?:md|markdown|txt|json|ya?ml|toml|csv|html|css|svg|png|jpe?g|pdf)$", re.IGNORECASE
)
_MAX_TOLD = 20
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted"})


@dataclass(frozen=True)
class Defect:
    """One point. ``text`` is the whole SKILL.md mended, None where a person has to."""

    words: str
    text: str | None = None


def hygiene_drafts(
    skills: Sequence[SkillText], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield a repair for front matter that can be mended, and a card for each skill with more."""
    for skill in skills:
        found = list(defects(skill))
        mended = next((one for one in found if one.text is not None), None)
        if mended is not None and not _was_refused(skill, mended, history):
            yield _repair(skill, mended)
            found.remove(mended)
        if found:
            yield _card(skill, found)


def defects(skill: SkillText) -> Iterator[Defect]:
    """Yield what is wrong, the front matter first."""
    if skill.main in skill.texts:
        yield from _front_matter(skill)
        lines = skill.main_text.count("\n") + (not skill.main_text.endswith("\n"))
        if lines > MAX_LINES:
            yield Defect(
                f"{skill.main} has {lines:,} lines; under {MAX_LINES} are recommended. Move detail "
                "to references/."
            )
    elif skill.main in skill.files:
        yield Defect(f"{skill.main} is no UTF-8 text, or larger than 1 MB.")
    yield from _home_paths(skill)
    yield from _modes(skill)


def _front_matter(skill: SkillText) -> Iterator[Defect]:
    text = skill.main_text.removeprefix("\ufeff")
    if text.strip() and text[:1].isspace() and _FENCE.match(text.lstrip().split("\n", 1)[0]):
        yield Defect(
            "Blank lines stand before the front matter, so clients read it as text.",
            skill.main_text.lstrip("\ufeff \t\r\n"),
        )
        return
    lines = text.split("\n")
    if not _FENCE.match(lines[0]):
        yield Defect(f"{skill.main} has no front matter: name and description are missing.")
        return
    end = next((n for n, line in enumerate(lines[1:], 1) if _FENCE.match(line)), None)
    if end is None:
        yield _unclosed(skill, lines)
        return
    values = _mapping("\n".join(lines[1:end]))
    if values is None:
        yield Defect("The front matter is no valid YAML mapping.", _quoted(skill, lines, end))
        return
    yield from _fields(skill, values)


def _fields(skill: SkillText, values: dict[object, object]) -> Iterator[Defect]:
    name, description = values.get("name"), values.get("description")
    folder = PurePosixPath(skill.id).name
    if name in (None, ""):
        # The specification wants it; several clients take the folder's name. A person says.
        yield Defect(f"The front matter has no name; the folder's is {folder}.")
    if not isinstance(description, str) or not description.strip():
        yield Defect("The front matter has no description, so no client offers the skill.")
    elif len(description) > MAX_DESCRIPTION:
        yield Defect(
            f"The description has {len(description):,} characters; at most {MAX_DESCRIPTION:,} are "
            "allowed."
        )


def _unclosed(skill: SkillText, lines: list[str]) -> Defect:
    """Close the front matter after its last key, where the lines up to there are a mapping."""
    last = 0
    for number, line in enumerate(lines[1:], 1):
        if not line.strip() or not (_KEY.match(line.rstrip("\r")) or line[:1] in " \t"):
            break
        last = number
    words = "The front matter is opened and never closed."
    values = _mapping("\n".join(lines[1 : last + 1])) if last else None
    if not values or "description" not in values:
        return Defect(words)
    closed = [*lines[: last + 1], f"---{_line_end(lines)}", *lines[last + 1 :]]
    return Defect(words, _joined(skill, closed))


def _quoted(skill: SkillText, lines: list[str], end: int) -> str | None:
    """Quote a one-line value, where that alone makes the front matter valid."""
    for number in range(1, end):
        line = lines[number].rstrip("\r")
        found = _ONE_LINE_VALUE.match(line)
        if found is None or " #" in found["value"] or ": " not in found["value"] + " ":
            continue
        value = found["value"].replace("'", "''")
        changed = [*lines]
        changed[number] = f"{found['head']}'{value}'{lines[number][len(line) :]}"
        if _mapping("\n".join(changed[1:end])) is not None:
            return _joined(skill, changed)
    return None


def _home_paths(skill: SkillText) -> Iterator[Defect]:
    told = 0
    for path, text in sorted(skill.texts.items()):
        for number, line in enumerate(text.split("\n"), 1):
            for match in _HOME.finditer(line):
                if told < _MAX_TOLD and not _ANYBODY.fullmatch(match[1]):
                    told += 1
                    yield Defect(
                        f"{path}:{number} names the home folder {match[0]}: it is there on one "
                        "machine only."
                    )


def _modes(skill: SkillText) -> Iterator[Defect]:
    for path in sorted(skill.files):
        if path in skill.executable:
            if _NO_PROGRAM.search(path) and not skill.texts.get(path, "").startswith("#!"):
                yield Defect(f"{path} is executable and no program.")
        elif skill.texts.get(path, "").startswith("#!") and _is_called(skill, path):
            yield Defect(f"{path} is called as a program and is not executable.")


def _is_called(skill: SkillText, path: str) -> bool:
    """Whether a text of the skill calls a script by its path alone, ``./scripts/x.sh``."""
    call = re.compile(rf"(?:^|[\s`;&|(])\./{re.escape(path)}(?![\w.-])", re.MULTILINE)
    return any(
        call.search(text) for name, text in skill.texts.items() if name.endswith((".md", ".sh"))
    )


def _repair(skill: SkillText, defect: Defect) -> ProposalDraft:
    change = Change(
        id="front-matter",
        path=skill.library_path(skill.main),
        op="edit",
        new_text=defect.text,
        rationale=defect.words,
        generality="general",
    )
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name or skill.id}: repair the front matter",
        rationale=f"{defect.words} Mended without a change to what it says.",
        changes=(change,),
        skills=(skill.id,),
        root_cause="skill",
        generality="general",
    )


def _card(skill: SkillText, found: Sequence[Defect]) -> ProposalDraft:
    count = "one point" if len(found) == 1 else f"{len(found)} points"
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name or skill.id}: {count} against the specification",
        rationale="\n".join(one.words for one in found),
        skills=(skill.id,),
        root_cause="skill",
    )


def _mapping(block: str) -> dict[object, object] | None:
    try:
        value = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else {} if value is None else None


def _joined(skill: SkillText, lines: Sequence[str]) -> str:
    return ("\ufeff" if skill.main_text.startswith("\ufeff") else "") + "\n".join(lines)


def _line_end(lines: Sequence[str]) -> str:
    return "\r" if lines[0].endswith("\r") else ""


def _was_refused(skill: SkillText, defect: Defect, history: Sequence[PastDecision]) -> bool:
    path = skill.library_path(skill.main)
    new = frozenset((defect.text or "").split("\n")) - frozenset(skill.main_text.split("\n"))
    return any(
        past.status in _REFUSED
        and path in past.paths
        and any(line.strip() in past.new_lines for line in new)
        for past in history
    )
