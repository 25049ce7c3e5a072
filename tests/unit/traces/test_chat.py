"""Chats of the model APIs: OpenAI chat lists, Responses, Anthropic messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import (
    every_text_is_found,
    format_of,
    ignored,
    kinds,
    lines,
    opened,
    opened_all,
)
from workbench.traces.chat.usage import usage_metrics


def _asks(*calls: tuple[str, str, Any], text: str | None = None) -> dict[str, Any]:
    made = [
        {"id": name, "type": "function", "function": {"name": tool, "arguments": json.dumps(args)}}
        for name, tool, args in calls
    ]
    return {"role": "assistant", "content": text, "tool_calls": made}


_CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Look\nat a"}]},
    _asks(("c1", "bash", {"command": "ls -l"}), ("c2", "read_file", {"path": "/x/a"})),
    {"role": "tool", "tool_call_id": "c2", "content": "A"},
    {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "total 0"}]},
    {"role": "assistant", "content": "Done.", "reasoning_content": "short"},
]
_BLOCKS: list[dict[str, Any]] = [
    {"role": "user", "content": "Do it"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "which?", "signature": "x"},
            {"type": "text", "text": "I try."},
            {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "false"}},
            {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "true"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True},
            {
                "type": "tool_result",
                "tool_use_id": "t2",
                "content": [{"type": "text", "text": "y"}],
            },
        ],
    },
    {"role": "assistant", "content": "End"},
]


@pytest.mark.parametrize(
    ("data", "format_id"),
    [
        (json.dumps(_CHAT).encode(), "openai-chat"),
        (json.dumps({"messages": _CHAT, "tools": []}, indent=2).encode(), "openai-chat"),
        (lines(*_CHAT), "openai-chat"),
        (lines({"messages": _CHAT}, {"messages": _CHAT}), "openai-chat"),
        (b'{"conversations":[{"from":"human","value":"x"}]}', "openai-chat"),
        (json.dumps(_BLOCKS).encode(), "anthropic-messages"),
        (json.dumps({"model": "m", "system": "s", "messages": _BLOCKS}).encode(),
         "anthropic-messages"),
        (b'{"object":"response","id":"r","output":[]}', "openai-responses"),
        (b'[{"role":"user","content":"x","type":"message"},{"type":"function_call","name":"f"}]',
         "openai-responses"),
        (b'{"role":"user"}', None),
        (b'{"raw":{"messages":[\n {"role":"user","content":"x"}\n]}}', None),
        (b'{"session_id":"s","messages":[{"role":"user","content":"x"}],"stats":{}}', "dataclaw"),
    ],
)  # fmt: skip
def test_chats_are_told_by_content(data: bytes, format_id: str | None) -> None:
    if format_id == "dataclaw":
        assert format_of(data) != "openai-chat"
    else:
        assert format_of(data) == format_id


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(_CHAT).encode(),
        json.dumps({"messages": _CHAT}, indent=1).encode(),
        lines(*_CHAT),
        b"\xef\xbb\xbf" + lines(*_CHAT).replace(b"\n", b"\r\n"),
    ],
    ids=["list", "object", "lines", "crlf and bom"],
)
def test_a_chat_becomes_the_same_steps_in_every_shape(tmp_path: Path, data: bytes) -> None:
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["system", "user", "agent", "agent"]
        step = trace.trajectory.steps[2]
        assert [(call.name, call.argument, call.status) for call in step.tool_calls] == [
            ("bash", "ls -l", "ok"),
            ("read_file", "/x/a", "ok"),
        ]
        body = trace.body(2)
        assert [call.observation for call in body.tool_calls] == ["total 0", "A"]
        assert trace.body(3).reasoning == "short"
        assert trace.trajectory.totals.input is None
        assert trace.trajectory.title == "Look at a"
        assert every_text_is_found(trace) == 8


def test_each_line_of_training_data_is_a_conversation(tmp_path: Path) -> None:
    data = lines({"messages": _CHAT}, {"messages": _CHAT[:2], "id": "second"})
    with opened_all(tmp_path, data) as traces:
        assert [trace.trajectory.id for trace in traces] == ["conversation-1", "second#2"]
        assert [len(trace.trajectory.steps) for trace in traces] == [4, 2]


def test_a_request_with_its_response_has_the_usage(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "Yes"}
    usage = {"prompt_tokens": 50, "completion_tokens": 7}
    usage_more: dict[str, Any] = {"prompt_tokens_details": {"cached_tokens": 40}}
    response = {"model": "gpt-x", "choices": [{"message": answer}], "usage": usage | usage_more}
    with opened(tmp_path, {"messages": _CHAT[:2], "response": response}) as trace:
        made = trace.trajectory
        assert made.model == "gpt-x"
        assert (made.totals.input, made.totals.output, made.totals.cached) == (50, 7, 40)
        assert trace.body(2).text == "Yes"


def test_missing_results_and_unknown_roles_are_said(tmp_path: Path) -> None:
    data = [
        _asks(("c1", "f", {})),
        {"role": "tool", "tool_call_id": "other", "content": "stale"},
        {"role": "critic", "content": "hm"},
        3,
    ]
    with opened(tmp_path, data) as trace:
        assert trace.trajectory.steps[0].tool_calls[0].status == "missing"
        assert ignored(trace) == {"result without a call": 1, "message/critic": 1, "item": 1}
        assert kinds(trace) == ["agent", "event", "event", "event"]


def test_a_torn_list_keeps_what_is_whole(tmp_path: Path) -> None:
    whole = json.dumps(_CHAT).encode()
    with opened(tmp_path, whole[: whole.index(b'"Done.') + 3]) as trace:
        assert kinds(trace) == ["system", "user", "agent"]
        assert not trace.trajectory.complete


def test_anthropic_blocks_become_calls_with_their_results(tmp_path: Path) -> None:
    with opened(tmp_path, {"system": "Be kind.", "model": "c", "messages": _BLOCKS}) as trace:
        assert kinds(trace) == ["system", "user", "agent", "agent"]
        step = trace.trajectory.steps[2]
        assert [call.status for call in step.tool_calls] == ["error", "ok"]
        assert trace.trajectory.errors == 1
        body = trace.body(2)
        assert (body.text, body.reasoning) == ("I try.", "which?")
        assert [call.observation for call in body.tool_calls] == ["no", "y"]
        assert every_text_is_found(trace) == 9


def test_a_skill_read_in_a_chat_is_seen_by_its_path(tmp_path: Path) -> None:
    data = [
        {"role": "user", "content": "x"},
        _asks(("c1", "bash", {"command": "cat /root/.claude/skills/pdf/SKILL.md"})),
        {"role": "tool", "tool_call_id": "c1", "content": "# PDF"},
    ]
    with opened(tmp_path, data) as trace:
        (event,) = trace.trajectory.skill_events
        assert (event.skill, event.kind, event.step) == ("pdf", "loaded", 1)


_RESPONSE: dict[str, Any] = {
    "object": "response",
    "id": "resp_1",
    "model": "gpt-y",
    "created_at": 1767225600,
    "status": "completed",
    "instructions": "Be exact.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Sum"}]},
        {"type": "function_call", "call_id": "f1", "name": "add", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "f1", "output": "3"},
    ],
    "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "easy"}]},
        {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"query": "q"}},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "3!"}],
        },
        {"type": "brand_new", "x": 1},
    ],
    "usage": {
        "input_tokens": 30,
        "output_tokens": 9,
        "input_tokens_details": {"cached_tokens": 20},
        "output_tokens_details": {"reasoning_tokens": 4},
    },
}


def test_a_response_becomes_one_step_with_its_usage(tmp_path: Path) -> None:
    with opened(tmp_path, _RESPONSE) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["system", "user", "agent", "agent", "event"]
        assert (made.id, made.model, made.started) == ("resp_1", "gpt-y", "2026-01-01T00:00:00Z")
        assert [call.status for step in made.steps for call in step.tool_calls] == ["ok", "ok"]
        assert (made.totals.input, made.totals.cached, made.totals.reasoning) == (30, 20, 4)
        assert made.steps[3].metrics == made.totals
        body = trace.body(3)
        assert (body.text, body.reasoning) == ("3!", "easy")
        assert ignored(trace) == {"item/brand_new": 1}
        assert every_text_is_found(trace) >= 8


def test_a_failed_response_says_why(tmp_path: Path) -> None:
    failed = _RESPONSE | {"status": "failed", "error": {"message": "overloaded"}}
    with opened(tmp_path, failed) as trace:
        assert trace.trajectory.outcome.status == "infra"
        assert trace.trajectory.outcome.reason == "overloaded"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 2}, (10, 2, None)),
        ({"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 5}, (15, 2, 5)),
        ({"input_tokens": 10, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}},
         (10, 2, 4)),
    ],
)  # fmt: skip
def test_input_always_includes_the_cache(
    usage: dict[str, Any], expected: tuple[int, int, int | None]
) -> None:
    made = usage_metrics(usage)
    assert made is not None
    assert (made.input, made.output, made.cached) == expected


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_no_usage_is_not_zero(usage: dict[str, Any]) -> None:
    assert usage_metrics(usage) is None


_ITEMS = [
    {"type": "message", "role": "user", "content": "weather?"},
    {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "look"}]},
    {"type": "function_call", "call_id": "c", "name": "weather", "arguments": '{"city":"Paris"}'},
    {"type": "function_call_output", "call_id": "c", "output": "sunny"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Sun."}]},
]


def _stream(*, cut: bool, sse: bool) -> bytes:
    whole = {"id": "resp", "object": "response", "model": "m", "status": "completed",
             "output": _ITEMS[1:3], "usage": {"input_tokens": 7, "output_tokens": 3}}  # fmt: skip
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": whole | {"output": [], "usage": None}},
        {"type": "response.output_text.delta", "delta": "l"},
        {"type": "response.output_item.done", "output_index": 0, "item": _ITEMS[1]},
        {"type": "response.output_item.done", "output_index": 1, "item": _ITEMS[2]},
    ]
    if not cut:
        events.append({"type": "response.completed", "response": whole})
    told = [json.dumps(event) for event in events]
    if sse:
        pairs = zip(events, told, strict=True)
        return "".join(f"event: {e['type']}\ndata: {t}\n\n" for e, t in pairs).encode()
    return "\n".join(told).encode()


@pytest.mark.parametrize("sse", [True, False], ids=["server-sent events", "lines"])
@pytest.mark.parametrize("cut", [True, False], ids=["cut", "whole"])
def test_a_stream_of_events_is_one_response(tmp_path: Path, *, cut: bool, sse: bool) -> None:
    data = _stream(cut=cut, sse=sse)
    assert format_of(data) == "openai-responses"
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["agent"]
        assert trace.body(0).reasoning == "look"
        assert [call.name for call in made.steps[0].tool_calls] == ["weather"]
        assert made.totals.input == (None if cut else 7)
        assert made.loss.duplicate == (2 if cut else 4)
        assert made.complete is not cut
        assert every_text_is_found(trace) == 2


@pytest.mark.parametrize("as_lines", [True, False])
def test_items_alone_are_a_conversation(tmp_path: Path, *, as_lines: bool) -> None:
    data = lines(*_ITEMS, b"{torn") if as_lines else json.dumps(_ITEMS).encode()
    assert format_of(data) == "openai-responses"
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent", "agent"]
        assert trace.body(1).tool_calls[0].observation == "sunny"
        assert len(trace.trajectory.loss.unparsed) == as_lines
        assert every_text_is_found(trace) == 5


def test_a_line_of_a_batch_holds_its_response_in_a_body(tmp_path: Path) -> None:
    body = {"id": "r", "object": "response", "model": "m", "output": _ITEMS[4:]}
    data = lines({"id": "b", "custom_id": "q1", "response": {"status_code": 200, "body": body}})
    assert format_of(data) == "openai-responses"
    with opened(tmp_path, data) as trace:
        assert [step.preview for step in trace.trajectory.steps] == ["Sun."]


def test_items_of_others_are_not_taken_for_this_apis() -> None:
    grok = lines(
        {"type": "user", "content": "hi"}, {"type": "reasoning", "summary": []},
        {"type": "tool_result", "output": "x"},
    )  # fmt: skip
    assert format_of(grok) is None
    assert format_of(b'{"id": "p", "type": "reasoning", "text": "hm"}') is None
