"""What every layout of a SkillOpt run comes to: texts, each with what the run says of it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.plugin.api import Score


@dataclass(frozen=True)
class TrainedText:
    """A text for one skill.

    ``names`` say which skill, best first; ``label`` is the text's name in lineage. ``base_sha256``
    is the hash of the file it was made from, where the run has it.
    """

    names: tuple[str, ...]
    label: str
    text: str
    rationale: str
    scores: tuple[Score, ...] = ()
    parents: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    step: int = 0
    base_sha256: str = ""
    can_be_chosen: bool = False


@dataclass(frozen=True)
class Older:
    """A version the run had before, for lineage."""

    label: str
    parents: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Problem:
    """Something of the run that was not understood, in words."""

    text: str


Found = TrainedText | Older | Problem
