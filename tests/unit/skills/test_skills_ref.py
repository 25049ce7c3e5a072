"""The reference validator's verdict, row by row and quirk by quirk."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runaway import ends_soon
from workbench.skills.rules.skills_ref import validate_path, validate_source

ALLOWED = "['allowed-tools', 'compatibility', 'description', 'license', 'metadata', 'name']"
NOT_FOLDER = "Directory name '{}' must match skill name '{}'".format


def said(text: str | bytes, folder: str = "t-x") -> list[str]:
    source = text.encode() if isinstance(text, str) else text
    return [verdict.message for verdict in validate_source(source, folder)]


def front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "Body"])


def skill(name: str = "t-x", description: str = "d", *more: str) -> str:
    return front(f"name: {name}", f"description: {description}", *more)


@pytest.mark.parametrize(
    "text",
    [
        skill(),
        skill().replace("\n", "\r\n"),
        skill().replace("\n", "\r"),
        skill("t-x # comment", ">-\n  folded\n  text"),
        skill(description="😀 <b>bold</b>"),
        skill('"t-x "'),
        skill("t-x", "d", "allowed-tools:", "  - Read", "  - Bash"),
        skill("t-x", "d", "metadata: text"),
        skill("t-x", "d", "metadata:", "  - a"),
        skill("t-x", "d", "metadata:", "  a:", "    b: c"),
        skill("t-x", "d", "compatibility:", "license:"),
        skill("t-x", "d", "license:", "  a: b"),
        skill("t-x", "cut a---b here"),
        "---\nname: t-x\ndescription: d ---",
        skill(description="x" * 1024),
    ],
)
def test_what_the_reference_accepts(text):
    assert said(text) == []


@pytest.mark.parametrize("name", ["tést", "技能", "claude-x", "123", "true", "null"])
def test_names_the_reference_accepts_in_a_folder_of_that_name(name):
    assert said(skill(name), name) == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["SKILL.md must start with YAML frontmatter (---)"]),
        ("\ufeff" + skill(), ["SKILL.md must start with YAML frontmatter (---)"]),
        ("\n" + skill(), ["SKILL.md must start with YAML frontmatter (---)"]),
        ("---\nname: t-x\n", ["SKILL.md frontmatter not properly closed with ---"]),
        ("---\n---\n", ["SKILL.md frontmatter must be a YAML mapping"]),
        (front("# comment"), ["SKILL.md frontmatter must be a YAML mapping"]),
        (front("text"), ["SKILL.md frontmatter must be a YAML mapping"]),
        (front("- a"), ["SKILL.md frontmatter must be a YAML mapping"]),
        (
            skill("t-x", "d", "b: 1", "a: 2"),
            [f"Unexpected fields in frontmatter: a, b. Only {ALLOWED} are allowed."],
        ),
        (front("description: d"), ["Missing required field in frontmatter: name"]),
        (front("name: t-x"), ["Missing required field in frontmatter: description"]),
        (
            front("Name: t-x", "description: d"),
            [
                f"Unexpected fields in frontmatter: Name. Only {ALLOWED} are allowed.",
                "Missing required field in frontmatter: name",
            ],
        ),
        (skill(""), ["Field 'name' must be a non-empty string"]),
        (skill("\n  - a"), ["Field 'name' must be a non-empty string"]),
        (skill("t-x", ""), ["Field 'description' must be a non-empty string"]),
        (skill("t-x", "\n  - a"), ["Field 'description' must be a non-empty string"]),
        (
            skill("a" * 65),
            [
                f"Skill name '{'a' * 65}' exceeds 64 character limit (65 chars)",
                NOT_FOLDER("t-x", "a" * 65),
            ],
        ),
        (skill("T-x"), ["Skill name 'T-x' must be lowercase", NOT_FOLDER("t-x", "T-x")]),
        (
            skill("-t--x"),
            [
                "Skill name cannot start or end with a hyphen",
                "Skill name cannot contain consecutive hyphens",
                NOT_FOLDER("t-x", "-t--x"),
            ],
        ),
        (
            skill("t_x"),
            [
                "Skill name 't_x' contains invalid characters. "
                "Only letters, digits, and hyphens are allowed.",
                NOT_FOLDER("t-x", "t_x"),
            ],
        ),
        (skill("a²"), [NOT_FOLDER("t-x", "a2")]),
        (skill("123"), [NOT_FOLDER("t-x", "123")]),
        (
            skill("t-x", '"' + "x" * 1024 + ' "'),
            ["Description exceeds 1024 character limit (1025 chars)"],
        ),
        (
            skill("t-x", "d", "compatibility:", "  - a"),
            ["Field 'compatibility' must be a string"],
        ),
        (
            skill("t-x", "d", "compatibility: " + "x" * 501),
            ["Compatibility exceeds 500 character limit (501 chars)"],
        ),
    ],
)
def test_messages_word_for_word(text, messages):
    assert said(text) == messages


@pytest.mark.parametrize(
    "text",
    [
        skill("t-x", "d", "allowed-tools: [a, b]"),
        skill("t-x", "d", "metadata: {a: b}"),
        skill("t-x", "d", "name: t-x"),
        skill("t-x", "&a d"),
        skill("t-x", "!!str d"),
        skill("t-x", "Use: it"),
        skill("t-x", "d", "metadata:", "\ta: b"),
        "----\nname: t-x\n----\n",
        "--- name: t-x\ndescription: d\n---\n",
        skill("t-x", "d", "...", "license: MIT"),
        skill("t-x", '"a --- b"'),
    ],
)
def test_yaml_the_reference_does_not_read(text):
    (message,) = said(text)
    assert message.startswith("Invalid YAML in frontmatter: ")


def test_the_yaml_message_is_whole():
    assert said(front("a: [b]")) == [
        "Invalid YAML in frontmatter: While scanning\n"
        '  in "<unicode string>", line 2, column 4:\n'
        "    a: [b]\n"
        "       ^ (line: 2)\n"
        "Found ugly disallowed JSONesque flow mapping (surround with ' and ' to make text appear "
        'literally)\n  in "<unicode string>", line 2, column 5:\n'
        "    a: [b]\n"
        "        ^ (line: 2)"
    ]


@pytest.mark.parametrize(
    ("text", "crash"),
    [
        (b"---\nname: \xff\n---\n", "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff"),
        (front("name: \x07"), "AttributeError: 'ReaderError' object has no attribute"),
    ],
)
def test_where_the_reference_crashes_we_say_so(text, crash):
    (message,) = said(text)
    assert message.startswith("The reference validator skills-ref 0.1.1")
    assert crash in message


def test_a_front_matter_of_many_lines_ends_soon():
    with ends_soon():
        (message,) = said(front("metadata:", *(f"  k{number}: v" for number in range(50_000))))
    assert "was not asked" in message


def test_nesting_that_breaks_the_reference_is_told():
    (message,) = said(front(*(f"{' ' * depth}a:" for depth in range(1500))))
    assert "crashes" in message
    assert "RecursionError" in message


def test_paths(tmp_path):
    def of(path):
        return [verdict.message for verdict in validate_path(path)]

    folder = tmp_path / "t-x"
    assert of(folder) == [f"Path does not exist: {folder}"]
    folder.mkdir()
    assert of(folder) == ["Missing required file: SKILL.md"]
    (folder / "other.md").write_text("x")
    assert of(folder / "other.md") == [f"Not a directory: {folder / 'other.md'}"]
    (folder / "skill.md").write_text(skill("t-y"))
    assert of(folder) == [NOT_FOLDER("t-x", "t-y")]
    if not (folder / "SKILL.MD").exists():  # not where the file system ignores case
        (folder / "SKILL.md").write_text(skill())
        assert of(folder) == of(folder / "SKILL.md") == []


@given(
    st.binary(max_size=80)
    | st.text(max_size=80).map(lambda t: f"---\n{t}\n---".encode("utf-8", "replace"))
)
@settings(deadline=None, max_examples=200)
def test_any_bytes_end_in_messages(data):
    assert all(isinstance(verdict.message, str) for verdict in validate_source(data, "x"))
