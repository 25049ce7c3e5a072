from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.proposal import SectionOp
from workbench.evolution.sections import (
    SectionProblem,
    apply_section_ops,
    find_heading,
    headings_of,
    newline_of,
    split_lines,
)

SKILL = """---
name: pdf
description: x
---
# PDF

Intro.

## Steps

1. Run it
2. Check it

### Details

More.

## Known pitfalls

- first

## End

Bye.
"""


def one(action, heading, content="", after=None):
    return (SectionOp(action, heading, content, after),)


def test_front_matter_is_no_heading():
    assert [h.title for h in headings_of(SKILL)] == [
        "PDF",
        "Steps",
        "Details",
        "Known pitfalls",
        "End",
    ]
    assert split_lines(SKILL)[find_heading(SKILL, "## steps").line] == "## Steps\n"


def test_append_joins_the_list_that_is_there():
    new = apply_section_ops(SKILL, one("append", "Known pitfalls", "- second\n"))
    assert new == SKILL.replace("- first\n", "- first\n- second\n")


def test_append_of_a_paragraph_keeps_its_distance():
    new = apply_section_ops(SKILL, one("append", "End", "More words."))
    assert new == SKILL + "\nMore words.\n"


def test_append_goes_before_the_subsections():
    new = apply_section_ops(SKILL, one("append", "Steps", "3. Clean up"))
    assert new == SKILL.replace("2. Check it\n", "2. Check it\n3. Clean up\n")


def test_append_creates_the_section_at_the_end():
    new = apply_section_ops(SKILL, one("append", "Limits", "None known."))
    assert new == SKILL + "\n## Limits\n\nNone known.\n"


def test_add_follows_the_whole_section():
    new = apply_section_ops(SKILL, one("add", "Next", "Text.", after="Steps"))
    assert new == SKILL.replace("More.\n\n## Known", "More.\n\n## Next\n\nText.\n\n## Known")


def test_replace_keeps_heading_and_blank_lines():
    new = apply_section_ops(SKILL, one("replace", "Known pitfalls", "- other"))
    assert new == SKILL.replace("- first", "- other")


def test_delete_takes_subsections_along():
    new = apply_section_ops(SKILL, one("delete", "Steps"))
    start, end = SKILL.index("## Steps"), SKILL.index("## Known")
    assert new == SKILL[:start] + SKILL[end:]


def test_crlf_stays_crlf():
    crlf = SKILL.replace("\n", "\r\n")
    ops = one("append", "Known pitfalls", "- second\n- third")
    new = apply_section_ops(crlf, ops)
    assert new == apply_section_ops(SKILL, ops).replace("\n", "\r\n")


def test_no_final_newline_stays_so():
    text = SKILL.rstrip("\n")
    assert apply_section_ops(text, one("append", "End", "More.")) == text + "\n\nMore."
    assert apply_section_ops(text, one("append", "New", "More.")).endswith("## New\n\nMore.")


def test_a_heading_in_a_fence_is_none():
    text = "# A\n\n```sh\n# B\n```\n\n## C\n"
    assert [h.title for h in headings_of(text)] == ["A", "C"]
    with pytest.raises(SectionProblem, match="'B'"):
        apply_section_ops(text, one("delete", "B"))


@pytest.mark.parametrize(
    "op",
    [
        SectionOp("replace", "Nowhere", "x"),
        SectionOp("delete", "Nowhere"),
        SectionOp("append", "  ", "x"),
        SectionOp("append", "Steps", " \n"),
        SectionOp("add", "New", "x", after="Nowhere"),
    ],
)
def test_what_cannot_be_done_says_so(op):
    with pytest.raises(SectionProblem):
        apply_section_ops(SKILL, (op,))


def test_newline_of_the_majority():
    assert newline_of("a\r\nb\r\nc\n") == "\r\n"
    assert newline_of("") == "\n"


lines = st.lists(
    st.sampled_from(
        ["# A", "## B", "text", "", "- item", "```", "    code", "Setext", "===", "> # Q", "---"]
    ),
    max_size=14,
)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["A", "B", "Zed"]))
def test_append_only_adds(parts, newline, final, heading):
    text = newline.join(parts) + (newline if final and parts else "")
    new = apply_section_ops(text, one("append", heading, "- zzz"))
    rest = iter(split_lines(new))
    # Every old line is still there, in order, with its line end (the last may have got one).
    for line in split_lines(text):
        assert any(found == line or found.rstrip("\r\n") == line for found in rest), line
    assert new.count("zzz") == text.count("zzz") + 1
    if newline == "\r\n" and "\r\n" in text:
        assert "\n" not in new.replace("\r\n", "")


@given(st.text(max_size=200))
def test_lines_join_to_the_text(text):
    assert "".join(split_lines(text)) == text


@given(st.text(alphabet="#ab -`\r\n>", max_size=80), st.sampled_from(["a", "b"]))
def test_any_text_is_edited_or_refused(text, heading):
    for action in ("append", "add", "replace", "delete"):
        try:
            apply_section_ops(text, one(action, heading, "x"))
        except SectionProblem:
            assert action in ("replace", "delete")
