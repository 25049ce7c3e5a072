"""Spans made conversations: OTLP with GenAI and OpenInference, Langfuse, LangSmith."""

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

_TRACE = "a" * 32


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": value if isinstance(value, str) else json.dumps(value)}


def _span(name: str, parent: str, at: int, *, code: int = 0, **attributes: Any) -> dict[str, Any]:
    pairs = [{"key": key.replace("__", "."), "value": _value(v)} for key, v in attributes.items()]
    return {
        "traceId": _TRACE,
        "spanId": name,
        "parentSpanId": parent,
        "name": name,
        "startTimeUnixNano": str(1767225600_000000000 + at * 1_000_000_000),
        "endTimeUnixNano": str(1767225600_500000000 + at * 1_000_000_000),
        "attributes": pairs,
        "status": {"code": code, "message": "boom" if code else ""},
    }


def _otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "svc"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def _say(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


_ASK = _say("user", {"type": "text", "content": "Weather?\nIn Paris."})
_ASKED = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}}
_CALL = _say("assistant", {"type": "reasoning", "content": "look it up"}, _ASKED)
_BACK = _say("tool", {"type": "tool_call_response", "id": "c1", "response": "sunny"})
_END = _say("assistant", {"type": "text", "content": "It is sunny."})
_GENAI = (
    _span("agent", "", 0, gen_ai__operation__name="invoke_agent", gen_ai__agent__name="wa",
          gen_ai__conversation__id="conv"),
    _span("chat1", "agent", 1, gen_ai__operation__name="chat", gen_ai__request__model="m",
          gen_ai__system_instructions=[{"type": "text", "content": "Be kind."}],
          gen_ai__input__messages=[_ASK], gen_ai__output__messages=[_CALL],
          gen_ai__usage__input_tokens=61, gen_ai__usage__output_tokens=5,
          gen_ai__usage__cache_read__input_tokens=11),
    _span("tool1", "agent", 2, gen_ai__operation__name="execute_tool", gen_ai__tool__name="weather",
          gen_ai__tool__call__id="c1", gen_ai__tool__call__arguments={"city": "Paris"},
          gen_ai__tool__call__result="sunny"),
    _span("chat2", "agent", 3, gen_ai__operation__name="chat", gen_ai__request__model="m",
          gen_ai__system_instructions=[{"type": "text", "content": "Be kind."}],
          gen_ai__input__messages=[_ASK, _CALL, _BACK], gen_ai__output__messages=[_END],
          gen_ai__usage__input_tokens=71, gen_ai__usage__output_tokens=7),
)  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(_otlp(*_GENAI)).encode(),
        json.dumps(_otlp(*reversed(_GENAI)), indent=1).encode(),
        lines(*(_otlp(span) for span in _GENAI)),
    ],
    ids=["one object", "any order", "a line for each span"],
)
def test_genai_spans_become_a_conversation_without_repeats(tmp_path: Path, data: bytes) -> None:
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format, made.id, made.agent) == ("otlp", _TRACE, "wa")
        assert (made.session, made.model) == ("conv", "m")
        assert kinds(trace) == ["system", "user", "agent", "agent"]
        (call,) = made.steps[2].tool_calls
        assert (call.name, call.argument, call.status) == ("weather", '{"city": "Paris"}', "ok")
        assert call.duration_s == 0.5
        assert (made.totals.input, made.totals.output, made.totals.cached) == (132, 12, 11)
        assert made.started == "2026-01-01T00:00:00Z"
        body = trace.body(2)
        assert (body.reasoning, body.tool_calls[0].observation) == ("look it up", "sunny")
        assert every_text_is_found(trace) == 6
        assert made.loss.lines == 4


def test_content_that_is_off_is_not_recorded(tmp_path: Path) -> None:
    spans = (
        _span("chat", "", 1, gen_ai__operation__name="chat", gen_ai__usage__input_tokens=9),
        _span("tool", "", 2, code=2, gen_ai__operation__name="execute_tool",
              gen_ai__tool__name="ls"),
    )  # fmt: skip
    with opened(tmp_path, _otlp(*spans)) as trace:
        assert [step.preview for step in trace.trajectory.steps] == ["content not recorded", "ls:"]
        assert trace.body(0).notes == ("content: not recorded",)
        assert [c.status for c in trace.trajectory.steps[1].tool_calls] == ["error"]
        assert trace.body(1).tool_calls[0].observation == "boom"
        assert trace.trajectory.totals.input == 9


def _flat(way: str, at: int, **fields: str) -> dict[str, str]:
    start = f"llm__{way}_messages__{at}__message__"
    return {start + key: value for key, value in fields.items()}


