"""The verdict of the reference validator, message for message.

``skills-ref`` 0.1.1 (PyPI, 2026-01) as measured: rows 1-7 stop with one message, rows 8-21
accumulate in this order. Its quirks are kept on purpose; the helpful rules explain them. Where the
reference ends with a traceback we give an error that says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

SOURCE: Final = "skills-ref 0.1.1 (PyPI, 2026-01)"
KEYS: Final = ("allowed-tools", "compatibility", "description", "license", "metadata", "name")

#: StrictYAML takes time with the square of the lines (3,000 keys: 3 s).
MAX_LINES: Final = 4_000


class Verdict(Struct, frozen=True):
    """One message of the reference; ``key`` and ``line`` (of the file, from 1) tell where."""

    rule: str
    message: str
    key: str | None = None
    line: int | None = None


class _Crash(Exception):  # noqa: N818 - the reference's, not ours
    """The reference would end with a traceback."""


def validate_path(path: Path) -> tuple[Verdict, ...]:
    """Return what the reference says of a path, rows 1 to 21; SKILL.md stands for its folder."""
    if not path.exists():
        return (Verdict("path-missing", f"Path does not exist: {path}"),)
    if path.is_file() and path.name.lower() == "skill.md":
        path = path.parent
    if not path.is_dir():
        return (Verdict("not-a-folder", f"Not a directory: {path}"),)
    for name in ("SKILL.md", "skill.md"):
        if (path / name).exists():
            return validate_source((path / name).read_bytes(), path.name)
    return (missing_file(),)


def missing_file() -> Verdict:
    """Return row 3."""
    return Verdict("file-missing", "Missing required file: SKILL.md")


def validate_source(source: bytes, folder: str) -> tuple[Verdict, ...]:
    """Return what the reference says of a SKILL.md in a folder of that name, rows 4 to 21."""
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = source.count(b"\n", 0, problem.start) + 1
        return (_crashed(f"UnicodeDecodeError: {problem}", line),)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith("---"):
        return (
            Verdict("no-frontmatter", "SKILL.md must start with YAML frontmatter (---)", line=1),
        )
    parts = text.split("---", 2)
    if len(parts) < 3:
        message = "SKILL.md frontmatter not properly closed with ---"
        return (Verdict("not-closed", message, line=1),)
    front = parts[1]
    if front.count("\n") > MAX_LINES:
        message = (
            f"The front matter has more than {MAX_LINES:,} lines: the reference would need minutes "
            "for it, so it was not asked. Shorten it."
        )
        return (Verdict("too-long", message, line=1),)
    try:
        fields = _load(front)
    except _Crash as crash:
        return (_crashed(str(crash), None),)
    if isinstance(fields, Verdict):
        return (fields,)
    if not isinstance(fields, dict):
        return (Verdict("not-a-mapping", "SKILL.md frontmatter must be a YAML mapping", line=1),)
    return tuple(_check_fields(fields, folder))


def _crashed(what: str, line: int | None) -> Verdict:
    return Verdict(
        "crash", f"The reference validator {SOURCE} crashes on this file: {what}", line=line
    )


def _load(front: str) -> Any:
    """Return the front matter as StrictYAML reads it, or row 6."""
    import strictyaml

    try:
        return strictyaml.load(front).data
    except strictyaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
        line = None if mark is None else int(mark.line) + 1
        return Verdict("invalid-yaml", f"Invalid YAML in frontmatter: {problem}", line=line)
    except RecursionError as problem:
        raise _Crash("RecursionError: the front matter is nested too deep") from problem
    except Exception as problem:
        # Only YAMLError is caught by the reference; whatever else comes out of StrictYAML ends it.
        raise _Crash(f"{type(problem).__name__}: {problem}") from problem


def _check_fields(fields: dict[str, Any], folder: str) -> Iterator[Verdict]:
    unexpected = sorted(set(fields) - set(KEYS))
    if unexpected:
        yield Verdict(
            "unexpected-fields",
            f"Unexpected fields in frontmatter: {', '.join(unexpected)}. "
            f"Only {list(KEYS)} are allowed.",
            unexpected[0],
        )
    if "name" not in fields:
        yield Verdict("name-missing", "Missing required field in frontmatter: name")
    else:
        yield from _check_name(fields["name"], folder)
    if "description" not in fields:
        yield Verdict("description-missing", "Missing required field in frontmatter: description")
    else:
        yield from _check_description(fields["description"])
    if "compatibility" in fields:
        yield from _check_compatibility(fields["compatibility"])


def _check_name(value: Any, folder: str) -> Iterator[Verdict]:
    if not isinstance(value, str) or not value.strip():
        yield Verdict("name-empty", "Field 'name' must be a non-empty string", "name")
        return
    name = unicodedata.normalize("NFKC", value.strip())
    if len(name) > 64:
        message = f"Skill name '{name}' exceeds 64 character limit ({len(name)} chars)"
        yield Verdict("name-too-long", message, "name")
    if name != name.lower():
        yield Verdict("name-not-lowercase", f"Skill name '{name}' must be lowercase", "name")
    if name.startswith("-") or name.endswith("-"):
        message = "Skill name cannot start or end with a hyphen"
        yield Verdict("name-edge-hyphen", message, "name")
    if "--" in name:
        message = "Skill name cannot contain consecutive hyphens"
        yield Verdict("name-double-hyphen", message, "name")
    if not all(character.isalnum() or character == "-" for character in name):
        message = (
            f"Skill name '{name}' contains invalid characters. "
            "Only letters, digits, and hyphens are allowed."
        )
        yield Verdict("name-characters", message, "name")
    if unicodedata.normalize("NFKC", folder) != name:
        message = f"Directory name '{folder}' must match skill name '{name}'"
        yield Verdict("name-not-folder", message, "name")


def _check_description(value: Any) -> Iterator[Verdict]:
    if not isinstance(value, str) or not value.strip():
        message = "Field 'description' must be a non-empty string"
        yield Verdict("description-empty", message, "description")
    elif len(value) > 1024:
        message = f"Description exceeds 1024 character limit ({len(value)} chars)"
        yield Verdict("description-too-long", message, "description")


def _check_compatibility(value: Any) -> Iterator[Verdict]:
    if not isinstance(value, str):
        message = "Field 'compatibility' must be a string"
        yield Verdict("compatibility-not-a-string", message, "compatibility")
    elif len(value) > 500:
        message = f"Compatibility exceeds 500 character limit ({len(value)} chars)"
        yield Verdict("compatibility-too-long", message, "compatibility")
