import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.escapes import EscapedText, mend, peel, unescape


def inside(text: str, ascii_only: bool = True) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()


@given(st.text(), st.booleans())
def test_text_comes_back_from_its_escaping(text: str, ascii_only: bool) -> None:
    text = text.encode(errors="replace").decode()
    raw = inside(text, ascii_only)
    assert unescape(raw).decode() == text
    assert EscapedText(raw).decoded.decode() == text


@given(st.text(alphabet='ab\\"\n/é😀 \t', max_size=60), st.booleans(), st.data())
def test_the_raw_bytes_of_any_part_decode_to_that_part(
    text: str, ascii_only: bool, data: st.DataObject
) -> None:
    raw = inside(text, ascii_only)
    escaped = EscapedText(raw)
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    start, end = len(text[:first].encode()), len(text[:last].encode())
    offset, length = escaped.raw_span(start, end)
    assert unescape(raw[offset : offset + length]).decode() == text[first:last]


@given(st.binary(max_size=200))
def test_no_bytes_make_decoding_fail(junk: bytes) -> None:
    escaped = EscapedText(junk)
    assert escaped.raw_span(0, len(escaped.decoded)) == (0, len(junk))
    assert peel(junk, 3) is not None


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"\someone", rb"\someone"),
        (rb"a\\\someone", rb"a\\someone"),
        (rb"\ud83d\ude00", "😀".encode()),
        (rb"\ud83d", "\ufffd".encode()),
        (rb"\u12", rb"\u12"),
        (b"tab\there", b"tab\there"),
        (b"ends with \\", b"ends with \\"),
    ],
)
def test_damaged_escapes_stand_for_themselves(raw: bytes, text: bytes) -> None:
    assert unescape(raw) == text
    assert EscapedText(raw).decoded == text


def test_a_position_inside_an_escaped_character_is_where_its_escape_begins() -> None:
    escaped = EscapedText(rb"a\u00e9b")
    assert [escaped.raw_offset(at) for at in range(5)] == [0, 1, 1, 7, 8]


def test_two_layers_come_off_one_after_the_other() -> None:
    assert peel(inside(inside('say "hi"\n').decode()), 2) == b'say "hi"\n'


def test_a_record_with_a_stray_backslash_is_mended_for_the_parser() -> None:
    assert json.loads(mend(rb'{"a": "x\nb\someone \\d \u00e9"}')) == {"a": "x\nb\\someone \\d é"}
