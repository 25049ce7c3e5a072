"""``extract`` on the command line."""

from __future__ import annotations

from tests.unit.cli.authoring import checked, make


def test_extract_prints_the_document_promised(tmp_path, command):
    folder = make(tmp_path, "demo", "\n# Demo\n\n## Long part\n\n" + "word " * 500 + "\n\n## End\n")
    code, out, _ = command("extract", folder, "Long part", "--diff")
    assert code == 0
    assert "+Read [references/long-part.md](references/long-part.md) when" in out
    assert not (folder / "references").exists()
    code, out, err = command("extract", folder, "Long part", "--format", "json")
    made = checked(out, "extract")
    assert (code, err) == (0, "")
    assert made["file"] == "references/long-part.md"
    assert made["body_after"] < 100 < made["file_tokens"]
    assert (folder / "references" / "long-part.md").is_file()
    assert command("check", folder)[0] == 0


def test_wrong_input_ends_with_words(tmp_path, command):
    folder = make(tmp_path, "demo")
    code, _, err = command("extract", folder, "None")
    assert code == 2
    assert "Sections: 'Title'" in err
    assert command("extract", tmp_path / "none", "x")[0] == 2
