"""Detector 5: skills that say the same. Copies become a merge for a person to finish."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from evidence_miner.similarity import alike_pairs, vectors
from evidence_miner.skill_texts import SkillText, front_and_rest
from workbench.plugin.api import Change, PastDecision, ProposalDraft

#: Cosine from which two skills may be one, from which they are listed as near (skills of one field
#: are alike to .3), and from which a pair gets a card of its own.
OVERLAP, NEAR, STRONG_OVERLAP = 0.2, 0.3, 0.5
#: With no file in common, this share of the shorter one's lines makes one a copy of the other.
COPIED_SHARE = 0.6
#: With a file in common, this share shows that it is the same thing twice, no template.
_SHARED_SHARE = 0.25
_MIN_LINE = 20
_MIN_WORDS = 40
_MIN_COPIED_LINES = 3
_MIN_RESOURCE = 200
_MAX_LISTED = 20
_BOILERPLATE = re.compile(r"(?:^|/)(?:licen[cs]e|notice|readme|changelog)", re.IGNORECASE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted", "applied"})


@dataclass(frozen=True)
class Overlap:
    """Two skills, the one to keep first; ``resources`` are files both have, byte for byte."""

    kept: SkillText
    other: SkillText
    likeness: float
    copied: float
    resources: tuple[str, ...]

    @property
    def is_double(self) -> bool:
        """Whether it is the same skill twice, not two about one field."""
        if self.copied >= COPIED_SHARE:
            return True
        return bool(self.resources) and self.copied >= _SHARED_SHARE

    @property
    def is_telling(self) -> bool:
        """Whether both have enough text for the likeness to say anything."""
        texts = (self.kept.main_text, self.other.main_text)
        return all(len(set(text.split())) >= _MIN_WORDS for text in texts)


def overlaps(skills: Sequence[SkillText]) -> list[Overlap]:
    """Return the pairs of skills that overlap, the most alike first."""
    weights = vectors([_words_of(skill) for skill in skills])
    lines = [_lines(skill) for skill in skills]
    files = [_resources(skill) for skill in skills]
    found = []
    for likeness, a, b in alike_pairs(weights, OVERLAP):
        kept, other = (a, b) if _rank(skills[a]) <= _rank(skills[b]) else (b, a)
        shared = sorted(files[other][digest] for digest in files[a].keys() & files[b].keys())
        common, least = len(lines[a] & lines[b]), min(len(lines[a]), len(lines[b]))
        share = common / least if common >= _MIN_COPIED_LINES or common == least > 0 else 0.0
        found.append(Overlap(skills[kept], skills[other], likeness, share, tuple(shared)))
    return found


def overlap_drafts(
    skills: Sequence[SkillText], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield a merge for each skill that is there twice, and cards for what only overlaps."""
    gone: set[str] = set()
    touching: list[Overlap] = []
    for overlap in overlaps(skills):
        if not overlap.is_double:
            if overlap.is_telling:
                touching.append(overlap)
        elif not {overlap.kept.id, overlap.other.id} & gone and not _was_refused(overlap, history):
            gone |= {overlap.other.id, overlap.kept.id}
            yield _merge(overlap)
    strong = [one for one in touching if one.likeness >= STRONG_OVERLAP]
    for overlap in strong[:_MAX_LISTED]:
        yield _card(overlap)
    rest = [one for one in touching if NEAR <= one.likeness < STRONG_OVERLAP]
    if rest:
        yield _listing(rest)


def merged_text(kept: SkillText, other: SkillText) -> str:
    """Return the union of the sections of two skills, under the front matter of the first.

    A section both have with different words stands between conflict markers, as git writes them,
    for a person to settle.
    """
    front, body = front_and_rest(kept.main_text)
    newline = "\r\n" if "\r\n" in kept.main_text else "\n"
    _, other_body = front_and_rest(other.main_text)
    sections, theirs = _sections(body), _sections(other_body)
    told = _plain(body)
    result: list[str] = []
    taken: set[str] = set()
    by_key = dict(theirs)
    for key, text in sections:
        against = by_key.get(key)
        if against is None or key in taken or _plain(against) in told:
            result.append(text)
        elif _plain(text) in _plain(against):
            result.append(against)
        else:
            result.append(_conflict(text, against, kept.id, other.id))
        taken.add(key)
    result += [text for key, text in theirs if key not in taken and _plain(text) not in told]
    joined = "".join(text if text.endswith("\n") else text + "\n" for text in result)
    return front + joined.replace("\r\n", "\n").replace("\n", newline)


def _conflict(ours: str, theirs: str, kept: str, other: str) -> str:
    return f"<<<<<<< {kept}\n{ours.rstrip()}\n=======\n{theirs.rstrip()}\n>>>>>>> {other}\n\n"


