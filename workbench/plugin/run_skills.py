"""Which skill of the library a text of a finished run belongs to, and the changes it comes to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from workbench.domain.job import Request, SkillInput
from workbench.domain.proposal import Change
from workbench.plugin.run_folder import MAX_CONTENT_BYTES, MAX_TEXT_BYTES, SourceProblem

SKILL_FILES = ("SKILL.md", "skill.md")
_LEFTOVERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__pycache__"})
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.S | re.M)
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_MAX_FRONT = 64 << 10
_MAX_NAME = 64


class SkillFinder:
    """The skills of a request, by id, name or folder."""

    def __init__(self, request: Request) -> None:
        self._skills = request.skills
        self._library = Path(request.library)

    def find(self, *names: str) -> SkillInput | None:
        """Return the skill that the first of ``names`` says without doubt; None when none does."""
        for name in filter(None, names):
            wanted = _plain(PurePosixPath(name).name)
            for hits in (
                [skill for skill in self._skills if skill.id == name],
                [skill for skill in self._skills if wanted and _plain(skill.name) == wanted],
                [skill for skill in self._skills if wanted and _last(skill) == wanted],
            ):
                if len(hits) == 1:
                    return hits[0]
        return None

    def chosen(self, name: object) -> SkillInput | None:
        """Return the skill a setting names; None when the setting is empty.

        Raises:
            SourceProblem: the library has no such skill, or several.
        """
        if not isinstance(name, str) or not name.strip():
            return None
        found = self.find(name.strip())
        if found is None:
            known = ", ".join(skill.id for skill in self._skills[:20]) or "none"
            raise SourceProblem(
                f"The library has no one skill '{name}' (setting 'skill'). There are: {known}."
            )
        return found

    def new_folder(self, name: str) -> str:
        """Return the folder of a new skill: beside the others, where they have one place.

        Raises:
            SourceProblem: no folder can be made of the name, or it is taken.
        """
        slug = slug_of(name)
        if not slug:
            raise SourceProblem(f"No folder can be named after '{name[:80]}'.")
        if any(skill.id == "." for skill in self._skills):
            raise SourceProblem(
                f"'{slug}' is another skill than the one that is open. Open the folder above it, "
                "or say with the setting 'skill' where its text belongs."
            )
        places = {str(PurePosixPath(skill.id).parent) for skill in self._skills}
        place = places.pop() if len(places) == 1 else "."
        folder = slug if place == "." else f"{place}/{slug}"
        if (self._library / folder).exists():
            raise SourceProblem(f"A new skill '{slug}' has no place: {folder} is there already.")
        return folder


def slug_of(name: str) -> str:
    """Return a name as the Agent Skills specification has it: small letters, digits, hyphens."""
    words = re.findall(r"[a-z0-9]+", name.casefold())
    slug = ""
    for word in words:
        if len(slug) + len(word) + 1 > _MAX_NAME:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or "".join(words)[:_MAX_NAME]


def _last(skill: SkillInput) -> str:
    return _plain(PurePosixPath(skill.id).name)


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "-", name.strip().casefold())


def front_and_body(text: str) -> tuple[dict[str, object], str]:
    """Split a skill's text; the front matter is empty when there is none that can be read."""
    import yaml  # here, so that a worker that reads no skill starts without it

    found = _FRONT.match(text[:_MAX_FRONT])
    if found is None:
        return {}, text
    try:
        front = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    return (front, text[found.end() :]) if isinstance(front, dict) else ({}, text)


def skill_file(skill: SkillInput) -> tuple[str, bytes]:
    """Return path (relative to the library) and bytes of a skill's SKILL.md.

    Raises:
        SourceProblem: it cannot be read.
    """
    name = next((one for one in SKILL_FILES if one in skill.files), SKILL_FILES[0])
    try:
        return path_in(skill, name), (Path(skill.path) / name).read_bytes()
    except OSError as problem:
        raise SourceProblem(f"{skill.id}/{name} cannot be read: {problem.strerror}.") from problem


def path_in(skill: SkillInput, path: str) -> str:
    """Return the path of a skill's file relative to the library."""
    return path if skill.id == "." else f"{skill.id}/{path}"


