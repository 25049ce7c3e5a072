"""Settings a plugin declares: a small subset of JSON Schema, so that the host can draw the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

SettingType = Literal["string", "integer", "number", "boolean", "array"]

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}
_KEYS = {"type", "title", "description", "default", "enum", "minimum", "maximum"}


class Setting(Struct, frozen=True):
    """One field of the form. An "array" holds strings; ``choices`` is JSON Schema's ``enum``."""

    key: str
    type: SettingType
    title: str = ""
    description: str = ""
    default: object = None
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def parse_settings(table: object) -> tuple[tuple[Setting, ...], list[tuple[str, str]]]:
    """Read the ``[settings.<key>]`` tables; return the fields and all (key, problem) pairs."""
    if not isinstance(table, dict):
        return (), [("settings", "must be a table with one table for each setting")]
    fields: list[Setting] = []
    problems: list[tuple[str, str]] = []
    for key, declared in table.items():
        where = f"settings.{key}"
        if not isinstance(declared, dict):
            problems.append((where, "must be a table with at least a 'type'"))
            continue
        found = _declaration_problems(declared)
        problems.extend((f"{where}.{part}" if part else where, text) for part, text in found)
        if found:
            continue
        field = Setting(
            key=key,
            type=declared["type"],
            title=declared.get("title", key.replace("_", " ")),
            description=declared.get("description", ""),
            default=declared.get("default"),
            choices=tuple(declared.get("enum", ())),
            minimum=declared.get("minimum"),
            maximum=declared.get("maximum"),
        )
        fields.append(field)
        if field.default is not None and (problem := _value_problem(field, field.default)):
            problems.append((f"{where}.default", problem))
    return tuple(fields), problems


def settings_with_defaults(
    fields: tuple[Setting, ...], given: Mapping[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Return the values a plugin gets (defaults filled in) and every problem with those given."""
    values: dict[str, object] = {
        field.key: field.default for field in fields if field.default is not None
    }
    known = {field.key: field for field in fields}
    problems: list[str] = []
    for key, value in given.items():
        if key not in known:
            names = ", ".join(sorted(known)) or "none"
            problems.append(f"The setting '{key}' is not known to this plugin (it has: {names}).")
        elif problem := _value_problem(known[key], value):
            problems.append(f"The setting '{key}' {problem}.")
        else:
            values[key] = value
    return values, tuple(problems)


def _declaration_problems(declared: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = [(key, "is not known here") for key in sorted(declared.keys() - _KEYS)]
    types = get_args(SettingType)
    if declared.get("type") not in types:
        problems.append(("type", f"must be one of {', '.join(types)}"))
    for key in ("title", "description"):
        if not isinstance(declared.get(key, ""), str):
            problems.append((key, "must be text"))
    if not isinstance(declared.get("enum", []), list):
        problems.append(("enum", "must be a list"))
    for key in ("minimum", "maximum"):
        bound = declared.get(key, 0)
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            problems.append((key, "must be a number"))
    return problems


def _value_problem(field: Setting, value: object) -> str | None:
    is_bool = isinstance(value, bool)
    if not isinstance(value, _PYTHON[field.type]) or (is_bool and field.type != "boolean"):
        return f"must be of type {field.type}"
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return "must be a list of texts"
    if field.choices and value not in field.choices:
        return f"must be one of {', '.join(str(choice) for choice in field.choices)}"
    if isinstance(value, int | float) and not is_bool:
        if field.minimum is not None and value < field.minimum:
            return f"must be at least {field.minimum:g}"
        if field.maximum is not None and value > field.maximum:
            return f"must be at most {field.maximum:g}"
    return None
