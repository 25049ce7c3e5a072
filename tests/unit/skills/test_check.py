"""Rules find what is wrong, where it is, and leave clean skills alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runaway import ends_soon
from workbench.domain.skill import SkillFile
from workbench.skills.check import CLIENTS, RULES, check_skill
from workbench.skills.edit import apply_edits
from workbench.skills.fix import fix_skill
from workbench.skills.library import read_library
from workbench.skills.read import read_skill, with_source

CLEAN = """---
name: demo
description: Turns tables into charts. Use when the user has a CSV file.
license: MIT
compatibility: Needs Python 3.11
metadata:
  author: someone
  version: "1.0"
allowed-tools: Read Bash(git:*)
---

# Demo

Read [the guide](references/guide.md) if the table is large; run `scripts/draw.py`.

```sh
python scripts/draw.py table.csv
```
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library") / "demo"
    for path in ("references/guide.md", "scripts/draw.py"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")
    (folder / "SKILL.md").write_text(CLEAN)
    return read_skill(folder)


def rules(skill, *clients):
    return [(one.severity, one.rule) for one in check_skill(skill, clients or ("agentskills",))]


def with_front(clean, *lines: str, body: str = "\nBody\n"):
    return with_source(clean, ("\n".join(["---", *lines, "---"]) + body).encode())


NAMED = ("name: demo", "description: d")
NOT_FOLDER = ("error", "name-not-folder")


def test_a_clean_skill_is_clean_for_every_client(clean):
    assert check_skill(clean, list(CLIENTS)) == ()


def test_every_rule_of_every_client_exists_and_has_a_dated_source(clean):
    for client in CLIENTS.values():
        assert set(client.rules) <= set(RULES)
        assert any(character.isdigit() for character in client.source)
        for terms in client.rules.values():
            assert "20" in terms.source
    assert {rule for client in CLIENTS.values() for rule in client.rules} == set(RULES)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", ["skill-md-empty"]),
        (b"\x7fELF\0\0", ["skill-md-binary"]),
        (b"# Title\n", ["front-matter-missing"]),
        (b"---\nname: demo\n", ["front-matter-unclosed"]),
        (b"\n\n---\nname: demo\ndescription: d\n---\nx\n", ["front-matter-late"]),
        (b"\xef\xbb\xbf---\nname: demo\ndescription: d\n---\nx\n", ["byte-order-mark"]),
        (b"---\nname: demo\ndescription: d\xff\n---\nx\n", ["not-utf8"]),
        (b"---\n---\nx\n", ["description-missing", "name-missing"]),
        (b"---\nname: demo\ndescription: d\n---\n", ["body-empty"]),
        (b"---\r\nname: demo\r\ndescription: d\n---\nx\n", ["mixed-line-ends"]),
    ],
)
def test_rules_on_the_file(clean, source, expected):
    assert [rule for _, rule in rules(with_source(clean, source))] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("name: demo",), [("error", "description-missing")]),
        (("name: demo", "description:"), [("error", "description-missing")]),
        (("name: demo", "description: ' '"), [("error", "description-missing")]),
        (("name:", "description: d"), [("error", "name-missing")]),
        (
            ("name: Demo_2", "description: d"),
            [("error", "name-format"), ("error", "name-not-folder")],
        ),
        (
            ("name: 12", "description: d"),
            [("error", "name-not-folder"), ("warning", "name-not-text")],
        ),
        (
            ("name: démo", "description: d"),
            [("warning", "name-not-ascii"), ("error", "name-not-folder")],
        ),
        (("name: 'demo '", "description: d"), [("warning", "name-padded")]),
        (("name: demo", "description: " + "x" * 1025), [("error", "description-too-long")]),
        (("name: demo", "description:", "- a"), [("warning", "description-not-text")]),
        ((*NAMED, "version: 1"), [("error", "key-not-allowed")]),
        ((*NAMED, "name: demo"), [("error", "duplicate-key")]),
        ((*NAMED, "compatibility: ''"), [("error", "compatibility-empty")]),
        ((*NAMED, "compatibility: " + "x" * 501), [("error", "compatibility-too-long")]),
        ((*NAMED, "compatibility: 3"), [("error", "compatibility-not-text")]),
        ((*NAMED, "license:", "  a: b"), [("warning", "license-not-text")]),
        ((*NAMED, "metadata: x"), [("warning", "metadata-not-map")]),
        ((*NAMED, "metadata:", "  a:", "    b: c"), [("warning", "metadata-nested")]),
        ((*NAMED, "metadata:", "  a: 1.10"), [("info", "metadata-not-text")]),
        ((*NAMED, "metadata:", "  a: x", "  a: y"), [("error", "duplicate-key")]),
        ((*NAMED, "allowed-tools:", "  - Read"), [("warning", "allowed-tools-list")]),
        ((*NAMED, "allowed-tools: Read, Bash"), [("warning", "allowed-tools-commas")]),
        ((*NAMED, "allowed-tools: Bash(a, b) Read"), []),
        ((*NAMED, "metadata: {a: b}"), [("warning", "flow-style")]),
        ((*NAMED, "license: &l MIT"), [("warning", "anchor-or-tag")]),
        (("name: demo", "description: a --- b"), [("warning", "dashes-in-front-matter")]),
        (("name: demo", "description: Use: it"), [("error", "yaml-invalid")]),
    ],
)
def test_rules_on_the_front_matter(clean, lines, expected):
    assert rules(with_front(clean, *lines)) == expected


