"""New text of a selection against other skills, in the library and elsewhere, and traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.skill import Skill
from workbench.files import sha256
from workbench.review.checks.foreign_skills import foreign_skills, skill_source
from workbench.review.checks.sides import Side
from workbench.review.checks.warm import WarmChecks
from workbench.review.compose import ResultFile
from workbench.review.copied import (
    Copied,
    TextSource,
    copied_passages,
    marks_of_added,
    word_marks,
)


@dataclass(frozen=True)
class Comparison:
    """What new text is compared with.

    ``touched`` are ids of skills that are not: what a skill says twice is its own. ``sources`` are
    traces, ``others`` folders of skills outside the library.
    """

    touched: set[str]
    sources: tuple[TextSource, ...]
    others: tuple[Path, ...]
    warm: WarmChecks


def taken_passages(
    after: Side,
    files: Sequence[ResultFile],
    base: dict[str, bytes | None],
    compared: Comparison,
) -> tuple[Copied, ...]:
    """Return what the new lines of each text file share with the sources, file by file."""
    found: list[Copied] = []
    for file in files:
        lines = _added(file, base[file.path])
        if not lines:
            continue
        text = "\n".join(line for _, line in lines)
        near = _near(after, marks_of_added(text), compared)
        found += (
            replace(one, line=lines[one.line - 1][0])
            for one in copied_passages(file.path, text, near)
        )
    return tuple(found)


def _near(after: Side, marks: frozenset[int], compared: Comparison) -> Iterator[TextSource]:
    """Yield the sources that may share a passage; the others share none."""
    if not marks:
        return
    warm = compared.warm
    own = [one for one in after.library.skills if one.id not in compared.touched]
    foreign = list(foreign_skills(compared.others, after.library, warm))
    for skills, kind in ((own, "skill"), (foreign, "installed")):
        for skill in skills:
            if not marks.isdisjoint(_skill_marks(skill, warm)):
                yield skill_source(skill, kind)
    for source in compared.sources:
        if not marks.isdisjoint(_text_marks(source, warm)):
            yield source


def _skill_marks(skill: Skill, warm: WarmChecks) -> frozenset[int]:
    key = ("marks", skill.path, skill.tree_hash)
    return warm.answer(key, lambda: word_marks(skill.body_text))


def _text_marks(source: TextSource, warm: WarmChecks) -> frozenset[int]:
    digest = sha256(source.text.encode("utf-8", "surrogatepass"))
    return warm.answer(("marks", digest), lambda: word_marks(source.text))


def _added(file: ResultFile, base: bytes | None) -> list[tuple[int, str]]:
    """Return the lines of a text file that were not there before, numbered."""
    if file.data is None or b"\0" in file.data:
        return []
    before = set((base or b"").decode("utf-8", "replace").splitlines())
    lines = file.data.decode("utf-8", "replace").splitlines()
    return [(number, line) for number, line in enumerate(lines, 1) if line not in before]
