"""Reading task sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.task import Criterion
from workbench.evaluation.task_set import TaskSetProblem, read_tasks, split_of
from workbench.files import FileProblem

TOML = """
[[tasks]]
id = "count"
prompt = "Count the lines."
split = "val"
family = "text"
inputs = ["data"]
verifier = ["sh", "-c", "true"]

[[tasks.criteria]]
id = "says"
method = "contains"
argument = "3"
visible = false

[[tasks]]
id = "other"
prompt = "Something else."
split = "test"
"""


def test_a_set_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "input.txt").write_text("a\nb\nc\n")
    path = tmp_path / "tasks.toml"
    path.write_text(TOML)
    found = read_tasks(path)
    assert [task.id for task in found.tasks] == ["count", "other"]
    assert [task.id for task in found.of("train", "val")] == ["count"]
    assert not found.assigned
    task = found.tasks[0]
    assert task.criteria == (Criterion("says", method="contains", argument="3", visible=False),)
    before = found.task_hash(task)
    assert before == read_tasks(path).task_hash(task)
    (tmp_path / "data" / "input.txt").write_text("a\n")
    assert found.task_hash(task) != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", '{"tasks": [{"id": "a", "prompt": "p"}]}'),
        ("t.json", '[{"id": "a", "prompt": "p"}]'),
        ("t.jsonl", '{"id": "a", "prompt": "p"}\n\n'),
    ],
)
def test_json_and_json_lines_are_read_too_and_get_a_split(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    found = read_tasks(tmp_path / name)
    assert found.assigned
    assert found.tasks[0].split == split_of("a")


def test_folders_of_tasks_are_read_as_harbor_lays_them_out(tmp_path: Path) -> None:
    home = tmp_path / "set" / "sum-csv"
    (home / "tests").mkdir(parents=True)
    (home / "instruction.md").write_text("Sum the column.\n")
    (home / "task.toml").write_text('[metadata]\ncategory = "data"\n[agent]\ntimeout_sec = 90\n')
    (home / "tests" / "test.sh").write_text("exit 0\n")
    (task,) = read_tasks(tmp_path / "set").tasks
    assert (task.id, task.family, task.timeout_s) == ("sum-csv", "data", 90.0)
    assert task.verifier == ("sh", "tests/test.sh")
    assert task.inputs == ("sum-csv/tests",)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.toml", "tasks = 3", "list of tasks"),
        ("t.toml", "= broken", "is no task set"),
        ("t.json", "{", "is no task set"),
        ("t.json", '[{"id": 5}]', "task 1: "),
        ("t.json", "[]", "has no tasks"),
        ("t.json", '[{"id": "a", "prompt": ""}, {"id": "a", "prompt": ""}]', "more than once"),
        ("t.json", '[{"id": "", "prompt": ""}]', "an id of its own"),
        ("t.json", '[{"id": "a", "prompt": "", "split": "holdout"}]', "task 1: "),
    ],
)
def test_what_is_no_task_set_is_refused_in_words(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TaskSetProblem, match=words):
        read_tasks(tmp_path / name)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskSetProblem, match="Cannot read"):
        read_tasks(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "gone.txt"])
def test_inputs_stay_in_the_sets_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.txt").write_text("secret")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "t.json").write_text(f'[{{"id": "a", "prompt": "p", "inputs": ["{name}"]}}]')
    found = read_tasks(folder / "t.json")
    with pytest.raises(FileProblem):
        found.task_hash(found.tasks[0])


@given(st.text(max_size=40))
def test_a_split_depends_on_the_id_alone(task: str) -> None:
    assert split_of(task) == split_of(task)
    assert split_of(task) in ("train", "val", "test")


def test_splits_by_hash_have_about_the_shares_they_should() -> None:
    counts = {"train": 0, "val": 0, "test": 0}
    for number in range(2000):
        counts[split_of(f"task-{number}")] += 1
    assert 900 < counts["train"] < 1100
    assert 500 < counts["val"] < 700


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(tmp_path_factory, data: bytes) -> None:
    for suffix in (".toml", ".json", ".jsonl"):
        path = tmp_path_factory.mktemp("t") / f"t{suffix}"
        path.write_bytes(data)
        try:
            found = read_tasks(path)
        except TaskSetProblem:
            continue
        assert found.tasks
