"""Whether the files of a changed skill are well formed: what can be checked without judgement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from workbench.plugin.run_skills import SKILL_FILES, front_and_body

_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})", re.M)
_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>#]+)")
_MAX_DESCRIPTION = 1024


class FormatProblem(Struct, frozen=True):
    """What is wrong with a file, in words."""

    file: str
    words: str


def format_problems(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    files: frozenset[str] = frozenset(),
    max_lines: int = 500,
    max_new_files: int = 5,
) -> tuple[FormatProblem, ...]:
    """Return what a change breaks; what was wrong before is not its fault.

    Args:
        before: texts of the files that change, as they were, by their path in the skill; a new
            file is not in it.
        after: the same files after it; a deleted file is not in it.
        files: all files of the skill as it was.
        max_lines: of SKILL.md; a longer one may stay as long as it was.
        max_new_files: that may be added.
    """
    main = next((name for name in SKILL_FILES if name in before or name in after), SKILL_FILES[0])
    found: list[FormatProblem] = []
    if main in before and main not in after:
        found.append(FormatProblem(main, "it is deleted; a skill is not without it"))
    if main in after:
        found += _of_main(main, before.get(main, ""), after[main], max_lines)
        found += _dead_links(main, before, after, files)
    new = sorted(after.keys() - before.keys() - {main})
    if len(new) > max_new_files:
        words = f"{len(new)} files are added; at most {max_new_files} may be"
        found += [FormatProblem(name, words) for name in new[max_new_files:]]
    for name in new:
        text = after.get(main, "")
        if name.endswith(".md") and main in after and name not in text:
            words = f"the new file is not linked from {main}; say there when to read it"
            found.append(FormatProblem(name, words))
    for name, text in sorted(after.items()):
        if _open_fence(text) and not _open_fence(before.get(name, "")):
            found.append(FormatProblem(name, "a code block is not closed"))
    return tuple(found)


def _of_main(name: str, before: str, after: str, max_lines: int) -> list[FormatProblem]:
    found: list[FormatProblem] = []
    old, new = front_and_body(before)[0], front_and_body(after)[0]
    if not new:
        if old or not before:
            found.append(FormatProblem(name, "the front matter cannot be read as YAML"))
    elif before and new.get("name") != old.get("name"):
        found.append(FormatProblem(name, f"the name changes to '{str(new.get('name'))[:60]}'"))
    description = str(new.get("description") or "").strip()
    if new and not description and (old.get("description") or not before):
        found.append(FormatProblem(name, "the description is empty"))
    elif len(description) > max(_MAX_DESCRIPTION, len(str(old.get("description") or ""))):
        words = f"the description has {len(description)} characters; at most {_MAX_DESCRIPTION} fit"
        found.append(FormatProblem(name, words))
    if before and {*old} - {*new}:
        lost = ", ".join(sorted(str(key) for key in {*old} - {*new}))
        found.append(FormatProblem(name, f"the front matter loses {lost}"))
    lines = after.count("\n")
    if lines > max(max_lines, before.count("\n")):
        words = f"it has {lines} lines; at most {max_lines} may be. Move a part to references/"
        found.append(FormatProblem(name, words))
    return found


def _dead_links(
    name: str, before: Mapping[str, str], after: Mapping[str, str], files: frozenset[str]
) -> list[FormatProblem]:
    there = (files - (before.keys() - after.keys())) | after.keys()
    known = set(_LINK.findall(before.get(name, "")))
    found = []
    for link in dict.fromkeys(_LINK.findall(after[name])):
        is_local = "://" not in link and not link.startswith(("/", "mailto:", "#"))
        path = str(PurePosixPath(link))
        was_there = link in known and path not in files
        folder = any(one.startswith(f"{path}/") for one in there)
        if is_local and path not in there and not folder and not was_there:
            found.append(FormatProblem(name, f"it links to {link[:80]}, which is not there"))
    return found


def _open_fence(text: str) -> bool:
    fence = ""
    for mark in _FENCE.findall(text):
        if not fence:
            fence = mark
        elif mark.startswith(fence):
            fence = ""
    return bool(fence)
