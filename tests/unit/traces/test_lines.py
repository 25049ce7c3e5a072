"""Byte ranges of lines, joined values, items and members."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.lines import (
    array_items,
    joined_values,
    line_ranges,
    object_members,
    value_end,
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_lines_leave_out_ends_blanks_and_byte_order_mark() -> None:
    data = b"\xef\xbb\xbfone\r\n\r\n  two \nlast"
    assert [data[at:end] for at, end in line_ranges(data)] == [b"one", b"two", b"last"]


@given(values=st.lists(_JSON.filter(lambda v: isinstance(v, dict | list | str)), max_size=5))
def test_values_joined_with_nothing_between_are_told_apart(values: list[object]) -> None:
    data = "".join(json.dumps(value) for value in values).encode()
    assert [json.loads(data[at:end]) for at, end in joined_values(data, 0, len(data))] == values


@given(value=st.lists(_JSON, max_size=6), indent=st.sampled_from([None, 2]))
def test_items_of_a_list_have_their_exact_bytes(value: list[object], indent: int | None) -> None:
    data = json.dumps(value, indent=indent).encode()
    assert [json.loads(data[at:end]) for at, end in array_items(data, 0)] == value


@given(value=st.dictionaries(st.text(max_size=6), _JSON, max_size=6), ascii_only=st.booleans())
def test_members_of_an_object_have_their_exact_bytes(
    value: dict[str, object], ascii_only: bool
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    found = [
        (json.loads(b'"' + key + b'"'), json.loads(data[at:end]))
        for key, at, end in object_members(data, 0)
    ]
    assert found == list(value.items())


@given(data=st.binary(max_size=60))
def test_arbitrary_bytes_are_given_without_loss_or_failure(data: bytes) -> None:
    covered = b"".join(data[at:end] for at, end in joined_values(data, 0, len(data)))
    assert covered == bytes(b for b in data if b not in b" \t\r\n") or len(covered) <= len(data)
    list(array_items(data, 0))
    list(object_members(data, 0))
    end = value_end(data, 0)
    assert end is None or 0 < end <= len(data)


def test_a_torn_value_is_the_last_range() -> None:
    data = b'{"a":1}{"b":"unfinished'
    assert [data[at:end] for at, end in joined_values(data, 0, len(data))] == [
        b'{"a":1}',
        b'{"b":"unfinished',
    ]
