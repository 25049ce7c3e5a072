"""Leave-one-out: which skills help, harm, or are there for nothing. No model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifecycle.marginal import Marginal, marginals_of
from lifecycle.observations import Measuring, Run, stored_runs
from lifecycle.verdicts import WORDS, Thresholds, Verdict, draft_of, verdicts_of
from workbench.plugin.api import (
    BudgetSpent,
    Context,
    Finished,
    JobEvent,
    ProposalDraft,
    Request,
    Stage,
    Started,
    Unavailable,
    Warning_,
    number_setting,
)

_Yield = ProposalDraft | JobEvent


def propose(request: Request, context: Context) -> Iterator[_Yield]:
    """Measure each skill and propose what should become of those that do not earn their place."""
    context.check_cancelled()
    wanted = request.settings.get("source", "auto")
    if wanted != "runner" and request.results:
        yield from _from_stored(request, context)
    elif wanted != "stored" and request.has_runner and request.tasks and request.skills:
        yield from _from_runner(request, context)
    else:
        words = "There are no stored results, and no tasks with a runner, to measure skills by."
        yield Warning_(text=words)


def _from_stored(request: Request, context: Context) -> Iterator[_Yield]:
    stored = stored_runs(request)
    yield Started(
        plan=f"Leave-one-out over {len(stored.runs)} stored results of {len(request.skills)} "
        "skills.",
        cost_estimate="Nothing is run and no model is asked.",
    )
    if stored.foreign:
        yield Warning_(text=f"{stored.foreign} results name skills this library has not: left out.")
    if stored.infra:
        yield Warning_(text=f"{stored.infra} results say nothing (infrastructure): left out.")
    yield from _judged(request, context, stored.runs, "stored results")


def _from_runner(request: Request, context: Context) -> Iterator[_Yield]:
    measuring = Measuring(request, context)
    skills, tasks, rounds = len(request.skills), len(measuring.tasks), measuring.rounds
    versions = measuring.planned
    yield Started(
        plan=f"Leave-one-out of {skills} skills on {tasks} tasks, {rounds} runs each.",
        cost_estimate=f"(S + 1) V R = ({skills} + 1) x {tasks} x {rounds} = "
        f"{(skills + 1) * tasks * rounds} runs"
        + (f", and {tasks * rounds} for no skill at all" if len(versions) > skills + 1 else "")
        + ". No model is asked by the engine.",
    )
    stop: BudgetSpent | Unavailable | None = None
    try:
        for done, name in measuring.measure():
            yield Stage(name=name, done=done, total=len(versions))
            context.progress(done / len(versions), name)
    except (BudgetSpent, Unavailable) as reason:
        stop = reason
    if measuring.infra:
        yield Warning_(text=f"{measuring.infra} runs say nothing (infrastructure): left out.")
    if measuring.runs:
        yield from _judged(request, context, measuring.runs, "the host's runs of tasks")
    if isinstance(stop, BudgetSpent):
        raise stop
    if stop is not None:
        yield Finished(status="infra_blocked", summary=f"{stop} What it had found is kept.")
    elif not measuring.runs:
        words = "Every run of a task failed for reasons of the machine, network or service."
        yield Finished(status="infra_blocked", summary=words)


def _judged(
    request: Request, context: Context, runs: Sequence[Run], source: str
) -> Iterator[_Yield]:
    limits = Thresholds.of(request)
    smoothing = number_setting(request, "smoothing", 0.5)
    measured: list[Marginal] = []
    for one in marginals_of([skill.id for skill in request.skills], runs, smoothing):
        context.check_cancelled()
        measured.append(one)
    judged = list(zip(measured, verdicts_of(measured, limits), strict=True))
    yield _report(judged, source)
    allowed = request.budget.max_proposals
    for skill, (one, verdict) in zip(request.skills, judged, strict=True):
        draft = draft_of(skill, one, verdict, limits, source)
        if draft is None or (draft.changes and allowed == 0):
            continue
        if draft.changes and allowed is not None:
            allowed -= 1
        yield draft


def _report(judged: Sequence[tuple[Marginal, Verdict]], source: str) -> ProposalDraft:
    """Return the whole table in words, for those that are kept as well."""
    lines = [
        f"- {one.skill}: {WORDS[verdict]}; gain "
        + ("not measured" if one.average is None else f"{one.average:+.3f}")
        + f", {one.helped} tasks better with it, {one.harmed} worse, {one.uses} uses"
        for one, verdict in judged
    ]
    return ProposalDraft(
        kind="diagnose",
        title=f"What each of {len(judged)} skills adds, by {source}",
        rationale="\n".join(lines),
        skills=tuple(one.skill for one, _ in judged),
    )
