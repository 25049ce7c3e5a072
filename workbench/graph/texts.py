"""The text files of a skill, line by line, for the extractors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from workbench.domain.skill import Skill
from workbench.files import FileProblem, confined

#: Larger files are data, not prose or programs; they would only slow the extractors down.
MAX_BYTES = 512 * 1024
_PROSE = {".md", ".markdown", ".txt"}
_PROGRAMS = {".sh", ".bash", ".zsh", ".py", ".js", ".ts", ".rb", ".pl", ".ps1"}


class TextFile:
    """One text file; ``path`` is relative to the library root (posix)."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their line ends."""
        return self.text.splitlines()

    @property
    def is_prose(self) -> bool:
        """Whether it is Markdown or plain text rather than a program."""
        return PurePosixPath(self.path).suffix.lower() in _PROSE

    @property
    def is_shell(self) -> bool:
        """Whether a shell reads it."""
        return PurePosixPath(self.path).suffix.lower() in {".sh", ".bash", ".zsh"} or bool(
            self.lines and self.lines[0].startswith("#!") and self.lines[0].rstrip().endswith("sh")
        )


def skill_texts(skill: Skill) -> Iterator[TextFile]:
    """Yield SKILL.md (as read), then the skill's other prose and programs.

    A file that cannot be read any more is passed over: the library reports it.
    """
    yield TextFile(skill.library_path(skill.skill_md), skill.text)
    for file in skill.files:
        suffix = PurePosixPath(file.path).suffix.lower()
        if file.kind in ("skill_md", "link") or file.size > MAX_BYTES:
            continue
        if suffix not in _PROSE | _PROGRAMS:
            continue
        try:
            raw = confined(Path(skill.path), file.path).read_bytes()
        except (FileProblem, OSError):
            continue
        yield TextFile(skill.library_path(file.path), raw.decode("utf-8", "replace"))
