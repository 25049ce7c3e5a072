"""What people write about traces: kept line by line, never lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.domain.annotation import Annotation, SkillLine, StepAnchor
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
    assert again.of_skill("pdf") == (made,)
    assert again.of_skill("csv") == ()
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
    with pytest.raises(ValueError, match="score"):
        store.add(_TRACE, "1", label="x", score=0.5)
    with pytest.raises(ValueError, match="score"):
        store.add(_TRACE, "1", outcome="pass", score=float("nan"))
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


def test_an_outcome_is_changed_rather_than_given_twice(store: AnnotationStore) -> None:
    first = store.attach(_TRACE, "1", outcome="fail")
    again = store.attach(_TRACE, "2", first.id, outcome="pass", score=0.5)
    assert (again.id, again.created, again.changed) == (first.id, "1", "2")
    assert store.all() == (again,)
    store.delete(first.id, "3")
    assert store.attach(_TRACE, "4", first.id, outcome="pass").id != first.id


def test_what_others_wrote_is_taken_in_once(store: AnnotationStore) -> None:
    given = [Annotation(f"id{n}", _STEP, "1", "1", label="theirs") for n in range(2)]
    assert store.take_in(given) == tuple(given)
    store.delete("id0", "2")
    assert store.take_in(given) == ()
    assert [one.id for one in store.all()] == ["id1"]
    with pytest.raises(ValueError, match="without"):
        store.take_in(
            [Annotation("a", _STEP, "1", "1", label="x"), Annotation("b", _STEP, "1", "1")]
        )
    assert [one.id for one in AnnotationStore(store.path).all()] == ["id1"]


_WRITER = """
import sys
from pathlib import Path
from workbench.domain.annotation import StepAnchor
from workbench.store.annotations import AnnotationStore
store = AnnotationStore(Path(sys.argv[1]))
for number in range(40):
    store.add(StepAnchor("s", "u", "c"), "1", label=f"{sys.argv[2]}-{number}", note="x" * 20_000)
"""


def test_programs_that_write_at_once_lose_nothing(store: AnnotationStore) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(store.path), name])
        for name in ("one", "two", "three")
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert store.reload()
    assert len(store.all()) == 120
    assert store.problems == ()