def _merge(overlap: Overlap) -> ProposalDraft:
    kept, other = overlap.kept, overlap.other
    text = merged_text(kept, other)
    changes: list[Change] = []
    if text != kept.main_text:
        why = (
            f"The sections of both. Settle what stands between the markers {'<' * 7} and {'>' * 7}."
        )
        changes.append(
            Change(
                id="union",
                path=kept.library_path(kept.main),
                op="edit",
                new_text=text,
                rationale=why if "<<<<<<< " in text else "The sections of both.",
                generality="general",
            )
        )
    needed = tuple(change.id for change in changes)
    for number, path in enumerate(sorted(other.files), 1):
        place = None if path == other.main else _place(path, kept, other)
        changes.append(
            Change(
                id=f"file-{number}",
                path=other.library_path(path),
                op="delete" if place is None else "rename",
                new_path=None if place is None else kept.library_path(place),
                rationale=f"Is in {kept.id}." if place is None else f"Moves to {kept.id}.",
                depends_on=needed,
                generality="general",
            )
        )
    return ProposalDraft(
        kind="merge",
        title=f"{kept.id} and {other.id}: the same skill twice, merge them",
        rationale=f"{_words(overlap)} Two skills for one thing compete for the same requests.",
        changes=tuple(changes),
        skills=(kept.id, other.id),
        root_cause="skill",
        generality="general",
    )


def _place(path: str, kept: SkillText, other: SkillText) -> str | None:
    """Return where a bundled file goes in the kept skill; None when it is there already."""
    if path not in kept.files:
        return path
    if kept.data_of(path) == other.data_of(path):
        return None
    pure = PurePosixPath(path)
    named = pure.with_name(f"{pure.stem}-{PurePosixPath(other.id).name}{pure.suffix}")
    return _place(str(named), kept, other)


def _card(overlap: Overlap) -> ProposalDraft:
    return ProposalDraft(
        kind="diagnose",
        title=f"{overlap.kept.name} and {overlap.other.name} overlap ({overlap.likeness:.2f})",
        rationale=f"{_words(overlap)} They may be two sides of one field: nothing is changed.",
        skills=(overlap.kept.id, overlap.other.id),
        root_cause="skill",
    )


def _listing(found: Sequence[Overlap]) -> ProposalDraft:
    lines = [f"{one.kept.id} and {one.other.id}: {one.likeness:.2f}" for one in found[:_MAX_LISTED]]
    more = [f"and {len(found) - _MAX_LISTED} more pairs"] if len(found) > _MAX_LISTED else []
    named = dict.fromkeys(one.id for pair in found[:_MAX_LISTED] for one in (pair.kept, pair.other))
    count = "A pair of skills is" if len(found) == 1 else f"{len(found)} pairs of skills are"
    return ProposalDraft(
        kind="diagnose",
        title=f"{count} about the same things",
        rationale="\n".join(["Likeness of their texts (0 to 1):", *lines, *more]),
        skills=tuple(named),
        root_cause="unknown",
    )


def _words(overlap: Overlap) -> str:
    said = [f"Their texts are alike ({overlap.likeness:.2f} of 1)"]
    if overlap.copied:
        said.append(f"{overlap.copied:.0%} of the shorter one's lines stand in both")
    if overlap.resources:
        said.append(f"both have {', '.join(overlap.resources[:4])}")
    return ", ".join(said) + "."


def _rank(skill: SkillText) -> tuple[bool, int, str]:
    """Return what decides which one is kept: no word of a copy in its name, the shorter name."""
    copy = re.search(r"(?:^|[-_])(?:copy|old|backup|bak|dup|clone|v?\d+)(?:$|[-_])", skill.id)
    return copy is not None, len(skill.id), skill.id


def _words_of(skill: SkillText) -> str:
    """Return what a skill says, without the keys every front matter has."""
    _, body = front_and_rest(skill.main_text)
    return f"{skill.name} {skill.description} {body}"


def _lines(skill: SkillText) -> frozenset[str]:
    _, body = front_and_rest(skill.main_text)
    lines = (" ".join(line.split()) for line in body.split("\n"))
    return frozenset(line for line in lines if len(line) >= _MIN_LINE)


def _resources(skill: SkillText) -> dict[str, str]:
    """Return path by hash of the bundled texts that are large enough to be no formality."""
    return {
        hashlib.sha256(text.encode()).hexdigest(): path
        for path, text in sorted(skill.texts.items())
        if path != skill.main and len(text) >= _MIN_RESOURCE and not _BOILERPLATE.search(path)
    }


def _sections(body: str) -> list[tuple[str, str]]:
    """Divide a text at its headings; keys are level and words, the first one is ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    fence = ""
    for line in body.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        heading = None if fence or mark else _HEADING.match(line.rstrip("\r\n"))
        if heading:
            key = f"{len(heading[1])} {' '.join(heading[2].casefold().split())}"
            found.append((key if len(heading[1]) > 1 else "1", []))
        found[-1][1].append(line)
    return [(key, "".join(lines)) for key, lines in found if lines]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _was_refused(overlap: Overlap, history: Sequence[PastDecision]) -> bool:
    path = overlap.other.library_path(overlap.other.main)
    return any(past.status in _REFUSED and path in past.paths for past in history)
