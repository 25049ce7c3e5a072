"""``history`` on a real repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.review.build import SKILL, Bench, edited, git, make_library
from tests.unit.traces.claude_records import Session
from tests.unit.usage.world import load
from workbench.cli.judging_schemas import judging_schemas
from workbench.cli.main import run
from workbench.store.history import LocalHistory
from workbench.store.paths import UserFolders


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    text = SKILL.decode().replace("First", "Very first")
    made = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    made.accept()
    made.apply()
    return made


def history(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    got = run(["history", *map(str, arguments)], lambda *_: pytest.fail("no window"))
    out, err = capsys.readouterr()
    assert got == code, err
    return out or err


def test_changes_are_told_newest_first_with_who_reviewed_them(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    out = history(capsys, bench.library, "demo")
    first, second = [line for line in out.splitlines() if not line.startswith("    ")]
    assert "applied" in first
    assert "Say it better" in first
    assert "start" in second
    assert "reviewed by Ann Reviewer" in out
    document = json.loads(history(capsys, bench.library, "--format", "json"))
    schema = json.loads(judging_schemas()["history.json"])
    assert problems(document, schema) == []
    assert document["schema"] == "skill-workbench/history/1"
    assert [entry["kind"] for entry in document["entries"]] == ["applied", "edit"]


def test_lines_lead_to_proposals(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    out = history(capsys, bench.library, "--lines", "demo/SKILL.md")
    (line,) = [one for one in out.splitlines() if "Very first" in one]
    assert "applied  p1" in line


def test_stored_results_name_the_change_that_broke_a_task(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    commits = git(bench.library, "log", "--format=%H").split()
    rows = [
        {"task": "t", "skills": [sha], "score": score}
        for sha, score in zip(commits, (0.0, 1.0), strict=True)
    ]
    results = tmp_path / "results.jsonl"
    results.write_text("\n".join(json.dumps(row) for row in rows))
    out = history(capsys, bench.library, "--broke", "t", "--results", results)
    assert "Say it better" in out
    history(capsys, bench.library, "--broke", "other", "--results", results, code=1)
    assert "--results" in history(capsys, bench.library, "--broke", "t", code=2)


def checked(document: dict, kind: str) -> dict:
    schema = json.loads(judging_schemas()[f"{kind}.json"])
    assert problems(document, schema) == []
    assert document["schema"] == f"skill-workbench/{kind}/1"
    return document


def test_pages_say_that_there_is_more(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(history(capsys, bench.library, "--limit", 1, "--format", "json"))
    assert checked(document, "history")["more"] is True
    assert len(document["entries"]) == 1
    assert "--limit 0" in history(capsys, bench.library, "--limit", 1)
    whole = json.loads(history(capsys, bench.library, "--limit", 0, "--format", "json"))
    assert (whole["more"], len(whole["entries"])) == (False, 2)
    assert "negative" in history(capsys, bench.library, "--limit", -1, code=2)


def test_one_change_comes_with_its_diff_and_receipt(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ("--store", bench.store.folder)
    out = history(capsys, bench.library, "demo", "--change", "p1", *store)
    assert "-First line." in out
    assert "+Very first line." in out
    assert "The receipt on this machine names exactly this." in out
    document = json.loads(
        history(capsys, bench.library, "--change", "p1", *store, "--format", "json")
    )
    assert checked(document, "history-change")["proof"] == "receipt"
    assert document["receipt"]["commit"] == document["entry"]["commit"]
    start = git(bench.library, "rev-parse", "HEAD^")
    assert "start" in history(capsys, bench.library, "--change", start[:8])
    assert "No change" in history(capsys, bench.library, "--change", "zzzz", code=2)


def test_lineage_lists_the_proposals_of_a_skill(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ("--store", bench.store.folder)
    out = history(capsys, bench.library, "demo", "--lineage", *store)
    assert "p1" in out
    assert "miner 1.2" in out
    document = json.loads(
        history(capsys, bench.library, "demo", "--lineage", *store, "--format", "json")
    )
    assert [one["id"] for one in checked(document, "history-lineage")["proposals"]] == ["p1"]
    empty = history(capsys, bench.library, "other", "--lineage", *store)
    assert "No proposal for other" in empty


def test_tasks_are_listed_with_what_results_say(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    commits = git(bench.library, "log", "--format=%H").split()
    results = tmp_path / "results.jsonl"
    results.write_text(
        "\n".join(
            json.dumps({"task": "t", "skills": [sha], "score": score})
            for sha, score in zip(commits, (0.0, 1.0), strict=True)
        )
    )
    out = history(capsys, bench.library, "--tasks", "--results", results)
    assert "t fails since “Say it better”" in out
    document = json.loads(
        history(capsys, bench.library, "--tasks", "--results", results, "--format", "json")
    )
    assert checked(document, "history-tasks")["tasks"][0]["verdict"] == "found"
    assert "No stored result" in history(capsys, bench.library, "--tasks")
    broke = json.loads(
        history(capsys, bench.library, "--broke", "t", "--results", results, "--format", "json")
    )
    assert checked(broke, "history-broke")["entry"]["proposal"] == "p1"


def test_effect_counts_sessions_before_and_since(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    session = Session()
    session.prompt("Show me things")
    load(session, "demo", SKILL.decode().split("---\n")[2])
    traces = tmp_path / "traces"
    traces.mkdir()
    session.write(traces, "s.jsonl")
    out = history(capsys, bench.library, "demo", "--effect", "--traces", traces)
    (row,) = [line for line in out.splitlines() if "loaded in" in line]
    assert "1 of 1" in row
    assert "No session is known from after this change." in out
    document = json.loads(
        history(capsys, bench.library, "demo", "--effect", "--traces", traces, "--format", "json")
    )
    (effect,) = checked(document, "history-effect")["effects"]
    assert (effect["before"]["sessions"], effect["before"]["by_text"]) == (1, 1)
    assert "--traces" in history(capsys, bench.library, "demo", "--effect", code=2)
    assert "no skill nope" in history(
        capsys, bench.library, "nope", "--effect", "--traces", traces, code=2
    )


def test_lines_without_git_come_from_the_local_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL_WORKBENCH_HOME", str(tmp_path / "home"))
    library = make_library(tmp_path / "plain", {"demo/SKILL.md": SKILL}, repository=False)
    text = SKILL.decode().replace("First", "Very first")
    made = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    made.history = LocalHistory(UserFolders.default().history)
    made.accept()
    made.apply()
    out = history(capsys, library, "--lines", "demo/SKILL.md")
    (line,) = [one for one in out.splitlines() if "Very first" in one]
    assert "applied  p1" in line
    (old,) = [one for one in out.splitlines() if "Last line." in one]
    assert "older than what is known" in old


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nowhere"], "no folder"), (["LIB", "--lines", "gone.md"], "No line of gone.md")],
)
def test_what_has_no_history_is_told(
    bench: Bench, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = [str(bench.library) if one == "LIB" else one for one in arguments]
    assert words in history(capsys, *given, code=2)
