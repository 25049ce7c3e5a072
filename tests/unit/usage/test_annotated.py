"""Annotations and the traces they are about."""

from __future__ import annotations

from pathlib import Path

from tests.unit.traces.claude_records import Session, call, text
from workbench.domain.annotation import Annotation, StepAnchor
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.annotated import anchor_of, judged_outcome, label_set, placed


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
    assert (changed.state, changed.step) == ("changed", 1)
    assert (broken.state, broken.step) == ("broken", None)
    assert "no step" in broken.reason
    (gone,) = placed(said[:1], None)
    assert gone.state == "broken"
    assert str(path) in gone.reason
    assert label_set([changed, broken, gone]) == ()


def test_a_label_set_holds_what_can_be_checked(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        said = _said(anchor_of(trace, 1), note="why", severity="low")
        (record,) = label_set(placed([said], trace), {"a": "One"})
    assert (record["label"], record["note"], record["step"], record["text"]) == (
        "x",
        "why",
        1,
        "One",
    )
    assert record["content"] == said.anchor.content


def test_a_persons_word_on_the_outcome_counts_and_the_last_one_most(tmp_path: Path) -> None:
    with _open(_session().write(tmp_path)) as trace:
        whole = anchor_of(trace)
        said = [
            _said(whole, "a", outcome="fail", changed="2026-01-01"),
            _said(whole, "b", outcome="pass", changed="2026-01-02", author="Ann"),
            _said(StepAnchor("other"), "c", outcome="fail", changed="2026-01-03"),
        ]
        assert judged_outcome(trace.trajectory, said).status == "pass"
        assert judged_outcome(trace.trajectory, said).reason == "said by Ann"
        assert judged_outcome(trace.trajectory, []) == trace.trajectory.outcome
        assert placed(said[:1], trace)[0].state == "found"
