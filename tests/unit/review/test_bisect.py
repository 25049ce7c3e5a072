"""Which change broke a task, as far as stored results tell."""

from __future__ import annotations

import msgspec
import pytest

from workbench.domain.job import StoredResult
from workbench.domain.proposal import Engine, Gate, Proposal, ProposalDraft
from workbench.domain.task import PairedRow, PairedTable
from workbench.review.history.bisect import bisect, results_by_version, tasks_of
from workbench.review.history.timeline import TimelineEntry


def entries(count: int) -> list[TimelineEntry]:
    """Changes, newest first; the number in the title counts from the oldest."""
    return [
        TimelineEntry("edit", "", "", f"change {number}", commit=f"{number}" * 40)
        for number in reversed(range(count))
    ]


def scored(number: int, *scores: float, task: str = "t") -> list[StoredResult]:
    return [StoredResult(task, (f"{number}" * 12,), score) for score in scores]


def test_the_change_after_the_last_pass_is_found() -> None:
    rows = entries(4)
    results = results_by_version(
        rows, [*scored(0, 1.0), *scored(1, 1.0, 0.0), *scored(2, 0.0), *scored(3, 0.0, 0.0)]
    )
    found = bisect(rows, results, "t")
    assert (found.verdict, found.missing, found.switches) == ("found", (), 1)
    assert found.bad is not None
    assert found.bad.title == "change 2"
    assert "1 of 2 runs passed before it, 0 of 1 run passed after it" in found.said


def test_versions_without_results_leave_several_suspects() -> None:
    rows = entries(6)
    found = bisect(rows, results_by_version(rows, [*scored(0, 1.0), *scored(5, 0.0)]), "t")
    assert found.verdict == "narrowed"
    assert [one.title for one in found.suspects] == [f"change {n}" for n in (5, 4, 3, 2, 1)]
    assert [one.title for one in found.missing] == [f"change {n}" for n in (4, 3, 2, 1)]
    assert found.evaluate is not None
    assert found.evaluate.title == "change 3"
    assert "any of 5 changes" in found.said


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([*scored(0, 0.0), *scored(2, 1.0)], "passes_now"),
        ([*scored(0, 0.0), *scored(2, 0.0)], "never_passed"),
        ([StoredResult("t", ("0" * 12,), None), StoredResult("t", ("1" * 12,), 0.0, "infra")], ""),
        ([StoredResult("t", ("000",), 1.0), StoredResult("t", ("",), 1.0)], ""),
    ],
)
def test_what_did_not_get_worse_has_no_culprit(results: list[StoredResult], verdict: str) -> None:
    rows = entries(3)
    found = bisect(rows, results_by_version(rows, results), "t")
    assert found.verdict == (verdict or "unknown")
    assert (found.bad, found.suspects) == (None, ())


def test_a_task_that_changes_sides_often_says_so() -> None:
    rows = entries(4)
    flaky = [row for number in range(4) for row in scored(number, float(number % 2 == 0))]
    found = bisect(rows, results_by_version(rows, flaky), "t")
    assert found.switches == 3
    assert "3 times: some of it may be chance" in found.said


def test_tasks_that_got_worse_come_first() -> None:
    rows = entries(2)
    results = results_by_version(
        rows,
        [
            *scored(1, 1.0, task="fine"),
            *(*scored(0, 1.0, task="worse"), *scored(1, 0.0, task="worse")),
        ],
    )
    assert [one.task for one in tasks_of(rows, results)] == ["worse", "fine"]


def gated(level: str = "promising") -> tuple[list[TimelineEntry], Proposal]:
    table = PairedTable((PairedRow("t", (1.0, 1.0), (0.0,)),))
    proposal = Proposal(
        "p1",
        Engine("e", "1"),
        "",
        (),
        ProposalDraft("edit", "", ""),
        (),
        "",
        gate=Gate("promising", table=table),
    )
    rows = entries(3)
    rows[1] = msgspec.structs.replace(
        rows[1], kind="applied", proposal="p1", gate=f"{level} weighted"
    )
    return rows, proposal


def test_the_gate_of_an_applied_proposal_is_a_result_of_both_sides() -> None:
    rows, proposal = gated()
    found = bisect(rows, results_by_version(rows, (), [proposal]), "t")
    assert found.bad is not None
    assert (found.bad.proposal, found.verdict) == ("p1", "found")
    assert [len(one.runs) for one in found.versions] == [0, 1, 2]
    assert found.versions[2].runs[0].source == "baseline of p1"


def test_a_result_of_the_whole_library_counts_for_the_skill_as_it_was_then() -> None:
    rows = entries(2)
    later = [StoredResult("t", ("e" * 40,), 0.0), StoredResult("t", ("f" * 40,), 1.0)]
    then = {"e" * 40: rows[0].commit, "f" * 40: rows[1].commit}
    found = bisect(rows, results_by_version(rows, later, (), lambda name: then.get(name, "")), "t")
    assert found.bad == rows[0]


def test_a_gate_of_something_else_than_was_applied_says_nothing() -> None:
    rows, proposal = gated("not_evaluated")
    assert results_by_version(rows, (), [proposal]) == {}
