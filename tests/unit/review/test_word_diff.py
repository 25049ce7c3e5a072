"""Which words changed, in prose and in scripts without blanks, within bounds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workbench.review.text_diff.word_diff import changed_spans, changed_words, pairs_of, words_of

TEXTS = st.text(st.sampled_from("ab cd.中文\u0301é👩🏽\u200d💻🇫🇷\t"), max_size=60)


def marked(old: str, new: str) -> tuple[str, str] | None:
    """Return both lines with their changed parts in brackets."""
    found = changed_spans(old, new)
    if found is None:
        return None
    lines: list[str] = []
    for text, spans in zip((old, new), found, strict=True):
        parts, at = "", 0
        for first, last in spans:
            parts += f"{text[at:first]}[{text[first:last]}]"
            at = last
        lines.append(parts + text[at:])
    return lines[0], lines[1]


def without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    kept, at = "", 0
    for first, last in spans:
        kept += text[at:first]
        at = last
    return kept + text[at:]


def test_small_crumbs_between_changes_are_changed_too() -> None:
    assert marked(
        "It will read all of the old tables first.", "It will write none of the files first."
    ) == (
        "It will [read all] of the [old tables] first.",
        "It will [write none] of the [files] first.",
    )


def test_prose_is_compared_by_words() -> None:
    assert marked(
        "When the user asks for a table, read the header first and only then decide.",
        "When someone asks for a table, read the header and the first rows, and only then decide.",
    ) == (
        "When [the user] asks for a table, read the header first and only then decide.",
        "When [someone] asks for a table, read the header [and the] first [rows,] and only then "
        "decide.",
    )


def test_scripts_without_blanks_are_compared_by_characters() -> None:
    assert marked("请先读取文件然后再写入结果", "请先打开文件然后再保存结果") == (
        "请先[读取]文件然后再[写入]结果",
        "请先[打开]文件然后再[保存]结果",
    )


def test_what_is_drawn_as_one_sign_changes_as_one() -> None:
    assert words_of("👩🏽\u200d💻 🇫🇷🇩🇪 e\u0301a") == [
        "👩🏽\u200d💻",
        " ",
        "🇫🇷",
        "🇩🇪",
        " ",
        "e\u0301a",
    ]
    assert marked("Use 👩🏽\u200d💻 to see the flag", "Use 👩🏻\u200d💻 to see the flag") == (
        "Use [👩🏽\u200d💻] to see the flag",
        "Use [👩🏻\u200d💻] to see the flag",
    )


def test_a_change_of_blanks_alone_is_marked() -> None:
    assert marked("a  b", "a b") == ("a[  ]b", "a[ ]b")


def test_lines_with_little_in_common_are_other_lines() -> None:
    assert changed_spans("something", "else 1234") is None
    assert changed_words(["something"], ["else 1234"]) == ({}, {})


def test_a_line_of_a_megabyte_is_compared_between_its_equal_ends() -> None:
    long = "word " * 200_000
    half = len(long) // 2
    found = changed_spans(long, long[:half] + "inserted " + long[half:])
    assert found == ((), ((half, half + len("inserted")),))
    other = "x" * 500_000
    assert changed_spans(long, other + long) is not None
    assert changed_spans(other, long) is None


def test_in_a_long_change_lines_are_found_within_a_window() -> None:
    old = [f"line {number} says something of its own" for number in range(400)]
    new = ["a new beginning", *(line.replace("something", "much") for line in old)]
    assert pairs_of(old, new) == [(number, number + 1) for number in range(400)]


@given(TEXTS)
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words_of(text)) == text


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_equal_save_for_blanks_at_its_edges(old: str, new: str) -> None:
    found = changed_spans(old, new)
    if found is not None:
        rest = [without(text, spans) for text, spans in zip((old, new), found, strict=True)]
        assert rest[0].split() == rest[1].split() or "".join(rest[0].split()) == "".join(
            rest[1].split()
        )
        for text, spans in zip((old, new), found, strict=True):
            bounds = [at for span in spans for at in span]
            assert bounds == sorted(bounds)
            assert all(0 <= at <= len(text) for at in bounds)


@given(st.lists(TEXTS, max_size=12), st.lists(TEXTS, max_size=12))
def test_pairs_of_lines_never_cross(old: list[str], new: list[str]) -> None:
    pairs = pairs_of(old, new)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))
