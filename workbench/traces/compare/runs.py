"""Runs compared: rows of steps that belong together, and what differs in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.trajectory import Metrics, Outcome, Step, Trajectory
from workbench.traces.compare.align import align
from workbench.traces.compare.keys import ToolCount, anchors, only_reads, step_keys, tools_used
from workbench.traces.prices import Cost, PriceTable, cost_of
from workbench.traces.rollup import family
from workbench.traces.times import seconds_between

RowState = Literal["same", "changed", "some", "one"]
Change = Literal["kind", "tools", "arguments", "status", "result", "text"]

#: What makes a row a divergence; other words for the same thing are none.
_TELLING: Final = frozenset({"kind", "tools", "arguments", "status"})
_NOISE: Final = ("event", "context", "system")
#: Rows between two looks at whether the comparison is still wanted.
_CHECKED: Final = 256


class Running(Struct, frozen=True, gc=False):
    """What a run had used up when a step was done; None where nothing is recorded."""

    input: int | None = None
    output: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None


class Row(Struct, frozen=True, gc=False):
    """One place of the comparison. ``cells`` are step numbers, one a run, None where it has none.

    ``state`` is "one" or "some" where not all runs have the step. ``changes`` say what differs
    from the first run that has it. ``reads`` marks steps that only look at things.
    ``running`` is what each run had used until here.
    """

    cells: tuple[int | None, ...]
    state: RowState
    changes: tuple[Change, ...]
    reads: bool
    running: tuple[Running, ...]


class RunFacts(Struct, frozen=True):
    """One run as a whole. ``skills`` are those it loaded, ``missed`` those that failed to load.

    ``cost`` is None where no prices were asked; it may be an estimate, and says so.
    """

    path: str
    id: str
    format: str
    agent: str | None
    model: str | None
    title: str
    prompt: str
    steps: int
    tool_calls: int
    errors: int
    subagents: int
    totals: Metrics
    duration_s: float | None
    outcome: Outcome
    skills: tuple[str, ...]
    missed: tuple[str, ...]
    tools: tuple[ToolCount, ...]
    cost: Cost | None = None
    started: str | None = None


class Counts(Struct, frozen=True):
    """Rows by state; ``alone`` counts, for each run, the steps that no other run has."""

    same: int
    changed: int
    some: int
    alone: tuple[int, ...]


class Comparison(Struct, frozen=True):
    """Runs side by side.

    ``first_difference`` is the first row in which anything but wording differs;
    ``first_divergence`` the first one where the difference is more than what was read or an event
    beside the work. ``folds`` are (start, end) of two or more neighbouring rows that only read.
    ``capped``: stretches beyond the cap were matched by what occurs once alone.
    """

    runs: tuple[RunFacts, ...]
    rows: tuple[Row, ...]
    counts: Counts
    first_difference: int | None
    first_divergence: int | None
    folds: tuple[tuple[int, int], ...]
    same_prompt: bool
    capped: bool


def compare(
    runs: Sequence[Trajectory],
    prices: PriceTable | None = None,
    check: Callable[[], object] = lambda: None,
) -> Comparison:
    """Compare two or more runs; the third and later ones are fitted into the rows there are.

    Args:
        runs: the runs; the first one is what the others are compared with.
        prices: estimates what runs cost that do not say it.
        check: called again and again; raises to stop.

    Raises:
        ValueError: fewer than two runs.
    """
    if len(runs) < 2:
        raise ValueError("a comparison takes two runs or more")
    cells, capped = _aligned(runs, check)
    running = [list(_running(run)) for run in runs]
    reached = [Running() for _ in runs]
    rows: list[Row] = []
    for at, places in enumerate(cells):
        if not at % _CHECKED:
            check()
        for number, place in enumerate(places):
            if place is not None:
                reached[number] = running[number][place]
        steps = [
            None if place is None else run.steps[place]
            for run, place in zip(runs, places, strict=True)
        ]
        rows.append(_row(places, steps, tuple(reached)))
    facts = tuple(run_facts(run, prices) for run in runs)
    return with_rows(facts, rows, runs, capped=capped)


def with_rows(
    facts: tuple[RunFacts, ...], rows: Sequence[Row], runs: Sequence[Trajectory], *, capped: bool
) -> Comparison:
    """Count rows and find where the runs part."""
    alone = [0] * len(runs)
    for row in rows:
        if row.state == "one":
            alone[next(n for n, place in enumerate(row.cells) if place is not None)] += 1
    states = [row.state for row in rows]
    differing = [n for n, row in enumerate(rows) if _differs(row)]
    parting = [n for n in differing if not rows[n].reads and not _beside(rows[n], runs)]
    prompts = {one.prompt.casefold() for one in facts}
    return Comparison(
        runs=facts,
        rows=tuple(rows),
        counts=Counts(
            states.count("same"), states.count("changed"), states.count("some"), tuple(alone)
        ),
        first_difference=differing[0] if differing else None,
        first_divergence=parting[0] if parting else None,
        folds=tuple(_folds(rows)),
        same_prompt=len(prompts) == 1,
        capped=capped,
    )


def _aligned(
    runs: Sequence[Trajectory], check: Callable[[], object]
) -> tuple[list[tuple[int | None, ...]], bool]:
    keys = [step_keys(run) for run in runs]
    held = [anchors(run) for run in runs]
    cells: list[tuple[int | None, ...]] = [(number,) for number in range(len(keys[0]))]
    row_keys, row_anchors, capped = keys[0], held[0], False
    for number in range(1, len(runs)):
        check()
        found = align(row_keys, keys[number], row_anchors, held[number])
        capped = capped or found.capped
        rows = found.rows()
        cells = [
            ((None,) * number if left is None else cells[left]) + (right,) for left, right in rows
        ]
        first = [
            next((n, place) for n, place in enumerate(row) if place is not None) for row in cells
        ]
        row_keys = [keys[n][place] for n, place in first]
        row_anchors = {
            at: held[n][place] for at, (n, place) in enumerate(first) if place in held[n]
        }
    return cells, capped


def _row(
    places: tuple[int | None, ...], steps: Sequence[Step | None], running: tuple[Running, ...]
) -> Row:
    present = [step for step in steps if step is not None]
    changes = _changes(present)
    state: RowState = "same"
    if len(present) == 1:
        state = "one"
    elif len(present) < len(steps):
        state = "some"
    elif changes:
        state = "changed"
    return Row(places, state, changes, all(only_reads(step) for step in present), running)


def _changes(steps: Sequence[Step]) -> tuple[Change, ...]:
    first = steps[0]
    found: dict[Change, None] = {}
    for other in steps[1:]:
        if other.kind != first.kind:
            found["kind"] = None
        if _tools(other) != _tools(first):
            found["tools"] = None
            continue
        pairs = list(zip(first.tool_calls, other.tool_calls, strict=True))
        if any(one.argument != two.argument for one, two in pairs):
            found["arguments"] = None
        if any((one.status, one.exit_code) != (two.status, two.exit_code) for one, two in pairs):
            found["status"] = None
        if not pairs and other.preview != first.preview:
            found["text"] = None
    return tuple(found)


def _tools(step: Step) -> list[str]:
    """Return the names of a step's tools; clients write the same one as Bash and as bash."""
    return [call.name.casefold() for call in step.tool_calls]


