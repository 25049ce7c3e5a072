"""Engines side by side on the same evidence and the same gate, and what that can show."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.evolution.lineage import rates
from workbench.evolution.run import Cost, EvolveResult


class BakeoffRow(Struct, frozen=True):
    """What one engine gave.

    ``quotes`` were looked up by the host and ``verified`` were found. Of the gate, the figures are
    those of the proposal that did best on held-out tasks (``best``): repairs, regressions, mean
    score without any skill, before, and with it; and the gain on tasks the engine saw beside the
    gain on held-out ones. ``problem`` says why it did not run.
    """

    engine: str
    name: str
    status: str
    summary: str = ""
    proposals: int = 0
    diagnoses: int = 0
    refused: int = 0
    quotes: int = 0
    verified: int = 0
    supported: int = 0
    promising: int = 0
    rejected: int = 0
    not_evaluated: int = 0
    best: str = ""
    held_out: str = ""
    n: int = 0
    repairs: int | None = None
    regressions: int | None = None
    score_none: float | None = None
    score_before: float | None = None
    score_after: float | None = None
    gain_train: float | None = None
    cost: Cost = Cost()
    runs: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def verified_share(self) -> float | None:
        """The share of its quotes that are in the traces; None without quotes."""
        return self.verified / self.quotes if self.quotes else None

    @property
    def gain_held_out(self) -> float | None:
        """What the best proposal adds on held-out tasks."""
        if self.score_before is None or self.score_after is None:
            return None
        return self.score_after - self.score_before


def row_of(name: str, result: EvolveResult, *, runs: int = 0, seconds: float = 0.0) -> BakeoffRow:
    """Return the row of an engine that ran."""
    everything = (*result.proposals, *result.diagnoses)
    checks = [check for one in everything for check in one.checks]
    levels = [one.gate.level for one in result.proposals]
    best = _best(result.proposals)
    gate = best.gate if best is not None else None
    before, after, n = rates(gate.table, gate.held_out) if gate is not None else (None, None, 0)
    none, _, _ = rates(gate.against_none, gate.held_out) if gate is not None else (None, None, 0)
    return BakeoffRow(
        engine=result.engine.id,
        name=name,
        status=result.status,
        summary=result.summary,
        proposals=len(result.proposals),
        diagnoses=len(result.diagnoses),
        refused=len(result.refused),
        quotes=len(checks),
        verified=sum(check.status == "verified" for check in checks),
        supported=levels.count("supported"),
        promising=levels.count("promising"),
        rejected=levels.count("rejected"),
        not_evaluated=levels.count("not_evaluated"),
        best=best.id if best is not None else "",
        held_out=gate.held_out if gate is not None else "",
        n=n,
        repairs=gate.repairs if gate is not None else None,
        regressions=gate.regressions if gate is not None else None,
        score_none=none,
        score_before=before,
        score_after=after,
        gain_train=_gain(best, "train"),
        cost=result.cost,
        runs=runs,
        seconds=seconds,
    )


def not_run(engine: str, name: str, problem: str) -> BakeoffRow:
    """Return the row of an engine that could not be started."""
    return BakeoffRow(engine, name, "not_run", problem=problem)


def _best(proposals: Sequence[Proposal]) -> Proposal | None:
    """Return the gated proposal with the most repairs over two times its regressions."""
    gated = [one for one in proposals if one.gate.table is not None]
    return max(
        gated,
        key=lambda one: (one.gate.repairs or 0) - 2 * (one.gate.regressions or 0),
        default=None,
    )


def _gain(proposal: Proposal | None, split: str) -> float | None:
    if proposal is None:
        return None
    before, after, _ = rates(proposal.gate.table, split)
    return None if before is None or after is None else after - before


def what_it_shows(rows: Sequence[BakeoffRow]) -> tuple[str, ...]:
    """Say what the comparison can show and what it cannot, at the size it has."""
    ran = [row for row in rows if not row.problem]
    found = [
        f"{len(ran)} of {len(rows)} engines ran on the same skills, traces and tasks; every "
        "figure is the host's own.",
    ]
    gated = [row for row in ran if row.n]
    if not gated:
        found.append(
            "No proposal was evaluated on tasks, so this compares what was proposed and whether "
            "its quotes are in the traces. It says nothing about which proposals help."
        )
    else:
        n = min(row.n for row in gated)
        found.append(
            f"The gate saw {n} held-out task{'' if n == 1 else 's'}. "
            + (
                "At that size a difference between two engines of a few tasks is chance: no "
                "engine can be called better."
                if n < 36
                else "A difference of a few tasks between two engines is still within chance."
            )
        )
        if any((row.gain_train or 0) > (row.gain_held_out or 0) + 1e-9 for row in gated):
            found.append(
                "At least one engine gains more on tasks it saw than on held-out ones: part of "
                "its gain does not carry over."
            )
        if any(_below_none(row) for row in gated):
            found.append(
                "At least one best proposal scores below no skill at all on held-out tasks."
            )
        found.append(
            "The best of several proposals is shown for each engine, which flatters engines that "
            "propose more."
        )
    return tuple(found)


def _below_none(row: BakeoffRow) -> bool:
    return (
        row.score_none is not None
        and row.score_after is not None
        and row.score_after < row.score_none
    )


#: The columns of the table, for the screen and a shell.
COLUMNS = (
    "Engine",
    "Status",
    "Proposals",
    "Quotes found",
    "Gate",
    "Repairs / regressions",
    "No skill → before → with",
    "Gain: seen / held out",
    "Cost",
)


def cells_of(row: BakeoffRow) -> tuple[str, ...]:
    """Return a row as texts, one a column."""
    if row.problem:
        return (row.name, "cannot run", row.problem, *("",) * (len(COLUMNS) - 3))
    diagnoses = f" + {row.diagnoses} diagnoses" if row.diagnoses else ""
    share = row.verified_share
    flips = "-" if row.repairs is None else f"{row.repairs} / {row.regressions}"
    scores = (row.score_none, row.score_before, row.score_after)
    return (
        row.name,
        row.status.replace("_", " "),
        f"{row.proposals}{diagnoses}"
        if row.proposals or diagnoses
        else f"0. {row.summary}".rstrip(),
        "no quotes" if share is None else f"{row.verified} of {row.quotes} ({share:.0%})",
        _levels(row),
        flips if not row.n else f"{flips} of {row.n} ({row.held_out})",
        " → ".join("-" if one is None else f"{one:.2f}" for one in scores) if row.n else "-",
        f"{_signed(row.gain_train)} / {_signed(row.gain_held_out)}" if row.n else "-",
        cost_words(row.cost, row.runs, row.seconds),
    )


def cost_words(cost: Cost, runs: int, seconds: float) -> str:
    """Say what a run took."""
    parts = [
        f"{cost.calls:,} calls" if cost.calls else "no call",
        f"{cost.input_tokens + cost.output_tokens:,} tokens" if cost.calls else "",
        f"${cost.usd:,.4f}" if cost.usd else "",
        f"{runs:,} runs" if runs else "",
        f"{seconds:,.1f} s",
    ]
    return ", ".join(part for part in parts if part)


def _levels(row: BakeoffRow) -> str:
    parts = [
        f"{count} {word}"
        for count, word in (
            (row.supported, "supported"),
            (row.promising, "promising"),
            (row.rejected, "rejected"),
            (row.not_evaluated, "not evaluated"),
        )
        if count
    ]
    return ", ".join(parts) or "-"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"
