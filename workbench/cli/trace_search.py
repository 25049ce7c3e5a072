"""Steps that contain a text."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import msgspec

from workbench.cli.trace_outcomes import attached_outcomes
from workbench.cli.trace_sessions import indexed, wanted_of
from workbench.domain.trajectory import StepBody
from workbench.traces.index.search import Hit, excerpt, search
from workbench.traces.open import OpenTrace
from workbench.usage.indexed_outcomes import judged_query

_AROUND = 80


def matches(trace: OpenTrace, query: str) -> Iterator[dict[str, Any]]:
    """Yield each place of a trace, and of its subagents, that contains the text.

    One match a place (text, thinking, a call's arguments or result), the first in it; case does
    not matter. ``evidence`` are the bytes of the match, where they can be told exactly.
    """
    wanted = query.casefold()
    for step in trace.trajectory.steps:
        for where, text in _places(trace.body(step.index)):
            at = text.casefold().find(wanted)
            if at < 0:
                continue
            found = _as_written(text, at, query)
            span = trace.locate(step.index, found) if found else None
            yield {
                "path": str(trace.path),
                "trace": trace.trajectory.id,
                "step": step.index,
                "uid": step.uid,
                "kind": step.kind,
                "where": where,
                "excerpt": _excerpt(text, at, len(query)),
                "evidence": msgspec.to_builtins(span) if span is not None else None,
            }
    for child in trace.children:
        yield from matches(child, query)


def indexed_matches(args: argparse.Namespace) -> tuple[list[dict[str, Any]], bool]:
    """Look words up in an index that is brought up to date first.

    Returns:
        Matches in the shape of ``matches``, ``where`` "step" and without exact bytes, and whether
        there are more.

    Raises:
        UsageProblem: the index cannot be kept.
    """
    with indexed(args.paths) as (index, folders, _):
        asked = msgspec.structs.replace(wanted_of(args), folders=folders)
        wanted = judged_query(index, asked, attached_outcomes())
        found = search(index, args.query, wanted, limit=args.top + 1)
        return [_of_hit(hit, args.query) for hit in found[: args.top]], len(found) > args.top


def _of_hit(hit: Hit, query: str) -> dict[str, Any]:
    return {
        "path": hit.path,
        "trace": hit.trajectory,
        "step": hit.step,
        "uid": hit.uid,
        "kind": hit.kind,
        "where": "step",
        "excerpt": excerpt(hit, query),
        "evidence": None,
    }


def _places(body: StepBody) -> Iterator[tuple[str, str]]:
    yield "text", body.text
    yield "thinking", body.reasoning
    for call in body.tool_calls:
        yield f"{call.name} arguments", call.arguments
        yield f"{call.name} result", call.observation or ""


def _as_written(text: str, at: int, query: str) -> str | None:
    """Return the match in the text's own case; folding can move it in rare scripts."""
    found = text[at : at + len(query)]
    return found if found.casefold() == query.casefold() else None


def _excerpt(text: str, at: int, length: int) -> str:
    start, end = max(0, at - _AROUND), at + length + _AROUND
    middle = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{middle}{'…' if end < len(text) else ''}"
