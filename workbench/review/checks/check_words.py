"""The checks of a selection as lines of text, for reports and terminals."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.review.checks.costs import CostDelta, Tokens
from workbench.review.checks.result import ResultChecks
from workbench.review.copied import Copied


def lines_of_checks(checks: ResultChecks) -> Iterator[str]:
    """Yield clients, costs, links, overlaps and passages, each with the place it is about."""
    for client in checks.clients:
        change = f"{client.before} before, " if client.before != client.after else ""
        counts = f" ({client.new} new, {client.gone} gone)" if client.new or client.gone else ""
        yield f"for {client.client}: {change}{client.after}{counts}"
    if checks.costs is not None:
        yield from _costs(checks.costs)
    for one in checks.links.broken:
        yield f"breaks: {one.path}:{one.line} leads to {one.target}, which is not there"
    for one in checks.links.mended:
        yield f"mended: {one.path}:{one.line} leads to {one.target}, which is there now"
    for word, overlaps in (("new", checks.overlaps.new), ("gone", checks.overlaps.gone)):
        for overlap in overlaps:
            places = f"{overlap.path}:{overlap.line} and {overlap.other_path}:{overlap.other_line}"
            yield f"{word} overlap ({overlap.kind}) of {places}: {overlap.what}"
    for copied in checks.copied:
        yield _copied(copied)


def _costs(costs: CostDelta) -> Iterator[str]:
    for one in costs.skills:
        levels = (
            f"{level} {_level(one.before, level)} to {_level(one.after, level)}"
            for level in ("catalogue", "body", "resources")
        )
        yield f"tokens of {one.skill}: {', '.join(levels)} ({costs.tokenizer})"
    for listing in costs.catalogues:
        line = f"list of {listing.client}: {listing.before} to {listing.after} characters"
        line += f" of {listing.limit}"
        if listing.dropped:
            line += f"; falls out: {', '.join(listing.dropped)}"
        if listing.back:
            line += f"; comes back: {', '.join(listing.back)}"
        yield line


def _level(tokens: Tokens | None, level: str) -> int:
    return 0 if tokens is None else int(getattr(tokens, level))


def _copied(one: Copied) -> str:
    where = one.source
    if one.kind != "trace":
        which = "installed skill" if one.kind == "installed" else "skill"
        where = f"the {which} {one.source} ({one.licence or 'no licence named'})"
        where += f" at {one.source_path}:{one.source_line}"
    elif one.source_step is not None:
        where += f" step {one.source_step}"
    return f"{one.path}:{one.line} has {one.words} words as in {where}: “{one.passage}”"
