"""Byte ranges of lines, joined values, items and members."""

from __future__ import annotations

import json

import pytest
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


_TRICKY = st.recursive(
    st.none() | st.booleans() | st.integers(0, 999) | st.text(alphabet='a"\\,:{}[] ', max_size=6),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.sampled_from("abc"), _TRICKY), max_size=6), st.booleans())
def test_members_are_the_same_whatever_finds_them_also_with_repeated_keys(
    pairs: list[tuple[str, object]], wide: bool
) -> None:
    comma, colon = (" ,\n", " : ") if wide else (",", ":")
    told = comma.join(f"{json.dumps(key)}{colon}{json.dumps(value)}" for key, value in pairs)
    data = ("{ " + told + " }").encode()
    found = list(object_members(data, 0))
    assert [key.decode() for key, _, _ in found] == [key for key, _ in pairs]
    assert [json.loads(data[at:end]) for _, at, end in found] == [value for _, value in pairs]


def test_a_repeated_key_whose_value_looks_like_what_follows_is_not_mistaken() -> None:
    data = b'{"a":1,"b":2,"a":{"z":0,"b":2}}'
    assert [data[at:end] for _, at, end in object_members(data, 0)] == [b"1", b"2", data[17:-1]]


@pytest.mark.parametrize("rest", [b"", b" \n", b'{"b": 2}', b"]", b"\x00"])
def test_the_end_of_a_long_value_is_the_same_whatever_follows(rest: bytes) -> None:
    value = json.dumps({"a": ["x" * 5000, {"b": "}]"}]}).encode()
    assert value_end(value + rest, 0) == len(value)
    assert value_end(value[:-1], 0) is None
