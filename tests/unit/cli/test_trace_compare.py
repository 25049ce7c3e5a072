"""``trace compare`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, call, text
from workbench.cli.main import run


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "traces"
    folder.mkdir()
    paths = []
    for number, command in enumerate(("make", "npm test")):
        session = Session()
        session.prompt("Please build it")
        session.says(
            call("r1", "Read", file_path="/repo/a"), call("r2", "Read", file_path="/repo/b")
        )
        session.result("r1", "a")
        session.result("r2", "b")
        session.says(call("t1", "Bash", command=command))
        session.result("t1", "ok" if number else "Exit code 2\nno rule", error=not number)
        session.says(text("Done."))
        paths.append(session.write(folder, f"{number}.jsonl"))
    return paths[0], paths[1]


def _cli(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = run(["trace", "compare", *map(str, arguments)], lambda *_: pytest.fail("window"))
    out, err = capsys.readouterr()
    return code, out, err


def test_two_runs_as_a_document(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = _cli(capsys, *pair, "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["schema"] == "skill-workbench/trace-compare/1"
    parting = found["rows"][found["first_divergence"]]
    assert parting["cells"] == [2, 2]
    assert parting["changes"] == ["arguments", "status", "result"]
    assert parting["steps"][0]["summary"] == "Bash make [error]"
    assert found["same_prompt"] is True
    assert [one["path"] for one in found["runs"]] == [str(path) for path in pair]


def test_two_runs_for_people(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _cli(capsys, *pair, "--diff")
    assert code == 0
    assert "First divergence: A step 2, B step 2" in out
    assert "-make" not in out
    assert '-{"command":"make"}' in out.replace('": "', '":"')
    assert "… 2 equal rows" not in out
    assert "… 1 equal rows" in out


def test_groups_of_sessions(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _cli(capsys, pair[0].parent, "--by-skill", "pdf", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["schema"] == "skill-workbench/trace-cohorts/1"
    assert found["second"]["sessions"] == 2
    assert found["second"]["with_errors"]["hits"] == 1
    code, out, _ = _cli(capsys, pair[0].parent, "--at", "2026-02-04")
    assert "before 2026-02-04T00:00:00+00:00: 2 sessions" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}"], "takes two traces"),
        (["{0}", "{folder}"], "is a folder"),
        (["{0}", "{0}#nobody"], "has no trace 'nobody'"),
        (["{0}", "{0}.absent"], "does not exist"),
        (["{0}", "--at", "soon"], "is no time"),
        (["{folder}", "--at", "2026-01-01", "--by-skill", "x"], "not allowed with"),
    ],
)
def test_what_cannot_be_compared_is_said(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    given = [one.format(pair[0], folder=pair[0].parent) for one in arguments]
    code, out, err = _cli(capsys, *given)
    assert (code, out) == (2, "")
    assert said in err


def test_one_trace_of_a_file_is_named_by_its_id(
    pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    identity = "11111111-2222-4333-8444-555555555555"
    code, out, err = _cli(capsys, pair[0], f"{pair[0]}#{identity}")
    assert (code, err) == (0, "")
    assert "No step differs" in out