def test_errors_behind_a_first_error_are_shown(clean):
    hidden = with_front(clean, "name: Other", "tags: [a]", "description: Use: it")
    assert [rule for _, rule in rules(hidden)] == [
        "name-format",
        "name-not-folder",
        "key-not-allowed",
        "yaml-invalid",
    ]


def test_a_wrongly_written_key_gets_the_right_one_named(clean):
    (one,) = check_skill(with_front(clean, *NAMED, "Allowed_Tools: Read"), ["agentskills"])
    assert "Did you mean 'allowed-tools'?" in one.message


def test_places_count_code_points_and_skip_the_byte_order_mark(clean):
    skill = with_source(
        clean, "\ufeff---\r\nname: demo\r\ndescription: 'é😀' # ok\r\nx: 1\r\n---\r\nB".encode()
    )
    mark, key = check_skill(skill, ["agentskills"])
    assert (mark.line, mark.column, mark.end_line, mark.end_column) == (1, 1, 1, 1)
    assert (key.rule, key.line, key.column, key.end_column) == ("key-not-allowed", 4, 1, 2)
    assert skill.source[key.span.start : key.span.end] == b"x"
    long = with_front(clean, "name: demo", "description: 'é😀" + "x" * 1030 + "'")
    (one,) = check_skill(long, ["agentskills"])
    assert (one.line, one.column, one.end_column) == (3, 14, 14 + 1034)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[a](references/absent.md)", [("broken-link", 4)]),
        ("x\n\n[a]: references/absent.md", [("broken-link", 6)]),
        ("<img src='assets/absent.png'>", [("broken-link", 4)]),
        ("![a](<references/the absent.md> 'title')", [("broken-link", 4)]),
        ("[a](References/Guide.md)", [("broken-link", 4)]),
        ("see `references/absent.md`", [("dead-reference", 4)]),
        ("see references/absent.md.", [("dead-reference", 4)]),
        ("```\nrun scripts/absent.py\n```", [("dead-reference-in-code", 5)]),
        ("[a](../other/SKILL.md)", [("link-leaves-skill", 4)]),
        (
            "```\n[a](references/absent.md)\n",
            [("unclosed-fence", 4), ("dead-reference-in-code", 5)],
        ),
        ("[a](references/guide.md#part) [b](references/) [c](./scripts/../scripts/draw.py)", []),
        (
            "[a](references/gu%69de.md) [b](https://x.y/references/a.md) [c](#part) [d](/abs)",
            [],
        ),
        ("`[a](references.md)` [b]({baseDir}/scripts/draw.py) [c](url) [e](a/{b}.md)", []),
        ("my-skill/references/absent.md scripts/*.py references/<name>.md ~/scripts/x.py", []),
        ("``` inline ``` text", []),
        ("~~~\n```\n~~~\n", []),
        ("- item\n  ```sh\n  x\n  ```\n", []),
    ],
)
def test_files_that_the_body_names(clean, body, expected):
    skill = with_source(clean, f"---\n{{name: demo, description: d}}\n---\n{body}".encode())
    found = [one for one in check_skill(skill, ["agentskills"]) if one.rule != "flow-style"]
    assert [(one.rule, one.line) for one in found] == expected
    assert all(one.severity != "error" for one in found)


