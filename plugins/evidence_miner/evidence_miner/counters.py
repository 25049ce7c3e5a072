"""Detector 6: how often each skill was used and how often that ended badly.

Rules of SkillEvolBench (arXiv 2605.24117): at least three uses; retire from .7 of failures,
quarantine from .4, narrow where the failures are those of one environment. A skill for hard tasks
looks harmful, so the rate without it on the same tasks stands beside each figure, and decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from evidence_miner.commands import exact_part
from evidence_miner.descriptions import with_sentence
from evidence_miner.placement import is_among, is_loaded
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import PASS_SCORE, Session
from evidence_miner.skill_texts import SkillText
from workbench.plugin.api import Change, PastDecision, ProposalDraft, StoredResult

MIN_USES = 3
RETIRE, QUARANTINE = 0.7, 0.4
#: The rate without the skill must be lower by this much, else the tasks are hard.
_MARGIN = 0.1
_MAX_QUOTED = 6
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted"})
_STATUSES = {"pass": False, "fail": True, "timeout": True}


@dataclass(frozen=True)
class Run:
    """One run of a task that says how it ended. ``session`` is None for a stored result."""

    task: str
    failed: bool
    environment: str
    session: Session | None = None


@dataclass(frozen=True)
class Counters:
    """Runs with a skill in use, and runs of the same tasks without it."""

    skill: SkillText
    used: tuple[Run, ...]
    without: tuple[Run, ...]

    @property
    def harm(self) -> float:
        """The share of the uses that failed."""
        return rate(self.used)

    @property
    def failures(self) -> int:
        """How many uses failed."""
        return sum(run.failed for run in self.used)

    @property
    def is_hard(self) -> bool:
        """Whether the same tasks fail as well without it."""
        return bool(self.without) and rate(self.without) > self._harm_beside() - _MARGIN

    def _harm_beside(self) -> float:
        """The share of failed uses on the tasks that were run without it too."""
        tasks = {run.task for run in self.without}
        return rate([run for run in self.used if run.task in tasks])

    def bad_place(self) -> str:
        """Return the one environment all failures are of, "" where there is none."""
        places = {run.environment for run in self.used if run.failed}
        if len(places) != 1 or "" in places:
            return ""
        place = next(iter(places))
        inside = [run for run in self.used if run.environment == place]
        outside = len(self.used) - len(inside)
        return place if outside >= 2 and len(inside) >= 2 and rate(inside) >= RETIRE else ""


def rate(runs: Sequence[Run]) -> float:
    """Return the share of runs that failed, 0 of none."""
    return sum(run.failed for run in runs) / len(runs) if runs else 0.0


def counters_of(
    skills: Sequence[SkillText], sessions: Sequence[Session], results: Sequence[StoredResult]
) -> list[Counters]:
    """Count over traces that say how they ended, and over stored results."""
    scored = [(result, failed) for result in results if (failed := _failed(result)) is not None]
    found: list[Counters] = []
    for skill in skills:
        used: list[Run] = []
        rest: list[Run] = []
        for session in sessions:
            if session.failed is not None:
                place = session.header.agent or ""
                run = Run(session.attempt_at, session.failed, place, session)
                (used if is_loaded(skill, session) else rest).append(run)
        for result, failed in scored:
            run = Run(result.task, failed, result.environment)
            present = result.skills if result.loaded is None else result.loaded
            (used if skill.id in present or is_among(skill, present) else rest).append(run)
        tasks = {run.task for run in used}
        without = tuple(run for run in rest if run.task in tasks)
        found.append(Counters(skill, tuple(used), without))
    return found


def counter_drafts(
    skills: Sequence[SkillText],
    sessions: Sequence[Session],
    results: Sequence[StoredResult],
    history: Sequence[PastDecision],
) -> Iterator[ProposalDraft]:
    """Yield what is due for each skill that was used often enough."""
    for counted in counters_of(skills, sessions, results):
        if len(counted.used) < MIN_USES:
            continue
        place = counted.bad_place()
        if place and not counted.is_hard:
            yield from _narrowed(counted, place, history)
        elif counted.harm >= QUARANTINE:
            if counted.is_hard or _was_refused(counted.skill, history):
                yield _told(counted)
            elif counted.harm >= RETIRE:
                yield _retired(counted)
            else:
                yield from _quarantined(counted, history)


def _retired(counted: Counters) -> ProposalDraft:
    skill = counted.skill
    quotes = Quotes()
    ids = _quote(counted, quotes)
    changes = tuple(
        Change(
            id=f"gone-{number}",
            path=skill.library_path(path),
            op="delete",
            rationale=_figures(counted),
            evidence=ids,
        )
        for number, path in enumerate(sorted(skill.files), 1)
    )
    return _draft(counted, "retire", "retire it", changes, quotes)


def _quarantined(counted: Counters, history: Sequence[PastDecision]) -> Iterator[ProposalDraft]:
    sentence = "In quarantine: use it only when the user names this skill."
    yield _described(counted, "quarantine it", sentence, history)


def _narrowed(
    counted: Counters, place: str, history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    clean = " ".join(place.split())[:80]
    sentence = f"Not for {clean}: it failed there."
    yield _described(counted, f"narrow it, all failures are of {clean}", sentence, history)


def _described(
    counted: Counters, what: str, sentence: str, history: Sequence[PastDecision]
) -> ProposalDraft:
    skill = counted.skill
    text = None if sentence in skill.description else with_sentence(skill, sentence)
    if text is None or _was_refused(skill, history):
        return _told(counted)
    quotes = Quotes()
    change = Change(
        id="description",
        path=skill.library_path(skill.main),
        op="edit",
        new_text=text,
        rationale=_figures(counted),
        evidence=_quote(counted, quotes),
    )
    return _draft(counted, "narrow", what, (change,), quotes)


def _draft(
    counted: Counters,
    kind: Literal["retire", "narrow"],
    what: str,
    changes: tuple[Change, ...],
    quotes: Quotes,
) -> ProposalDraft:
    return ProposalDraft(
        kind=kind,
        title=f"{counted.skill.name}: {what} "
        f"({counted.failures} of {len(counted.used)} uses failed)",
        rationale=_figures(counted),
        changes=changes,
        evidence=quotes.evidence,
        skills=(counted.skill.id,),
        root_cause="skill" if counted.without else "unknown",
        generality="general",
    )


def _told(counted: Counters) -> ProposalDraft:
    quotes = Quotes()
    _quote(counted, quotes)
    words = "The same tasks fail as often without it: nothing is changed."
    return ProposalDraft(
        kind="diagnose",
        title=f"{counted.skill.name}: {counted.harm:.0%} of {len(counted.used)} uses failed",
        rationale=f"{_figures(counted)} {words if counted.is_hard else ''}".strip(),
        evidence=quotes.evidence,
        skills=(counted.skill.id,),
        root_cause="task" if counted.is_hard else "unknown",
        generality="general",
    )


def _figures(counted: Counters) -> str:
    uses = f"{counted.failures} of {len(counted.used)} uses failed (harm {counted.harm:.2f})."
    if not counted.without:
        return (
            f"{uses} No run of the same tasks without it is known: they may be hard ones, and not "
            "the skill's fault."
        )
    missed = sum(run.failed for run in counted.without)
    return (
        f"{uses} Without it {missed} of {len(counted.without)} runs of the same tasks failed "
        f"({rate(counted.without):.0%})."
    )


def _quote(counted: Counters, quotes: Quotes) -> tuple[str, ...]:
    """Quote where the skill was read in failed runs."""
    ids: list[str] = []
    for run in counted.used:
        if run.failed and run.session is not None and len(ids) < _MAX_QUOTED:
            ids += quote_use(counted.skill, run.session, quotes, "failure")
    return tuple(dict.fromkeys(ids))


def quote_use(skill: SkillText, session: Session, quotes: Quotes, relation: str) -> tuple[str, ...]:
    """Quote the call of a run that read the skill."""
    for use in session.skill_uses:
        if not is_among(skill, (use.skill,)):
            continue
        given = [text for step, text in session.arguments if step == use.step]
        name = use.skill.rpartition(":")[2]
        parts = [part for text in given for part in text.split("\n") if name in part]
        quote = exact_part(parts[0].strip()[:180], parts[0]) if parts else use.quote
        line = next((one.strip() for one in quote.split("\n") if one.strip()), "")
        return quotes.add(
            session.id, use.step, line[:180], "success" if relation == "success" else "failure"
        )
    return ()


def _failed(result: StoredResult) -> bool | None:
    if result.status in _STATUSES:
        return _STATUSES[result.status]
    if result.status == "infra" or result.score is None:
        return None
    return result.score < PASS_SCORE


def _was_refused(skill: SkillText, history: Sequence[PastDecision]) -> bool:
    """Whether people kept the skill as it is when it was to be retired or narrowed."""
    path = skill.library_path(skill.main)
    return any(
        past.status in _REFUSED
        and path in past.paths
        and any(word in past.title for word in (": retire it", ": quarantine it", ": narrow it"))
        for past in history
    )
