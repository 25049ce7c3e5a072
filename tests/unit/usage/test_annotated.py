"""Annotations and the traces they are about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.traces.claude_records import Session, call, text
from workbench.domain.annotation import Annotation, SkillLine, StepAnchor
from workbench.domain.trajectory import Outcome
from workbench.files import FileProblem
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.annotated import about, anchor_of, placed
from workbench.usage.label_sets import (
    LabelFilter,
    label_set,
    read_label_set,
    write_label_set,
)
from workbench.usage.outcomes import AttachedOutcomes, outcome_of, with_attached


def _session() -> Session:
    session = Session()
    session.prompt("Please")
    session.says(text("One"), call("t1", "Bash", command="x"))
    session.says(text("Two"))
    return session


def _open(path: Path) -> OpenTrace:
    (trace,) = open_traces(path)
    return trace


def _said(anchor: StepAnchor, name: str = "a", **fields: object) -> Annotation:
    return Annotation(name, anchor, "1", str(fields.pop("changed", "1")), label="x", **fields)  # type: ignore[arg-type]


def test_a_step_is_found_again_though_the_file_grew_and_moved(tmp_path: Path) -> None:
    session = _session()
    path = session.write(tmp_path)
    with _open(path) as trace:
        said = _said(anchor_of(trace, 1))
        assert (said.anchor.step, said.anchor.uid) == (1, trace.trajectory.steps[1].uid)
    session.result("t1", "late")
    moved = tmp_path / "moved.jsonl"
    moved.write_bytes(session.data())
    path.unlink()
    with _open(moved) as trace:
        (found,) = placed([said], trace)
    assert (found.state, found.step) == ("found", 1)


def test_a_step_is_known_by_what_it_says_where_its_id_is_another(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        anchor = anchor_of(trace, 2)
        renamed = StepAnchor(anchor.trajectory, "other", anchor.content)
        (found,) = placed([_said(renamed)], trace)
    assert (found.state, found.step) == ("found", 2)


def test_what_is_gone_is_broken_and_what_changed_is_told(tmp_path: Path) -> None:
    session = _session()
    path = session.write(tmp_path)
    with _open(path) as trace:
        said = [_said(anchor_of(trace, 1), "one"), _said(anchor_of(trace, 2), "two")]
    session.records[1]["message"]["content"][0]["text"] = "Another"
    del session.records[2]
    path.write_bytes(session.data())
    with _open(path) as trace:
        changed, broken = placed(said, trace)
    assert (changed.state, changed.step, changed.candidate) == ("changed", None, 1)
    assert (broken.state, broken.step) == ("broken", None)
    assert "no step" in broken.reason
    (gone,) = placed(said[:1], None)
    assert gone.state == "broken"
    assert str(path) in gone.reason
    assert label_set([changed, broken, gone]) == ()


def test_traces_that_share_an_id_do_not_share_annotations(tmp_path: Path) -> None:
    one = _chat(tmp_path / "one.json", "Hello")
    other = _chat(tmp_path / "other.json", "Hello")
    with _open(one) as trace:
        said = [_said(anchor_of(trace, 0)), _said(anchor_of(trace), "whole")]
    with _open(other) as trace:
        assert trace.trajectory.id == said[0].anchor.trajectory
        assert about(said, trace) == ()
    one.rename(tmp_path / "moved.json")
    with _open(tmp_path / "moved.json") as trace:
        assert about(said, trace) == tuple(said)
        assert [found.state for found in placed(said, trace)] == ["found", "found"]


def test_a_step_among_others_that_say_the_same_is_not_guessed(tmp_path: Path) -> None:
    path = _chat(tmp_path / "a.json", "Go", "Go", "Go")
    with _open(path) as trace:
        anchor = replace(anchor_of(trace, 1), uid="gone")
        (same,) = placed([_said(anchor)], trace)
        (lost,) = placed([_said(replace(anchor, step=9))], trace)
    assert (same.state, same.step) == ("found", 1)
    assert (lost.state, lost.step) == ("broken", None)
    assert "3 steps say the same" in lost.reason


def _chat(path: Path, *prompts: str) -> Path:
    messages = [{"role": "user", "content": text} for text in prompts]
    messages.append({"role": "assistant", "content": "Done"})
    path.write_text(json.dumps({"messages": messages}), encoding="utf-8")
    return path


def test_a_label_set_holds_what_can_be_checked_and_is_read_again(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        said = _said(anchor_of(trace, 1), note="why", severity="low", quote="One")
        records = label_set(placed([said], trace), {"a": "One"})
    write_label_set(tmp_path / "set.jsonl", records)
    (record,) = read_label_set(tmp_path / "set.jsonl")
    assert (record,) == records
    assert (record.label, record.note, record.step, record.text) == ("x", "why", 1, "One")
    assert (record.content, record.quote) == (said.anchor.content, "One")


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"id":"a"}', b'{"id":"a","trace":"","trajectory":"","schema":"x"}', b"\xff"],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(FileProblem, match="line 2"):
        read_label_set(path)
    with pytest.raises(FileProblem, match="Cannot read"):
        read_label_set(tmp_path / "none.jsonl")


def test_a_filter_looks_at_each_thing_that_was_said() -> None:
    said = _said(
        StepAnchor("t", "u", "c", "/t/run.json"), verdict="bad", severity="high", note="It loops",
        skill=SkillLine("pdf", "SKILL.md", 3),
    )  # fmt: skip
    assert LabelFilter().passes(said)
    assert LabelFilter("X", "bad", "high", "pdf", "run", "loop").passes(said)
    for other in ("label", "verdict", "severity", "skill", "trace", "text"):
        assert not LabelFilter(**{other: "another"}).passes(said)


def test_a_persons_word_on_the_outcome_counts_and_the_last_one_most(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        whole = anchor_of(trace)
        said = [
            _said(whole, "a", outcome="fail", changed="2026-01-01"),
            _said(whole, "b", outcome="pass", changed="2026-01-02", author="Ann", score=0.75),
            _said(StepAnchor("other"), "c", outcome="fail", changed="2026-01-03"),
        ]
        one = trace.trajectory
        judged = outcome_of(one, AttachedOutcomes(said))
        assert (judged.status, judged.score) == ("pass", 0.75)
        assert judged.source == "attached by Ann on 2026-01-02"
        assert judged.recorded == one.outcome
        assert with_attached(one, AttachedOutcomes(said)).outcome.reason == judged.source
        assert outcome_of(one, AttachedOutcomes()).outcome == one.outcome
        assert with_attached(one, AttachedOutcomes()) is one
        mine = AttachedOutcomes([_said(whole, outcome="fail", changed="2026-01-01")])
        assert outcome_of(one, mine).source == "attached by you on 2026-01-01"
        assert placed(said[:1], trace)[0].state == "found"


def test_what_was_recorded_stays_beside_what_was_attached(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        recorded = replace(trace.trajectory, outcome=Outcome("fail", reward=0.1))
        mine = AttachedOutcomes([_said(anchor_of(trace), outcome="pass")])
    judged = outcome_of(recorded, mine)
    assert judged.disagrees
    assert (judged.status, judged.score, judged.recorded.status) == ("pass", None, "fail")
