import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.escapes import Decoded, decode_layers


def inside(text: str, ascii_only: bool = True) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()


@given(st.text(), st.booleans())
def test_text_comes_back_from_its_escaping(text: str, ascii_only: bool) -> None:
    text = text.encode(errors="replace").decode()
    assert Decoded(inside(text, ascii_only)).data.decode() == text


@given(st.text(alphabet='ab\\"\n/é😀 \t', max_size=60), st.booleans(), st.data())
def test_the_raw_bytes_of_any_part_decode_to_that_part(
    text: str, ascii_only: bool, data: st.DataObject
) -> None:
    raw = inside(text, ascii_only)
    decoded = Decoded(raw)
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    start, end = (decoded.raw(len(text[:at].encode())) for at in (first, last))
    assert Decoded(raw[start:end]).data.decode() == text[first:last]
    assert decoded.is_border(start)


@given(st.binary(max_size=200))
def test_no_bytes_make_decoding_fail(junk: bytes) -> None:
    decoded = Decoded(junk)
    assert decoded.raw(len(decoded.data)) == len(junk)
    assert len(decode_layers(junk, 3)) <= len(junk)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"\someone", rb"\someone"),
        (rb"a\\\someone", rb"a\\someone"),
        (rb"\ud83d\ude00", "😀".encode()),
        (rb"\ud83d", "\ud83d".encode("utf-8", "surrogatepass")),
        (rb"\u12", rb"\u12"),
        (b"tab\there", b"tab\there"),
        (b"ends with \\", b"ends with \\"),
    ],
)
def test_damaged_escapes_stand_for_themselves(raw: bytes, text: bytes) -> None:
    assert Decoded(raw).data == text


def test_a_position_inside_an_escaped_character_is_where_its_escape_begins() -> None:
    decoded = Decoded(rb"a\u00e9b")
    assert [decoded.raw(at) for at in range(5)] == [0, 1, 1, 7, 8]
    assert [decoded.is_border(at) for at in range(9)] == [True] * 2 + [False] * 5 + [True] * 2


def test_two_layers_come_off_one_after_the_other() -> None:
    assert decode_layers(inside(inside('say "hi"\n').decode()), 2) == b'say "hi"\n'
