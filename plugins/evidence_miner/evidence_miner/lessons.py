"""Pitfalls as drafts: which skill each goes to, and the line that is written there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evidence_miner.commands import as_code, words_of
from evidence_miner.pitfalls import Pitfall, Thresholds, find_pitfalls, tasks_in_words
from evidence_miner.placement import Placement, concern, is_environmental
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session
from evidence_miner.signatures import names_in
from evidence_miner.skill_texts import SkillText
from workbench.plugin.api import Change, PastDecision, ProposalDraft, SectionOp

HEADING = "Known pitfalls"
_SECTION = "section"
_HEADINGS = re.compile(
    r"^#{2,4} +((?:known |common )?(?:pitfalls?|gotchas?|mistakes|errors)"
    r"(?: and .*)?|troubleshooting)"
    r"[ \t#]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted", "applied"})
#: Evidence of more occurrences than this adds nothing a reader would look at.
_MAX_QUOTED = 4
_MAX_LESSONS = 8


def pitfall_drafts(
    placement: Placement,
    sessions: Sequence[Session],
    limits: Thresholds,
    history: Sequence[PastDecision],
) -> Iterator[ProposalDraft]:
    """Yield a draft for each skill that gets lessons, then one for each lesson without a skill."""
    placed, homeless = _place(placement, sessions, limits)
    for skill in placement.skills:
        lessons = [
            pitfall
            for pitfall in placed.get(skill.id, ())
            if not is_covered(skill, pitfall) and not _was_refused(skill, pitfall, history)
        ]
        if lessons:
            yield _edit(skill, lessons[:_MAX_LESSONS])
    for pitfall in homeless[:_MAX_LESSONS]:
        yield _diagnosis(pitfall)


def _place(
    placement: Placement, sessions: Sequence[Session], limits: Thresholds
) -> tuple[dict[str, list[Pitfall]], list[Pitfall]]:
    candidates: dict[str, list[tuple[int, str, Pitfall]]] = {}
    for related in placement.related:
        for pitfall in find_pitfalls(related.sessions, limits):
            weight = concern(related.skill, pitfall)
            if weight or not related.loaded:
                entry = (weight, related.skill.id, pitfall)
                candidates.setdefault(pitfall.signature, []).append(entry)
    placed: dict[str, list[Pitfall]] = {}
    for entries in candidates.values():
        _, skill_id, pitfall = min(entries, key=lambda entry: (-entry[0], entry[1]))
        placed.setdefault(skill_id, []).append(pitfall)
    homeless: list[Pitfall] = []
    environment = placement.environment_skill()
    for pitfall in find_pitfalls(sessions, limits):
        if pitfall.signature in candidates or len(pitfall.traces) < 2:
            continue
        if environment is not None and (is_environmental(pitfall) or concern(environment, pitfall)):
            placed.setdefault(environment.id, []).append(pitfall)
        else:
            homeless.append(pitfall)
    return {skill: sorted(found, key=_order) for skill, found in placed.items()}, homeless


def is_covered(skill: SkillText, pitfall: Pitfall) -> bool:
    """Whether the skill already names both the error and a way out of it."""
    text = skill.all_text.casefold()
    if pitfall.signature.casefold() in text:
        return True
    missing = pitfall.pair.left_out.casefold()
    if missing:
        # Its name alone may be any word ("file"): only a name written as code counts.
        return f"`{missing}`" in text or f"without {missing}" in text
    names = names_in(pitfall.signature) or frozenset(
        word for word in re.findall(r"[\w.-]{8,}", pitfall.signature) if not word.endswith("Error")
    )
    told = [name for name in names if _has_word(text, name)]
    shown = pitfall.pair.shown
    way_out = words_of(shown.worked) - words_of(shown.failed) or pitfall.pair.new_words
    return bool(told) and any(_has_word(text, word) for word in way_out)


def line_of(pitfall: Pitfall) -> str:
    """Return the list item: condition, what failed, what worked, how often."""
    shown = pitfall.pair.shown
    error, failed, worked = (
        as_code(text) for text in (pitfall.signature, shown.failed, shown.worked)
    )
    fix = f"it worked after {worked}" if pitfall.pair.repeated else f"{worked} worked"
    if pitfall.pair.left_out:
        fix = f"do without it, {worked} worked"
    return f"- {error}: {failed} failed; {fix} ({counted(pitfall)})."


def counted(pitfall: Pitfall) -> str:
    """Return how often it was seen, with the tasks where the traces name them."""
    times = f"seen {len(pitfall.failures)} times in {_runs(len(pitfall.traces))}"
    named = [task for task in pitfall.tasks if not task.endswith((".jsonl", ".json", ".traj"))]
    return f"{times}: {tasks_in_words(named)}" if named else times


def append_op(skill: SkillText, line: str) -> SectionOp:
    """Return the operation that adds a line to the skill's section of pitfalls."""
    found = _HEADINGS.search(skill.main_text)
    return SectionOp(action="append", heading=found[1].strip() if found else HEADING, content=line)


