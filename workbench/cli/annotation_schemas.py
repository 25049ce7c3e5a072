"""JSON Schemas of annotations, label sets and attached outcomes, made from the values themselves.

To write them again: ``python -m workbench.cli.annotation_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.annotation import Annotation
from workbench.domain.trajectory import Outcome
from workbench.usage.label_sets import LabelRecord
from workbench.usage.outcomes import AttachedOutcome

_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_PARTS = (Annotation, LabelRecord, Outcome, AttachedOutcome)


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    references, parts = msgspec.json.schema_components(_PARTS, ref_template="#/$defs/{name}")
    annotation, record, outcome, _ = references
    own = parts["AttachedOutcome"]
    attached = {**own, "properties": own["properties"] | {"source": _TEXT}}
    placed = object_of(
        annotation=annotation,
        state={"enum": ["found", "changed", "broken"]},
        step={"type": ["integer", "null"]},
        reason=_TEXT,
    )
    documents: dict[str, dict[str, Any]] = {
        "annotation": parts["LabelRecord"],
        "trace-annotation": placed,
        "trace-annotations": object_of(
            annotations=list_of(placed), labels=list_of(object_of(label=_TEXT, count=_WHOLE))
        ),
        "trace-annotations-import": object_of(file=_TEXT, imported=_WHOLE, left_out=list_of(_TEXT)),
        "trace-labels": object_of(record_schema=_TEXT, records=list_of(record), left_out=_WHOLE),
        "trace-outcome": object_of(
            path=_TEXT,
            id=_TEXT,
            status=_TEXT,
            score={"type": ["number", "null"]},
            source=_TEXT,
            recorded=outcome,
            attached={"anyOf": [attached, {"type": "null"}]},
        ),
    }
    return {
        f"{name}.json": schema_file(f"trace {_COMMANDS[name]}", name, body, parts)
        for name, body in documents.items()
    }


_COMMANDS = {
    "annotation": "annotations export",
    "trace-annotation": "annotate",
    "trace-annotations": "annotations list",
    "trace-annotations-import": "annotations import",
    "trace-labels": "annotations export --format json",
    "trace-outcome": "outcome",
}


if __name__ == "__main__":
    write_all(Path(sys.argv[1]), schemas())
