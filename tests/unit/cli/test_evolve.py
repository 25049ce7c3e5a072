from __future__ import annotations

import json

import pytest

from tests.unit.evolution.sessions import REPORT_TOOL, failing_session, write_report_library
from workbench.cli.main import run
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore


def no_window(command, arguments):
    raise AssertionError(f"a window was asked for: {command}")


@pytest.fixture
def place(tmp_path):
    write_report_library(tmp_path / "library")
    for name, month in (("one", "2026-10"), ("two", "2026-11")):
        failing_session(tmp_path / "sessions" / f"{name}.jsonl", month)
    return tmp_path


def evolve(capsys, *arguments):
    code = run(["evolve", *map(str, arguments)], no_window)
    out, err = capsys.readouterr()
    return code, out, err


def test_json_names_proposals_of_a_store_and_diagnoses(place, capsys):
    code, out, err = evolve(
        capsys, place / "library", "--traces", place / "sessions", "--out", place / "out",
        "--format", "json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "skill-workbench/evolve/1"
    assert document["engine"] == "evidence_miner"
    assert document["status"] == "completed"
    assert document["out"] == str(place / "out")
    assert document["cost"]["calls"] == 0
    [proposal] = document["proposals"]
    stored = ProposalStore(place / "out").get(proposal)
    assert stored.draft.changes[0].path == "report-tool/SKILL.md"
    assert {one["id"] for one in document["diagnoses"]} <= {
        one.id for one in ProposalStore(place / "out").list()
    }
    assert (place / "library/report-tool/SKILL.md").read_bytes() == REPORT_TOOL


def test_text_is_for_people(place, capsys):
    code, out, _ = evolve(
        capsys, place / "library", "--traces", place / "sessions" / "one.jsonl",
        place / "sessions" / "two.jsonl", "--out", place / "out",
    )  # fmt: skip
    assert code == 0
    assert "report-tool: add a repeated error with what worked" in out
    assert "quotes found in the traces" in out


def test_the_users_store_is_the_default(place, capsys, isolated_home):
    code, out, _ = evolve(
        capsys, place / "library", "--traces", place / "sessions", "--format", "json"
    )
    assert code == 0
    assert json.loads(out)["out"].startswith(str(isolated_home))


def test_a_clean_library_without_traces_changes_nothing(place, capsys):
    code, out, _ = evolve(capsys, place / "library", "--out", place / "out", "--format", "json")
    document = json.loads(out)
    assert (code, document["status"], document["proposals"]) == (0, "no_change", [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "nowhere"),
        (("library", "--traces", "none.jsonl"), "none.jsonl does not exist"),
        (("library", "--traces", "garbage.txt"), "no trace of a known format"),
        (("library", "--traces", "library"), "holds no trace"),
        (("library", "--engine", "ghost"), "no plugin 'ghost'"),
        (("library", "--engine", "folder_importer"), "needs"),
        (("library", "--engine", "folder_importer", "--source", "gone"), "gone does not exist"),
        (("library", "--tasks", "gone.json"), "gone.json does not exist"),
        (("library", "--skill", "ghost"), "no skill 'ghost'"),
        (("empty",), "no skill"),
        (("library", "--max-proposals", "0"), "less than 1"),
    ],
)
def test_wrong_input_is_told_with_exit_2(place, capsys, monkeypatch, arguments, words):
    (place / "garbage.txt").write_text("nothing of interest\n")
    (place / "empty").mkdir()
    known = {"library", "garbage.txt", "none.jsonl", "gone", "gone.json", "nowhere", "empty"}
    given = [place / one if one in known else one for one in arguments]
    code, out, err = evolve(capsys, *given)
    assert (code, out) == (2, "")
    assert words in err


def test_a_broken_trace_in_a_folder_is_told_and_the_rest_goes_on(place, capsys):
    (place / "sessions" / "cut.jsonl").write_text('{"type":"user","uuid":"u","mess')
    (place / "sessions" / "notes.txt").write_text("my notes")
    code, out, _ = evolve(
        capsys, place / "library", "--traces", place / "sessions", "--out", place / "out",
        "--format", "json",
    )  # fmt: skip
    assert code == 0
    assert len(json.loads(out)["proposals"]) == 1


def write_tasks(place, *words):
    (place / "tasks.json").write_text(
        json.dumps(
            [
                {
                    "id": word,
                    "prompt": word,
                    "split": "test",
                    "criteria": [{"id": "yes", "method": "contains", "argument": "yes"}],
                }
                for word in words
            ]
        )
    )
    return place / "tasks.json"


