"""Edits a model names and a program carries out: only what they mean changes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.plugin.text_edits import (
    EDIT_OPS,
    EditProblem,
    Placed,
    TextEdit,
    apply_edits,
    conflict,
    headings,
    place,
    read_edit,
)

TEXT = """\
---
name: reports
# Steps: a comment, no heading
---
# Reports

Intro.

## Steps

1. Build.
2. Sign.

### Details

Deep.

```sh
# Steps
ls
```

## Limits

One year.
"""
DETAILS = TEXT[TEXT.index("### D") : TEXT.index("## Limits")]


def edit(op: str, **more: str) -> TextEdit:
    return TextEdit("e1", "SKILL.md", op, **more)  # type: ignore[arg-type]


def after(*edits: TextEdit) -> str:
    return apply_edits(TEXT, edits).text


@pytest.mark.parametrize(
    ("made", "old", "new"),
    [
        (
            edit("insert_after", target="1. Build.", content="1b. Check."),
            "1. Build.\n",
            "1. Build.\n1b. Check.\n",
        ),
        (
            edit("insert_before", target="Sign", content="1b. Check."),
            "2. Sign.\n",
            "1b. Check.\n2. Sign.\n",
        ),
        (edit("replace_text", target="Sign", content="Seal"), "2. Sign.", "2. Seal."),
        (
            edit("replace_text", target="Build.\n2. Sign", content="Do"),
            "1. Build.\n2. Sign.",
            "1. Do.",
        ),
        (
            edit("replace_text", section="Limits", target="One year.", content="Two."),
            "One year.",
            "Two.",
        ),
        (
            edit("append_to_section", section="## Steps", content="3. Send."),
            "2. Sign.\n",
            "2. Sign.\n3. Send.\n",
        ),
        (
            edit("append_to_section", section="limits", content="Or two."),
            "One year.\n",
            "One year.\n\nOr two.\n",
        ),
        (
            edit("replace_section", section="Limits", content="None."),
            "## Limits\n\nOne year.\n",
            "## Limits\n\nNone.\n",
        ),
        (
            edit("replace_section", section="Details", content="### Details\n\nNew."),
            DETAILS,
            "### Details\n\nNew.\n\n",
        ),
        (edit("delete_section", section="Limits"), "## Limits\n\nOne year.\n", ""),
        (
            edit("add_section", section="Tips", after="Steps", content="Go."),
            "ls\n```\n",
            "ls\n```\n\n## Tips\n\nGo.\n",
        ),
        (edit("add_section", content="## Tips\nGo."), "One year.\n", "One year.\n\n## Tips\nGo.\n"),
    ],
)
def test_each_operation_changes_its_place_alone(made: TextEdit, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    assert after(made) == TEXT.replace(old, new)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (edit("insert_after", target="nowhere", content="x"), "are not in SKILL.md"),
        (edit("insert_after", target="e", content="x"), "times in SKILL.md"),
        (edit("insert_after", content="x"), "does not say which words"),
        (edit("insert_after", target="Sign", content=" \n"), "has no content"),
        (edit("append_to_section", section="Nowhere", content="x"), "is not in the file"),
        (edit("append_to_section", content="x"), "is not in the file"),
        (edit("add_section", section="steps", content="x"), "a section 'steps' already"),
        (edit("add_section", content="no heading"), "without a heading"),
        (edit("replace_text", target="Sign", content="Sign"), "changes nothing"),
        (edit("create_file", content="x"), "the whole file"),
    ],
)
def test_what_cannot_be_placed_is_refused_in_words(made: TextEdit, words: str) -> None:
    edited = apply_edits(TEXT, [made])
    assert edited.text == TEXT
    assert words in edited.refused[0][1]


def test_headings_in_code_and_front_matter_are_none() -> None:
    assert headings(TEXT) == ("Reports", "Steps", "Details", "Limits")


def test_edits_of_the_same_lines_are_refused_but_neighbours_are_not() -> None:
    one = TextEdit("a", "SKILL.md", "replace_text", target="1. Build.", content="1. Make.")
    same = TextEdit("b", "SKILL.md", "replace_text", target="Build", content="Do")
    beside = TextEdit("c", "SKILL.md", "insert_after", target="1. Build.", content="- Look.")
    edited = apply_edits(TEXT, [one, same, beside])
    assert [done.id for done in edited.done] == ["a", "c"]
    assert edited.refused == ((same, "it touches the same lines as a"),)
    assert "1. Make.\n- Look.\n2. Sign." in edited.text
    assert edited.versions[0] == TEXT.replace("1. Build.", "1. Make.")
    assert edited.versions[-1] == edited.text


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, 3), (3, 5), False),
        ((1, 3), (2, 5), True),
        ((2, 2), (1, 3), True),
        ((1, 1), (1, 3), False),
        ((3, 3), (1, 3), False),
        ((2, 2), (2, 2), False),
    ],
)
def test_conflicts(one: tuple[int, int], other: tuple[int, int], expected: bool) -> None:
    first, second = Placed(*one, ("x\n",)), Placed(*other, ("y\n",))
    assert conflict(first, second) is conflict(second, first) is expected


@pytest.mark.parametrize(
    "file", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a\\b", "a\0b", "x" * 300, "."]
)
def test_paths_out_of_the_skill_are_no_edits(file: str) -> None:
    with pytest.raises(EditProblem, match="no path in the skill"):
        read_edit({"file": file, "op": "create_file"}, "e1")


LINES = st.sampled_from(
    ["# A\n", "## B\n", "## C\n", "- x\n", "word\r\n", "\n", "```\n", "---\n", "last", "é“\n"]
)
EDITS = st.builds(
    TextEdit,
    id=st.sampled_from(["a", "b", "c"]),
    file=st.just("SKILL.md"),
    op=st.sampled_from(EDIT_OPS),
    section=st.sampled_from(["", "A", "B", "## C", "none"]),
    target=st.sampled_from(["", "word", "- x", "last", "é", "word\n\n", "# A"]),
    content=st.sampled_from(["", "new", "new\nlines\n", "## D\nnew", "new\r\n"]),
    after=st.sampled_from(["", "A", "none"]),
)


@given(st.lists(LINES, max_size=12).map("".join), st.lists(EDITS, max_size=4))
def test_any_edits_of_any_text_keep_all_other_lines(text: str, edits: list[TextEdit]) -> None:
    edited = apply_edits(text, edits)
    assert len(edited.done) == len(edited.versions)
    if not edited.done:
        assert edited.text == text
        return
    assert edited.text == edited.versions[-1]
    spots = sorted((place(text, one) for one in edited.done), key=lambda one: (one.start, one.end))
    assert not any(conflict(one, other) for one, other in pairwise(spots))
    lines = text.splitlines(keepends=True) if "\x0b" not in text else []
    touched = {line for spot in spots for line in range(spot.start, spot.end)}
    kept = [line for number, line in enumerate(lines) if number not in touched]
    rest = iter(edited.text.splitlines(keepends=True))
    for line in kept:  # every line nobody touched is there, byte for byte and in order
        ends = (line, f"{line}\n", f"{line}\r\n") if not line.endswith("\n") else (line,)
        assert any(other in ends for other in rest)
