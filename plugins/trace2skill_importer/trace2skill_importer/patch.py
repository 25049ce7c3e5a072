"""The patch documents of a Trace2Skill run.

Schema (skill_evolver/parallel_evolving_agent.py, 2026-05): {reasoning, edits[{file, op,
target_section, target_text, old_text, content, after_section}], changelog_entries}. With saved
intermediates there are ``map_patches/patch_*.json``, ``merge_level_N/merged_*.json``,
``final_patch.json`` and ``translated_final_patch.json``, whose anchors are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from workbench.plugin.api import RunFolder, SourceProblem, as_list, as_mapping, as_text

FINAL = "final_patch.json"
TRANSLATED = "translated_final_patch.json"
_ALIASES = {"create_file": "create", "createFile": "create", "deleteFile": "delete_file"}
_MAX_EDITS = 2000


@dataclass(frozen=True)
class Edit:
    """One edit; ``number`` counts from 1 in the patch. Texts that do not apply are empty."""

    number: int
    file: str
    op: str
    section: str
    target: str
    old: str
    content: str
    after: str


@dataclass(frozen=True)
class Patch:
    """A patch as it was written; ``problems`` are edits that cannot be understood, in words."""

    path: str
    reasoning: str
    edits: tuple[Edit, ...]
    changelog: tuple[str, ...]
    problems: tuple[str, ...]


def patch_path(run: RunFolder) -> str | None:
    """Return the patch to apply, the translated one first; None when there is none."""
    for name in (TRANSLATED, FINAL):
        found = sorted((path for path in run.files if PurePosixPath(path).name == name), key=len)
        if found:
            return found[0]
    only = list(run.files)
    return only[0] if len(only) == 1 and only[0].endswith(".json") else None


def read_patch(run: RunFolder, path: str) -> Patch:
    """Read a patch.

    Raises:
        SourceProblem: it cannot be read, or is no patch.
    """
    document = as_mapping(run.read_json(path))
    rows = as_list(document.get("edits"))
    if not isinstance(document.get("edits"), list):
        raise SourceProblem(f"{path} is no patch of Trace2Skill: it has no list 'edits'.")
    if len(rows) > _MAX_EDITS:
        raise SourceProblem(
            f"{path} has {len(rows):,} edits; more than {_MAX_EDITS:,} are not read."
        )
    edits: list[Edit] = []
    problems: list[str] = []
    for number, value in enumerate(rows, start=1):
        row = as_mapping(value)
        edit = Edit(
            number,
            as_text(row.get("file")),
            _ALIASES.get(as_text(row.get("op")), as_text(row.get("op"))),
            as_text(row.get("target_section")),
            as_text(row.get("target_text")),
            as_text(row.get("old_text")),
            as_text(row.get("content")),
            as_text(row.get("after_section")),
        )
        problem = _path_problem(edit.file)
        if problem:
            problems.append(f"Edit {number} of {path} {problem}; left out.")
        else:
            edits.append(edit)
    log = document.get("changelog_entries", document.get("changelog"))
    entries = [log] if isinstance(log, str) else as_list(log)
    return Patch(
        path,
        as_text(document.get("reasoning")),
        tuple(edits),
        tuple(filter(None, map(as_text, entries))),
        tuple(problems),
    )


def _path_problem(file: str) -> str:
    pure = PurePosixPath(file)
    if not file:
        return "names no file"
    if pure.is_absolute() or ".." in pure.parts or "\\" in file or str(pure) != file:
        return f"names '{file[:80]}', which is no plain path in a skill"
    return ""


def merge_labels(run: RunFolder, path: str) -> dict[str, tuple[str, ...]]:
    """Return the patches before the final one, by level: "map", "merge_level_1" ..."""
    folder = path.rpartition("/")[0]
    levels: dict[str, list[str]] = {}
    for inside in run.below(folder):
        parts = inside.split("/")
        if len(parts) == 2 and parts[1].endswith(".json"):
            if parts[0] == "map_patches":
                levels.setdefault("map_patches", []).append(parts[1].removesuffix(".json"))
            elif parts[0].startswith("merge_level_"):
                levels.setdefault(parts[0], []).append(parts[1].removesuffix(".json"))
    order = sorted(levels, key=lambda level: (level != "map_patches", len(level), level))
    return {level: tuple(f"{level}/{name}" for name in sorted(levels[level])) for level in order}
