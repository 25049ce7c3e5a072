"""Checks a document against the part of JSON Schema that our schemas use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$schema", "$defs", "$ref", "title", "description", "type", "properties", "required", "items",
    "enum", "const", "anyOf", "pattern", "minItems", "minimum", "additionalProperties", "default",
    "discriminator", "prefixItems", "maxItems",
}  # fmt: skip


def problems(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, at: str = "$"
) -> list[str]:
    root = root or schema
    assert schema.keys() <= _KNOWN, f"extend this for {schema.keys() - _KNOWN}"
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        tried = [problems(value, one, root, at) for one in schema["anyOf"]]
        return [] if any(not found for found in tried) else [f"{at}: fits none: {tried}"]
    found: list[str] = []
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    wanted = tuple(kind for name in names for kind in _TYPES[name])
    if wanted and (not isinstance(value, wanted) or (value is True and "boolean" not in names)):
        return [f"{at}: {value!r} is no {names}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{at}: too few items")
        first = schema.get("prefixItems", [])
        for number, item in enumerate(value):
            inner = first[number] if number < len(first) else schema.get("items", {})
            if inner is False:
                found.append(f"{at}: too many items")
            else:
                found += problems(item, inner, root, f"{at}[{number}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{at}: no {key}" for key in schema.get("required", []) if key not in value]
        rest = schema.get("additionalProperties", True)
        for key, item in value.items():
            inner = properties.get(key, rest)
            if inner is False:
                found.append(f"{at}: {key} is not known")
            elif inner is not True:
                found += problems(item, inner, root, f"{at}.{key}")
    return found
