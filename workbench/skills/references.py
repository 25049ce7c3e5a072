"""Where the texts of a library name a skill: links, paths, prose, code, evaluation files.

A name of several words (``changelog-style``) is a reference wherever it stands as a whole. A name
that is a plain word too (``review``) counts only where it is marked as one: in backticks or bold,
as ``/review``, ``$review`` or ``plugin:review``, beside the word *skill*, under a key of that name,
or as what one is to see ("for tracking, see analytics"). In a path it counts where the path leads
to the skill's folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.skill import Library, ReadProblem, Skill
from workbench.files import sha256
from workbench.skills.library import SKIPPED
from workbench.skills.read import open_regular

ReferenceKind = Literal["path", "name", "key"]

MAX_TEXT: Final = 4 * 1024 * 1024
MAX_FILES: Final = 100_000

_PATH: Final = r"[\w.~@+{}$/-]"
_PATH_BEFORE: Final = re.compile(_PATH + r"{0,400}\Z")
_SKILL_KEY: Final = re.compile(r"[\"']?[\w-]*skills?[\w-]*[\"']?\s{0,3}[:=]", re.IGNORECASE)
_SKILL_BEFORE: Final = re.compile(r"\bskills?[\s:,`'\"*]{1,4}\Z", re.IGNORECASE)
_SKILL_AFTER: Final = re.compile(r"[`'\"*]{0,3}\s{1,3}skills?\b", re.IGNORECASE)
_COMMAND_BEFORE: Final = re.compile(r"(?:^|[\s`'\"(\[{,])[/$@]\Z")
#: "For tracking, see analytics." names a skill; "use video" may mean video.
_SEE_BEFORE: Final = re.compile(r"\bsee\s{1,3}(?:also\s{1,3})?\Z", re.IGNORECASE)
_PREFIX_BEFORE: Final = re.compile(r"[\w-]:\Z")


class TextFile(Struct, frozen=True):
    """A file of the library as text; bytes that are no UTF-8 are lone surrogates and come back."""

    path: str
    text: str
    sha256: str
    skill: str | None


class Reference(Struct, frozen=True):
    """A place that names the skill. Offsets are of characters in the file's text.

    ``sure`` ones are meant to change; the others are shown for a person to judge.
    """

    path: str
    start: int
    end: int
    line: int
    column: int
    context: str
    kind: ReferenceKind
    sure: bool


def library_texts(library: Library) -> tuple[tuple[TextFile, ...], tuple[ReadProblem, ...]]:
    """Return every text below the library's root, by path, and what could not be read."""
    root = Path(library.root)
    owners = {skill.id: skill.id for skill in library.skills}
    texts: list[TextFile] = []
    problems: list[ReadProblem] = []
    for path in _files(root):
        relative = path.relative_to(root).as_posix()
        try:
            with open_regular(path) as stream:
                content = stream.read(MAX_TEXT + 1)
        except OSError as problem:
            problems.append(ReadProblem(relative, f"It cannot be read: {problem.strerror}."))
            continue
        if len(content) > MAX_TEXT:
            problems.append(ReadProblem(relative, "It is too large to look for names in."))
        elif b"\0" not in content:
            owner = next(
                (
                    owners[folder.as_posix()]
                    for folder in PurePosixPath(relative).parents
                    if folder.as_posix() in owners
                ),
                None,
            )
            text = content.decode("utf-8", "surrogateescape")
            texts.append(TextFile(relative, text, sha256(content), owner))
    return tuple(texts), tuple(problems)


def _files(root: Path) -> Iterator[Path]:
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED)
        for name in sorted(files):
            path = Path(folder, name)
            if not path.is_symlink() and path.is_file():
                count += 1
                if count > MAX_FILES:
                    return
                yield path


