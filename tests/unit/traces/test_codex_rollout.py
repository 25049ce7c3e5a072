import json
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.trajectory import StepBody, Trajectory
from workbench.traces.formats.codex_rollout import CodexRollout
from workbench.traces.open import OpenTrace, detect, open_traces
from workbench.traces.source import SourceBytes

META = {"id": "own", "cwd": "/srv", "cli_version": "0.146.0", "timestamp": "2026-05-01T10:00:00Z"}


def line(kind: str, payload: dict[str, Any], at: str = "2026-05-01T10:00:01Z") -> str:
    return json.dumps({"timestamp": at, "type": kind, "payload": payload})


def item(**payload: Any) -> str:
    return line("response_item", payload)


def event(kind: str, **payload: Any) -> str:
    return line("event_msg", {"type": kind, **payload})


def user(text: str) -> str:
    return item(type="message", role="user", content=[{"type": "input_text", "text": text}])


def assistant(text: str) -> str:
    return item(type="message", role="assistant", content=[{"type": "output_text", "text": text}])


def call(call_id: str, command: str, name: str = "exec_command") -> str:
    return item(
        type="function_call", name=name, call_id=call_id, arguments=json.dumps({"cmd": command})
    )


def output(call_id: str, text: Any) -> str:
    return item(type="function_call_output", call_id=call_id, output=text)


def count(last: int, total: int, cached: int = 0) -> str:
    def usage(tokens: int) -> dict[str, int]:
        return {"input_tokens": tokens, "cached_input_tokens": cached, "output_tokens": 5}

    return event(
        "token_count", info={"last_token_usage": usage(last), "total_token_usage": usage(total)}
    )


def read(*lines: str) -> Trajectory:
    text = "\n".join([line("session_meta", META), *lines])
    return next(iter(CodexRollout().skeleton([SourceBytes.of_bytes(text.encode(), "x")])))


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    traces: list[OpenTrace] = []

    def open_lines(*lines: str) -> OpenTrace:
        path = tmp_path / f"rollout-{len(traces)}.jsonl"
        path.write_text("\n".join([line("session_meta", META), *lines]) + "\n")
        assert detect(path) == "codex-rollout"
        traces.extend(open_traces(path))
        return traces[-1]

    yield open_lines
    for trace in traces:
        trace.close()


def bodies(trace: OpenTrace) -> list[StepBody]:
    return [trace.body(step.index) for step in trace.trajectory.steps]


def test_an_api_call_ends_at_its_token_count() -> None:
    made = read(
        user("go"),
        call("a", "ls"),
        call("b", "pwd"),
        count(100, 100, 80),
        output("a", "x"),
        output("b", "y"),
        assistant("Done."),
        count(150, 250, 90),
    )
    agents = [step for step in made.steps if step.kind == "agent"]
    assert [[c.id for c in step.tool_calls] for step in agents] == [["a", "b"], []]
    assert [step.metrics and step.metrics.input for step in agents] == [100, 150]
    assert (made.totals.input, made.totals.cached, made.totals.output) == (250, 170, 10)


def test_a_repeated_total_brings_no_new_usage() -> None:
    made = read(user("go"), assistant("Hi."), count(100, 100), count(100, 100))
    assert made.totals.input == 100
    assert made.loss.duplicate == 1


def test_totals_alone_are_differenced_and_never_summed() -> None:
    def total(tokens: int) -> str:
        return event("token_count", info={"total_token_usage": {"input_tokens": tokens}})

    made = read(user("a"), assistant("A"), total(100), user("b"), assistant("B"), total(250))
    assert made.totals.input == 250
    assert [s.metrics.input for s in made.steps if s.metrics] == [100, 150]


def test_usage_that_was_not_recorded_is_none() -> None:
    made = read(user("go"), assistant("Hi."), event("token_count", info=None))
    assert made.totals.input is None
    assert [entry.kind for entry in made.loss.ignored] == ["event_msg/token_count without usage"]


def test_output_of_a_tool_ends_the_call_in_files_without_counts() -> None:
    made = read(user("go"), call("a", "ls"), output("a", "x"), call("b", "pwd"), output("b", "y"))
    assert [len(step.tool_calls) for step in made.steps if step.kind == "agent"] == [1, 1]


