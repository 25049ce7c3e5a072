"""Quotes a model picked: verbatim, mended, or dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from workbench.domain.job import TraceInput, TraceLabel
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceStep
from workbench.plugin.quote_check import QuoteCheck
from workbench.plugin.trace_text import TraceText, step_strings

OUTPUT = "Exit code 2\nerror: removed “flag”\n[... 900 characters left out ...]\ntail of it\n"
LONG = "x" * 700 + "\n" + "y" * 300


class Traces:
    """A test's own context: it reads from memory."""

    def __init__(self, header: TraceHeader, steps: list[TraceStep]) -> None:
        self.header, self.steps = header, steps

    def read_trace(self, trace: TraceInput) -> tuple[TraceHeader, Iterator[TraceStep]]:
        return self.header, iter(self.steps)

    def check_cancelled(self) -> None:
        """Nobody cancels here."""


def call(command: str, output: str, status: str = "error") -> TraceCall:
    return TraceCall("c", "Bash", command, json.dumps({"command": command}), status, 2, output)


def traced(*steps: TraceStep, **header: object) -> TraceText:
    fields: dict[str, object] = {"format": "t", "agent": None, "model": None, "task": "x"}
    fields |= {"title": "", "outcome": "fail", "reward": None}
    made = TraceHeader(id="r", **(fields | header))  # type: ignore[arg-type]
    return TraceText(Traces(made, list(steps)), TraceInput("r", ""))


STEPS = (
    TraceStep(0, "a", "user", "Make the report of May."),
    TraceStep(1, "b", "agent", "I try.", calls=(call('report --title "May \\ June"', OUTPUT),)),
    TraceStep(2, "c", "agent", LONG, reasoning="It was the flag after all."),
)


@pytest.mark.parametrize(
    ("step", "quote", "found"),
    [
        (1, "error: removed “flag”", (1, "error: removed “flag”")),
        (0, "error: removed “flag”", (1, "error: removed “flag”")),
        (1, "  `error: removed “flag”`  ", (1, "error: removed “flag”")),
        (1, "code 2 error:   removed", (1, "code 2\nerror: removed")),
        (1, "Exit code 2\\nerror: removed", (1, "Exit code 2\nerror: removed")),
        (1, "Exit code … removed “flag”", (1, "removed “flag”")),
        (1, "REDACTED_HOME_1 removed “flag”", (1, "removed “flag”")),
        (1, 'report --title "May \\ June"', (1, 'report --title "May \\ June"')),
        (2, "It was the flag after all.", (2, "It was the flag after all.")),
        (2, LONG, (2, LONG[:600])),
        (1, "said by nobody at all", None),
        (1, "", None),
        (1, "Exit", None),  # too short to say where it is from
        (1, "[... 900 characters left out ...]", None),  # the host's words, not the trace's
        (1, "removed “flag”\n[... 900 characters left out ...]\ntail", (1, "removed “flag”")),
    ],
)
def test_quotes_are_found_as_the_trace_has_them(
    step: int, quote: str, found: tuple[int, str] | None
) -> None:
    assert QuoteCheck([traced(*STEPS)]).exact("r", step, quote) == found


def test_what_was_found_stands_in_one_text_of_its_step() -> None:
    check = QuoteCheck([traced(*STEPS)])
    for quote in ("code 2 error: removed", "Exit code 2\\nerror", LONG, "I try. Exit code"):
        place = check.exact("r", 1, quote)
        if place is not None:
            assert any(place[1] in text for text in step_strings(STEPS[place[0]]))


@pytest.mark.parametrize(
    "given",
    [None, 3, "x", [None], [{}], [{"step": True, "quote": "Exit code 2"}], [{"step": 1}]],
)
def test_anything_may_come_instead_of_evidence(given: object) -> None:
    assert QuoteCheck([traced(*STEPS)]).evidence(given, ["r"], "e") == ()


def test_evidence_names_its_run_once_each() -> None:
    check = QuoteCheck([traced(*STEPS)])
    rows = [{"run": "r", "step": 1, "quote": "Exit code 2", "relation": "failure"}] * 2
    (one,) = check.evidence(
        [*rows, {"run": "z", "step": 1, "quote": "Exit code 2"}], ["r", "q"], "e"
    )
    assert (one.id, one.trace, one.step_first, one.relation) == ("e1", "r", 1, "failure")
    assert check.dropped == 1


# Traces as text


def test_a_trace_is_shown_with_its_steps_and_cut_in_its_middle() -> None:
    steps = [TraceStep(n, str(n), "agent", f"Step {n}. " + "w" * 300) for n in range(40)]
    text = traced(*steps).shown(3000)
    assert len(text) < 3400
    assert text.startswith("run r: outcome fail")
    assert "[step 0] agent: Step 0." in text
    assert "[step 39] agent: Step 39." in text
    assert "are left out here]" in text
    whole = traced(*STEPS).shown(60_000)
    assert 'calls Bash: report --title "May \\ June"' in whole
    assert "result (error, exit 2): Exit code 2" in whole


def test_skill_text_a_client_put_in_is_shown_short() -> None:
    step = TraceStep(
        0, "a", "user", "Base directory for this skill: " + "z" * 5000, flags=("injected",)
    )
    assert len(traced(step).shown(60_000)) < 600


@pytest.mark.parametrize(
    ("steps", "header", "infra"),
    [
        ((STEPS[0],), {"outcome": "infra"}, True),
        ((STEPS[0], TraceStep(1, "b", "event", "API Error: 529 overloaded")), {}, True),
        ((*STEPS, TraceStep(3, "d", "event", "API Error: 529 overloaded")), {}, False),
        (STEPS, {}, False),
    ],
)
def test_runs_that_the_machine_ended_are_known(
    steps: tuple[TraceStep, ...], header: dict[str, object], infra: bool
) -> None:
    assert traced(*steps, **header).is_infra is infra


def test_what_a_person_said_counts_and_is_shown() -> None:
    label = TraceLabel("r", verdict="bad", note="wrong month")
    trace = TraceText(
        Traces(traced(*STEPS, outcome="unknown").header, list(STEPS)), TraceInput("r", ""), [label]
    )
    assert trace.has_failed
    assert "a person said of the run: bad wrong month" in trace.shown(9000)
