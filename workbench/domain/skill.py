"""A skill folder as read from disk, without loss."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.text import Span

FileKind = Literal["skill_md", "script", "reference", "asset", "other", "link"]
Newline = Literal["none", "lf", "crlf", "cr", "mixed"]


class FrontMatterEntry(Struct, frozen=True):
    """One top-level key of the front matter, in file order.

    ``value`` is the YAML value as JSON-like Python (str, int, float, bool, None, list, dict).
    ``span`` covers the whole entry with its line end, ``value_span`` the value's own bytes.
    """

    key: str
    value: object
    span: Span
    key_span: Span
    value_span: Span
    line: int


class FrontMatter(Struct, frozen=True):
    """The YAML block; ``span`` covers the text between the fences, ``outer`` includes them.

    ``error`` holds the YAML problem in words (then ``entries`` has what could still be told apart).
    """

    entries: tuple[FrontMatterEntry, ...]
    span: Span
    outer: Span
    error: str | None = None
    error_line: int | None = None
    duplicate_keys: tuple[str, ...] = ()

    def get(self, key: str) -> FrontMatterEntry | None:
        """Return the last entry of that key, which is the one YAML keeps."""
        for entry in reversed(self.entries):
            if entry.key == key:
                return entry
        return None


class SkillFile(Struct, frozen=True):
    """A file in the skill folder. ``path`` is posix and relative to the folder.

    Links are listed (``kind="link"``, ``target``) and never followed; their ``sha256`` is that of
    the target text.
    """

    path: str
    kind: FileKind
    size: int
    sha256: str
    executable: bool = False
    target: str | None = None


class ReadProblem(Struct, frozen=True):
    """Something that could not be read as it should; the rest of the skill is there."""

    path: str
    message: str


class Skill(Struct, frozen=True):
    """One skill. ``id`` is its folder relative to the library root (posix; "." for the root).

    ``source`` is SKILL.md byte for byte; ``body`` is the span after the front matter.
    ``tree_hash`` is the SHA-256 over the sorted (path, mode, hash) of all files. ``nested`` are the
    folders inside that are skills of their own: their files are not among ``files``.
    """

    id: str
    root: str
    path: str
    name: str
    description: str
    skill_md: str
    source: bytes
    body: Span
    front_matter: FrontMatter | None
    files: tuple[SkillFile, ...]
    tree_hash: str
    newline: Newline = "lf"
    bom: bool = False
    valid_utf8: bool = True
    problems: tuple[ReadProblem, ...] = ()
    nested: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """SKILL.md as text; bytes that are not UTF-8 become lone surrogates and round-trip."""
        return self.source.decode("utf-8", "surrogateescape")

    @property
    def body_text(self) -> str:
        """The Markdown after the front matter, as ``text`` decodes it."""
        return self.source[self.body.start : self.body.end].decode("utf-8", "surrogateescape")

    def library_path(self, path: str) -> str:
        """Return the path of one of its files as one relative to the library root."""
        return path if self.id == "." else f"{self.id}/{path}"


class Library(Struct, frozen=True):
    """All skills below one folder. ``problems`` are of folders that could not be read."""

    root: str
    skills: tuple[Skill, ...]
    problems: tuple[ReadProblem, ...] = ()

    def skill(self, skill_id: str) -> Skill | None:
        """Return the skill of that id, or None."""
        return next((skill for skill in self.skills if skill.id == skill_id), None)
