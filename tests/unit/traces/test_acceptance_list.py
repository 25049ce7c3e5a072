"""What an importer has to stand, row by row: the list of inputs that break readers in the field.

Each test's name carries the number of its row. Details of the formats have tests of their own
beside this file; here every row is seen once, in a file of its own.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.unit.traces.claude_records import SESSION, Session, call, text, usage
from tests.unit.traces.inspect_logs import HEADER, LONG, START, chunks, sample, zipped
from tests.unit.traces.opening import format_of, ignored, kinds, lines, opened
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import END_BYTES, open_end, open_sight
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import OpenTrace, open_traces, trace_files
from workbench.traces.resumes import copies_marked

_TIME = "2026-05-01T10:00:01Z"


def _talk() -> Session:
    session = Session()
    session.prompt("Look at it")
    session.says(text("I look."), call("t1", "Bash", command="ls"))
    session.result("t1", "a.txt")
    session.says(text("Done."))
    return session


def _facts(trace: OpenTrace) -> list[tuple[Any, ...]]:
    return [(one.kind, one.uid, one.preview, one.flags) for one in trace.trajectory.steps]


def test_row_01_duplicate_uuids_over_resume_files_give_each_step_once(tmp_path: Path) -> None:
    session = _talk()
    first = session.write(tmp_path, "first.jsonl")
    session.prompt("Go on")
    resumed = tmp_path / "second.jsonl"
    resumed.write_bytes(session.data() + session.lines()[0] + b"\n")
    with open_traces(first)[0] as one, open_traces(resumed)[0] as other:
        assert [step.preview for step in other.trajectory.steps].count("Look at it") == 1
        assert other.trajectory.loss.duplicate == 1
        marked = copies_marked([one.trajectory, other.trajectory])
        counted = [step.uid for made in marked for step in made.steps if "copied" not in step.flags]
        assert len(counted) == len(set(counted)) == 4


def test_row_02_parallel_tool_results_are_no_fork(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Both")
    asked = session.says(call("a", "Read", file_path="/a"), message="m")
    session.says(call("b", "Read", file_path="/b"), message="m")
    session.result("a", "1", parent=asked)
    session.result("b", "2")
    session.says(text("Read."))
    with opened(tmp_path, session.data()) as trace:
        assert not any("abandoned" in step.flags for step in trace.trajectory.steps)
        assert [one.status for one in trace.trajectory.steps[1].tool_calls] == ["ok", "ok"]
        assert trace.trajectory.children == ()


def test_row_03_a_bundle_with_rising_usage_is_one_call_with_the_greatest(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    for block, output in ((text("I go."), 3), (call("t", "Bash", command="x"), 40)):
        session.says(block, message="m", usage=usage(10, output, read=100))
    with opened(tmp_path, session.data()) as trace:
        assert kinds(trace) == ["user", "agent"]
        assert (trace.trajectory.totals.input, trace.trajectory.totals.output) == (110, 40)


def test_row_04_two_records_joined_on_a_line_are_both_read(tmp_path: Path) -> None:
    first, second, *rest = _talk().lines()
    with opened(tmp_path, b"\n".join([first + second, *rest])) as trace:
        assert [step.preview for step in trace.trajectory.steps] == [
            "Look at it",
            "I look.",
            "Done.",
        ]
        assert trace.body(1).text == "I look."


def test_row_05_a_torn_last_line_is_no_error_and_comes_when_whole(tmp_path: Path) -> None:
    data = _talk().data()
    path = tmp_path / "a.jsonl"
    path.write_bytes(data[:-30])
    (trace,) = open_traces(path)
    tail = LiveTail(trace)
    assert len(trace.trajectory.steps) == 2
    assert len(trace.trajectory.loss.unparsed) == 1
    with path.open("ab") as file:
        file.write(data[-30:])
    grown = tail.refresh()
    assert grown.outcome == "grown"
    assert [step.preview for step in grown.traces[0].trajectory.steps[2:]] == ["Done."]
    assert grown.traces[0].trajectory.loss.unparsed == ()


def test_row_06_a_line_of_13_mb_opens_and_its_body_comes_on_demand(tmp_path: Path) -> None:
    session = _talk()
    session.says(call("big", "Bash", command="cat big"))
    session.result("big", "x" * 13_000_000)
    session.says(text("It is big."))
    path = session.write(tmp_path)
    begun = time.process_time()
    (trace,) = open_traces(path)
    assert time.process_time() - begun < 2
    with trace:
        assert max(len(step.preview) for step in trace.trajectory.steps) <= 200
        assert trace.trajectory.steps[-1].preview == "It is big."
        body = trace.body(len(trace.trajectory.steps) - 2)
        assert len(body.tool_calls[0].observation or "") == 13_000_000


def test_row_06_base64_pictures_are_named_and_never_text(tmp_path: Path) -> None:
    picture = "iVBORw0KGgo" + "A" * 200_000
    source = {"type": "base64", "media_type": "image/png", "data": picture}
    session = _talk()
    session.says(call("shot", "Screenshot"))
    session.result("shot", [{"type": "image", "source": source}])
    image = {"type": "image", "source": source}
    session.put("user", message={"role": "user", "content": [image, text("See?")]})
    with opened(tmp_path, session.data()) as trace:
        for step in trace.trajectory.steps:
            body = trace.body(step.index)
            said = [body.text, *(one.observation or "" for one in body.tool_calls)]
            assert "AAAA" not in "".join([step.preview, *said])
        assert "image/png" in trace.body(3).tool_calls[0].media[0]


@pytest.mark.parametrize(("bom", "end"), [(b"", b"\r\n"), (b"\xef\xbb\xbf", b"\n")])
def test_row_07_crlf_and_bom_change_nothing(tmp_path: Path, bom: bytes, end: bytes) -> None:
    session = _talk()
    with opened(tmp_path, session.data(), "plain") as plain:
        data = bom + b"".join(line + end for line in session.lines())
        with opened(tmp_path, data, "other") as other:
            assert _facts(other) == _facts(plain)
            assert [other.body(n) for n in range(3)] == [plain.body(n) for n in range(3)]
            last = other.trajectory.steps[-1].raw[0]
            assert other.raw(last) == session.lines()[-1]


def test_row_08_an_unknown_record_is_an_event_and_counted(tmp_path: Path) -> None:
    session = _talk()
    session.put("holograph", content="new in version 9")
    with opened(tmp_path, session.data()) as trace:
        assert (trace.trajectory.steps[-1].kind, trace.trajectory.steps[-1].flags) == (
            "event",
            ("unknown",),
        )
        assert ignored(trace) == {"holograph": 1}
        assert "new in version 9" in trace.body(3).text


def test_row_09_an_orphan_is_visible_as_another_root(tmp_path: Path) -> None:
    session = _talk()
    session.prompt("From nowhere", parent="gone-0000")
    with opened(tmp_path, session.data()) as trace:
        last = trace.trajectory.steps[-1]
        assert (last.preview, last.parent_uid, last.flags) == ("From nowhere", None, ("orphan",))


def test_row_10_the_chain_continues_over_a_compaction(tmp_path: Path) -> None:
    session = _talk()
    before = session.last
    session.put(
        "system", parent=None, subtype="compact_boundary", logicalParentUuid=before, content="cut"
    )
    session.prompt("What was", isCompactSummary=True)
    session.prompt("Go on")
    with opened(tmp_path, session.data()) as trace:
        steps = {step.label or step.preview: step for step in trace.trajectory.steps}
        assert steps["compaction"].parent_uid == steps["Done."].uid
        assert steps["compact summary"].parent_uid == steps["compaction"].uid
        assert not any("orphan" in step.flags for step in trace.trajectory.steps)


def test_row_11_a_nested_subagent_hangs_on_its_call_by_its_meta_file(tmp_path: Path) -> None:
    main = Session()
    main.prompt("Delegate")
    main.says(call("t1", "Task", prompt="look", description="d"))
    path = main.write(tmp_path)
    folder = tmp_path / SESSION / "subagents"
    folder.mkdir(parents=True)
    for name, asked, served in (("aaa", "deep", "t1"), ("bbb", "", "aaa-1")):
        child = Session()
        child.prompt(f"Be {name}", isSidechain=True, agentId=name)
        child.says(call(f"{name}-1", "Task", prompt=asked), isSidechain=True, agentId=name)
        child.write(folder, f"agent-{name}.jsonl")
        (folder / f"agent-{name}.meta.json").write_text(json.dumps({"toolUseId": served}))
    with open_traces(path)[0] as trace:
        (first,) = trace.trajectory.children
        (deep,) = first.children
        assert trace.trajectory.steps[1].tool_calls[0].sub == first.id == "agent-aaa"
        assert first.steps[1].tool_calls[0].sub == deep.id == "agent-bbb"
        assert deep.parent == first.id


def _rollout(meta: dict[str, Any], *said: tuple[str, str]) -> bytes:
    records: list[dict[str, Any]] = [{"type": "session_meta", "payload": meta}]
    for role, words in said:
        kind = "input_text" if role == "user" else "output_text"
        content = [{"type": kind, "text": words}]
        message = {"type": "message", "role": role, "content": content}
        records.append({"type": "response_item", "payload": message})
    return lines(*({"timestamp": meta["timestamp"], **record} for record in records))


def test_row_12_the_prefix_of_a_codex_fork_is_marked_and_not_counted(tmp_path: Path) -> None:
    meta = {"id": "own", "cwd": "/w", "timestamp": "2026-05-01T10:00:00Z", "forked_from_id": "p"}
    late = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "new"}]}
    data = _rollout(meta, ("user", "old"), ("assistant", "answer")) + lines(
        {"timestamp": "2026-05-01T10:00:09Z", "type": "response_item", "payload": late}
    )
    with opened(tmp_path, data) as trace:
        flags = [("copied" in one.flags, one.preview) for one in trace.trajectory.steps]
        assert flags == [(True, "old"), (True, "answer"), (False, "new")]
        assert (trace.trajectory.messages, trace.trajectory.title) == (1, "new")


def test_row_13_of_a_zst_with_its_plain_sibling_the_plain_one_wins(tmp_path: Path) -> None:
    meta = {"id": "own", "cwd": "/w", "timestamp": _TIME}
    data = _rollout(meta, ("user", "Hello"), ("assistant", "Hi"))
    for name in ("rollout-1", "rollout-2"):
        (tmp_path / f"{name}.jsonl.zst").write_bytes(zstd.compress(data))
    (tmp_path / "rollout-1.jsonl").write_bytes(data)
    found = trace_files(tmp_path)
    assert [path.name for path in found] == ["rollout-1.jsonl", "rollout-2.jsonl.zst"]
    with open_traces(found[0])[0] as plain, open_traces(found[1])[0] as packed:
        assert _facts(plain) == _facts(packed)
        assert packed.body(1).text == "Hi"


def test_row_14_zip_method_93_chunks_and_both_in_one_log_are_as_deflate(tmp_path: Path) -> None:
    whole = {"_journal/start.json": START, "samples/a_epoch_1.json": sample()}
    split = {"_journal/start.json": START, **chunks()}
    logs = {
        "deflate": zipped(whole | {"header.json": HEADER}, "deflate"),
        "zstd": zipped(whole | {"header.json": HEADER}, "zstd"),
        "chunked": zipped(split | {"header.json": HEADER}, "zstd"),
    }
    shown = {}
    for name, data in logs.items():
        with opened(tmp_path, data, f"{name}.eval") as trace:
            steps = trace.trajectory.steps
            bodies = [trace.body(step.index).text for step in steps]
            shown[name] = [(s.kind, s.label, s.preview) for s in steps], bodies
    assert shown["deflate"] == shown["zstd"] == shown["chunked"]
    second = {"samples/a_epoch_2.json": sample(2)}
    (tmp_path / "both.eval").write_bytes(zipped(split | second | {"header.json": HEADER}, "zstd"))
    both = open_traces(tmp_path / "both.eval")
    assert [len(one.trajectory.steps) for one in both] == [len(shown["zstd"][0])] * 2
    for one in both:
        one.close()


def test_row_15_an_eval_without_header_opens_from_its_journal(tmp_path: Path) -> None:
    members = {"_journal/start.json": START, "samples/a_epoch_1.json": sample()}
    with opened(tmp_path, zipped(members, "deflate"), "log.eval") as trace:
        assert (trace.trajectory.agent, trace.trajectory.model) == ("Inspect: react", "openai/m")
        assert len(trace.trajectory.steps) == 6


def test_row_16_attachments_and_input_refs_are_resolved_when_a_body_is_read(
    tmp_path: Path,
) -> None:
    members = {"_journal/start.json": START, "samples/a_epoch_1.json": sample()}
    data = zipped(members | {"header.json": HEADER}, "stored")
    assert b"attachment://" in data
    assert b"input_refs" in data
    with opened(tmp_path, data, "log.eval") as trace:
        assert all(LONG[:40] not in step.preview for step in trace.trajectory.steps[:2])
        assert trace.body(1).tool_calls[0].observation == LONG


def test_row_17_pi_without_a_version_is_detected_and_linear(tmp_path: Path) -> None:
    def said(role: str, words: str) -> dict[str, Any]:
        message = {"role": role, "content": [{"type": "text", "text": words}]}
        return {"type": "message", "timestamp": _TIME, "message": message}

    data = lines(
        {"type": "session", "id": "v1", "timestamp": _TIME, "cwd": "/w"},
        said("user", "go"),
        said("assistant", "gone"),
    )
    assert format_of(data) == "pi"
    with opened(tmp_path, data) as trace:
        first, second = trace.trajectory.steps
        assert (first.preview, second.preview) == ("go", "gone")
        assert second.parent_uid == first.uid
        assert trace.trajectory.children == ()


def test_row_18_gemini_set_and_rewind_give_the_replayed_state(tmp_path: Path) -> None:
    def said(name: str, kind: str, words: str) -> dict[str, Any]:
        return {"id": name, "type": kind, "timestamp": _TIME, "content": words}

    data = lines(
        {"sessionId": "s1", "projectHash": "h", "startTime": _TIME},
        said("u1", "user", "first"),
        said("a1", "gemini", "kept"),
        {"$set": {"summary": "A summary"}},
        said("u2", "user", "wrong way"),
        {"$rewindTo": "u2"},
        said("u3", "user", "right way"),
    )
    with opened(tmp_path, data) as trace:
        previews = [step.preview for step in trace.trajectory.steps]
        assert previews == ["first", "kept", "right way"]
        assert trace.trajectory.title == "A summary"
        assert ignored(trace) == {"rewound": 1}


_WRITER = """
import json, sqlite3, sys, time
path, stop = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA busy_timeout = 0")
db.execute("CREATE TABLE session (id TEXT, parent_id TEXT, title TEXT, directory, time_created)")
db.execute("CREATE TABLE message (id TEXT, session_id TEXT, time_created, data TEXT)")
db.execute("CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, time_created, data TEXT)")
db.execute("INSERT INTO session VALUES ('ses', NULL, 'Live', '/w', 1767225600000)")
number, slowest = 0, 0.0
print("ready", flush=True)
from pathlib import Path
while not Path(stop).exists():
    begun = time.monotonic()
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO message VALUES (?, 'ses', ?, ?)", (f"m{number}", 1767225600000 + number,
               json.dumps({"role": "user", "time": {"created": 1767225600000 + number}})))
    db.execute("INSERT INTO part VALUES (?, ?, 'ses', ?, ?)", (f"p{number}", f"m{number}", number,
               json.dumps({"type": "text", "text": f"Message {number}"})))
    db.execute("COMMIT")
    slowest = max(slowest, time.monotonic() - begun)
    number += 1
    time.sleep(0.005)
