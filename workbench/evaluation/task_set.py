"""Task sets: what agents are asked to do, and how a result is checked.

A set is a file (TOML, JSON or JSON lines) or a folder of Harbor-style tasks (``task.toml``,
``instruction.md``, ``tests/``). Reading one runs nothing. A small one in TOML::

    [[tasks]]
    id = "count-lines"
    prompt = "Write the number of lines of input.txt to answer.txt."
    split = "val"
    inputs = ["input.txt"]
    verifier = ["sh", "-c", "test \\"$(cat answer.txt)\\" = 3"]

Tasks without a split get one by a hash of their id: half train, three tenths val, the rest test
(SkillOpt-Sleep splits the same way; evolution reference, section 1.1, November 2026).
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.task import Split, Task
from workbench.files import FileProblem, confined

_SPLITS: tuple[tuple[int, Split], ...] = ((50, "train"), (80, "val"), (100, "test"))
#: Inputs of one task that are more than this are refused: they are copied for each run.
_LARGEST_INPUTS = 256 << 20


class TaskSetProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A task set cannot be read. The message says what, where and what to do."""


class TaskSet(Struct, frozen=True):
    """Tasks of one file or folder. ``folder`` is what paths of inputs are relative to.

    ``assigned`` says whether splits were made here, because the set names none.
    """

    name: str
    folder: Path
    tasks: tuple[Task, ...]
    assigned: bool = False

    def of(self, *splits: Split) -> tuple[Task, ...]:
        """Return the tasks of these splits."""
        return tuple(task for task in self.tasks if task.split in splits)

    def task(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def task_hash(self, task: Task) -> str:
        """Return a hash of everything a result depends on: the task and the bytes of its inputs.

        Raises:
            FileProblem: an input is not there, lies outside the folder, or is too large.
        """
        found = hashlib.sha256(msgspec.json.encode(replace(task, split="train")))
        for path in input_files(self.folder, task):
            found.update(path.relative_to(self.folder).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(path.read_bytes()).digest())
        return found.hexdigest()

    @property
    def hash(self) -> str:
        """A hash of all tasks as they are written: what a permission to run them is bound to."""
        return hashlib.sha256(msgspec.json.encode(self.tasks)).hexdigest()


def input_files(folder: Path, task: Task) -> tuple[Path, ...]:
    """Return the files of a task's inputs, those of folders too; links are left out.

    Raises:
        FileProblem: an input is not there, lies outside the folder, or all are too large.
    """
    found: list[Path] = []
    for name in task.inputs:
        path = confined(folder, name)
        if not path.exists():
            raise FileProblem(f"Task {task.id}: its input {name} is not in {folder}.")
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [one for one in below if one.is_file() and not one.is_symlink()]
    if sum(one.stat().st_size for one in found) > _LARGEST_INPUTS:
        raise FileProblem(f"Task {task.id}: its inputs are more than 256 MB.")
    return tuple(found)


def read_tasks(path: Path) -> TaskSet:
    """Read a task set.

    Raises:
        TaskSetProblem: it is not there, is none, has no tasks, or two tasks share an id.
    """
    if path.is_dir():
        return _checked(path.name, path, _harbor_tasks(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise TaskSetProblem(f"Cannot read {path}: {problem}.") from problem
    return _checked(path.stem, path.parent, _written_tasks(path, text))


def _written_tasks(path: Path, text: str) -> list[tuple[Task, bool]]:
    try:
        if path.suffix == ".toml":
            entries: Any = tomllib.loads(text).get("tasks", [])
        elif path.suffix == ".jsonl":
            entries = [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
        else:
            value = msgspec.json.decode(text)
            entries = value.get("tasks", []) if isinstance(value, dict) else value
    except (tomllib.TOMLDecodeError, msgspec.MsgspecError, RecursionError) as problem:
        raise TaskSetProblem(f"{path} is no task set: {problem}.") from problem
    if not isinstance(entries, list):
        raise TaskSetProblem(f"{path}: 'tasks' has to be a list of tasks.")
    found = []
    for number, entry in enumerate(entries, 1):
        try:
            task = msgspec.convert(entry, Task)
        except msgspec.ValidationError as problem:
            raise TaskSetProblem(f"{path}, task {number}: {problem}.") from problem
        found.append((task, "split" in entry))
    return found


def _harbor_tasks(folder: Path) -> list[tuple[Task, bool]]:
    """Read folders as Harbor and SkillsBench lay them out; the tests run as the verifier."""
    homes = sorted(one.parent for one in folder.glob("**/instruction.md"))
    return [(_harbor_task(home, folder), False) for home in homes]


def _harbor_task(home: Path, folder: Path) -> Task:
    try:
        prompt = (home / "instruction.md").read_text(encoding="utf-8")
        settings = home / "task.toml"
        table = tomllib.loads(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise TaskSetProblem(f"The task in {home} cannot be read: {problem}.") from problem
    agent, metadata = _table(table, "agent"), _table(table, "metadata")
    seconds = agent.get("timeout_sec")
    inputs = [name for name in ("environment", "tests") if (home / name).is_dir()]
    return Task(
        id=home.relative_to(folder).as_posix() if home != folder else folder.name,
        prompt=prompt,
        family=str(metadata.get("category", "")),
        inputs=tuple((home / name).relative_to(folder).as_posix() for name in inputs),
        verifier=("sh", "tests/test.sh") if (home / "tests" / "test.sh").is_file() else (),
        timeout_s=float(seconds) if isinstance(seconds, int | float) else None,
    )


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _checked(name: str, folder: Path, found: list[tuple[Task, bool]]) -> TaskSet:
    if not found:
        raise TaskSetProblem(
            f"{folder / name} has no tasks. A set is a file with 'tasks', or a folder of folders "
            "with instruction.md."
        )
    ids = [task.id for task, _ in found]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice or not all(ids):
        raise TaskSetProblem(
            f"{folder / name}: the id {twice[0] if twice else '(empty)'} is used more than once; "
            "results could not be told apart. Give each task an id of its own."
        )
    assigned = not any(named for _, named in found)
    tasks = (replace(task, split=split_of(task.id)) if assigned else task for task, _ in found)
    return TaskSet(name, folder, tuple(tasks), assigned)


def split_of(task_id: str) -> Split:
    """Return the split a task without one belongs to; the same every time."""
    share = int(hashlib.sha256(task_id.encode()).hexdigest()[:8], 16) % 100
    return next(split for below, split in _SPLITS if share < below)
