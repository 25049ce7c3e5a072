"""The host's own gate: proposals evaluated on tasks, against what was there and against nothing.

Engines propose, the host decides: whatever an engine scored, the table here is made by the host's
runner. A published comparison found 10 of 36 evolved skills below no skill at all, so the baseline
without any skill stands beside it, and the split that decides is one no engine saw where there is
one (evolution reference, sections 0 and 2.3, November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Gate, Proposal
from workbench.domain.task import PairedTable, Task
from workbench.evaluation.evaluator import (
    NO_SKILLS,
    BudgetUsed,
    Evaluator,
    Scored,
    Variant,
    table_of,
)
from workbench.evaluation.gates import DEFAULT_RULE, Limits, gate
from workbench.evaluation.runner import RunnerRefused
from workbench.evolution.variants import VariantProblem, Variants

HeldOut = Literal["test", "val", "train"]


class GateChoice(Struct, frozen=True):
    """How proposals are gated. ``runs`` of each task with the proposal; the baseline runs twice."""

    rule: str = DEFAULT_RULE
    limits: Limits = Limits()
    runs: int = 1
    against_none: bool = True


def runs_to_keep(evaluator: Evaluator, choice: GateChoice) -> int:
    """Return how many runs of a budget an engine must leave, so that its proposal can be gated.

    That is what one proposal takes with its baselines; nothing where the budget does not reach for
    it anyway.
    """
    if evaluator.budget is None:
        return 0
    baselines = (1 + choice.against_none) * max(2, choice.runs)
    wanted = len(evaluator.tasks.tasks) * (baselines + choice.runs)
    return wanted if wanted < evaluator.budget else 0


class HostGate:
    """Gates the proposals of one run; results of the baselines are made once for all of them."""

    def __init__(
        self,
        evaluator: Evaluator,
        variants: Variants,
        choice: GateChoice | None = None,
        done: Callable[[Scored], None] = lambda _: None,
    ) -> None:
        self._evaluator = evaluator
        self._variants = variants
        self._choice = choice or GateChoice()
        self._done = done
        self._baselines: dict[str, tuple[Scored, ...]] = {}

    @property
    def held_out(self) -> HeldOut:
        """The split that decides: test, else val, else train where there is no other."""
        splits = {task.split for task in self._evaluator.tasks.tasks}
        return next((one for one in ("test", "val") if one in splits), "train")

    def gated(self, proposal: Proposal) -> Gate:
        """Return the gate of a proposal as a whole; what stops it is among the reasons."""
        if not proposal.draft.changes:
            return Gate(reasons=("It changes nothing, so there is nothing to evaluate.",))
        try:
            return self.gate_of(self._variants.of(proposal.draft.changes), _texts(proposal))
        except (BudgetUsed, RunnerRefused, VariantProblem) as problem:
            return Gate(reasons=(str(problem),))

    def gate_of(self, variant: Variant, texts: Mapping[str, bytes] | None = None) -> Gate:
        """Return the gate of one version of the library; ``texts`` are the files it changes.

        Raises:
            BudgetUsed, RunnerRefused: it could not be evaluated.
        """
        tasks = self._evaluator.tasks.tasks
        after = self._evaluator.run(variant, tasks, self._choice.runs, done=self._done)
        before = self._baseline(self._variants.base(), tasks)
        table = self._sized(table_of(before, after), texts or {})
        against = None
        if self._choice.against_none:
            against = table_of(self._baseline(NO_SKILLS, tasks), after)
        return self._decided(table, against, variant)

    def _decided(self, table: PairedTable, against: PairedTable | None, variant: Variant) -> Gate:
        held_out = self.held_out
        rows = tuple(row for row in table.rows if row.split == held_out)
        found = gate(replace(table, rows=rows), self._choice.rule, self._choice.limits)
        reasons = found.reasons
        if held_out == "train":
            reasons = (
                *reasons,
                "decided on tasks the engine saw: there are no others, so nothing is held out",
            )
        elif held_out == "val":
            reasons = (*reasons, "decided on tasks the engine could have evaluated on (val)")
        capable = self._evaluator.runner.capabilities
        return Gate(
            level=found.level,
            rule=found.rule,
            reasons=reasons,
            repairs=found.repairs,
            regressions=found.regressions,
            n=found.n,
            p_one_sided=found.p_one_sided,
            flake_rate=found.flake_rate,
            held_out=held_out,
            table=table,
            against_none=against,
            variant=variant.hash,
            runner=f"{capable.id} {capable.version}",
            model=capable.model,
        )

    def _baseline(self, variant: Variant, tasks: Sequence[Task]) -> tuple[Scored, ...]:
        """Return runs of what there was, at least two of each task: they give the flake rate."""
        if variant.hash not in self._baselines:
            self._baselines[variant.hash] = self._evaluator.run(
                variant, tasks, max(2, self._choice.runs), done=self._done
            )
        return self._baselines[variant.hash]

    def runs_of(self, variants: Sequence[Variant]) -> dict[Variant, int]:
        """Return which versions are run and how often each task: those given, and the baselines."""
        twice = max(2, self._choice.runs)
        found = dict.fromkeys(variants, self._choice.runs)
        found[self._variants.base()] = twice
        return found | ({NO_SKILLS: twice} if self._choice.against_none else {})

    def _sized(self, table: PairedTable, texts: Mapping[str, bytes]) -> PairedTable:
        """Add the sizes of the changed SKILL.md, which rules about growth read."""
        own = {path: text for path, text in texts.items() if path.lower().endswith("skill.md")}
        if not own:
            return table
        return replace(
            table,
            size_before=sum(self._variants.size_of(path) for path in own),
            size_after=sum(len(text) for text in own.values()),
        )


def _texts(proposal: Proposal) -> dict[str, bytes]:
    """Return the new texts of the files a proposal changes."""
    return {
        change.path: change.new_text.encode("utf-8", "surrogateescape")
        for change in proposal.draft.changes
        if change.new_text is not None
    }
