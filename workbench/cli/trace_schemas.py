"""JSON Schemas of what ``trace --format json`` prints, in part made from the values themselves.

To write them again: ``python -m workbench.cli.trace_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.trajectory import ByteSpan, Metrics, Outcome
from workbench.traces.compare.runs import Comparison, Row
from workbench.traces.prices import Cost
from workbench.traces.redact.files import RedactedFile
from workbench.usage.cohorts import CohortComparison
from workbench.usage.differences import Difference
from workbench.usage.proportions import Share, Spread
from workbench.usage.report import Outcomes
from workbench.usage.sessions import Use
from workbench.usage.versions import SkillVersion
from workbench.usage.worklists import Worklist

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
    *(CohortComparison, Share, Spread, Difference, Outcomes, Use, SkillVersion, Worklist),
)


def _or_null(item: Any) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "null"}]}


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    references, parts = msgspec.json.schema_components(_PARTS, ref_template="#/$defs/{name}")
    named = {kind.__name__: ref for kind, ref in zip(_PARTS, references, strict=True)}
    documents: dict[str, dict[str, Any]] = {
        "trace": _trace(named),
        "traces": object_of(
            traces=list_of({"type": "object", "required": ["path", "steps", "loss"]})
        ),
        "trace-list": object_of(traces=list_of(_LISTED)),
        "trace-sessions": object_of(
            total=_WHOLE,
            sessions=list_of(_SESSION),
            facets={"type": "object", "additionalProperties": list_of(_CHOICE)},
        ),
        "trace-folders": object_of(
            watched=list_of(object_of(path=_TEXT, missing=_FLAG)),
            found=list_of(object_of(client=_TEXT, path=_TEXT)),
        ),
        "trace-stats": object_of(traces=list_of(_stats(named))),
        "trace-skills": object_of(
            traces=_WHOLE,
            skills=list_of({**_COUNTS, "properties": {"name": _TEXT}, "required": ["name"]}),
            events=list_of({"type": "object", "required": ["file", "name", "event", "step"]}),
        ),
        "trace-library": _library(named),
        "trace-search": object_of(query=_TEXT, results=list_of(_MATCH), cut=_FLAG),
        "trace-compare": _compared(parts),
        "trace-cohorts": parts["CohortComparison"],
        "trace-redact": object_of(
            files=list_of(named["RedactedFile"]),
            counts=_COUNTS,
            left_out=list_of(object_of(path=_TEXT, reason=_TEXT)),
        ),
    }
    return {
        f"{name}.json": schema_file("trace", name, one, parts) for name, one in documents.items()
    }


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
_ATTACHED = _or_null(
    object_of(
        annotation=_TEXT,
        status=_TEXT,
        score=_MAYBE_NUMBER,
        note=_TEXT,
        date=_TEXT,
        author=_TEXT,
        source=_TEXT,
    )
)
_LISTED = object_of(
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
    attached_outcome=_ATTACHED,
)
_CHOICE = object_of(value=_TEXT, count=_WHOLE)
_SESSION = object_of(
    path=_TEXT,
    **_HEAD,
    **_RUN,
    duration_s=_MAYBE_NUMBER,
    outcome=_TEXT,
    attached_outcome=_ATTACHED,
    reward=_MAYBE_NUMBER,
    steps=_WHOLE,
    tool_calls=_WHOLE,
    errors=_WHOLE,
    skills=_TEXTS,
    subagents=_WHOLE,
    copied=_WHOLE,
    tokens=object_of(input=_MAYBE_WHOLE, output=_MAYBE_WHOLE, cached=_MAYBE_WHOLE),
    cost=object_of(usd=_MAYBE_NUMBER, source=_TEXT, as_of=_TEXT),
)
_EVENT = object_of(
    name=_TEXT,
    event=_TEXT,
    trigger=_TEXT,
    step=_WHOLE,
    confidence={"enum": ["explicit", "strong", "weak"]},
    path=_MAYBE_TEXT,
    detail=_TEXT,
    trace=_TEXT,
    evidence=object_of(path=_TEXT, source=_WHOLE, offset=_WHOLE, length=_WHOLE),
)
_LOSS = object_of(
    lines=_WHOLE,
    mapped=_WHOLE,
    attached=_WHOLE,
    duplicate=_WHOLE,
    ignored=_WHOLE,
    unparsed=_WHOLE,
    ignored_kinds=_COUNTS,
    lost_fields=_COUNTS,
    unparsed_at=list_of(_WHOLE),
)
_CALL = object_of(
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
_MATCH = object_of(
    path=_TEXT,
    trace=_TEXT,
    step=_MAYBE_WHOLE,
    uid=_TEXT,
    kind=_KINDS,
    where=_TEXT,
    excerpt=_TEXT,
    evidence=_or_null(object_of(source=_WHOLE, offset=_WHOLE, length=_WHOLE, layers=_WHOLE)),
)


def _trace(named: dict[str, Any]) -> dict[str, Any]:
    step = object_of(
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
        tool_calls=list_of(_CALL),
        media=_TEXTS,
        metrics=_or_null(named["Metrics"]),
        raw=list_of(object_of(path=_TEXT, source=_WHOLE, offset=_WHOLE, length=_WHOLE)),
    )
    return object_of(
        path=_TEXT,
        **_HEAD,
        **_RUN,
        steps=list_of(step),
        totals=object_of(steps=_WHOLE, messages=_WHOLE, tool_calls=_WHOLE, errors=_WHOLE),
        outcome=named["Outcome"],
        skills=list_of(_EVENT),
        loss=_LOSS,
        subagents=list_of({"type": "object", "required": ["path", "steps", "loss"]}),
    )


def _stats(named: dict[str, Any]) -> dict[str, Any]:
    tokens = object_of(input=_MAYBE_WHOLE, output=_MAYBE_WHOLE, cached=_MAYBE_WHOLE)
    return object_of(
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
        attached_outcome=_ATTACHED,
        skills=list_of(_EVENT),
        loss=_LOSS,
        with_subagents=object_of(
            traces=_WHOLE,
            steps=_WHOLE,
            tool_calls=_WHOLE,
            errors=_WHOLE,
            tokens=tokens,
            cost=list_of(named["Cost"]),
        ),
    )


def _library(named: dict[str, Any]) -> dict[str, Any]:
    part, spread, outcomes = named["Share"], named["Spread"], named["Outcomes"]
    counted: dict[str, Any] = {
        "listed": _or_null(part),
        "loaded": part,
        "loads": _WHOLE,
        "failed": _WHOLE,
        "errors_after": part,
        "carried": spread,
    }
    version = object_of(
        digest=_TEXT,
        version=_or_null(named["SkillVersion"]),
        sessions=_WHOLE,
        known=_WHOLE,
        tokens=_MAYBE_WHOLE,
        outcomes=outcomes,
        **counted,
    )
    skill = object_of(
        library=_TEXT,
        skill=_TEXT,
        name=_TEXT,
        triggers=_COUNTS,
        failures=list_of(object_of(message=_TEXT, count=_WHOLE)),
        base_errors=part,
        positions=spread,
        tokens=spread,
        cost_usd=spread,
        cost_estimated=_WHOLE,
        seconds=spread,
        corrected_next=part,
        resources_opened=_TEXTS,
        never_opened=_TEXTS,
        scripts=list_of(object_of(path=_TEXT, ended=_TEXT, count=_WHOLE)),
        dropped=_WHOLE,
        edited=_WHOLE,
        with_skill=outcomes,
        without_skill=outcomes,
        passed_difference=_or_null(named["Difference"]),
        models=list_of(object_of(model=_MAYBE_TEXT, loaded=part)),
        versions=_or_null(list_of(version)),
        unknown_version=_WHOLE,
        history_problem=_MAYBE_TEXT,
        uses=list_of(named["Use"]),
        **counted,
    )
    return object_of(
        library=_TEXT,
        libraries=_TEXTS,
        sessions=_WHOLE,
        calls=_WHOLE,
        errors=_WHOLE,
        skills=list_of(skill),
        worklists={"type": "object", "additionalProperties": _TEXTS},
        lists=list_of(named["Worklist"]),
        unresolved=_TEXTS,
    )


def _compared(parts: dict[str, Any]) -> dict[str, Any]:
    summary = _or_null(object_of(uid=_TEXT, kind=_KINDS, summary=_TEXT))
    row = parts["Row"]
    row = {**row, "properties": row["properties"] | {"steps": list_of(summary)}}
    own = parts["Comparison"]
    changed = {"rows": list_of(row), "folds": list_of(object_of(start=_WHOLE, end=_WHOLE))}
    return {**own, "properties": own["properties"] | changed}


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    write_all(folder, schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
