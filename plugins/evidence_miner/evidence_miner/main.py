"""The entry point: read, detect, propose. Everything in one fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence_miner.corrections import correction_drafts
from evidence_miner.counters import counter_drafts
from evidence_miner.flips import flip_drafts
from evidence_miner.grounding import grounding_drafts
from evidence_miner.hygiene import hygiene_drafts
from evidence_miner.labels import label_drafts
from evidence_miner.lessons import pitfall_drafts
from evidence_miner.overlap import overlap_drafts
from evidence_miner.pitfalls import Thresholds, mended_failures
from evidence_miner.placement import Placement
from evidence_miner.quotes import Quotes
from evidence_miner.references import reference_drafts
from evidence_miner.sessions import Session, read_sessions
from evidence_miner.skill_texts import read_skills
from evidence_miner.triggers import trigger_drafts
from workbench.plugin.api import (
    Context,
    EvidenceFound,
    Finished,
    ProposalDraft,
    Request,
    Stage,
)

_STAGES = (
    "traces",
    "pitfalls",
    "verifier",
    "grounding",
    "references",
    "overlap",
    "lifecycle",
    "triggers",
    "specification",
    "corrections",
    "labels",
)


def mine(
    request: Request, context: Context
) -> Iterator[ProposalDraft | Stage | EvidenceFound | Finished]:
    """Yield what each detector finds; the order of the traces does not matter."""
    limits = _limits(request)
    yield Stage(name=_STAGES[0], done=0, total=len(_STAGES))
    skills = read_skills(request)
    sessions = read_sessions(request, context)
    usable = [session for session in sessions if not session.infra_only]
    if sessions and not usable:
        yield _blocked_diagnosis(sessions)
        yield Finished(
            status="infra_blocked",
            summary="All runs failed for reasons no skill can mend (machine, network, service).",
        )
        return
    placement = Placement(skills, usable)
    for session in usable:
        for failure, _ in mended_failures(session, limits):
            assert failure.error is not None
            yield EvidenceFound(
                trace=session.id, step=failure.step, finding=failure.error.signature
            )
    # Generators: each begins to look when its stage comes.
    history = request.history
    detectors = (
        pitfall_drafts(placement, usable, limits, history),
        flip_drafts(placement, usable, history),
        grounding_drafts(placement),
        reference_drafts(skills, usable, history),
        overlap_drafts(skills, history),
        counter_drafts(skills, usable, request.results, history),
        trigger_drafts(skills, usable, history),
        hygiene_drafts(skills, history),
        correction_drafts(placement, usable),
        label_drafts(placement, usable, request.labels),
    )
    given = 0
    for number, drafts in enumerate(detectors, 1):
        context.check_cancelled()
        yield Stage(name=_STAGES[number], done=number, total=len(_STAGES))
        for draft in drafts:
            context.check_cancelled()
            if draft.changes:
                given += 1
                if _over_budget(request, given):
                    continue
            yield draft
        context.progress(0.6 + 0.4 * number / len(detectors), _STAGES[number])


def _limits(request: Request) -> Thresholds:
    default = Thresholds()
    return Thresholds(
        occurrences=int(_number(request, "min_occurrences", default.occurrences)),
        similarity=_number(request, "similarity", default.similarity),
        window=int(_number(request, "window", default.window)),
    )


def _number(request: Request, name: str, default: float) -> float:
    value = request.settings.get(name)
    return float(value) if isinstance(value, int | float) else default


def _over_budget(request: Request, given: int) -> bool:
    most = request.budget.max_proposals
    return most is not None and given > most


def _blocked_diagnosis(sessions: Sequence[Session]) -> ProposalDraft:
    quotes = Quotes()
    for session in sessions[:5]:
        if session.infra_quote is not None:
            quotes.add(session.id, session.infra_quote[0], session.infra_quote[1], "failure")
    runs = "The run" if len(sessions) == 1 else f"All {len(sessions)} runs"
    return ProposalDraft(
        kind="diagnose",
        title="Not the skill's fault: the runs failed for reasons of machine, network or service",
        rationale=f"{runs} ended before the agent could do anything a skill has to do with. "
        "Run again when the service works; nothing is changed.",
        evidence=quotes.evidence,
        root_cause="environment",
    )
