"""What counts as a change of blanks alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.review.text_diff.blanks import change_of, ends_of, line_end, without_blanks

LINES = st.lists(st.text("ab \t\n", max_size=5), max_size=6)


def test_line_ends_alone_are_told_from_other_blanks() -> None:
    assert change_of(["a\n"], ["a\r\n"]) == "ends"
    assert change_of(["a"], ["a\n"]) == "ends"
    assert change_of(["a b\n"], ["a  b\n"]) == "blanks"
    assert change_of([], ["\n"]) == "blanks"
    assert change_of(["ab\n"], ["a\n", "b\n"]) == "blanks"
    assert change_of(["a\n"], ["b\n"]) == "text"
    assert change_of([], ["b\n"]) == "text"


def test_ends_have_names() -> None:
    assert [line_end(line) for line in ("a\n", "a\r\n", "a\r", "a", "")] == [
        "LF", "CRLF", "CR", "none", "none",
    ]  # fmt: skip
    assert ends_of(["a\r\n", "b\n", "c"]) == ("LF", "CRLF", "none")


@given(LINES, LINES)
def test_it_says_blanks_exactly_where_the_texts_without_them_are_equal(
    base: list[str], new: list[str]
) -> None:
    same = without_blanks("".join(base)) == without_blanks("".join(new))
    assert (change_of(base, new) != "text") == same
