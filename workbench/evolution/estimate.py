"""What a run will take and what its gate can promise, said before it starts.

The engine's part comes from the formula in its manifest, with the figures of this run; the host's
own part (the gate) is exact. Prices are those of the endpoint's profile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import Budget, ModelInput
from workbench.domain.text import counted
from workbench.evaluation.promise import ACCEPTANCES, MOST_TASKS, Promise, Trial, promise
from workbench.evaluation.task_set import TaskSet
from workbench.evolution.gating import GateChoice
from workbench.plugin.cost_formula import FormulaProblem, parse_formula
from workbench.plugin.manifest import Manifest
from workbench.plugin.settings import settings_with_defaults
from workbench.traces.open import OpenTrace

#: Where a formula names no tokens: a call reads one trace and answers with so many.
ASSUMED_ANSWER = 1000
_CHARACTERS_A_TOKEN = 4
#: Nobody knows before how many proposals there will be.
_ASSUMED_PROPOSALS = 3


class Sizes(Struct, frozen=True):
    """How much a run works on. ``test`` are the tasks the engine never sees.

    ``trace_tokens`` are those of all traces together, at four characters a token.
    """

    traces: int = 0
    train: int = 0
    val: int = 0
    test: int = 0
    families: int = 0
    skills: int = 0
    documents: int = 0
    trace_tokens: int = 0

    @property
    def tasks(self) -> int:
        """All tasks."""
        return self.train + self.val + self.test

    @property
    def held_out(self) -> int:
        """The tasks that decide, as ``HostGate.held_out`` chooses them."""
        return self.test or self.val or self.train


class Estimate(Struct, frozen=True):
    """What is known before. None means that nothing is said about it.

    ``calls``, ``runs`` and tokens are the engine's; ``assumed_tokens`` says that the tokens are a
    guess of ours. ``usd`` is None without a price. ``gate_runs`` are the host's own, for
    ``gate_proposals`` proposals.
    """

    stated: str
    calls: int | None = None
    runs: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    assumed_tokens: bool = False
    usd: float | None = None
    gate_runs: int | None = None
    gate_proposals: int = 0
    trial: Trial | None = None
    promise: Promise | None = None
    problem: str = ""


def sizes_of(
    traces: Sequence[OpenTrace], tasks: TaskSet | None, skills: int, documents: int
) -> Sizes:
    """Count what a run works on; trace sizes are those of their files."""
    found = tasks.tasks if tasks is not None else ()
    count = {split: sum(task.split == split for task in found) for split in ("train", "val")}
    files = {trace.path for trace in traces}
    return Sizes(
        traces=len(traces),
        train=count["train"],
        val=count["val"],
        test=len(found) - count["train"] - count["val"],
        families=len({task.family for task in found}),
        skills=skills,
        documents=documents,
        trace_tokens=sum(_size(path) for path in files) // _CHARACTERS_A_TOKEN,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def estimate(
    manifest: Manifest,
    sizes: Sizes,
    *,
    settings: Mapping[str, object] | None = None,
    budget: Budget | None = None,
    models: Sequence[ModelInput] = (),
    gating: GateChoice | None = None,
    has_runner: bool = False,
) -> Estimate:
    """Work out what a run takes.

    Args:
        manifest: of the engine; without a formula its own words are all there is.
        sizes: what it works on.
        settings: those that were changed.
        budget: ``max_proposals`` bounds what is gated.
        models: whose prices count; the dearest of them is taken.
        gating: how proposals are gated.
        has_runner: without one nothing is gated.
    """
    budget, gating = budget or Budget(), gating or GateChoice()
    found = Estimate(stated=manifest.cost_estimate)
    if manifest.cost_formula:
        try:
            found = _of_formula(manifest, sizes, settings or {}, budget, found)
        except FormulaProblem as problem:
            found = replace(found, problem=f"The formula of '{manifest.id}': {problem}.")
    found = _with_price(_with_tokens(found, sizes, settings or {}), models)
    return _with_gate(found, sizes, budget, gating) if has_runner and sizes.tasks else found


def _of_formula(
    manifest: Manifest,
    sizes: Sizes,
    settings: Mapping[str, object],
    budget: Budget,
    found: Estimate,
) -> Estimate:
    values, _ = settings_with_defaults(manifest.settings, dict(settings))
    known: dict[str, float] = {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    known |= {
        "n": sizes.traces,
        "t": sizes.train,
        "v": sizes.val,
        "f": sizes.families,
        "s": sizes.skills,
        "d": sizes.documents,
        "p": budget.max_proposals or _ASSUMED_PROPOSALS,
        "trace_tokens": sizes.trace_tokens,
    }
    results = {
        name: round(value)
        for name, value in parse_formula(manifest.cost_formula).work_out(known).items()
    }
    return replace(found, **results)


def _with_tokens(found: Estimate, sizes: Sizes, settings: Mapping[str, object]) -> Estimate:
    """Guess tokens where the formula names none: a call reads one trace and answers."""
    if not found.calls or (found.input_tokens is not None and found.output_tokens is not None):
        return found
    a_trace = sizes.trace_tokens // max(1, sizes.traces)
    kept = settings.get("trace_characters")
    if isinstance(kept, int):
        a_trace = min(a_trace, kept // _CHARACTERS_A_TOKEN)
    return replace(
        found,
        input_tokens=found.calls * a_trace if found.input_tokens is None else found.input_tokens,
        output_tokens=found.calls * ASSUMED_ANSWER
        if found.output_tokens is None
        else found.output_tokens,
        assumed_tokens=True,
    )


def _with_price(found: Estimate, models: Sequence[ModelInput]) -> Estimate:
    if found.input_tokens is None or found.output_tokens is None:
        return found
    prices = [
        (one.price_input, one.price_output)
        for one in models
        if one.price_input is not None and one.price_output is not None
    ]
    if not prices or len(prices) < len(models):
        return found
    costs = [(found.input_tokens * a + found.output_tokens * b) / 1e6 for a, b in prices]
    return replace(found, usd=max(costs))


def _with_gate(found: Estimate, sizes: Sizes, budget: Budget, gating: GateChoice) -> Estimate:
    proposals = budget.max_proposals or _ASSUMED_PROPOSALS
    baselines = (1 + gating.against_none) * max(2, gating.runs)
    runs = sizes.tasks * (baselines + proposals * gating.runs)
    found = replace(found, gate_runs=runs, gate_proposals=proposals)
    accepts = ACCEPTANCES.get(gating.rule)
    if accepts is None or not 0 < sizes.held_out <= MOST_TASKS:
        return found
    trial = Trial(sizes.held_out, gating.runs - (gating.runs % 2 == 0))
    return replace(found, trial=trial, promise=promise(trial, accepts))


def estimate_lines(
    found: Estimate, sizes: Sizes, budget: Budget, rule: str
) -> tuple[tuple[str, str], ...]:
    """Return the estimate for people, as label and text; the same on the screen and in a shell."""
    rows = [
        ("Works on", _works_on(sizes)),
        ("Engine says", found.stated or "nothing about its cost"),
        ("Engine's part", found.problem or _engine_part(found)),
        ("Money", _money(found)),
        ("Gate's part", _gate_part(found, sizes)),
        ("Gate promises", _promise_words(found, rule)),
        ("Stops at", budget_words(budget)),
    ]
    return tuple((label, text) for label, text in rows if text)


def budget_words(budget: Budget) -> str:
    """Say which caps there are."""
    parts = [
        f"{budget.tokens:,} tokens" if budget.tokens is not None else "",
        f"${budget.usd:,.2f}" if budget.usd is not None else "",
        f"{budget.evaluations:,} task runs" if budget.evaluations is not None else "",
        f"{budget.wall_s:,.0f} seconds" if budget.wall_s is not None else "",
        f"{budget.max_proposals:,} proposals" if budget.max_proposals is not None else "",
    ]
    return ", ".join(part for part in parts if part) or "no cap is set"


def _works_on(sizes: Sizes) -> str:
    parts = [counted(sizes.traces, "trace"), counted(sizes.skills, "skill")]
    if sizes.tasks:
        parts.append(
            f"{counted(sizes.tasks, 'task')} ({sizes.train} train, {sizes.val} val, "
            f"{sizes.test} test, which the engine never sees)"
        )
    if sizes.documents:
        parts.append(counted(sizes.documents, "document"))
    return ", ".join(parts)


def _engine_part(found: Estimate) -> str:
    if found.calls is None and found.runs is None:
        return ""
    parts = []
    if found.calls is not None:
        parts.append(f"about {counted(found.calls, 'call')}" if found.calls else "no model call")
    if found.runs is not None:
        parts.append(f"about {counted(found.runs, 'task run')}" if found.runs else "no task run")
    if found.input_tokens or found.output_tokens:
        guess = ", if a call reads one trace" if found.assumed_tokens else ""
        parts.append(
            f"about {found.input_tokens or 0:,} tokens in, {found.output_tokens or 0:,} out{guess}"
        )
    return ", ".join(parts)


def _money(found: Estimate) -> str:
    if not found.calls:
        return ""
    if found.usd is None:
        return "not known: the endpoint has no price"
    return f"about ${found.usd:,.4f}" if found.usd < 1 else f"about ${found.usd:,.2f}"


def _gate_part(found: Estimate, sizes: Sizes) -> str:
    if found.gate_runs is None:
        if not sizes.tasks:
            return "nothing is run: without tasks proposals stay not evaluated"
        return "nothing is run: without a runner proposals stay not evaluated"
    return (
        f"about {counted(found.gate_runs, 'task run')} for {found.gate_proposals} proposals, with "
        "two runs of the library as it is and two of no skill at all"
    )


def _promise_words(found: Estimate, rule: str) -> str:
    if found.trial is None or found.promise is None:
        return ""
    return (
        f"with {counted(found.trial.tasks, 'held-out task')} and "
        f"{counted(found.trial.runs, 'run')} the rule '{rule}' accepts an edit that does nothing "
        f"{found.promise.false_accept:.0%} of "
        f"the time and one that mends {found.trial.repaired:.0%} of failures "
        f"{found.promise.power:.0%} of the time (assumed: {found.trial.flake:.0%} flakes, "
        f"{found.trial.failing:.0%} failing)"
    )