@pytest.mark.parametrize("event_first", [True, False])
def test_a_text_told_three_times_is_shown_once(opened: Any, event_first: bool) -> None:
    pair = [event("agent_message", message="Found it."), assistant("Found it.")]
    told = event(
        "item_completed",
        item={
            "type": "AgentMessage",
            "id": "m",
            "content": [{"type": "Text", "text": "Found it."}],
        },
    )
    trace = opened(user("q"), *(pair if event_first else reversed(pair)), told)
    texts = [body.text for body in bodies(trace)]
    assert texts == ["q", "Found it."]
    assert trace.trajectory.loss.duplicate == 2
    assert trace.trajectory.messages == 2


def test_the_same_answer_in_two_turns_is_two_answers() -> None:
    turn = [user("next"), event("user_message", message="next")]
    reply = [event("agent_message", message="Ok"), assistant("Ok")]
    made = read(*turn, *reply, *turn, *reply)
    assert [step.preview for step in made.steps] == ["next", "Ok", "next", "Ok"]
    assert [step.turn for step in made.steps] == [1, 1, 2, 2]


def test_events_alone_still_make_the_steps() -> None:
    made = read(event("user_message", message="hi"), event("agent_message", message="hello"))
    assert [(step.kind, step.preview) for step in made.steps] == [
        ("user", "hi"),
        ("agent", "hello"),
    ]


def test_reasoning_summaries_and_their_events_are_one_reasoning(opened: Any) -> None:
    parts = [{"type": "summary_text", "text": text} for text in ("First.", "Second.")]
    trace = opened(
        user("q"),
        event("agent_reasoning", text="First."),
        event("agent_reasoning", text="Second."),
        item(type="reasoning", summary=parts, encrypted_content="x"),
        assistant("A"),
    )
    assert [body.reasoning for body in bodies(trace)] == ["", "First.\n\nSecond."]


@pytest.mark.parametrize(
    ("text", "status", "exit_code"),
    [
        ('{"output":"no\\n","metadata":{"exit_code":2,"duration_seconds":0.5}}', "error", 2),
        ("Exit code: 0\nWall time: 0.5 seconds\nOutput:\nExit code: 7\n", "ok", 0),
        (
            "Chunk ID: 1\nWall time: 0.5000 seconds\nProcess exited with code 1\nOutput:\nx",
            "error",
            1,
        ),
        ("Process running with session ID 7\nOutput:\nx", "running", None),
        ("exec command rejected by user", "rejected", None),
        ("aborted by user after 1.2s", "cancelled", None),
        ("plain text", "ok", None),
        ({"content": "bad", "success": False}, "error", None),
        ({"stdout": "line", "stderr": "", "exitCode": 3}, "error", 3),
        ([{"type": "input_text", "text": '{"output":"2 passed","exit_code":0}'}], "ok", 0),
        (None, "ok", None),
    ],
)
def test_status_and_exit_code_come_from_every_shape_of_output(
    text: Any, status: str, exit_code: int | None
) -> None:
    made = read(user("go"), call("a", "make"), output("a", text))
    found = made.steps[-1].tool_calls[0]
    assert (found.status, found.exit_code) == (status, exit_code)


def test_wall_time_of_an_output_is_the_duration_of_its_call() -> None:
    made = read(call("a", "make"), output("a", "Exit code: 0\nWall time: 1.5 seconds\nOutput:\n"))
    assert made.steps[-1].tool_calls[0].duration_s == 1.5


@pytest.mark.parametrize(
    "arguments", ['{"cmd":"ls -la"}', {"cmd": "ls -la"}, {"command": ["bash", "-lc", "ls -la"]}]
)
def test_drifted_arguments_are_understood(arguments: Any) -> None:
    made = read(item(type="function_call", name="shell", call_id="a", arguments=arguments))
    assert made.steps[-1].tool_calls[0].argument == "ls -la"


def test_missing_arguments_leave_the_argument_empty(opened: Any) -> None:
    trace = opened(item(type="function_call", name="shell", call_id="a", arguments=None))
    assert trace.trajectory.steps[-1].tool_calls[0].argument == ""
    assert bodies(trace)[-1].tool_calls[0].arguments == ""


def test_end_events_give_exit_code_and_duration_to_their_call(opened: Any) -> None:
    trace = opened(
        user("go"),
        call("a", "make"),
        event(
            "exec_command_end",
            call_id="a",
            exit_code=2,
            duration={"secs": 1, "nanos": 500_000_000},
            aggregated_output="broken",
            status="failed",
        ),
        output("a", "make: broken"),
    )
    found = trace.trajectory.steps[-1].tool_calls[0]
    assert (found.status, found.exit_code, found.duration_s) == ("error", 2, 1.5)
    assert bodies(trace)[-1].tool_calls[0].observation == "make: broken"
    assert trace.trajectory.tool_calls == trace.trajectory.errors == 1


