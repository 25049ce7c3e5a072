"""The checks of a selection as rows: fact, words, and the place they are about. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.finding import Finding
from workbench.gui.review.checks.selection import Checked
from workbench.review.checks.costs import Tokens
from workbench.review.copied import Copied
from workbench.skills.overlap import Overlap

FactName = Literal["Format", "Size", "Security", "Links", "Overlap", "Text", "Gate"]
FACTS: tuple[FactName, ...] = ("Format", "Size", "Security", "Links", "Overlap", "Text", "Gate")

HIGH = ("high", "critical")
_SIGNS = {"error": "error", "warning": "warning", "info": "info", "hint": "hint"}
#: Rules on what SKILL.md says of files, told as links.
LINK_RULES = ("broken-link", "dead-reference", "dead-reference-in-code", "link-leaves-skill")
_KINDS = {
    "name": "Same name",
    "trigger": "Same trigger",
    "description": "Like description",
    "text": "Same text",
}


class CheckPlace(Struct, frozen=True):
    """Where a row leads.

    "after" is a line of the text the selection makes, "before" one of the base, "file" one of a
    file on disk, "trace" a step, "skill" a skill by its name. Paths are absolute or relative to the
    library; a line of 0 is the whole file.
    """

    kind: Literal["after", "before", "file", "trace", "skill"]
    path: str
    line: int = 0
    trajectory: str = ""
    quote: str = ""


class CheckRow(Struct, frozen=True):
    """One thing the checks say. ``key`` stays the same when the lines around it move."""

    fact: FactName
    sign: str
    what: str
    words: str
    place: CheckPlace | None
    key: tuple[str, ...]


def check_rows(checked: Checked) -> tuple[CheckRow, ...]:
    """Return all rows: what needs a look first, then what is better, then figures."""
    return (
        *_warnings(checked),
        *_format(checked),
        *_security(checked),
        *_links(checked),
        *_overlaps(checked),
        *_copied(checked),
        *_costs(checked),
        *_clients(checked),
    )


def counted(rows: tuple[CheckRow, ...], fact: FactName, key: str) -> list[CheckRow]:
    """Return the rows of a fact whose key begins with a word."""
    return [row for row in rows if row.fact == fact and row.key[0] == key]


def _warnings(checked: Checked) -> Iterator[CheckRow]:
    for text in checked.scan_problems:
        yield CheckRow("Security", "warning", "Scan incomplete", text, None, ("incomplete", text))
    for text in checked.result.warnings:
        path = text.split(" ", 1)[0].rstrip(":")
        place = CheckPlace("after", path)
        yield CheckRow("Format", "warning", "Look twice", text, place, ("twice", text))


def _file(skill: str, path: str) -> str:
    return path if skill == "." else f"{skill}/{path}"


def _fact(one: Diagnostic) -> FactName:
    return "Links" if one.rule in LINK_RULES else "Format"


def _format(checked: Checked) -> Iterator[CheckRow]:
    for skill in checked.result.skills:
        for one in skill.new:
            where = f"{one.path}:{one.line}" if one.line else one.path
            yield CheckRow(
                _fact(one),
                _SIGNS[one.severity],
                f"New in {skill.name}",
                f"{where}  {one.message}",
                CheckPlace("after", _file(skill.skill, one.path), one.line or 0),
                ("new", skill.skill, one.rule, one.message),
            )
        for one in skill.gone:
            yield CheckRow(
                _fact(one),
                "check",
                f"Solved in {skill.name}",
                f"{one.path}  {one.message}",
                CheckPlace("before", _file(skill.skill, one.path), one.line or 0),
                ("gone", skill.skill, one.rule, one.message),
            )


def _security(checked: Checked) -> Iterator[CheckRow]:
    security = checked.result.security
    if security is None:
        return

    def row(which: str, sign: str, what: str, one: Finding) -> CheckRow:
        side: Literal["after", "before"] = "after" if which == "new" else "before"
        return CheckRow(
            "Security",
            sign,
            what,
            f"{one.path}:{one.line}  {one.why}",
            CheckPlace(side, _file(one.skill, one.path), one.line),
            (which, one.plugin, one.rule, one.skill, one.path, one.fingerprint),
        )

    for one in security.new:
        sign = "error" if one.severity in HIGH else "warning"
        yield row("new", sign, f"New {one.severity} finding", one)
    for capability in security.capabilities:
        name = capability.partition(":")[0]
        place = CheckPlace("skill", name)
        yield CheckRow(
            "Security", "warning", "Newly seen", capability, place, ("ability", capability)
        )
    for one in security.gone:
        yield row("gone", "check", f"{one.severity.capitalize()} finding goes", one)


def _links(checked: Checked) -> Iterator[CheckRow]:
    links = checked.result.links
    composed = {skill.skill for skill in checked.result.skills}
    for which, found in (("new", links.broken), ("gone", links.mended)):
        for one in found:
            leads = (
                f"names the skill {one.target}" if one.kind == "skill" else f"leads to {one.target}"
            )
            end = ", which is not there" if which == "new" else ", which is there now"
            yield CheckRow(
                "Links",
                "error" if which == "new" else "check",
                "Link breaks" if which == "new" else "Link is mended",
                f"{one.path}:{one.line}  {leads}{end}",
                CheckPlace("after", one.path, one.line)
                if one.skill in composed
                else CheckPlace("file", one.path, one.line),
                (which, one.path, one.target, one.written),
            )


def _overlaps(checked: Checked) -> Iterator[CheckRow]:
    def row(which: str, one: Overlap) -> CheckRow:
        kind = _KINDS[one.kind]
        return CheckRow(
            "Overlap",
            "warning" if which == "new" else "check",
            kind if which == "new" else f"{kind} goes",
            f"{one.skill} and {one.other}: {one.what}",
            CheckPlace("file", one.other_path, one.other_line),
            (which, one.kind, one.skill, one.other),
        )

    for one in checked.result.overlaps.new:
        yield row("new", one)
    for one in checked.result.overlaps.gone:
        yield row("gone", one)


def _copied(checked: Checked) -> Iterator[CheckRow]:
    for one in checked.result.copied:
        key = (one.path, one.source, one.passage)
        words = f"{_source(one)}: “{one.passage}”"
        yield CheckRow(
            "Text",
            "warning",
            f"{one.words} words as in",
            words,
            _source_place(one),
            ("new", *key),
        )
        yield CheckRow(
            "Text",
            "info",
            "They are new in",
            f"{one.path}:{one.line}",
            CheckPlace("after", one.path, one.line),
            ("at", *key),
        )


def _source(one: Copied) -> str:
    if one.kind == "trace":
        return one.source
    licence = f", licence {one.licence}" if one.licence else ", no licence named"
    which = "the installed skill" if one.kind == "installed" else "the skill"
    return f"{which} {one.source}{licence}"


def _source_place(one: Copied) -> CheckPlace:
    if one.kind == "trace":
        return CheckPlace("trace", one.source_path, one.source_step or 0, one.source_trajectory)
    return CheckPlace("file", one.source_path, one.source_line)


def _costs(checked: Checked) -> Iterator[CheckRow]:
    costs = checked.result.costs
    for one in costs.skills if costs else ():
        levels = [
            f"{level} {_level(one.before, level):,} → {_level(one.after, level):,}"
            for level in ("catalogue", "body", "resources")
            if _level(one.before, level) != _level(one.after, level)
        ]
        words = f"{', '.join(levels)} ({costs.tokenizer if costs else ''})"
        place = CheckPlace("after", _file(one.skill, "SKILL.md"))
        yield CheckRow("Size", "info", f"Tokens of {one.skill}", words, place, ("tokens", words))
    for listing in costs.catalogues if costs else ():
        words = f"{listing.before:,} → {listing.after:,} of {listing.limit:,} characters"
        if listing.dropped:
            words += f"; falls out: {', '.join(listing.dropped)}"
        if listing.back:
            words += f"; comes back: {', '.join(listing.back)}"
        named = (*listing.dropped, *listing.back)
        touched = checked.result.skills
        where = named[0] if named else touched[0].name if touched else ""
        yield CheckRow(
            "Size",
            "warning" if listing.dropped else "info",
            f"List of {listing.client}",
            words,
            CheckPlace("skill", where) if where else None,
            ("list", listing.client, words),
        )


def _clients(checked: Checked) -> Iterator[CheckRow]:
    for client in checked.clients:
        words = (
            f"{client.after}, as before"
            if client.after == client.before
            else f"{client.before} before, {client.after} after"
        )
        sign = {"ok": "check", "warning": "warning", "error": "error"}[client.after]
        skills = checked.result.skills
        place = CheckPlace("skill", skills[0].name) if skills else None
        key = ("client", client.client, client.after)
        yield CheckRow("Format", sign, client.client, words, place, key)


def _level(tokens: Tokens | None, level: str) -> int:
    return 0 if tokens is None else int(getattr(tokens, level))
