"""Skills to look at, each with the steps that put it on the list (traces reference, 8.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from workbench.domain.annotation import Annotation
from workbench.domain.text import counted
from workbench.traces.json_values import one_line
from workbench.usage.report import SkillUsage, UsageReport
from workbench.usage.sessions import SessionFacts, Use

#: So many listings without a load are no accident.
ENOUGH_LISTINGS: Final = 50
#: Labels with which people mark a session that should have used a skill.
MISSED_LABELS: Final = frozenset({"should-trigger", "missed-skill", "skill-missed"})


class Entry(Struct, frozen=True):
    """A skill on a list: ``hits`` of ``of``, why in words, and the steps that show it."""

    library: str
    skill: str
    hits: int
    of: int
    why: str
    uses: tuple[Use, ...]


class Worklist(Struct, frozen=True):
    """One list. A ``heuristic`` one may be wrong in a single case: look at the evidence."""

    id: str
    title: str
    rule: str
    heuristic: bool
    entries: tuple[Entry, ...]


class Expected(Struct, frozen=True):
    """A prompt that should load a skill (``should`` False: must not), as trigger evals have it."""

    skill: str
    prompt: str
    should: bool = True


def worklists(
    report: UsageReport,
    *,
    least_listings: int = ENOUGH_LISTINGS,
    annotations: Iterable[Annotation] = (),
    expected: Iterable[Expected] = (),
) -> tuple[Worklist, ...]:
    """Return all lists, those without entries too.

    Args:
        report: what sessions say of skills.
        least_listings: sessions that must offer a skill before "never chosen" is said of it.
        annotations: what people said of sessions, for those that should have used a skill.
        expected: prompts that should load a skill, for the same.
    """
    return (
        _never_chosen(report, least_listings),
        _slash_only(report),
        _then_error(report),
        _more_than_once(report),
        _dropped(report),
        _hand_rolled(report),
        _missed(report, tuple(annotations), tuple(expected)),
    )


def _entries(report: UsageReport, entry: Callable[[SkillUsage], Entry | None]) -> tuple[Entry, ...]:
    found = [made for usage in report.skills if (made := entry(usage)) is not None]
    return tuple(sorted(found, key=lambda one: (-one.hits, one.skill)))


def _never_chosen(report: UsageReport, least: int) -> Worklist:
    def entry(usage: SkillUsage) -> Entry | None:
        if usage.listed is None or usage.listed < least or usage.loads:
            return None
        why = f"offered in {counted(usage.listed, 'session')}, loaded in none"
        return Entry(
            usage.library, usage.skill, usage.listed, usage.of_listings, why,
            report.listings(usage),
        )  # fmt: skip

    rule = f"Offered in at least {least} sessions and never loaded."
    return Worklist(
        "listed_never_chosen", "Listed, never chosen", rule, False, _entries(report, entry)
    )


def _slash_only(report: UsageReport) -> Worklist:
    def entry(usage: SkillUsage) -> Entry | None:
        if not usage.loads or {trigger for trigger, _ in usage.triggers} - {"slash", "mention"}:
            return None
        why = f"all {usage.loads} loads were asked for by a person"
        return Entry(usage.library, usage.skill, usage.loads, usage.loads, why, _loads(usage))

    rule = "Loaded by people alone: the model never picks it."
    return Worklist("slash_only", "Slash only", rule, False, _entries(report, entry))


def _then_error(report: UsageReport) -> Worklist:
    base = report.errors / report.calls if report.calls else 0.0

    def entry(usage: SkillUsage) -> Entry | None:
        if not usage.calls_after or usage.errors_after / usage.calls_after <= base:
            return None
        why = (
            f"{usage.errors_after} of {usage.calls_after} calls failed in the ten steps after a "
            f"load; {report.errors} of {report.calls} everywhere"
        )
        uses = tuple(one for one in _loads(usage) if one.figures and one.figures.errors)
        return Entry(usage.library, usage.skill, usage.errors_after, usage.calls_after, why, uses)

    rule = "After its loads a greater share of tool calls failed than on the whole."
    return Worklist("loaded_then_error", "Loaded, then error", rule, False, _entries(report, entry))


def _more_than_once(report: UsageReport) -> Worklist:
    def entry(usage: SkillUsage) -> Entry | None:
        again = [
            here.loads
            for one in report.facts
            if (here := one.skill(usage.library, usage.skill)) is not None and len(here.loads) > 1
        ]
        if not again:
            return None
        of = counted(usage.loaded, "session")
        why = f"loaded more than once in {len(again)} of {of} that load it"
        uses = tuple(use for loads in again for use in loads)
        return Entry(usage.library, usage.skill, len(again), usage.loaded, why, uses)

    rule = "Loaded twice or more in one session: it was lost, or did not say enough."
    return Worklist("loaded_again", "Loaded more than once", rule, False, _entries(report, entry))


def _dropped(report: UsageReport) -> Worklist:
    def entry(usage: SkillUsage) -> Entry | None:
        if not usage.dropped:
            return None
        uses = tuple(use for use in usage.uses if use.kind == "dropped")
        computed = sum(use.confidence == "weak" for use in uses)
        how = f", {computed} of them computed" if computed else ""
        why = f"gone after {usage.dropped} compactions{how}"
        return Entry(usage.library, usage.skill, usage.dropped, usage.loads, why, uses)

    rule = (
        "Gone after a compaction. Where the trace does not say so, by the client's rule: 5,000 "
        "tokens of each skill, 25,000 together, the most recent first."
    )
    return Worklist("dropped", "Dropped at compaction", rule, False, _entries(report, entry))


def _hand_rolled(report: UsageReport) -> Worklist:
    def entry(usage: SkillUsage) -> Entry | None:
        found = [
            (one, done)
            for one in report.facts
            for done in one.hand_rolled
            if (done.library, done.skill) == (usage.library, usage.skill)
        ]
        if not found:
            return None
        uses = tuple(
            _step(one, done.trajectory, done.step, "; ".join(done.evidence), trace=done.trace)
            for one, done in found
        )
        why = f"done by hand in {counted(len(found), 'session')}, loaded in {usage.loaded}"
        return Entry(usage.library, usage.skill, len(found), usage.sessions, why, uses)

    rule = (
        "A skill exists, and without loading it the session ran at least two of the commands its "
        "code blocks show (same program, subcommand and flags), or wrote a file nine tenths the "
        "same as one of its scripts."
    )
    return Worklist("hand_rolled", "Done by hand", rule, True, _entries(report, entry))


def _missed(
    report: UsageReport, annotations: Sequence[Annotation], expected: Sequence[Expected]
) -> Worklist:
    labels = [
        one
        for one in annotations
        if one.skill is not None
        and not one.deleted
        and one.label.strip().lower().replace("_", "-").replace(" ", "-") in MISSED_LABELS
    ]
    prompts: dict[str, list[Expected]] = {}
    for wish in expected:
        prompts.setdefault(_prompt(wish.prompt), []).append(wish)

    def entry(usage: SkillUsage) -> Entry | None:
        names = {usage.skill.lower(), usage.name.lower()}
        uses: list[Use] = []
        asked = 0
        for one in report.facts:
            spots = [
                (said.anchor.step or 0, f"labelled {said.label}")
                for said in labels
                if said.skill is not None
                and said.skill.skill.lower() in names
                and said.anchor.trajectory == one.trajectory
            ]
            spots += [
                (step, "a prompt that should load it")
                for step, text in one.prompts
                for wish in prompts.get(_prompt(text), ())
                if wish.should and wish.skill.lower() in names
            ]
            asked += bool(spots)
            here = one.skill(usage.library, usage.skill)
            if spots and not (here is not None and here.loads):
                uses += [_step(one, one.trajectory, step, why) for step, why in spots]
        if not uses:
            return None
        missed = len({(use.trace, use.trajectory) for use in uses})
        why = f"not loaded in {missed} of {counted(asked, 'session')} that should have"
        return Entry(usage.library, usage.skill, missed, asked, why, tuple(uses))

    rule = (
        "Not loaded in sessions labelled “should-trigger” for the skill, or that begin with a "
        "prompt of its trigger evaluation."
    )
    return Worklist("missed", "Should have been loaded", rule, False, _entries(report, entry))


def _loads(usage: SkillUsage) -> tuple[Use, ...]:
    return tuple(use for use in usage.uses if use.kind == "loaded")


def _prompt(text: str) -> str:
    return one_line(" ".join(text.split())).casefold()[:190]


def _step(one: SessionFacts, trajectory: str, step: int, detail: str, *, trace: str = "") -> Use:
    return Use(
        trace=trace or one.trace,
        trajectory=trajectory,
        step=step,
        kind="missed",
        trigger="unknown",
        confidence="weak",
        detail=detail,
        time=one.started,
        session=one.title,
        owner=one.trace,
    )
