"""JSON Schemas of what the authoring commands print, made from the values themselves.

To write them again: ``python -m workbench.cli.authoring_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, write_all
from workbench.skills.budgets import Budget
from workbench.skills.export import ExportChange
from workbench.skills.references import Reference
from workbench.skills.render import Listing, Note
from workbench.skills.search import SearchHit
from workbench.skills.substitute import InjectedCommand, Replacement
from workbench.skills.tokens import SkillCost
from workbench.store.locked_parts import LockedPart

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_OPTIONAL: dict[str, Any] = {"type": ["string", "null"]}
_WHOLE: dict[str, Any] = {"type": "integer"}
_TRUTH: dict[str, Any] = {"type": "boolean"}
#: Values that stand in documents; the schema of each is made from its fields.
_VALUES = (
    Budget,
    ExportChange,
    InjectedCommand,
    Listing,
    LockedPart,
    Note,
    Reference,
    Replacement,
    SearchHit,
    SkillCost,
)


def _value(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{kind.__name__}"}


_ERROR = object_of(rule=_TEXT, message=_TEXT, path=_TEXT, line={"type": ["integer", "null"]})


_DOCUMENTS: dict[str, dict[str, Any]] = {
    "tokens": {
        "tokenizer": _TEXT,
        "tokenizer_title": _TEXT,
        "tokenizer_source": _TEXT,
        "estimate": _TRUTH,
        "skills": list_of(_value(SkillCost)),
        "budgets": list_of(_value(Budget)),
    },
    "search": {
        "query": _TEXT,
        "profile": _TEXT,
        "results": list_of(_value(SearchHit)),
    },
    "locks": {"library": _TEXT, "locks": list_of(_value(LockedPart))},
    "render": {
        "path": _TEXT,
        "client": _TEXT,
        "name": _TEXT,
        "arguments": _TEXT,
        "listing": _value(Listing),
        "body": _TEXT,
        "replacements": list_of(_value(Replacement)),
        "commands": list_of(_value(InjectedCommand)),
        "appended": _TRUTH,
        "notes": list_of(_value(Note)),
    },
    "new": {"path": _TEXT, "name": _TEXT, "template": _TEXT, "files": _TEXTS},
    "extract": {
        "skill": _TEXT,
        "file": _TEXT,
        "title": _TEXT,
        "line": _WHOLE,
        "applied": _TRUTH,
        "tokenizer": _TEXT,
        "body_before": _WHOLE,
        "body_after": _WHOLE,
        "file_tokens": _WHOLE,
        "notes": _TEXTS,
    },
    "rename": {
        "library": _TEXT,
        "old": _TEXT,
        "new": _TEXT,
        "folder": _TEXT,
        "new_folder": _TEXT,
        "applied": _TRUTH,
        "files": _TEXTS,
        "references": list_of(_value(Reference)),
        "left": list_of(_value(Reference)),
    },
    "pack": {
        "skill": _TEXT,
        "name": _TEXT,
        "target": _OPTIONAL,
        "file": _OPTIONAL,
        "bytes": _WHOLE,
        "sha256": _TEXT,
        "files": _TEXTS,
        "changes": list_of(_value(ExportChange)),
        "errors": list_of(_ERROR),
    },
    "unpack": {
        "archive": _TEXT,
        "folder": _TEXT,
        "files": _TEXTS,
        "left_out": _TEXTS,
    },
}


def authoring_schemas() -> dict[str, bytes]:
    """Return the schema files by name."""
    _, parts = msgspec.json.schema_components(_VALUES, ref_template="#/$defs/{name}")
    files: dict[str, bytes] = {}
    for kind, fields in _DOCUMENTS.items():
        schema = {
            "$schema": _DIALECT,
            "title": f"What the command line prints: {kind}",
            "type": "object",
            "properties": {"schema": {"const": f"skill-workbench/{kind}/1"}, **fields},
            "required": ["schema", *fields],
            "$defs": {name: parts[name] for name in sorted(_named(fields, parts))},
        }
        files[f"{kind}.json"] = msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"
    return files


def _named(value: Any, parts: dict[str, Any]) -> set[str]:
    """Return the names of parts that a schema refers to, and those these refer to."""
    if isinstance(value, list):
        return set().union(*(_named(item, parts) for item in value))
    if not isinstance(value, dict):
        return set()
    reference = value.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        return {name} | _named(parts[name], parts)
    return set().union(*(_named(item, parts) for item in value.values()))


def main(folder: Path) -> None:
    """Write the schema files into a folder."""
    write_all(folder, authoring_schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
