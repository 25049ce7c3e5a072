"""The figures of a trace in the inspector."""

from __future__ import annotations

from workbench.domain.trajectory import Loss, Metrics, Outcome, Score, Trajectory
from workbench.gui.traces.viewer.facts import figures


def trace(*scores: Score) -> Trajectory:
    return Trajectory(
        id="a",
        format="inspect-ai",
        format_version=None,
        agent=None,
        model=None,
        sources=(),
        steps=(),
        totals=Metrics(),
        loss=Loss(),
        outcome=Outcome("pass", 1.0, scores=scores),
    )


def test_every_scorer_is_named_with_what_it_said() -> None:
    told = figures(
        trace(Score("match", 1.0), Score("judge", 0.25, "partly"), Score("note", None, "C"))
    )
    place = told.index(("Scores", "match: 1"))
    assert told[place : place + 3] == [
        ("Scores", "match: 1"),
        ("", "judge: 0.25 partly"),
        ("", "note: C"),
    ]


def test_a_long_list_of_scores_is_cut_and_says_so() -> None:
    told = figures(trace(*(Score(f"s{number}", float(number)) for number in range(20))))
    assert [value for _, value in told if "more" in value] == ["8 more"]
    assert "Scores" not in dict(figures(trace()))
