"""What the host adds to each evaluation: an engine asks, the host runs, the answer comes back.

The runner does nothing, so that all of the time is the host's: request and answer as JSON lines
between two processes, journal, version of the library, run folder, cache. The floor is a direct
call of the runner. Target: less than 5 ms an evaluation (issue "Evolution", November 2026).

    python -m tests.benchmarks.bench_evaluation
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.domain.job import Log, StoredResult
from workbench.domain.task import Task
from workbench.evaluation.cache import EvaluationCache
from workbench.evaluation.evaluator import Evaluator
from workbench.evaluation.runner import Capabilities, RunLimits, Runner, RunOutcome, RunPlace
from workbench.evaluation.runners.stored import StoredRunner
from workbench.evaluation.task_set import TaskSet
from workbench.evolution.means import Means
from workbench.evolution.run import EngineInputs, Evolution
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore

MOST_MS = 5.0
SKILL = "---\nname: words\ndescription: Words\n---\n# Words\n\n" + "- a line of the skill\n" * 200

ENGINE = """
import json, time
from workbench.plugin.api import Change

def propose(request, context):
    tasks = [task.id for task in request.tasks]
    count = int(request.settings["count"])
    text = open(request.skills[0].path + "/SKILL.md").read()
    changes = [[Change("c", "words/SKILL.md", "edit", text + f"- {n}\\n")] for n in range(count)]

    def timed(name, ask, results):
        times = []
        for n in range(count):
            start = time.perf_counter()
            ask(n)
            times.append((time.perf_counter() - start) / results)
        context.log(json.dumps({"name": name, "times": times}))

    def version(n, some):
        context.evaluate(f"v{n}", some, changes=changes[n])

    one = tasks[:1]
    timed("one task, library as it is", lambda n: context.evaluate("base", one), 1)
    timed("one task, a new version each", lambda n: version(n, one), 1)
    timed("one task, result known", lambda n: version(n, one), 1)
    timed("20 tasks at once, a result", lambda n: version(n, tasks), len(tasks))
    yield from ()
"""


class NoRunner:
    """Executes, and does nothing: every run passes."""

    @property
    def capabilities(self) -> Capabilities:
        """What it is."""
        return Capabilities("nothing", "1")

    def run(
        self,
        task: Task,
        place: RunPlace,
        limits: RunLimits,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        """Pass."""
        return RunOutcome("pass", 1.0)


def stored(tasks: tuple[Task, ...]) -> StoredRunner:
    """A runner that looks results up."""
    return StoredRunner([StoredResult(task.id, ("words",), 1.0, "pass") for task in tasks])


def floor_of(runner: Runner, task: Task, folder: Path) -> float:
    """Return the seconds of a direct call."""
    place = RunPlace(folder, folder / "trace", folder, "v", ("words",))
    start = time.perf_counter()
    for _ in range(1000):
        runner.run(task, place, RunLimits(), 0, lambda: False)
    return (time.perf_counter() - start) / 1000


def measured(
    folder: Path, runner: Runner, tasks: tuple[Task, ...], count: int
) -> dict[str, list[float]]:
    """Run the engine on the runner and return its times by name, in seconds."""
    library = folder / "library" / "words"
    library.mkdir(parents=True)
    (library / "SKILL.md").write_text(SKILL)
    home = folder / "plugins" / "asker"
    (home / "asker").mkdir(parents=True)
    (home / "asker" / "__init__.py").write_text(ENGINE)
    (home / "plugin.toml").write_text(
        'id = "asker"\nname = "Asker"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["evolver"]\nform = "inprocess"\nentry = "asker:propose"\n'
        'needs = ["tasks", "runner"]\n[settings.count]\ntype = "integer"\ndefault = 1\n'
    )
    plugin = Registry((folder / "plugins",), folder / "p.json", installed=False)
    cache = EvaluationCache(folder / "cache.sqlite")
    evaluator = Evaluator(TaskSet("t", folder, tasks), runner, folder / "runs", cache=cache)
    with JobRunner(folder / "jobs") as jobs:
        evolution = Evolution(
            read_library(folder / "library"),
            plugin.set_enabled("asker", True),
            (),
            EngineInputs(settings={"count": count}),
            runner=jobs,
            store=ProposalStore(folder / "store"),
            means=Means(evaluator.tasks, evaluator),
        )
        try:
            result = evolution.result()
        finally:
            evolution.close()
            evaluator.close()
            cache.close()
    if result.status != "no_change":
        raise SystemExit(f"The engine ended with {result.status}: {result.summary}")
    lines = [json.loads(one.text) for one in result.events if isinstance(one, Log)]
    return {line["name"]: line["times"] for line in lines}


def main(count: int) -> int:
    """Print the table; the exit code says whether the target is met."""
    tasks = tuple(Task(f"t{n}", "Do it.", split="train") for n in range(20))
    slowest = 0.0
    print(f"{'ms an evaluation':44}{'median':>8}{'p95':>8}{'floor':>9}")
    runners: tuple[tuple[str, Runner], ...] = (("no-op", NoRunner()), ("stored", stored(tasks)))
    for name, runner in runners:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            floor = floor_of(runner, tasks[0], folder)
            for what, times in measured(folder, runner, tasks, count).items():
                ordered = sorted(times)
                median, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
                slowest = max(slowest, median)
                print(
                    f"{name}: {what:36}{median * 1e3:8.2f}{p95 * 1e3:8.2f}{floor * 1e3:9.4f}",
                    flush=True,
                )
    print(f"slowest median {slowest * 1e3:.2f} ms, target below {MOST_MS:g} ms")
    return 0 if slowest * 1e3 < MOST_MS else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    sys.exit(main(parser.parse_args().count))
