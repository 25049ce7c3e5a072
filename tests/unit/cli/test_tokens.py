"""``tokens`` on the command line."""

from __future__ import annotations

from tests.unit.cli.authoring import checked, make


def test_tokens_prints_the_document_promised(tmp_path, command):
    make(tmp_path, "one", "\nintro\n\n# Title\n\nText.\n")
    make(tmp_path, "two")
    code, out, err = command("tokens", tmp_path, "--tokenizer", "chars4", "--format", "json")
    document = checked(out, "tokens")
    assert (code, err) == (0, "")
    assert (document["tokenizer"], document["estimate"]) == ("chars4", True)
    one, two = document["skills"]
    assert (one["path"], one["name"], one["catalogue"]) == (str(tmp_path / "one"), "one", 4)
    assert [(head["title"], head["line"]) for head in one["headings"]] == [("", 5), ("Title", 8)]
    assert two["resources"] == 0
    assert {budget["client"]: budget["dropped"] for budget in document["budgets"]} == {
        "claude-code": [],
        "codex": [],
    }


def test_one_skill_is_shown_by_heading_and_labelled_an_estimate(tmp_path, command):
    folder = make(tmp_path, "one")
    (folder / "notes.md").write_text("x" * 100)
    code, out, _ = command("tokens", folder / "SKILL.md")
    assert code == 0
    assert out.startswith("Estimate: ")
    assert "line 6     Title" in out
    assert "notes.md" in out


def test_a_full_listing_names_who_is_dropped(tmp_path, command):
    for number in range(9):
        make(tmp_path, f"skill-{number}", description="d" * 1000)
    code, out, _ = command("tokens", tmp_path, "--window", "200_000")
    assert code == 0
    assert "claude-code: 9,107 of 8,000, too long" in out
    assert "2 lose their description: skill-8, skill-7" in out


def test_wrong_input_ends_with_words(tmp_path, command):
    folder = make(tmp_path, "one")
    assert command("tokens", tmp_path / "none")[0] == 2
    code, _, err = command("tokens", folder, "--tokenizer", "gpt9")
    assert code == 2
    assert "chars4" in err
    assert command("tokens", folder, "--window", "-5")[0] == 2
    assert command("tokens", folder / "SKILL.md", "--window", "big")[0] == 2