def find_references(
    library: Library, skill: Skill, texts: Sequence[TextFile]
) -> tuple[Reference, ...]:
    """Return the places that name a skill, in the order of the files.

    Where several skills share its name, a mention counts for the one nearest to the file.
    """
    names = {skill.name, PurePosixPath(skill.path).name}
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])")
    others = [
        other.id for other in library.skills if other.id != skill.id and other.name == skill.name
    ]
    found: list[Reference] = []
    for text in texts:
        if not any(name in text.text for name in names):
            continue
        mine = all(_nearness(skill.id, text.path) >= _nearness(one, text.path) for one in others)
        for match in pattern.finditer(text.text):
            judged = _judge(library, skill, text, match)
            if judged is not None and (mine or judged[0] == "path"):
                found.append(_reference(text, match, *judged))
    return tuple(found)


def _nearness(skill_id: str, path: str) -> int:
    """Return how many folders from the root on a skill and a file have in common."""
    pairs = zip(PurePosixPath(skill_id).parts, PurePosixPath(path).parts, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _reference(text: TextFile, match: re.Match[str], kind: ReferenceKind, sure: bool) -> Reference:
    line_start = max(
        text.text.rfind("\n", 0, match.start()), text.text.rfind("\r", 0, match.start())
    )
    line_start += 1
    before = text.text[:line_start]
    line = before.count("\n") + before.count("\r") - before.count("\r\n") + 1
    _, before_it, after_it = _line_around(text.text, match)
    context = (before_it[-90:] + match.group() + after_it[:90]).strip()
    column = match.start() - line_start + 1
    return Reference(text.path, *match.span(), line, column, context, kind, sure)


def _line_around(text: str, match: re.Match[str]) -> tuple[str, str, str]:
    """Return the line, what stands on it before the match, and after; 1,000 characters at most."""
    before = re.split(r"[\r\n]", text[max(0, match.start() - 500) : match.start()])[-1]
    after = re.split(r"[\r\n]", text[match.end() : match.end() + 500], maxsplit=1)[0]
    return before + match.group() + after, before, after


def _judge(
    library: Library, skill: Skill, text: TextFile, match: re.Match[str]
) -> tuple[ReferenceKind, bool] | None:
    """Return the kind of a reference and whether it is one for sure; None where it is none."""
    _, before, after = _line_around(text.text, match)
    command = bool(_COMMAND_BEFORE.search(before))
    if (before.endswith("/") and not command) or after.startswith("/"):
        return _judge_path(library, skill, text, before, match.group())
    if before.endswith(("#", ".", "~", "=")) or re.match(r"\.\w|\(|=", after):
        return None  # an anchor, a file's suffix, an option, a call
    key = re.search(_SKILL_KEY.pattern + r"[^:]{0,200}\Z", before, re.IGNORECASE)
    if key is not None and re.search(r"[\[{:,=\s\"'-]\Z", before):
        return "key", True
    if _SKILL_BEFORE.search(before) or _SKILL_AFTER.match(after) or command:
        return "name", True
    marked = any(before.endswith(sign) and after.startswith(sign) for sign in ("`", "**"))
    if marked or _PREFIX_BEFORE.search(before) or "-" in match.group():
        return "name", True
    if _SEE_BEFORE.search(before) and re.match(r"[.,;)](?:\W|\Z)|\Z", after):
        return "name", True
    if re.search(r"\b(?:defer|refer|reference|switch|hand)\w*\s[\w\s]{0,20}\Z", before):
        return "name", False
    quoted = any(before.endswith(sign) and after.startswith(sign) for sign in ('"', "'"))
    return ("name", False) if quoted else None


def _judge_path(
    library: Library, skill: Skill, text: TextFile, before: str, name: str
) -> tuple[ReferenceKind, bool] | None:
    found = _PATH_BEFORE.search(before)
    path = (found.group() if found else "") + name
    if "://" in before[-500:] and re.search(r"://\S*\Z", before):
        return ("path", False)
    target = os.path.normpath(skill.path)
    bases = [Path(library.root, text.path).parent, Path(library.root)]
    if text.skill is not None:
        bases.append(Path(library.root, text.skill))
    if any(os.path.normpath(base / path) == target for base in bases):
        return ("path", True)
    parts = PurePosixPath(path).parts
    if len(parts) > 1 and parts[-2] == "skills":
        return ("path", True)
    return ("path", False) if "-" in name else None
