"""Records of logs that are followed: any order of them is a file its agent could have written.

``LOGS`` has by format what a file begins with and what may come then, as often as it likes, in an
order in which they follow one another. Ids are few, so that records repeat, patch, rewind and
answer one another.
"""

from __future__ import annotations

import json
from typing import Any

from tests.unit.traces.smallest import SMALLEST

_AT = "2026-05-01T10:00:0"
Record = dict[str, Any]


def _text(text: str) -> list[Record]:
    return [{"type": "text", "text": text}]


def _pi() -> tuple[list[Record], list[Record]]:
    def entry(name: str | None, parent: str | None, **message: Any) -> Record:
        link = {} if name is None else {"id": name, "parentId": parent}
        return {"type": "message", "timestamp": f"{_AT}1Z", "message": message} | link

    def agent(name: str, parent: str | None, call: str | None = None) -> Record:
        asks = {"type": "toolCall", "id": call, "name": "bash",
                "arguments": {"command": "cat /s/skills/pdf/SKILL.md"}}  # fmt: skip
        content = [*_text(f"I am {name}"), *([asks] if call else [])]
        usage = {"input": 5, "cacheRead": 2, "output": 3, "cost": {"total": 0.1}}
        return entry(name, parent, role="assistant", content=content, model="m", usage=usage)

    def result(name: str, parent: str, call: str, *, error: bool = False) -> Record:
        return entry(name, parent, role="toolResult", toolCallId=call, toolName="bash",
                     content=_text("seen"), isError=error)  # fmt: skip

    head = {"type": "session", "version": 3, "id": "s1", "timestamp": f"{_AT}0Z", "cwd": "/w"}
    pool = [
        entry("u1", "u0", role="user", content=_text("First")),
        agent("a1", "u1", "c1"),
        result("r1", "a1", "c1"),
        result("r2", "a1", "c1", error=True),
        entry("u2", "r1", role="user", content=_text("Second")),
        agent("a2", "u2", "c2"),
        result("r3", "c2", "c2"),
        entry("u3", "a1", role="user", content=_text("Other way")),
        agent("a3", "u3"),
        agent("a4", "r2"),
        entry("u4", None, role="user", content=_text("Another root")),
        entry(None, None, role="user", content=_text("No id")),
        {"type": "model_change", "id": "m1", "parentId": "u1", "modelId": "m2", "provider": "p"},
        {"type": "session_info", "id": "i1", "parentId": "a2", "name": "A title"},
        {"type": "custom", "id": "x1", "parentId": "r1", "customType": "t", "toolCallId": "c1",
         "exitCode": 3},
        {"type": "compaction", "id": "k1", "parentId": "a2", "summary": "All so far"},
        {"type": "never_seen", "id": "n1", "parentId": "u2"},
        head,
    ]  # fmt: skip
    return [head, entry("u0", None, role="user", content=_text("Begin"))], pool


