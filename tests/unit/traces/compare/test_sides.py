"""Two texts beside one another: no line is lost, and the words that differ are marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runaway import ends_soon
from workbench.domain.trajectory import StepBody, ToolBody
from workbench.traces.compare.sides import (
    LONGEST,
    changed_words,
    readable_arguments,
    side_part,
    step_sides,
)

_TEXTS = st.text(alphabet="ab \n", max_size=60)


@given(_TEXTS, _TEXTS)
def test_every_line_of_both_texts_is_shown_once_in_order(left: str, right: str) -> None:
    part = side_part("x", left, right)
    assert [one.left_text for one in part.lines if one.left is not None] == left.splitlines()
    assert [one.right_text for one in part.lines if one.right is not None] == right.splitlines()
    assert [one.left for one in part.lines if one.left] == list(
        range(1, len(left.splitlines()) + 1)
    )
    assert part.differs is (left != right)
    for line in part.lines:
        assert (line.state == "same") is (
            None not in (line.left, line.right) and line.left_text == line.right_text
        )


@given(st.text(max_size=80), st.text(max_size=80))
def test_what_is_not_marked_is_the_same_on_both_sides(left: str, right: str) -> None:
    found = changed_words(left, right)
    if found is None:
        return
    gone, came = found
    assert set(_rest(left, gone)) <= set(right)
    assert all(0 <= start < end <= len(left) for start, end in gone)
    assert all(0 <= start < end <= len(right) for start, end in came)


def _rest(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    return "".join(sign for at, sign in enumerate(text) if not any(a <= at < b for a, b in spans))


def test_the_words_that_changed_are_marked() -> None:
    found = changed_words("make -j4 all", "make -j8 all")
    assert found is not None
    assert found[0] == ((6, 8),)
    assert found[1] == ((6, 8),)
    assert changed_words("one two", "three four five six") is None
    (line,) = side_part("x", "old", "entirely new words").lines
    assert (line.state, line.left_words) == ("changed", ())


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ('{"command": "ls -la", "timeout": 5}', ["command: ls -la", "timeout: 5"]),
        ('{"content": "a\\nb", "ok": true}', ["content:", "a", "b", "ok: true"]),
        (
            '{"edits": [{"old": "x", "new": null}]}',
            ["edits:", "  0:", "    old: x", "    new: null"],
        ),
        ("git log", ["git log"]),
        ("{broken", ["{broken"]),
    ],
)
def test_arguments_are_lines_a_person_can_compare(arguments: str, lines: list[str]) -> None:
    assert readable_arguments(arguments).splitlines() == lines


@given(st.text(max_size=200))
def test_no_argument_is_too_odd(text: str) -> None:
    assert isinstance(readable_arguments(text), str)


def test_arguments_as_deep_as_can_be_read_are_shown() -> None:
    for depth in (30, 300, 900, 5000):
        assert readable_arguments('{"a":' * depth + "1" + "}" * depth)


def test_a_step_alone_shows_its_own_texts() -> None:
    call = ToolBody("1", "Bash", '{"command":"ls"}', "ok", 0, "a\nb")
    body = StepBody(0, "Look.", "", (call,))
    parts = {part.title: part for part in step_sides(body, None)}
    assert set(parts) == {"Text", "Bash: arguments", "Bash: result"}
    assert [line.state for line in parts["Bash: result"].lines] == ["left", "left"]
    both = step_sides(body, body)
    assert not any(part.differs for part in both)


def test_long_texts_are_cut_and_say_so() -> None:
    with ends_soon():
        many = "\n".join(str(n) for n in range(20_000))
        part = side_part("x", many, many.replace("700\n", "x\n"))
        assert part.differs
        one = side_part("x", "y" * (LONGEST + 5), "y" * LONGEST)
        assert (one.cut, one.differs) == (True, True)
        assert one.lines[0].state == "same"