def test_a_link_into_a_nested_skill_or_through_a_link_is_not_called_broken(clean):
    skill = msgspec.structs.replace(
        with_front(clean, *NAMED, body="\n[a](inner/x.md) [b](shared/y.md)\n"),
        nested=("inner",),
        files=(*clean.files, SkillFile("shared", "link", 3, "", target="../s")),
    )
    assert rules(skill) == []


def test_501_lines_are_too_many(clean):
    head = "---\nname: demo\ndescription: d\n---\n"
    assert rules(with_source(clean, (head + "x\n" * 496).encode())) == []
    assert rules(with_source(clean, (head + "x\n" * 497).encode())) == [("info", "too-many-lines")]


def test_each_client_has_its_own_verdict(clean):
    skill = with_front(clean, "name: other-claude", "description: <b>", "when_to_use: now")
    found = check_skill(skill, ["agentskills", "claude-code", "claude.ai", "codex", "vscode"])
    errors = {
        (one.rule, client) for one in found for client in one.clients if one.severity == "error"
    }
    assert errors == {
        ("name-not-folder", "agentskills"),
        ("name-not-folder", "vscode"),
        ("key-not-allowed", "agentskills"),
        ("key-not-allowed", "claude.ai"),
        ("description-angle-brackets", "claude.ai"),
    }
    merged = next(one for one in found if one.rule == "key-not-allowed")
    assert merged.clients == ("agentskills", "claude.ai")
    assert "skills-ref" in merged.source
    assert "quick_validate" in merged.source


def test_codex_collapses_white_space_before_it_counts(clean):
    spaced = with_front(clean, "name: demo", 'description: "' + "x   " * 400 + '"')
    assert rules(spaced, "codex") == []
    assert rules(spaced, "agentskills") == [("error", "description-too-long")]


def test_claude_code_says_what_its_listing_cuts(clean):
    skill = with_front(
        clean, "name: demo", "description: " + "x" * 800, "when_to_use: " + "y" * 800
    )
    assert rules(skill, "claude-code") == [("warning", "listing-cut")]


def test_reference_messages_come_in_its_order_and_with_places(clean):
    skill = with_front(clean, "z: 1", "name: t_x", "license: MIT")
    found = check_skill(skill, ["skills-ref"])
    assert [(one.rule, one.line) for one in found] == [
        ("skills-ref/unexpected-fields", 2),
        ("skills-ref/name-characters", 3),
        ("skills-ref/name-not-folder", 3),
        ("skills-ref/description-missing", 1),
    ]
    assert check_skill(clean, ["skills-ref"], named="")[0].message == (
        "Directory name '' must match skill name 'demo'"
    )


def test_an_unknown_client_is_refused(clean):
    with pytest.raises(KeyError):
        check_skill(clean, ["nobody"])