def test_openinference_attributes_are_put_together(tmp_path: Path) -> None:
    call = {
        "tool_calls__0__tool_call__id": "k",
        "tool_calls__0__tool_call__function__name": "add",
        "tool_calls__0__tool_call__function__arguments": '{"a": 1}',
    }
    spans = (
        _span("llm", "", 1, openinference__span__kind="LLM", llm__token_count__prompt=30,
              **_flat("input", 0, role="user", content="Sum"),
              **_flat("output", 0, role="assistant", **call)),
        _span("add", "", 2, openinference__span__kind="TOOL", tool__name="add",
              input__value='{"a": 1}', output__value="2"),
        _span("llm2", "", 3, openinference__span__kind="LLM",
              **_flat("input", 0, role="user", content="Sum"),
              **_flat("input", 1, role="assistant", **call),
              **_flat("input", 2, role="tool", tool_call_id="k", content="2"),
              **_flat("output", 0, role="assistant", content="Two.")),
    )  # fmt: skip
    with opened(tmp_path, _otlp(*spans)) as trace:
        assert kinds(trace) == ["user", "agent", "agent"]
        (made,) = trace.trajectory.steps[1].tool_calls
        assert (made.name, made.status) == ("add", "ok")
        assert trace.body(1).tool_calls[0].observation == "2"
        assert trace.body(2).text == "Two."
        assert every_text_is_found(trace) == 4


def test_older_span_events_and_skill_events_are_read(tmp_path: Path) -> None:
    span = _span("chat", "", 1, gen_ai__operation__name="chat")

    def event(name: str, **told: str) -> dict[str, Any]:
        pairs = [{"key": key.replace("__", "."), "value": _value(v)} for key, v in told.items()]
        return {"name": name, "attributes": pairs}

    span["events"] = [
        event("gen_ai.user.message", content="Hi"),
        event("gen_ai.choice", message=json.dumps({"role": "assistant", "content": "Hello"})),
        event("claude_code.skill_activated", skill__name="pdf", invocation_trigger="user-slash"),
    ]
    with opened(tmp_path, _otlp(span)) as trace:
        assert [step.preview for step in trace.trajectory.steps] == ["Hi", "Hello"]
        found = [(e.skill, e.trigger) for e in trace.trajectory.skill_events]
        assert found == [("pdf", "slash")]
        assert every_text_is_found(trace) == 2


def test_subagents_are_marked_and_other_spans_counted(tmp_path: Path) -> None:
    spans = (
        *_GENAI[:3],
        _span("inner", "tool1", 2, gen_ai__operation__name="chat",
              gen_ai__input__messages=[_say("user", {"type": "text", "content": "part"})],
              gen_ai__output__messages=[_say("assistant", {"type": "text", "content": "42"})]),
        _span("db", "agent", 3, db__system="x"),
    )  # fmt: skip
    with opened(tmp_path, _otlp(*spans)) as trace:
        marked = [(s.kind, s.preview) for s in trace.trajectory.steps if "sidechain" in s.flags]
        assert marked == [("context", "part"), ("agent", "42")]
        assert ignored(trace) == {"span/other": 1}


def test_a_trace_of_something_else_shows_its_spans(tmp_path: Path) -> None:
    with opened(tmp_path, _otlp(_span("GET /", "", 1))) as trace:
        assert [(s.kind, s.preview) for s in trace.trajectory.steps] == [("event", "GET /")]


def _observation(name: str, kind: str, at: int, **more: Any) -> dict[str, Any]:
    start = f"2026-01-01T00:00:{at:02}.000Z"
    return {"id": name, "traceId": "t", "type": kind, "name": name, "startTime": start,
            "endTime": f"2026-01-01T00:00:{at:02}.500Z", "level": "DEFAULT"} | more  # fmt: skip


_CHAT = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Weather?"}]
_ANSWER = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}],
}  # fmt: skip
_LANGFUSE = {
    "trace": {"id": "t", "projectId": "p", "name": "bot", "timestamp": "2026-01-01T00:00:00Z",
              "sessionId": "s", "scores": [{"name": "tone", "value": 0},
                                           {"name": "Correctness", "value": 1}]},
    "observations": [
        _observation("outer", "GENERATION", 0, output="It is sunny."),
        _observation("g1", "GENERATION", 1, parentObservationId="outer", model="m",
                     input=json.dumps(_CHAT), output=_ANSWER,
                     usageDetails={"input": 10, "output": 2, "input_cached_tokens": 5, "total": 17},
                     costDetails={"total": 0.5}),
        _observation("weather", "TOOL", 2, parentObservationId="outer", input={"city": "Paris"},
                     output="sunny", metadata='{"attributes":{"ai.toolCall.id":"c1"}}'),
        _observation("g2", "GENERATION", 3, parentObservationId="outer", model="m",
                     input=json.dumps([*_CHAT, _ANSWER]), output=None),
        _observation("s", "SPAN", 4),
    ],
}  # fmt: skip