def _gemini() -> tuple[list[Record], list[Record]]:
    def agent(name: str, text: str, **more: Any) -> Record:
        tokens = {"input": 10, "output": 2, "cached": 1}
        return {"id": name, "type": "gemini", "model": "g", "content": text, "tokens": tokens,
                "timestamp": f"{_AT}2Z"} | more  # fmt: skip

    def call(status: str, **more: Any) -> Record:
        return {"id": "c1", "name": "run_shell_command", "status": status,
                "args": {"command": "cat /s/skills/pdf/SKILL.md"}} | more  # fmt: skip

    def user(name: str, text: str) -> Record:
        return {"id": name, "type": "user", "timestamp": f"{_AT}1Z", "content": text}

    answer = [{"functionResponse": {"id": "c1", "response": {"output": "Exit Code: 1"}}}]
    parts = [{"functionResponse": {"id": "c1", "name": "x", "response": {"error": "no"}}}]
    pool = [
        user("u1", "First"),
        user("u2", "Second"),
        agent("a3", "Asking", toolCalls=[call("executing")]),
        {"id": "p0", "type": "user", "parts": parts},
        {"$rewindTo": "p0"},
        agent("a1", "Working", toolCalls=[call("executing")]),
        agent("a1", "Done", toolCalls=[call("success", result=answer)]),
        agent("a2", "More", toolCalls=[call("error", result=answer)]),
        {"type": "message_update", "id": "a1", "patch": {"content": "Patched"}},
        {"type": "message_update", "id": "new", "content": "x"},
        {"id": "p1", "type": "user", "parts": parts},
        {"$rewindTo": "p1"},
        {"$rewindTo": "a1"},
        {"$rewindTo": "u2"},
        {"$rewindTo": "nobody"},
        {"$set": {"summary": "A title", "lastUpdated": f"{_AT}9Z"}},
        {"$set": {"directories": ["/s"]}},
        {"$set": {"messages": [user("u9", "Anew"), agent("a1", "Kept"), 7]}},
        {"type": "info", "id": "i1", "content": "told"},
        {"content": "no id", "id": "", "type": "user"},
        {"type": "never_seen", "x": 1},
    ]
    head = {"sessionId": "s1", "projectHash": "h", "startTime": f"{_AT}0Z"}
    return [head, user("u0", "Begin")], pool


def _qwen() -> tuple[list[Record], list[Record]]:
    def record(name: str, parent: str | None, kind: str, **more: Any) -> Record:
        return {"uuid": name, "parentUuid": parent, "sessionId": "s1", "type": kind, "cwd": "/w",
                "timestamp": f"{_AT}1Z", "version": "1"} | more  # fmt: skip

    def parts(*found: Record) -> Record:
        return {"role": "user", "parts": list(found)}

    call = {"functionCall": {"id": "c1", "name": "bash", "args": {"command": "ls"}}}
    answer = {"functionResponse": {"id": "c1", "name": "bash", "response": {"output": "a"}}}
    used = {"promptTokenCount": 5, "candidatesTokenCount": 2}
    pool = [
        record("u1", "u0", "user", message=parts({"text": "One"})),
        record("u2", "a1", "user", message=parts({"text": "Two"})),
        record("a1", "u1", "assistant", model="q", message=parts({"text": "Yes"})),
        record("a1", "u1", "assistant", message=parts(call), usageMetadata=used),
        record("a2", "u0", "assistant", message=parts({"text": "Other way"})),
        record("t1", "a1", "tool_result", message=parts(answer)),
        record("t2", "a2", "tool_result", message=parts(answer)),
        record("w1", "u0", "system", subtype="rewind", systemPayload={"x": 1}),
        record("k1", "a1", "system", subtype="chat_compression", systemPayload={"x": 1}),
        record("n1", "a1", "system", subtype="session_artifact_event", systemPayload={"x": 1}),
        record("c1", "n1", "user", subtype="cron", message=parts({"text": "Nobody typed"})),
        record("s1", "u1", "user", subtype="file_history_snapshot", message=parts({"text": "S"})),
        record("l1", "u1", "system", subtype="custom_title", systemPayload={"customTitle": "T"}),
        record("z1", "z1", "never_seen"),
    ]
    return [record("u0", None, "user", message=parts({"text": "Begin"}))], pool


