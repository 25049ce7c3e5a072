"""``check`` and ``fix`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli.main import run
from workbench.files import FileProblem
from workbench.skills.write import save_skill_file

GOOD = "---\nname: {}\ndescription: Does it.\n---\n\n# Demo\n"


def make(root: Path, name: str, text: str | bytes | None = None) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    text = GOOD.format(folder.name) if text is None else text
    (folder / "SKILL.md").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.fixture
def call(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments), lambda *_: pytest.fail("the window was opened"))
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_clean_library_passes(tmp_path, call):
    make(tmp_path, "one")
    make(tmp_path, "two")
    code, out, err = call("check", str(tmp_path))
    assert (code, out, err) == (0, "2 skills checked: no problems.\n", "")


def test_problems_are_grouped_by_skill_and_fail(tmp_path, call):
    make(tmp_path, "one", "---\nname: other\nextra: 1\n---\nx\n")
    make(tmp_path, "two")
    code, out, _ = call("check", str(tmp_path))
    assert code == 1
    assert out.startswith(f"{tmp_path / 'one'}  (agentskills fails)\n")
    assert "error   SKILL.md:2:7  The name 'other' differs from the folder 'one'" in out
    assert "2 skills checked: 3 errors.\n" in out
    assert str(tmp_path / "two") not in out


def test_json_is_as_promised(tmp_path, call):
    folder = make(tmp_path, "one", "---\nname: one\ndescription: d\nallowed-tools: a, b\n---\nx\n")
    code, out, _ = call(
        "check", str(folder), "--format", "json", "--client", "agentskills", "--client", "codex"
    )
    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "skill-workbench/check/1"
    (skill,) = document["skills"]
    assert (skill["path"], skill["name"]) == (str(folder), "one")
    assert skill["ok"] == {"agentskills": True, "codex": True}
    (one,) = skill["diagnostics"]
    assert one.pop("message").startswith("allowed-tools")
    assert "2026-08-09" in one.pop("source")
    assert one == {
        "rule": "allowed-tools-commas",
        "severity": "warning",
        "path": "SKILL.md",
        "line": 4,
        "column": 16,
        "end_line": 4,
        "end_column": 20,
        "clients": ["agentskills"],
        "fixable": True,
    }
    assert document["summary"]["warning"] == 1


@pytest.mark.parametrize(
    ("level", "code"), [("error", 0), ("warning", 1), ("info", 1), ("hint", 1)]
)
def test_fail_on_sets_the_bar(tmp_path, call, level, code):
    make(tmp_path, "one", "---\nname: one\ndescription: d\nallowed-tools: a, b\n---\nx\n")
    assert call("check", str(tmp_path), "--fail-on", level)[0] == code


def test_a_skill_file_may_be_named_and_nested_skills_are_then_left_out(tmp_path, call):
    folder = make(tmp_path, "one")
    make(folder, "inner", "")
    assert call("check", str(folder / "SKILL.md"))[0] == 0
    assert call("check", str(folder))[0] == 1


def test_a_skill_named_twice_is_checked_once(tmp_path, call):
    folder = make(tmp_path, "one")
    assert (
        "1 skill checked" in call("check", str(folder), str(tmp_path), str(folder / "SKILL.md"))[1]
    )


def test_the_reference_sees_the_path_as_it_is_typed(tmp_path, call, monkeypatch):
    folder = make(tmp_path, "one")
    code, out, _ = call("check", f"{folder}/..", "--client", "skills-ref")
    assert code == 0
    monkeypatch.chdir(folder)
    for typed in (".", "SKILL.md"):
        code, out, _ = call("check", typed, "--client", "skills-ref", "--format", "json")
        (skill,) = json.loads(out)["skills"]
        assert code == 1
        assert skill["path"] == str(folder)
        assert [one["message"] for one in skill["diagnostics"]] == [
            "Directory name '' must match skill name 'one'"
        ]
    assert call("check", ".")[0] == 0


def test_the_reference_has_a_verdict_on_a_folder_without_skill(tmp_path, call):
    code, out, _ = call("check", str(tmp_path), "--client", "skills-ref", "--format", "json")
    (skill,) = json.loads(out)["skills"]
    assert code == 1
    assert skill["ok"] == {"skills-ref": False}
    assert skill["diagnostics"][0]["message"] == "Missing required file: SKILL.md"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent",), "Path does not exist"),
        (("empty",), "holds no skill"),
        (("note.txt",), "not a SKILL.md"),
        (("one", "--client", "nobody"), "no client 'nobody'"),
        (("linked",), "holds no skill"),
    ],
)
def test_unreadable_input_and_wrong_usage_end_with_2(tmp_path, call, arguments, words):
    one = make(tmp_path, "one")
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "SKILL.md").symlink_to(one / "SKILL.md")
    (tmp_path / "note.txt").write_text("x")
    code, out, err = call("check", str(tmp_path / arguments[0]), *arguments[1:])
    assert (code, out) == (2, "")
    assert words in err


def test_odd_bytes_reach_neither_json_nor_terminal_raw(tmp_path, call):
    make(tmp_path, "one", b"---\nname: o\xffne\ndescription: d\nx\x1b[31m: 1\n---\nx\n")
    code, out, _ = call("check", str(tmp_path), "--format", "json")
    assert code == 1
    assert json.loads(out)["skills"][0]["name"] == "o\ufffdne"
    assert "\x1b" not in call("check", str(tmp_path))[1]


def test_fix_shows_and_then_writes(tmp_path, call):
    folder = make(tmp_path, "one", "\ufeff" + GOOD.format("one").replace("\n", "\r\n"))
    before = (folder / "SKILL.md").read_bytes()
    code, out, _ = call("fix", str(tmp_path), "--diff")
    assert code == 0
    assert "-<U+FEFF>---\n+---\n" in out
    assert (folder / "SKILL.md").read_bytes() == before
    code, out, _ = call("fix", str(tmp_path))
    assert code == 0
    assert "Remove the byte order mark" in out
    assert (folder / "SKILL.md").read_bytes() == before[3:]
    assert "0 changes made" in call("fix", str(tmp_path))[1]


def test_fix_of_one_rule_leaves_the_others(tmp_path, call):
    text = "\ufeff---\nname: one\ndescription: d\nallowed-tools: a, b\n---\nx\n"
    folder = make(tmp_path, "one", text)
    call("fix", str(folder), "--rule", "allowed-tools-commas")
    assert (folder / "SKILL.md").read_text() == text.replace("a, b", "a b")
    code, _, err = call("fix", str(folder), "--rule", "nothing")
    assert code == 2
    assert "no rule 'nothing'" in err


def test_fix_goes_on_past_a_skill_that_cannot_be_saved(tmp_path, call, monkeypatch):
    first, second = (make(tmp_path, name, "\ufeff" + GOOD.format(name)) for name in ("a", "b"))

    def full(folder: Path, *rest: object) -> str:
        if folder == first:
            raise FileProblem(f"Cannot save {folder}: the disk is full.")
        return save_skill_file(folder, *rest)

    monkeypatch.setattr("workbench.cli.check.save_skill_file", full)
    code, out, err = call("fix", str(tmp_path))
    assert code == 2
    assert "the disk is full" in err
    assert "1 change made in 1 file" in out
    assert (second / "SKILL.md").read_text() == GOOD.format("b")
    assert (first / "SKILL.md").read_text().startswith("\ufeff")
