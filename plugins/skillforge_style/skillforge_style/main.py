"""The entry point: failed runs, the loop over batches, the creator, proposals."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from skillforge_style.creator import created
from skillforge_style.drafts import diagnoses, edit_draft
from skillforge_style.run import Run, Work
from workbench.plugin.api import (
    Context,
    Finished,
    JobEvent,
    Log,
    PromptFile,
    PromptProblem,
    ProposalDraft,
    Request,
    SkillFinder,
    SourceProblem,
    TraceText,
    blocked,
    read_prompts,
    read_trace_texts,
    skill_groups,
    usable,
)

PROMPT_FOLDER = Path(__file__).parents[1] / "prompts"
PROMPTS = {
    "analyse": frozenset({"skill", "trace"}),
    "diagnose": frozenset({"skill", "failures"}),
    "optimise": frozenset({"skill", "diagnoses", "history", "max_lines"}),
    "create": frozenset({"skills", "documents", "failures", "history", "most", "max_lines"}),
}


def evolve(request: Request, context: Context) -> Iterator[ProposalDraft | JobEvent]:
    """Yield one proposal for each skill that failed, and new skills from documents."""
    try:
        prompts = read_prompts(PROMPT_FOLDER, PROMPTS)
        chosen = SkillFinder(request).chosen(request.settings.get("skill"))
    except (PromptProblem, SourceProblem) as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    traces = read_trace_texts(
        request, context, lambda share, text: context.progress(0.1 * share, text)
    )
    stuck = blocked(traces)
    if stuck is not None and not request.documents:
        yield from stuck
        return
    failed, hint = _failed(request, usable(traces))
    if hint:
        yield Log(text=hint)
    groups, silent, notes = skill_groups(request, failed, chosen)
    if silent and not request.documents:
        notes.append(f"{len(silent)} failed runs loaded no skill of the library: left out.")
        silent = []
    for note in notes:
        yield Log(text=note)
    works = [Work(group, group.texts) for group in groups]
    run = Run(request, context, prompts, works, silent)
    given = yield from _evolved(run, request, context, prompts["create"])
    yield from run.asker.warnings()
    if run.quotes.dropped:
        yield Log(text=f"{run.quotes.dropped} quotes were dropped: they are not in the traces.")
    end = run.asker.end(given)
    if end is not None:
        yield end
    elif not given and hint:
        yield Finished(status="no_change", summary=f"Nothing to change. {hint}")


def _evolved(
    run: Run, request: Request, context: Context, prompt: PromptFile
) -> Generator[ProposalDraft | JobEvent, None, int]:
    """Go through the stages, yield what came of them, return how many proposals that is."""
    yield from run.analyse()
    context.progress(0.4, "Failures analysed")
    yield from run.improve()
    context.progress(0.8, "Skills optimised")
    most = request.budget.max_proposals
    given = 0
    for work in run.works:
        draft = edit_draft(work)
        if draft is not None:
            given += 1
            yield draft if most is None or given <= most else _too_many(draft, most)
        yield from diagnoses(work)
    for made in created(run, request, prompt):
        if isinstance(made, ProposalDraft):
            given += 1
            yield made if most is None or given <= most else _too_many(made, most)
        else:
            yield made
    return given


def _too_many(draft: ProposalDraft, most: int) -> Log:
    return Log(text=f"Not proposed, the run may give {most} proposals: {draft.title}")


def _failed(request: Request, traces: Sequence[TraceText]) -> tuple[list[TraceText], str]:
    """Return the failed runs, and what a person can do where there are none."""
    failed = [trace for trace in traces if trace.has_failed]
    unknown = [trace for trace in traces if trace.header.outcome == "unknown"]
    if request.settings.get("outcomes") == "failed_or_unknown":
        wanted = {trace.id for trace in (*failed, *unknown)}
        return [trace for trace in traces if trace.id in wanted], ""
    if failed or not unknown:
        return failed, ""
    return [], (
        f"No run is known to have failed; of {len(unknown)} nobody says how they ended. Set "
        "outcomes=failed_or_unknown to analyse those."
    )
