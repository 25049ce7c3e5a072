"""Lines of a diff: what is shown, how it wraps, and how an edit comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.proposal import BaseFile, Change, Engine, Proposal, ProposalDraft
from workbench.files import sha256
from workbench.gui.review.diff.emphasis import hidden_characters, visible
from workbench.gui.review.diff.layout import columns_of, side_by_side, unified, wrapped
from workbench.gui.review.diff.lines import DiffLine, diff_lines
from workbench.gui.review.edit_text import lines_of, text_of
from workbench.review.hunks import hunks_of
from workbench.review.text_diff.diff import split_lines
from workbench.review.text_diff.word_diff import changed_words


def lines_for(base: str, new: str) -> tuple[DiffLine, ...]:
    data = base.encode()
    proposal = Proposal(
        "p",
        Engine("e", "1"),
        "/nowhere",
        (BaseFile("s/SKILL.md", sha256(data)),),
        ProposalDraft("edit", "t", "r", (Change("c", "s/SKILL.md", "write", new),)),
        (),
        "2026-01-01",
    )
    hunks = hunks_of(proposal, lambda _path: data)
    return diff_lines(hunks, lambda _hunk: None, lambda _path: data)


def shown(lines: tuple[DiffLine, ...]) -> list[str]:
    signs = {"remove": "-", "add": "+", "context": " ", "file": "F ", "hunk": "@ ", "note": "! "}
    return [signs[line.kind] + line.text for line in lines]


def test_a_hunk_has_three_lines_around_it_and_both_numbers() -> None:
    base = "".join(f"{number}\n" for number in range(1, 11))
    lines = lines_for(base, base.replace("5\n", "five\nmore\n"))
    assert shown(lines) == [
        "F s/SKILL.md", "@ Line 5", " 2", " 3", " 4", "-5", "+five", "+more", " 6", " 7", " 8",
    ]  # fmt: skip
    assert [(line.old, line.new) for line in lines[2:]] == [
        (2, 2), (3, 3), (4, 4), (5, 0), (0, 5), (0, 6), (6, 7), (7, 8), (8, 9),
    ]  # fmt: skip


def test_no_line_between_two_hunks_is_shown_twice() -> None:
    base = "".join(f"{number}\n" for number in range(1, 11))
    lines = lines_for(base, base.replace("3\n", "three\n").replace("6\n", "six\n"))
    assert shown(lines) == [
        "F s/SKILL.md", "@ Line 3", " 1", " 2", "-3", "+three", " 4", " 5",
        "@ Line 6", "-6", "+six", " 7", " 8", " 9",
    ]  # fmt: skip


def test_what_a_line_hides_is_spelled_out() -> None:
    assert visible("pass\u202e elif\u200b\x1b\r\n") == "pass[U+202E] elif[U+200B][U+001B]"
    assert visible("a\tb") == "a   b"
    assert hidden_characters("\ta\u202e\u202e\n") == ("U+202E",)


def test_other_line_ends_and_a_missing_last_one_are_told() -> None:
    assert "! Line ends after: CRLF" in shown(lines_for("a\nb\n", "a\nb\r\n"))
    assert "! No line end at the end of the file after" in shown(lines_for("a\nb\n", "a\nb"))


def test_the_words_that_changed_are_marked() -> None:
    before, after = changed_words(["read references/encoding.md"], ["read references/encodings.md"])
    assert before == {0: ((16, 24),)}
    assert after == {0: ((16, 25),)}
    assert changed_words(["something"], ["else 1234"]) == ({}, {})


def test_a_changed_line_is_paired_with_the_one_it_became() -> None:
    before, after = changed_words(["keep the original"], ["new", "keep the originals"])
    assert set(before) == {0}
    assert set(after) == {1}


@given(st.text(max_size=300), st.integers(8, 80))
def test_wrapping_loses_nothing_and_fits(text: str, columns: int) -> None:
    text = visible(text)
    pieces = list(wrapped(text, columns))
    assert "".join(text[start:end] for start, end in pieces) == text
    # A wide character takes two columns; nothing is narrower than one character.
    assert all(columns_of(text[start:end]) <= max(columns, 2) for start, end in pieces)


def test_wide_characters_take_two_columns() -> None:
    assert columns_of("abc") == 3
    assert columns_of("日本e\u0301") == 5


@given(st.lists(st.sampled_from(["a\n", "b\n", "c c c c c c c c\n", "d\n"]), max_size=12))
def test_every_line_is_drawn_in_one_column_and_in_two(new: list[str]) -> None:
    lines = lines_for("a\nb\nc\n", "".join(new) or "x\n")
    for layout in (unified(lines, 10).finish(), side_by_side(lines, 10).finish()):
        drawn = {
            cell.line
            for row in layout.rows
            for cell in (row.left, row.right)
            if cell is not None and cell.line >= 0
        }
        assert drawn == set(range(len(lines)))
        assert layout.height == sum(row.height for row in layout.rows)


contents = st.text(st.characters(exclude_characters="\n\r"), max_size=8)
text_lines = st.lists(st.tuples(contents, st.sampled_from(["\n", "\r\n"]))).map(
    lambda parts: tuple(content + end for content, end in parts)
)


@given(text_lines, st.booleans())
def test_unedited_text_comes_back_byte_for_byte(lines: tuple[str, ...], cut: bool) -> None:
    if cut and lines:
        last = lines[-1].rstrip("\r\n")
        lines = (*lines[:-1], *((last,) if last else ()))
    assert lines_of(text_of(lines), lines) == lines


def test_an_edited_line_takes_the_line_end_of_its_neighbours() -> None:
    like = ("one\r\n", "two\r\n")
    assert lines_of("one\nzwei\ndrei", like) == ("one\r\n", "zwei\r\n", "drei\r\n")
    assert lines_of("one", ("one",)) == ("one",)
    assert lines_of("one\ntwo", ("one",)) == ("one\n", "two")
    assert lines_of("new", (), ("old\r\n",)) == ("new\r\n",)
    assert lines_of("", ("one\n",)) == ()


def test_split_lines_agrees_with_the_field() -> None:
    text = "a\r\nb\n\nc"
    assert lines_of(text_of(split_lines(text)), split_lines(text)) == split_lines(text)
