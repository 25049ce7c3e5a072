"""``new`` on the command line."""

from __future__ import annotations

from tests.unit.cli.authoring import checked


def test_new_prints_the_document_promised(tmp_path, command):
    code, out, err = command(
        "new", "pdf-forms", "--in", tmp_path, "--template", "script", "--description", "Fills: it",
        "--format", "json",
    )  # fmt: skip
    made = checked(out, "new")
    assert (code, err) == (0, "")
    assert made["path"] == str(tmp_path / "pdf-forms")
    assert made["files"] == ["SKILL.md", "scripts/run.py"]
    assert command("check", tmp_path)[0] == 0


def test_without_description_it_says_what_is_next(tmp_path, command):
    code, out, _ = command("new", "demo", "--in", tmp_path)
    assert code == 0
    assert "description" in out


def test_wrong_input_ends_with_words(tmp_path, command):
    assert command("new", "Bad_Name", "--in", tmp_path)[0] == 2
    assert command("new", "demo", "--in", tmp_path / "none")[0] == 2
    assert command("new", "demo", "--in", tmp_path, "--template", "none")[0] == 2
    assert command("new", "demo", "--in", tmp_path)[0] == 0
    code, _, err = command("new", "demo", "--in", tmp_path)
    assert code == 2
    assert "exists already" in err
