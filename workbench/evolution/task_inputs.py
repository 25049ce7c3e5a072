"""Tasks as engines may see them: never those of the split "test", never how a result is checked."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from workbench.domain.job import TaskInput
from workbench.domain.task import Task
from workbench.evaluation.task_set import TaskSet, input_files
from workbench.files import FileProblem

#: Folders of Harbor-style and SkillsBench tasks that hold checks and reference solutions.
_WITHHELD = frozenset({"tests", "test", "solution", "solutions", "verifier"})


def told_tasks(tasks: TaskSet | None, folder: Path, problems: list[str]) -> tuple[TaskInput, ...]:
    """Return the tasks of train and val with their inputs copied below ``folder``.

    A task whose inputs cannot be copied is told without them, and ``problems`` says so.
    """
    if tasks is None:
        return ()
    return tuple(
        _told(tasks, task, folder / f"{number:04d}", problems)
        for number, task in enumerate(tasks.of("train", "val"))
    )


def _told(tasks: TaskSet, task: Task, folder: Path, problems: list[str]) -> TaskInput:
    copied: list[str] = []
    try:
        for path in input_files(tasks.folder, task):
            name = path.relative_to(tasks.folder)
            if is_withheld(task, PurePosixPath(name.as_posix())):
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied.append(str(target))
    except (FileProblem, OSError) as problem:
        problems.append(f"The engine gets the task {task.id} without its inputs: {problem}")
        copied = []
    return TaskInput(
        id=task.id,
        prompt=task.prompt,
        family=task.family,
        split="val" if task.split == "val" else "train",
        criteria=tuple(f"{one.id}: {one.text}" for one in task.criteria if one.visible),
        inputs=tuple(copied),
    )


def is_withheld(task: Task, path: PurePosixPath) -> bool:
    """Whether an input is part of how the task is checked.

    Args:
        task: whose verifier and criteria are looked at.
        path: of the input, relative to the task set's folder.
    """
    home = PurePosixPath(task.id)
    inner = path.relative_to(home) if path.is_relative_to(home) else path
    if _WITHHELD & {part.casefold() for part in inner.parts[:-1]}:
        return True
    said = [*task.verifier, *(one.argument for one in task.criteria)]
    return any(inner.as_posix() in text or path.as_posix() in text for text in said)
