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
    SkillTexts,
    SourceProblem,
    TraceText,
    blocked,
    by_skill,
    is_locked,
    read_prompts,
    read_trace_texts,
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
    works, notes = _works(request, usable(traces), chosen.id if chosen else None)
    for note in notes:
        yield Log(text=note)
    names = {trace.id: f"t{number}" for number, trace in enumerate(traces, 1)}
    run = Run(request, context, prompts, works, names)
    given = yield from _evolved(run, request, context)
    yield from run.asker.warnings()
    if run.quotes.dropped:
        yield Log(text=f"{run.quotes.dropped} quotes were dropped: they are not in the traces.")
    end = run.asker.end(given)
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
    request: Request, traces: Sequence[TraceText], chosen: str | None
) -> tuple[list[Work], list[str]]:
    """Return each skill with the traces that loaded it, and what was left out, in words.

    A trace that tells of no skill at all counts for the skill a person chose, or the only one. One
    that loaded other skills never does.
    """
    groups, rest = by_skill(request, traces)
    target = chosen or (request.skills[0].id if len(request.skills) == 1 else None)
    silent = [trace for trace in rest if not trace.header.skills_loaded]
    if target is not None and silent:
        members = [*groups.get(target, ()), *silent]
        groups[target] = sorted(members, key=lambda trace: trace.id)
        rest = [trace for trace in rest if trace.header.skills_loaded]
    notes = [f"{len(rest)} traces loaded no skill of the library: left out."] if rest else []
    works: list[Work] = []
    for skill in request.skills:
        if skill.id not in groups or (chosen is not None and skill.id != chosen):
            continue
        if is_locked(skill.locks):
            notes.append(f"{skill.id} is locked: left out.")
            continue
        texts = SkillTexts(skill)
        if texts.main not in texts.texts:
            notes.append(f"{skill.id}: its SKILL.md cannot be read as UTF-8: left out.")
            continue
        works.append(Work(texts, groups[skill.id]))
    return works, notes
