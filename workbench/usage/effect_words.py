"""What was measured since a change, in words: the same on the command line and on the screen."""

from __future__ import annotations

from workbench.usage.cohort_words import MEASURES, difference_text, share_text
from workbench.usage.cohorts import Measure
from workbench.usage.effect import Effect, EffectSide

#: A row: what is counted, before, since, and what the difference says.
Row = tuple[str, str, str, str]


def effect_rows(effect: Effect) -> tuple[Row, ...]:
    """Return the figures of both sides as rows of texts."""
    first, second = effect.before, effect.after
    rows = [
        ("sessions", f"{first.sessions:,}", f"{second.sessions:,}", ""),
        ("listed in", _listed(first), _listed(second), ""),
        ("loaded in", share_text(first.loaded), share_text(second.loaded), _p(effect.p_loaded)),
        ("used in", share_text(first.used), share_text(second.used), ""),
        ("loads that failed", f"{first.failed:,}", f"{second.failed:,}", ""),
    ]
    wanted = ("passed", "with_errors")
    rows += [_measure(one) for one in effect.compared.measures if one.name in wanted]
    loaded = (effect.compared.first, effect.compared.second)
    before, since = (f"{one.unknown} of {one.sessions}" for one in loaded)
    rows.append(("outcome unknown, where loaded", before, since, ""))
    before, since = (f"{one.errors:,} of {one.calls:,}" for one in loaded)
    rows.append(("tool calls that failed, where loaded", before, since, ""))
    return tuple(rows)


def effect_notes(effect: Effect) -> tuple[str, ...]:
    """Return what has to be kept in mind with the figures."""
    found = [*effect.notes]
    if effect.unplaced:
        found.append(
            f"{effect.unplaced:,} sessions are in neither group: neither their text nor their time "
            "says which version they had."
        )
    if effect.before.sessions and effect.after.sessions:
        found += [one.words for one in effect.compared.confounders]
        found.append(effect.compared.caution)
    return tuple(found)


def effect_summary(effect: Effect) -> str:
    """Return one line: loads and passes on both sides."""
    if not effect.before.sessions and not effect.after.sessions:
        return "no session is known"
    told = f"loaded in {_of(effect.before)} before, {_of(effect.after)} since"
    first, second = effect.compared.first.passed, effect.compared.second.passed
    if first.of or second.of:
        told += f"; passed {first.hits} of {first.of} before, {second.hits} of {second.of} since"
    return told


def _of(side: EffectSide) -> str:
    return f"{side.loaded.hits} of {side.loaded.of}"


def _listed(side: EffectSide) -> str:
    return "not recorded" if side.listed is None else share_text(side.listed)


def _measure(one: Measure) -> Row:
    assert one.shares is not None
    names = {"passed": "passed, where loaded", "with_errors": "with errors, where loaded"}
    before, since = (share_text(side) for side in one.shares)
    return names.get(one.name, MEASURES[one.name]), before, since, difference_text(one)


def _p(p: float | None) -> str:
    return "" if p is None else f"Fisher's exact test, two-sided p = {p:.3g}"