def _differs(row: Row) -> bool:
    return row.state in ("one", "some") or not _TELLING.isdisjoint(row.changes)


def _beside(row: Row, runs: Sequence[Trajectory]) -> bool:
    """Whether a row is no work of the agent: hooks, injected context, system messages."""
    return all(
        run.steps[place].kind in _NOISE
        for run, place in zip(runs, row.cells, strict=True)
        if place is not None
    )


def _folds(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(len(rows) + 1):
        if at < len(rows) and rows[at].reads:
            continue
        if at - start > 1:
            yield start, at
        start = at + 1


def _running(run: Trajectory) -> Iterator[Running]:
    """Yield what was used up to and with each step; copied steps were paid for elsewhere."""
    used: dict[str, float | None] = {"input": None, "output": None, "cost_usd": None}
    begun = next((step.time for step in run.steps if step.time), None)
    seconds: float | None = None
    for step in run.steps:
        if step.metrics is not None and "copied" not in step.flags:
            for name, before in used.items():
                more = getattr(step.metrics, name)
                if more is not None:
                    used[name] = (before or 0) + more
        passed = seconds_between(begun, step.time)
        if passed is not None:
            seconds = max(seconds or 0.0, passed)
        yield Running(
            input=_whole(used["input"]),
            output=_whole(used["output"]),
            cost_usd=used["cost_usd"],
            seconds=seconds,
        )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def run_facts(run: Trajectory, prices: PriceTable | None = None) -> RunFacts:
    """Return the figures of a run, its subagents' skills with it."""
    events = [event for part in family(run) for event in part.skill_events]
    return RunFacts(
        path=run.sources[0].path if run.sources else "",
        id=run.id,
        format=run.format,
        agent=run.agent,
        model=run.model,
        title=run.title,
        prompt=next((step.preview for step in run.steps if step.kind == "user"), ""),
        steps=len(run.steps),
        tool_calls=run.tool_calls,
        errors=run.errors,
        subagents=sum(1 for _ in family(run)) - 1,
        totals=run.totals,
        duration_s=seconds_between(run.started, run.ended),
        outcome=run.outcome,
        skills=tuple(dict.fromkeys(e.skill for e in events if e.kind == "loaded")),
        missed=tuple(dict.fromkeys(e.skill for e in events if e.kind == "load_failed")),
        tools=tools_used(run.steps),
        cost=None if prices is None else cost_of(run, prices),
        started=run.started,
    )
