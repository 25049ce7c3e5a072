"""Annotations and outcomes on the command line, from the first word to the label set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.traces.claude_records import Session, call, text
from workbench.cli.annotation_schemas import schemas
from workbench.cli.main import run
from workbench.resources import bundled
from workbench.store.paths import UserFolders

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def say(*given: object) -> tuple[int, str, str]:
        code = run(["trace", *map(str, given)], lambda *_: pytest.fail("the window was opened"))
        out, err = capsys.readouterr()
        return code, out, err

    return say


@pytest.fixture
def path(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Please run the tests")
    session.says(text("Running all of them"), call("t1", "Bash", command="pytest"))
    session.result("t1", "1 failed: cannot import cv2", error=True)
    session.says(text("It is done"))
    folder = tmp_path / "traces"
    folder.mkdir()
    return session.write(folder)


def _document(say: Say, *given: object, code: int = 0) -> dict[str, Any]:
    ended, out, err = say(*given, "--format", "json")
    assert ended == code, err
    found = json.loads(out)
    name = found["schema"].split("/")[1]
    schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
    assert problems(found, schema) == []
    return dict(found)


def test_schemas_on_disk_are_what_the_program_prints() -> None:
    for name, content in schemas().items():
        assert (bundled("resources") / "schemas" / name).read_bytes() == content, name


def test_a_step_is_annotated_changed_listed_and_exported(
    say: Say, path: Path, tmp_path: Path
) -> None:
    made = _document(
        say, "annotate", path, "--step", 1, "--label", "loop", "--note", "twice", "--verdict",
        "bad", "--severity", "high", "--quote", "cannot import cv2",
    )  # fmt: skip
    name = made["annotation"]["id"]
    _document(say, "annotate", path, "--id", name, "--note", "three times")
    _document(say, "annotate", path, "--label", "odd")
    listed = _document(say, "annotations", "list")
    assert [one["annotation"]["note"] for one in listed["annotations"]] == ["three times", ""]
    assert [one["step"] for one in listed["annotations"]] == [1, None]
    assert listed["labels"] == [{"label": "loop", "count": 1}, {"label": "odd", "count": 1}]
    code, out, _ = say("annotations", "list", path)
    assert code == 0
    assert "loop, bad" in out
    file = tmp_path / "set.jsonl"
    code, out, err = say(
        "annotations", "export", "--verdict", "bad", "--out", file, "--text", path.parent
    )
    assert (code, err) == (0, "")
    (record,) = [json.loads(line) for line in file.read_text().splitlines()]
    schema = json.loads((bundled("resources") / "schemas" / "annotation.json").read_text())
    assert problems(record, schema) == []
    assert (record["step"], record["quote"], record["trace"]) == (
        1,
        "cannot import cv2",
        str(path),
    )
    assert "cannot import cv2" in record["text"]
    assert _document(say, "annotations", "export")["left_out"] == 0


def test_a_deletion_is_undone(say: Say, path: Path) -> None:
    name = _document(say, "annotate", path, "--step", 0, "--label", "a")["annotation"]["id"]
    assert say("annotations", "delete", name[:6])[0] == 0
    assert _document(say, "annotations", "list")["annotations"] == []
    assert _document(say, "annotations", "restore", name)["annotations"][0]["state"] == "found"
    assert say("annotations", "delete", "nothing")[0] == 2


def test_broken_ones_are_listed_with_their_words_and_attached_again(say: Say, path: Path) -> None:
    name = _document(say, "annotate", path, "--step", 2, "--note", "a lie")["annotation"]["id"]
    path.write_text(path.read_text().replace("It is done", "It is not"))
    (one,) = _document(say, "annotations", "list")["annotations"]
    assert (one["state"], one["step"], one["annotation"]["note"]) == ("changed", None, "a lie")
    code, out, err = say("annotations", "export")
    assert (code, out) == (0, "")
    assert "1 broken" in err
    _document(say, "annotate", path, "--step", 2, "--id", name)
    (one,) = _document(say, "annotations", "list")["annotations"]
    assert (one["state"], one["step"]) == ("found", 2)
    path.unlink()
    (one,) = _document(say, "annotations", "list")["annotations"]
    assert one["state"] == "broken"
    assert str(path) in one["reason"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--step", "99", "--label", "x"], "no step 99"),
        (["--step", "1"], "without label"),
        (["--step", "1", "--quote", "never said", "--note", "x"], "does not say"),
        (["--quote", "It is done", "--note", "x"], "needs --step"),
        (["--trace", "other", "--note", "x"], "--trace ID"),
        (["--id", "none", "--note", "x"], "no annotation 'none'"),
    ],
)
def test_what_cannot_be_said_is_refused(say: Say, path: Path, given: list[str], words: str) -> None:
    code, _, err = say("annotate", path, *given)
    assert code == 2
    assert words in err
    assert not UserFolders.default().annotations.exists()


def test_a_line_of_a_skill_is_linked_with_its_text(say: Say, path: Path) -> None:
    library = bundled("resources") / "example" / "library"
    skill = next(one for one in sorted(library.iterdir()) if (one / "SKILL.md").is_file())
    link = ["--skill", skill.name, "--library", library]
    made = _document(say, "annotate", path, "--step", 1, *link, "--line", 2)
    line = (skill / "SKILL.md").read_text().splitlines()[1].strip()
    assert made["annotation"]["skill"] == {
        "skill": skill.name,
        "path": "SKILL.md",
        "line": 2,
        "text": line,
    }
    for wrong in (["--skill", "none", "--library", library], [*link, "--line", 99_999]):
        assert say("annotate", path, "--step", 1, *wrong)[0] == 2
    assert say("annotate", path, *link, "--file", "../x")[0] == 2


def test_an_outcome_is_attached_shown_beside_the_recorded_and_taken_back(
    say: Say, path: Path
) -> None:
    assert _document(say, "outcome", path)["attached"] is None
    found = _document(say, "outcome", path, "pass", "--score", 0.9, "--note", "looks right")
    assert (found["status"], found["score"]) == ("pass", 0.9)
    assert found["recorded"]["status"] == "unknown"
    assert found["source"].startswith("attached by you on 20")
    found = _document(say, "outcome", path, "fail", "--author", "Ann")
    assert found["source"].startswith("attached by Ann on")
    (row,) = _document(say, "stats", path)["traces"]
    assert (row["outcome"], row["attached_outcome"]["status"]) == ("unknown", "fail")
    (row,) = _document(say, "list", path)["traces"]
    assert row["attached_outcome"]["source"].startswith("attached by Ann")
    assert "(fail attached by Ann on" in say("stats", path)[1]
    assert _document(say, "outcome", path, "--clear")["attached"] is None
    assert say("outcome", path, "--score", 1)[0] == 2


def test_groups_count_the_outcomes_that_were_attached(say: Say, tmp_path: Path) -> None:
    for number in range(4):
        session = Session()
        session.prompt("Please")
        if number < 2:
            session.says(call("t1", "Skill", skill="pdf"))
            session.result("t1", "Launching skill: pdf", toolUseResult={"success": True})
        session.says(text("Done"))
        name = f"2222222{number}-2222-4333-8444-555555555555"
        for record in session.records:
            record.update(sessionId=name, uuid=f"{number}-{record['uuid']}")
            if record["parentUuid"]:
                record["parentUuid"] = f"{number}-{record['parentUuid']}"
        file = session.write(tmp_path, f"{name}.jsonl")
        say("outcome", file, "pass" if number < 2 else "fail")
    found = json.loads(say("compare", tmp_path, "--by-skill", "pdf", "--format", "json")[1])
    assert [found[side]["passed"]["of"] for side in ("first", "second")] == [2, 2]
    assert [found[side]["passed"]["hits"] for side in ("first", "second")] == [2, 0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "path,outcome,score,note\n{file},fail,0.25,slow\n"),
        ("a.csv", "session_id,result\n{session},FAILED\n"),
        ("a.json", '[{{"session": "{session}", "outcome": "fail"}}]'),
        ("a.json", '{{"{session}": 0}}'),
        ("a.json", '{{"outcomes": {{"{file}": {{"status": "fail"}}}}}}'),
    ],
)
def test_outcomes_of_another_program_are_taken_in(
    say: Say, path: Path, name: str, content: str
) -> None:
    session = json.loads(path.read_text().splitlines()[0])["sessionId"]
    file = path.parent.parent / name
    file.write_text(content.format(file=f"traces/{path.name}", session=session))
    found = _document(say, "annotations", "import", file, path.parent)
    assert (found["imported"], found["left_out"]) == (1, [])
    assert _document(say, "outcome", path)["status"] == "fail"
    _document(say, "annotations", "import", file, path.parent)
    assert len(_document(say, "annotations", "list")["annotations"]) == 1


def test_rows_of_no_trace_are_told_and_the_others_taken_in(say: Say, path: Path) -> None:
    file = path.parent.parent / "a.csv"
    file.write_text(f"path,outcome\n{path},pass\nnowhere.jsonl,pass\n")
    found = _document(say, "annotations", "import", file, path, code=1)
    assert found["imported"] == 1
    assert "row 2" in found["left_out"][0]
    assert say("annotations", "import", file)[0] == 2


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n1,2\n", "path,outcome\n,pass\n", "path,outcome\nx,maybe\n", "path,score\nx,7\n",
     "path,score\nx,high\n", "[1]", "{", "[" * 5000, "\0"],
)  # fmt: skip
def test_a_file_without_outcomes_is_refused_in_words(say: Say, path: Path, content: str) -> None:
    file = path.parent.parent / "a.csv"
    file.write_text(content)
    code, _, err = say("annotations", "import", file, path)
    assert code == 2
    assert "a.csv" in err
    assert "Traceback" not in err


def test_a_label_set_goes_to_another_person(
    say: Say, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _document(say, "annotate", path, "--step", 1, "--label", "loop", "--author", "Ann")
    file = tmp_path / "set.jsonl"
    say("annotations", "export", "--out", file)
    monkeypatch.setenv("SKILL_WORKBENCH_HOME", str(tmp_path / "other"))
    assert _document(say, "annotations", "import", file)["imported"] == 1
    assert _document(say, "annotations", "import", file)["imported"] == 0
    (one,) = _document(say, "annotations", "list", path)["annotations"]
    assert (one["annotation"]["author"], one["step"]) == ("Ann", 1)


def test_a_step_of_a_subagent_is_found_through_the_file_of_its_session(say: Say) -> None:
    traces = bundled("resources") / "example" / "traces"
    listed = _document(say, "list", traces)["traces"]
    parent = next(one["path"] for one in listed if one["subagents"])
    (child, *_) = _document(say, "show", parent)["subagents"]
    made = _document(say, "annotate", parent, "--trace", child["id"], "--step", 1, "--label", "sub")
    assert made["annotation"]["anchor"]["path"] == parent
    (one,) = _document(say, "annotations", "list")["annotations"]
    assert (one["state"], one["step"]) == ("found", 1)
    assert one["annotation"]["anchor"]["trajectory"] == child["id"]
    assert len(_document(say, "annotations", "list", parent)["annotations"]) == 1
