"""Which skill a text belongs to, and what of the skill's own text stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.job import Request, SkillInput
from workbench.plugin.run_folder import SourceProblem
from workbench.plugin.run_skills import (
    SkillFinder,
    front_and_body,
    new_skill_text,
    slug_of,
    text_with_body,
    tree_changes,
)


def skill(root: Path, identity: str, name: str, text: bytes = b"") -> SkillInput:
    folder = root / identity
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_bytes(text)
    return SkillInput(identity, str(folder), name, "", "", ("SKILL.md",))


def finder(root: Path, *skills: SkillInput) -> SkillFinder:
    return SkillFinder(Request(job="j", kind="importer", library=str(root), skills=skills))


def test_a_skill_is_found_by_id_name_and_folder_and_only_without_doubt(tmp_path: Path) -> None:
    a, b = skill(tmp_path, "x/pdf", "pdf-tools"), skill(tmp_path, "y/pdf", "other")
    found = finder(tmp_path, a, b)
    assert found.find("x/pdf") == a
    assert found.find("pdf_tools") == a
    assert found.find("PDF") is None  # two folders of that name
    assert found.find("nothing", "other") == b
    assert found.find("") is None


def test_the_setting_names_a_skill_or_says_which_there_are(tmp_path: Path) -> None:
    found = finder(tmp_path, skill(tmp_path, "pdf", "pdf"))
    assert found.chosen("") is None
    chosen = found.chosen("pdf")
    assert chosen is not None
    assert chosen.id == "pdf"
    with pytest.raises(SourceProblem, match="There are: pdf"):
        found.chosen("mail")


def test_a_new_skill_lies_beside_the_others_and_takes_no_ones_place(tmp_path: Path) -> None:
    beside = finder(tmp_path, skill(tmp_path, "skills/pdf", "pdf"))
    assert beside.new_folder("Unit_Check v2") == "skills/unit-check-v2"
    with pytest.raises(SourceProblem, match="is there already"):
        beside.new_folder("pdf")
    with pytest.raises(SourceProblem, match="No folder"):
        beside.new_folder("../..")
    with pytest.raises(SourceProblem, match="Open the folder above"):
        finder(tmp_path, skill(tmp_path, ".", "one")).new_folder("two")


@given(st.text(max_size=300))
def test_a_slug_is_always_a_valid_name_or_empty(name: str) -> None:
    slug = slug_of(name)
    assert len(slug) <= 64
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")


@given(st.text(max_size=400))
def test_front_matter_of_any_text_can_be_split(text: str) -> None:
    front, body = front_and_body(text)
    assert front == {} or text.endswith(body)
    assert front_and_body(f"---\n{text}")[1] in f"---\n{text}"


def test_the_front_matter_stays_but_for_the_description(tmp_path: Path) -> None:
    ours = b"---\nname: a\ndescription: >\n  old\n  text\nlicense: MIT # kept\n---\n\n# A\n"
    found = skill(tmp_path, "a", "a", ours)
    assert text_with_body(found, "# B\n") == ours.decode().replace("# A", "# B")
    assert text_with_body(found, "# A\n", "old text") == ours.decode()
    assert text_with_body(found, "# A\n", 'new "x": y') == (
        '---\nname: a\ndescription: "new \\"x\\": y"\nlicense: MIT # kept\n---\n\n# A\n'
    )


def test_a_missing_description_is_added(tmp_path: Path) -> None:
    found = skill(tmp_path, "a", "a", b"---\nname: a\n---\n# A\n")
    assert text_with_body(found, "# A\n", "new") == ('---\nname: a\ndescription: "new"\n---\n# A\n')


def test_crlf_and_byte_order_mark_stay(tmp_path: Path) -> None:
    found = skill(tmp_path, "a", "a", b"\xef\xbb\xbf---\r\nname: a\r\n---\r\n\r\n# A\r\n")
    assert text_with_body(found, "# B\n\nx\n", "d") == (
        '\ufeff---\r\nname: a\r\ndescription: "d"\r\n---\r\n\r\n# B\r\n\r\nx\r\n'
    )


@given(st.text(min_size=1, max_size=60), st.text(max_size=100))
def test_the_text_of_a_new_skill_can_be_read_back(body: str, description: str) -> None:
    front, _ = front_and_body(new_skill_text("skills/a-b", body, description))
    assert front["name"] == "a-b"


def test_a_tree_becomes_writes_and_deletes(tmp_path: Path) -> None:
    found = skill(tmp_path, "a", "a", b"one\r\n")
    kept: list[bytes] = []
    changes = tree_changes(
        found,
        "a",
        {"new.md": b"n\n", "logo.png": b"\x89\0", "__pycache__/x.pyc": b""},
        keep_blob=lambda data: kept.append(data) or "hash",
        is_whole=True,
    )
    assert [(c.path, c.op, c.new_text, c.blob) for c in changes] == [
        ("a/SKILL.md", "delete", None, None),
        ("a/logo.png", "write", None, "hash"),
        ("a/new.md", "write", "n\n", None),
    ]
    assert kept == [b"\x89\0"]
    same = tree_changes(found, "a", {"SKILL.md": b"one\n"}, keep_blob=lambda _: "", is_whole=True)
    assert same == ()  # only the line ends differ
