"""A quote leads to the exact bytes, and those bytes back to the quote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.trajectory import ByteSpan
from workbench.traces.escapes import Decoded
from workbench.traces.evidence import locate_quote, span_text

_AWKWARD = st.sampled_from('"\\/bfnrtu0d8{}[]:, \n\r\té中😀\u2028\x00\x7f')
_TEXT = st.text(
    st.one_of(_AWKWARD, st.characters(exclude_categories=["Cs"])), min_size=1, max_size=60
)


def _locate(record: bytes, quote: str, *, at: int = 0, layers: int = 0) -> ByteSpan | None:
    return locate_quote([(ByteSpan(0, at, len(record), layers), record)], quote)


@given(
    text=_TEXT,
    layers=st.integers(0, 2),
    ascii_inside=st.booleans(),
    ascii_outside=st.booleans(),
    before=st.binary(max_size=9),
    data=st.data(),
)
def test_any_part_of_any_text_is_found_at_any_layer(
    text: str,
    layers: int,
    ascii_inside: bool,
    ascii_outside: bool,
    before: bytes,
    data: st.DataObject,
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    record = text.encode()
    if layers == 1:
        record = json.dumps({"n": 1, "t": [{"x": text}]}, ensure_ascii=ascii_outside).encode()
    elif layers == 2:
        inner = json.dumps({"command": text}, ensure_ascii=ascii_inside)
        record = json.dumps({"arguments": inner}, ensure_ascii=ascii_outside).encode()
    span = _locate(record, quote, at=len(before))
    assert span is not None
    in_file = (before + record)[span.offset : span.offset + span.length]
    assert len(in_file) == span.length
    assert span_text(in_file, span) == quote


@given(text=_TEXT, ascii_inside=st.booleans(), ascii_outside=st.booleans(), data=st.data())
def test_a_record_kept_in_a_string_is_searched_through_its_escapes(
    text: str, ascii_inside: bool, ascii_outside: bool, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    line = json.dumps({"text": text}, ensure_ascii=ascii_inside)
    whole = json.dumps({"stdout": line}, ensure_ascii=ascii_outside).encode()
    outer = whole.index(b'"', whole.index(b":")) + 1
    record = whole[outer : whole.rindex(b'"')]
    span = _locate(record, quote, at=outer, layers=1)
    assert span is not None
    assert span_text(whole[span.offset : span.offset + span.length], span) == quote


@given(encoded=st.binary(max_size=60))
def test_decoding_never_fails_and_keeps_its_way_back_in_order(encoded: bytes) -> None:
    decoded = Decoded(encoded)
    back = [decoded.raw(offset) for offset in range(len(decoded.data) + 1)]
    assert back == sorted(back)
    assert back[-1] <= len(encoded)


@given(record=st.binary(max_size=80), quote=st.text(max_size=8))
def test_arbitrary_bytes_never_make_it_fail(record: bytes, quote: str) -> None:
    span = _locate(record, quote)
    if span is not None:
        assert quote
        assert 0 <= span.offset <= span.offset + span.length <= len(record)


@pytest.mark.parametrize(
    ("record", "quote", "found"),
    [
        (rb'{"t":"caf\u00e9 \ud83d\ude00!"}', "é 😀", rb"\u00e9 \ud83d\ude00"),
        (rb'{"t":"caf\u00E9"}', "é", rb"\u00E9"),
        (rb'{"t":"a\/b"}', "a/b", rb"a\/b"),
        (rb'{"t":"one\r\ntwo"}', "one\r\ntwo", rb"one\r\ntwo"),
        (b'{"t":"say \\"hi\\" now"}', 'say "hi"', b'say \\"hi\\"'),
        (b'{"a":"no","b":["yes sir"]}', "yes", b"yes"),
        (rb'{"t":"half \ud83d pair"}', "half \ud83d", rb"half \ud83d"),
        (b'{"input":{"command":"ls"}}', '{"command":"ls"}', b'{"command":"ls"}'),
        (rb'{"input":{"command":"a\nb"}}', '{"command":"a\\', b'{"command":"a\\'),
    ],
)
def test_escapes_are_part_of_the_span(record: bytes, quote: str, found: bytes) -> None:
    span = _locate(record, quote)
    assert span is not None
    assert record[span.offset : span.offset + span.length] == found
    assert span_text(found, span) == quote


@pytest.mark.parametrize(
    ("record", "quote"),
    [
        (rb'{"t":"a\\nb"}', "\n"),  # an escaped backslash and an n: no line end
        (rb'{"t":"\ud83d\ude00"}', "\ud83d"),  # half a character
        (rb'{"t":"x\ny"}', "ny"),  # the n belongs to the escape
        (b'{"a":"one","b":"two"}', "onetwo"),
        (b'{"t":"text"}', "Text"),
        (b'{"t":"text"}', ""),
        (b"", "x"),
    ],
)
def test_what_a_step_does_not_say_is_not_found(record: bytes, quote: str) -> None:
    assert _locate(record, quote) is None


def test_the_first_record_that_has_it_wins_and_keeps_its_source() -> None:
    records = [
        (ByteSpan(0, 0, 9), b'{"a":"x"}'),
        (ByteSpan(1, 50, 9), b'{"a":"y"}'),
        (ByteSpan(2, 90, 9), b'{"b":"y"}'),
    ]
    assert locate_quote(records, "y") == ByteSpan(1, 56, 1, 1)


def test_python_text_in_a_string_is_not_taken_for_nested_json() -> None:
    record = json.dumps({"code": r'print("a\n")'}).encode()
    assert _locate(record, "a\n") is None
    span = _locate(record, r'print("a\n")')
    assert span is not None
    assert span.layers == 1


def test_text_nested_deeper_than_a_decoder_goes_is_text() -> None:
    record = json.dumps({"content": "[" * 200_000 + " needle"}).encode()
    span = _locate(record, "needle")
    assert span is not None
    assert record[span.offset : span.offset + span.length] == b"needle"
