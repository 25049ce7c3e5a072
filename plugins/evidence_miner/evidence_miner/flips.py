"""Detector 2: tests that failed in one attempt and passed in the next, and what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evidence_miner.commands import MAX_QUOTE, as_code, exact_part
from evidence_miner.lessons import append_op
from evidence_miner.pitfalls import is_secret
from evidence_miner.placement import Placement, is_loaded
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Action, Session
from evidence_miner.skill_texts import SkillText
from evidence_miner.terms import used_terms
from evidence_miner.test_results import SeenTest
from workbench.plugin.api import Change, PastDecision, ProposalDraft

#: So many rare words the changed commands must share for the change to be a lesson.
_MIN_SHARED = 2
_MAX_CARDS = 20
_MAX_NAMED = 8
_MAX_COMMANDS = 4
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted", "applied"})


@dataclass(frozen=True)
class Flip:
    """Tests that began to pass from one attempt at a task to the next.

    ``tests`` are pairs of the two results, ``changed`` the later attempt's commands that the
    earlier one had not, ``shared`` the rare words at least two of them share.
    """

    task: str
    before: Session
    after: Session
    tests: tuple[tuple[SeenTest, SeenTest], ...]
    changed: tuple[Action, ...]
    shared: frozenset[str]


def find_flips(sessions: Sequence[Session]) -> list[Flip]:
    """Return the flips between neighbouring attempts, by task and order."""
    by_task: dict[str, list[Session]] = {}
    for session in sorted(sessions, key=lambda one: (one.attempt_at, one.order)):
        if session.tests:
            by_task.setdefault(session.attempt_at, []).append(session)
    spread = Counter(
        word
        for attempts in by_task.values()
        for word in frozenset().union(*(one.used for one in attempts))
    )
    found: list[Flip] = []
    for attempts in by_task.values():
        for before, after in pairwise(attempts):
            tests = tuple(
                (test, after.tests[name])
                for name, test in before.tests.items()
                if not test.passed and name in after.tests and after.tests[name].passed
            )
            if tests:
                changed = _changed(before, after)
                shared = _shared(before, changed, spread)
                found.append(Flip(after.task, before, after, tests, changed, shared))
    return found


def flip_drafts(
    placement: Placement, sessions: Sequence[Session], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield a lesson where the change is one thing the loaded skill lacks, else a card."""
    for flip in find_flips(sessions)[:_MAX_CARDS]:
        skill = next((one for one in placement.skills if is_loaded(one, flip.after)), None)
        told = _telling(flip, skill) if skill is not None else None
        if skill is not None and told is not None and not _was_refused(skill, flip, history):
            yield _edit(skill, flip, told)
        else:
            yield _card(flip, _at_work(placement, flip))


def _changed(before: Session, after: Session) -> tuple[Action, ...]:
    known = {action.command for action in before.actions}
    return tuple(
        action
        for action in after.actions
        if action.succeeded and action.command not in known and not is_secret(action.command)
    )


def _shared(before: Session, changed: Sequence[Action], spread: Counter[str]) -> frozenset[str]:
    """Return words of two changed commands or more that no other task and no try before used."""
    counts = Counter(word for action in changed for word in used_terms([action.command]))
    return frozenset(
        word
        for word, count in counts.items()
        if count >= 2 and spread[word] <= 1 and word not in before.used
    )


def _telling(flip: Flip, skill: SkillText) -> str | None:
    """Return the line of a changed command with the most of the shared words the skill lacks."""
    lacking = flip.shared - used_terms([skill.all_text])
    best = (0, 0, "")
    for action in flip.changed:
        for line in action.command.split("\n"):
            count = len(used_terms([line]) & lacking)
            if (
                len(line.strip()) <= MAX_QUOTE
                and exact_part(line.strip(), action.raw) == line.strip()
            ):
                best = max(best, (count, -len(line.strip()), line.strip()))
    return best[2] if best[0] >= _MIN_SHARED else None


def _edit(skill: SkillText, flip: Flip, line: str) -> ProposalDraft:
    quotes = Quotes()
    ids = _quote(flip, quotes, line)
    change = Change(
        id="lesson",
        path=skill.library_path(skill.main),
        op="edit",
        section_ops=(
            append_op(skill, f"- {_names(flip, 3)} failed until this was done: {as_code(line)}."),
        ),
        rationale=_why(flip),
        evidence=ids,
        generality="task",
    )
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name}: add what made {_count(flip)} pass",
        rationale=_why(flip),
        changes=(change,),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality="task",
    )


def _card(flip: Flip, skill: SkillText | None) -> ProposalDraft:
    quotes = Quotes()
    _quote(flip, quotes, "")
    return ProposalDraft(
        kind="diagnose",
        title=f"{flip.task}: {_count(flip)} began to pass from one attempt to the next",
        rationale=f"{_why(flip)} Which of the changes did it is not certain: nothing is changed.",
        evidence=quotes.evidence,
        skills=(skill.id,) if skill is not None else (),
        root_cause="unknown",
        generality="task",
    )


def _quote(flip: Flip, quotes: Quotes, line: str) -> tuple[str, ...]:
    ids: list[str] = []
    for failed, passed in flip.tests[:_MAX_NAMED]:
        ids += quotes.add(flip.before.id, failed.step, failed.quote, "failure")
        ids += quotes.add(flip.after.id, passed.step, passed.quote, "success")
    told = 0
    for action in sorted(flip.changed, key=lambda one: (-_weight(flip, one), one.order)):
        wanted = line if line and line in action.raw else action.command.split("\n", 1)[0]
        part = exact_part(wanted[:MAX_QUOTE].strip(), action.raw)
        if part and told < _MAX_COMMANDS:
            ids += quotes.add(action.trace, action.step, part, "fix")
            told += 1
    return tuple(dict.fromkeys(ids))


def _weight(flip: Flip, action: Action) -> int:
    return len(used_terms([action.command]) & flip.shared)


def _why(flip: Flip) -> str:
    words = ", ".join(as_code(word) for word in sorted(flip.shared, key=lambda w: (-len(w), w))[:6])
    about = f" They share {words}, which the attempt before had not." if words else ""
    return (
        f"{_names(flip, _MAX_NAMED)} failed in {flip.before.id} and passed in {flip.after.id}. "
        f"{len(flip.changed)} commands are new there.{about}"
    )


def _names(flip: Flip, most: int) -> str:
    names = [as_code(before.name) for before, _ in flip.tests]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _count(flip: Flip) -> str:
    return "a test" if len(flip.tests) == 1 else f"{len(flip.tests)} tests"


def _at_work(placement: Placement, flip: Flip) -> SkillText | None:
    return next(
        (
            related.skill
            for related in placement.related
            if any(session.id == flip.after.id for session in related.sessions)
        ),
        None,
    )


def _was_refused(skill: SkillText, flip: Flip, history: Sequence[PastDecision]) -> bool:
    path = skill.library_path(skill.main)
    name = as_code(flip.tests[0][0].name)
    return any(
        past.status in _REFUSED
        and path in past.paths
        and any(line.lstrip().startswith("- ") and name in line for line in past.new_lines)
        for past in history
    )
