"""What stands beside each hunk: verdict, evidence found, what tasks said of it alone, locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.domain.proposal import EvidenceCheck
from workbench.gui.review.bars import REASON_WORDS
from workbench.gui.review.choices import Choices
from workbench.gui.review.diff.paint import HunkMark
from workbench.review.splits import part_places


def hunk_marks(
    choices: Choices,
    checks: Sequence[EvidenceCheck],
    alone: Mapping[str, str] | None = None,
    locked: Mapping[str, str] | None = None,
    said: Mapping[str, str] | None = None,
) -> list[HunkMark]:
    """Return one mark per hunk, in their order.

    ``alone`` says by hunk what tasks said of it taken alone, ``locked`` what holds it back,
    ``said`` how many comments it has.
    """
    parts = part_places(choices.hunks)
    found = {check.evidence for check in checks if check.status == "verified"}
    verdicts = {verdict.hunk: verdict for verdict in choices.verdicts}
    marks: list[HunkMark] = []
    for hunk in choices.hunks:
        verdict = verdicts.get(hunk.id)
        given = len(hunk.evidence)
        verified = sum(name in found for name in hunk.evidence)
        reason = verdict.reason if verdict is not None and verdict.verdict == "reject" else ""
        marks.append(
            HunkMark(
                kind=verdict.verdict if verdict is not None else None,
                edited=verdict is not None and verdict.edited is not None,
                reason=REASON_WORDS.get(reason, "").lower(),
                evidence=f"evidence {verified}/{given}" if given else "no evidence",
                alone=(alone or {}).get(hunk.id, ""),
                locked=hunk.id in (locked or {}),
                said=(said or {}).get(hunk.id, ""),
                part=_part(parts.get(hunk.id)),
            )
        )
    return marks


def _part(place: tuple[int, int] | None) -> str:
    return f"part {place[0]} of {place[1]}" if place is not None else ""


def joined(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Return by hunk what both say of it."""
    names = dict.fromkeys((*first, *second))
    told = {name: (first.get(name, ""), second.get(name, "")) for name in names}
    return {name: ", ".join(words for words in both if words) for name, both in told.items()}
