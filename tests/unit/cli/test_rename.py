"""``rename`` on the command line."""

from __future__ import annotations

import pytest

from tests.unit.cli.authoring import checked, make


@pytest.fixture
def library(tmp_path):
    root = tmp_path / "library"
    make(root, "old-name")
    make(root, "sibling", "See old-name.\nhttps://example.org/old-name\n")
    return root


def test_rename_prints_the_document_promised(library, command):
    code, out, err = command("rename", library, "old-name", "new-name", "--format", "json")
    made = checked(out, "rename")
    assert (code, err) == (0, "")
    assert made["applied"]
    assert made["files"] == ["old-name/SKILL.md", "sibling/SKILL.md"]
    assert [(one["path"], one["line"], one["column"]) for one in made["references"]] == [
        ("old-name/SKILL.md", 3, 19),
        ("sibling/SKILL.md", 5, 5),
    ]
    assert (library / "new-name" / "SKILL.md").is_file()
    assert not (library / "old-name").exists()


def test_the_preview_writes_nothing(library, command):
    code, out, _ = command("rename", library, "old-name", "new-name", "--diff")
    assert code == 0
    assert "--- old-name/SKILL.md" in out
    assert "+++ new-name/SKILL.md" in out
    assert "-See old-name." in out
    assert "+See new-name." in out
    assert "1 more places hold the name and stay" in out
    assert (library / "old-name").is_dir()


def test_a_reference_can_be_left(library, command):
    assert (
        command("rename", library, "old-name", "new-name", "--skip", "sibling/SKILL.md:5")[0] == 0
    )
    assert "See old-name." in (library / "sibling" / "SKILL.md").read_text()


def test_wrong_input_ends_with_words(library, command):
    code, _, err = command("rename", library, "none", "new-name")
    assert code == 2
    assert "no skill 'none'" in err
    assert command("rename", library, "old-name", "Bad Name")[0] == 2
    assert command("rename", library / "none", "old-name", "new-name")[0] == 2
