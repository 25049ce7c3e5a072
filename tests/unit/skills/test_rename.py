"""A rename takes every reference along, whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.files import FileProblem
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill
from workbench.skills.rename import apply_rename, plan_rename, undo_rename


def make(root: Path, path: str, body: str = "\nText.\n", name: str | None = None) -> Path:
    folder = root / path
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(
        f"---\nname: {name or folder.name}\ndescription: d\n---\n{body}".encode(
            "utf-8", "surrogateescape"
        )
    )
    return folder


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def renamed(root: Path, old: str, new: str, body: str) -> str:
    """Return what becomes of the body of a sibling."""
    make(root, "sibling", body)
    apply_rename(plan_rename(read_library(root), old, new))
    return read_skill(root / "sibling").body_text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Use old-name first. (old-name)", "Use new-name first. (new-name)"),
        ("`old-name`, **old-name**, /old-name, $old-name", None),
        ("kit:old-name and /kit:old-name", None),
        ("[x](../old-name/references/a.md#old-name)", "[x](../new-name/references/a.md#old-name)"),
        ("read ../old-name/SKILL.md", None),
        ("cat .claude/skills/old-name/x", None),
        ("`old-name/references/a.md`", None),
        ("my-old-name old-names old-name-2 --old-name x/old-name", "..."),
        ("[h](#old-name) old-name.md old-name(x)", "..."),
        ("https://example.org/old-name/x", "..."),
        ("\udcff old-name\r\n\told-name\r\n", None),
    ],
)
def test_a_name_of_several_words_is_found_wherever_it_stands(tmp_path, before, after):
    make(tmp_path, "old-name")
    wanted = {None: before.replace("old-name", "new-name"), "...": before}.get(after, after)
    assert renamed(tmp_path, "old-name", "new-name", before) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Review the code, then review it.", "..."),
        ("the review skill, skill review, `review`, **review**", None),
        ("run /review or $review or kit:review", None),
        ("For a second look, see review. Or see review of it.", "For a second look, see audit. Or "
         "see review of it."),
        ('"skill_name": "review"', None),
        ("related-skills: [style, review]", None),
        ('"category": "review"', "..."),
        ("a/review/b and https://x.org/review", "..."),
        ("../review/SKILL.md", None),
    ],
)  # fmt: skip
def test_a_plain_word_counts_only_where_it_is_marked(tmp_path, before, after):
    make(tmp_path, "review")
    wanted = {None: before.replace("review", "audit"), "...": before}.get(after, after)
    assert renamed(tmp_path, "review", "audit", before) == wanted


def test_folder_key_and_files_outside_skills_follow(tmp_path):
    folder = make(tmp_path, "group/old-name", "\nold-name\n")
    (folder / "evals").mkdir()
    (folder / "evals" / "evals.json").write_text('{"skill_name": "old-name", "evals": []}')
    (tmp_path / "README.md").write_text("- [old-name](group/old-name/SKILL.md)\n")
    plan = plan_rename(read_library(tmp_path), "old-name", "new-name")
    assert (plan.folder, plan.new_folder) == ("group/old-name", "group/new-name")
    apply_rename(plan)
    skill = read_skill(tmp_path / "group" / "new-name")
    assert (skill.name, skill.body_text) == ("new-name", "\nnew-name\n")
    assert (tmp_path / "README.md").read_text() == "- [new-name](group/new-name/SKILL.md)\n"
    assert (
        '"skill_name": "new-name"'
        in (tmp_path / "group" / "new-name" / "evals" / "evals.json").read_text()
    )
    assert not folder.exists()


def test_references_can_be_left_and_doubtful_ones_are_shown(tmp_path):
    make(tmp_path, "old-name")
    make(tmp_path, "sibling", "old-name\nold-name\nhttps://example.org/old-name\n")
    library = read_library(tmp_path)
    plan = plan_rename(library, "old-name", "new-name", skip=["sibling/SKILL.md:6"])
    assert [one.line for one in plan.references] == [5]
    assert [(one.line, one.sure) for one in plan.left] == [(6, True), (7, False)]
    apply_rename(plan)
    assert read_skill(tmp_path / "sibling").body_text == (
        "new-name\nold-name\nhttps://example.org/old-name\n"
    )


def test_of_two_skills_of_one_name_the_nearest_is_meant(tmp_path):
    for group in ("a", "b"):
        make(tmp_path, f"{group}/old-name")
        make(tmp_path, f"{group}/user", "old-name\n")
    library = read_library(tmp_path)
    with pytest.raises(SkillError, match="2 skills are named"):
        plan_rename(library, "old-name", "new-name")
    apply_rename(plan_rename(library, "a/old-name", "new-name"))
    assert read_skill(tmp_path / "a" / "user").body_text == "new-name\n"
    assert read_skill(tmp_path / "b" / "user").body_text == "old-name\n"


def test_a_folder_that_differs_from_the_name_is_set_right(tmp_path):
    make(tmp_path, "folder", name="other-name")
    make(tmp_path, "sibling", "other-name ../folder/SKILL.md\n")
    apply_rename(plan_rename(read_library(tmp_path), "folder", "new-name"))
    assert read_skill(tmp_path / "new-name").name == "new-name"
    assert read_skill(tmp_path / "sibling").body_text == "new-name ../new-name/SKILL.md\n"


def test_undo_gives_every_byte_back_and_refuses_later_changes(tmp_path):
    make(tmp_path, "old-name", "\r\nold-name \udcff\r\n")
    make(tmp_path, "sibling", "old-name")
    before = tree(tmp_path)
    plan = plan_rename(read_library(tmp_path), "old-name", "new-name")
    apply_rename(plan)
    assert tree(tmp_path) != before
    undo_rename(plan)
    assert tree(tmp_path) == before
    apply_rename(plan)
    (tmp_path / "sibling" / "SKILL.md").write_text("mine")
    after = tree(tmp_path)
    with pytest.raises(FileProblem, match="changed by another program"):
        undo_rename(plan)
    assert tree(tmp_path) == after


def test_a_change_meanwhile_or_a_refusing_disk_changes_nothing(tmp_path, monkeypatch):
    make(tmp_path, "old-name", "old-name\n")
    make(tmp_path, "sibling", "old-name\n")
    plan = plan_rename(read_library(tmp_path), "old-name", "new-name")
    (tmp_path / "sibling" / "SKILL.md").write_text("old-name, changed\n")
    before = tree(tmp_path)
    with pytest.raises(FileProblem, match="changed by another program"):
        apply_rename(plan)
    assert tree(tmp_path) == before
    plan = plan_rename(read_library(tmp_path), "old-name", "new-name")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(FileProblem, match="cannot be renamed"):
        apply_rename(plan)
    assert tree(tmp_path) == before


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside.md"
    outside.write_text("old-name\n")
    root = tmp_path / "library"
    make(root, "old-name")
    (root / "link.md").symlink_to(outside)
    apply_rename(plan_rename(read_library(root), "old-name", "new-name"))
    assert outside.read_text() == "old-name\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("none", "new-name", "There is no skill 'none'"),
        ("old-name", "New", "cannot be the name"),
        ("old-name", "../x", "cannot be the name"),
        ("old-name", "old-name", "already"),
        ("old-name", "sibling", "There is a skill 'sibling' already"),
        ("old-name", "taken", "exists already"),
        ("broken", "new-name", "front matter of broken cannot be read"),
    ],
)
def test_what_cannot_be_renamed_is_told(tmp_path, old, new, words):
    make(tmp_path, "old-name")
    make(tmp_path, "sibling")
    (tmp_path / "taken").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "SKILL.md").write_text("---\nname: [\n---\n")
    with pytest.raises(SkillError, match=words):
        plan_rename(read_library(tmp_path), old, new)


def test_the_librarys_own_folder_is_not_renamed(tmp_path):
    folder = make(tmp_path, "old-name")
    with pytest.raises(SkillError, match="own folder"):
        plan_rename(read_library(folder), "old-name", "new-name")


@pytest.mark.corpus
@pytest.mark.slow
def test_published_siblings_follow_each_rename_and_its_undo(corpus, tmp_path):
    root = tmp_path / "library"
    shutil.copytree(corpus / "skills" / "coreyhaines31-marketingskills", root)
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = tree(root)
    library = read_library(root)
    for old in ("seo-audit", "ab-testing", "ads", "product-marketing"):
        plan = plan_rename(library, old, "quite-new")
        assert len(plan.references) > 10
        apply_rename(plan)
        after = read_library(root)
        assert after.skill("skills/quite-new").name == "quite-new"
        left = b"".join(tree(root).values())
        assert f'"skill_name": "{old}"'.encode() not in left
        assert f"`{old}`".encode() not in left
        assert f"**{old}**".encode() not in left
        undo_rename(plan)
        assert tree(root) == before