def test_an_end_event_without_its_call_becomes_the_call(opened: Any) -> None:
    trace = opened(
        event(
            "mcp_tool_call_end",
            call_id="m",
            invocation={"server": "mail", "tool": "find", "arguments": {"query": "bill"}},
            result={"Err": "no access"},
            duration={"secs": 0, "nanos": 4_000_000},
        ),
        event("patch_apply_end", call_id="p", success=True, changes={"/srv/a.py": {}}),
    )
    mail, patch = (step.tool_calls[0] for step in trace.trajectory.steps)
    assert (mail.name, mail.argument, mail.status, mail.duration_s) == (
        "mail.find",
        "bill",
        "error",
        0.004,
    )
    assert (patch.name, patch.files, patch.status) == ("apply_patch", ("/srv/a.py",), "ok")
    assert bodies(trace)[0].tool_calls[0].observation == "no access"


def test_the_tools_a_search_found_are_its_result(opened: Any) -> None:
    trace = opened(
        item(
            type="tool_search_call", call_id="s", arguments={"query": "files"}, status="completed"
        ),
        item(type="tool_search_output", call_id="s", tools=[{"name": "read_file"}]),
    )
    told = bodies(trace)[0].tool_calls[0].observation
    assert json.loads(told or "") == [{"name": "read_file"}]


def test_a_repeated_call_id_makes_two_calls_and_a_third_answer_is_a_duplicate() -> None:
    made = read(
        call("d", "a"), call("d", "b"), output("d", "1"), output("d", "2"), output("d", "3")
    )
    calls = made.steps[-1].tool_calls
    assert [c.id for c in calls] == ["d", "d#2"]
    assert all(len(c.result) == 1 for c in calls)
    assert made.loss.duplicate == 1


def test_an_answer_without_a_call_is_shown_and_counted() -> None:
    made = read(output("nobody", "orphan"))
    assert made.steps[-1].kind == "event"
    assert made.loss.ignored[0].kind == "function_call_output without its call"


def test_a_call_without_an_answer_is_missing_and_an_aborted_one_cancelled() -> None:
    assert read(call("a", "ls")).steps[-1].tool_calls[0].status == "missing"
    made = read(user("x"), call("a", "ls"), event("turn_aborted", reason="interrupted"))
    assert made.steps[1].tool_calls[0].status == "cancelled"
    assert "interrupted" in made.steps[1].flags
    assert (made.steps[2].label, made.steps[2].preview) == ("turn_aborted", "interrupted")


def test_legacy_files_without_payload_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    records = [
        {"id": "old", "timestamp": "2025-06-01T10:00:00Z", "instructions": None, "git": {}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "c"},
        {
            "type": "function_call_output",
            "call_id": "c",
            "output": '{"output":"out","metadata":{"exit_code":1}}',
        },
    ]
    path.write_text("\n".join(map(json.dumps, records)))
    with open_traces(path)[0] as trace:
        made = trace.trajectory
        assert (made.format, made.session) == ("codex-rollout", "old")
        assert [step.kind for step in made.steps] == ["event", "user", "agent"]
        assert trace.body(2).tool_calls[0].observation == "out"
        assert made.steps[2].tool_calls[0].exit_code == 1


def test_an_unknown_record_is_an_event_and_counted(opened: Any) -> None:
    trace = opened(line("brand_new", {"note": "from the future"}), event("novel", x=1))
    assert [step.label for step in trace.trajectory.steps] == ["brand_new", "event_msg/novel"]
    assert [entry.count for entry in trace.trajectory.loss.ignored] == [1, 1]
    assert "from the future" in bodies(trace)[0].text


def test_every_record_is_in_the_ledger_once() -> None:
    lines = [user("go"), call("a", "ls"), count(9, 9), output("a", "x"), event("novel"), "not json"]
    made = read(*lines)
    loss = made.loss
    assert loss.lines == len(lines) + 1
    assert len(loss.unparsed) == 1


