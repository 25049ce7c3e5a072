"""The skills of a GRASP library with the history of their versions.

Layout (results released with arXiv 2605.29668): ``skills/best`` and ``skills/learned`` of a run
hold one ``<name>.md`` a skill, ``.history/<name>_v<N>.md`` its earlier versions. The front matter
has ``version`` and ``provenance``: action, epoch, fixes, regressions, probe_score, parent_version,
triggering_sample_ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.plugin.api import (
    RunFolder,
    SourceProblem,
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
    front_and_body,
)

_HISTORY = ".history"
_OLD = re.compile(r"(?P<name>.+)_v(?P<number>\d{1,9})\.md")


@dataclass(frozen=True)
class Version:
    """One version of a skill; ``number`` counts from 1."""

    path: str
    name: str
    number: int
    description: str
    body: str
    action: str
    epoch: int
    parent: int | None
    figures: tuple[tuple[str, float], ...]
    samples: tuple[str, ...]

    @property
    def label(self) -> str:
        """How lineage names it."""
        return f"{self.name} v{self.number}"

    @property
    def words(self) -> str:
        """What was done and what the probe said, on one line."""
        figures = ", ".join(f"{name} {value:g}" for name, value in self.figures)
        return f"{self.action or 'no action given'} in epoch {self.epoch}" + (
            f": {figures}" if figures else ""
        )


@dataclass(frozen=True)
class History:
    """All versions of one skill, oldest first; the last one is the skill of the run."""

    versions: tuple[Version, ...]
    is_removed: bool = False

    @property
    def last(self) -> Version:
        """The version the run ended with, or the last one before the skill was removed."""
        return self.versions[-1]


def library_folder(run: RunFolder, wanted: str) -> str | None:
    """Return the folder of a run that holds its skills; None when there is none that is GRASP's."""
    other = "learned" if wanted == "best" else "best"
    for folder in (f"skills/{wanted}", f"skills/{other}", "skills", wanted, other, ""):
        below = run.below(folder)
        texts = [path for path in below if path.endswith(".md") and "/" not in path]
        if any(_is_grasp(run, below[path]) for path in sorted(texts)[:50]):
            return folder
    return None


def _is_grasp(run: RunFolder, path: str) -> bool:
    try:
        front, _ = front_and_body(run.read_text(path))
    except SourceProblem:
        return False
    return "name" in front and isinstance(front.get("provenance"), dict)


def histories(run: RunFolder, folder: str) -> Iterator[History | SourceProblem]:
    """Yield each skill of a library, by name, and what could not be read."""
    found: dict[str, list[Version]] = {}
    present: set[str] = set()
    for inside, path in run.below(folder).items():
        parts = inside.split("/")
        is_old = parts[0] == _HISTORY and len(parts) == 2
        if not inside.endswith(".md") or not (is_old or len(parts) == 1):
            continue
        try:
            version = _read(run, path, is_old=is_old)
        except SourceProblem as problem:
            yield problem
            continue
        found.setdefault(version.name, []).append(version)
        if not is_old:
            present.add(version.name)
    for name in sorted(found):
        ordered = sorted(found[name], key=lambda one: (one.number, _HISTORY not in one.path))
        yield History(tuple(ordered), is_removed=name not in present)


def _read(run: RunFolder, path: str, *, is_old: bool) -> Version:
    front, body = front_and_body(run.read_text(path))
    provenance = as_mapping(front.get("provenance"))
    name = as_text(front.get("name")).strip()
    if not name or not body.strip():
        raise SourceProblem(f"{path} has no front matter with a name, or no text; left out.")
    named = _OLD.fullmatch(path.rpartition("/")[2]) if is_old else None
    number = as_count(front.get("version")) or (int(named["number"]) if named else 1)
    parent = as_count(provenance.get("parent_version"))
    figures = [
        (words, value)
        for key, words in (
            ("fixes", "fixes"),
            ("regressions", "regressions"),
            ("probe_score", "probe score"),
        )
        if (value := as_number(provenance.get(key))) is not None
    ]
    samples = [
        as_text(sample) for sample in as_list(provenance.get("triggering_sample_ids"))[:1000]
    ]
    return Version(
        path,
        name,
        number,
        " ".join(as_text(front.get("description")).split()),
        body,
        as_text(provenance.get("action")).strip(),
        as_count(provenance.get("epoch")),
        parent or None,
        tuple(figures),
        tuple(filter(None, samples)),
    )
