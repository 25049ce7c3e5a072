"""The checks of a selection the long way round: two whole libraries on disk, nothing remembered.

The peer that ``check_result`` is held against. The library itself is changed and put back, so that
every path is the one it will have.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.domain.finding import SkillScan
from workbench.domain.proposal import HunkVerdict
from workbench.domain.skill import Library, Skill
from workbench.review.checks.result import security_delta
from workbench.review.checks.skill_links import found_leads
from workbench.review.copied import TextSource, copied_passages
from workbench.review.session import Review
from workbench.skills.budgets import budget_of, listing_rules
from workbench.skills.check import check_skill
from workbench.skills.library import read_library
from workbench.skills.overlap import overlap_profile, overlaps_of
from workbench.skills.tokenizers import default_tokenizer
from workbench.skills.tokens import cost_of

ScanAll = Callable[[Library], Sequence[SkillScan]]


def whole_checks(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    clients: Sequence[str],
    spare: Path,
    scan: ScanAll | None = None,
) -> dict[str, Any]:
    """Return what the checks must say; ``spare`` is where the library is kept meanwhile."""
    result = review.result(verdicts)
    root = review.library
    shutil.copytree(root, spare, symlinks=True)
    try:
        for file in result.files:
            _write(root, file.path, review.read_base(file.path) if file.base_sha256 else None)
        before = _seen(root, clients, scan)
        for file in result.files:
            _write(root, file.path, file.data)
        after = _seen(root, clients, scan)
        touched = {
            home
            for side in (before, after)
            for file in result.files
            if (home := _home(side["library"], file.path)) is not None
        }
        copied = _copied(review, result.files, after["library"], touched)
    finally:
        shutil.rmtree(root)
        spare.rename(root)
    security = security_delta(before["scans"], after["scans"])
    return {
        "new": _only(after["said"], before["said"]),
        "gone": _only(before["said"], after["said"]),
        "overlaps": (
            after["overlaps"] - before["overlaps"],
            before["overlaps"] - after["overlaps"],
        ),
        "links": (after["dead"] - before["dead"], before["dead"] - after["dead"]),
        "tokens": {
            (skill, before["tokens"].get(skill), after["tokens"].get(skill))
            for skill in before["tokens"].keys() | after["tokens"].keys()
            if before["tokens"].get(skill) != after["tokens"].get(skill)
        },
        "lists": {
            client: (before["lists"][client], after["lists"][client])
            for client in listing_rules()
            if before["lists"][client] != after["lists"][client]
        },
        "copied": copied,
        "security": (set(security.new), set(security.gone), set(security.capabilities)),
        "touched": touched,
    }


def _write(root: Path, name: str, data: bytes | None) -> None:
    path = root / name
    if data is None:
        path.unlink(missing_ok=True)
        # A folder of which the last file goes is no place to link to.
        for folder in path.parents:
            if folder == root or not folder.is_dir() or any(folder.iterdir()):
                break
            folder.rmdir()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _seen(root: Path, clients: Sequence[str], scan: ScanAll | None) -> dict[str, Any]:
    library = read_library(root)
    said = Counter(
        (skill.id, one.rule, one.path, one.message)
        for skill in library.skills
        for one in check_skill(skill, clients)
    )
    profiles = [overlap_profile(skill) for skill in library.skills]
    counter = default_tokenizer()
    costs = {skill.id: cost_of(skill, counter) for skill in library.skills}
    return {
        "library": library,
        "said": said,
        "overlaps": {
            (one.kind, *sorted((one.skill, one.other)))
            for profile in profiles
            for one in overlaps_of(profile, profiles)
        },
        "tokens": {
            skill: (cost.catalogue, cost.body, cost.resources) for skill, cost in costs.items()
        },
        "dead": {
            (lead.path, lead.text)
            for skill in library.skills
            for lead in found_leads(skill).all
            if not any(os.path.lexists(root / target) for target in lead.targets)
        },
        "lists": {client: budget_of(library.skills, client).used for client in listing_rules()},
        "scans": scan(library) if scan else (),
    }


def _only(these: Counter[Any], those: Counter[Any]) -> Counter[Any]:
    return these - those


def _home(library: Library, path: str) -> str | None:
    inside = [
        skill.id for skill in library.skills if skill.id == "." or path.startswith(f"{skill.id}/")
    ]
    return max(inside, key=lambda one: (one != ".", len(one)), default=None)


def _copied(
    review: Review, files: Sequence[Any], library: Library, touched: set[str]
) -> list[tuple[str, str, int, str]]:
    sources = [_source(skill) for skill in library.skills if skill.id not in touched]
    found: list[tuple[str, str, int, str]] = []
    for file in files:
        if file.data is None:
            continue
        base = review.read_base(file.path) if file.base_sha256 else b""
        before = set((base or b"").decode().splitlines())
        added = "\n".join(line for line in file.data.decode().splitlines() if line not in before)
        found += [
            (one.path, one.source, one.words, one.passage)
            for one in copied_passages(file.path, added, sources)
        ]
    return found


def _source(skill: Skill) -> TextSource:
    return TextSource(skill.name, "skill", skill.body_text)
