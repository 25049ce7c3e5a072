"""JSON Schemas of what ``proposals --format json`` prints, made from the values themselves.

To write them again: ``python -m workbench.cli.proposals_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.domain.proposal import Decision, Gate, Proposal, Receipt
from workbench.review.checks import ResultChecks
from workbench.review.merge import Conflict

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_WHOLE: dict[str, Any] = {"type": "integer"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(item: Any) -> dict[str, Any]:
    return {"type": "array", "items": item}


_HUNK = _object(
    id=_TEXT,
    number=_WHOLE,
    path=_TEXT,
    kind={"enum": ["text", "create", "delete", "rename", "mode", "binary"]},
    header=_TEXT,
    lines=_TEXTS,
    evidence=_TEXTS,
    evidence_scope={"enum": ["hunk", "file", "none"]},
    rationale=_TEXT,
    change=_TEXT,
    verdict={"enum": ["accept", "reject", "defer", None]},
    reason=_TEXT,
    edited={"type": "boolean"},
)
_ROW = _object(
    id=_TEXT,
    status=_TEXT,
    kind=_TEXT,
    title=_TEXT,
    skills=_TEXTS,
    engine=_TEXT,
    level=_TEXT,
    evidence=_WHOLE,
    verified=_WHOLE,
    files=_TEXTS,
    created=_TEXT,
    warnings=_TEXTS,
)


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (Proposal, Decision, Receipt, ResultChecks, Conflict, Gate)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    named = {kind.__name__: ref for kind, ref in zip(kinds, references, strict=True)}

    def stored(kind: type, **more: Any) -> dict[str, Any]:
        own = parts[kind.__name__]
        required = [*own.get("required", []), *more]
        return {**own, "properties": own["properties"] | more, "required": required}

    decision = {"anyOf": [{"type": "null"}, named["Decision"]]}
    gate = named["Gate"]
    documents: dict[str, dict[str, Any]] = {
        "proposals": _object(store=_TEXT, proposals=_list(_ROW), problems=_TEXTS),
        "proposal": stored(Proposal, hunks=_list(_HUNK), decision=decision, changed_on_disk=_TEXTS),
        "proposal-check": stored(
            ResultChecks, id=_TEXT, ok={"type": "boolean"}, scan_problems=_TEXTS, gate=gate
        ),
        "decision": stored(Decision, status=_TEXT, gate=gate),
        "receipt": stored(Receipt),
        "merge": {
            "type": "object",
            "properties": {"id": _TEXT, "merged": _TEXT, "conflicts": _list(named["Conflict"])},
            "required": ["id", "conflicts"],
        },
    }
    return {f"{name}.json": _file(name, one, parts) for name, one in documents.items()}


def _file(name: str, body: dict[str, Any], parts: dict[str, Any]) -> bytes:
    properties = {"schema": {"const": f"skill-workbench/{name}/1"}} | body["properties"]
    schema = {
        "$schema": _DIALECT,
        **body,
        "title": f"What 'proposals' prints: {name}",
        "properties": properties,
        "required": ["schema", *body["required"]],
    }
    used: dict[str, Any] = {}
    _collect(schema, parts, used)
    if used:
        schema["$defs"] = dict(sorted(used.items()))
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def _collect(node: Any, parts: dict[str, Any], used: dict[str, Any]) -> None:
    """Gather the definitions that a schema refers to, and those they refer to."""
    if isinstance(node, list):
        for one in node:
            _collect(one, parts, used)
    elif isinstance(node, dict):
        name = str(node.get("$ref", "")).removeprefix("#/$defs/")
        if name and name not in used:
            used[name] = parts[name]
            _collect(parts[name], parts, used)
        for one in node.values():
            _collect(one, parts, used)


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_bytes(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