def _iflow() -> tuple[list[Record], list[Record]]:
    def record(name: str, kind: str, content: Any, **more: Any) -> Record:
        return {"uuid": name, "sessionId": "session-0123abcd-1", "type": kind, "version": "1.0.0",
                "timestamp": f"{_AT}1Z",
                "message": {"role": kind, "content": content} | more}  # fmt: skip

    use = {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "ls"}}
    other = {"type": "tool_use", "id": "t2", "name": "bash", "input": {"command": "pwd"}}
    response = {"functionResponse": {"id": "t1", "response": {"output": "a.txt"}}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": {"responseParts": response}}
    pool = [
        record("u1", "user", "One"),
        record("a1", "assistant", [*_text("Yes"), use], model="i"),
        record("a2", "assistant", [use]),
        record("a3", "assistant", [use, other]),
        record("r1", "user", [result]),
        record("r2", "user", [{"type": "tool_result", "tool_use_id": "t2", "content": "b"}]),
        record("x1", "never_seen", "x"),
    ]
    head = record("a0", "assistant", _text("Hello"), id="response-1700000000000")
    return [record("u0", "user", "Begin"), head], pool


def _copilot() -> tuple[list[Record], list[Record]]:
    def event(name: str, kind: str, /, **values: Any) -> Record:
        return {"id": name, "type": kind, "timestamp": f"{_AT}1Z", "data": values}

    def asks(call: str) -> list[Record]:
        return [{"toolCallId": call, "name": "bash", "arguments": {"command": "ls"}}]

    def hook(name: str) -> Record:
        told = {"prompt": "Hooked", "sessionId": "s2"}
        return event(name, "hook.start", hookType="userPromptSubmitted", input=told)

    done = {"toolTelemetry": {"metrics": {"durationMs": 5}}, "result": {"content": "a.txt"}}
    usage = {"m": {"usage": {"inputTokens": 9, "outputTokens": 2}}}
    pool = [
        event("e1", "user.message", content="Hello"),
        hook("e2"),
        event("e3", "assistant.reasoning", content="hm"),
        event("e4", "assistant.message", messageId="m1", content="Yes", toolRequests=asks("c1")),
        event("e5", "assistant.message", messageId="m1", content="more", outputTokens=4),
        event("e6", "assistant.message", messageId="m2", content="", toolRequests=asks("c2"),
              parentToolCallId="c1"),
        event("e7", "tool.execution_start", toolCallId="c1", toolName="bash", arguments={}),
        event("e8", "tool.execution_start", toolCallId="c3", toolName="view", arguments={}),
        event("e9", "tool.execution_complete", toolCallId="c1", success=True, **done),
        event("f1", "tool.execution_complete", toolCallId="c2", success=False, **done),
        event("f2", "subagent.started", toolCallId="c1", agentDisplayName="Helper"),
        event("f3", "skill.invoked", name="pdf", content="Use it"),
        event("f4", "session.skills_loaded", skills=["pdf"]),
        event("f5", "session.shutdown", modelMetrics=usage),
        event("f6", "session.never_seen", x=1),
        event("f7", "session.start", sessionId="s3", copilotVersion="9"),
    ]  # fmt: skip
    head = event("e0", "session.start", sessionId="s1", copilotVersion="1.0", startTime=f"{_AT}0Z")
    return [head, hook("h0")], pool


def _cursor() -> tuple[list[Record], list[Record]]:
    def line(role: str, content: Any, **more: Any) -> Record:
        return {"role": role, "message": {"content": content}} | more

    use = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "Look"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "seen"}
    pool = [
        line("user", _text("<user_query>\nDo it\n</user_query>")),
        line("assistant", [*_text("Yes"), use]),
        line("user", [result]),
        line("assistant", _text("Done"), id="x"),
        {"type": "turn_ended", "status": "error", "error": "Aborted"},
        {"type": "turn_ended", "status": "success"},
        {"type": "never_seen"},
    ]
    return [line("user", _text("Begin"))], pool


def _own() -> tuple[list[Record], list[Record]]:
    head = SMALLEST["skill-workbench"][0]

    def step(at: int, **more: Any) -> Record:
        return {"index": at, "uid": f"u{at}", "kind": "agent", "text": f"Step {at}"} | more

    call = {"id": "c", "name": "bash", "argument": "ls", "arguments": "{}", "status": "error",
            "exit_code": 1, "observation": "no"}  # fmt: skip
    pool = [
        step(1, kind="user", time=f"{_AT}1Z"),
        step(2, calls=[call], metrics={"input": 4, "cost_usd": 0.1}, time=f"{_AT}2Z"),
        step(3, calls=[call], metrics={"output": 4, "cost_usd": 0.2}, flags=["copied"]),
        step(4, kind="never_seen"),
        {"something": "else"},
        head | {"id": "second"},
        head | {"id": "below", "depth": 1},
    ]
    return [head, step(0)], pool


