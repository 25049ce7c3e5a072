import json
import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.json_values import decode, integer, number, one_line


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
