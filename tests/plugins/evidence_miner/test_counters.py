"""Detector 6: uses, harm, and the same tasks without the skill."""

from __future__ import annotations

import pytest

from tests.plugins.evidence_miner.runs import TOOLBOX, Mine, diagnoses, edits, run, shell
from workbench.domain.job import PastDecision, StoredResult
from workbench.plugin.run_skills import front_and_body

LIBRARY = {"report-tool": {"SKILL.md": TOOLBOX, "references/a.md": "# report-tool a\n"}}
READ = shell("cat skills/report-tool/SKILL.md", "# Reports\n")


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


def used(name: str, outcome: str, task: str = "t", agent: str = "agent", loaded: bool = True):
    names = ("report-tool",) if loaded else ()
    return run(name, READ, task=task, outcome=outcome, agent=agent, skills_loaded=names)


def counted(events):
    """Return what the detector said, edits first."""
    words = ("uses failed",)
    return [one for one in [*edits(events), *diagnoses(events)] if words[0] in one.title]


def test_a_skill_that_harms_is_to_be_retired(mine):
    runs = [used(f"r{n}", "fail") for n in range(3)]
    runs += [used(f"w{n}", "pass", loaded=False) for n in range(3)]
    [draft] = counted(mine(LIBRARY, runs))
    assert draft.kind == "retire"
    assert {(one.op, one.path) for one in draft.changes} == {
        ("delete", "report-tool/SKILL.md"),
        ("delete", "report-tool/references/a.md"),
    }
    assert "Without it 0 of 3 runs of the same tasks failed (0%)." in draft.rationale


def test_hard_tasks_are_not_the_skills_fault(mine):
    runs = [used(f"r{n}", "fail") for n in range(3)]
    runs += [used(f"w{n}", "fail", loaded=False) for n in range(3)]
    [draft] = counted(mine(LIBRARY, runs))
    assert draft.kind == "diagnose"
    assert draft.root_cause == "task"
    assert draft.changes == ()


def test_with_nothing_to_compare_it_says_so(mine):
    [draft] = counted(mine(LIBRARY, [used(f"r{n}", "fail") for n in range(3)]))
    assert "No run of the same tasks without it is known" in draft.rationale


def test_two_uses_are_too_few(mine):
    assert counted(mine(LIBRARY, [used("a", "fail"), used("b", "fail")])) == []


def test_some_harm_quarantines(mine):
    runs = [used("a", "fail"), used("b", "fail"), used("c", "pass"), used("d", "pass")]
    [draft] = counted(mine(LIBRARY, runs))
    assert draft.kind == "narrow"
    [change] = draft.changes
    front, body = front_and_body(change.new_text)
    assert front["description"] == (
        "Makes monthly reports with reportgen. In quarantine: use it only when the user names "
        "this skill."
    )
    assert body == front_and_body(TOOLBOX)[1]


def test_failures_in_one_environment_narrow(mine):
    runs = [used(f"a{n}", "fail", agent="codex") for n in range(3)]
    runs += [used(f"b{n}", "pass", agent="claude-code") for n in range(3)]
    [draft] = counted(mine(LIBRARY, runs))
    assert draft.kind == "narrow"
    assert "Not for codex" in draft.changes[0].new_text


def test_stored_results_count_as_well(mine):
    results = tuple(StoredResult("t", ("report-tool",), 0.0, run=n) for n in range(3))
    results += tuple(StoredResult("t", (), 1.0, run=n) for n in range(3))
    [draft] = counted(mine(LIBRARY, [], results=results))
    assert draft.kind == "retire"


@pytest.mark.parametrize("outcome", ["infra", "unknown"])
def test_runs_that_do_not_say_are_not_counted(mine, outcome):
    runs = [used(f"r{n}", outcome) for n in range(4)] + [used("ok", "pass")]
    assert counted(mine(LIBRARY, runs)) == []


def test_evidence_is_where_the_skill_was_read(mine):
    from workbench.domain.trace_lines import TraceSkillEvent, TraceStep

    runs = []
    for n in range(3):
        header, steps = used(f"r{n}", "fail")
        event = TraceSkillEvent("report-tool", "loaded", quote="cat")
        step = TraceStep(1, "u1", "agent", "", calls=(READ,), skill_events=(event,))
        runs.append((header, [steps[0], step]))
    [draft] = counted(mine(LIBRARY, runs))
    assert {one.quote for one in draft.evidence} == {"cat skills/report-tool/SKILL.md"}
    assert draft.changes[0].evidence == tuple(one.id for one in draft.evidence)


def test_a_skill_people_kept_is_only_told(mine):
    past = PastDecision("p", "report-tool: retire it (3 of 3 uses failed)", "rejected",
                        ("report-tool/SKILL.md",), ("wrong",))  # fmt: skip
    [draft] = counted(mine(LIBRARY, [used(f"r{n}", "fail") for n in range(3)], history=(past,)))
    assert draft.kind == "diagnose"
