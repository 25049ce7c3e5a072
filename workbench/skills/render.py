"""What a model receives of a skill: the entry in the list of skills, and the body when it is used.

Nothing is run and nothing is read but the skill. What only a session knows is named, not made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.skills.budgets import ListingRules, listing_entry, listing_rules
from workbench.skills.clients import CLIENTS
from workbench.skills.frontmatter import text_value
from workbench.skills.substitute import (
    VARIABLES,
    Filled,
    InjectedCommand,
    Replacement,
    fill,
)
from workbench.skills.tokenizers import Tokenizer, default_tokenizer

_NOT_SPLIT_ALIKE: Final = frozenset("$|;&<>()*?#")


class Listing(Struct, frozen=True):
    """The entry in the list of skills. ``cut`` tells that the description did not fit whole."""

    text: str
    description: str
    full: str
    cut: bool
    hidden: bool


class Note(Struct, frozen=True):
    """What an author should know; ``line`` is one of SKILL.md, None where it is of the whole."""

    message: str
    line: int | None = None


class Rendering(Struct, frozen=True):
    """What one client's model receives. Lines are those of SKILL.md."""

    client: str
    name: str
    arguments: str
    listing: Listing
    body: str
    replacements: tuple[Replacement, ...]
    commands: tuple[InjectedCommand, ...]
    appended: bool
    notes: tuple[Note, ...]


def render_skill(
    skill: Skill,
    client: str,
    arguments: str = "",
    *,
    variables: Mapping[str, str] | None = None,
    tokenizer: Tokenizer | None = None,
) -> Rendering:
    """Return what the model receives.

    Args:
        skill: as read, or with a buffer in place of SKILL.md.
        client: one of ``clients.CLIENTS``.
        arguments: as typed after the skill's name; Claude Code alone fills them in.
        variables: values of ``CLAUDE_...`` variables, where they are known.
        tokenizer: for how much is left after a long session is summed up.

    Raises:
        KeyError: there is no such client.
    """
    title = CLIENTS[client].title
    rules = listing_rules().get(client)
    listing = _listing(skill, rules)
    notes = list(_listing_notes(listing, rules, title))
    if rules is None or not rules.substitutes:
        if arguments.strip():
            notes.append(Note(f"{title} does not fill in arguments: they are not in the body."))
        return Rendering(
            client, skill.name, arguments, listing, skill.body_text, (), (), False, tuple(notes)
        )
    filled = fill(skill.body_text, arguments, argument_names(skill), _variables(skill, variables))
    offset = _lines_before_body(skill)
    notes += _notes(filled, arguments, offset)
    body = rules.preface.format(folder=skill.path) + filled.text
    notes += _left_after_compaction(body, rules, title, tokenizer or default_tokenizer())
    return Rendering(
        client=client,
        name=skill.name,
        arguments=arguments,
        listing=listing,
        body=body,
        replacements=tuple(
            Replacement(one.kind, one.placeholder, one.value, one.line + offset, one.in_code)
            for one in filled.replacements
        ),
        commands=tuple(
            InjectedCommand(one.command, one.line + offset, one.shown) for one in filled.commands
        ),
        appended=filled.appended,
        notes=tuple(notes),
    )


def argument_names(skill: Skill) -> tuple[str, ...]:
    """Return the named arguments of the front matter key ``arguments`` (a text or a list)."""
    entry = skill.front_matter.get("arguments") if skill.front_matter else None
    if entry is None:
        return ()
    if isinstance(entry.value, list):
        return tuple(str(item) for item in entry.value)
    return tuple(text_value(entry, skill.source).split())


def _listing(skill: Skill, rules: ListingRules | None) -> Listing:
    if rules is None:
        text = skill.description.strip()
        entry = f"{skill.name}: {text}" if text else skill.name
        return Listing(entry, text, text, cut=False, hidden=False)
    made = listing_entry(skill, rules)
    return Listing(made.text, made.description, made.full, made.cut, made.hidden)


def _listing_notes(listing: Listing, rules: ListingRules | None, title: str) -> Iterator[Note]:
    if rules is None:
        yield Note(f"How {title} writes its list of skills is not documented; shown plainly.")
    if listing.hidden:
        yield Note("The model does not see this skill in the list; only a person can start it.")
    if listing.cut and rules is not None:
        yield Note(
            f"The description has {len(listing.full):,} characters; {title} cuts it at "
            f"{rules.entry_limit:,}."
        )


def _variables(skill: Skill, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return what is known of the variables, and the name in brackets of what a session knows."""
    known = dict(given or {})
    known.setdefault("CLAUDE_SKILL_DIR", skill.path)
    effort = skill.front_matter.get("effort") if skill.front_matter else None
    if effort is not None:
        known.setdefault("CLAUDE_EFFORT", text_value(effort, skill.source))
    for name in VARIABLES:
        known.setdefault(name, f"[{name} of the session]")
    return known


def _lines_before_body(skill: Skill) -> int:
    before = skill.source[: skill.body.start]
    return before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")


def _notes(filled: Filled, arguments: str, offset: int) -> Iterator[Note]:
    for one in filled.replacements:
        line = one.line + offset
        if one.in_code and one.kind in ("all", "index", "named", "kept"):
            what = "is replaced" if one.kind != "kept" else "is replaced when there are arguments"
            yield Note(
                f"'{one.placeholder}' in this code {what}. If the code means it, write "
                f"'\\{one.placeholder}'.",
                line,
            )
        elif one.kind == "kept":
            yield Note(f"There is no argument for '{one.placeholder}': it stays as it is.", line)
    for command in filled.commands:
        yield Note(
            "This command would run before the model reads the text; when it fails, the skill "
            "does not start. It was not run here.",
            command.line + offset,
        )
    if filled.appended:
        yield Note("The body has no $ARGUMENTS, so the arguments are put at its end.")
    if _NOT_SPLIT_ALIKE.intersection(arguments):
        yield Note(
            "The arguments hold signs of a shell ($ | ; & < > ( ) * ? #); single arguments may "
            "come out otherwise in Claude Code. $ARGUMENTS is the text as typed."
        )


def _left_after_compaction(
    body: str, rules: ListingRules, title: str, tokenizer: Tokenizer
) -> Iterator[Note]:
    if rules.compaction is None:
        return
    tokens = tokenizer.count(body)
    if tokens > rules.compaction:
        kind = "an estimate" if tokenizer.estimate else "counted"
        yield Note(
            f"The text has about {tokens:,} tokens ({kind}, {tokenizer.title}). When a long "
            f"session is summed up, {title} keeps its first {rules.compaction:,}"
            + (
                f", and {rules.compaction_all:,} of all skills."
                if rules.compaction_all is not None
                else "."
            )
        )
