"""JSON Schemas of what goes between host and plugins, made from the values themselves.

For authors of commands in other languages; ``resources/schemas`` holds them as files, and a test
keeps the two alike. To write them again: ``python -m workbench.plugin.schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.domain.job import JobEvent, Request
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.plugin.protocol import Grants, Message

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PARTS: dict[str, tuple[str, Any]] = {
    "plugin-request": ("request.json of a run folder: all a plugin is given", Request),
    "plugin-event": ("A line that a job prints, and a line of its journal", JobEvent),
    "plugin-grants": ("The first line on the stdin of a plugin", Grants),
    "plugin-message": ("A later line on the stdin of a plugin", Message),
    "plugin-trace-header": ("The first line of a normalised trace", TraceHeader),
    "plugin-trace-step": ("The other lines of a normalised trace", TraceStep),
}


def protocol_schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    return {f"{name}.json": _schema(*part) for name, part in _PARTS.items()}


def _schema(title: str, kind: Any) -> bytes:
    found = msgspec.json.schema(kind, schema_hook=_any_value)
    schema = {"$schema": _DIALECT, "title": title, **found}
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2) + b"\n"


def _any_value(kind: type) -> dict[str, Any]:
    """Settings may have any value; msgspec asks for what it does not know itself."""
    if kind is object:
        return {"description": "Any JSON value"}
    raise TypeError(f"{kind} has no JSON Schema")


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in protocol_schemas().items():
        (folder / name).write_bytes(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
