"""Detector 4: links that lead nowhere, mended where one file can be meant; unmentioned files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from rapidfuzz import fuzz

from evidence_miner.links import DeadLink, dead_links
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session
from evidence_miner.skill_texts import SkillText
from workbench.plugin.api import Change, PastDecision, ProposalDraft

#: Likeness of file names from which one is taken for the other (measured: 71 to 78 % right).
CLOSE = 80.0
_LEAD = 8.0
_UNREFERENCED_OK = re.compile(
    r"(?:^|/)(?:\.|licen[cs]e|notice|readme|changelog|contributing|__init__\.py|package(?:-lock)?\.json|"
    r"requirements[\w-]*\.txt|pyproject\.toml|skill\.md|metadata\.json)|(?:^|/)(?:evals?|tests?|agents|"
    r"node_modules|fonts?|\.git)/",
    re.IGNORECASE,
)


def close_file(skill: SkillText, link: DeadLink) -> str | None:
    """Return the one file of the skill that can be meant, None for none or several."""
    if link.sibling:
        return None
    wanted = PurePosixPath(link.target)
    files = [path for path in skill.files if path not in (link.path, skill.main)]
    moved = [
        path for path in files if PurePosixPath(path).name.casefold() == wanted.name.casefold()
    ]
    if moved:
        return moved[0] if len(moved) == 1 else None
    scored = sorted(
        (
            (_likeness(wanted.stem, PurePosixPath(path).stem), path)
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


def _likeness(one: str, other: str) -> float:
    """Return 0..100 for two names, whatever the order of their words."""
    plain, others = (re.sub(r"[-_. ]+", " ", name.casefold()).strip() for name in (one, other))
    return max(fuzz.ratio(plain, others), fuzz.token_sort_ratio(plain, others))


def reference_drafts(
    skills: Sequence[SkillText], sessions: Sequence[Session], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield repairs of dead links, the dead links nobody can mend, and the unmentioned files."""
    for skill in skills:
        links = dead_links(skill, skills)
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
    folded = {path: text.casefold() for path, text in skill.texts.items()}
    for path in sorted(skill.files):
        if _UNREFERENCED_OK.search(path) or path == skill.main:
            continue
        pure = PurePosixPath(path)
        names = {pure.name, pure.stem if len(pure.stem) > 3 else pure.name}
        names |= {f"{parent}/" for parent in map(str, pure.parents) if parent != "."}
        wanted = [name.casefold() for name in names]
        if not any(
            name in text for other, text in folded.items() if other != path for name in wanted
        ):
            found.append(path)
    return found


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
            new = _destination(link, mended[link])
            text = text[: link.start] + new + text[link.start + len(_plain_part(link, text)) :]
            evidence += _failed_reads(sessions, link, quotes)
            words.append(
                f"{path}:{link.line} {_verb(link)} {link.target}, which is not there; the skill "
                f"has {mended[link]}."
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
        f"{link.path}:{link.line} {_verb(link)} {link.target}, which is not there."
        for link in links
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


def _verb(link: DeadLink) -> str:
    return "names" if link.mention else "links to"


def _around(argument: str, target: str) -> str:
    """Return the part of an argument up to the path that was asked for, "" when it has none."""
    at = argument.find(target)
    return argument[max(0, at - 120) : at + len(target)].strip() if at >= 0 else ""


def _destination(link: DeadLink, target: str) -> str:
    """Return the new destination, written as the old one was: from the file, or from the skill."""
    if link.mention:
        return target
    path, written = link.path, link.written
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
    new = _destination(link, path)
    return any(
        past.status in ("rejected", "reverted", "partly_accepted")
        and skill.library_path(link.path) in past.paths
        and any(new in line for line in past.new_lines)
        for past in history
    )
