"""REDUCE: patches merged a few at a time, level after level; what conflicts is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from trace2skill_style.patches import Patch, best_first, generality_of
from workbench.plugin.api import (
    Claim,
    EditProblem,
    Placed,
    SkillTexts,
    as_list,
    as_mapping,
    as_text,
    conflict,
    edit_schema,
    place,
    read_edits,
    renamed,
)

_IDS: dict[str, object] = {"type": "array", "items": {"type": "string"}}
MERGE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "edits": {
            "type": "array",
            "items": edit_schema(
                {"from": _IDS}, {"generality": {"enum": ["task", "family", "general"]}}
            ),
        },
        "changelog": {"type": "string"},
    },
    "required": ["reasoning", "edits"],
}


def groups(patches: Sequence[Patch], size: int) -> list[list[Patch]]:
    """Return the patches in their order, ``size`` at a time."""
    return [list(patches[at : at + size]) for at in range(0, len(patches), size)]


def shown(claims: Sequence[Claim]) -> str:
    """Return edits as JSON lines for a model."""
    return "\n".join(
        json.dumps(
            {
                "id": claim.edit.id,
                "file": claim.edit.file,
                "op": claim.edit.op,
                "target_section": claim.edit.section,
                "target_text": claim.edit.target,
                "content": claim.edit.content,
                "after_section": claim.edit.after,
                "reason": claim.edit.reason,
                "runs": len({one.trace for one in claim.evidence}),
            },
            ensure_ascii=False,
        )
        for claim in claims
    )


def shown_patches(patches: Sequence[Patch]) -> str:
    """Return patches as text for a model."""
    return "\n\n".join(
        f"Patch {patch.name}: {patch.reasoning[:1500]}\n{shown(patch.claims)}" for patch in patches
    )


def read_merge(
    answer: Mapping[str, object], name: str, merged: Sequence[Patch], texts: SkillTexts
) -> tuple[Patch, list[str]]:
    """Return the patch a merge comes to. Evidence is that of the edits each one names."""
    sources = {claim.edit.id: claim for patch in merged for claim in patch.claims}
    rows, problems = read_edits(answer.get("edits"), f"{name}.")
    claims: list[Claim] = []
    for edit, said in rows:
        row = as_mapping(said)
        parents = [one for one in map(as_text, as_list(row.get("from"))) if one in sources]
        if not parents:
            problems.append(f"Edit {edit.id} was left out: it comes from none of the patches.")
            continue
        evidence = renamed(one for parent in parents for one in sources[parent].evidence)
        reach = generality_of(row.get("generality"))
        claims.append(Claim(edit, evidence, reach, tuple(dict.fromkeys(parents))))
    kept, conflicts = independent(claims, texts)
    log = as_text(answer.get("changelog")).strip()
    patch = Patch(
        name=name,
        runs=_runs(merged),
        claims=tuple(kept),
        reasoning=as_text(answer.get("reasoning")).strip(),
        changelog=(log,) if log else (),
    )
    return patch, problems + conflicts


def put_together(name: str, merged: Sequence[Patch], texts: SkillTexts) -> tuple[Patch, list[str]]:
    """Merge by program, where there is no model's answer: same edits once, conflicts left out."""
    same: dict[tuple[str, ...], Claim] = {}
    for patch in merged:
        for claim in patch.claims:
            edit = claim.edit
            words = (edit.section, edit.target, edit.content, edit.after)
            key = (edit.file, edit.op, *(" ".join(one.split()) for one in words))
            known = same.get(key)
            if known is not None:
                evidence = renamed((*known.evidence, *claim.evidence))
                parents = (*known.parents, edit.id)
                same[key] = Claim(known.edit, evidence, known.generality, parents)
            else:
                same[key] = claim
    kept, conflicts = independent(list(same.values()), texts)
    reasoning = "\n\n".join(patch.reasoning for patch in merged if patch.reasoning)
    log = tuple(line for patch in merged for line in patch.changelog)
    return Patch(name, _runs(merged), tuple(kept), reasoning, log), conflicts


def independent(claims: Sequence[Claim], texts: SkillTexts) -> tuple[list[Claim], list[str]]:
    """Leave out edits that touch lines of better supported ones; those without a place stay."""
    kept: list[Claim] = []
    problems: list[str] = []
    taken: dict[str, list[tuple[Claim, Placed]]] = {}
    for claim in best_first(claims):
        text = texts.texts.get(claim.edit.file)
        try:
            where = place(text, claim.edit) if text is not None else None
        except EditProblem:
            where = None
        beside = taken.setdefault(claim.edit.file, [])
        other = next((one for one, at in beside if where is not None and conflict(at, where)), None)
        if other is not None:
            name = claim.edit.id
            problems.append(f"Edit {name} was left out: it touches the lines of {other.edit.id}.")
            continue
        if where is not None:
            beside.append((claim, where))
        kept.append(claim)
    return kept, problems


def _runs(patches: Sequence[Patch]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run for patch in patches for run in patch.runs))
