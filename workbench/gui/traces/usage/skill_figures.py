"""What else is known of a skill: each figure in a line, with the uses behind it. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.domain.text import counted
from workbench.traces.prices import dollar_words
from workbench.traces.times import duration_words
from workbench.usage.differences import share_difference
from workbench.usage.proportions import Share, Spread
from workbench.usage.report import Cohort, Outcomes, SkillUsage
from workbench.usage.sessions import Use

_MOST = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """A line: what, how much, what it leads to. ``file`` is a file of the skill to open."""

    label: str
    value: str
    tip: str = ""
    uses: tuple[Use, ...] = ()
    file: str = ""


def figures_of(one: SkillUsage) -> list[Figure]:
    """Return the figures of a skill; those that nothing was recorded of are left out."""
    return [*_loads(one), *_files(one), *_outcomes(one), *_models(one)][:_MOST]


def figures_of_version(one: Cohort, before: Cohort | None) -> list[Figure]:
    """Return the figures of a version, and how it does against the one before."""
    loads = tuple(use for use in one.uses if use.kind == "loaded")
    known = f"{one.known} of {one.sessions}"
    found = [
        Figure("Sessions that had it", str(one.sessions), "By its text, or by their time", loads),
        Figure("Known by the text in the trace", known, "The others by the time alone", loads),
    ]
    if one.version is not None and one.version.subject:
        subject, author = one.version.subject, one.version.author
        found.insert(0, Figure(subject, one.version.time[:10], f"{subject}\n{author}".strip()))
    if one.tokens is not None:
        found.append(Figure("Body", f"{one.tokens:,} tokens", "Estimated"))
    if one.carried.n:
        found.append(Figure("Carried", _median(one.carried, " tokens"), "Median", loads))
    found += _version_outcomes(one, before, loads)
    return found


def _version_outcomes(
    one: Cohort, before: Cohort | None, loads: tuple[Use, ...]
) -> Iterator[Figure]:
    seen = "Sessions that load it. Observed, not assigned: their tasks differ as well."
    for label, pick in (
        ("Passed", _passed),
        ("Interrupted", _interrupted),
        ("Corrected (heuristic)", _corrected),
    ):
        mine = pick(one.outcomes)
        if mine.of:
            past = pick(before.outcomes) if before is not None else None
            then = f", before {rate(past)}" if past is not None and past.of else ""
            yield Figure(label, f"{rate(mine)}{then}", seen, loads)
    if before is None or one.outcomes.passed.few or before.outcomes.passed.few:
        return
    apart = share_difference(one.outcomes.passed, before.outcomes.passed)
    if apart is not None and apart.low is not None and apart.high is not None:
        words = f"{apart.value:+.0%} (95 % {apart.low:+.0%} to {apart.high:+.0%})"
        yield Figure("Passed, since the edit", words, f"Newcombe’s interval. {seen}", loads)


def _loads(one: SkillUsage) -> Iterator[Figure]:
    loads = tuple(use for use in one.uses if use.kind == "loaded")
    for label, spread, unit, tip in (
        ("Body", one.tokens, " tokens", "Estimated tokens of the text that was loaded (median)"),
        ("Carried", one.carried, " tokens", "Body times the model calls until a compaction"),
        ("First load at step", one.positions, "", "Median over the sessions that load it"),
    ):
        if spread.n:
            yield Figure(label, _median(spread, unit), tip, loads)
    if one.seconds.n:
        tip = "From the load until the next prompt, or the load of another skill (median)"
        time = f"{duration_words(one.seconds.median or 0)}{_of(one.seconds)}"
        yield Figure("Time in use", time, tip, loads)
    if one.cost_usd.n:
        about = "≈ " if one.cost_estimated else ""
        tip = "From the load until the next prompt or skill (median)"
        tip += "; estimated by the table of prices" if one.cost_estimated else ""
        usd = f"{about}{dollar_words(one.cost_usd.median or 0)}{_of(one.cost_usd)}"
        yield Figure("Cost in use", usd, tip, loads)
    for message, count in one.failures:
        failed = tuple(
            use for use in one.uses if use.kind == "load_failed" and use.detail == message
        )
        yield Figure(f"Failed: {message or 'no message'}", str(count), message, failed)
    if one.corrected_next.of:
        corrected = tuple(use for use in loads if use.figures and use.figures.corrected)
        tip = "Heuristic: the next prompt begins like “no”, “that is wrong”, “undo” …"
        yield Figure("Next prompt corrects (heuristic)", rate(one.corrected_next), tip, corrected)
    for kind, label in (("dropped", "Dropped at compaction"), ("edited", "Edited in sessions")):
        uses = tuple(use for use in one.uses if use.kind == kind)
        if uses:
            yield Figure(label, str(len(uses)), "", uses)


def _files(one: SkillUsage) -> Iterator[Figure]:
    for path, how, count in one.scripts:
        ran = tuple(
            use
            for use in one.uses
            if use.kind == "script_run"
            and use.detail == how
            and (use.path or "").replace("\\", "/").endswith(path)
        )
        yield Figure(f"Ran {path}", f"{how or 'ended'}  ×{count}", "", ran)
    for path in one.resources_opened:
        read = tuple(u for u in one.uses if u.path == path and u.kind == "resource_read")
        if read:
            short = "/".join(path.replace("\\", "/").split("/")[-2:])
            yield Figure(f"Read {short}", f"×{len(read)}", path, read)
    for path in one.never_opened:
        yield Figure(
            f"Never opened {path}", "open", "Loaded, and this file was never read", file=path
        )


def _outcomes(one: SkillUsage) -> Iterator[Figure]:
    first, second = one.with_skill, one.without_skill
    if first is None or second is None or not first.sessions:
        return
    loads = tuple(use for use in one.uses if use.kind == "loaded")
    few = "Too few sessions for a rate: counts alone (rates from 20 sessions on)."
    seen = "Observed, not assigned: the tasks of these sessions differ as well."
    for label, pick in (
        ("Passed", _passed),
        ("Interrupted", _interrupted),
        ("Corrected (heuristic)", _corrected),
    ):
        left, right = pick(first), pick(second)
        if left.of or right.of:
            tip = f"{seen} {few}" if left.few or right.few else seen
            words = f"with {rate(left)}, without {rate(right)}"
            yield Figure(label, words, tip, loads)
    apart = one.passed_difference
    if apart is not None and apart.low is not None and apart.high is not None:
        words = f"{apart.value:+.0%} (95 % {apart.low:+.0%} to {apart.high:+.0%})"
        yield Figure("Passed, difference", words, f"Newcombe’s interval. {seen}", loads)
    for label, spreads in (
        ("Reward", (first.reward, second.reward)),
        ("Tests passed", (first.tests, second.tests)),
    ):
        if spreads[0].n or spreads[1].n:
            told = [
                f"{word} {'–' if spread.median is None else f'{spread.median:.2f}'}{_of(spread)}"
                for word, spread in zip(("with", "without"), spreads, strict=True)
            ]
            yield Figure(label, ", ".join(told), f"Medians. {seen}", loads)


def _models(one: SkillUsage) -> Iterator[Figure]:
    for model, loaded, sessions in one.models if one.loads else ():
        name = model or "model not recorded"
        yield Figure(f"With {name}", f"loaded in {loaded} of {sessions}", "Sessions of this model")
    if one.unknown_version:
        tip = one.history_problem or "Before the first commit, or without a time."
        yield Figure(
            "Version unknown", f"{one.unknown_version} of {counted(one.sessions, 'session')}", tip
        )


def rate(one: Share) -> str:
    """Return a share as counts; as a rate only where there are enough."""
    count = f"{one.hits} of {one.of}"
    return count if one.few or not one.of else f"{count} ({one.hits / one.of:.0%})"


def _passed(one: Outcomes) -> Share:
    return one.passed


def _interrupted(one: Outcomes) -> Share:
    return one.interrupted


def _corrected(one: Outcomes) -> Share:
    return one.corrected


def _median(one: Spread, unit: str) -> str:
    return f"{one.median:,.0f}{unit}{_of(one)}"


def _of(one: Spread) -> str:
    """Return how many values are recorded, where some are not."""
    return f"  ({one.n} of {one.of} recorded)" if one.n < one.of else ""
