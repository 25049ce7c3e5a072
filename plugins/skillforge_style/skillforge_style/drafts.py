"""What a person gets to see: one proposal a skill, and causes that are not the skill's fault."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from skillforge_style.failures import Cause
from skillforge_style.run import Work
from workbench.plugin.api import Generality, Lineage, ProposalDraft, cited, renamed


def edit_draft(work: Work) -> ProposalDraft | None:
    """Return the proposal for a skill; changes of later batches build on earlier ones."""
    if not work.done:
        return None
    evidence = cited(renamed(one for claim, _ in work.done for one in claim.evidence))
    names = {(one.trace, one.step_first, one.quote): one.id for one in evidence}
    changes = []
    for claim, change in work.done:
        keys = [(one.trace, one.step_first, one.quote) for one in claim.evidence]
        changes.append(replace(change, evidence=tuple(names[key] for key in keys)))
    used = {name for claim, _ in work.done for name in claim.parents}
    problems = [f"- {cause.problem}" for cause in work.causes if cause.name in used]
    skill = work.texts.skill
    runs = len({one.trace for one in evidence})
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name or skill.id}: {len(problems)} cause(s) of {runs} failed run(s)",
        rationale="\n".join([*work.reasons, *problems]),
        changes=tuple(changes),
        evidence=evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality=_reach(work),
        lineage=Lineage(parents=(f"{work.id}:round {work.rounds}",), round=work.rounds),
    )


def diagnoses(work: Work) -> Iterator[ProposalDraft]:
    """Yield the causes that are the agent's, the environment's or the task's."""
    for fault in ("agent", "environment", "task"):
        causes = [cause for cause in work.causes if cause.at_fault == fault]
        if causes:
            yield _diagnosis(work, fault, causes)


def _diagnosis(work: Work, fault: str, causes: list[Cause]) -> ProposalDraft:
    skill = work.texts.skill
    evidence = cited(renamed(one for cause in causes for one in cause.evidence))
    runs = len({one.trace for one in evidence})
    said = "\n".join(f"- {cause.problem}" for cause in causes)
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name or skill.id}: not the skill's fault in {runs} run(s) ({fault})",
        rationale=f"The model puts the cause elsewhere; nothing is changed.\n{said}",
        evidence=evidence,
        skills=(skill.id,),
        root_cause=fault,  # type: ignore[arg-type]
    )


def _reach(work: Work) -> Generality:
    """Return how far all of it reaches: as far as its narrowest edit."""
    known = {claim.generality for claim, _ in work.done}
    order: tuple[Generality, ...] = ("unknown", "task", "family", "general")
    return next((one for one in order if one in known), "unknown")
