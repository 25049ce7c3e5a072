"""Reading a skill folder loses nothing and never ends in a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runaway import ends_soon
from workbench.files import sha256
from workbench.skills.frontmatter import parse_front_matter
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill, with_source

GOOD = b"---\nname: demo\ndescription: Does it.\n---\n\n# Demo\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(GOOD)
    return folder


def reread(folder: Path, data: bytes):
    (folder / "SKILL.md").write_bytes(data)
    return read_skill(folder)


def test_a_plain_skill(folder):
    (folder / "scripts").mkdir()
    (folder / "scripts" / "run.py").write_bytes(b"print()\n")
    (folder / "scripts" / "run.py").chmod(0o755)
    (folder / "notes.md").write_bytes(b"")
    skill = read_skill(folder)
    assert (skill.id, skill.name, skill.description) == (".", "demo", "Does it.")
    assert skill.source == GOOD
    assert skill.body_text == "\n# Demo\n"
    kinds = {file.path: (file.kind, file.executable) for file in skill.files}
    assert kinds == {
        "SKILL.md": ("skill_md", False),
        "scripts/run.py": ("script", True),
        "notes.md": ("other", False),
    }
    assert {file.sha256 for file in skill.files} == {
        sha256(GOOD),
        sha256(b"print()\n"),
        sha256(b""),
    }
    assert skill.problems == ()


def test_the_tree_hash_follows_content_name_and_permission(folder):
    (folder / "a").write_bytes(b"1")
    hashes = [read_skill(folder).tree_hash]
    (folder / "a").write_bytes(b"2")
    hashes.append(read_skill(folder).tree_hash)
    (folder / "a").chmod(0o755)
    hashes.append(read_skill(folder).tree_hash)
    (folder / "a").rename(folder / "b")
    hashes.append(read_skill(folder).tree_hash)
    assert len(set(hashes)) == 4
    assert read_skill(folder).tree_hash == hashes[-1]


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (GOOD, "lf"),
        (GOOD.replace(b"\n", b"\r\n"), "crlf"),
        (GOOD.replace(b"\n", b"\r"), "cr"),
        (GOOD + b"a\r\n", "mixed"),
    ],
)
def test_every_line_end_is_kept_and_named(folder, data, newline):
    skill = reread(folder, data)
    assert (skill.newline, skill.source, skill.name) == (newline, data, "demo")


def test_a_byte_order_mark_is_kept_and_told(folder):
    skill = reread(folder, b"\xef\xbb\xbf" + GOOD)
    assert skill.bom
    assert skill.name == "demo"
    assert skill.front_matter.outer.start == 3
    assert skill.body_text == "\n# Demo\n"


def test_bytes_that_are_not_utf8_round_trip(folder):
    data = GOOD.replace(b"Does", b"D\xf6s\xff") + b"\xe4"
    skill = reread(folder, data)
    assert not skill.valid_utf8
    assert "not UTF-8" in skill.problems[0].message
    assert skill.text.encode("utf-8", "surrogateescape") == data
    entry = skill.front_matter.get("description")
    assert data[entry.value_span.start : entry.value_span.end] == b"D\xf6s\xff it."
    assert skill.description == "D\ufffds\ufffd it."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x7fELF\0\0\xff", "binary"),
        ("---\nname: x\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_an_empty_or_binary_file_is_a_skill_with_a_problem(folder, data, words):
    skill = reread(folder, data)
    assert words in skill.problems[0].message
    assert skill.source == data
    assert skill.name == "demo"
    assert skill.front_matter is None


def test_no_front_matter_leaves_all_to_the_body(folder):
    skill = reread(folder, b"# Title\n---\nname: x\n---\n")
    assert skill.front_matter is None
    assert skill.body_text == "# Title\n---\nname: x\n---\n"


def test_keys_that_yaml_1_1_takes_for_booleans_stay_text(folder):
    skill = reread(folder, b"---\non: yes\nyes: 2024-01-01\n1.0: off\nversion: 1.10\n---\n")
    assert [(e.key, e.value) for e in skill.front_matter.entries] == [
        ("on", "yes"),
        ("yes", "2024-01-01"),
        ("1.0", "off"),
        ("version", 1.1),
    ]


def test_a_number_as_name_reads_as_it_is_written(folder):
    assert reread(folder, b"---\nname: 1.10\n---\n").name == "1.10"


def test_duplicate_keys_are_told_also_inside(folder):
    skill = reread(folder, b"---\nname: a\nm:\n  k: 1\n  k: 2\nname: b\n---\n")
    assert skill.front_matter.duplicate_keys == ("name", "m.k")
    assert skill.name == "b"


def test_broken_yaml_still_gives_the_keys_that_can_be_told_apart(folder):
    skill = reread(folder, b"---\nname: demo\ndescription: Use: it\nlist:\n  - a\n---\nBody")
    assert "quoted" in skill.front_matter.error
    assert skill.front_matter.error_line == 3
    assert [(e.key, e.value, e.line) for e in skill.front_matter.entries] == [
        ("name", "demo", 2),
        ("description", "Use: it", 3),
        ("list", ["a"], 4),
    ]
    assert skill.body_text == "Body"


@pytest.mark.parametrize(
    ("front", "words"),
    [
        (
            b"a: &a [x, x]\n"
            + b"".join(
                b"b%d: &b%d [%s]\n" % (n, n, b", ".join([b"*b%d" % (n - 1) if n else b"*a"] * 9))
                for n in range(9)
            ),
            "expands",
        ),
        (b"a: " + b"[" * 100_000, "nested deeper"),
        (b"a: &a [*a]", "contains itself"),
        (b"a: *b", "no anchor"),
        (b"a: \x07", "U\\+0007"),
        (b"a: " + b"x" * 1_000_001, "characters"),
        (b"a: [x", "flow sequence"),
        (b"a: 1\n...\nb: 2", "'\\.\\.\\.' ends"),
        (b'a: 1\n--- "x"\nb: 2', "more than one"),
        (b"- a", "is a list"),
    ],
)
def test_hostile_or_broken_yaml_ends_as_a_message(folder, front, words):
    with ends_soon():
        skill = reread(folder, b"---\n" + front + b"\n---\nBody\n")
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(skill.front_matter.error)
    assert skill.body_text == "Body\n"


def test_a_large_file_is_read_quickly(folder):
    line = b"| a | [x](references/y.md) `code` ``` **b** |\n"
    data = GOOD + line * (300_000 // len(line))
    with ends_soon():
        skill = reread(folder, data)
    assert len(skill.source) == len(data)


def test_lowercase_skill_md_is_read_and_the_proper_name_preferred(folder):
    (folder / "SKILL.md").rename(folder / "skill.md")
    assert read_skill(folder).skill_md == "skill.md"
    (folder / "SKILL.md").write_bytes(b"---\nname: proper\n---\n")
    if len(list(folder.iterdir())) == 2:  # not where the file system ignores case
        assert read_skill(folder).name == "proper"


def test_links_are_listed_and_never_followed(folder, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("key")
    (folder / "leak.txt").symlink_to("../secret.txt")
    (folder / "everything").symlink_to("/")
    (folder / "gone").symlink_to("nowhere")
    files = {file.path: file for file in read_skill(folder).files}
    assert [(files[n].kind, files[n].target) for n in ("leak.txt", "everything", "gone")] == [
        ("link", "../secret.txt"),
        ("link", "/"),
        ("link", "nowhere"),
    ]
    assert files["leak.txt"].sha256 == sha256(b"../secret.txt")
    assert len(files) == 4


def test_a_nested_skill_keeps_its_files_to_itself(folder):
    nested = folder / "more" / "inner"
    nested.mkdir(parents=True)
    (nested / "SKILL.md").write_bytes(GOOD)
    (nested / "own.txt").write_bytes(b"x")
    (folder / "more" / "mine.txt").write_bytes(b"x")
    skill = read_skill(folder)
    assert [file.path for file in skill.files] == ["SKILL.md", "more/mine.txt"]
    assert skill.nested == ("more/inner",)
    assert read_skill(nested, folder).id == "more/inner"


def test_pipes_and_unreadable_files_become_problems(folder):
    os.mkfifo(folder / "pipe")
    (folder / "locked").write_bytes(b"x")
    (folder / "locked").chmod(0)
    skill = read_skill(folder)
    problems = {problem.path: problem.message for problem in skill.problems}
    assert "pipe" in problems["pipe"]
    if os.geteuid() != 0:
        assert "Permission" in problems["locked"]
    assert skill.name == "demo"


def test_names_that_are_not_utf8_survive(folder):
    (folder / os.fsdecode(b"b\xff.txt")).write_bytes(b"x")
    assert os.fsencode(read_skill(folder).files[-1].path) == b"b\xff.txt"


@pytest.mark.parametrize("case", ["missing", "file", "no skill", "link", "outside"])
def test_what_is_no_skill_is_said_clearly(folder, tmp_path, case):
    empty = tmp_path / "empty"
    empty.mkdir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "SKILL.md").symlink_to(folder / "SKILL.md")
    path, words = {
        "missing": (tmp_path / "absent", "does not exist"),
        "file": (folder / "SKILL.md", "not a folder"),
        "no skill": (empty, "holds no SKILL.md"),
        "link": (linked, "never followed"),
        "outside": (folder, "does not lie in"),
    }[case]
    with pytest.raises(SkillError, match=words):
        read_skill(path, empty if case == "outside" else None)


def test_a_folder_named_by_a_link_is_read(folder, tmp_path):
    (tmp_path / "shortcut").symlink_to(folder)
    assert read_skill(tmp_path / "shortcut").path == str(folder.resolve())


def test_a_buffer_takes_the_place_of_the_file_without_reading_it(folder):
    skill = read_skill(folder)
    changed = with_source(skill, GOOD.replace(b"demo", b"other"))
    assert changed.name == "other"
    assert changed.tree_hash != skill.tree_hash
    (folder / "SKILL.md").write_bytes(changed.source)
    assert read_skill(folder) == changed
    assert with_source(changed, GOOD) == skill


PIECES = st.sampled_from(
    [
        b"---",
        b"\n",
        b"\r\n",
        b"\r",
        b": ",
        b"a",
        b"- ",
        b"|",
        b">",
        b"'",
        b'"',
        b"[",
        b"{",
        b"&a ",
        b"*a",
        b"!!str ",
        b"#",
        b"  ",
        b"\t",
        b"\xff",
        b"\xc3\xa9",
        b"\xf0\x9f\x98\x80",
        b"\0",
        b"?",
    ]
)


@given(st.lists(PIECES, max_size=40).map(b"".join) | st.binary(max_size=60))
@settings(deadline=None, max_examples=500)
def test_any_bytes_parse_and_every_span_lies_in_its_entry(data):
    for source in (data, b"---\n" + data + b"\n---\n"):
        front = parse_front_matter(source)
        if front is None:
            continue
        assert 0 <= front.outer.start <= front.span.start <= front.span.end <= front.outer.end
        assert front.outer.end <= len(source)
        for entry in front.entries:
            inner = (entry.key_span.start, entry.key_span.end, entry.value_span.start)
            assert entry.span.start <= min(inner)
            assert max(*inner, entry.value_span.end) <= entry.span.end <= front.span.end


@pytest.mark.corpus
def test_published_skills_read_back_byte_for_byte(corpus: Path):
    from workbench.skills.library import read_library

    library = read_library(corpus)
    assert len(library.skills) > 300
    for skill in library.skills:
        assert skill.source == (Path(skill.path) / skill.skill_md).read_bytes()
        assert skill.text.encode("utf-8", "surrogateescape") == skill.source
        assert skill.problems == ()
