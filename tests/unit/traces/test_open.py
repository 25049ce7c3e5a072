"""Opening files: detection, subagents, bodies, evidence, first screens, folders, bad input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.generate_session import generate
from tests.unit.traces.claude_records import SESSION, Session, call, text
from workbench.domain.trajectory import ByteSpan
from workbench.traces.formats.claude_code import ClaudeCode
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import first_screen
from workbench.traces.open import detect, open_traces, trace_files
from workbench.traces.source import SourceBytes


@pytest.fixture
def session() -> Session:
    made = Session()
    made.prompt('Fix "it" in C:\\src — now 😀')
    made.says(
        {"type": "thinking", "thinking": "A path\\with backslashes"},
        text("Line one.\nLine two\twith a tab."),
        call("t1", "Bash", command='grep -n "x" a.py', timeout=5),
    )
    made.result("t1", [{"type": "text", "text": "3:x = 1\r\n4:é"}])
    return made


def test_a_body_has_all_texts_and_each_is_found_in_the_file(
    tmp_path: Path, session: Session
) -> None:
    path = session.write(tmp_path)
    (trace,) = open_traces(path)
    with trace:
        body = trace.body(1)
        assert body.text == "Line one.\nLine two\twith a tab."
        assert body.reasoning == "A path\\with backslashes"
        (tool,) = body.tool_calls
        assert json.loads(tool.arguments) == {"command": 'grep -n "x" a.py', "timeout": 5}
        assert tool.observation == "3:x = 1\r\n4:é"
        for quote in (body.text, "one.\nLine", body.reasoning, tool.arguments, "x = 1\r\n4:é"):
            span = trace.locate(1, quote)
            assert span is not None
            assert trace.text(span) == quote
        assert trace.locate(1, "Fix") is None
        span = trace.locate(0, "C:\\src — now 😀")
        assert span is not None
        assert path.read_bytes()[span.offset : span.offset + span.length] == trace.raw(span)


@given(said=st.text(min_size=1, max_size=80), ascii_only=st.booleans(), data=st.data())
def test_every_part_of_a_body_leads_to_its_bytes(
    said: str, ascii_only: bool, data: st.DataObject
) -> None:
    session = Session()
    session.says(text(said), call("t1", "Bash", command=said))
    session.result("t1", said)
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in session.records]
    whole = "\n".join(lines).encode()
    importer = ClaudeCode()
    (found,) = importer.skeleton([SourceBytes.of_bytes(whole, "/x/s.jsonl")])
    step = found.steps[0]
    raw = [whole[span.offset :][: span.length] for span in step.raw]
    results = {"t1": [whole[s.offset :][: s.length] for s in step.tool_calls[0].result]}
    body = importer.body(step, raw, results)
    assert body.text == said
    assert body.tool_calls[0].observation == said
    assert json.loads(body.tool_calls[0].arguments) == {"command": said}


def test_detection_and_opening_tell_what_is_wrong(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.jsonl"
    garbage.write_bytes(b"\x00\x01garbage\n")
    assert detect(garbage) is None
    with pytest.raises(TraceError, match="no trace of a known format"):
        open_traces(garbage)
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(TraceError, match="is empty"):
        open_traces(empty)
    for missing in (tmp_path / "nothing", tmp_path):
        with pytest.raises(TraceError):
            detect(missing)
        with pytest.raises(TraceError):
            open_traces(missing)
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(b'{"type":"user","uuid":"a","sessionId":"s","message":{"content":"x')
    with pytest.raises(TraceError, match="holds no step"):
        open_traces(torn)


def test_subagent_files_become_children_of_their_calls(tmp_path: Path) -> None:
    main = Session()
    main.prompt("Delegate")
    main.says(call("t1", "Task", prompt="look", description="d"))
    main.result("t1", "done", toolUseResult={"agentId": "aaa"})
    main.says(call("t2", "Task", prompt="other", description="d"))
    path = main.write(tmp_path)
    folder = tmp_path / SESSION / "subagents"
    folder.mkdir(parents=True)
    for name, prompt, calls in (("aaa", "look", ()), ("bbb", "x", ()), ("ccc", "deep", ())):
        child = Session()
        child.prompt(prompt, isSidechain=True, agentId=name)
        child.says(text(f"I am {name}"), call(f"{name}-1", "Task", prompt="deeper"), *calls)
        child.write(folder, f"agent-{name}.jsonl")
    (folder / "agent-bbb.meta.json").write_text('{"toolUseId":"t2","agentType":"reviewer"}')
    (folder / "agent-ccc.meta.json").write_text('{"toolUseId":"aaa-1","spawnDepth":2}')
    (trace,) = open_traces(path)
    with trace:
        assert [one.trajectory.id for one in trace.children] == ["agent-aaa", "agent-bbb"]
        first, second = trace.children
        assert trace.trajectory.steps[1].tool_calls[0].sub == "agent-aaa"
        assert trace.trajectory.steps[2].tool_calls[0].sub == "agent-bbb"
        assert second.trajectory.title == "reviewer"
        (deep,) = first.children
        assert deep.trajectory.id == "agent-ccc"
        assert deep.trajectory.parent == "agent-aaa"
        assert first.trajectory.steps[1].tool_calls[0].sub == "agent-ccc"
        assert deep.body(1).text == "I am ccc"
        assert first.path.name == "agent-aaa.jsonl"
        span = first.locate(1, "I am aaa")
        assert span is not None
        assert first.raw(span) == b"I am aaa"
        first.close()
        assert trace.body(1).tool_calls[0].observation == "done"
    assert trace_files(tmp_path) == [path]


def test_a_pipe_in_the_place_of_a_subagents_meta_file_is_not_waited_for(tmp_path: Path) -> None:
    main = Session()
    main.prompt("Delegate")
    path = main.write(tmp_path)
    folder = tmp_path / SESSION / "subagents"
    folder.mkdir(parents=True)
    child = Session()
    child.prompt("look", isSidechain=True, agentId="aaa")
    child.write(folder, "agent-aaa.jsonl")
    os.mkfifo(folder / "agent-aaa.meta.json")
    (trace,) = open_traces(path)
    with trace:
        assert [child.id for child in trace.trajectory.children] == ["agent-aaa"]


def test_older_subagent_files_beside_the_session_belong_to_it(tmp_path: Path) -> None:
    main = Session()
    main.prompt("Delegate")
    path = main.write(tmp_path)
    for name, owner in (("aaa", SESSION), ("bbb", "another-session")):
        child = Session()
        child.prompt("look", isSidechain=True, agentId=name)
        child.records[0]["sessionId"] = owner
        child.write(tmp_path, f"agent-{name}.jsonl")
    (trace,) = open_traces(path)
    with trace:
        assert [child.id for child in trace.trajectory.children] == ["agent-aaa"]
    assert trace_files(tmp_path) == [path, tmp_path / "agent-bbb.jsonl"]


def test_links_are_not_followed(tmp_path: Path, session: Session) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    session.write(outside, "agent-x.jsonl")
    inside = tmp_path / "inside"
    folder = inside / SESSION / "subagents"
    folder.mkdir(parents=True)
    path = session.write(inside)
    (folder / "agent-x.jsonl").symlink_to(outside / "agent-x.jsonl")
    (folder / "more").symlink_to(outside, target_is_directory=True)
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    (trace,) = open_traces(path)
    with trace:
        assert trace.children == ()
    assert trace_files(inside) == [path]


def test_a_folder_gives_its_traces_and_a_plain_file_wins_over_its_zst(
    tmp_path: Path, session: Session
) -> None:
    plain = session.write(tmp_path, "a.jsonl")
    (tmp_path / "a.jsonl.zst").write_bytes(zstd.compress(session.data()))
    (tmp_path / "b.jsonl.zst").write_bytes(zstd.compress(session.data()))
    (tmp_path / "notes.md").write_text("# Notes\n")
    (tmp_path / "broken.zst").write_bytes(b"\x28\xb5\x2f\xfdbroken")
    (tmp_path / "node_modules").mkdir()
    session.write(tmp_path / "node_modules", "c.jsonl")
    assert trace_files(tmp_path) == [plain, tmp_path / "b.jsonl.zst"]
    (trace,) = open_traces(tmp_path / "b.jsonl.zst")
    with trace:
        assert trace.body(1).text.startswith("Line one.")


def test_offsets_of_a_rewritten_file_are_never_used(tmp_path: Path, session: Session) -> None:
    path = session.write(tmp_path)
    (trace,) = open_traces(path)
    with trace:
        with path.open("ab") as stream:
            stream.write(b'{"type":"user"')
        assert trace.changed()
        assert trace.body(1).text
        path.write_bytes(b"x" * path.stat().st_size)
        with pytest.raises(TraceError, match="Open the trace again"):
            trace.body(1)
        with pytest.raises(TraceError, match="Open the trace again"):
            trace.locate(1, "one")


def test_steps_and_spans_that_are_not_there_are_refused(tmp_path: Path, session: Session) -> None:
    (trace,) = open_traces(session.write(tmp_path))
    with trace:
        for index in (-1, 2, 99):
            with pytest.raises(TraceError, match="has no step"):
                trace.body(index)
        with pytest.raises(TraceError, match="no source"):
            trace.raw(ByteSpan(3, 0, 1))
        with pytest.raises(TraceError, match="has no bytes"):
            trace.raw(ByteSpan(0, 1 << 40, 1))


def test_stream_json_tells_skills_cost_and_outcome(tmp_path: Path) -> None:
    records = [
        {"type": "system", "subtype": "init", "session_id": "s1", "model": "claude-example-1",
         "claude_code_version": "2.1.9", "cwd": "/w", "skills": ["pdf", {"name": "xlsx"}]},
        {"type": "assistant", "session_id": "s1", "parent_tool_use_id": None,
         "message": {"id": "m1", "model": "claude-example-1", "usage": {"output_tokens": 1},
                     "content": [call("t1", "Task", prompt="go")]}},
        {"type": "user", "session_id": "s1", "parent_tool_use_id": "t1",
         "message": {"role": "user", "content": [text("go")]}},
        {"type": "assistant", "session_id": "s1", "parent_tool_use_id": "t1",
         "message": {"id": "m2", "model": "claude-example-2", "content": [text("went")]}},
        {"type": "result", "subtype": "error_max_turns", "is_error": True, "num_turns": 2,
         "total_cost_usd": 0.25, "usage": {"input_tokens": 10, "cache_read_input_tokens": 90,
                                           "output_tokens": 44}},
    ]  # fmt: skip
    path = tmp_path / "out.txt"
    path.write_text("Starting\n" + "".join(json.dumps(record) + "\n" for record in records))
    assert detect(path) == "claude-code-stream"
    (trace,) = open_traces(path)
    with trace:
        found = trace.trajectory
        assert (found.session, found.format_version, found.cwd) == ("s1", "2.1.9", "/w")
        assert [(event.skill, event.kind) for event in found.skill_events] == [
            ("pdf", "listed"),
            ("xlsx", "listed"),
        ]
        assert (found.totals.input, found.totals.output, found.totals.cached) == (100, 44, 90)
        assert found.totals.cost_usd == 0.25
        assert (found.outcome.status, found.outcome.reason) == ("fail", "error_max_turns")
        (child,) = found.children
        assert found.steps[1].tool_calls[0].sub == child.id
        assert [step.preview for step in child.steps] == ["go", "went"]
        assert len(found.loss.unparsed) == 1


def test_a_web_export_is_read_with_exact_bytes(tmp_path: Path, session: Session) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps({"loglines": session.records}, indent=1, ensure_ascii=False))
    assert detect(path) == "claude-code-web"
    (trace,) = open_traces(path)
    with trace:
        assert [step.kind for step in trace.trajectory.steps] == ["user", "agent"]
        span = trace.locate(1, "3:x = 1\r\n4:é")
        assert span is not None
        assert trace.text(span) == "3:x = 1\r\n4:é"


def test_the_first_screen_is_the_beginning_of_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    generate(path, 3_000_000)
    part = first_screen(path, steps=50)
    (trace,) = open_traces(path)
    with trace:
        whole = trace.trajectory
    assert not part.complete
    assert whole.complete
    assert [step.uid for step in part.steps] == [step.uid for step in whole.steps[:50]]
    assert [step.preview for step in part.steps] == [step.preview for step in whole.steps[:50]]


def test_the_first_screen_of_a_small_file_is_all_of_it(tmp_path: Path, session: Session) -> None:
    path = session.write(tmp_path)
    assert first_screen(path).complete
    assert len(first_screen(path).steps) == 2
    cut = first_screen(path, steps=1)
    assert (len(cut.steps), cut.complete) == (1, False)


def test_the_first_screen_waits_for_a_line_longer_than_its_window(tmp_path: Path) -> None:
    session = Session()
    session.prompt("x" * 3_000_000)
    session.says(text("long"))
    assert len(first_screen(session.write(tmp_path)).steps) == 2


def test_a_generated_session_is_one_valid_chain(tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    generate(path, 600_000)
    (trace,) = open_traces(path)
    with trace:
        found = trace.trajectory
    assert found.loss.duplicate == 0
    assert found.loss.unparsed == ()
    assert sum(step.parent_uid is None for step in found.steps) == 1
    assert not any(set(step.flags) & {"orphan", "abandoned", "unknown"} for step in found.steps)
    calls = [one for step in found.steps for one in step.tool_calls]
    assert {one.status for one in calls} == {"ok", "error"}


def test_progress_is_told(tmp_path: Path) -> None:
    path = tmp_path / "big.jsonl"
    generate(path, 9_000_000)
    told: list[float] = []
    (trace,) = open_traces(path, told.append)
    trace.close()
    assert told == sorted(told)
    assert told
    assert all(0 < share <= 1 for share in told)
