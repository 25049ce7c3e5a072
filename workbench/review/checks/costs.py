"""What a selection costs the reader: tokens by level, and who falls out of a client's list."""

from __future__ import annotations

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.review.checks.sides import Side, Sides
from workbench.review.checks.warm import WarmChecks
from workbench.skills.budgets import budget_of, listing_rules
from workbench.skills.tokenizers import Tokenizer, default_tokenizer
from workbench.skills.tokens import cost_of


class Tokens(Struct, frozen=True):
    """Tokens by disclosure level."""

    catalogue: int
    body: int
    resources: int


class TokenDelta(Struct, frozen=True):
    """The cost of one skill before and after; None where there is no such skill."""

    skill: str
    before: Tokens | None
    after: Tokens | None


class CatalogueDelta(Struct, frozen=True):
    """The list of all skills for one client, in characters.

    ``dropped`` lose their description or place with the selection and had it before, ``back`` the
    other way round.
    """

    client: str
    limit: int
    before: int
    after: int
    dropped: tuple[str, ...]
    back: tuple[str, ...]


class CostDelta(Struct, frozen=True):
    """Both together; ``tokenizer`` names what counted."""

    tokenizer: str
    skills: tuple[TokenDelta, ...]
    catalogues: tuple[CatalogueDelta, ...]


def cost_delta(sides: Sides, warm: WarmChecks, tokenizer: Tokenizer | None = None) -> CostDelta:
    """Compare what the composed skills cost, and the lists they stand in."""
    counter = tokenizer or default_tokenizer()
    was, now = (_tokens(side, counter, warm) for side in (sides.before, sides.after))
    skills = tuple(
        TokenDelta(skill, was.get(skill), now.get(skill))
        for skill in sorted({*was, *now})
        if was.get(skill) != now.get(skill)
    )
    catalogues = tuple(_catalogue(sides, client) for client in listing_rules())
    return CostDelta(counter.id, skills, tuple(one for one in catalogues if _matters(one)))


def _tokens(side: Side, counter: Tokenizer, warm: WarmChecks) -> dict[str, Tokens]:
    def counted(skill: Skill) -> Tokens:
        def work() -> Tokens:
            cost = cost_of(skill, counter)
            return Tokens(cost.catalogue, cost.body, cost.resources)

        return warm.answer(("tokens", counter.id, skill.id, skill.name, skill.tree_hash), work)

    return {skill_id: counted(skill) for skill_id, skill in side.staged.items()}


def _catalogue(sides: Sides, client: str) -> CatalogueDelta:
    before, after = sides.before, sides.after
    old, new = (
        budget_of(side.library.skills, client, read_from=side.staged) for side in (before, after)
    )
    return CatalogueDelta(
        client=client,
        limit=new.limit,
        before=old.used,
        after=new.used,
        dropped=_only(new.dropped, old.dropped, before.library.skills),
        back=_only(old.dropped, new.dropped, after.library.skills),
    )


def _only(
    names: tuple[str, ...], others: tuple[str, ...], known: tuple[Skill, ...]
) -> tuple[str, ...]:
    """Return names that are not among the others and are of a skill that was there."""
    there = {skill.name for skill in known}
    return tuple(name for name in names if name not in others and name in there)


def _matters(delta: CatalogueDelta) -> bool:
    return delta.before != delta.after or bool(delta.dropped or delta.back)
