"""``history`` on a real repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.review.build import SKILL, Bench, edited, git, make_library
from workbench.cli.judging_schemas import judging_schemas
from workbench.cli.main import run


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nowhere"], "no folder"), (["LIB", "--lines", "gone.md"], "No line of gone.md")],
)
def test_what_has_no_history_is_told(
    bench: Bench, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = [str(bench.library) if one == "LIB" else one for one in arguments]
    assert words in history(capsys, *given, code=2)
