"""What counts as moved text, whatever is moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.review.text_diff.moved import LEAST, Side, moved

LINES = st.sampled_from(
    [
        "Read the header before anything else.\n",
        "  Read the header before anything else.\n",
        "Write the result next to the source.\n",
        "Write the result beside the source.\n",
        "Ask when a column is missing in the file.\n",
        "short\n",
        "\n",
        "- [ ] \n",
    ]
)
SIDES = st.lists(st.lists(LINES, max_size=8).map(tuple), max_size=5)


def found(gone: list[tuple[str, ...]], come: list[tuple[str, ...]], **how: bool) -> list[object]:
    """Return moves as (from, to, pairs); hunks that gain are counted from 10."""
    moves = moved(
        [Side(at, lines) for at, lines in enumerate(gone)],
        [Side(10 + at, lines) for at, lines in enumerate(come)],
        **how,
    )
    return [
        (one.old_hunk, one.new_hunk, [(pair.old, pair.new) for pair in one.pairs]) for one in moves
    ]


A = "Read the header before anything else.\n"
B = "Write the result next to the source.\n"
C = "Ask when a column is missing in the file.\n"


def test_a_block_is_found_where_it_went() -> None:
    assert found([(A, B)], [("new\n", A, B)]) == [(0, 10, [(0, 1), (1, 2)])]


def test_text_that_stays_in_its_hunk_has_not_moved() -> None:
    assert moved([Side(3, (A, B))], [Side(3, (B, A))]) == ()


def test_short_text_is_no_move() -> None:
    short = "x" * (LEAST - 1) + "\n"
    assert found([(short,)], [(short,)]) == []
    assert found([(short, "y\n")], [(short, "y\n")]) == [(0, 10, [(0, 0), (1, 1)])]


def test_an_edited_line_is_part_of_the_block() -> None:
    edited = "Write the result right next to the source.\n"
    assert found([(A, B, C)], [(A, edited, C)]) == [(0, 10, [(0, 0), (1, 1), (2, 2)])]


def test_a_line_may_come_or_go_inside_a_block() -> None:
    assert found([(A, B, C)], [(A, C)]) == [(0, 10, [(0, 0), (2, 1)])]
    assert found([(A, C)], [(A, "new\n", C)]) == [(0, 10, [(0, 0), (1, 2)])]


def test_a_long_line_may_move_alone_and_be_edited() -> None:
    long = "When the table has no header, look at the first ten rows and say what you took it for."
    edited = long.replace("ten", "five")
    assert found([(f"{long}\n",)], [(f"{edited}\n",)]) == [(0, 10, [(0, 0)])]


def test_a_long_line_that_was_edited_where_it_stands_has_not_moved() -> None:
    long = "When the table has no header, look at the first ten rows and say what you took it for."
    gone = [Side(0, (f"{long}\n",)), Side(1, (f"{long} Now.\n",))]
    come = [Side(1, (f"{long} Later.\n",))]
    assert moved(gone, come) == ()


def test_indentation_counts_when_it_is_asked_for() -> None:
    assert found([(A,)], [(f"    {A}",)]) == [(0, 10, [(0, 0)])]
    assert found([(A,)], [(f"    {A}",)], indentation=True) == []


def test_the_same_text_in_many_places_is_no_move() -> None:
    assert found([(A,)] * 9, [(A,)]) == []


@given(SIDES, SIDES)
def test_no_line_is_in_two_blocks_and_every_block_is_of_alike_lines(
    gone: list[tuple[str, ...]], come: list[tuple[str, ...]]
) -> None:
    moves = moved(
        [Side(at, lines) for at, lines in enumerate(gone)],
        [Side(10 + at, lines) for at, lines in enumerate(come)],
    )
    seen: set[tuple[str, int, int]] = set()
    for move in moves:
        equal = 0
        for pair in move.pairs:
            old = gone[move.old_hunk][pair.old]
            new = come[move.new_hunk - 10][pair.new]
            equal += " ".join(old.split()) == " ".join(new.split())
            assert set(old.split()) & set(new.split()) or not old.strip()
            for place in (("old", move.old_hunk, pair.old), ("new", move.new_hunk, pair.new)):
                assert place not in seen
                seen.add(place)
        assert equal
        numbers = [(pair.old, pair.new) for pair in move.pairs]
        assert numbers == sorted(numbers)
        assert len({old for old, _ in numbers}) == len(numbers)


@given(st.lists(LINES, min_size=1, max_size=8).map(tuple))
def test_a_whole_hunk_that_moves_is_found(lines: tuple[str, ...]) -> None:
    ink = sum(sign.isalnum() for line in lines for sign in line)
    moves = found([lines], [lines])
    if ink >= LEAST and any(len(line) > LEAST for line in lines):
        assert moves
    if ink < LEAST:
        assert not moves
