"""What is said of a task set before it is used: read in a thread, nothing of it is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.evaluation.task_set import TaskSet, TaskSetProblem, read_tasks


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task set as read, or why it cannot be."""

    path: Path
    tasks: TaskSet | None = None
    hash: str = ""
    problem: str = ""

    @property
    def text(self) -> str:
        """Say how many tasks there are, in which splits, and who assigned them."""
        if self.tasks is None:
            return self.problem
        count = {split: len(self.tasks.of(split)) for split in ("train", "val", "test")}
        total = len(self.tasks.tasks)
        said = [
            f"{total} task{'' if total == 1 else 's'}: {count['train']} train, {count['val']} val, "
            f"{count['test']} test."
        ]
        if count["test"]:
            said.append("Test is sealed: the engine never sees it, the gate decides on it.")
        else:
            said.append(
                "There is no test split: the gate decides on tasks the engine may know, and says "
                "so."
            )
        if self.tasks.assigned:
            said.append("The set names no splits; they are assigned by a hash of each task's id.")
        unchecked = sum(not task.verifier and not task.criteria for task in self.tasks.tasks)
        if unchecked:
            said.append(f"{unchecked} have no check, so their runs say nothing.")
        return " ".join(said)


def read_facts(path: Path) -> TaskFacts:
    """Read a task set; in a thread."""
    try:
        tasks = read_tasks(path)
    except TaskSetProblem as problem:
        return TaskFacts(path, problem=str(problem))
    return TaskFacts(path, tasks, tasks.hash)
