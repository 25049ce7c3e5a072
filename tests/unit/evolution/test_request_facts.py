"""What an engine is told beside skills and traces: inputs of tasks, uses, origin, the past."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tests.unit.evolution.library import make_library
from tests.unit.evolution.sessions import write_session
from tests.unit.evolution.test_intake import Desk, edit
from workbench.domain.job import TraceLabel
from workbench.domain.proposal import Decision, Gate, HunkVerdict
from workbench.domain.task import Criterion, PairedRow, PairedTable, Task
from workbench.evaluation.task_set import TaskSet
from workbench.evolution.history import past_decisions
from workbench.evolution.request import GivenLabel, RequestOptions, build_request
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces


def built(tmp_path: Path, traces=(), **options):
    library = read_library(make_library(tmp_path / "library"))
    folder = tmp_path / "run"
    folder.mkdir()
    return build_request(library, (), traces, folder, options=RequestOptions(**options))


def test_inputs_of_tasks_are_copied_and_what_checks_them_is_not(tmp_path):
    home = tmp_path / "set"
    for name in ("data/in.csv", "data/expected.csv", "one/environment/a.txt", "one/tests/test.sh"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    tasks = TaskSet(
        "set",
        home,
        (
            Task("plain", "p", inputs=("data",), verifier=("cmp", "out.csv", "data/expected.csv")),
            Task("one", "p", inputs=("one/environment", "one/tests"), split="val"),
            Task("held", "p", inputs=("data",), split="test"),
            Task("lost", "p", inputs=("gone.txt",)),
            Task("said", "p", inputs=("data/in.csv",), criteria=(
                Criterion("c", method="command", argument="diff data/in.csv out"),)),
        ),
    )  # fmt: skip
    with built(tmp_path, task_set=tasks) as request:
        told = {task.id: task for task in request.request.tasks}
        assert set(told) == {"plain", "lost", "one", "said"}
        names = {key: [Path(one).name for one in task.inputs] for key, task in told.items()}
        assert names == {"plain": ["in.csv"], "one": ["a.txt"], "lost": [], "said": []}
        assert Path(told["plain"].inputs[0]).read_text() == "data/in.csv"
        assert Path(told["plain"].inputs[0]).is_relative_to(tmp_path / "run")
        assert any("lost" in problem and "gone.txt" in problem for problem in request.problems)


def test_uses_are_counted_in_the_given_traces(tmp_path):
    first = write_session(tmp_path / "a.jsonl", [("ls", "x", True)], skill="pdf")
    second = write_session(tmp_path / "b.jsonl", [("ls", "x", True)], skill="plugin:pdf")
    other = write_session(tmp_path / "c.jsonl", [("ls", "x", True)], skill="docx")
    traces = [trace for path in (first, second, other) for trace in open_traces(path)]
    failed = TraceLabel(trace="", outcome="fail")
    labels = (GivenLabel(str(first), traces[0].trajectory.id, failed),)
    try:
        with built(tmp_path, traces, labels=labels) as request:
            (skill,) = request.request.skills
    finally:
        for trace in traces:
            trace.close()
    assert (skill.uses, skill.loads, skill.failures) == (2, 2, 1)


def test_where_a_skill_is_from_is_told_as_its_front_matter_says(tmp_path):
    text = (
        "---\nname: pdf\ndescription: d\nlicense: MIT\nmetadata:\n  author: Ada\n"
        "  version: 2.0\n  secret: x\n---\n"
    )
    make_library(tmp_path / "library", {"pdf/SKILL.md": text.encode()})
    folder = tmp_path / "run"
    folder.mkdir()
    with build_request(read_library(tmp_path / "library"), (), [], folder) as request:
        (skill,) = request.request.skills
    assert skill.provenance == {"license": "MIT", "author": "Ada", "version": "2.0"}


def test_the_past_has_words_and_results_but_none_of_held_out_tasks(tmp_path):
    desk = Desk(tmp_path)
    rows = tuple(PairedRow(name, (0.0,), (1.0,), split=name) for name in ("train", "val", "test"))
    proposal = replace(
        desk.take(edit(text="new\n")),
        status="rejected",
        gate=Gate(level="rejected", table=PairedTable(rows)),
    )
    store = ProposalStore(tmp_path / "store")
    store.add(proposal, {})
    verdict = HunkVerdict("h", "reject", "style", "Too long.")
    store.add_decision(Decision(proposal.id, (verdict,), "me", "now", "", "Next time shorter."))
    (past,) = past_decisions(store, desk.root)
    assert (past.reasons, past.level) == (("style",), "rejected")
    assert past.comments == ("Next time shorter.", "Too long.")
    assert [row.task for row in past.rows] == ["train", "val"]
