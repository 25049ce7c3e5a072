import json
import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.json_values import (
    decode,
    from_pieces,
    integer,
    line_records,
    line_type,
    member_text,
    number,
    one_line,
    pieces_without,
    top_members,
)


def test_a_stray_backslash_of_a_scrubber_is_read_as_itself() -> None:
    record = rb'{"a": "x\nb\someone \\d \u00e9"}'
    assert decode(record) == {"a": "x\nb\\someone \\d é"}


def test_control_characters_and_lone_surrogates_are_read() -> None:
    assert decode(b'{"a": "tab\there"}') == {"a": "tab\there"}
    assert decode(rb'{"a": "\ud83d"}') == {"a": "\ud83d"}
    assert math.isnan(decode(b'{"a": NaN}')["a"])


def test_broken_utf8_becomes_the_replacement_character() -> None:
    assert decode(b'{"a": "\xff"}') == {"a": "\ufffd"}


def test_nesting_without_end_is_no_value() -> None:
    assert decode(b"[" * 200_000) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(junk: bytes) -> None:
    value = decode(junk)
    assert value is None or json.dumps(value)


def test_only_numbers_are_numbers() -> None:
    assert [integer(v) for v in (True, 3, 3.0, 3.5, "3", None)] == [None, 3, 3, None, None, None]
    assert [number(v) for v in (True, 3, 0.5, math.nan, 10**400)] == [None, 3.0, 0.5, None, None]


def test_a_preview_is_one_short_line() -> None:
    assert one_line("  a\n\n b\t" + "c" * 500) == "a b " + "c" * 196


def test_members_of_a_torn_document_reach_to_its_end() -> None:
    data = b'\xef\xbb\xbf {"a": [1], "b": {"c": "x'
    members = top_members(data)
    assert [data[start:end] for start, end in members.values()] == [b"[1]", b'{"c": "x']
    assert list(members) == ["a", "b"]
    assert top_members(b"[1]") == top_members(b"") == {}


def test_pieces_leave_members_out_and_read_back() -> None:
    data = b'{"a": 1, "out": "a\\"out", "b": "x", "c": [2], "out": 3}'
    pieces = [data[start:end] for start, end in pieces_without(data, 0, len(data), {b"out"})]
    assert pieces == [b'"a": 1', b'"b": "x", "c": [2]']
    assert from_pieces(pieces) == {"a": 1, "b": "x", "c": [2]}


def test_a_member_is_given_as_it_is_written() -> None:
    record = b'{"a": {"text": "x\\ny", "list": [1,  2], "none": null}}'
    assert member_text(record, "a", "text") == "x\ny"
    assert member_text(record, "a", "list") == "[1,  2]"
    assert member_text(record, "a", "none") is member_text(record, "a", "text", "z") is None


def test_records_joined_on_a_line_are_two_and_noise_is_one() -> None:
    data = b'{"a":1}{"b":2}\nnpm WARN {"c": 3}\n\n{"torn": '
    assert [data[start:end] for start, end in line_records(data)] == [
        b'{"a":1}',
        b'{"b":2}',
        b'npm WARN {"c": 3}',
        b'{"torn":',
    ]


def test_the_type_of_a_record_is_read_from_a_cut_line_too() -> None:
    assert line_type(b'{"time":1,"type":"event","x":"cut') == "event"
    assert line_type(b'{"inner":{"type":"no"},"type":"yes"}') == "yes"
    assert line_type(b'{"inner":{"type":"no"}}') is None
    assert line_type(b'LOG {"type":"no"}') is None
