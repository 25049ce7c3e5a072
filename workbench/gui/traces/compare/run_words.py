"""How compared runs are called, coloured and worded. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from workbench.gui.traces.words import count, day, outcome_words
from workbench.traces.compare.runs import Change, Comparison, RunFacts
from workbench.traces.prices import dollar_words
from workbench.traces.times import duration_words

#: Colours of the theme, one a run; more runs begin again.
_COLOURS = ("data_1", "data_4", "data_2", "data_3", "data_8", "data_5")
CHANGES: dict[Change, str] = {
    "kind": "another kind",
    "tools": "other tools",
    "arguments": "arguments",
    "status": "status",
    "result": "result",
    "text": "wording",
}


def letter(run: int) -> str:
    """Return the name of a run in a comparison: A, B, ..."""
    return chr(65 + run) if run < 26 else f"R{run + 1}"


def run_colour(run: int) -> str:
    """Return the colour token of a run."""
    return _COLOURS[run % len(_COLOURS)]


def run_title(one: RunFacts) -> str:
    """Return what a run is called."""
    return one.title or one.prompt or PurePath(one.path).stem or one.id


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a run in words, and by how much it is more or less than the first run's.

    ``beside`` says more of it where no difference does.
    """

    text: str
    delta: str = ""
    beside: str = ""

    @property
    def below(self) -> str:
        """What stands below the figure."""
        return self.delta or self.beside

    @property
    def spoken(self) -> str:
        """The figure for a screen reader."""
        if self.delta:
            return f"{self.text}, {self.delta} against the first"
        return f"{self.text}, {self.beside}" if self.beside else self.text


HEADINGS = ("Run", "Steps", "Calls", "Errors", "Tokens in → out", "Cost", "Time", "Outcome")


def figures(one: RunFacts, base: RunFacts | None) -> tuple[Figure, ...]:
    """Return the figures of a run, one a heading; ``base`` is None for the first run itself."""
    first = base
    plain = [
        _amount(one.steps, None if first is None else first.steps),
        _amount(one.tool_calls, None if first is None else first.tool_calls),
        _amount(one.errors, None if first is None else first.errors),
    ]
    return (
        Figure(
            " ".join(run_title(one).split()),
            beside="  ·  ".join(
                filter(None, (one.model or one.agent or one.format, day(one.started)))
            ),
        ),
        *plain,
        _tokens(one, first),
        _cost(one, first),
        _time(one, first),
        Figure(_outcome(one), beside=_reward(one)),
    )


def _amount(value: int | None, base: int | None) -> Figure:
    if value is None:
        return Figure("not recorded")
    return Figure(count(value), "" if base is None else _signed(value - base))


def _tokens(one: RunFacts, base: RunFacts | None) -> Figure:
    used = one.totals
    if used.input is None and used.output is None:
        return Figure("not recorded")
    delta = ""
    if base is not None:
        pairs = ((used.input, base.totals.input), (used.output, base.totals.output))
        apart = ["–" if a is None or b is None else _signed(a - b) for a, b in pairs]
        delta = " → ".join(apart) if set(apart) != {"–"} else ""
    return Figure(f"{count(used.input)} → {count(used.output)}", delta)


def _signed(apart: int) -> str:
    if not apart:
        return "same"
    return f"{'+' if apart > 0 else '−'}{count(abs(apart))}"


def _cost(one: RunFacts, base: RunFacts | None) -> Figure:
    if one.cost is None or one.cost.usd is None:
        return Figure("not recorded")
    about = "≈ " if one.cost.source == "estimated" else ""
    delta = ""
    if base is not None and base.cost is not None and base.cost.usd is not None:
        apart = one.cost.usd - base.cost.usd
        delta = f"{'+' if apart >= 0 else '−'}{dollar_words(abs(apart))}"
    return Figure(f"{about}{dollar_words(one.cost.usd)}", delta)


def _time(one: RunFacts, base: RunFacts | None) -> Figure:
    if one.duration_s is None:
        return Figure("not recorded")
    delta = ""
    if base is not None and base.duration_s is not None:
        apart = one.duration_s - base.duration_s
        delta = f"{'+' if apart >= 0 else '−'}{duration_words(abs(apart))}"
    return Figure(duration_words(one.duration_s), delta)


def _outcome(one: RunFacts) -> str:
    return outcome_words(one.outcome.status) or "not recorded"


def _reward(one: RunFacts) -> str:
    if one.outcome.reward is not None:
        return f"reward {one.outcome.reward:g}"
    if one.outcome.tests_total is not None:
        return f"{one.outcome.tests_passed or 0} of {one.outcome.tests_total} tests"
    return ""


def sets_text(sets: Sequence[Sequence[str]], none: str) -> str:
    """Return what all sets have and what each alone has: "all: a · only A: b"."""
    everything = [set(one) for one in sets]
    shared = set.intersection(*everything)
    parts = [f"in all: {', '.join(sorted(shared))}"] if shared else []
    for run, one in enumerate(everything):
        others = set().union(*(s for at, s in enumerate(everything) if at != run))
        alone = sorted(one - others)
        if alone:
            parts.append(f"only {letter(run)}: {', '.join(alone)}")
    some = set().union(*everything) - shared
    some -= {name for name in some if sum(name in one for one in everything) == 1}
    if some:
        parts.append(f"in some: {', '.join(sorted(some))}")
    return "  ·  ".join(parts) or none


def skills_text(found: Comparison) -> str:
    """Return which skills the runs loaded, and which failed to load."""
    text = sets_text([run.skills for run in found.runs], "none loaded")
    missed = [
        f"{letter(n)} failed to load {', '.join(run.missed)}"
        for n, run in enumerate(found.runs)
        if run.missed
    ]
    return "  ·  ".join([text, *missed])


def tools_text(found: Comparison) -> str:
    """Return which tools the runs used; Bash and bash are one."""
    spelled: dict[str, str] = {}
    for run in found.runs:
        for tool in run.tools:
            spelled.setdefault(tool.name.casefold(), tool.name)
    sets = [[spelled[tool.name.casefold()] for tool in run.tools] for run in found.runs]
    return sets_text(sets, "none used")


def prompt_text(found: Comparison) -> str:
    """Return whether the runs were asked for the same."""
    if found.same_prompt:
        return f"the same: {found.runs[0].prompt}" if found.runs[0].prompt else "none recorded"
    return "  ·  ".join(f"{letter(n)}: {run.prompt or 'none'}" for n, run in enumerate(found.runs))


def counts_text(found: Comparison) -> str:
    """Return how many rows are the same, changed, and in one run alone."""
    counts = found.counts
    alone = "  ·  ".join(f"{n:,} only in {letter(at)}" for at, n in enumerate(counts.alone))
    some = f"{counts.some:,} in some  ·  " if len(found.runs) > 2 else ""
    return f"{counts.same:,} the same  ·  {counts.changed:,} changed  ·  {some}{alone}"
