"""JSON Schemas of what ``check``, ``graph``, ``gate``, ``evolve`` and ``history`` print.

Made from the values themselves where they stand in the documents. To write them again:
``python -m workbench.cli.judging_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from workbench.cli.history_schemas import HISTORY_KINDS, history_documents
from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.diagnostic import Diagnostic
from workbench.domain.graph import GraphEdge, GraphNode
from workbench.domain.job import FinishStatus
from workbench.domain.task import GateResult
from workbench.evaluation.promise import Promise, Trial
from workbench.evolution.bakeoff import BakeoffRow
from workbench.evolution.estimate import Estimate, Sizes
from workbench.evolution.preview import SourcePreview
from workbench.evolution.run import Cost

_TEXT: dict[str, Any] = {"type": "string"}
_TRUTH: dict[str, Any] = {"type": "boolean"}
_WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
_GROUPS = list_of(list_of(_TEXT))


def judging_schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (
        BakeoffRow,
        Cost,
        Diagnostic,
        Estimate,
        GateResult,
        GraphEdge,
        GraphNode,
        Promise,
        Sizes,
        SourcePreview,
        Trial,
        *HISTORY_KINDS,
    )
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    documents = {
        "check": _check(parts["Diagnostic"]["properties"]),
        "graph": object_of(
            nodes=list_of(_value(GraphNode)),
            edges=list_of(_value(GraphEdge)),
            cycles=_GROUPS,
            components=_GROUPS,
            risks=_GROUPS,
        ),
        "gate": _gate(parts),
        "evolve": _evolve(),
        "evolve-bakeoff": object_of(
            rows=list_of(_value(BakeoffRow)), shows=list_of(_TEXT), out=_TEXT
        ),
        "evolve-estimate": object_of(
            sizes=_value(Sizes),
            engines=list_of(object_of(engine=_TEXT, estimate=_value(Estimate))),
        ),
        "evolve-preview": object_of(sources=list_of(_value(SourcePreview))),
        "evolve-taken": object_of(
            job=_TEXT, proposals=list_of(_TEXT), refused=list_of(_TEXT), out=_TEXT
        ),
        **history_documents(),
    }
    return {
        f"{name}.json": schema_file(name, name, body, parts) for name, body in documents.items()
    }


def _value(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _each(value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with any names, all of one kind of value."""
    return {"type": "object", "additionalProperties": value}


def _check(of_diagnostic: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("rule", "severity", "message", "path", "line", "column", "end_line", "end_column"),
        *("clients", "source"),
    )
    diagnostic = object_of(**{name: of_diagnostic[name] for name in names}, fixable=_TRUTH)
    skill = object_of(path=_TEXT, name=_TEXT, ok=_each(_TRUTH), diagnostics=list_of(diagnostic))
    severities = dict.fromkeys(("error", "warning", "info", "hint"), _WHOLE)
    return object_of(
        clients=list_of(_TEXT),
        skills=list_of(skill),
        summary=object_of(skills=_WHOLE, ok=_each(_WHOLE), **severities),
    )


def _gate(parts: dict[str, Any]) -> dict[str, Any]:
    chances = object_of(trial=_value(Trial), **parts["Promise"]["properties"])
    return object_of(
        **parts["GateResult"]["properties"], promise={"anyOf": [{"type": "null"}, chances]}
    )


def _evolve() -> dict[str, Any]:
    quote = object_of(id=_TEXT, trace=_TEXT, step=_WHOLE, quote=_TEXT)
    diagnosis = object_of(
        id=_TEXT,
        title=_TEXT,
        rationale=_TEXT,
        root_cause={"type": ["string", "null"]},
        skills=list_of(_TEXT),
        evidence=list_of(quote),
    )
    return object_of(
        engine=_TEXT,
        engine_version=_TEXT,
        status={"enum": list(get_args(FinishStatus))},
        summary=_TEXT,
        job=_TEXT,
        proposals=list_of(_TEXT),
        diagnoses=list_of(diagnosis),
        refused=list_of(_TEXT),
        warnings=list_of(_TEXT),
        cost=_value(Cost),
        out=_TEXT,
    )


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    write_all(folder, judging_schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
