"""Runs of tasks that compute: one after another, on this machine's workers, on a Dask cluster.

Two workers on loopback; the floor is the ideal, half of one after another. Start with
``python -m tests.benchmarks.bench_cluster``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.cluster_on_loopback import cluster_on_loopback
from workbench.domain.task import Task
from workbench.evaluation.evaluator import NO_SKILLS, Evaluator
from workbench.evaluation.runner import RunLimits, Runner
from workbench.evaluation.runners.cluster import ClusterRunner
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.runners.packed_task import RunnerSpec
from workbench.evaluation.sandbox import Sandbox
from workbench.evaluation.task_set import TaskSet
from workbench.evaluation.verify import Verifier
from workbench.plugin.cluster import Cluster

#: Counts for some seconds on one core, in the interpreter that is there everywhere.
_WORK = "i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done; echo done"
_TASKS = 8


def _seconds(tasks: TaskSet, runner: Runner, workers: int, folder: Path) -> float:
    host = Evaluator(tasks, runner, folder, limits=RunLimits(seconds=300), workers=workers)
    begun = time.perf_counter()
    found = host.run(NO_SKILLS, tasks.tasks)
    seconds = time.perf_counter() - begun
    host.close()
    assert all(one.outcome.status == "pass" for one in found), found[0].outcome.detail
    return seconds


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, cluster_on_loopback(Path(name), 2) as address:
        folder = Path(name)
        verifier = ("sh", "-c", "true")
        tasks = TaskSet(
            "s", folder, tuple(Task(f"t{n}", "p", verifier=verifier) for n in range(_TASKS))
        )
        template = CommandTemplate(("/bin/sh", "-c", _WORK))
        sandbox = Sandbox("none")
        near = CommandRunner(template, sandbox, Verifier(sandbox))
        serial = _seconds(tasks, near, 1, folder / "serial")
        local = _seconds(tasks, near, 2, folder / "local")
        with Cluster(address) as cluster:
            far = ClusterRunner(cluster, RunnerSpec(template, allow_unsandboxed=True))
            spread = _seconds(tasks, far, cluster.slots, folder / "spread")
    print(f"{_TASKS} runs of tasks           seconds  speed-up  (ideal 2.00)")
    for title, seconds in (
        ("one after another", serial),
        ("two on this machine", local),
        ("two workers of a cluster", spread),
    ):
        print(f"{title:26} {seconds:7.2f}  {serial / seconds:8.2f}")


if __name__ == "__main__":
    main()
