"""JSON Schemas of what ``trace --format json`` prints, in part made from the values themselves.

To write them again: ``python -m workbench.cli.trace_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.domain.trajectory import ByteSpan, Metrics, Outcome
from workbench.traces.compare.runs import Comparison, Row
from workbench.traces.prices import Cost
from workbench.traces.redact.files import RedactedFile
from workbench.usage.cohorts import CohortComparison
from workbench.usage.proportions import Share
from workbench.usage.report import Use, Worklists

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_WHOLE: dict[str, Any] = {"type": "integer"}
_MAYBE_WHOLE: dict[str, Any] = {"type": ["integer", "null"]}
_MAYBE_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
_KINDS: dict[str, Any] = {"enum": ["user", "agent", "system", "context", "event"]}
_COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": _WHOLE}
_PARTS = (
    *(ByteSpan, Metrics, Outcome, Cost, Comparison, Row, RedactedFile),
    *(CohortComparison, Share, Use, Worklists),
)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(item: Any) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _or_null(item: Any) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "null"}]}


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    references, parts = msgspec.json.schema_components(_PARTS, ref_template="#/$defs/{name}")
    named = {kind.__name__: ref for kind, ref in zip(_PARTS, references, strict=True)}
    documents: dict[str, dict[str, Any]] = {
        "trace": _trace(named),
        "traces": _object(traces=_list({"type": "object", "required": ["path", "steps", "loss"]})),
        "trace-list": _object(traces=_list(_LISTED)),
        "trace-stats": _object(traces=_list(_stats(named))),
        "trace-skills": _object(
            traces=_WHOLE,
            skills=_list({**_COUNTS, "properties": {"name": _TEXT}, "required": ["name"]}),
            events=_list({"type": "object", "required": ["file", "name", "event", "step"]}),
        ),
        "trace-library": _library(named),
        "trace-search": _object(query=_TEXT, results=_list(_MATCH), cut=_FLAG),
        "trace-compare": _compared(parts),
        "trace-cohorts": parts["CohortComparison"],
        "trace-redact": _object(
            files=_list(named["RedactedFile"]),
            counts=_COUNTS,
            left_out=_list(_object(path=_TEXT, reason=_TEXT)),
        ),
    }
    return {f"{name}.json": _file(name, one, parts) for name, one in documents.items()}


_HEAD = {
    "id": _TEXT,
    "format": _TEXT,
    "format_version": _MAYBE_TEXT,
    "agent": _MAYBE_TEXT,
    "model": _MAYBE_TEXT,
}
_RUN = {
    "session": _MAYBE_TEXT,
    "title": _TEXT,
    "cwd": _MAYBE_TEXT,
    "started": _MAYBE_TEXT,
    "ended": _MAYBE_TEXT,
    "complete": _FLAG,
}
_LISTED = _object(
    path=_TEXT,
    **_HEAD,
    title=_TEXT,
    started=_MAYBE_TEXT,
    steps=_WHOLE,
    messages=_WHOLE,
    tool_calls=_WHOLE,
    errors=_WHOLE,
    skills=_TEXTS,
    subagents=_WHOLE,
    outcome=_TEXT,
)
_EVENT = _object(
    name=_TEXT,
    event=_TEXT,
    trigger=_TEXT,
    step=_WHOLE,
    confidence={"enum": ["explicit", "strong", "weak"]},
    path=_MAYBE_TEXT,
    detail=_TEXT,
    trace=_TEXT,
    evidence=_object(path=_TEXT, source=_WHOLE, offset=_WHOLE, length=_WHOLE),
)
_LOSS = _object(
    lines=_WHOLE,
    mapped=_WHOLE,
    attached=_WHOLE,
    duplicate=_WHOLE,
    ignored=_WHOLE,
    unparsed=_WHOLE,
    ignored_kinds=_COUNTS,
    lost_fields=_COUNTS,
    unparsed_at=_list(_WHOLE),
)
_CALL = _object(
    id=_TEXT,
    name=_TEXT,
    arguments={"type": ["object", "string"]},
    status=_TEXT,
    exit_code=_MAYBE_WHOLE,
    observation=_MAYBE_TEXT,
    media=_TEXTS,
    duration_s=_MAYBE_NUMBER,
    subagent=_MAYBE_TEXT,
)
_MATCH = _object(
    path=_TEXT,
    trace=_TEXT,
    step=_MAYBE_WHOLE,
    uid=_TEXT,
    kind=_KINDS,
    where=_TEXT,
    excerpt=_TEXT,
    evidence=_or_null(_object(source=_WHOLE, offset=_WHOLE, length=_WHOLE, layers=_WHOLE)),
)


def _trace(named: dict[str, Any]) -> dict[str, Any]:
    step = _object(
        index=_WHOLE,
        uid=_TEXT,
        parent_uid=_MAYBE_TEXT,
        kind=_KINDS,
        label=_TEXT,
        turn=_WHOLE,
        time=_MAYBE_TEXT,
        model=_MAYBE_TEXT,
        flags=_TEXTS,
        text=_TEXT,
        reasoning=_TEXT,
        tool_calls=_list(_CALL),
        media=_TEXTS,
        metrics=_or_null(named["Metrics"]),
        raw=_list(_object(path=_TEXT, source=_WHOLE, offset=_WHOLE, length=_WHOLE)),
    )
    return _object(
        path=_TEXT,
        **_HEAD,
        **_RUN,
        steps=_list(step),
        totals=_object(steps=_WHOLE, messages=_WHOLE, tool_calls=_WHOLE, errors=_WHOLE),
        outcome=named["Outcome"],
        skills=_list(_EVENT),
        loss=_LOSS,
        subagents=_list({"type": "object", "required": ["path", "steps", "loss"]}),
    )


def _stats(named: dict[str, Any]) -> dict[str, Any]:
    tokens = _object(input=_MAYBE_WHOLE, output=_MAYBE_WHOLE, cached=_MAYBE_WHOLE)
    return _object(
        path=_TEXT,
        **_HEAD,
        **_RUN,
        steps=_WHOLE,
        copied_steps=_WHOLE,
        messages=_WHOLE,
        tool_calls=_WHOLE,
        errors=_WHOLE,
        tokens=tokens,
        cost_usd=_MAYBE_NUMBER,
        cost=named["Cost"],
        duration_s=_MAYBE_NUMBER,
        outcome=_TEXT,
        outcome_detail=named["Outcome"],
        skills=_list(_EVENT),
        loss=_LOSS,
        with_subagents=_object(
            traces=_WHOLE,
            steps=_WHOLE,
            tool_calls=_WHOLE,
            errors=_WHOLE,
            tokens=tokens,
            cost=_list(named["Cost"]),
        ),
    )


def _library(named: dict[str, Any]) -> dict[str, Any]:
    part = named["Share"]
    skill = _object(
        skill=_TEXT,
        name=_TEXT,
        listed=_or_null(part),
        loaded=part,
        loads=_WHOLE,
        failed=_WHOLE,
        triggers=_COUNTS,
        errors_after=part,
        base_errors=part,
        never_opened=_TEXTS,
        uses=_list(named["Use"]),
    )
    return _object(
        library=_TEXT,
        sessions=_WHOLE,
        calls=_WHOLE,
        errors=_WHOLE,
        skills=_list(skill),
        worklists=named["Worklists"],
        unresolved=_TEXTS,
    )


def _compared(parts: dict[str, Any]) -> dict[str, Any]:
    summary = _or_null(_object(uid=_TEXT, kind=_KINDS, summary=_TEXT))
    row = parts["Row"]
    row = {**row, "properties": row["properties"] | {"steps": _list(summary)}}
    own = parts["Comparison"]
    changed = {"rows": _list(row), "folds": _list(_object(start=_WHOLE, end=_WHOLE))}
    return {**own, "properties": own["properties"] | changed}


def _file(name: str, body: dict[str, Any], parts: dict[str, Any]) -> bytes:
    properties = {"schema": {"const": f"skill-workbench/{name}/1"}} | body["properties"]
    schema: dict[str, Any] = {
        "$schema": _DIALECT,
        **body,
        "title": f"What 'trace' prints: {name}",
        "properties": properties,
        "required": ["schema", *body.get("required", [])],
    }
    schema.pop("description", None)
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
