"""Packing and unpacking: the same bytes each time, and nothing hostile gets in."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.skills import archive as archive_module
from workbench.skills import unpack as unpack_module
from workbench.skills.archive import pack_skill
from workbench.skills.archive_names import name_problem
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill
from workbench.skills.unpack import unpack_skill

GOOD = "---\nname: demo\ndescription: Does it.\n---\n\n# Demo\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "from" / "demo"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text(GOOD)
    (folder / "scripts" / "run.py").write_text("print(1)\n")
    (folder / "scripts" / "run.py").chmod(0o755)
    (folder / "notes 日本.md").write_bytes(b"\xff\r\nno text")
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    into = tmp_path / "into"
    into.mkdir()
    return into


def tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in folder.rglob("*")
        if path.is_file()
    }


def write(path: Path, members: dict[str, bytes | str], **attributes: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = entry.orig_filename = name
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = attributes.get("mode", 0o100644) << 16
            made.writestr(entry, content)
    return path


def refused(archive: Path, into: Path) -> str:
    with pytest.raises(SkillError) as problem:
        unpack_skill(archive, into)
    assert list(into.iterdir()) == []
    return str(problem.value)


def test_a_skill_comes_back_as_it_went(folder, into, tmp_path):
    before = tree(folder)
    (tmp_path / "demo.skill").write_bytes(pack_skill(read_skill(folder)).content)
    unpacked = unpack_skill(tmp_path / "demo.skill", into)
    assert tree(into / "demo") == before == tree(folder)
    assert unpacked.files == ("SKILL.md", "notes 日本.md", "scripts/run.py")
    assert stat.S_IMODE((into / "demo").stat().st_mode) == 0o755


def test_the_same_folder_gives_the_same_bytes(folder, tmp_path):
    first = pack_skill(read_skill(folder)).content
    other = tmp_path / "elsewhere" / "demo"
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            copy = other / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            copy.chmod(path.stat().st_mode & 0o777)
            os.utime(copy, (1, 1))
    assert pack_skill(read_skill(other)).content == first
    with zipfile.ZipFile(io.BytesIO(first)) as made:
        assert made.namelist() == sorted(made.namelist())
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in made.infolist())


def test_what_programs_leave_behind_is_left_out_and_told(folder):
    for name in ("__pycache__/a.pyc", "scripts/b.pyc", "evals/evals.json", "x/.DS_Store"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    (folder / "x" / "evals.md").write_text("kept")
    (folder / "secret.md").symlink_to("/etc/passwd")
    (folder / "inner").mkdir()
    (folder / "inner" / "SKILL.md").write_text(GOOD)
    packed = pack_skill(read_skill(folder))
    assert "demo/x/evals.md" in packed.files
    assert b"root:" not in packed.content
    assert {change.what for change in packed.changes} == {
        "__pycache__/a.pyc",
        "scripts/b.pyc",
        "evals/evals.json",
        "x/.DS_Store",
        "secret.md",
        "inner",
    }


@pytest.mark.parametrize("name", ["a\\b.md", "what?.md", "aux.md", "end.", "tab\there"])
def test_names_that_would_not_unpack_everywhere_are_not_packed(folder, name):
    (folder / name).write_text("x")
    with pytest.raises(SkillError, match="Rename it"):
        pack_skill(read_skill(folder))


def test_names_that_differ_in_case_alone_are_not_packed(folder):
    (folder / "Notes.md").write_text("x")
    (folder / "notes.md").write_text("y")
    with pytest.raises(SkillError, match="differ in case alone"):
        pack_skill(read_skill(folder))


def test_a_file_that_changes_meanwhile_is_told(folder):
    skill = read_skill(folder)
    (folder / "scripts" / "run.py").write_text("print(2)\n")
    with pytest.raises(SkillError, match=r"run\.py changed while it was packed"):
        pack_skill(skill)
    skill = read_skill(folder)
    (folder / "SKILL.md").write_text(GOOD + "more")
    with pytest.raises(SkillError, match=r"SKILL\.md changed while it was packed"):
        pack_skill(skill)


def test_a_skill_too_large_is_not_packed(folder, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_BYTES", 100)
    (folder / "big").write_bytes(b"x" * 101)
    with pytest.raises(SkillError, match="larger than"):
        pack_skill(read_skill(folder))


def test_errors_of_the_rules_are_handed_back(folder):
    (folder / "SKILL.md").write_text("---\nname: other\n---\nx\n")
    assert {one.rule for one in pack_skill(read_skill(folder)).errors} == {
        "name-not-folder",
        "description-missing",
    }


CLAUDE = """\
---
name: demo
description: Does it.
when_to_use: On rainy days
model: opus
version: 1.10
arguments: [first, second]
hooks:
  PreToolUse:
    - matcher: Bash
allowed-tools:
  - Read
  - Grep
metadata:
  author: me
  level: 3
---

