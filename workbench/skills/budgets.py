"""The list of all skills against each client's budget for it: who is shortened, who is dropped."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.resources import bundled
from workbench.skills.frontmatter import text_value
from workbench.skills.tokens import resource_text
from workbench.skills.yaml_tree import YamlProblem, parse_yaml

_ELLIPSIS: Final = "…"
_TRUE: Final = frozenset(("true", "yes", "on", "1"))


class ListingRules(Struct, frozen=True, forbid_unknown_fields=True):
    """How one client lists skills; see ``resources/budgets.toml``.

    ``append`` is a key whose text follows the description, ``hidden_by`` one that keeps the skill
    out of the list, and ``policy_file`` a YAML file whose ``policy.allow_implicit_invocation`` may
    do so too. ``first_paragraph`` stands in for a missing description. ``substitutes`` tells that
    the body is a template, ``preface`` what stands before it; ``compaction`` are tokens.
    """

    source: str
    share: float
    characters_per_token: int
    entry: str
    overflow: Literal["names-only", "shorten"]
    assumption: str
    window: int | None = None
    fallback: int | None = None
    entry_limit: int | None = None
    append: str = ""
    hidden_by: str = ""
    policy_file: str = ""
    first_paragraph: bool = False
    substitutes: bool = False
    preface: str = ""
    compaction: int | None = None
    compaction_all: int | None = None
    collapse: bool = False

    def limit(self, window: int | None = None) -> int:
        """Return the characters there are for a context window of that many tokens."""
        window = window or self.window
        if window is None:
            return self.fallback or 0
        return int(window * self.share * self.characters_per_token)


class ListingEntry(Struct, frozen=True):
    """What the list says of one skill. ``hidden`` skills are not listed at all.

    ``full`` is the description before it was cut to ``description``.
    """

    name: str
    description: str
    text: str
    full: str
    hidden: bool = False

    @property
    def cut(self) -> bool:
        """Tell whether the description was cut."""
        return self.description != self.full


class Budget(Struct, frozen=True):
    """The list of a library for one client, in characters.

    ``used`` is what all entries need; ``kept`` what is left of them within the limit. ``dropped``
    skills lose their description (Claude Code) or their place (Codex); ``shortened`` ones keep a
    part of it, ``hidden`` ones are not listed by their own wish.
    """

    client: str
    limit: int
    used: int
    kept: int
    dropped: tuple[str, ...]
    shortened: tuple[str, ...]
    hidden: tuple[str, ...]
    overflow: str
    source: str
    assumption: str


@cache
def listing_rules() -> Mapping[str, ListingRules]:
    """Return the clients whose listing is known, by id."""
    path: Path = bundled("resources") / "budgets.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return msgspec.convert(table, dict[str, ListingRules])


def listing_entry(
    skill: Skill, rules: ListingRules, read_from: Skill | None = None
) -> ListingEntry:
    """Return the entry of a skill, its description cut at the client's limit of one entry.

    ``read_from`` is the same skill where its files can be read, when that is another place.
    """
    front_matter = skill.front_matter
    full = skill.description
    if rules.first_paragraph and not full.strip():
        full = first_paragraph(skill.body_text)
    if rules.append and front_matter is not None:
        more = text_value(front_matter.get(rules.append), skill.source).strip()
        full = f"{full.strip()} - {more}" if more else full
    full = " ".join(full.split()) if rules.collapse else full.strip()
    limit = rules.entry_limit
    shown = full if limit is None or len(full) <= limit else full[: limit - 1] + _ELLIPSIS
    hidden = _hidden(read_from or skill, rules)
    return ListingEntry(
        skill.name, shown, "" if hidden else _entry_text(skill, rules, shown), full, hidden
    )


def _hidden(skill: Skill, rules: ListingRules) -> bool:
    if rules.hidden_by and skill.front_matter is not None:
        written = text_value(skill.front_matter.get(rules.hidden_by), skill.source)
        if written.strip().lower() in _TRUE:
            return True
    policy = next((file for file in skill.files if file.path == rules.policy_file), None)
    text = resource_text(skill, policy) if policy else None
    if text is None:
        return False
    try:
        root = parse_yaml(text)
    except YamlProblem:
        return False  # Codex ignores a policy file it cannot read
    table = root.value.get("policy") if root is not None and root.kind == "mapping" else None
    return isinstance(table, dict) and table.get("allow_implicit_invocation") is False


def first_paragraph(body: str) -> str:
    """Return the first paragraph that is no heading: Claude Code's stand-in for a description."""
    paragraph: list[str] = []
    for line in body.splitlines():
        if line.strip() and not line.startswith("#"):
            paragraph.append(line.strip())
        elif paragraph:
            break
    return " ".join(paragraph)


