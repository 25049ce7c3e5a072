"""What a selection costs the reader: tokens by level, and who falls out of a client's list."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from workbench.domain.skill import Library, Skill
from workbench.skills.budgets import budget_of, listing_rules
from workbench.skills.tokenizers import Tokenizer, default_tokenizer
from workbench.skills.tokens import SkillCost, cost_of


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


def cost_delta(
    before: Library,
    costs_before: dict[str, Tokens],
    after: Library,
    touched: Iterable[str],
    tokenizer: Tokenizer | None = None,
) -> CostDelta:
    """Compare costs. ``costs_before`` were counted while the files before were there."""
    counter = tokenizer or default_tokenizer()
    now = tokens_of(after, touched, counter)
    skills = tuple(
        TokenDelta(skill, costs_before.get(skill), now.get(skill))
        for skill in sorted({*costs_before, *now})
        if costs_before.get(skill) != now.get(skill)
    )
    catalogues = tuple(_catalogue(before, after, client) for client in listing_rules())
    return CostDelta(counter.id, skills, tuple(one for one in catalogues if _matters(one)))


def tokens_of(
    library: Library, skills: Iterable[str], tokenizer: Tokenizer | None = None
) -> dict[str, Tokens]:
    """Return the cost of some skills of a library; their files are read."""
    counter = tokenizer or default_tokenizer()
    wanted = set(skills)
    return {
        skill.id: _tokens(cost_of(skill, counter)) for skill in library.skills if skill.id in wanted
    }


def _tokens(cost: SkillCost) -> Tokens:
    return Tokens(cost.catalogue, cost.body, cost.resources)


def _catalogue(before: Library, after: Library, client: str) -> CatalogueDelta:
    old, new = budget_of(before.skills, client), budget_of(after.skills, client)
    return CatalogueDelta(
        client=client,
        limit=new.limit,
        before=old.used,
        after=new.used,
        dropped=_only(new.dropped, old.dropped, before.skills),
        back=_only(old.dropped, new.dropped, after.skills),
    )


def _only(
    names: tuple[str, ...], others: tuple[str, ...], known: tuple[Skill, ...]
) -> tuple[str, ...]:
    """Return names that are not among the others and are of a skill that was there."""
    there = {skill.name for skill in known}
    return tuple(name for name in names if name not in others and name in there)


def _matters(delta: CatalogueDelta) -> bool:
    return delta.before != delta.after or bool(delta.dropped or delta.back)
