"""Engines side by side: the host's figures, and honest words about what they show."""

from __future__ import annotations

from msgspec.structs import replace

from workbench.domain.proposal import Engine, EvidenceCheck, Gate, Proposal, ProposalDraft
from workbench.domain.task import PairedRow, PairedTable
from workbench.evolution.bakeoff import COLUMNS, cells_of, not_run, row_of, what_it_shows
from workbench.evolution.run import Cost, EvolveResult


def table(before: float, train: float, test: float) -> PairedTable:
    return PairedTable(
        (
            PairedRow("a", (before,), (train,), split="train"),
            PairedRow("b", (before,), (test,), split="test"),
        )
    )


def proposal(name: str, gate: Gate, statuses: tuple[str, ...] = ("verified",)) -> Proposal:
    checks = tuple(EvidenceCheck(str(n), one) for n, one in enumerate(statuses))  # type: ignore[arg-type]
    return Proposal(
        name, Engine("e", "1"), "/l", (), ProposalDraft("edit", name, ""), checks, "", gate=gate
    )


def result(*proposals: Proposal) -> EvolveResult:
    return EvolveResult(
        "completed", "", "j", "/r", Engine("e", "1"), proposals, (), (), (), (), Cost(), "/o"
    )


def gated(repairs: int, regressions: int, after: float = 1.0, none: float = 0.0) -> Gate:
    return Gate(
        "promising",
        repairs=repairs,
        regressions=regressions,
        n=1,
        held_out="test",
        table=table(0.0, 1.0, after),
        against_none=table(none, 1.0, after),
    )


def test_the_row_counts_quotes_levels_and_takes_the_best_gated_proposal() -> None:
    row = row_of(
        "E",
        result(
            proposal("bad", gated(3, 2)),
            proposal("good", gated(1, 0), ("verified", "unsupported")),
            proposal("none", Gate()),
        ),
    )
    assert (row.proposals, row.quotes, row.verified, row.best) == (3, 4, 3, "good")
    assert (row.promising, row.not_evaluated) == (2, 1)
    assert (row.repairs, row.regressions, row.score_after, row.gain_train) == (1, 0, 1.0, 1.0)
    assert len(cells_of(row)) == len(COLUMNS) == len(cells_of(not_run("x", "X", "no model")))


def test_an_engine_that_found_nothing_is_shown_with_its_reason() -> None:
    words = "No answer could be used."
    nothing = replace(result(), status="no_change", summary=words)
    assert cells_of(row_of("E", nothing))[2] == f"0. {words}"
    assert cells_of(row_of("E", replace(nothing, summary="")))[2] == "0."
    one = replace(result(proposal("good", gated(1, 0))), summary="1 proposal.")
    assert cells_of(row_of("E", one))[2] == "1"


def test_without_a_gate_it_says_that_nothing_is_known_of_help() -> None:
    words = " ".join(what_it_shows([row_of("E", result(proposal("p", Gate())))]))
    assert "says nothing about which proposals help" in words


def test_few_tasks_below_no_skill_and_a_gain_that_does_not_carry_over_are_told() -> None:
    row = row_of("E", result(proposal("p", gated(0, 1, after=0.0, none=1.0))))
    words = " ".join(what_it_shows([row, not_run("x", "X", "needs a model")]))
    assert "1 of 2 engines ran" in words
    assert "no engine can be called better" in words
    assert "below no skill at all" in words
    assert "does not carry over" in words
