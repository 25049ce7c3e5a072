"""Edits of the front matter change the bytes of one key and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.text import Span, TextEdit
from workbench.skills.edit import (
    apply_edits,
    front_matter_edits,
    remove_front_matter,
    rename_key,
    set_front_matter,
)
from workbench.skills.frontmatter import parse_front_matter
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill, with_source

SAMPLE = (
    b"\xef\xbb\xbf---\r\n# who we are\r\nname: 'old-name'   # keep me\r\n\r\n"
    b"description: >-\r\n  First line\r\n  second line\r\n# between\r\n"
    b"metadata: # m\r\n  version: 1.10 # v\r\n  on: yes\r\n"
    b"allowed-tools:\r\n- Read\r\n- Bash\r\nempty:\r\n---\r\n\r\n# Body\r\n---\r\ntrailing  "
)


@pytest.fixture(scope="module")
def skill(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library") / "old-name"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(SAMPLE)
    return read_skill(folder)


def changed(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Return the differing middle of two byte strings."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    limit = min(len(before), len(after)) - start
    while end < limit and before[-1 - end] == after[-1 - end]:
        end += 1
    return before[start : len(before) - end], after[start : len(after) - end]


def test_a_changed_name_keeps_its_quotes_its_comment_and_every_other_byte(skill):
    after = set_front_matter(skill, "name", "new-title")
    assert after == SAMPLE.replace(b"'old-name'", b"'new-title'")


def test_setting_the_value_there_is_changes_nothing(skill):
    assert front_matter_edits(skill, "metadata", {"version": 1.1, "on": "yes"}) == ()
    assert set_front_matter(skill, "name", "old-name") == SAMPLE


def test_a_folded_description_stays_folded_with_the_line_ends_of_the_file(skill):
    text = "word " * 60 + "end"
    after = set_front_matter(skill, "description", text)
    assert with_source(skill, after).description == text
    block = after[after.index(b"description:") : after.index(b"# between")]
    assert block.startswith(b"description: >-\r\n  word")
    assert block.count(b"\r\n") == block.count(b"\n") > 3


def test_several_lines_become_a_literal_block(skill):
    after = set_front_matter(skill, "empty", "one\n\n  two: x # no comment\n")
    assert b"empty: |\r\n  one\r\n\r\n    two: x # no comment\r\n---" in after


def test_one_long_line_stays_one_line(skill):
    after = set_front_matter(skill, "empty", "x y " * 100 + "z")
    assert b"empty: " + b"x y " * 100 + b"z\r\n" in after


def test_lists_and_maps_are_written_in_block_style(skill):
    after = set_front_matter(skill, "empty", {"a": ["x", {"b": "1"}], "c": []})
    assert b"empty:\r\n  a:\r\n    - x\r\n    - b: '1'\r\n  c: []\r\n---" in after


def test_a_new_key_goes_to_the_end_and_a_name_to_the_front(skill):
    assert b"empty:\r\nlicense: MIT\r\n---\r\n" in set_front_matter(skill, "license", "MIT")
    bare = with_source(skill, b"---\nlicense: MIT\n---\n")
    both = with_source(skill, set_front_matter(bare, "description", "Does it."))
    assert set_front_matter(both, "name", "x") == (
        b"---\nname: x\ndescription: Does it.\nlicense: MIT\n---\n"
    )


def test_a_file_without_front_matter_gets_one_after_its_byte_order_mark(skill):
    bare = with_source(skill, b"\xef\xbb\xbf# Title\r\n")
    assert set_front_matter(bare, "name", "x") == (
        b"\xef\xbb\xbf---\r\nname: x\r\n---\r\n# Title\r\n"
    )


def test_an_empty_front_matter_takes_a_key(skill):
    assert set_front_matter(with_source(skill, b"---\n---\n"), "name", "x") == (
        b"---\nname: x\n---\n"
    )


def test_a_front_matter_that_is_not_closed_is_refused(skill):
    with pytest.raises(SkillError, match="not closed"):
        set_front_matter(with_source(skill, b"---\nname: x\n"), "name", "y")


def test_removing_a_key_takes_its_lines_and_leaves_comments(skill):
    after = remove_front_matter(skill, "description")
    assert after == SAMPLE.replace(b"description: >-\r\n  First line\r\n  second line\r\n", b"")
    assert remove_front_matter(skill, "absent") == SAMPLE


def test_removing_a_key_takes_each_of_its_duplicates(skill):
    twice = with_source(skill, b"---\na: 1\nb: 2\na: 3\n---\n")
    assert remove_front_matter(twice, "a") == b"---\nb: 2\n---\n"


def test_setting_a_duplicate_changes_the_last(skill):
    twice = with_source(skill, b"---\na: 1\nb: 2\na: 3\n---\n")
    assert set_front_matter(twice, "a", 4) == b"---\na: 1\nb: 2\na: 4\n---\n"


def test_renaming_a_key_changes_the_key_alone(skill):
    assert rename_key(skill, "empty", "license") == SAMPLE.replace(b"\nempty:", b"\nlicense:")
    with pytest.raises(SkillError, match="already"):
        rename_key(skill, "empty", "name")
    with pytest.raises(SkillError, match="no key"):
        rename_key(skill, "absent", "x")


def test_front_matter_in_braces_can_be_set_but_not_extended(skill):
    braces = with_source(skill, b'---\n{name: x, "b": [1, 2]}\n---\n')
    assert set_front_matter(braces, "name", "a, b") == (b'---\n{name: "a, b", "b": [1, 2]}\n---\n')
    with pytest.raises(SkillError, match="braces"):
        set_front_matter(braces, "c", "x")
    with pytest.raises(SkillError, match="braces"):
        remove_front_matter(braces, "b")


def test_a_value_that_breaks_the_yaml_can_be_set_right(skill):
    broken = with_source(skill, b"---\nname: x\ndescription: Use: now # not a comment?\n---\n")
    assert broken.front_matter.error
    after = set_front_matter(broken, "description", "Use: now")
    assert parse_front_matter(after).error is None
    assert with_source(skill, after).description == "Use: now"


@pytest.mark.parametrize(
    "value", ["yes", "on", "1.0", "0o17", "2024-01-01", "1:30", "null", "~", ""]
)
def test_a_text_that_looks_like_something_else_is_quoted(skill, value):
    after = set_front_matter(skill, "empty", value)
    assert with_source(skill, after).front_matter.get("empty").value == value
    inner = after[after.index(b"---") + 3 : after.index(b"---\r\n\r\n# Body")]
    assert yaml.safe_load(inner)["empty"] == value


def test_what_has_no_yaml_form_is_refused(skill):
    for value in (object(), "\udc80", {"a": float("nan")}):
        with pytest.raises(SkillError):
            set_front_matter(skill, "empty", value)


def test_overlapping_edits_are_refused():
    edits = [TextEdit(Span(0, 2), "x"), TextEdit(Span(1, 3), "y")]
    with pytest.raises(SkillError, match="overlap"):
        apply_edits(b"abcd", edits)
    with pytest.raises(SkillError, match="outside"):
        apply_edits(b"abcd", [TextEdit(Span(3, 9), "")])
    assert apply_edits(b"abcd", [TextEdit(Span(3, 4), ""), TextEdit(Span(0, 1), "\xe9")]) == (
        b"\xc3\xa9bc"
    )


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(":#-'\"\\ \n\t|>[]{}&*!%@`?,~="),
    max_size=40,
)
SCALARS = TEXTS | st.integers(-(10**9), 10**9) | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc-_.", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["name", "description", "metadata", "allowed-tools", "empty", "added"])


@given(key=KEYS, value=VALUES)
@settings(deadline=None, max_examples=400)
def test_any_value_reads_back_and_all_other_bytes_stay(skill, key, value):
    after = set_front_matter(skill, key, value)
    read = parse_front_matter(after)
    assert read.error is None
    assert read.get(key).value == value
    before = {entry.key: entry for entry in skill.front_matter.entries}
    for entry in read.entries:
        if entry.key != key:
            span = before[entry.key].span
            assert after[entry.span.start : entry.span.end] == SAMPLE[span.start : span.end]
    (edit,) = front_matter_edits(skill, key, value) or (TextEdit(Span(0, 0), ""),)
    start, end = edit.span.start, edit.span.end
    assert after[:start] == SAMPLE[:start]
    assert after[len(after) - len(SAMPLE) + end :] == SAMPLE[end:]
    if key in before and start != end:
        assert before[key].key_span.end <= start <= end <= before[key].span.end


@given(text=TEXTS)
@settings(deadline=None, max_examples=400)
def test_a_yaml_1_1_reader_reads_the_same_text(skill, text):
    after = set_front_matter(with_source(skill, b"---\na: 1\n---\n"), "a", text)
    assert yaml.safe_load(after[4:-4].decode()) == {"a": text}


@given(
    source=st.lists(
        st.sampled_from(
            [
                b"---",
                b"\n",
                b"\r\n",
                b"a",
                b": ",
                b"x",
                b"|",
                b"  ",
                b"- ",
                b"#",
                b"'",
                b"\xff",
                b"\xef\xbb\xbf",
            ]
        ),
        max_size=30,
    ).map(b"".join),
    key=KEYS,
    value=SCALARS,
)
@settings(deadline=None, max_examples=300)
def test_on_any_bytes_an_edit_reads_back_or_is_refused(skill, source, key, value):
    odd = with_source(skill, source)
    try:
        after = set_front_matter(odd, key, value)
    except SkillError:
        return
    assert parse_front_matter(after).get(key).value == value


@pytest.mark.corpus
def test_an_edit_of_published_skills_changes_one_key(corpus: Path):
    from workbench.skills.library import read_library

    for one in read_library(corpus / "skills").skills:
        for entry in one.front_matter.entries:
            after = set_front_matter(one, entry.key, "other: value")
            old, _ = changed(one.source, after)
            assert old in one.source[entry.span.start : entry.span.end]
            assert with_source(one, after).body_text == one.body_text
