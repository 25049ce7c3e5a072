"""The entry point: which traces are for which skill, the stages one after the other, proposals."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from trace2skill_style.drafts import diagnoses, edit_draft
from trace2skill_style.run import Run, Work
from workbench.plugin.api import (
    Context,
    Finished,
    JobEvent,
    Log,
    PromptProblem,
    ProposalDraft,
    Request,
    SkillFinder,
    SkillInput,
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
    "map": frozenset({"skill", "trace", "history", "max_lines"}),
    "merge": frozenset({"skill", "patches", "max_lines"}),
    "translate": frozenset({"file", "edit"}),
    "repair": frozenset({"skill", "edits", "problems", "max_lines"}),
}


def evolve(request: Request, context: Context) -> Iterator[ProposalDraft | JobEvent]:
    """Yield one proposal for each skill that the traces teach something."""
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
    if stuck is not None:
        yield from stuck
        return
    works, notes = _works(request, usable(traces), chosen)
    for note in notes:
        yield Log(text=note)
    names = {trace.id: f"t{number}" for number, trace in enumerate(traces, 1)}
    run = Run(request, context, prompts, works, names)
    given = yield from _evolved(run, request, context)
    yield from run.asker.warnings()
    dropped = run.quotes.dropped
    if dropped:
        yield Log(text=f"{dropped} quotes were dropped: they are not in the traces.")
    end = run.asker.end(given)
    if end is None and not given and dropped:
        summary = f"No proposal. Quotes of the model that are not in the traces: {dropped}."
        end = Finished(status="no_change", summary=summary)
    if end is not None:
        yield end


def _evolved(
    run: Run, request: Request, context: Context
) -> Generator[ProposalDraft | JobEvent, None, int]:
    """Go through the stages, yield what came of them, return how many proposals that is."""
    stages = (run.map_traces, run.reduce, run.translate, run.verify)
    for number, stage in enumerate(stages, 1):
        yield from stage()
        context.check_cancelled()
        context.progress(0.1 + 0.22 * number, f"{stage.__name__.replace('_', ' ')} done")
    most = request.budget.max_proposals
    given = 0
    for work in run.works:
        draft = edit_draft(work)
        if draft is not None and most is not None and given >= most:
            yield Log(text=f"{work.id}: not proposed, the run may give {most} proposals.")
        elif draft is not None:
            given += 1
            yield draft
        yield from diagnoses(work)
    return given


def _works(
    request: Request, traces: Sequence[TraceText], chosen: SkillInput | None
) -> tuple[list[Work], list[str]]:
    groups, rest, notes = skill_groups(request, traces, chosen)
    if rest:
        notes.append(f"{len(rest)} traces loaded no skill of the library: left out.")
    return [Work(group.texts, list(group.traces)) for group in groups], notes