# Demo $1
"""


def test_for_claude_ai_keys_move_to_metadata_and_the_folder_stays(folder):
    (folder / "SKILL.md").write_bytes(b"\xef\xbb\xbf" + CLAUDE.encode())
    before = tree(folder)
    packed = pack_skill(read_skill(folder), "claude.ai")
    assert tree(folder) == before
    with zipfile.ZipFile(io.BytesIO(packed.content)) as made:
        source = made.read("demo/SKILL.md")
    target = folder.parent / "out" / "demo"
    target.mkdir(parents=True)
    (target / "SKILL.md").write_bytes(source)
    exported = read_skill(target)
    assert {entry.key: entry.value for entry in exported.front_matter.entries} == {
        "name": "demo",
        "description": "Does it.",
        "allowed-tools": "Read Grep",
        "metadata": {
            "author": "me",
            "level": "3",
            "when_to_use": "On rainy days",
            "model": "opus",
            "version": "1.10",
            "arguments": "first, second",
        },
    }
    assert exported.body_text == "\n# Demo $1\n"
    assert packed.errors == ()
    assert [(change.kind, change.what) for change in packed.changes] == [
        ("rewritten", "SKILL.md"),
        ("rewritten", "metadata.level"),
        ("moved", "when_to_use"),
        ("moved", "model"),
        ("moved", "version"),
        ("moved", "arguments"),
        ("dropped", "hooks"),
        ("rewritten", "allowed-tools"),
    ]


def test_for_claude_ai_a_clean_skill_is_not_touched(folder):
    packed = pack_skill(read_skill(folder), "claude.ai")
    assert packed.content == pack_skill(read_skill(folder)).content
    assert packed.changes == ()


def test_for_claude_ai_a_lower_case_name_is_raised(folder):
    (folder / "SKILL.md").rename(folder / "skill.md")
    packed = pack_skill(read_skill(folder), "claude.ai")
    assert "demo/SKILL.md" in packed.files
    assert "demo/skill.md" not in packed.files
    assert [change.kind for change in packed.changes] == ["renamed"]


def test_for_claude_ai_what_it_refuses_is_an_error(folder):
    (folder / "SKILL.md").write_text("---\nname: demo\ndescription: A <b> tag.\n---\nx\n")
    packed = pack_skill(read_skill(folder), "claude.ai")
    assert [one.rule for one in packed.errors] == ["description-angle-brackets"]


@pytest.mark.parametrize("text", ["no front matter\n", "---\nname: [\n---\nx\n"])
def test_for_claude_ai_unreadable_keys_are_told(folder, text):
    (folder / "SKILL.md").write_text(text)
    with pytest.raises(SkillError, match="cannot be read"):
        pack_skill(read_skill(folder), "claude.ai")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.md", "leaves its folder"),
        ("demo/../../evil.md", "leaves its folder"),
        ("demo//x.md", "leaves its folder"),
        ("/etc/evil.md", "absolute"),
        ("C:/evil.md", "absolute"),
        ("demo\\evil.md", "backslash"),
        ("demo/.git/config", "repository's own store"),
        ("demo/.GIT/hooks/pre-commit", "repository's own store"),
        ("demo/con.md", "Windows"),
        ("demo/x.", "Windows"),
        ("demo/a:b", "not every system"),
        ("demo/\u202etxt.exe", "not every system"),
        ("demo/" + "d/" * 40 + "x", "too deep"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, into, name, words):
    archive = write(tmp_path / "x.skill", {"demo/SKILL.md": GOOD, name: "evil"})
    assert words in refused(archive, into)
    assert not (tmp_path / "evil.md").exists()


def test_a_name_hidden_behind_a_null_byte_is_refused(tmp_path, into):
    archive = write(tmp_path / "x.skill", {"demo/SKILL.md": GOOD, "demo/axxb.md": "x"})
    archive.write_bytes(archive.read_bytes().replace(b"demo/axxb.md", b"demo/a\0/b.md"))
    refused(archive, into)


def test_links_and_devices_are_refused(tmp_path, into):
    for mode, words in ((stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "is a device")):
        archive = write(tmp_path / "x.skill", {"demo/SKILL.md": "/etc/passwd"}, mode=mode | 0o777)
        assert words in refused(archive, into)


def test_encrypted_members_are_refused(tmp_path, into):
    archive = write(tmp_path / "x.skill", {"demo/SKILL.md": GOOD})
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    assert "encrypted" in refused(archive, into)


@pytest.mark.parametrize(
    "names",
    [
        ("demo/Notes.md", "demo/notes.md"),
        ("demo/a/x.md", "demo/A/y.md"),
        ("demo/caf\u00e9.md", "demo/cafe\u0301.md"),
        ("demo/x.md", "demo/x.md"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_names_of_one_file_are_refused(tmp_path, into, names):
    path = tmp_path / "x.skill"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("demo/SKILL.md", GOOD)
        for name in names:
            made.writestr(name, name)
    assert "where case does not count" in refused(path, into)


def test_a_file_that_is_a_folder_too_is_refused(tmp_path, into):
    members = {"demo/SKILL.md": GOOD, "demo/a": "x", "demo/a/b": "y"}
    assert "a file and a folder" in refused(write(tmp_path / "x.skill", members), into)


def test_bombs_are_refused_by_the_sizes_they_tell(tmp_path, into, monkeypatch):
    members = {"demo/SKILL.md": GOOD, "demo/zeros": b"\0" * (4 * 1024 * 1024)}
    assert "times when unpacked" in refused(write(tmp_path / "a.skill", members), into)
    monkeypatch.setattr(unpack_module, "MAX_BYTES", 3000)
    members = {"demo/SKILL.md": GOOD, **{f"demo/{n}": os.urandom(1000) for n in range(3)}}
    assert "fill a disk" in refused(write(tmp_path / "b.skill", members), into)
    monkeypatch.setattr(unpack_module, "MAX_FILES", 3)
    assert "more than 3" in refused(tmp_path / "b.skill", into)
    monkeypatch.setattr(unpack_module, "MAX_DIRECTORY", 100)
    assert "far more members" in refused(tmp_path / "b.skill", into)
    monkeypatch.setattr(unpack_module, "MAX_ARCHIVE", 100)
    assert "larger than" in refused(tmp_path / "b.skill", into)


def test_a_member_that_lies_about_its_size_leaves_nothing(tmp_path, into):
    archive = write(tmp_path / "x.skill", {"demo/SKILL.md": GOOD, "demo/z": b"a" * 50_000})
    content = bytearray(archive.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    for size in (10, 60_000):
        struct.pack_into("<L", content, place + 24, size)
        archive.write_bytes(content)
        refused(archive, into)


def test_damage_in_the_middle_leaves_nothing(tmp_path, into):
    archive = write(tmp_path / "x.skill", {"demo/SKILL.md": GOOD, "demo/z": os.urandom(5000)})
    content = bytearray(archive.read_bytes())
    content[3000] ^= 0xFF
    archive.write_bytes(content)
    assert "no readable zip" in refused(archive, into)


def test_only_one_folder_with_skill_md_in_it_is_a_skill(tmp_path, into):
    path = tmp_path / "x.skill"
    assert "2 things at its top" in refused(write(path, {"a/SKILL.md": GOOD, "b/x": "x"}), into)
    assert "1 things at its top" in refused(write(path, {"SKILL.md": GOOD}), into)
    assert "no SKILL.md" in refused(write(path, {"a/b/SKILL.md": GOOD}), into)
    assert "no files" in refused(write(path, {}), into)


def test_what_macos_adds_is_left_out(tmp_path, into):
    members = {"demo/SKILL.md": GOOD, "__MACOSX/demo/._SKILL.md": "x", "demo/.DS_Store": "x"}
    unpacked = unpack_skill(write(tmp_path / "x.zip", members), into)
    assert unpacked.left_out == ("__MACOSX/demo/._SKILL.md", "demo/.DS_Store")
    assert set(tree(into / "demo")) == {"SKILL.md"}


def test_nothing_is_overwritten(folder, into, tmp_path):
    (tmp_path / "demo.skill").write_bytes(pack_skill(read_skill(folder)).content)
    (into / "demo").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SkillError, match="exists already"):
        unpack_skill(tmp_path / "demo.skill", into)
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(SkillError, match="is not a folder"):
        unpack_skill(tmp_path / "demo.skill", tmp_path / "none")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18, b"PK\x05\x06"])
def test_what_is_no_archive_is_told(tmp_path, into, content):
    (tmp_path / "x.skill").write_bytes(content)
    refused(tmp_path / "x.skill", into)


@settings(max_examples=60)
@given(place=st.integers(0, 700), value=st.integers(0, 255))
def test_any_damaged_byte_ends_in_words_or_in_a_skill(tmp_path_factory, place, value):
    root = tmp_path_factory.mktemp("damage")
    archive = write(root / "x.skill", {"demo/SKILL.md": GOOD, "demo/a/b.md": "text " * 20})
    content = bytearray(archive.read_bytes())
    content[place % len(content)] = value
    archive.write_bytes(content)
    (root / "into").mkdir()
    try:
        unpacked = unpack_skill(archive, root / "into")
    except SkillError:
        assert list((root / "into").iterdir()) == []
    else:
        assert Path(unpacked.folder).parent == root / "into"
    assert {path.name for path in root.iterdir()} == {"x.skill", "into"}


@given(st.text(min_size=1, max_size=30))
def test_a_name_that_passes_stays_in_its_folder(name):
    if name_problem(f"demo/{name}") is None:
        assert os.path.normpath(f"demo/{name}").startswith("demo/")
        assert "\\" not in name


@pytest.mark.corpus
@pytest.mark.slow
def test_published_skills_come_back_as_they_went(corpus, tmp_path):
    library = read_library(corpus / "skills" / "getsentry-skills")
    for number, skill in enumerate(library.skills):
        packed = pack_skill(skill)
        into = tmp_path / str(number)
        into.mkdir()
        (into / "x.skill").write_bytes(packed.content)
        unpacked = unpack_skill(into / "x.skill", into)
        gone = {change.what for change in packed.changes}
        wanted = {p: v for p, v in tree(Path(skill.path)).items() if p not in gone}
        assert tree(Path(unpacked.folder)) == wanted