def test_injected_context_is_not_a_prompt() -> None:
    made = read(
        user("<environment_context><cwd>/app</cwd></environment_context>"),
        user("# AGENTS.md instructions for /app\n\nBe kind."),
        item(type="message", role="developer", content=[{"type": "input_text", "text": "Rules"}]),
        user("Real question"),
    )
    assert [step.kind for step in made.steps] == ["context", "context", "system", "user"]
    assert made.title == "Real question"


def test_a_compaction_and_its_event_are_one_context_step() -> None:
    made = read(
        assistant("A"),
        line("compacted", {"message": "Summary so far", "replacement_history": [{}]}),
        event("context_compacted"),
        assistant("B"),
    )
    assert [(s.kind, s.label) for s in made.steps] == [
        ("agent", ""),
        ("context", "compaction"),
        ("agent", ""),
    ]
    assert made.loss.duplicate == 1


def test_pictures_are_references_never_text(opened: Any) -> None:
    parts = [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "data:image/png;base64,QUJDRA=="},
    ]
    trace = opened(item(type="message", role="user", content=parts))
    body = bodies(trace)[0]
    assert body.text == "Look"
    assert body.media == ("embedded image/png, 30 characters of base64",)


def test_a_zstd_file_is_the_same_session(tmp_path: Path) -> None:
    text = "\n".join([line("session_meta", META), user("hi"), assistant("hello")]).encode()
    path = tmp_path / "rollout.jsonl.zst"
    path.write_bytes(zstd.compress(text))
    with open_traces(path)[0] as trace:
        assert [step.preview for step in trace.trajectory.steps] == ["hi", "hello"]
        assert trace.locate(1, "ell") is not None


OLD_TURN = "01890000-0000-7000-8000-000000000001"  # UUIDv7 of 2023
FORK = "019a0000-0000-7000-8000-000000000001"  # of 2025-10-20
NEW_TURN = "019a0000-ffff-7000-8000-000000000001"  # a minute later
AT = "2025-10-20T05:03:11Z"


def forked(meta: dict[str, Any], *lines: str) -> Trajectory:
    text = "\n".join([line("session_meta", {"id": FORK, **meta}, AT), *lines])
    return next(iter(CodexRollout().skeleton([SourceBytes.of_bytes(text.encode(), "x")])))


def copied(made: Trajectory) -> list[bool]:
    return ["copied" in step.flags for step in made.steps if step.kind in ("user", "agent")]


def test_history_copied_at_a_fork_is_marked_and_not_counted() -> None:
    made = forked(
        {"forked_from_id": "parent"},
        line("session_meta", {"id": "parent", "timestamp": AT}),
        line("turn_context", {"turn_id": OLD_TURN, "model": "m"}),
        user("old question"),
        call("a", "cat /x/skills/old/SKILL.md"),
        count(1000, 1000),
        output("a", "Exit code: 1\nOutput:\n"),
        line("turn_context", {"turn_id": NEW_TURN, "model": "m"}),
        user("new question"),
        assistant("new answer"),
        count(1500, 2500),
    )
    assert copied(made) == [True, True, False, False]
    assert made.session == FORK
    assert made.parent == "parent"
    assert (made.totals.input, made.tool_calls, made.errors, made.messages) == (1500, 0, 0, 2)
    assert made.skill_events == ()
    assert made.title == "new question"


def test_a_copied_burst_without_turn_ids_ends_at_the_first_pause() -> None:
    made = forked(
        {"forked_from_id": "parent"},
        line("response_item", json.loads(user("old"))["payload"], AT),
        line("event_msg", json.loads(count(9, 9))["payload"], AT),
        line("response_item", json.loads(user("new"))["payload"], "2025-10-20T05:03:20Z"),
        line("event_msg", json.loads(count(5, 14))["payload"], "2025-10-20T05:03:23Z"),
    )
    assert copied(made) == [True, True, False, False]
    assert made.totals.input == 5


def test_copied_records_that_kept_their_times_are_older_than_the_fork() -> None:
    made = forked(
        {"forked_from_id": "parent"},
        line("response_item", json.loads(user("old"))["payload"], "2025-10-19T08:00:00Z"),
        line("response_item", json.loads(assistant("old"))["payload"], "2025-10-19T08:10:00Z"),
        line("response_item", json.loads(user("new"))["payload"], "2025-10-20T05:03:12Z"),
    )
    assert copied(made) == [True, True, False]


def test_a_subagent_that_only_quotes_its_parent_keeps_its_own_turns() -> None:
    made = forked(
        {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "p"}}}},
        line("session_meta", {"id": "p"}, AT),
        line("turn_context", {"turn_id": NEW_TURN, "model": "m"}, AT),
        user("explore"),
        assistant("explored"),
        count(7, 7),
    )
    assert copied(made) == [False, False]
    assert (made.totals.input, made.parent) == (7, "p")