print(json.dumps({"written": number, "slowest": slowest}), flush=True)
"""


def test_row_19_a_database_that_an_agent_writes_is_read_and_the_agent_never_waits(
    tmp_path: Path,
) -> None:
    path, stop = tmp_path / "opencode.db", tmp_path / "stop"
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path, stop], stdout=subprocess.PIPE, text=True
    )
    try:
        _read_beside(writer, path, stop)
    finally:
        stop.touch()
        writer.communicate(timeout=10)


def _read_beside(writer: subprocess.Popen[str], path: Path, stop: Path) -> None:
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(0.3)
    names = {entry.name for entry in path.parent.iterdir()}
    counts = []
    (trace,) = open_traces(path)
    tail = LiveTail(trace)
    for _ in range(6):
        time.sleep(0.1)
        tail.refresh()
        steps = tail.trace.trajectory.steps
        assert tail.trace.body(len(steps) - 1).text == f"Message {len(steps) - 1}"
        counts.append(len(steps))
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] > 0
    assert {entry.name for entry in path.parent.iterdir()} == names
    stop.touch()
    told = json.loads(writer.stdout.readline())
    writer.wait(10)
    # A lock held by us would make BEGIN IMMEDIATE fail at once: its time to wait is zero.
    assert writer.returncode == 0
    assert told["written"] > counts[-1] - 1
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def test_row_20_otlp_integers_written_as_strings_are_numbers(tmp_path: Path) -> None:
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "m-1"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1200"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "34"}},
    ]
    span = {
        "traceId": "t",
        "spanId": "s",
        "name": "chat m-1",
        "startTimeUnixNano": "1767225600000000000",
        "endTimeUnixNano": "1767225601500000000",
        "attributes": attributes,
    }
    data = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    with opened(tmp_path, data) as trace:
        totals = trace.trajectory.totals
        assert (totals.input, totals.output) == (1200, 34)
        assert (trace.trajectory.started or "").startswith("2026-01-01T00:00:00")


def test_row_21_a_file_over_2_gib_has_64_bit_offsets_and_opens_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    session = _talk()
    with path.open("wb") as file:
        file.write(session.data() + b'{"type":"summary","summary":"')
        file.seek((2 << 30) + 5_000_000)
        file.write(b'"}\n')
        for number in range(300):
            session.prompt(f"Late prompt {number}")
        file.write(b"".join(line + b"\n" for line in session.lines()[4:]))
    if path.stat().st_blocks * 512 > 100 << 20:
        pytest.skip("the file system has no sparse files")
    begun = time.process_time()
    trace = open_sight(path)
    assert time.process_time() - begun < 1
    assert trace is not None
    with trace:
        steps = trace.trajectory.steps
        assert steps[-1].preview == "Late prompt 299"
        assert steps[-1].raw[0].offset > 2 << 30
        assert trace.body(len(steps) - 1).text == "Late prompt 299"
        assert trace.trajectory.skipped > 2 << 30
        assert not trace.trajectory.complete
        tail = LiveTail(trace)
        session.prompt("Later still")
        with path.open("ab") as file:
            file.write(session.lines()[-1] + b"\n")
        grown = tail.refresh()
        assert grown.read_bytes < END_BYTES
        assert grown.traces[0].trajectory.steps[-1].preview == "Later still"


def test_row_21_a_line_too_long_for_the_memory_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "line.jsonl"
    session = _talk()
    with path.open("wb") as file:
        file.write(session.data() + b'{"type":"summary","summary":"')
        begin = file.tell()
        file.seek(begin + (300 << 20))
        file.write(b'"}\n')
        session.prompt("After it")
        file.write(session.lines()[-1] + b"\n")
    if path.stat().st_blocks * 512 > 100 << 20:
        pytest.skip("the file system has no sparse files")
    with open_traces(path)[0] as trace:
        assert [step.preview for step in trace.trajectory.steps][-2:] == ["Done.", "After it"]
        (left_out,) = trace.trajectory.loss.unparsed
        assert left_out.length > 300 << 20
        assert trace.body(3).text == "After it"


def test_row_22_old_offsets_of_a_replaced_file_are_never_used(tmp_path: Path) -> None:
    path = _talk().write(tmp_path)
    (trace,) = open_traces(path)
    tail = LiveTail(trace)
    span = trace.trajectory.steps[2].raw[0]
    path.write_bytes(b"".join(_talk().lines()[:1]) + b"\n")  # cut, the same file
    for read in (lambda: trace.body(2), lambda: trace.raw(span), lambda: trace.locate(2, "Done.")):
        with pytest.raises(TraceError, match="cut or rewritten"):
            read()
    made = tail.refresh()
    assert (made.outcome, len(made.traces[0].trajectory.steps)) == ("replaced", 1)
    other = Session()
    other.prompt("Another session altogether")
    other.write(tmp_path, "new").replace(path)  # another file of that name
    made = tail.refresh()
    assert made.outcome == "replaced"
    assert made.traces[0].body(0).text == "Another session altogether"


def test_row_23_garbage_before_the_first_record_hides_no_format(tmp_path: Path) -> None:
    data = b"npm warn deprecated x\n\x00\xff\xfe\n[info] starting\n\n" + _talk().data()
    assert format_of(data) == "claude-code"
    with opened(tmp_path, data) as trace:
        assert len(trace.trajectory.steps) == 3
        assert trace.trajectory.loss.unparsed


def test_row_24_a_call_without_result_is_missing(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    session.says(call("t", "Bash", command="sleep 100"))
    with opened(tmp_path, session.data()) as trace:
        assert trace.trajectory.steps[1].tool_calls[0].status == "missing"
        assert trace.body(1).tool_calls[0].observation is None


def test_row_25_absent_usage_and_times_are_not_recorded_and_not_zero(tmp_path: Path) -> None:
    data = lines(
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Bye"},
    )
    with opened(tmp_path, data) as trace:
        totals = trace.trajectory.totals
        assert (totals.input, totals.output, totals.cost_usd) == (None, None, None)
        assert (trace.trajectory.started, trace.trajectory.ended) == (None, None)
        assert all(step.metrics is None and step.time is None for step in trace.trajectory.steps)


def test_100_000_steps_open_in_seconds_and_their_end_at_once(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        for number in range(100_000):
            file.write(
                b'{"type":"user","uuid":"u%d","parentUuid":%s,"sessionId":"s","timestamp":'
                b'"2026-01-01T00:00:00.000Z","message":{"role":"user","content":"Prompt %d"}}\n'
                % (number, b'"u%d"' % (number - 1) if number else b"null", number)
            )
    begun = time.process_time()
    with open_traces(path)[0] as trace:
        assert time.process_time() - begun < 8
        assert len(trace.trajectory.steps) == 100_000
        assert trace.body(99_999).text == "Prompt 99999"
    end = open_end(path, 1 << 20)
    assert end is not None
    with end:
        assert end.trajectory.steps[-1].preview == "Prompt 99999"
        assert len(end.trajectory.steps) < 10_000


def test_a_folder_that_disappears_leaves_what_is_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    path = _talk().write(folder)
    (trace,) = open_traces(path)
    tail = LiveTail(trace)
    path.unlink()
    folder.rmdir()
    made = tail.refresh()
    assert made.outcome == "gone"
    assert str(path) in made.problem
    assert len(trace.trajectory.steps) == 3
    with pytest.raises(TraceError, match="does not exist"):
        open_traces(path)