def test_a_langfuse_export_becomes_a_conversation(tmp_path: Path) -> None:
    with opened(tmp_path, _LANGFUSE) as trace:
        made = trace.trajectory
        assert (made.format, made.id, made.agent, made.session) == ("langfuse", "t", "bot", "s")
        assert [(s.kind, s.label) for s in made.steps] == [
            ("system", ""),
            ("user", ""),
            ("agent", ""),
            ("agent", ""),
            ("agent", "answer"),
        ]
        (call,) = made.steps[2].tool_calls
        assert (call.name, call.status, call.duration_s) == ("weather", "ok", 0.5)
        assert (made.totals.input, made.totals.cached, made.totals.cost_usd) == (15, 5, 0.5)
        assert (made.outcome.status, made.outcome.reason) == ("pass", "Correctness")
        assert trace.body(4).text == "It is sunny."
        assert trace.body(3).notes == ("content: not recorded",)
        assert every_text_is_found(trace) == 5
        assert ignored(trace) == {"span/SPAN": 1}


def _message(kind: str, **kwargs: Any) -> dict[str, Any]:
    name = ["langchain", "schema", "messages", f"{kind}Message"]
    return {"lc": 1, "type": "constructor", "id": name, "kwargs": kwargs}


def _run(name: str, kind: str, at: int, above: str = "", **more: Any) -> dict[str, Any]:
    own = f"20260101T00000{at}000000Z{name}"
    return {"id": name, "trace_id": "root", "name": name, "run_type": kind, "status": "success",
            "dotted_order": f"{above}.{own}" if above else own,
            "start_time": f"2026-01-01T00:00:0{at}", "end_time": f"2026-01-01T00:00:0{at}.25",
            "extra": {"metadata": {"thread_id": "th", "ls_model_name": "m"}}} | more  # fmt: skip


_CALLED = {"name": "weather", "args": {"city": "Paris"}, "id": "call_1", "type": "tool_call"}
_ROOT = "20260101T000000000000Zroot"
_RUNS = [
    _run("root", "chain", 0),
    _run("l1", "llm", 1, _ROOT, prompt_tokens=9, completion_tokens=3, total_cost="0.25",
         inputs={"messages": [[_message("System", content="Be kind."),
                               _message("Human", content="Weather?")]]},
         outputs={"generations": [[{"text": "", "message":
                  _message("AI", content="I look.", tool_calls=[_CALLED])}]]}),
    _run("weather", "tool", 2, _ROOT, inputs={"input": '{"city": "Paris"}'},
         outputs={"output": {"content": "sunny", "tool_call_id": "call_1"}}),
    _run("l2", "llm", 3, _ROOT, inputs={"messages": [[_message("Human", content="Weather?")]]},
         outputs={"generations": [[{"message": _message("AI", content="Sunny.")}]]}),
    _run("bad", "tool", 4, _ROOT, error="ValueError: no", status="error"),
]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [json.dumps(_RUNS).encode(), lines(*reversed(_RUNS)), json.dumps({"runs": _RUNS}).encode()],
    ids=["list", "lines in any order", "object"],
)
def test_langsmith_runs_become_a_conversation(tmp_path: Path, data: bytes) -> None:
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format, made.agent, made.session) == ("langsmith", "root", "th")
        assert kinds(trace) == ["system", "user", "agent", "agent", "event"]
        (call,) = made.steps[2].tool_calls
        assert (call.name, call.status, call.duration_s) == ("weather", "ok", 0.25)
        assert trace.body(2).tool_calls[0].observation == "sunny"
        assert (made.totals.input, made.totals.cost_usd) == (9, 0.25)
        assert made.steps[4].tool_calls[0].status == "error"
        assert made.started == "2026-01-01T00:00:00Z"
        assert every_text_is_found(trace) >= 6


def test_two_traces_in_one_file_are_two_trajectories(tmp_path: Path) -> None:
    other = [run | {"trace_id": "other", "id": run["id"] + "2"} for run in _RUNS[:2]]
    with opened_all(tmp_path, lines(*_RUNS, *other, b'{"torn')) as traces:
        assert [trace.trajectory.id for trace in traces] == ["root", "other"]
        assert sum(len(trace.trajectory.loss.unparsed) for trace in traces) == 1


@pytest.mark.parametrize(
    ("data", "format_id"),
    [
        (b'{"resourceSpans":[]}', "otlp"),
        (b'{"resource_spans":[]}', "otlp"),
        (b'{"trace":{"id":"t"},"observations":[]}', "langfuse"),
        (b'{"trace":{"id":"t","projectId":"p","timestamp":"x","input":"' + b"y" * 300_000,
         "langfuse"),
        (b'{"run_type":"llm","trace_id":"t","id":"x"}', "langsmith"),
        (b'{"trace":"no","observations":[]}', None),
    ],
)  # fmt: skip
def test_exports_are_told_by_content(data: bytes, format_id: str | None) -> None:
    assert format_of(data) == format_id