def test_a_fork_that_copied_nothing_has_no_copied_steps() -> None:
    made = forked({"forked_from_id": "parent"}, user("q"), assistant("a"))
    assert copied(made) == [False, False]


SKILL = "/home/u/.codex/skills/pdf"


def test_skill_events_of_a_session() -> None:
    listing = f"## Skills\n- pdf: Fill forms. (file: {SKILL}/SKILL.md)\n"
    body = f"<skill>\n<name>pdf</name>\n<path>{SKILL}/SKILL.md</path>\n# PDF\n</skill>"
    made = read(
        item(type="message", role="developer", content=[{"type": "input_text", "text": listing}]),
        user("Fill it with $pdf"),
        user(body),
        call("a", f"sed -n 1,20p {SKILL}/SKILL.md"),
        call("b", f"cat {SKILL}/reference.md"),
        call("c", f"python3 {SKILL}/scripts/fill.py in.pdf"),
        call("d", f"grep -rn form {SKILL}/SKILL.md"),
        output("a", "Exit code: 0\nOutput:\n# PDF"),
        output("b", "Exit code: 0\nOutput:\nx"),
        output("c", "Exit code: 3\nOutput:\nboom"),
        output("d", "Exit code: 0\nOutput:\nx"),
    )
    assert [(e.skill, e.kind, e.trigger, e.detail) for e in made.skill_events] == [
        ("pdf", "listed", "unknown", ""),
        ("pdf", "requested", "mention", ""),
        ("pdf", "loaded", "mention", ""),
        ("pdf", "resource_read", "inferred", ""),
        ("pdf", "script_run", "inferred", "exit code 3"),
    ]
    assert made.skill_events[1].confidence == "explicit"


def test_a_failed_read_of_a_skill_is_a_failed_load() -> None:
    made = read(
        user("go"),
        call("a", f"cat {SKILL}/SKILL.md"),
        output("a", "Exit code: 1\nOutput:\nNo such file"),
    )
    assert [(e.kind, e.detail) for e in made.skill_events] == [("load_failed", "exit code 1")]


def test_quotes_lead_to_their_exact_bytes(opened: Any) -> None:
    said = 'He said "ä\n😀" – twice\t\\o/'
    trace = opened(
        user("q " + said),
        call("a", f"echo {said}"),
        output("a", json.dumps({"output": said, "metadata": {"exit_code": 0}})),
    )
    for index, quote in ((0, said), (1, f"echo {said}"), (1, '"ä\n😀"')):
        span = trace.locate(index, quote)
        assert span is not None
        assert trace.text(span) == quote
    assert trace.locate(0, "never said") is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_known = st.sampled_from(
    [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "token_count",
        "exec_command_end",
        "item_completed",
        "task_started",
        "compacted",
        "agent_message",
        "mcp_tool_call_end",
        "thread_rolled_back",
    ]
)
_keys = st.sampled_from(
    ["role", "content", "call_id", "name", "arguments", "output", "info", "item", "message",
     "result", "duration", "summary", "action", "changes", "command", "num_turns", "text"]
)  # fmt: skip


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["response_item", "event_msg", "compacted", "session_meta", "x"]),
            _known,
            st.dictionaries(_keys, _values, max_size=5),
        ),
        max_size=12,
    )
)
def test_drifted_records_never_raise(records: list[tuple[str, str, dict[str, Any]]]) -> None:
    lines = [line(kind, {**fields, "type": inner}) for kind, inner, fields in records]
    source = SourceBytes.of_bytes("\n".join(lines).encode("utf-8", "surrogatepass"), "x")
    (made,) = CodexRollout().skeleton([source])
    assert made.loss.lines == len(records)
    for step in made.steps:
        raw = [source.read(span.offset, span.length) for span in step.raw]
        results = {
            found.id: [source.read(span.offset, span.length) for span in found.result]
            for found in step.tool_calls
        }
        body = CodexRollout().body(step, raw, results)
        assert len(body.tool_calls) == len(step.tool_calls)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_importer_raise(junk: bytes) -> None:
    (made,) = CodexRollout().skeleton([SourceBytes.of_bytes(junk, "x")])
    assert made.loss.lines >= len(made.loss.unparsed)
