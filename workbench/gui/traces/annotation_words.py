"""How annotations are worded. No Qt."""

from __future__ import annotations

from workbench.domain.annotation import Annotation
from workbench.gui.traces.words import outcome_words
from workbench.gui.widgets.badge import Tone

_SEVERITY_TONES: dict[str, Tone] = {
    "low": "neutral",
    "medium": "info",
    "high": "warning",
    "critical": "error",
}
_OUTCOME_TONES: dict[str, Tone] = {
    "pass": "success",
    "fail": "error",
    "partial": "warning",
    "timeout": "warning",
    "infra": "warning",
    "unknown": "neutral",
}


def headline(one: Annotation) -> str:
    """Return what an annotation says, in few words."""
    words = [one.label, one.verdict, f"outcome {_ended(one)}" if one.outcome else ""]
    if one.severity:
        words.append(f"{one.severity} severity")
    found = ", ".join(filter(None, words))
    return found or " ".join(one.note.split())[:60] or "link to a skill"


def badges_of(one: Annotation) -> tuple[tuple[str, Tone], ...]:
    """Return verdict, severity and outcome as badges."""
    found: list[tuple[str, Tone]] = []
    if one.outcome:
        score = "" if one.score is None else f" {one.score:g}"
        found.append((f"{_ended(one)}{score}", _OUTCOME_TONES[one.outcome]))
    if one.verdict:
        found.append((one.verdict, "success" if one.verdict == "good" else "error"))
    if one.severity:
        found.append((one.severity, _SEVERITY_TONES[one.severity]))
    return tuple(found)


def _ended(one: Annotation) -> str:
    return outcome_words(one.outcome or "") or "unknown"


def step_words(annotations: list[Annotation]) -> str:
    """Return what is said of one step, for its row in the list."""
    names = list(dict.fromkeys(one.label or one.verdict or "note" for one in annotations))
    return names[0] + (f" +{len(annotations) - 1}" if len(annotations) > 1 else "")
