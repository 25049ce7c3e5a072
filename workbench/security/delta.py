"""What a change does to a skill's safety: findings that appear or go, abilities that are gained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.finding import Capabilities, Finding


class ScanDelta(Struct, frozen=True):
    """The difference of two scans of one skill.

    ``gained`` and ``lost`` are observed capabilities; ``undeclared`` are gained ones whose kind the
    skill does not declare.
    """

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()


def scan_delta(
    before: Sequence[Finding],
    after: Sequence[Finding],
    capabilities_before: Capabilities | None = None,
    capabilities_after: Capabilities | None = None,
) -> ScanDelta:
    """Compare two scans of one skill; lines that only moved are no difference.

    Equal findings are counted: a second copy of a known passage is new.
    """
    old, now = Counter(map(_key, before)), Counter(map(_key, after))
    was = capabilities_before or Capabilities()
    is_ = capabilities_after or Capabilities()
    gained = tuple(sorted(set(is_.observed) - set(was.observed)))
    declared = {item.split(":", 1)[0] for item in is_.declared}
    return ScanDelta(
        new=_surplus(after, now - old),
        gone=_surplus(before, old - now),
        gained=gained,
        lost=tuple(sorted(set(was.observed) - set(is_.observed))),
        undeclared=tuple(
            item
            for item in gained
            if item.split(":", 1)[0] not in declared and "everything" not in declared
        ),
    )


def _key(finding: Finding) -> tuple[str, str, str, str, str]:
    return (
        finding.plugin,
        finding.rule,
        finding.path,
        finding.fingerprint,
        finding.severity,
    )


def _surplus(
    findings: Sequence[Finding], counts: Counter[tuple[str, str, str, str, str]]
) -> tuple[Finding, ...]:
    left = Counter(counts)
    chosen: list[Finding] = []
    for finding in reversed(findings):
        if left[_key(finding)] > 0:
            left[_key(finding)] -= 1
            chosen.append(finding)
    return tuple(reversed(chosen))
