"""Overlaps with other skills that a selection brings, and those it takes away."""

from __future__ import annotations

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.review.checks.sides import Side, Sides
from workbench.review.checks.warm import WarmChecks
from workbench.skills.overlap import Overlap, OverlapProfile, overlap_profile, overlaps_of


class OverlapDelta(Struct, frozen=True):
    """Overlaps of touched skills with any other that come, and those that go."""

    new: tuple[Overlap, ...] = ()
    gone: tuple[Overlap, ...] = ()


def overlap_delta(sides: Sides, warm: WarmChecks) -> OverlapDelta:
    """Compare the composed skills with all others on both sides; a pair is told once.

    Of two skills that are not composed, both are the same before and after, and so is the pair.
    """
    if not sides.composed:
        return OverlapDelta()
    before, after = (_of_side(side, sides.composed, warm) for side in (sides.before, sides.after))
    return OverlapDelta(
        tuple(one for key, one in after.items() if key not in before),
        tuple(one for key, one in before.items() if key not in after),
    )


def _of_side(
    side: Side, composed: frozenset[str], warm: WarmChecks
) -> dict[tuple[str, ...], Overlap]:
    profiles = {skill.id: _profile(skill, warm) for skill in side.library.skills}
    found: dict[tuple[str, ...], Overlap] = {}
    for skill_id in sorted(composed & profiles.keys()):
        told = {one for one in composed if one < skill_id}
        others = (one for one in profiles.values() if one.skill not in told)
        for one in overlaps_of(profiles[skill_id], others):
            found[one.kind, one.skill, one.other] = one
    return found


def _profile(skill: Skill, warm: WarmChecks) -> OverlapProfile:
    return warm.answer(("overlap", skill.path, skill.tree_hash), lambda: overlap_profile(skill))
