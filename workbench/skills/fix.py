"""Applying safe fixes until nothing is left to fix."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic, Fix
from workbench.domain.skill import Skill
from workbench.skills.check import DEFAULT_CLIENT, check_skill
from workbench.skills.edit import apply_edits
from workbench.skills.read import with_source

#: One fix can make way for another; more rounds than this never help.
MAX_ROUNDS: Final = 10


class Fixed(Struct, frozen=True):
    """SKILL.md after the fixes, and what they mended, in the order they were made."""

    source: bytes
    mended: tuple[Diagnostic, ...]


def fix_skill(
    skill: Skill,
    clients: Sequence[str] = (DEFAULT_CLIENT,),
    rules: Collection[str] | None = None,
) -> Fixed:
    """Apply the safe fixes of SKILL.md; nothing is written.

    A fix is kept only when its own problem is gone after it and no error is new.

    Args:
        skill: as read.
        clients: whose rules are asked.
        rules: only fixes of these rules; all by default.
    """
    mended: list[Diagnostic] = []
    current = skill
    for _ in range(MAX_ROUNDS):
        found = check_skill(current, clients)
        chosen = [
            diagnostic
            for diagnostic in found
            if diagnostic.fix is not None and (rules is None or diagnostic.rule in rules)
        ]
        step = next(
            ((one, after) for one in chosen if (after := _after(current, one, found, clients))),
            None,
        )
        if step is None:
            break
        mended.append(step[0])
        current = step[1]
    return Fixed(current.source, tuple(mended))


def _after(
    skill: Skill,
    diagnostic: Diagnostic,
    before: Sequence[Diagnostic],
    clients: Sequence[str],
) -> Skill | None:
    """Return the skill with one fix made, None when the fix does not do what it promises."""
    fix: Fix | None = diagnostic.fix
    if fix is None:
        return None
    fixed = with_source(skill, apply_edits(skill.source, fix.edits))
    found = check_skill(fixed, clients)
    same = [one for one in found if one.rule == diagnostic.rule]
    if len(same) >= len([one for one in before if one.rule == diagnostic.rule]):
        return None
    known = {(one.rule, one.message) for one in before}
    hidden = skill.front_matter is None or skill.front_matter.error is not None
    new_error = any(
        one.severity == "error" and (one.rule, one.message) not in known for one in found
    )
    # Once a block can be read, errors come to light that were there before: no reason to refuse.
    return None if new_error and not hidden else fixed