def budget_of(
    skills: Sequence[Skill],
    client: str,
    *,
    window: int | None = None,
    uses: Mapping[str, int] | None = None,
    read_from: Mapping[str, Skill] | None = None,
) -> Budget:
    """Return the list of skills against a client's budget.

    Args:
        skills: all that the client would list together.
        client: one of ``listing_rules()``.
        window: tokens of the context window; the client's usual one by default.
        uses: how often each skill (by id) was used, where that is known.
        read_from: skills (by id) where their files can be read, when that is another place.

    Raises:
        KeyError: no budget of that client is known.
    """
    rules = listing_rules()[client]
    staged = read_from or {}
    entries = [(skill, listing_entry(skill, rules, staged.get(skill.id))) for skill in skills]
    listed = [(skill, entry) for skill, entry in entries if not entry.hidden]
    limit = rules.limit(window)
    used = _size([entry.text for _, entry in listed])
    dropped: list[str] = []
    shortened: list[str] = []
    kept = used
    if used > limit and rules.overflow == "names-only":
        kept, dropped = _names_only(listed, rules, limit, uses or {})
    elif used > limit:
        kept, shortened, dropped = _shorten(listed, rules, limit)
    return Budget(
        client=client,
        limit=limit,
        used=used,
        kept=kept,
        dropped=tuple(dropped),
        shortened=tuple(shortened),
        hidden=tuple(skill.name for skill, entry in entries if entry.hidden),
        overflow=rules.overflow,
        source=rules.source,
        assumption=rules.assumption,
    )


_Listed = Sequence[tuple[Skill, ListingEntry]]


def _entry_text(skill: Skill, rules: ListingRules, description: str) -> str:
    if not description:
        return f"- {skill.name}"
    path = os.path.join(skill.path, skill.skill_md)  # noqa: PTH118 - for each skill of each list
    return rules.entry.format(name=skill.name, description=description, path=path)


def _size(texts: Sequence[str]) -> int:
    """Return the characters of a list with a line end between its entries."""
    return sum(map(len, texts)) + max(0, len(texts) - 1)


def _names_only(
    listed: _Listed, rules: ListingRules, limit: int, uses: Mapping[str, int]
) -> tuple[int, list[str]]:
    """Take descriptions away, those of the least used skills first, until the list fits."""
    size = _size([entry.text for _, entry in listed])
    by_name = sorted(listed, key=lambda pair: (pair[0].name, pair[0].id), reverse=True)
    order = sorted(by_name, key=lambda pair: uses.get(pair[0].id, 0))
    dropped: list[str] = []
    for skill, entry in order:
        if size <= limit:
            break
        if entry.description:
            size -= len(entry.text) - len(_entry_text(skill, rules, ""))
            dropped.append(skill.name)
    return size, dropped


def _shorten(listed: _Listed, rules: ListingRules, limit: int) -> tuple[int, list[str], list[str]]:
    """Cut all descriptions to the longest length that fits; then leave out the last by name."""
    ordered = sorted(listed, key=lambda pair: (pair[0].name, pair[0].id))
    bare = [len(entry.text) - len(entry.description) for _, entry in ordered]
    size = sum(bare) + max(0, len(bare) - 1)
    while ordered and size > limit:
        size -= bare[len(ordered) - 1] + (1 if len(ordered) > 1 else 0)
        ordered = ordered[:-1]
    kept_ids = {skill.id for skill, _ in ordered}
    lengths = [len(entry.description) for _, entry in ordered]
    low, high = 0, max(lengths, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if size + sum(min(length, middle) for length in lengths) <= limit:
            low = middle
        else:
            high = middle - 1
    shortened = [skill.name for skill, entry in ordered if len(entry.description) > low]
    dropped = [skill.name for skill, _ in listed if skill.id not in kept_ids]
    return size + sum(min(length, low) for length in lengths), shortened, dropped
