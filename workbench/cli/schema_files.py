"""Putting together the JSON Schemas of what commands print; the ``*_schemas`` modules say what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def object_of(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def list_of(item: Any) -> dict[str, Any]:
    """Return the schema of a list of ``item``."""
    return {"type": "array", "items": item}


def schema_file(
    command: str, name: str, body: Mapping[str, Any], parts: Mapping[str, Any]
) -> bytes:
    """Return the file of document ``name``: ``body`` with the schema line and what it refers to.

    ``parts`` are definitions by name, as ``msgspec.json.schema_components`` gives them.
    """
    schema: dict[str, Any] = {
        "$schema": _DIALECT,
        **body,
        "title": f"What '{command}' prints: {name}",
        "properties": {"schema": {"const": f"skill-workbench/{name}/1"}} | body["properties"],
        "required": ["schema", *body.get("required", [])],
    }
    used: dict[str, Any] = {}
    _collect(schema, parts, used)
    if used:
        schema["$defs"] = dict(sorted(used.items()))
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write schema files into a folder, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _collect(node: Any, parts: Mapping[str, Any], used: dict[str, Any]) -> None:
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