SENTENCE = "Turns tables into charts. Use when the user has a CSV file."
TWICE = CLEAN.replace("license: MIT", "name: demo")
METADATA = 'metadata:\n  author: someone\n  version: "1.0"'


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("\ufeff" + CLEAN, CLEAN, "byte-order-mark"),
        ("\n \n" + CLEAN, CLEAN, "front-matter-late"),
        (
            CLEAN.replace("Turns", "Use: Turns"),
            CLEAN.replace(SENTENCE, f"'Use: {SENTENCE}'"),
            "yaml-invalid",
        ),
        (TWICE, TWICE.replace("name: demo\n", "", 1), "duplicate-key"),
        (CLEAN.replace("Read Bash", "Read, Bash"), CLEAN, "allowed-tools-commas"),
        (
            CLEAN.replace(" Read Bash(git:*)", "\n  - Read\n  - Bash(git:*)"),
            CLEAN,
            "allowed-tools-list",
        ),
        (
            CLEAN.replace('"1.0"', "1.0 # v"),
            CLEAN.replace('"1.0"', '"1.0" # v'),
            "metadata-not-text",
        ),
        (
            CLEAN.replace(METADATA, 'metadata: {author: "someone", version: "1.0"}'),
            CLEAN.replace('"1.0"', "'1.0'"),
            "flow-style",
        ),
    ],
)
def test_safe_fixes(clean, before, after, rule):
    fixed = fix_skill(with_source(clean, before.encode()))
    assert [one.rule for one in fixed.mended] == [rule]
    assert fixed.source.decode() == after
    assert fix_skill(with_source(clean, fixed.source)).mended == ()


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf# No front matter\n",
        b"\xef\xbb\xbf---\nname: demo\ndescription: \xff\n---\nx\n",
        b"---\nname: demo\nname: other\ndescription: d\n---\nx\n",
        b"---\nname: demo\ndescription: d\nallowed-tools:\n  - Bash(git add:*)\n---\nx\n",
        b"---\nname: demo\ndescription: d\nmetadata: {a: b} # why\n---\nx\n",
    ],
)
def test_what_is_not_safe_has_no_fix(clean, source):
    skill = with_source(clean, source)
    assert check_skill(skill)
    assert fix_skill(skill).source == source


def test_fixes_of_one_rule_alone(clean):
    skill = with_source(clean, b"\xef\xbb\xbf" + CLEAN.replace("Read Bash", "Read, Bash").encode())
    fixed = fix_skill(skill, rules=["byte-order-mark"])
    assert fixed.source == skill.source[3:]


def test_a_large_file_is_checked_quickly(clean):
    lines = "| [x](references/guide.md) | `a` | ``b | references/guide.md | <a href=x> [[[[ ((( |\n"
    one_line = "`" * 3 + "x [a](" * 20_000 + "` `` " * 20_000 + "\n"
    for body in (lines * (300_000 // len(lines)), one_line, "[" * 300_000, "\n" * 300_000):
        skill = with_front(clean, *NAMED, body=f"\n{body}")
        with ends_soon():
            check_skill(skill, list(CLIENTS))


PIECES = st.sampled_from(
    [
        "---",
        "\n",
        "\r\n",
        "name",
        "description",
        "metadata",
        "allowed-tools",
        ": ",
        "x",
        "- ",
        "|",
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "#",
        "  ",
        "\t",
        "\udcff",
        "é",
        "\0",
        "](",
        "```",
        "`",
        "references/a.md",
        "../",
        ",",
        "\ufeff",
        "1.0",
        "true",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_any_text_is_checked_and_each_fix_applies(clean, text):
    data = text.encode("utf-8", "surrogateescape")
    for source in (data, b"---\nname: demo\n" + data + b"\n---\nBody\n"):
        skill = with_source(clean, source)
        for one in check_skill(skill, list(CLIENTS)):
            assert one.span is None or 0 <= one.span.start <= one.span.end <= len(source)
            if one.fix is not None:
                assert apply_edits(source, one.fix.edits) != source
        fix_skill(skill)


@pytest.mark.corpus
def test_published_skills_that_pass_the_reference_have_no_errors(corpus: Path):
    library = read_library(corpus)
    passing = [skill for skill in library.skills if not check_skill(skill, ["skills-ref"])]
    assert len(passing) > 250
    for skill in passing:
        found = check_skill(skill, ["agentskills", "claude-code", "codex"])
        assert [one for one in found if one.severity == "error"] == []


@pytest.mark.corpus
def test_what_the_reference_fails_is_explained_by_an_error_or_warning(corpus: Path):
    for skill in read_library(corpus).skills:
        if check_skill(skill, ["skills-ref"]):
            found = check_skill(skill, ["agentskills"])
            assert any(one.severity in ("error", "warning") for one in found)


@pytest.mark.corpus
def test_fixes_of_published_skills_leave_the_body_alone(corpus: Path):
    mended = 0
    for skill in read_library(corpus).skills:
        fixed = fix_skill(skill)
        mended += len(fixed.mended)
        assert with_source(skill, fixed.source).body_text == skill.body_text
    assert mended > 5