def _openhands() -> tuple[list[Record], list[Record]]:
    def event(name: str, kind: str, **more: Any) -> Record:
        return {"id": name, "kind": kind, "timestamp": f"{_AT}1", "source": "agent"} | more

    def action(name: str, response: str, call: str) -> Record:
        asked = {"tool_name": "terminal", "tool_call_id": call, "action": {"command": "ls"}}
        thought = _text("hm")
        return event(name, "ActionEvent", llm_response_id=response, thought=thought, **asked)

    def result(name: str, of: str, code: int) -> Record:
        return event(name, "ObservationEvent", action_id=of, tool_call_id="c1",
                     observation={"content": _text("a.txt"), "exit_code": code})  # fmt: skip

    told = {"accumulated_token_usage": {"prompt_tokens": 9}, "accumulated_cost": 0.2}
    stats = {"usage_to_metrics": {"agent": told | {"model_name": "m"}}}
    pool = [
        event("e1", "MessageEvent", llm_message={"role": "user", "content": _text("More")}),
        action("e2", "r1", "c1"),
        action("e3", "r1", "c2"),
        result("e4", "e2", 0),
        result("e5", "e3", 1),
        event("e6", "AgentErrorEvent", action_id="e2", error="no"),
        event("e7", "ConversationStateUpdateEvent", key="stats", value=stats),
        event("e8", "ConversationStateUpdateEvent", key="execution_status", value="stuck"),
        event("e9", "Condensation", summary="All so far"),
        event("f1", "NeverSeenEvent"),
    ]
    message = {"role": "user", "content": _text("Begin")}
    return [event("e0", "MessageEvent", llm_message=message, activated_skills=["pdf"])], pool


def _otlp() -> tuple[list[Record], list[Record]]:
    def pairs(**values: str) -> list[Record]:
        return [
            {"key": key.replace("__", "."), "value": {"stringValue": value}}
            for key, value in values.items()
        ]

    def span(trace: str, name: str, start: int, **values: str) -> Record:
        return {"traceId": trace, "spanId": name, "name": name, "startTimeUnixNano": str(start),
                "endTimeUnixNano": str(start + 5), "attributes": pairs(**values)}  # fmt: skip

    def spans(*found: Record) -> Record:
        resource = {"attributes": pairs(service__name="svc")}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(found)}]}]}

    def log(session: str, at: int, **values: str) -> Record:
        record = {"timeUnixNano": str(at * 10**9), "body": {"stringValue": "x"},
                  "attributes": pairs(session__id=session, **values)}  # fmt: skip
        return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}

    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Go"}]}])
    said = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Gone"}]}])
    told = {"gen_ai__operation__name": "chat", "gen_ai__input__messages": asked,
            "gen_ai__output__messages": said, "gen_ai__request__model": "m"}  # fmt: skip
    tool = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "ls"}
    pool = [
        spans(span("t1", "s1", 50, **told)),
        spans(span("t1", "s2", 40, **tool), span("t2", "s3", 10, **told)),
        spans(span("t2", "s4", 20, **tool)),
        spans(span("t0", "s5", 1, **told)),
        log("l1", 9, event__name="claude_code.user_prompt", prompt="Hello"),
        log("l1", 8, event__name="claude_code.api_request", model="m", input_tokens="5"),
        log("l2", 7, event__name="claude_code.api_error", error="no"),
        {"resourceSpans": []},
    ]
    return [spans(span("t1", "s0", 30, **told))], pool


LOGS = {
    "openhands-v1": _openhands(),
    "otlp": _otlp(),
    "pi": _pi(),
    "gemini-cli": _gemini(),
    "qwen-code": _qwen(),
    "iflow": _iflow(),
    "copilot-cli": _copilot(),
    "cursor": _cursor(),
    "skill-workbench": _own(),
}


def written(record: Record) -> bytes:
    """Return a record as one line."""
    return json.dumps(record).encode() + b"\n"
