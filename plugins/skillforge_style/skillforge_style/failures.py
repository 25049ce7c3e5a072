"""What the analyst and the diagnostician say, with quotes that the steps hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.plugin.api import (
    EVIDENCE_SCHEMA,
    Evidence,
    Generality,
    QuoteCheck,
    TraceText,
    as_list,
    as_mapping,
    as_text,
    renamed,
)

FAULTS = ("skill", "agent", "environment", "task", "unknown")
_WORDS: dict[str, object] = {"type": "string"}
_FAULT: dict[str, object] = {"enum": list(FAULTS)}
_REACH: dict[str, Generality] = {"task": "task", "family": "family", "general": "general"}

ANALYSIS_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "what": _WORDS,
        "why": _WORDS,
        "at_fault": _FAULT,
        "evidence": EVIDENCE_SCHEMA,
    },
    "required": ["what", "at_fault", "evidence"],
}
DIAGNOSIS_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "diagnoses": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "failures": {"type": "array", "items": _WORDS},
                    "problem": _WORDS,
                    "section": _WORDS,
                    "advice": _WORDS,
                    "at_fault": _FAULT,
                    "generality": {"enum": list(_REACH)},
                },
                "required": ["failures", "problem", "at_fault"],
            },
        }
    },
    "required": ["diagnoses"],
}


@dataclass(frozen=True)
class Failure:
    """One failed run as the analyst sees it; it has one quote at least."""

    name: str
    run: str
    what: str
    why: str
    at_fault: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Cause:
    """A diagnosis with the failures it explains."""

    name: str
    problem: str
    section: str
    advice: str
    at_fault: str
    generality: Generality
    failures: tuple[Failure, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What speaks for it: the quotes of its failures."""
        return renamed(one for failure in self.failures for one in failure.evidence)


def read_failure(
    answer: Mapping[str, object], name: str, trace: TraceText, quotes: QuoteCheck
) -> Failure | None:
    """Return what an analyst says; None when none of its quotes is in the trace."""
    evidence = quotes.evidence(answer.get("evidence"), [trace.id], f"{name}.")
    if not evidence:
        return None
    return Failure(
        name,
        trace.id,
        as_text(answer.get("what")).strip(),
        as_text(answer.get("why")).strip(),
        _fault(answer.get("at_fault")),
        evidence,
    )


def read_causes(
    answer: Mapping[str, object], prefix: str, failures: Sequence[Failure]
) -> list[Cause]:
    """Return the diagnoses that explain a failure of the batch."""
    known = {failure.name: failure for failure in failures}
    causes: list[Cause] = []
    for number, value in enumerate(as_list(answer.get("diagnoses"))[:40], 1):
        row = as_mapping(value)
        names = dict.fromkeys(map(as_text, as_list(row.get("failures"))))
        explained = tuple(known[name] for name in names if name in known)
        if explained and as_text(row.get("problem")).strip():
            causes.append(
                Cause(
                    f"{prefix}{number}",
                    as_text(row.get("problem")).strip(),
                    as_text(row.get("section")).strip(),
                    as_text(row.get("advice")).strip(),
                    _fault(row.get("at_fault")),
                    _REACH.get(as_text(row.get("generality")), "unknown"),
                    explained,
                )
            )
    return causes


def shown_failures(failures: Sequence[Failure]) -> str:
    """Return failures as JSON lines for a model."""
    return "\n".join(
        json.dumps(
            {
                "id": one.name,
                "run": one.run,
                "what": one.what,
                "why": one.why,
                "at_fault": one.at_fault,
                "quotes": [{"step": e.step_first, "quote": e.quote} for e in one.evidence],
            },
            ensure_ascii=False,
        )
        for one in failures
    )


def shown_causes(causes: Sequence[Cause]) -> str:
    """Return diagnoses as JSON lines for a model."""
    return "\n".join(
        json.dumps(
            {
                "id": one.name,
                "problem": one.problem,
                "section": one.section,
                "advice": one.advice,
                "failures": len(one.failures),
                "quotes": [e.quote for e in one.evidence[:4]],
            },
            ensure_ascii=False,
        )
        for one in causes
    )


def _fault(value: object) -> str:
    text = as_text(value)
    return text if text in FAULTS else "unknown"
