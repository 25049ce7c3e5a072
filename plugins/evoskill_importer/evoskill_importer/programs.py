"""The programs of an EvoSkill run.

Layout (src/registry/manager.py and models.py, 2026-05): branches ``program/<name>``, tags
``frontier/<name>``; each program has ``.claude/program.yaml`` (name, parent, generation,
metadata.score) and ``.claude/skills/<skill>/``.
"""

from __future__ import annotations

from dataclasses import dataclass

from evoskill_importer.repository import Repository
from workbench.plugin.api import (
    SourceProblem,
    as_count,
    as_mapping,
    as_number,
    as_text,
    front_and_body,
)

BRANCHES = "refs/heads/program/"
FRONTIER = "refs/tags/frontier/"
SKILLS = ".claude/skills/"
_CONFIGURATION = ".claude/program.yaml"
_MAX_CONFIGURATION = 60 << 10
_MAX_CONTENT = 16 << 20
_SKIPPED = {"120000": "is a link; links are never followed", "160000": "is another repository"}


@dataclass(frozen=True)
class Program:
    """One program; ``parent`` is a name without "program/", empty for the first."""

    name: str
    commit: str
    parent: str
    generation: int
    score: float | None
    is_frontier: bool


def read_programs(repository: Repository) -> tuple[list[Program], list[str]]:
    """Return the programs by name, and in words what was not understood."""
    frontier = repository.refs(FRONTIER)
    found: list[Program] = []
    problems: list[str] = []
    for name, commit in sorted(repository.refs(BRANCHES).items()):
        try:
            table = _configuration(repository, commit)
        except SourceProblem as problem:
            problems.append(f"program/{name}: {problem}")
            table = {}
        parent = as_text(table.get("parent")).removeprefix("program/")
        found.append(
            Program(
                name,
                commit,
                parent,
                as_count(table.get("generation")),
                as_number(as_mapping(table.get("metadata")).get("score")),
                name in frontier,
            )
        )
    return found, problems


def _configuration(repository: Repository, commit: str) -> dict[str, object]:
    found = repository.files(commit, _CONFIGURATION).get(_CONFIGURATION)
    if found is None or found[0] in _SKIPPED:
        raise SourceProblem(f"there is no {_CONFIGURATION}, so parent and score are not known.")
    if found[2] > _MAX_CONFIGURATION:
        raise SourceProblem(f"{_CONFIGURATION} has {found[2]:,} bytes; it was not read.")
    text = repository.blob(found[1]).decode("utf-8", "replace")
    table, _ = front_and_body(f"---\n{text.rstrip()}\n---\n")
    if not table:
        raise SourceProblem(f"{_CONFIGURATION} was not understood.")
    return table


def best_of(programs: list[Program]) -> Program | None:
    """Return the best score on the frontier, else of all; None when no program has a score."""
    frontier = [one for one in programs if one.is_frontier and one.score is not None]
    scored = frontier or [one for one in programs if one.score is not None]
    return max(scored, key=lambda one: (one.score or 0.0, one.name), default=None)


def skills_of(
    repository: Repository, program: Program
) -> tuple[dict[str, dict[str, bytes]], list[str]]:
    """Return the files of each skill of a program by skill folder, and what was left out."""
    skills: dict[str, dict[str, bytes]] = {}
    problems: list[str] = []
    for path, (mode, digest, size) in repository.files(program.commit, SKILLS).items():
        name, _, inside = path.removeprefix(SKILLS).partition("/")
        if mode in _SKIPPED:
            problems.append(f"{path} {_SKIPPED[mode]}; it was left out.")
        elif size > _MAX_CONTENT:
            problems.append(f"{path} has {size:,} bytes; it was left out.")
        elif inside:
            skills.setdefault(name, {})[inside] = repository.blob(digest)
    return {name: files for name, files in skills.items() if "SKILL.md" in files}, problems
