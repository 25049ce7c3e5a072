"""Links and paths in a skill's Markdown that lead to a file of the skill that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from markdown_it import MarkdownIt

from evidence_miner.skill_texts import SkillText

_parser = MarkdownIt("commonmark")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:|^//|^#|^/")
#: Variables that clients replace, and words that stand for a name: nothing can be said of them.
_PLACEHOLDER = re.compile(
    r"[{}<>$*|]|\.\.\.|…|\bpath/to\b|\b(?:your|my|example|some)[-_]|\bfoo\b|\bbar\b|^(?:url|link|path)$",
    re.IGNORECASE,
)
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*\r?\n", re.S | re.M)
_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.S | re.M)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
#: A path written without a link, in prose or code: in the folders a skill has by convention.
_MENTION = re.compile(
    r"(?<![\w./\\-])((?:references|scripts|assets)/(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.[A-Za-z]\w{0,7})(?![\w/-])"
)


@dataclass(frozen=True)
class DeadLink:
    """A link of a Markdown file to a file that is not there.

    ``written`` is the destination as it stands in the text, ``target`` the path it means, relative
    to the skill, or to the library when ``sibling``; ``line`` counts from 1, ``start`` is where
    ``written`` stands in the text. ``mention``: a path in prose or code, no link.
    """

    path: str
    written: str
    target: str
    line: int
    start: int
    mention: bool = False
    sibling: bool = False


def dead_links(skill: SkillText, skills: Sequence[SkillText]) -> list[DeadLink]:
    """Return the dead links and paths of a skill's Markdown files, by file and place.

    What leaves the skill is judged only when it names another skill's SKILL.md: what else lies
    beside the skills is not known here.
    """
    library = frozenset(one.library_path(path) for one in skills for path in one.files)
    elsewhere = frozenset(path for one in skills if one.id != skill.id for path in one.files)
    found: list[DeadLink] = []
    for path, text in sorted(skill.texts.items()):
        if path.lower().endswith((".md", ".markdown")):
            linked = list(_dead_in(skill, path, text, library))
            taken = {link.start for link in linked}
            mentions = _dead_mentions(skill, path, text, elsewhere)
            linked += [link for link in mentions if link.start not in taken]
            found += sorted(linked, key=lambda link: link.start)
    return found


def _dead_in(skill: SkillText, path: str, text: str, library: frozenset[str]) -> Iterator[DeadLink]:
    searched = _masked(text)
    position = 0
    seen: set[int] = set()
    for destination in _destinations(text):
        place = _find_destination(searched, destination, position)
        if place is not None:
            position = place[0] + 1
        else:
            # A definition (``[name]: path``) may stand before the link that uses it.
            place = _find_destination(searched, destination, 0)
        if place is None or place[0] in seen:
            continue
        start, written = place
        seen.add(start)
        line = text.count("\n", 0, start) + 1
        target = _target(skill, path, written, library)
        if target is not None:
            yield DeadLink(path, written, target, line, start)
            continue
        sibling = _sibling(skill, path, written, library)
        if sibling is not None:
            yield DeadLink(path, written, sibling, line, start, sibling=True)


def _dead_mentions(
    skill: SkillText, path: str, text: str, elsewhere: frozenset[str]
) -> Iterator[DeadLink]:
    """Yield paths like ``references/x.md`` of a folder the skill has, or a reference.

    ``scripts/`` and ``assets/`` are often those of the user's project; a path that another skill of
    the library has may be meant there.
    """
    folders = {name.split("/", 1)[0] for name in skill.files if "/" in name}
    plain = _FRONT_MATTER.sub(_blank, _COMMENT.sub(_blank, text))
    for match in _MENTION.finditer(plain):
        written = match[1]
        here = _normal(str(PurePosixPath(path).parent / written))
        if written in skill.files or here in skill.files or written in elsewhere:
            continue
        if _PLACEHOLDER.search(written) or text[: match.start()].endswith(("](", "<", "}")):
            continue
        if written.split("/", 1)[0] in folders:
            yield DeadLink(
                path, written, written, text.count("\n", 0, match.start()) + 1, match.start(), True
            )


def _destinations(text: str) -> Iterator[str]:
    """Yield the destinations of links and images as CommonMark reads them, in order."""
    body = _FRONT_MATTER.sub("", text)
    for block in _parser.parse(body):
        for token in block.children or ():
            value = token.attrGet("href" if token.type == "link_open" else "src")
            if token.type in ("link_open", "image") and isinstance(value, str) and value:
                yield value


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _masked(text: str) -> str:
    """Blank out front matter, code and comments: a link in an example is none."""
    for pattern in (_FRONT_MATTER, _FENCED, _COMMENT, _CODE_SPAN):
        text = pattern.sub(_blank, text)
    return text


def _find_destination(text: str, destination: str, start: int) -> tuple[int, str] | None:
    """Return where a destination stands and how it is written; the parser percent-encodes it."""
    for written in dict.fromkeys((destination, unquote(destination))):
        pattern = rf"(?:\]\(\s*<?|^ {{0,3}}\[[^\]\n]+\]:\s*<?)({re.escape(written)})(?=[)>\s]|$)"
        match = re.compile(pattern, re.MULTILINE).search(text, start)
        if match is not None:
            return match.start(1), written
    return None


def _target(skill: SkillText, path: str, written: str, library: frozenset[str]) -> str | None:
    """Return the path inside the skill that a destination means, when nothing is there."""
    plain = _plain(written)
    if plain is None:
        return None
    from_file = _normal(str(PurePosixPath(path).parent / plain))
    inside = [one for one in (from_file, _normal(plain)) if one is not None]
    if not inside or any(one in skill.files for one in inside):
        return None
    if any(skill.library_path(one) in library for one in inside):
        return None
    return inside[0]


def _sibling(skill: SkillText, path: str, written: str, library: frozenset[str]) -> str | None:
    """Return the path in the library of another skill's SKILL.md that is not there."""
    plain = _plain(written)
    if plain is None or not plain.startswith("../") or not plain.endswith("/SKILL.md"):
        return None
    target = _normal(str(PurePosixPath(skill.library_path(path)).parent / plain))
    return target if target is not None and target not in library else None


def _plain(written: str) -> str | None:
    """Return the path of a destination; None for addresses, placeholders and folders."""
    plain = unquote(re.split(r"[#?]", written, maxsplit=1)[0])
    if not plain or _SCHEME.match(written) or _PLACEHOLDER.search(plain):
        return None
    # Without an ending it may mean anything: a folder, a page of a wiki.
    return plain if "." in plain.rpartition("/")[2] else None


def _normal(path: str) -> str | None:
    """Resolve ``.`` and ``..``; None for what leaves the skill: what lies there is not known."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
