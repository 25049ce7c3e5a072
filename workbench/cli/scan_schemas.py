"""JSON Schemas of what ``scan`` and ``trust`` print, made from the values themselves.

To write them again: ``python -m workbench.cli.scan_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.domain.finding import LEVELS, Finding, SkillScan
from workbench.security.trust import TrustReport

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
_VERDICTS = ("clean", "review", "dangerous")


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (SkillScan, Finding, TrustReport)
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    skill = _without(parts["SkillScan"], "skill")
    skill["properties"]["id"] = {"type": "string"}
    parts = {**parts, "SkillScan": skill, "Finding": _without(parts["Finding"], "skill")}
    counts = dict.fromkeys(LEVELS, _WHOLE)
    summary = dict.fromkeys(("skills", *_VERDICTS, "suppressed", "new"), _WHOLE)
    summary["findings"] = {"type": "object", "properties": counts, "required": list(counts)}
    scan = {
        "plugins": {"type": "array", "items": {"type": "string"}},
        "skills": {"type": "array", "items": {"$ref": "#/$defs/SkillScan"}},
        "summary": {"type": "object", "properties": summary, "required": list(summary)},
        "seconds": {"type": "number"},
    }
    trust = {
        **parts["TrustReport"]["properties"],
        "verdict": {"enum": list(_VERDICTS)},
        "reach": {"type": "string"},
    }
    used = {name: part for name, part in parts.items() if name != "TrustReport"}
    return {
        "scan.json": _file("scan", scan, {k: v for k, v in used.items() if k != "GateState"}),
        "trust.json": _file("trust", trust, {"GateState": parts["GateState"]}),
    }


def _without(part: dict[str, Any], name: str) -> dict[str, Any]:
    properties = {key: value for key, value in part["properties"].items() if key != name}
    return {**part, "properties": properties}


def _file(kind: str, properties: dict[str, Any], parts: dict[str, Any]) -> bytes:
    schema = {
        "$schema": _DIALECT,
        "title": f"What '{kind}' prints",
        "type": "object",
        "properties": {"schema": {"const": f"skill-workbench/{kind}/1"}, **properties},
        "required": ["schema", *properties],
        "$defs": dict(sorted(parts.items())),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_bytes(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
