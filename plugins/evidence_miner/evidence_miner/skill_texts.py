"""The skills of the request, read from their copy: texts by path, with line ends as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.plugin.api import Request, SkillInput

_TEXT_SUFFIXES = frozenset(
    {".md", ".markdown", ".txt", ".mdx", ".rst", ".json", ".yaml", ".yml", ".toml", ".html"}
    | {".py", ".sh", ".js", ".mjs", ".ts", ".rb", ".pl", ".ps1", ".bash", ".zsh", ".r", ".css"}
)
_MAX_BYTES = 1 << 20
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*(?:\r?\n|\Z)", re.S | re.M)


@dataclass(frozen=True)
class SkillText:
    """A skill with its texts. Paths are posix and relative to the skill folder.

    ``texts`` are the files that are valid UTF-8, ``files`` all of them, ``executable`` those with
    the owner's bit for it. ``folder`` is where the copy lies.
    """

    id: str
    name: str
    description: str
    main: str
    files: tuple[str, ...]
    texts: dict[str, str]
    executable: frozenset[str] = frozenset()
    folder: str = ""

    @property
    def main_text(self) -> str:
        """SKILL.md, "" when it is not valid UTF-8."""
        return self.texts.get(self.main, "")

    @property
    def all_text(self) -> str:
        """Every text of the skill, SKILL.md first."""
        rest = (text for path, text in sorted(self.texts.items()) if path != self.main)
        return "\n".join((self.main_text, *rest))

    def data_of(self, path: str) -> bytes | None:
        """Return the bytes of one of its files, None where there is none to read."""
        file = Path(self.folder) / path
        if not self.folder or path not in self.files or file.is_symlink() or not file.is_file():
            return None
        return file.read_bytes()

    def library_path(self, path: str) -> str:
        """Return the path relative to the library."""
        return path if self.id == "." else f"{self.id}/{path}"


def read_skills(request: Request) -> list[SkillText]:
    """Read all skills, sorted by id."""
    return [_read(skill) for skill in sorted(request.skills, key=lambda skill: skill.id)]


def front_and_rest(text: str) -> tuple[str, str]:
    """Split a SKILL.md into its front matter with both fences ("" without one) and the rest."""
    found = _FRONT.match(text)
    return (found[0], text[found.end() :]) if found else ("", text)


def _read(skill: SkillInput) -> SkillText:
    folder = Path(skill.path)
    texts: dict[str, str] = {}
    executable: set[str] = set()
    for path in sorted(skill.files):
        file = folder / path
        if not file.is_symlink() and file.is_file() and file.stat().st_mode & 0o100:
            executable.add(path)
        if file.suffix.lower() not in _TEXT_SUFFIXES or not file.is_file() or file.is_symlink():
            continue
        if file.stat().st_size > _MAX_BYTES:
            continue
        try:
            texts[path] = file.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
    names = {path.casefold(): path for path in sorted(skill.files, reverse=True)}
    main = names.get("skill.md", "SKILL.md")
    return SkillText(
        skill.id,
        skill.name,
        skill.description,
        main,
        skill.files,
        texts,
        frozenset(executable),
        skill.path,
    )
