"""Detector 2: tests that fail in one attempt and pass in the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.evidence_miner.runs import PLUGIN, TOOLBOX, Mine, diagnoses, edits, run, shell
from workbench.domain.job import PastDecision
from workbench.domain.trace_lines import TraceStep

LIBRARY = {"report-tool": {"SKILL.md": TOOLBOX}}
FIX = ("reportgen totals --round half_even --ledger main_ledger", "done\n")
SAME = ("reportgen check --round half_even --ledger main_ledger", "fine\n")


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


@pytest.fixture(autouse=True)
def _miner_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))


def attempt(number: int, word: str, *commands: tuple[str, str], loaded: bool = True, task="sums"):
    calls = [shell(text, output) for text, output in commands]
    names = ("report-tool",) if loaded else ()
    header, steps = run(f"try-{number}", *calls, task=task, skills_loaded=names)
    told = f"collected\ntests/test_sum.py::test_total {word}  [ 50%]\n"
    return header, [*steps, TraceStep(len(steps), "v", "event", told)]


PLAIN = ("reportgen build", "built\n")
FLIPPED = [attempt(1, "FAILED", PLAIN), attempt(2, "PASSED", PLAIN, FIX, SAME)]


def flipped(drafts):
    return [one for one in drafts if "pass" in one.title and "test" in one.title]


def test_what_made_a_test_pass_becomes_a_lesson_with_its_evidence(mine):
    [draft] = flipped(edits(mine(LIBRARY, FLIPPED)))
    [change] = draft.changes
    assert change.section_ops[0].heading == "Known pitfalls"
    assert change.section_ops[0].content == (
        "- `test_sum.py::test_total` failed until this was done: "
        "`reportgen check --round half_even --ledger main_ledger`."
    )
    said = {(one.trace, one.relation, one.quote) for one in draft.evidence}
    assert ("try-1.jsonl#1", "failure", "tests/test_sum.py::test_total FAILED  [ 50%]") in said
    assert ("try-2.jsonl#1", "fix", SAME[0]) in said
    assert set(change.evidence) == {one.id for one in draft.evidence}


@pytest.mark.parametrize(
    "runs",
    [
        # One command alone, words the skill has, and a skill that was not read: only told.
        [attempt(1, "FAILED", PLAIN), attempt(2, "PASSED", PLAIN, FIX)],
        [attempt(1, "FAILED", PLAIN), attempt(2, "PASSED", PLAIN, PLAIN)],
        [attempt(1, "FAILED", PLAIN, loaded=False), attempt(2, "PASSED", FIX, SAME, loaded=False)],
        # The attempt before did the same: it was not that.
        [attempt(1, "FAILED", FIX), attempt(2, "PASSED", SAME, ("x half_even main_ledger", ""))],
    ],
)
def test_an_uncertain_cause_is_only_told(mine, runs):
    events = mine(LIBRARY, runs)
    assert flipped(edits(events)) == []
    assert len(flipped(diagnoses(events))) == 1


@pytest.mark.parametrize(
    "runs",
    [
        [attempt(1, "PASSED", PLAIN), attempt(2, "FAILED", FIX, SAME)],
        [attempt(1, "FAILED", PLAIN), attempt(2, "FAILED", FIX, SAME)],
        [attempt(1, "FAILED", PLAIN), attempt(2, "PASSED", FIX, SAME, task="other")],
    ],
)
def test_without_a_flip_there_is_nothing(mine, runs):
    events = mine(LIBRARY, runs)
    assert flipped([*edits(events), *diagnoses(events)]) == []


def test_attempts_are_ordered_by_their_numbers(mine):
    runs = [attempt(10, "PASSED", FIX, SAME), attempt(9, "FAILED", PLAIN)]
    assert len(flipped(edits(mine(LIBRARY, runs)))) == 1


def test_a_lesson_that_was_turned_down_is_not_proposed_again(mine):
    line = "- `test_sum.py::test_total` failed until this was done: `x`."
    past = PastDecision("p", "t", "rejected", ("report-tool/SKILL.md",), ("wrong",), (line,))
    assert flipped(edits(mine(LIBRARY, FLIPPED, history=(past,)))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("../tests/test_a.py::T::test_x[1-2] PASSED [  2%]", {"test_a.py::T::test_x[1-2]": True}),
        ("FAILED tests/test_a.py::test_x - assert 1 == 2", {"test_a.py::test_x": False}),
        ("test_x (pkg.mod.Case) ... ok", {"test_x (pkg.mod.Case)": True}),
        ("test parser::reads_all ... FAILED", {"parser::reads_all": False}),
        ("    --- FAIL: TestSum/zero (0.00s)", {"TestSum/zero": False}),
        ("not ok 3 - adds numbers # TODO", {"adds numbers": False}),
        ("  ✓ shows the total (12 ms)", {"shows the total": True}),
        ("test_a.py::test_x XFAIL", {}),
        ("It is ok, 3 tests PASSED and none FAILED.", {}),
    ],
)
def test_results_of_test_runners_are_read(text, found):
    from evidence_miner.test_results import results_in

    assert {one.name: one.passed for one in results_in(f"x\n{text}\ny", 1)} == found


@given(st.text(st.sampled_from("PASEDFILok not:1-:✓✗ \n.()"), max_size=200))
def test_any_output_is_read_and_quotes_are_exact(text):
    from evidence_miner.test_results import results_in

    assert all(one.quote in text for one in results_in(text, 0))
