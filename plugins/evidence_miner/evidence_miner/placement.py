"""Which skill a lesson belongs to: never one that has nothing to do with it.

A recorded load comes first; without any, the skill whose code the runs of the task used most; then
the library's environment skill. What fits none of them is told, not written anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence_miner.commands import words_of
from evidence_miner.pitfalls import Pitfall
from evidence_miner.sessions import Session
from evidence_miner.signatures import names_in
from evidence_miner.skill_texts import SkillText
from evidence_miner.terms import Rarity, code_terms, coverage, rarity_of

#: Coverage by one run from which a skill was at work, and how far ahead of the second best it must
#: be; or the lower coverage with the larger lead. On 31 public tasks (2026-11) the right skill had
#: .23 to .67 and led by 1.2 to 11, a wrong one had at most .28 and led by at most 1.15. All runs of
#: a task together say less: ten long runs use some of everything.
MIN_COVERAGE, MIN_LEAD = 0.3, 1.3
LOW_COVERAGE, LARGE_LEAD = 0.2, 2.0
MIN_SHARED_TERMS = 6
_ENVIRONMENT_NAME = re.compile(
    r"(?:^|[-_ ])(?:environment|env|sandbox|toolchain|shell|container)(?:$|[-_ ])"
)
_ENVIRONMENTAL = re.compile(
    r"command not found|externally-managed|[Nn]o module named|Permission denied|"
    r"Unable to locate package|no installation candidate|Cannot find module"
)
_CODE = re.compile(r"(`+)(.+?)\1", re.S)


@dataclass(frozen=True)
class Related:
    """A skill with the traces it was at work in. ``loaded``: the traces say so themselves."""

    skill: SkillText
    sessions: tuple[Session, ...]
    loaded: bool
    coverage: float


class Placement:
    """What the traces have to do with the skills of the library."""

    def __init__(self, skills: Sequence[SkillText], sessions: Sequence[Session]) -> None:
        self.skills = tuple(skills)
        self.terms = {skill.id: code_terms(skill.all_text) for skill in skills}
        self.rarity: Rarity = rarity_of([self.terms[skill.id] for skill in skills])
        self.related = tuple(self._related(sessions))

    def environment_skill(self) -> SkillText | None:
        """Return the one skill whose name says it is about the machine; None for several."""
        found = [skill for skill in self.skills if _ENVIRONMENT_NAME.search(skill.name.casefold())]
        return found[0] if len(found) == 1 else None

    def used_by(self, sessions: Sequence[Session]) -> frozenset[str]:
        """Return the words the runs used in their calls."""
        return frozenset().union(*(session.used for session in sessions))

    def _related(self, sessions: Sequence[Session]) -> list[Related]:
        loads: dict[str, list[Session]] = {}
        rest: dict[str, list[Session]] = {}
        for session in sessions:
            loaded = [skill for skill in self.skills if is_loaded(skill, session)]
            for skill in loaded:
                loads.setdefault(skill.id, []).append(session)
            if not loaded:
                rest.setdefault(session.task, []).append(session)
        found: dict[str, Related] = {}
        for skill in self.skills:
            if skill.id in loads:
                runs = loads[skill.id]
                found[skill.id] = Related(skill, tuple(runs), True, self._coverage(skill, runs))
        grounded: dict[str, list[Session]] = {}
        for _, runs in sorted(rest.items()):
            best = self._best_match(runs)
            if best is not None and best.id not in found:
                grounded.setdefault(best.id, []).extend(runs)
        for skill in self.skills:
            if skill.id in grounded:
                runs = grounded[skill.id]
                found[skill.id] = Related(skill, tuple(runs), False, self._coverage(skill, runs))
        return [found[skill.id] for skill in self.skills if skill.id in found]

    def _coverage(self, skill: SkillText, runs: Sequence[Session]) -> float:
        return coverage(self.terms[skill.id], self.used_by(runs), self.rarity)

    def _best_match(self, runs: Sequence[Session]) -> SkillText | None:
        """Return the skill that one of the runs shows clearly to have been the one at work."""
        used = [run.used for run in runs]
        scored = sorted(
            (
                (-max(coverage(terms, words, self.rarity) for words in used), skill.id, skill)
                for skill in self.skills
                if (terms := self.terms[skill.id])
                and max(len(terms & words) for words in used) >= MIN_SHARED_TERMS
            ),
            key=lambda entry: entry[:2],
        )
        if not scored:
            return None
        score = -scored[0][0]
        if len(self.skills) == 1:
            return scored[0][2] if score >= MIN_COVERAGE else None
        lead = score / max(-scored[1][0], 0.05) if len(scored) > 1 else LARGE_LEAD
        clear = (score >= MIN_COVERAGE and lead >= MIN_LEAD) or (
            score >= LOW_COVERAGE and lead >= LARGE_LEAD
        )
        return scored[0][2] if clear else None


def concern(skill: SkillText, pitfall: Pitfall) -> int:
    """Return how many words of the error and its command stand in the skill's code."""
    code = words_of("\n".join(match[2] for match in _CODE.finditer(skill.all_text)))
    folded = {word.casefold() for word in code}
    told = words_of(pitfall.pair.shown.failed) | names_in(pitfall.signature)
    return len({word.casefold() for word in told} & folded)


def is_environmental(pitfall: Pitfall) -> bool:
    """Whether an error is about what a machine has and permits, not about one task."""
    return _ENVIRONMENTAL.search(pitfall.signature) is not None


def is_loaded(skill: SkillText, session: Session) -> bool:
    """Whether the trace says that the skill was read."""
    return is_among(skill, session.header.skills_loaded)


def is_among(skill: SkillText, given: Iterable[str]) -> bool:
    """Whether one of the names a trace gives is that of the skill, with or without a prefix."""
    names = {name.rpartition(":")[2].casefold() for name in given}
    own = {skill.name.casefold(), skill.id.rpartition("/")[2].casefold()} - {"", "."}
    return bool(names & own)
