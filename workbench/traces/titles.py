"""What a trace is called where it has to be told from others."""

from __future__ import annotations

from pathlib import PurePath

from workbench.domain.trajectory import Trajectory


def title_of(one: Trajectory) -> str:
    """Return the recorded title; else what was asked first, the name of the file, the id."""
    if one.title:
        return one.title
    asked = next((step.preview for step in one.steps[:20] if step.kind == "user"), "")
    path = one.sources[0].path if one.sources else ""
    return " ".join(asked.split()) or PurePath(path).stem or one.id
