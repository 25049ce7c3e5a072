"""Edits of a skill's files as the changes of one proposal; locks and form hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.domain.job import SkillInput
from workbench.domain.proposal import Evidence
from workbench.plugin.skill_checks import format_problems
from workbench.plugin.skill_locks import broken_locks, locked_ranges
from workbench.plugin.skill_patch import Claim, SkillTexts
from workbench.plugin.text_edits import TextEdit

MAIN = "---\nname: pdf\ndescription: Reads PDF.\n---\n# PDF\n\n## Steps\n\n1. Open.\n2. Read.\n"


def skill(folder: Path, *locks: str, **files: str) -> SkillTexts:
    texts = {"SKILL.md": MAIN, "guide.md": "# Guide\n\nText.\n", **files}
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "logo.png").write_bytes(b"\x89PNG\0")
    names = tuple(sorted([*texts, "logo.png"]))
    return SkillTexts(SkillInput("pdf", str(folder), "pdf", "", "", names, locks))


def claim(name: str, op: str, file: str = "SKILL.md", runs: int = 1, **more: str) -> Claim:
    edit = TextEdit(name, file, op, **more)  # type: ignore[arg-type]
    rows = (Evidence(f"{name}{n}", f"run{n}", 1, 1, "quote") for n in range(runs))
    return Claim(edit, tuple(rows))


def test_texts_are_what_can_be_read(tmp_path: Path) -> None:
    made = skill(tmp_path)
    assert sorted(made.texts) == ["SKILL.md", "guide.md"]
    shown = made.shown(10_000)
    assert shown.index("== SKILL.md ==") < shown.index("== guide.md ==")
    assert "Other files: logo.png" in shown
    assert "not shown" in made.shown(120)


def test_changes_build_on_each_other_and_new_files_come_first(tmp_path: Path) -> None:
    made = skill(tmp_path)
    claims = [
        claim("a", "append_to_section", section="Steps", content="3. See [more](more.md)."),
        claim("b", "create_file", "more.md", content="# More"),
        claim("c", "replace_text", target="1. Open.", content="1. Load."),
    ]
    changes = made.changes(made.patched(claims))
    assert [(one.id, one.op) for one in changes] == [("b", "write"), ("a", "edit"), ("c", "edit")]
    assert changes[1].depends_on == ("b",)
    assert "1. Open." in (changes[1].new_text or "")
    assert "1. Load.\n2. Read.\n3. See" in (changes[2].new_text or "")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (claim("a", "delete_file"), "does not delete a skill"),
        (claim("a", "delete_file", "no.md"), "there is no file no.md"),
        (claim("a", "create_file", "guide.md", content="x"), "a file guide.md already"),
        (claim("a", "create_file", "SKILL.md", content="x"), "already"),
        (claim("a", "create_file", "new.md"), "the new file is empty"),
        (claim("a", "insert_after", "logo.png", target="P", content="x"), "no text file logo.png"),
    ],
)
def test_what_may_not_be_is_refused(tmp_path: Path, one: Claim, words: str) -> None:
    patched = skill(tmp_path).patched([one])
    assert patched.after == {}
    assert words in patched.refused[0][1]


def test_the_weakest_edits_are_given_up_until_the_form_is_right(tmp_path: Path) -> None:
    made = skill(tmp_path)
    claims = [
        claim("strong", "append_to_section", section="Steps", content="3. Close.", runs=3),
        claim("weak", "append_to_section", section="Steps", content="```\nopen", runs=1),
    ]
    patched, words = made.well_formed(claims, 500)
    assert [one.edit.id for one, _ in patched.done] == ["strong"]
    assert words == ["Edit weak was left out: SKILL.md: a code block is not closed."]


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("# PDF\n", "front matter cannot be read"),
        (MAIN.replace("name: pdf", "name: evil"), "the name changes to 'evil'"),
        (MAIN.replace("Reads PDF.", '""'), "the description is empty"),
        (MAIN.replace("Reads PDF.", "x" * 1100), "1100 characters"),
        (MAIN.replace("description: Reads PDF.\n", ""), "front matter loses description"),
        (MAIN + "x\n" * 600, "at most 500"),
        (MAIN + "[a](no/such.md)\n", "links to no/such.md"),
        (MAIN + "~~~\nx\n", "code block is not closed"),
    ],
)
def test_what_breaks_the_form_is_told(after: str, words: str) -> None:
    found = format_problems({"SKILL.md": MAIN}, {"SKILL.md": after}, files=frozenset({"SKILL.md"}))
    assert any(words in one.words for one in found)


def test_what_was_wrong_before_is_nobodys_fault() -> None:
    old = "no front matter\n[a](gone.md)\n```\n" + "x\n" * 600
    same = {"SKILL.md": old}
    assert format_problems(same, {"SKILL.md": old.replace("x", "y")}) == ()
    links = MAIN + "[a](https://a.org/x) [b](#steps) [c](guide.md) [d](mailto:a@b.c)\n"
    files = frozenset({"SKILL.md", "guide.md"})
    assert format_problems({"SKILL.md": MAIN}, {"SKILL.md": links}, files=files) == ()


@pytest.mark.parametrize(
    ("lock", "after", "broken"),
    [
        ("*", MAIN + "x\n", True),
        ("SKILL.md", MAIN + "x\n", True),
        ("guide.md", MAIN + "x\n", False),
        ("SKILL.md#Steps", MAIN.replace("1. Open.", "1. Load."), True),
        ("SKILL.md#Steps", MAIN.replace("# PDF\n", "# PDF\n\nIntro.\n"), False),
        ("SKILL.md#Nowhere", MAIN.replace("1. Open.", "1. Load."), False),
        ("SKILL.md:9-9", MAIN.replace("1. Open.", "1. Load."), True),
        ("SKILL.md:9-9", MAIN.replace("2. Read.", "2. Look."), False),
        ("SKILL.md:9-10", MAIN.replace("2. Read.", "1b.\n2. Read."), True),
    ],
)
def test_locks(lock: str, after: str, broken: bool) -> None:
    assert broken_locks([lock], "SKILL.md", MAIN, after) == ([lock] if broken else [])


def test_a_deleted_file_breaks_its_locks() -> None:
    assert broken_locks(["SKILL.md#Steps"], "SKILL.md", MAIN, None) == ["SKILL.md#Steps"]
    assert locked_ranges(["SKILL.md#Steps"], "SKILL.md", MAIN) == [(6, 10, "SKILL.md#Steps")]
