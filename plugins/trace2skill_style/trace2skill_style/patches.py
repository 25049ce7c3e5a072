"""MAP: one patch for each trace, with quotes that its steps hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.plugin.api import (
    EVIDENCE_SCHEMA,
    Claim,
    Evidence,
    Generality,
    QuoteCheck,
    SkillTexts,
    TraceText,
    as_mapping,
    as_text,
    edit_schema,
    path_in,
    read_edits,
    repeats,
    support,
)

_WORDS: dict[str, object] = {"type": "string"}
_GENERALITY: dict[str, object] = {"enum": ["task", "family", "general"]}
_REACH: dict[str, Generality] = {"task": "task", "family": "family", "general": "general"}
CAUSES = ("skill", "agent", "environment", "task", "none")

MAP_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "root_cause": {"enum": list(CAUSES)},
        "reasoning": _WORDS,
        "evidence": EVIDENCE_SCHEMA,
        "edits": {
            "type": "array",
            "items": edit_schema({"evidence": EVIDENCE_SCHEMA}, {"generality": _GENERALITY}),
        },
        "changelog": _WORDS,
    },
    "required": ["root_cause", "reasoning", "edits"],
}


@dataclass(frozen=True)
class Patch:
    """Edits with what speaks for them. ``name`` is unique in a skill, ``runs`` are trace ids."""

    name: str
    runs: tuple[str, ...]
    claims: tuple[Claim, ...]
    reasoning: str = ""
    changelog: tuple[str, ...] = ()
    root_cause: str = "skill"
    evidence: tuple[Evidence, ...] = ()


def read_patch(
    answer: Mapping[str, object],
    name: str,
    *,
    trace: TraceText,
    texts: SkillTexts,
    quotes: QuoteCheck,
    turned: frozenset[tuple[str, str]],
) -> tuple[Patch, list[str]]:
    """Return the patch an answer comes to, and what of it was left out, in words."""
    rows, problems = read_edits(answer.get("edits"), f"{name}.")
    claims: list[Claim] = []
    for edit, said in rows:
        row = as_mapping(said)
        evidence = quotes.evidence(row.get("evidence"), [trace.id], f"{edit.id}.")
        if not evidence:
            problems.append(f"Edit {edit.id} was left out: none of its quotes is in {trace.id}.")
        elif repeats(turned, path_in(texts.skill, edit.file), edit.content):
            problems.append(f"Edit {edit.id} was left out: people turned that down before.")
        else:
            claims.append(Claim(edit, evidence, generality_of(row.get("generality"))))
    cause = as_text(answer.get("root_cause"))
    log = as_text(answer.get("changelog")).strip()
    patch = Patch(
        name=name,
        runs=(trace.id,),
        claims=tuple(claims),
        reasoning=as_text(answer.get("reasoning")).strip(),
        changelog=(log,) if log else (),
        root_cause=cause if cause in CAUSES else "none",
        evidence=quotes.evidence(answer.get("evidence"), [trace.id], f"{name}.d"),
    )
    return patch, problems


def generality_of(value: object) -> Generality:
    """Return how far an edit is meant to reach."""
    return _REACH.get(as_text(value), "unknown")


def best_first(claims: Sequence[Claim]) -> list[Claim]:
    """Return the edits with the most runs behind them first, else in their order."""
    return sorted(claims, key=lambda claim: -support(claim))
