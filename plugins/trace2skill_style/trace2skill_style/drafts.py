"""What a person gets to see of a run: one proposal a skill, and what is not the skill's fault."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from trace2skill_style.patches import Patch
from trace2skill_style.run import Work
from workbench.plugin.api import (
    Claim,
    Evidence,
    Generality,
    Lineage,
    ProposalDraft,
    cited,
    renamed,
)

_REACH: tuple[Generality, ...] = ("task", "family", "general")


def edit_draft(work: Work) -> ProposalDraft | None:
    """Return the proposal for a skill; each edit is a change of its own with its evidence."""
    if work.patched is None:
        return None
    patch = work.patches[0]
    claims = [claim for claim, _ in work.patched.done]
    evidence = cited(renamed(one for claim in claims for one in claim.evidence))
    names = {(one.trace, one.step_first, one.quote): one.id for one in evidence}
    done = tuple((_cites(claim, names, evidence), text) for claim, text in work.patched.done)
    runs = len({one.trace for one in evidence})
    log = "".join(f"\n- {line}" for line in patch.changelog)
    skill = work.texts.skill
    return ProposalDraft(
        kind="edit",
        title=f"{skill.name or skill.id}: {_count(len(claims), 'edit')} from {_count(runs, 'run')}",
        rationale=f"{patch.reasoning}{log}".strip() or "Lessons of the runs.",
        changes=work.texts.changes(replace(work.patched, done=done)),
        evidence=evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality=_reach(claims),
        lineage=Lineage(parents=(f"{work.id}:{patch.name}",), round=work.levels),
    )


def diagnoses(work: Work) -> Iterator[ProposalDraft]:
    """Yield what runs said without asking for an edit: the agent's or the environment's fault."""
    for cause in ("agent", "environment", "task"):
        patches = [one for one in work.silent if one.root_cause == cause and one.evidence]
        if patches:
            yield _diagnosis(work, cause, patches)


def _diagnosis(work: Work, cause: str, patches: list[Patch]) -> ProposalDraft:
    skill = work.texts.skill
    said = [f"- {', '.join(one.runs)}: {one.reasoning}" for one in patches]
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name or skill.id}: not the skill's fault in {_count(len(patches), 'run')} "
        f"({cause})",
        rationale="The model puts the cause elsewhere; nothing is changed.\n" + "\n".join(said),
        evidence=cited(renamed(one for patch in patches for one in patch.evidence)),
        skills=(skill.id,),
        root_cause=cause,  # type: ignore[arg-type]
    )


def _cites(
    claim: Claim, names: dict[tuple[str, int, str], str], evidence: tuple[Evidence, ...]
) -> Claim:
    by_id = {one.id: one for one in evidence}
    keys = [(one.trace, one.step_first, one.quote) for one in claim.evidence]
    return replace(claim, evidence=tuple(by_id[names[key]] for key in keys))


def _reach(claims: list[Claim]) -> Generality:
    known = [claim.generality for claim in claims if claim.generality in _REACH]
    return min(known, key=_REACH.index) if len(known) == len(claims) and known else "unknown"


def _count(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
