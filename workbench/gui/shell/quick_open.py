"""Ctrl+P: skills, their files, and traces by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.gui.shell.picker import Choice

if TYPE_CHECKING:
    from workbench.gui.shell.context import AppContext


def quick_open_choices(context: AppContext) -> list[Choice]:
    """Return everything that can be opened: skills first, then other files, then traces."""
    skills: list[Choice] = []
    files: list[Choice] = []
    library = context.library
    for skill in library.skills if library else ():
        folder = Path(skill.path)
        skills.append(
            _file_choice(
                context, skill.name or folder.name, skill.id, "skill", folder / skill.skill_md
            )
        )
        files += [
            _file_choice(
                context, file.path, skill.id, file.kind.replace("_", " "), folder / file.path
            )
            for file in skill.files
            if file.kind not in ("skill_md", "link")
        ]
    return (
        skills
        + files
        + [
            _trace_choice(context, trace.path, trace.trajectory.id, trace.trajectory.title)
            for trace in context.traces
        ]
    )


def _file_choice(context: AppContext, text: str, detail: str, hint: str, path: Path) -> Choice:
    def run() -> None:
        context.request_file(path)

    return Choice(text, run, "" if detail in (".", text) else detail, hint)


def _trace_choice(context: AppContext, path: Path, trajectory: str, title: str) -> Choice:
    def run() -> None:
        context.request_trace(path, trajectory)

    return Choice(path.name, run, title, "trace")
