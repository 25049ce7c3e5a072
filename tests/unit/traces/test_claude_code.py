"""Claude Code sessions: what becomes a step, and the traps of the format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.domain.trajectory import Loss, Metrics, Trajectory
from workbench.traces.formats.claude_code import ClaudeCode
from workbench.traces.source import SourceBytes


def _read(data: bytes) -> Trajectory:
    (found,) = ClaudeCode().skeleton([SourceBytes.of_bytes(data, "/x/session.jsonl")])
    _ledger_adds_up(found.loss)
    return found


def _ledger_adds_up(loss: Loss) -> None:
    ignored = sum(entry.count for entry in loss.ignored)
    assert loss.lines == loss.mapped + loss.attached + loss.duplicate + ignored + len(loss.unparsed)


def _kinds(found: Trajectory) -> list[tuple[str, str]]:
    return [(step.kind, step.label) for step in found.steps]


@pytest.fixture
def session() -> Session:
    made = Session()
    made.prompt("Run the tests")
    return made


def test_a_message_spread_over_records_is_one_step_with_the_greatest_usage(
    session: Session,
) -> None:
    session.says({"type": "thinking", "thinking": "Hm."}, message="m1", usage=usage(3, 2, 900, 40))
    session.says(text("I run them."), message="m1", usage=usage(3, 150, 900, 40))
    session.says(call("t1", "Bash", command="pytest"), message="m1", usage=usage(3, 90, 900, 40))
    found = _read(session.data())
    assert len(found.steps) == 2
    step = found.steps[1]
    assert len(step.raw) == 3
    assert step.preview == "I run them."
    assert step.metrics == Metrics(input=943, output=150, cached=900, cache_write=40)
    assert found.totals == step.metrics
    assert found.messages == 4
    assert found.model == "claude-example-1"


def test_usage_that_is_absent_is_not_recorded_rather_than_zero(session: Session) -> None:
    session.says(text("Yes."))
    found = _read(session.data())
    assert found.steps[1].metrics is None
    assert found.totals == Metrics()
    session.says(text("Yes."), usage=usage(0, 0))
    assert _read(session.data()).totals == Metrics()


def test_parallel_results_are_attached_and_make_no_fork(session: Session) -> None:
    first = session.says(call("t1", "Bash", command="pytest a"), message="m1")
    second = session.says(call("t2", "Bash", command="pytest b"), message="m1")
    session.result("t1", "ok a", parent=first)
    session.result("t2", "ok b", parent=second)
    session.says(text("Both pass."))
    found = _read(session.data())
    assert [step.kind for step in found.steps] == ["user", "agent", "agent"]
    assert [one.status for one in found.steps[1].tool_calls] == ["ok", "ok"]
    assert found.steps[2].parent_uid == found.steps[1].uid
    assert not any("abandoned" in step.flags for step in found.steps)
    assert found.loss.attached == 2


def test_a_prompt_typed_anew_makes_the_earlier_branch_abandoned(session: Session) -> None:
    answer = session.says(text("Which ones?"))
    pause = session.put("system", subtype="turn_duration", durationMs=3)
    session.prompt("All of them", parent=pause)
    session.says(text("All, then."))
    session.prompt("Only the unit tests", parent=answer)
    session.says(text("Unit tests."))
    found = _read(session.data())
    abandoned = [step.preview for step in found.steps if "abandoned" in step.flags]
    assert abandoned == ["All of them", "All, then."]


def test_a_record_before_its_parent_is_put_after_it(session: Session) -> None:
    session.says(text("one"))
    session.prompt("two")
    session.says(text("three"))
    lines = session.lines()
    swapped = b"\n".join([lines[0], lines[3], lines[2], lines[1]]) + b"\n"
    found = _read(swapped)
    assert [step.preview for step in found.steps] == ["Run the tests", "one", "two", "three"]
    assert [step.parent_uid for step in found.steps] == [None, "uuid-000", "uuid-001", "uuid-002"]


def test_file_order_counts_where_times_run_backwards(session: Session) -> None:
    session.says(text("one"))
    session.says(text("two"))
    session.records[2]["timestamp"] = "2020-01-01T00:00:00.000Z"
    found = _read(session.data())
    assert [step.preview for step in found.steps] == ["Run the tests", "one", "two"]
    assert found.started == "2020-01-01T00:00:00.000Z"


def test_a_ring_of_parents_ends(session: Session) -> None:
    session.says(text("one"), parent="uuid-002")
    session.says(text("two"), parent="uuid-001")
    assert len(_read(session.data()).steps) == 3


def test_two_records_joined_on_a_line_are_both_read(session: Session) -> None:
    session.says(text("one"))
    session.says(text("two"))
    lines = session.lines()
    found = _read(lines[0] + b"\n" + lines[1] + lines[2] + b"\n")
    assert [step.preview for step in found.steps] == ["Run the tests", "one", "two"]
    assert found.steps[2].raw[0].offset == len(lines[0]) + 1 + len(lines[1])


def test_a_torn_last_line_is_no_error_and_is_read_once_complete(session: Session) -> None:
    session.says(text("one"))
    whole = session.data()
    found = _read(whole[:-30])
    assert [step.preview for step in found.steps] == ["Run the tests"]
    assert len(found.loss.unparsed) == 1
    assert len(_read(whole).steps) == 2


def test_crlf_byte_order_mark_and_blank_lines_change_nothing(session: Session) -> None:
    session.says(text("one"))
    plain = _read(session.data())
    odd = _read(b"\xef\xbb\xbf" + session.data().replace(b"\n", b"\r\n\r\n"))
    assert [step.preview for step in odd.steps] == [step.preview for step in plain.steps]
    assert odd.loss == plain.loss
    assert odd.steps[0].raw[0].offset == 3


def test_garbage_lines_are_counted_and_the_rest_is_read(session: Session) -> None:
    session.says(text("one"))
    found = _read(b"npm warn\n{\n" + session.data() + b"\x00\xff\xfe\n42\n[1] 2\n")
    assert [step.preview for step in found.steps] == ["Run the tests", "one"]
    assert len(found.loss.unparsed) == 5


def test_replayed_records_count_once(session: Session) -> None:
    session.says(text("one"))
    once = session.data()
    found = _read(once + once)
    assert len(found.steps) == 2
    assert found.messages == 2
    assert found.loss.duplicate == 2


def test_one_uuid_for_all_blocks_of_a_message_loses_none(session: Session) -> None:
    session.says(text("one"), message="m1")
    session.says(call("t1", "Bash", command="ls"), message="m1")
    for record in session.records[1:]:
        record["uuid"] = "same"
    found = _read(session.data())
    assert found.loss.duplicate == 0
    assert found.steps[1].preview == "one"
    assert found.steps[1].tool_calls[0].argument == "ls"


def test_progress_records_carry_the_chain_and_are_not_shown(session: Session) -> None:
    session.says(call("t1", "Bash", command="sleep 9"))
    session.put("progress", data={"type": "bash_progress"}, parentToolUseID="t1")
    session.put("progress", data={"type": "bash_progress"}, parentToolUseID="t1")
    session.prompt("Go on")
    found = _read(session.data())
    assert [step.preview for step in found.steps] == ["Run the tests", "Bash sleep 9", "Go on"]
    assert found.steps[2].parent_uid == found.steps[1].uid
    assert "orphan" not in found.steps[2].flags
    assert {entry.kind: entry.count for entry in found.loss.ignored} == {
        "progress/bash_progress": 2
    }


def test_a_compaction_is_a_step_and_the_chain_goes_on_over_it(session: Session) -> None:
    before = session.says(text("one"))
    session.put(
        "system", parent=None, subtype="compact_boundary", logicalParentUuid=before, content="cut"
    )
    session.prompt("This session is continued ...", isCompactSummary=True)
    session.says(text("two"))
    found = _read(session.data())
    assert _kinds(found) == [
        ("user", ""),
        ("agent", ""),
        ("context", "compaction"),
        ("context", "compact summary"),
        ("agent", ""),
    ]
    assert found.steps[2].parent_uid == before
    assert "compact_summary" in found.steps[3].flags
    assert found.steps[3].turn == 1


def test_an_orphan_stays_visible(session: Session) -> None:
    session.says(text("one"), parent="gone")
    found = _read(session.data())
    assert found.steps[1].parent_uid is None
    assert "orphan" in found.steps[1].flags


def test_an_unknown_record_is_an_event_that_is_counted(session: Session) -> None:
    session.put("future-thing", widget={"a": 1})
    found = _read(session.data())
    assert _kinds(found)[1] == ("event", "future-thing")
    assert "unknown" in found.steps[1].flags
    assert {entry.kind: entry.count for entry in found.loss.ignored} == {"future-thing": 1}


@pytest.mark.parametrize(
    ("content", "kept", "error", "status", "exit_code"),
    [
        ("fine", {"stdout": "fine"}, False, "ok", None),
        ("Exit code 2\nno such file", "Error: Exit code 2", True, "error", 2),
        ("<tool_use_error>No</tool_use_error>", None, True, "error", None),
        (
            "The user doesn't want to proceed with this tool use. The tool use was rejected",
            "User rejected tool use",
            True,
            "rejected",
            None,
        ),
        ("[Request interrupted by user for tool use]", None, True, "cancelled", None),
        ("half", {"interrupted": True}, False, "cancelled", None),
        ([{"type": "text", "text": "Exit code 1\nx"}], [1, "odd"], True, "error", 1),
    ],
)
def test_how_a_call_ended(
    session: Session,
    content: object,
    kept: object,
    error: bool,
    status: str,
    exit_code: int | None,
) -> None:
    session.says(call("t1", "Bash", command="x"))
    session.result("t1", content, error=error, **({"toolUseResult": kept} if kept else {}))
    found = _read(session.data())
    (one,) = found.steps[1].tool_calls
    assert (one.status, one.exit_code) == (status, exit_code)
    assert one.duration_s == 1.0
    assert found.errors == (status == "error")


def test_a_call_without_result_is_missing(session: Session) -> None:
    session.says(call("t1", "Bash", command="sleep"))
    (one,) = _read(session.data()).steps[1].tool_calls
    assert one.status == "missing"
    assert one.result == ()
    assert one.duration_s is None


def test_a_result_before_its_call_waits_for_it(session: Session) -> None:
    session.says(text("Let me see."), message="m1")
    session.result("t1", "ok")
    session.says(call("t1", "Bash", command="df"), message="m1")
    found = _read(session.data())
    assert [step.kind for step in found.steps] == ["user", "agent"]
    assert found.steps[1].tool_calls[0].status == "ok"


def test_a_result_of_no_call_is_shown(session: Session) -> None:
    session.result("ghost", "boo")
    found = _read(session.data())
    assert _kinds(found)[1] == ("event", "result without call")
    data = session.data()
    (span,) = found.steps[1].raw
    record = data[span.offset : span.offset + span.length]
    assert ClaudeCode().body(found.steps[1], [record], {}).text == "boo"


def test_a_result_that_names_no_call_belongs_to_the_open_one_before_it(session: Session) -> None:
    session.says({"type": "tool_use", "name": "Bash", "input": {"command": "ls"}})
    session.put("user", message={"content": [{"type": "tool_result", "content": "a b"}]})
    (one,) = _read(session.data()).steps[1].tool_calls
    assert one.status == "ok"


@pytest.mark.parametrize(
    ("said", "fields", "kind", "flag"),
    [
        ("<command-name>/clear</command-name>", {}, "user", "command"),
        ("<local-command-stdout>done</local-command-stdout>", {}, "event", "injected"),
        ("<task-notification>x</task-notification>", {}, "event", "injected"),
        ("<system-reminder>mind</system-reminder>", {}, "context", "injected"),
        ("[Request interrupted by user]", {}, "event", "interrupted"),
        ("Caveat: The messages", {"isMeta": True}, "context", "injected"),
    ],
)
def test_what_the_client_wrote_is_no_human_prompt(
    session: Session, said: str, fields: dict[str, object], kind: str, flag: str
) -> None:
    session.prompt(said, **fields)
    step = _read(session.data()).steps[1]
    assert step.kind == kind
    assert flag in step.flags


def test_a_reminder_before_typed_words_leaves_them_a_prompt(session: Session) -> None:
    session.prompt("<system-reminder>mind</system-reminder>\nNow fix it")
    step = _read(session.data()).steps[1]
    assert (step.kind, step.flags, step.turn) == ("user", (), 2)


def test_api_errors_count_as_errors_and_are_no_model_call(session: Session) -> None:
    session.put("system", subtype="api_error", error={"message": "overloaded"}, retryAttempt=1)
    session.says(text("API Error: 529"), model="<synthetic>", isApiErrorMessage=True)
    session.says(text("No response requested."), model="<synthetic>")
    found = _read(session.data())
    assert _kinds(found)[1:] == [
        ("event", "api_error"),
        ("event", "API error"),
        ("event", "synthetic"),
    ]
    assert found.errors == 2
    assert found.model is None


def test_fields_of_another_type_are_lost_alone(session: Session) -> None:
    session.says(text("one"), timestamp=17)
    session.records[1]["timestamp"] = 17
    session.records[1]["message"]["id"] = {"odd": True}
    found = _read(session.data())
    assert found.steps[1].preview == "one"
    assert {entry.kind for entry in found.loss.lost_fields} == {"timestamp", "id"}


def test_a_block_that_is_a_text_alone_is_read(session: Session) -> None:
    session.put("user", message={"role": "user", "content": ["wow", {"type": "text", "text": "!"}]})
    data = session.data()
    step = _read(data).steps[1]
    assert step.preview == "wow"
    (span,) = step.raw
    record = data[span.offset : span.offset + span.length]
    assert ClaudeCode().body(step, [record], {}).text == "wow\n\n!"


def test_half_surrogates_bad_escapes_and_bad_utf8_lose_no_record() -> None:
    data = (
        b'{"type":"user","uuid":"a","sessionId":"s","message":{"content":"half \\ud83d pair"}}\n'
        b'{"type":"user","uuid":"b","sessionId":"s","message":{"content":"bad \\s escape"}}\n'
        b'{"type":"user","uuid":"c","sessionId":"s","message":{"content":"bad \xff byte"}}\n'
        b'{"type":"user","uuid":"d","sessionId":"s","message":{"content":"raw \x07 bell"}}\n'
    )
    found = _read(data)
    assert len(found.steps) == 4
    assert found.loss.unparsed == ()


def test_a_long_line_opens(session: Session) -> None:
    session.says(call("t1", "Read", file_path="/big"))
    session.result("t1", "x" * 13_000_000)
    found = _read(session.data())
    assert found.steps[1].tool_calls[0].status == "ok"
    assert len(found.steps[1].tool_calls[0].result) == 1


def test_facts_of_the_session(session: Session) -> None:
    session.put("ai-title", aiTitle="Testing")
    session.says(text("one"))
    session.records[-1]["version"] = "2.1.42"
    found = _read(session.data())
    assert found.title == "Testing"
    assert found.format_version == "2.1.42"
    assert found.cwd == "/repo"
    assert (found.started, found.ended) == ("2026-02-03T04:05:00.000Z", "2026-02-03T04:05:02.000Z")
    session.put("custom-title", customTitle="Mine")
    assert _read(session.data()).title == "Mine"


def test_a_single_pretty_record_and_a_list_of_records_are_read(session: Session) -> None:
    session.says(text("one"))
    pretty = json.dumps(session.records[0], indent=2).encode()
    assert [step.preview for step in _read(pretty).steps] == ["Run the tests"]
    listed = json.dumps(session.records, indent=1).encode()
    assert [step.preview for step in _read(listed).steps] == ["Run the tests", "one"]


def test_uids_are_stable_and_unique(session: Session) -> None:
    session.says(text("one"))
    for record in session.records:
        del record["uuid"]
        record["message"].pop("id", None)
    data = session.data()
    first = [step.uid for step in _read(data).steps]
    again = [step.uid for step in _read(data + data).steps]
    assert again[: len(first)] == first
    assert len(set(again)) == len(again) == 4


def test_inline_sidechains_are_children_of_the_calls_that_gave_their_prompt(
    session: Session,
) -> None:
    session.says(call("t1", "Task", description="look", prompt="Find the bug", subagent_type="x"))
    asked = session.last
    session.prompt("Find the bug", parent=None, isSidechain=True)
    session.says(text("Found."), isSidechain=True, usage=usage(5, 7))
    session.result("t1", "It is in b.py", parent=asked)
    found = _read(session.data())
    assert [step.kind for step in found.steps] == ["user", "agent"]
    (child,) = found.children
    assert [step.preview for step in child.steps] == ["Find the bug", "Found."]
    assert found.steps[1].tool_calls[0].sub == child.id
    assert child.parent == found.id
    assert child.totals.output == 7
    assert found.totals.output is None
    _ledger_adds_up(child.loss)


def test_a_file_of_a_subagent_alone_is_its_own_session(tmp_path: Path) -> None:
    alone = Session()
    alone.prompt("Find the bug", isSidechain=True, agentId="a1")
    alone.says(text("Found."), isSidechain=True, agentId="a1")
    found = _read(alone.data())
    assert [step.preview for step in found.steps] == ["Find the bug", "Found."]
    assert found.children == ()
