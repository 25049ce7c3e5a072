"""A small repository in which EvoSkill ran: three programs, two on the frontier."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.plugins.imports import write
from tests.plugins.inputs import PDF

_WHEN = "2026-01-02T03:04:05+00:00"


def git(folder: Path, *arguments: str) -> None:
    """Run git with fixed dates, so that commits have the same names every time."""
    dates = {"GIT_AUTHOR_DATE": _WHEN, "GIT_COMMITTER_DATE": _WHEN}
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | dates
    )


def add_program(
    root: Path, name: str, parent: str | None, score: float | None, files: dict[str, object]
) -> None:
    """Add a program branch on top of its parent's."""
    git(root, "checkout", "-q", *([f"program/{parent}"] if parent else ["--orphan", "start"]))
    git(root, "checkout", "-q", "-b", f"program/{name}")
    above = f"program/{parent}" if parent else "null"
    metadata = "{}" if score is None else f"\n  score: {score}"
    text = f"name: {name}\nparent: {above}\ngeneration: {len(name)}\nmetadata: {metadata}\n"
    write(root, {".claude/program.yaml": text, **files})
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", f"Create program: {name}")


def write_run(root: Path) -> None:
    """Write the repository; its work tree is left at the first program."""
    git(root, "init", "-q", "-b", "unused")
    skills = ".claude/skills"
    add_program(root, "base", None, 0.5, {f"{skills}/pdf/SKILL.md": PDF})
    add_program(root, "one", "base", 0.75, {f"{skills}/pdf/SKILL.md": PDF + "\nOne.\n"})
    add_program(
        root, "three", "one", 0.7, {f"{skills}/charts/SKILL.md": "---\nname: charts\n---\n"}
    )
    git(root, "tag", "frontier/one", "program/one")
    git(root, "tag", "frontier/three", "program/three")
    git(root, "checkout", "-q", "program/base")
