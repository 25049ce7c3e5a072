"""Nodes: values decoded when asked for, and their way back to the file."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.escapes import bytes_of, decode_layers
from workbench.traces.json_nodes import Node

_TEXTS = st.text(max_size=12) | st.sampled_from(['"', "\\", "a\nb", "é", "\ud83d", "𝄞", "\\u0041"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=15,
)


def _check(node: Node, value: Any, file: bytes) -> None:
    span = node.span()
    raw = file[span.offset : span.offset + span.length]
    assert decode_layers(raw, span.layers) == node.raw()
    if isinstance(value, dict):
        assert set(node.members()) == set(value)
        for key, one in value.items():
            _check(node.members()[key], one, file)
    elif isinstance(value, list):
        assert len(node.items()) == len(value)
        for item, one in zip(node.items(), value, strict=True):
            _check(item, one, file)
    else:
        assert node.value() == value
        if isinstance(value, str):
            assert node.text() == value


@given(value=_VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_every_value_is_found_where_it_stands(
    value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    file = b"\xef\xbb\xbf \n" + bytes_of(text) + b"\r\n"
    _check(Node.document(file), value, file)


@given(value=st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=3), depth=st.integers(1, 3))
def test_json_in_strings_in_strings_leads_back_to_the_file(
    value: dict[str, Any], depth: int
) -> None:
    kept: Any = value
    for _ in range(depth):
        kept = {"k": [json.dumps(kept)]}
    file = json.dumps(kept).encode()
    node: Node | None = Node.document(file)
    for level in range(1, depth + 1):
        assert node is not None
        string = node.get("k", 0)
        assert string is not None
        node = string.inside()
        assert node is not None
        assert node.span().layers == level
    assert node is not None
    _check(node, value, file)


@given(data=st.binary(max_size=60))
def test_no_bytes_make_a_node_fail(data: bytes) -> None:
    node = Node.document(data)
    for one in (node, *node.items(), *node.members().values()):
        one.value()
        one.text()
        one.string("a")
        span = one.opened().span()
        assert 0 <= span.offset <= span.offset + span.length <= len(data)


def test_torn_documents_keep_what_is_whole() -> None:
    node = Node.document(b'{"a": 1, "list": [1, {"x": 2}, {"y"')
    assert node.value("a") == 1
    assert [item.value() for item in node.members()["list"].items()] == [1, {"x": 2}]


def test_null_and_missing_are_the_same_and_the_last_of_equal_keys_wins() -> None:
    node = Node.document(b'{"a": null, "b": 1, "b": 2}')
    assert node.get("a") is None
    assert node.get("c", "d", 0) is None
    assert node.text("a") == ""
    assert node.value("b") == 2


def test_a_value_with_other_members_is_told_with_them() -> None:
    node = Node.of(b'{"role": "user", "message": {"content": "hi", "n": null}}')
    inner = node.members()["message"].members()
    other = node.with_members({**inner, "role": node.members()["role"]})
    assert other.value() == {"content": "hi", "n": None, "role": "user"}
    assert other.value("content") == "hi"
    assert other.span() == node.span()
