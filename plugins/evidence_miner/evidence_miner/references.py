"""Detector 4: links that lead nowhere, mended where one file can be meant; unmentioned files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from markdown_it import MarkdownIt
from rapidfuzz import fuzz

from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session
from evidence_miner.skill_texts import SkillText
from workbench.plugin.api import Change, PastDecision, ProposalDraft

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
#: Likeness of file names from which one is taken for the other (measured: 71 to 78 % right).
CLOSE = 80.0
_LEAD = 8.0
_UNREFERENCED_OK = re.compile(
    r"(?:^|/)(?:\.|licen[cs]e|notice|readme|changelog|contributing|__init__\.py|package(?:-lock)?\.json|"
    r"requirements[\w-]*\.txt|pyproject\.toml|skill\.md|metadata\.json)|(?:^|/)(?:evals?|tests?|agents|"
    r"node_modules|fonts?|\.git)/",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class DeadLink:
    """A link of a Markdown file to a file of the skill that is not there.

    ``written`` is the destination as it stands in the text, ``target`` the path it means, relative
    to the skill; ``line`` counts from 1; ``start`` is the offset of ``written`` in the text.
    """

    path: str
    written: str
    target: str
    line: int
    start: int


def dead_links(skill: SkillText, library_files: frozenset[str]) -> list[DeadLink]:
    """Return the dead links of a skill's Markdown files to files inside the skill or a sibling."""
    found: list[DeadLink] = []
    for path, text in sorted(skill.texts.items()):
        if path.lower().endswith((".md", ".markdown")):
            found += _dead_in(skill, path, text, library_files)
    return found


def close_file(skill: SkillText, link: DeadLink) -> str | None:
    """Return the one file of the skill that can be meant, None for none or several."""
    wanted = PurePosixPath(link.target)
    files = [path for path in skill.files if path not in (link.path, skill.main)]
    moved = [
        path for path in files if PurePosixPath(path).name.casefold() == wanted.name.casefold()
    ]
    if moved:
        return moved[0] if len(moved) == 1 else None
    scored = sorted(
        (
            (fuzz.ratio(wanted.stem.casefold(), PurePosixPath(path).stem.casefold()), path)
            for path in files
            if PurePosixPath(path).suffix.lower() == wanted.suffix.lower()
        ),
        reverse=True,
    )
    if not scored or scored[0][0] < CLOSE:
        return None
    if len(scored) > 1 and scored[1][0] > scored[0][0] - _LEAD:
        return None
    return scored[0][1]


def reference_drafts(
    skills: Sequence[SkillText], sessions: Sequence[Session], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield repairs of dead links, the dead links nobody can mend, and the unmentioned files."""
    everything = frozenset(skill.library_path(path) for skill in skills for path in skill.files)
    for skill in skills:
        links = dead_links(skill, everything)
        meant = {link: close_file(skill, link) for link in links}
        mended = {link: path for link, path in meant.items() if path is not None}
        mended = {
            link: path
            for link, path in mended.items()
            if not _was_refused(skill, link, path, history)
        }
        if mended:
            yield _repair(skill, mended, sessions)
        lost = [link for link in links if meant[link] is None]
        if lost:
            yield _lost(skill, lost, sessions)
        unmentioned = unmentioned_files(skill)
        if unmentioned:
            yield _unmentioned(skill, unmentioned)


def unmentioned_files(skill: SkillText) -> list[str]:
    """Return bundled files that no text of the skill names, by path, name, or folder."""
    found: list[str] = []
    for path in sorted(skill.files):
        if _UNREFERENCED_OK.search(path) or path == skill.main:
            continue
        others = (text for other, text in skill.texts.items() if other != path)
        told = "\n".join(others).casefold()
        pure = PurePosixPath(path)
        names = {pure.name, pure.stem if len(pure.stem) > 3 else pure.name}
        names |= {f"{parent}/" for parent in map(str, pure.parents) if parent != "."}
        if not any(name.casefold() in told for name in names):
            found.append(path)
    return found


def _dead_in(
    skill: SkillText, path: str, text: str, library_files: frozenset[str]
) -> Iterator[DeadLink]:
    searched = _masked(text)
    position = 0
    seen: set[int] = set()
    for written in _destinations(text):
        at = _find_destination(searched, written, position)
        if at >= 0:
            position = at + 1
        else:
            # A definition (``[name]: path``) may stand before the link that uses it.
            at = _find_destination(searched, written, 0)
        target = _target(skill, path, written, library_files)
        if at >= 0 and at not in seen and target is not None:
            seen.add(at)
            yield DeadLink(path, written, target, text.count("\n", 0, at) + 1, at)


def _destinations(text: str) -> Iterator[str]:
    """Yield the destinations of links and images as CommonMark reads them, in order."""
    body = _FRONT_MATTER.sub("", text)
    for block in _parser.parse(body):
        for token in block.children or ():
            value = token.attrGet("href" if token.type == "link_open" else "src")
            if token.type in ("link_open", "image") and isinstance(value, str) and value:
                yield value


def _masked(text: str) -> str:
    """Blank out front matter, code and comments: a link in an example is none."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    for pattern in (_FRONT_MATTER, _FENCED, _COMMENT, _CODE_SPAN):
        text = pattern.sub(blank, text)
    return text


def _find_destination(text: str, normalised: str, start: int) -> int:
    """Return where a destination stands in the text; the parser shows it percent-encoded."""
    for written in dict.fromkeys((normalised, unquote(normalised))):
        for opening in ("](", "](<", "]: ", "]:\t", "]: <"):
            at = text.find(opening + written, start)
            if at >= 0:
                return at + len(opening)
    return -1


def _target(skill: SkillText, path: str, written: str, library_files: frozenset[str]) -> str | None:
    """Return the path inside the skill that a destination means, when nothing is there."""
    plain = unquote(re.split(r"[#?]", written, maxsplit=1)[0])
    if not plain or _SCHEME.match(written) or _PLACEHOLDER.search(plain):
        return None
    name = plain.rstrip("/").rpartition("/")[2]
    if "." not in name or plain.endswith("/"):
        # A folder or an address without an ending: it may mean anything.
        return None
    from_file = _normal(str(PurePosixPath(path).parent / plain))
    from_root = _normal(plain)
    inside = [one for one in (from_file, from_root) if one is not None]
    if not inside:
        return None
    if any(one in skill.files or skill.library_path(one) in library_files for one in inside):
        return None
    return inside[0]


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


def _repair(
    skill: SkillText, mended: dict[DeadLink, str], sessions: Sequence[Session]
) -> ProposalDraft:
    quotes = Quotes()
    changes: list[Change] = []
    for number, path in enumerate(sorted({link.path for link in mended}), 1):
        text = skill.texts[path]
        evidence: list[str] = []
        words: list[str] = []
        here = sorted((link for link in mended if link.path == path), key=lambda one: -one.start)
        for link in here:
            new = _relative(path, mended[link], link.written)
            text = text[: link.start] + new + text[link.start + len(_plain_part(link, text)) :]
            evidence += _failed_reads(sessions, link, quotes)
            words.append(
                f"{path}:{link.line} links to {link.target}, which is not there; the skill has "
                f"{mended[link]}."
            )
        changes.append(
            Change(
                id=f"link-{number}",
                path=skill.library_path(path),
                op="edit",
                new_text=text,
                rationale=" ".join(reversed(words)),
                evidence=tuple(dict.fromkeys(evidence)),
                generality="general",
            )
        )
    what = "a dead reference" if len(mended) == 1 else f"{len(mended)} dead references"
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name}: repair {what}",
        rationale=" ".join(change.rationale for change in changes),
        changes=tuple(changes),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality="general",
    )


