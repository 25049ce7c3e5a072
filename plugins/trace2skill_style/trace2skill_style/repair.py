"""VERIFY: what a model says to the problems of the format check, carried over to the edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from workbench.plugin.api import (
    Claim,
    EditProblem,
    as_list,
    as_mapping,
    as_text,
    edit_schema,
    read_edit,
    renamed,
)

_ID: dict[str, object] = {"type": "string"}
_IDS: dict[str, object] = {"type": "array", "items": _ID}
REPAIR_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "change": {"type": "array", "items": edit_schema({"id": _ID})},
        "drop": {"type": "array", "items": _ID},
        "add": {"type": "array", "items": edit_schema({"from": _IDS})},
    },
}


def repaired(
    claims: Sequence[Claim], answer: Mapping[str, object], prefix: str
) -> tuple[list[Claim], list[str]]:
    """Return the edits after a repair, and what of it was left out, in words."""
    known = {claim.edit.id: claim for claim in claims}
    dropped = {as_text(one) for one in as_list(answer.get("drop"))}
    problems: list[str] = []
    for value in as_list(answer.get("change")):
        name = as_text(as_mapping(value).get("id"))
        if name not in known:
            problems.append(f"A repair of '{name[:40]}' was left out: there is no such edit.")
            continue
        try:
            known[name] = replace(known[name], edit=read_edit(value, name))
        except EditProblem as problem:
            problems.append(f"The repair of edit {name} was left out: {problem}.")
    added: list[Claim] = []
    for number, value in enumerate(as_list(answer.get("add"))[:20], 1):
        row = as_mapping(value)
        parents = [one for one in map(as_text, as_list(row.get("from"))) if one in known]
        name = f"{prefix}.{number}"
        if not parents:
            problems.append(f"Edit {name} was left out: it belongs to no edit.")
            continue
        try:
            edit = read_edit(value, name)
        except EditProblem as problem:
            problems.append(f"Edit {name} was left out: {problem}.")
            continue
        evidence = renamed(one for parent in parents for one in known[parent].evidence)
        added.append(Claim(edit, evidence, known[parents[0]].generality, tuple(parents)))
    kept = [claim for name, claim in known.items() if name not in dropped]
    return [*kept, *added], problems
