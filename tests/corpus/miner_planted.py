"""Faults planted in published skills: what the evidence miner finds of them, and what it must not.

Everything is seeded: the same data give the same figures.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.job import AnyEvent, Diagnosis, ProposalEvent
from workbench.evolution.request import build_request
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled
from workbench.skills.library import read_library

PLUGIN = bundled("plugins") / "evidence_miner"
LIBRARIES = (
    "addyosmani-agent-skills",
    "coreyhaines31-marketingskills",
    "getsentry-skills",
    "obra-superpowers",
    "wshobson-agents",
)


@dataclass(frozen=True)
class Figure:
    """One row: what the reference found (evolution reference, 2026-11), and what is found here.

    ``floor`` is what a test holds; None where this data cannot be compared with the reference's.
    """

    question: str
    reference: str
    here: str
    value: float
    floor: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is on the right side of its limits."""
        low = self.floor is None or self.value >= self.floor
        return low and (self.at_most is None or self.value <= self.at_most)


def mined(library: Path) -> tuple[AnyEvent, ...]:
    """Run the miner over a library."""
    with (
        tempfile.TemporaryDirectory() as folder,
        build_request(read_library(library), (), (), Path(folder)) as built,
    ):
        return run_in_process(PLUGIN, built.request, Path(folder))


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that it can be written to, whatever the source allows."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def planted_copies(data: Path, folder: Path, copies: int = 12) -> list[Figure]:
    """Section 5.2: skills copied under another name, a tenth of the lines of half of them gone."""
    found = planted = false = 0
    for name in LIBRARIES:
        library = folder / name
        _copy(data / "skills" / name, library)
        seed = random.Random(11)
        skills = [one for one in read_library(library).skills if one.body_text.count("\n") > 30]
        wanted: set[frozenset[str]] = set()
        for number, skill in enumerate(seed.sample(skills, min(copies, len(skills)))):
            copy = f"{skill.id}-kept"
            _copy(library / skill.id, library / copy)
            if number % 2:
                lines = skill.text.split("\n")
                kept = [one for at, one in enumerate(lines) if at < 6 or seed.random() > 0.1]
                (library / copy / skill.skill_md).write_text("\n".join(kept), "utf-8")
            wanted.add(frozenset((skill.id, copy)))
        merges = [
            frozenset(event.draft.skills)
            for event in mined(library)
            if isinstance(event, ProposalEvent) and event.draft and event.draft.kind == "merge"
        ]
        planted += len(wanted)
        found += sum(one in wanted for one in merges)
        false += sum(one not in wanted for one in merges)
    return [
        Figure(
            "planted copies of skills, merge proposed",
            "(no figure)",
            f"{found} of {planted}",
            found / planted,
            floor=0.95,
        ),
        Figure("merges of skills that are none", "~0", str(false), float(false), at_most=0.0),
    ]


def planted_dead_links(data: Path, folder: Path) -> list[Figure]:
    """Section 5.2: bundled files renamed as people rename them; the link must lead there again."""
    seed = random.Random(3)
    repaired = wrong = planted = 0
    for name in LIBRARIES:
        for skill in read_library(data / "skills" / name).skills:
            linked = [
                one.path
                for one in skill.files
                if "/" in one.path and f"]({one.path})" in skill.text
            ]
            if not linked:
                continue
            target = seed.choice(linked)
            renamed = _renamed(target, seed)
            home = folder / f"{name}-{planted}" / "skill"
            _copy(data / "skills" / name / skill.id, home)
            if (home / renamed).exists():
                continue
            (home / renamed).parent.mkdir(exist_ok=True)
            (home / target).rename(home / renamed)
            planted += 1
            edits = [
                change
                for event in mined(home.parent)
                if isinstance(event, ProposalEvent) and event.draft
                for change in event.draft.changes
                if change.path == f"skill/{skill.skill_md}"
            ]
            after = edits[-1].new_text or "" if edits else ""
            right = f"]({renamed})" in after and f"]({target})" not in after
            repaired += right
            wrong += bool(edits) and not right
    share = repaired / planted
    return [
        Figure(
            "planted dead links repaired",
            "71-78 %, at least 75 %",
            f"{share:.0%} of {planted} ({wrong} wrongly)",
            share,
            floor=0.75,
        )
    ]


def _renamed(path: str, seed: random.Random) -> str:
    """Return a path with another name: plural, separator, order, a slip, a word, a folder."""
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    words = re.split(r"[-_]", stem)
    kind = seed.choice(("plural", "separator", "order", "slip", "word", "moved"))
    if kind == "plural":
        stem = stem[:-1] if stem.endswith("s") else f"{stem}s"
    elif kind == "separator" and len(words) > 1:
        stem = ("_" if "-" in stem else "-").join(words)
    elif kind == "order" and len(words) > 1:
        stem = "-".join(reversed(words))
    elif kind == "word":
        stem = f"{stem}-{seed.choice(('guide', 'notes', 'v2', 'new'))}"
    elif kind == "moved":
        return f"docs/{name}"
    else:
        at = seed.randrange(1, len(stem)) if len(stem) > 1 else 0
        stem = stem[:at] + stem[at + 1 :] if len(stem) > 3 else f"{stem}x"
    return f"{folder}/{stem}{dot}{ending}"


def planted_front_matter(data: Path, folder: Path) -> list[Figure]:
    """Section 5.2: front matter broken in five ways; the skill must be named."""
    ways = (
        lambda text: text.replace("\n---", "\n", 1),
        lambda text: text.split("\n---", 1)[1].lstrip("\n-"),
        lambda text: re.sub(
            r"^description:.*$", "description: Use: now", text, count=1, flags=re.M
        ),
        lambda text: "\n" + text,
        lambda text: re.sub(r"^description:", "descripton:", text, count=1, flags=re.M),
    )
    named = planted = 0
    for name in LIBRARIES:
        library = folder / name
        _copy(data / "skills" / name, library)
        broken: list[str] = []
        for number, skill in enumerate(read_library(library).skills[:10]):
            file = library / skill.id / skill.skill_md
            file.write_text(ways[number % len(ways)](file.read_text("utf-8")), "utf-8")
            broken.append(skill.id)
        told = {
            skill
            for event in mined(library)
            if isinstance(event, ProposalEvent | Diagnosis) and event.draft
            if "front matter" in event.draft.title or "specification" in event.draft.title
            for skill in event.draft.skills
        }
        planted += len(broken)
        named += sum(skill in told for skill in broken)
    return [
        Figure(
            "planted broken front matter told or mended",
            "(no figure)",
            f"{named} of {planted}",
            named / planted,
            floor=0.95,
        )
    ]


def harm(data: Path) -> list[Figure]:
    """Section 5.2: published libraries get no edit."""
    edits = sum(
        isinstance(event, ProposalEvent)
        for name in LIBRARIES
        for event in mined(data / "skills" / name)
    )
    count = sum(len(read_library(data / "skills" / name).skills) for name in LIBRARIES)
    return [
        Figure(
            "edits of a clean library",
            "0 (SkillFoundry)",
            f"{edits} on {count} published skills",
            float(edits),
            at_most=0.0,
        )
    ]
