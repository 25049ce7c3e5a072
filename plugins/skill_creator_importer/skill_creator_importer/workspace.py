"""The layout of a skill-creator workspace.

``iteration-N/<eval>/{with_skill,without_skill,old_skill}[/run-K]/grading.json`` with an optional
``iteration-N/benchmark.json`` and ``feedback.json``; ``skill-snapshot/`` is the skill before; in
improve mode ``history.json`` names versions ``vN`` (skill-creator's references/schemas.md, 2026).
A version of the skill is any other folder in an iteration or version with a SKILL.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.plugin.api import RunFolder, SourceProblem, as_list, as_mapping, as_number, as_text

_ITERATION = re.compile(r"(?:iteration-|v)(\d{1,6})")
CONFIGURATIONS = ("with_skill", "without_skill", "old_skill", "new_skill")
_SNAPSHOT = "skill-snapshot"


@dataclass(frozen=True)
class Iteration:
    """One round: its folder, its number and the folder with the skill's version, if it has one."""

    folder: str
    number: int
    skill: str | None


def iterations(run: RunFolder) -> tuple[Iteration, ...]:
    """Return the rounds of a workspace by number; none when it is no workspace."""
    if _ITERATION.fullmatch(run.name) and _has_runs(run, ""):
        return (Iteration("", _number(run.name), _skill_in(run, "")),)
    found = [
        Iteration(folder, _number(folder), _skill_in(run, folder))
        for folder in run.folders()
        if _ITERATION.fullmatch(folder)
    ]
    found = [one for one in found if one.skill is not None or _has_runs(run, one.folder)]
    return tuple(sorted(found, key=lambda one: (one.number, one.folder)))


def _number(name: str) -> int:
    found = _ITERATION.fullmatch(name)
    return int(found[1]) if found else 0


def _has_runs(run: RunFolder, folder: str) -> bool:
    return any(
        path in ("benchmark.json", "grading.json")
        or (path.endswith("/grading.json") and set(path.split("/")) & set(CONFIGURATIONS))
        for path in run.below(folder)
    )


def _skill_in(run: RunFolder, folder: str) -> str | None:
    """Return the folder of a skill's version; what runs wrote in their outputs is none."""
    below = sorted(run.below(folder), key=lambda path: (path.count("/"), path))
    for path in below:
        parts = path.split("/")
        if parts[-1] == "SKILL.md" and not set(parts) & {*CONFIGURATIONS, "outputs", _SNAPSHOT}:
            inner = "/".join(parts[:-1])
            return "/".join(filter(None, (folder, inner)))
    return None


def skill_names(run: RunFolder, rounds: tuple[Iteration, ...]) -> tuple[str, ...]:
    """Return what the workspace says its skill is called, best first."""
    names: list[str] = []
    places = ["history.json", "benchmark.json"]
    places += [f"{one.folder}/benchmark.json" for one in reversed(rounds) if one.folder]
    for path in places:
        if path in run.files:
            try:
                document = as_mapping(run.read_json(path))
            except SourceProblem:
                continue  # told where its scores are read
            names.append(as_text(document.get("skill_name")))
            names.append(as_text(as_mapping(document.get("metadata")).get("skill_name")))
    root = run.root.parent.name if _ITERATION.fullmatch(run.name) else run.name
    names.append(root.removesuffix("-workspace").removesuffix("_workspace"))
    return tuple(filter(None, names))


@dataclass(frozen=True)
class Graded:
    """A graded run: its eval, configuration, pass rate and expectations that failed."""

    evaluation: str
    configuration: str
    pass_rate: float | None
    failed: tuple[str, ...]


def graded_runs(run: RunFolder, folder: str) -> tuple[list[Graded], list[str]]:
    """Return the graded runs of a round, and in words what could not be read."""
    found: list[Graded] = []
    problems: list[str] = []
    for inside, path in run.below(folder).items():
        parts = inside.split("/")
        configuration = next((part for part in parts if part in CONFIGURATIONS), "")
        if parts[-1] != "grading.json" or not configuration:
            continue
        try:
            document = as_mapping(run.read_json(path))
        except SourceProblem as problem:
            problems.append(str(problem))
            continue
        expectations = [as_mapping(one) for one in as_list(document.get("expectations"))]
        verdicts = [one.get("passed") for one in expectations]
        rate = as_number(as_mapping(document.get("summary")).get("pass_rate"))
        if rate is None and verdicts and all(isinstance(one, bool) for one in verdicts):
            rate = sum(one is True for one in verdicts) / len(verdicts)
        if rate is None:
            problems.append(f"{path} has no pass rate; it does not count.")
        failed = [one for one in expectations if one.get("passed") is False]
        found.append(
            Graded(
                "/".join(parts[: parts.index(configuration)]),
                configuration,
                rate,
                tuple(_expectation(one) for one in failed),
            )
        )
    return found, problems


def _expectation(row: dict[str, object]) -> str:
    evidence = " ".join(as_text(row.get("evidence")).split())
    return (as_text(row.get("text")) or "an expectation without text") + (
        f" ({evidence[:200]})" if evidence else ""
    )


def feedback(run: RunFolder, folder: str) -> tuple[list[str], list[str]]:
    """Return what people said of a round's outputs, and what could not be read."""
    path = f"{folder}/feedback.json" if folder else "feedback.json"
    if path not in run.files:
        return [], []
    try:
        rows = as_list(as_mapping(run.read_json(path)).get("reviews"))
    except SourceProblem as problem:
        return [], [str(problem)]
    said = []
    for row in map(as_mapping, rows):
        text = " ".join(as_text(row.get("feedback")).split())
        if text:
            said.append(f"{as_text(row.get('run_id')) or 'a run'}: {text}")
    return said, []
