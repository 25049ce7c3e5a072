"""From findings to a verdict: two thresholds, and reach as a result of its own.

A verdict says how likely a skill is to do harm, reach how much harm it could do; an honest skill
may reach far. Both are the host's: a scanner only finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import LEVELS, Capabilities, Finding, Level, Verdict

Reach = Literal["low", "medium", "high"]

_WEIGHT: Final[dict[str, float]] = {
    "info": 0.0,
    "low": 8.0,
    "medium": 25.0,
    "high": 60.0,
    "critical": 100.0,
}
_CERTAINTY: Final[dict[str, float]] = {"low": 0.4, "medium": 0.7, "high": 1.0}


class Policy(Struct, frozen=True):
    """Thresholds on the score, and severities a person set for single rules (None: not counted)."""

    name: str = "balanced"
    review: float = 20.0
    dangerous: float = 60.0
    severities: Mapping[str, Level | None] = {}


#: Strict looks at every hint, quiet at what is nearly sure.
PRESETS: Final[dict[str, Policy]] = {
    "strict": Policy("strict", review=8.0, dangerous=42.0),
    "balanced": Policy(),
    "quiet": Policy("quiet", review=42.0, dangerous=100.0),
}
BALANCED: Final = PRESETS["balanced"]


def apply_severities(findings: Iterable[Finding], policy: Policy) -> tuple[Finding, ...]:
    """Return the findings with the severities of the policy; those it leaves out are gone."""
    changed: list[Finding] = []
    for finding in findings:
        if finding.rule not in policy.severities:
            changed.append(finding)
            continue
        severity = policy.severities[finding.rule]
        if severity is not None:
            changed.append(replace(finding, severity=severity))
    return tuple(changed)


def score(findings: Iterable[Finding]) -> float:
    """Return the danger of findings, 0 and up; suppressed ones do not count.

    Each category counts once, by its worst finding, so that one habit found ten times is no more
    than one. Findings of low confidence count together once: many guesses are no certainty.
    """
    return sum(_scores(findings))


def _scores(findings: Iterable[Finding]) -> tuple[float, float]:
    worst: dict[str, float] = {}
    guesses = 0.0
    for finding in findings:
        if finding.suppressed is not None:
            continue
        value = _WEIGHT[finding.severity] * _CERTAINTY[finding.confidence]
        if finding.confidence == "low":
            guesses = max(guesses, value)
        else:
            worst[finding.category] = max(worst.get(finding.category, 0.0), value)
    return sum(worst.values()), guesses


def verdict_of(findings: Iterable[Finding], policy: Policy = BALANCED) -> Verdict:
    """Return the verdict on a skill.

    *Dangerous* needs, beside the score, one finding of severity high or worse that is more than a
    guess: medium findings alone never add up to it, and guesses add nothing to it.
    """
    counted = [item for item in apply_severities(findings, policy) if item.suppressed is None]
    certain, guesses = _scores(counted)
    grave = any(
        LEVELS.index(item.severity) >= LEVELS.index("high") and item.confidence != "low"
        for item in counted
    )
    if grave and certain >= policy.dangerous:
        return "dangerous"
    return "review" if certain + guesses >= policy.review else "clean"


def reach_of(capabilities: Capabilities) -> Reach:
    """Return how much a skill could do, from what its text and scripts show."""
    kinds = {item.split(":", 1)[0] for item in capabilities.observed}
    if kinds & {"hook", "tool-server", "administrator"} or {"network", "secrets"} <= kinds:
        return "high"
    if kinds & {"shell", "network", "secrets", "install"} or "files:write" in capabilities.observed:
        return "medium"
    return "low"


def at_or_above(severity: Level, threshold: Level) -> bool:
    """Tell whether ``severity`` reaches ``threshold``."""
    return LEVELS.index(severity) >= LEVELS.index(threshold)
