"""Checking a skill against client profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.skill import Skill
from workbench.domain.text import Span
from workbench.skills.clients import CLIENTS, Client, ClientRule
from workbench.skills.rules import (
    body,
    description,
    encoding,
    front_matter,
    keys,
    links,
    name,
    skills_ref,
)
from workbench.skills.rules.registry import Hit, Rule, View

__all__ = ["CLIENTS", "DEFAULT_CLIENT", "RULES", "check_skill"]

DEFAULT_CLIENT: Final = "agentskills"

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for module in (encoding, front_matter, keys, name, description, body, links)
    for rule in module.RULES
}


def check_skill(
    skill: Skill, clients: Sequence[str] = (DEFAULT_CLIENT,), *, named: str | None = None
) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a skill, sorted by place.

    What several clients say alike is one diagnostic. The reference validator's messages come last
    and in its own order.

    Args:
        skill: as read, or with a buffer in place of SKILL.md.
        clients: ids of profiles.
        named: the folder's name as the reference sees it when it is not the folder's own: it takes
            the last part of the path that was typed, which is empty for ``.``.

    Raises:
        KeyError: there is no client of that id.
    """
    view = View(skill)
    chosen = [CLIENTS[client_id] for client_id in dict.fromkeys(clients)]
    found: dict[tuple[object, ...], Diagnostic] = {}
    for client in chosen:
        for diagnostic in _of_client(view, client):
            key = (
                diagnostic.rule,
                diagnostic.severity,
                diagnostic.message,
                diagnostic.path,
                diagnostic.span,
            )
            found[key] = _merged(found.get(key), diagnostic)
    ordered = sorted(found.values(), key=_place)
    for client in chosen:
        if client.reference:
            ordered += _of_reference(view, client, named)
    return tuple(ordered)


def _of_client(view: View, client: Client) -> Iterator[Diagnostic]:
    for rule_id, terms in client.rules.items():
        for hit in RULES[rule_id].find(view, client):
            yield _diagnostic(view, hit, rule_id, client.id, terms)


def _diagnostic(view: View, hit: Hit, rule: str, client_id: str, terms: ClientRule) -> Diagnostic:
    place = Diagnostic(
        rule=rule,
        severity=terms.severity,
        message=hit.message,
        path=hit.path or view.skill.skill_md,
        clients=(client_id,),
        source=terms.source,
        span=hit.span,
        fix=hit.fix,
    )
    if hit.span is None:
        return place
    line, column = view.lines.place(hit.span.start)
    end = view.lines.place(max(hit.span.start, _without_line_end(view.skill.source, hit.span)))
    return msgspec.structs.replace(
        place, line=line, column=column, end_line=end[0], end_column=end[1]
    )


def _without_line_end(source: bytes, span: Span) -> int:
    text = source[span.start : span.end]
    return span.start + len(text.rstrip(b"\r\n"))


def _merged(first: Diagnostic | None, second: Diagnostic) -> Diagnostic:
    if first is None:
        return second
    source = first.source
    if second.source not in source.split("; "):
        source = f"{source}; {second.source}"
    return msgspec.structs.replace(
        first, clients=(*first.clients, *second.clients), source=source, fix=first.fix or second.fix
    )


def _place(diagnostic: Diagnostic) -> tuple[object, ...]:
    return (
        diagnostic.path != "SKILL.md",
        diagnostic.path,
        diagnostic.line or 0,
        diagnostic.column or 0,
        diagnostic.rule,
    )


def _of_reference(view: View, client: Client, named: str | None) -> list[Diagnostic]:
    skill = view.skill
    folder = Path(skill.path).name if named is None else named
    terms = ClientRule("error", client.source)
    return [
        _diagnostic(
            view,
            Hit(verdict.message, _reference_span(view, verdict)),
            f"skills-ref/{verdict.rule}",
            client.id,
            terms,
        )
        for verdict in skills_ref.validate_source(skill.source, folder)
    ]


def _reference_span(view: View, verdict: skills_ref.Verdict) -> Span | None:
    entry = view.entry(verdict.key) if verdict.key else None
    if entry is not None:
        return entry.key_span if verdict.rule == "unexpected-fields" else entry.value_span
    if verdict.line is not None:
        return Span(*view.lines.line_span(min(verdict.line, len(view.lines.starts))))
    return view.head
