"""JSON Schemas of what ``proposals --format json`` prints, made from the values themselves.

To write them again: ``python -m workbench.cli.proposals_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.proposal import Decision, Gate, Proposal, Receipt
from workbench.review.checks.result import ResultChecks
from workbench.review.contests import Contest
from workbench.review.merge import Conflict
from workbench.review.rules.approvals import Approval
from workbench.review.rules.confirmations import Confirmation
from workbench.review.rules.policy import Policy
from workbench.review.rules.policy_rules import Verdict

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_WHOLE: dict[str, Any] = {"type": "integer"}
_COUNT_OR_NONE: dict[str, Any] = {"anyOf": [_WHOLE, {"type": "null"}]}


#: A hunk with its place and verdict.
HUNK = object_of(
    id=_TEXT,
    number=_WHOLE,
    path=_TEXT,
    kind={"enum": ["text", "create", "delete", "rename", "mode", "binary"]},
    header=_TEXT,
    lines=_TEXTS,
    evidence=_TEXTS,
    evidence_scope={"enum": ["hunk", "whole", "file", "none"]},
    rationale=_TEXT,
    change=_TEXT,
    verdict={"enum": ["accept", "reject", "defer", None]},
    reason=_TEXT,
    edited={"type": "boolean"},
    part_of={"type": ["string", "null"]},
    depends_on=_TEXTS,
)
_ROW = object_of(
    id=_TEXT,
    status=_TEXT,
    kind=_TEXT,
    title=_TEXT,
    skills=_TEXTS,
    engine=_TEXT,
    level=_TEXT,
    repairs=_COUNT_OR_NONE,
    regressions=_COUNT_OR_NONE,
    evidence=_WHOLE,
    verified=_WHOLE,
    files=_TEXTS,
    added=_WHOLE,
    removed=_WHOLE,
    contested=_WHOLE,
    rivals=_TEXTS,
    comments=_WHOLE,
    created=_TEXT,
    warnings=_TEXTS,
    problem=_TEXT,
)


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (
        *(Proposal, Decision, Receipt, ResultChecks, Conflict, Gate, Contest),
        *(Policy, Verdict, Approval, Confirmation),
    )
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    named = {kind.__name__: ref for kind, ref in zip(kinds, references, strict=True)}

    def stored(kind: type, **more: Any) -> dict[str, Any]:
        own = parts[kind.__name__]
        required = [*own.get("required", []), *more]
        return {**own, "properties": own["properties"] | more, "required": required}

    decision = {"anyOf": [{"type": "null"}, named["Decision"]]}
    gate = named["Gate"]
    documents: dict[str, dict[str, Any]] = {
        "proposals": object_of(store=_TEXT, proposals=list_of(_ROW), problems=_TEXTS),
        "contests": object_of(
            store=_TEXT, contests=list_of(stored(Contest, agreed={"type": "boolean"}))
        ),
        "proposal": stored(
            Proposal, hunks=list_of(HUNK), decision=decision, changed_on_disk=_TEXTS
        ),
        "proposal-check": stored(
            ResultChecks, id=_TEXT, ok={"type": "boolean"}, scan_problems=_TEXTS, gate=gate
        ),
        "decision": stored(Decision, status=_TEXT, gate=gate),
        "receipt": stored(Receipt),
        "review-policy": _policy(named),
        "merge": {
            "type": "object",
            "properties": {"id": _TEXT, "merged": _TEXT, "conflicts": list_of(named["Conflict"])},
            "required": ["id", "conflicts"],
        },
    }
    return {
        f"{name}.json": schema_file("proposals", name, one, parts)
        for name, one in documents.items()
    }


def _policy(named: dict[str, Any]) -> dict[str, Any]:
    """Of a library alone the document ends with the lines of the rules."""
    rules = object_of(
        library=_TEXT,
        path=_TEXT,
        hash=_TEXT,
        policy=named["Policy"],
        lines={"type": "object", "additionalProperties": _WHOLE},
    )
    of_proposal = {
        "id": _TEXT,
        "content_hash": _TEXT,
        "allowed": {"type": "boolean"},
        "verdicts": list_of(named["Verdict"]),
        "approvals": list_of(named["Approval"]),
        "people": _WHOLE,
        "wanted": _WHOLE,
        "confirmations": list_of(named["Confirmation"]),
        "notes": _TEXTS,
        "proposed_branch": _TEXT,
    }
    return {**rules, "properties": rules["properties"] | of_proposal}


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    write_all(folder, schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