def _edit(skill: SkillText, lessons: Sequence[Pitfall]) -> ProposalDraft:
    quotes = Quotes()
    found = _HEADINGS.search(skill.main_text)
    changes: list[Change] = []
    if found is None and len(lessons) > 1:
        # A change of its own: a person may take any of the lessons without the others.
        changes.append(
            Change(
                id=_SECTION,
                path=skill.library_path(skill.main),
                op="edit",
                section_ops=(SectionOp(action="add", heading=HEADING),),
                rationale="The section that the lessons below stand in.",
            )
        )
    needed = tuple(change.id for change in changes)
    for number, pitfall in enumerate(lessons, 1):
        ids = _evidence(quotes, pitfall)
        op = append_op(skill, line_of(pitfall))
        changes.append(
            Change(
                id=f"pitfall-{number}",
                path=skill.library_path(skill.main),
                op="edit",
                section_ops=(op,),
                rationale=_why(pitfall),
                evidence=ids,
                depends_on=needed,
                generality="general" if len(pitfall.tasks) > 1 else "task",
            )
        )
    what = "a repeated error" if len(lessons) == 1 else f"{len(lessons)} repeated errors"
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name}: add {what} with what worked",
        rationale=" ".join(_why(pitfall) for pitfall in lessons),
        changes=tuple(changes),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality="general" if any(len(one.tasks) > 1 for one in lessons) else "task",
    )


def _diagnosis(pitfall: Pitfall) -> ProposalDraft:
    quotes = Quotes()
    _evidence(quotes, pitfall)
    return ProposalDraft(
        kind="diagnose",
        title=f"Comes back, and no skill is about it: {pitfall.signature}",
        rationale=f"{_why(pitfall)} No skill of the library was at work in these runs or is about "
        "the environment, so nothing is changed.",
        evidence=quotes.evidence,
        root_cause="environment" if is_environmental(pitfall) else "unknown",
        generality="general" if len(pitfall.tasks) > 1 else "task",
    )


def _why(pitfall: Pitfall) -> str:
    mended = len(pitfall.pairs)
    times = "once" if mended == 1 else f"{mended} times"
    return f"{as_code(pitfall.signature)} was {counted(pitfall)} and mended {times} in this way."


def _evidence(quotes: Quotes, pitfall: Pitfall) -> tuple[str, ...]:
    ids: list[str] = list(quotes.add_pair(pitfall.pair))
    for pair in pitfall.pairs[:_MAX_QUOTED]:
        ids += quotes.add_pair(pair)
    for failure in pitfall.failures[:_MAX_QUOTED]:
        ids += quotes.add_failure(failure)
    return tuple(dict.fromkeys(ids))


def _was_refused(skill: SkillText, pitfall: Pitfall, history: Sequence[PastDecision]) -> bool:
    """Whether people turned this lesson down before; counts in it may have changed since."""
    path = skill.library_path(skill.main)
    error = as_code(pitfall.signature)
    return any(
        past.status in _REFUSED
        and path in past.paths
        and any(line.lstrip().startswith(f"- {error}:") for line in past.new_lines)
        for past in history
    )


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word.casefold())}(?![\w-])", text) is not None


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs"


def _order(pitfall: Pitfall) -> tuple[int, str]:
    return -len(pitfall.failures), pitfall.signature
