"""What a person gets to see: a proposal for each result, and what is not the skill's fault."""

from __future__ import annotations

from msgspec.structs import replace

from skillclaw_style.results import Result, not_preserved
from workbench.plugin.api import Change, Lineage, ProposalDraft, cited

_WORDS = {
    "improve_skill": "better from",
    "optimize_description": "a better description from",
    "create_skill": "new, from",
}


def draft_of(result: Result, change: Change) -> ProposalDraft:
    """Return the proposal of one result."""
    evidence = cited(result.evidence)
    kind = "edit"
    if result.target is None:
        kind = "create"
    elif result.action == "optimize_description":
        kind = "describe"
    lines = [result.rationale, result.notes]
    lines += [
        f"It says the section '{one}' is left as it is, but it changes."
        for one in not_preserved(result)
    ]
    name = result.target.name if result.target is not None else result.folder
    sessions = f"{result.sessions} session" + ("" if result.sessions == 1 else "s")
    return ProposalDraft(
        kind=kind,  # type: ignore[arg-type]
        title=f"{name or result.folder}: {_WORDS[result.action]} {sessions}",
        rationale="\n".join(line for line in lines if line),
        changes=(replace(change, evidence=tuple(one.id for one in evidence)),),
        evidence=evidence,
        skills=(result.folder,),
        root_cause="skill",
        lineage=Lineage(parents=(f"{result.group}:{result.action}",), round=1),
    )


def diagnosis_of(result: Result) -> ProposalDraft | None:
    """Return what is to be said of a group whose trouble lies elsewhere; it needs evidence."""
    if not result.evidence:
        return None
    sessions = f"{result.sessions} session" + ("" if result.sessions == 1 else "s")
    return ProposalDraft(
        kind="diagnose",
        title=f"{result.group}: not the skill's fault in {sessions} ({result.at_fault})",
        rationale=f"The model puts the cause elsewhere; nothing is changed.\n{result.rationale}",
        evidence=cited(result.evidence),
        skills=(result.group,),
        root_cause=result.at_fault,  # type: ignore[arg-type]
    )
