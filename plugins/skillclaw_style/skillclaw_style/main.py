"""The entry point: groups of sessions, the stages one after the other, proposals."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from skillclaw_style.drafts import diagnosis_of, draft_of
from skillclaw_style.run import Group, Run
from workbench.plugin.api import (
    Context,
    Finished,
    JobEvent,
    Log,
    PromptProblem,
    ProposalDraft,
    Request,
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
    "summary": frozenset({"session"}),
    "judge": frozenset({"session"}),
    "evolve": frozenset({"skill", "sessions", "history", "max_lines"}),
    "create": frozenset({"skills", "sessions", "history", "max_lines"}),
    "merge": frozenset({"versions", "max_lines"}),
    "verify": frozenset({"before", "after", "evidence"}),
}


def evolve(request: Request, context: Context) -> Iterator[ProposalDraft | JobEvent]:
    """Yield a proposal for each group whose skill is at fault, and say where it is not."""
    try:
        prompts = read_prompts(PROMPT_FOLDER, PROMPTS)
    except PromptProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    traces = read_trace_texts(
        request, context, lambda share, text: context.progress(0.1 * share, text)
    )
    stuck = blocked(traces)
    if stuck is not None:
        yield from stuck
        return
    groups, notes = _groups(request, usable(traces))
    for note in notes:
        yield Log(text=note)
    run = Run(request, context, prompts, groups)
    given = yield from _evolved(run, request, context)
    yield from run.asker.warnings()
    if run.quotes.dropped:
        yield Log(text=f"{run.quotes.dropped} quotes were dropped: they are not in the sessions.")
    end = run.asker.end(given)
    if end is not None:
        yield end


def _evolved(
    run: Run, request: Request, context: Context
) -> Generator[ProposalDraft | JobEvent, None, int]:
    """Go through the stages, yield what came of them, return how many proposals that is."""
    for number, stage in enumerate((run.look, run.decide, run.merge, run.check), 1):
        yield from stage()
        context.check_cancelled()
        context.progress(0.1 + 0.22 * number, f"{stage.__name__} done")
    most = request.budget.max_proposals
    for given, (result, change) in enumerate(run.changes, 1):
        if most is not None and given > most:
            yield Log(text=f"{result.folder}: not proposed, the run may give {most} proposals.")
        else:
            yield draft_of(result, change)
    for result in run.silent:
        draft = diagnosis_of(result)
        if draft is not None:
            yield draft
    return len(run.changes)


def _groups(request: Request, traces: Sequence[TraceText]) -> tuple[list[Group], list[str]]:
    """Return sessions by the skill they loaded, those without one last."""
    found, rest = by_skill(request, traces)
    notes: list[str] = []
    groups: list[Group] = []
    for skill in request.skills:
        if skill.id in found and is_locked(skill.locks):
            notes.append(f"{skill.id} is locked: left out.")
        elif skill.id in found:
            groups.append(Group(skill, tuple(found[skill.id])))
    silent = [trace for trace in rest if not trace.header.skills_loaded]
    if len(silent) < len(rest):
        count = len(rest) - len(silent)
        notes.append(f"{count} sessions loaded skills of other libraries alone: left out.")
    if silent:
        groups.append(Group(None, tuple(silent)))
    return groups, notes
