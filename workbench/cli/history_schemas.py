"""JSON Schemas of what ``history`` prints; ``judging_schemas`` writes them."""

from __future__ import annotations

from typing import Any, Final, get_args

from workbench.cli.schema_files import list_of, object_of
from workbench.domain.proposal import Evidence, EvidenceCheck, Hunk, Receipt
from workbench.review.history.bisect import Bisection
from workbench.review.history.origins import LineOrigin
from workbench.review.history.skill_history import Proof
from workbench.review.history.skill_lineage import LineageRow
from workbench.review.history.timeline import TimelineEntry
from workbench.usage.effect import Effect

#: The values that stand in the documents.
HISTORY_KINDS: Final[tuple[type, ...]] = (
    Bisection,
    Effect,
    Evidence,
    EvidenceCheck,
    Hunk,
    LineageRow,
    LineOrigin,
    Receipt,
    TimelineEntry,
)
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_WHOLE: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}


def history_documents() -> dict[str, dict[str, Any]]:
    """Return the body of each document by its name."""
    of_skill = {"library": _TEXT, "skill": _TEXT}
    return {
        "history": object_of(
            **of_skill,
            entries=list_of(_value(TimelineEntry)),
            notes=list_of(_TEXT),
            more={"type": "boolean"},
        ),
        "history-lines": object_of(library=_TEXT, path=_TEXT, lines=list_of(_value(LineOrigin))),
        "history-broke": object_of(
            task=_TEXT, entry=_or_null(TimelineEntry), found=_value(Bisection)
        ),
        "history-tasks": object_of(skill=_TEXT, tasks=list_of(_value(Bisection))),
        "history-lineage": object_of(**of_skill, proposals=list_of(_value(LineageRow))),
        "history-effect": object_of(**of_skill, sessions=_WHOLE, effects=list_of(_value(Effect))),
        "history-change": object_of(
            entry=_value(TimelineEntry),
            hunks=list_of(_value(Hunk)),
            left_out=list_of(_TEXT),
            proof={"enum": list(get_args(Proof))},
            told=_TEXT,
            receipt=_or_null(Receipt),
            evidence=list_of(_value(Evidence)),
            checks=list_of(_value(EvidenceCheck)),
            why_not_revert=_TEXT,
        ),
    }


def _value(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _or_null(kind: type) -> dict[str, Any]:
    return {"anyOf": [_value(kind), {"type": "null"}]}
