"""What people write about traces: kept line by line, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.domain.annotation import SkillLine, StepAnchor
from workbench.files import FileProblem
from workbench.store.annotations import AnnotationStore

_STEP = StepAnchor("session", "step-1", "abc", "/t/a.jsonl", 3)
_TRACE = StepAnchor("session", path="/t/a.jsonl")


@pytest.fixture
def store(tmp_path: Path) -> AnnotationStore:
    return AnnotationStore(tmp_path / "data" / "annotations.jsonl")


def test_an_annotation_is_there_after_a_restart(store: AnnotationStore) -> None:
    link = SkillLine("pdf", "SKILL.md", 12, "Run the script first")
    made = store.add(
        _STEP, "2026-01-01T00:00:00Z", label="loop", note="twice\nthe same", verdict="bad",
        severity="high", skill=link, author="Ann",
    )  # fmt: skip
    again = AnnotationStore(store.path)
    assert again.all() == (made,)
    assert again.of_step("session", "step-1") == (made,)
    assert again.of_step("session", "step-2") == ()
    assert again.labels() == (("loop", 1),)


def test_a_change_and_a_deletion_are_lines_of_their_own(store: AnnotationStore) -> None:
    made = store.add(_STEP, "1", note="first")
    store.change(made.id, "2", note="second", verdict="good")
    store.delete(made.id, "3")
    assert len(store.path.read_bytes().splitlines()) == 3
    assert b"first" in store.path.read_bytes()
    assert AnnotationStore(store.path).all() == ()
    assert store.restore(made.id, "4").note == "second"
    assert AnnotationStore(store.path).get(made.id) == store.get(made.id)
    with pytest.raises(FileProblem, match="no annotation 'x'"):
        store.change("x", "5", note="n")
    with pytest.raises(FileProblem, match="no annotation 'x'"):
        store.delete("x", "5")


def test_what_says_nothing_is_refused(store: AnnotationStore) -> None:
    with pytest.raises(ValueError, match="without"):
        store.add(_STEP, "1")
    with pytest.raises(ValueError, match="whole trace"):
        store.add(_STEP, "1", outcome="pass")
    assert store.add(_TRACE, "1", outcome="pass").outcome == "pass"
    assert len(store.path.read_bytes().splitlines()) == 1


def test_two_programs_write_into_one_file(store: AnnotationStore) -> None:
    other = AnnotationStore(store.path)
    one = store.add(_STEP, "1", label="a")
    two = other.add(_STEP, "2", label="b")
    assert store.reload()
    assert [found.id for found in store.all()] == [one.id, two.id]
    assert not store.reload()
    store.delete(two.id, "3")
    other.reload()
    assert [found.id for found in other.all()] == [one.id]


def test_a_torn_line_costs_itself_alone(store: AnnotationStore) -> None:
    store.add(_STEP, "1", label="a")
    with store.path.open("ab") as stream:
        stream.write(b'{"id": "torn')
    again = AnnotationStore(store.path)
    assert len(again.all()) == 1
    assert len(again.problems) == 1
    again.add(_STEP, "2", label="b")
    assert len(AnnotationStore(store.path).all()) == 2
