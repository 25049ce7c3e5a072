"""Runs of tasks on a cluster: the evaluator waits here as it waits for runs on this machine."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from workbench.domain.task import Task
from workbench.evaluation.runner import Capabilities, RunLimits, RunOutcome, RunPlace, infra
from workbench.evaluation.runners.packed_task import (
    RunnerSpec,
    TaskAnswer,
    capabilities_of,
    pack_task,
)
from workbench.plugin.cluster import Cluster, ClusterProblem


class ClusterRunner:
    """Sends each run to the cluster; what stops it there says nothing of a skill."""

    def __init__(self, cluster: Cluster, spec: RunnerSpec) -> None:
        self._cluster = cluster
        self._spec = spec

    @property
    def capabilities(self) -> Capabilities:
        """What it is: the runner it stands for."""
        return capabilities_of(self._spec)

    def run(
        self,
        task: Task,
        place: RunPlace,
        limits: RunLimits,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        """Have one task run on a worker."""
        payload = pack_task(self._spec, task, place, limits, seed)
        try:
            found = self._cluster.call(
                "workbench.evaluation.runners.packed_task:run_task", payload, cancelled
            )
        except ClusterProblem as problem:
            return infra(str(problem))
        if found is None:
            return infra("cancelled")
        answer = msgspec.msgpack.decode(found, type=TaskAnswer)
        if not answer.trace:
            return replace(answer.outcome, trace="")
        trace = place.trace.with_suffix(answer.suffix)
        trace.write_bytes(answer.trace)
        return replace(answer.outcome, trace=str(trace))
