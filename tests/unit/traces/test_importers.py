"""What every registered format has to keep, whatever bytes it is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text
from workbench.domain.trajectory import Loss, Trajectory
from workbench.traces.escapes import decode_layers
from workbench.traces.importer import Importer
from workbench.traces.registry import best_importer, importers
from workbench.traces.source import SourceBytes, probe_bytes

_ALL = pytest.mark.parametrize("importer", importers(), ids=lambda one: str(one.id))

_KEYS = st.sampled_from(
    [
        *("type", "uuid", "parentUuid", "sessionId", "message", "content", "payload", "role"),
        *("trajectory", "history", "info", "steps", "schema_version", "item", "id", "tool_calls"),
        *("loglines", "agent_stdout_full", "attempt", "response", "action", "observation"),
    ]
)
_WORDS = st.sampled_from(
    [
        *("user", "assistant", "system", "tool_use", "tool_result", "text", "session_meta"),
        *("response_item", "event_msg", "message", "function_call", "item.completed", "turn"),
        *("thread.started", "execution_result", "task_summary", "ATIF-v1.7", "agent", "init"),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def _check(importer: Importer, data: bytes) -> None:
    probe = probe_bytes(data)
    assert importer.score(probe) >= 0
    source = SourceBytes.of_bytes(data, "/nowhere/trace")
    for trajectory in importer.skeleton([source]):
        _check_trajectory(importer, trajectory, data)


def _check_trajectory(importer: Importer, trajectory: Trajectory, data: bytes) -> None:
    assert trajectory.format == importer.id
    assert [step.index for step in trajectory.steps] == list(range(len(trajectory.steps)))
    uids = [step.uid for step in trajectory.steps]
    assert len(set(uids)) == len(uids)
    _adds_up(trajectory.loss)
    for step in trajectory.steps:
        assert len(step.preview) <= 200
        assert "\n" not in step.preview
        raw = [_record(data, span) for span in step.raw]
        results = {one.id: [_record(data, span) for span in one.result] for one in step.tool_calls}
        body = importer.body(step, raw, results)
        assert [one.id for one in body.tool_calls] == [one.id for one in step.tool_calls]
    for event in trajectory.skill_events:
        assert 0 <= event.step < len(trajectory.steps)
    for child in trajectory.children:
        _check_trajectory(importer, child, data)


def _record(data: bytes, span: object) -> bytes:
    offset, length, layers = (getattr(span, name) for name in ("offset", "length", "layers"))
    assert 0 <= offset <= offset + length <= len(data)
    return decode_layers(data[offset : offset + length], layers)


def _adds_up(loss: Loss) -> None:
    ignored = sum(entry.count for entry in loss.ignored)
    counted = loss.mapped + loss.attached + loss.duplicate + ignored + len(loss.unparsed)
    assert loss.lines == counted


@_ALL
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_never_make_a_format_fail(importer: Importer, data: bytes) -> None:
    _check(importer, data)


@_ALL
@given(values=st.lists(_VALUES, max_size=6), line_end=st.sampled_from([b"\n", b"\r\n", b""]))
def test_odd_records_never_make_a_format_fail(
    importer: Importer, values: list[object], line_end: bytes
) -> None:
    import json

    _check(importer, line_end.join(json.dumps(value).encode() for value in values))


@_ALL
@given(data=st.data())
def test_a_real_session_with_bytes_changed_never_makes_a_format_fail(
    importer: Importer, data: st.DataObject
) -> None:
    session = Session()
    session.prompt("Run it")
    session.says(text("Yes"), call("t1", "Bash", command='ls \\ "x" é'))
    session.result("t1", [{"type": "text", "text": "a\nb"}])
    session.prompt("sub", isSidechain=True, parent=None)
    whole = bytearray(session.data())
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=2))
    _check(importer, bytes(whole))


@_ALL
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"\x00" * 4096,
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"' + b"x" * 100_000,
        b"\xef\xbb\xbf",
        b"null",
        b"[]",
        b"{}",
    ],
    ids=lambda data: repr(data[:6]),
)
def test_bad_input_gives_nothing_and_no_failure(importer: Importer, data: bytes) -> None:
    _check(importer, data)


def test_ids_are_unique() -> None:
    ids = [importer.id for importer in importers()]
    assert len(set(ids)) == len(ids)
    assert {"claude-code", "claude-code-stream", "claude-code-web"} <= set(ids)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello\nworld\n", b'{"a":1}\n', b"[1,2]", b"\x00\x01", b"name: x\n---\n# Skill\n"],
)
def test_what_is_no_trace_is_no_format(data: bytes) -> None:
    assert best_importer(probe_bytes(data)) is None


_DETECTED = {
    "claude-code": [
        b'{"parentUuid":null,"sessionId":"s","type":"user","message":{"content":"x"}}\n',
        b'{"type":"user","message":{"role":"user","content":"x"}}\n',
        b'{"type":"summary","summary":"x","leafUuid":"u"}\n',
        b'npm warn\n{"type":"assistant","uuid":"u","sessionId":"s","message":{"content":[]}}\n',
        b'\xef\xbb\xbf{"type":"user","uuid":"u","sessionId":"s","message":{"content":"x"}}\r\n',
        b'{"type":"user","uuid":"u","sessionId":"s","message":{"content":"' + b"y" * 300_000,
    ],
    "claude-code-stream": [
        b'{"type":"system","subtype":"init","session_id":"s","tools":[]}\n'
        b'{"type":"assistant","session_id":"s","message":{"id":"m","content":[]}}\n',
        b'[{"type":"system","subtype":"init","session_id":"s"}]',
        b'log line\n{"type":"result","subtype":"success","num_turns":1,"total_cost_usd":0.1}\n',
    ],
    "claude-code-web": [
        b'{"loglines": [{"type":"user","message":{"content":"x"}}]}',
        b'{"session": "s", "loglines": []}',
    ],
}


@pytest.mark.parametrize(
    ("format_id", "data"), [(name, one) for name, many in _DETECTED.items() for one in many]
)
def test_formats_are_told_by_content(format_id: str, data: bytes) -> None:
    importer = best_importer(probe_bytes(data))
    assert importer is not None
    assert importer.id == format_id