def text_with_body(skill: SkillInput, body: str, description: str = "") -> str:
    """Return the skill's SKILL.md with another body, and another description where one is given.

    All else of the front matter and its line ends stay as they are.

    Raises:
        SourceProblem: the skill's file cannot be read, or is no UTF-8.
    """
    path, data = skill_file(skill)
    try:
        ours = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise SourceProblem(f"{path} is not UTF-8, so its text cannot be replaced.") from problem
    found = _FRONT.match(ours.removeprefix("\ufeff"))
    front = found[0] if found else ""
    if description and str(front_and_body(front)[0].get("description", "")).strip() != description:
        front = _with_description(front, description)
    rest = body.lstrip("\r\n")
    gap = re.match(
        r"(?:[ \t]*\r?\n)*", ours.removeprefix("\ufeff")[len(found[0]) :] if found else ""
    )
    mark = "\ufeff" if ours.startswith("\ufeff") else ""
    return with_line_ends_of(ours, mark + front + (gap[0] if gap else "") + rest)


def _with_description(front: str, description: str) -> str:
    line = f"description: {_quoted(description)}\n"
    pattern = re.compile(r"^description:.*\n(?:(?:[ \t]+.*|[ \t]*\r?)\n)*", re.M)
    if pattern.search(front):
        return pattern.sub(lambda _: line, front, count=1)
    return re.sub(r"^---[ \t]*\r?\n\Z", lambda end: line + end[0], front, flags=re.M)


def new_skill_text(folder: str, body: str, description: str) -> str:
    """Return the SKILL.md of a new skill, with the two fields the specification asks for."""
    name = PurePosixPath(folder).name
    line = f"description: {_quoted(' '.join(description.split()))}"
    return f"---\nname: {name}\n{line}\n---\n\n{body.lstrip()}"


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar: JSON, with what YAML does not take as it is escaped."""
    return _NOT_YAML.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def with_line_ends_of(ours: str, text: str) -> str:
    """Give a text CRLF where ours has it everywhere and the text, apart from ours, has LF."""
    newlines = ours.count("\n")
    if newlines and ours.count("\r\n") == newlines:
        return re.sub(r"\r?\n", "\r\n", text)
    return text


def tree_changes(
    skill: SkillInput | None,
    folder: str,
    files: Mapping[str, bytes],
    *,
    keep_blob: Callable[[bytes], str],
    is_whole: bool,
) -> tuple[Change, ...]:
    """Return the changes that turn a skill's files into ``files`` (by their path in the skill).

    Args:
        skill: the skill as it is; None for a new one.
        folder: its folder in the library, "." for the top.
        files: the other version.
        keep_blob: keeps binary content and returns its SHA-256.
        is_whole: ``files`` are all of them, so that what is not there is deleted.
    """
    prefix = "" if folder == "." else f"{folder}/"
    changes: list[Change] = []
    ours = {name for name in skill.files if not _is_leftover(name)} if skill else set()
    for name in sorted(ours | files.keys()):
        path = prefix + name
        if name not in files:
            if is_whole:
                changes.append(Change(path, path, "delete"))
            continue
        if _is_leftover(name):
            continue
        before = _bytes_of(skill, name) if name in ours and skill else None
        change = _written(path, before, files[name], keep_blob)
        if change is not None:
            changes.append(change)
    return tuple(changes)


def _written(
    path: str, before: bytes | None, after: bytes, keep_blob: Callable[[bytes], str]
) -> Change | None:
    text = _as_text(after)
    old = _as_text(before) if before is not None else None
    if text is not None and old is not None:
        text = with_line_ends_of(old, text)
        return None if text == old else Change(path, path, "write", new_text=text)
    if after == before:
        return None
    if text is not None:
        return Change(path, path, "write", new_text=text)
    return Change(path, path, "write", blob=keep_blob(after))


def _bytes_of(skill: SkillInput, name: str) -> bytes | None:
    path = Path(skill.path) / name
    try:
        return path.read_bytes() if path.stat().st_size <= MAX_CONTENT_BYTES else None
    except OSError:
        return None


def _as_text(data: bytes) -> str | None:
    if len(data) > MAX_TEXT_BYTES or b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_leftover(path: str) -> bool:
    return bool(_LEFTOVERS & set(PurePosixPath(path).parts)) or path.endswith(".pyc")