def test_proposals_are_gated_with_the_hosts_runner_on_tasks_nobody_saw(place, capsys):
    tasks = write_tasks(place, "Known pitfalls", "---", "no such word anywhere")
    agent = """sh -c 'grep -qse "$1" "$0"/*/SKILL.md && echo yes || echo no' {skills} {prompt}"""
    given = [
        place / "library", "--traces", place / "sessions", "--out", place / "out",
        "--tasks", tasks, "--agent", agent, "--allow-unsandboxed",
    ]  # fmt: skip
    code, out, err = evolve(capsys, *given)
    assert code == 0
    assert "promising on 3 tasks (test): 1 repairs, 0 regressions, p 0.500, flake rate 0%" in out
    assert "promising (weighted)" in err
    _, out, _ = evolve(capsys, *given, "--format", "json")
    (proposal,) = json.loads(out)["proposals"]
    stored = json.loads((place / "out" / proposal / "proposal.json").read_text())
    rows = {row["task"]: row for row in stored["gate"]["table"]["rows"]}
    assert rows["Known pitfalls"]["before"] == [0.0, 0.0]
    assert rows["Known pitfalls"]["after"] == [1.0]
    against = {row["task"]: row["before"] for row in stored["gate"]["against_none"]["rows"]}
    assert against["---"] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tasks", "nowhere.json"], "--tasks: nowhere.json does not exist"),
        (["--endpoint", "cloud"], "there is no endpoint 'cloud'"),
        (["--set", "novalue"], "write it as KEY=VALUE"),
        (["--document", "gone.md"], "gone.md does not exist"),
        (["--tasks", "TASKS", "--runner", "stored"], "needs a file of results"),
        (["--tasks", "TASKS", "--runner", "loop", "--allow-unsandboxed"], "needs a model"),
        (["--tasks", "TASKS", "--runner", "command", "--allow-unsandboxed"], "command line of"),
    ],
)
def test_what_a_run_lacks_is_told_before_it_starts(place, capsys, arguments, words):
    tasks = write_tasks(place, "a")
    given = [tasks if one == "TASKS" else one for one in arguments]
    code, _, err = evolve(capsys, place / "library", *given, "--out", place / "out")
    assert code == 2
    assert words in err


def test_a_budget_for_one_proposal_and_locks_hold_for_any_engine(place, capsys):
    common = (place / "library", "--traces", place / "sessions", "--format", "json")
    _, out, _ = evolve(capsys, *common, "--out", place / "small", "--max-growth", 1)
    document = json.loads(out)
    assert document["proposals"] == []
    assert "1 are allowed" in document["refused"][0]
    assert run(["lock", str(place / "library"), "report-tool"], no_window) == 0
    capsys.readouterr()
    _, out, _ = evolve(capsys, *common, "--out", place / "locked")
    document = json.loads(out)
    assert document["proposals"] == []


def test_what_a_lost_run_had_found_is_taken_in(place, capsys):
    given = [place / "library", "--traces", place / "sessions"]
    _, out, _ = evolve(capsys, *given, "--out", place / "first", "--format", "json")
    done = json.loads(out)
    runs = UserFolders.default().runs
    journal = runs / done["job"] / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    # As if the program had been killed before the end.
    journal.write_bytes(b"".join(line for line in lines if b'"finished"' not in line))
    code, out, _ = evolve(
        capsys, *given, "--take-in", done["job"], "--out", place / "second", "--format", "json"
    )
    assert code == 0
    taken = json.loads(out)
    assert taken["schema"] == "skill-workbench/evolve-taken/1"
    found = [ProposalStore(place / "second").get(one) for one in taken["proposals"]]
    (edit,) = [one for one in found if one.draft.changes]
    first = ProposalStore(place / "first").get(done["proposals"][0])
    assert edit.draft.changes == first.draft.changes
    assert {check.status for check in edit.checks} == {"verified"}
    code, _, err = evolve(capsys, *given, "--take-in", "no-such-run", "--out", place / "x")
    assert code == 2
    assert "There is no run 'no-such-run'" in err


def test_a_cache_that_cannot_be_used_is_told_and_the_run_goes_on(place, capsys):
    cache = UserFolders.default().cache
    (cache / "evaluations.sqlite").mkdir(parents=True)
    agent = "sh -c 'echo yes' {skills} {prompt}"
    code, out, err = evolve(
        capsys, place / "library", "--traces", place / "sessions", "--out", place / "out",
        "--tasks", write_tasks(place, "a"), "--agent", agent, "--allow-unsandboxed",
    )  # fmt: skip
    assert code == 0
    assert "evaluations.sqlite cannot be used, so nothing is kept there" in err
    assert "on 1 task (test)" in out