def _lost(
    skill: SkillText, links: Sequence[DeadLink], sessions: Sequence[Session]
) -> ProposalDraft:
    quotes = Quotes()
    for link in links:
        _failed_reads(sessions, link, quotes)
    lines = [
        f"{link.path}:{link.line} links to {link.target}, which is not there." for link in links
    ]
    what = "a reference leads" if len(links) == 1 else f"{len(links)} references lead"
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name}: {what} nowhere",
        rationale="\n".join(
            [*lines[:20], "No file of the skill has a name close enough to mean it."]
        ),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="skill",
    )


def _unmentioned(skill: SkillText, files: Sequence[str]) -> ProposalDraft:
    what = "a file is" if len(files) == 1 else f"{len(files)} files are"
    more = [f"and {len(files) - 20} more"] if len(files) > 20 else []
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name}: {what} never mentioned",
        rationale="\n".join(["No text of the skill names:", *files[:20], *more]),
        skills=(skill.id,),
        root_cause="skill",
    )


def _failed_reads(sessions: Sequence[Session], link: DeadLink, quotes: Quotes) -> tuple[str, ...]:
    """Quote up to three calls that failed on the very path the link names."""
    found: list[str] = []
    for session in sessions:
        for step, argument, output in session.failed_calls:
            if len(found) >= 4 or not (argument + output[:2000]).count(link.target):
                continue
            found += quotes.add(session.id, step, _around(argument, link.target), "failure")
            line = next((one for one in output.split("\n") if one.strip()), "").strip()[:180]
            found += quotes.add(session.id, step, line, "failure")
    return tuple(found)


def _around(argument: str, target: str) -> str:
    """Return the part of an argument up to the path that was asked for, "" when it has none."""
    at = argument.find(target)
    return argument[max(0, at - 120) : at + len(target)].strip() if at >= 0 else ""


def _relative(path: str, target: str, written: str) -> str:
    """Return the new destination, relative to the file, written as the old one was."""
    base = PurePosixPath(path).parent.parts
    parts = PurePosixPath(target).parts
    shared = 0
    while shared < min(len(base), len(parts) - 1) and base[shared] == parts[shared]:
        shared += 1
    relative = "/".join([".."] * (len(base) - shared) + list(parts[shared:]))
    prefix = "./" if written.startswith("./") else ""
    return prefix + (quote(relative, safe="/.-_~()") if " " in relative else relative)


def _plain_part(link: DeadLink, text: str) -> str:
    """Return the path of a destination as it stands in the text, without anchor and query."""
    path = re.split(r"[#?]", link.written, maxsplit=1)[0]
    return path if text.startswith(path, link.start) else unquote(path)


def _was_refused(
    skill: SkillText, link: DeadLink, path: str, history: Sequence[PastDecision]
) -> bool:
    new = _relative(link.path, path, link.written)
    return any(
        past.status in ("rejected", "reverted", "partly_accepted")
        and skill.library_path(link.path) in past.paths
        and any(f"({new}" in line or f": {new}" in line for line in past.new_lines)
        for past in history
    )
