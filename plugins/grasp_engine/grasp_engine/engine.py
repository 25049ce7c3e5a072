"""The package ``grasp-skills`` in process: the host runs the tasks, asks the model and decides."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from math import ceil
from pathlib import Path
from typing import Any

from grasp_engine.library import SkillNames
from grasp_engine.outcome import Outcome, drafts, read_outcome
from grasp_engine.runs import TaskRuns, Versions
from workbench.plugin.api import (
    BudgetSpent,
    Cancelled,
    Context,
    Finished,
    JobEvent,
    PackageCalls,
    ProposalDraft,
    Request,
    Started,
    TaskInput,
    Unavailable,
    Warning_,
    number_setting,
    relayed,
)

_Yield = ProposalDraft | JobEvent
_PROMPTS = Path(__file__).parents[1] / "prompts"


def propose(request: Request, context: Context) -> Iterator[_Yield]:
    """Let GRASP learn on the tasks; propose each skill it changed, added or removed."""
    context.check_cancelled()
    if lacking := _lacking(request):
        yield Warning_(text=f"GRASP cannot begin: {lacking}")
        return
    try:
        import grasp  # noqa: F401 - here, so that the plugin can be named where it is missing
    except ImportError:
        words = "The Python package 'grasp-skills' is missing: pip install "
        yield Finished(status="failed", summary=f"{words}'skill-workbench[engines]'.")
        return
    try:
        prompts = {
            name: (_PROMPTS / f"{name}.md").read_text(encoding="utf-8")
            for name in ("skeleton", "system", "guidance")
        }
    except (OSError, UnicodeDecodeError) as problem:
        yield Finished(status="failed", summary=f"A prompt file cannot be read: {problem}.")
        return
    yield from Learning(request, context, prompts).run()


def _lacking(request: Request) -> str:
    if not request.tasks:
        return "there are no tasks with the split train or val."
    return "" if request.has_runner else "there is no runner that executes the tasks."


class Learning:
    """One run of GRASP."""

    def __init__(self, request: Request, context: Context, prompts: dict[str, str]) -> None:
        self._request = request
        self._context = context
        self._prompts = prompts
        self._folder = Path(context.workdir) / "grasp"
        self._names = SkillNames(request)
        self._calls = PackageCalls(context, system=prompts["system"].strip())
        fresh = request.settings.get("fresh_runs") is not False
        self._runs = TaskRuns(self._calls, fresh=fresh)
        self._versions: Versions | None = None
        self._cycle: Any = None

    def run(self) -> Iterator[_Yield]:
        """Say what it takes, learn, and propose what was learned even when it was stopped."""
        yield self._plan()
        for words in self._names.left_out:
            yield Warning_(text=words)
        if not any(task.split == "val" for task in self._request.tasks):
            yield Warning_(text="There are no validation tasks: GRASP validates on training tasks.")
        stop: Exception | None = None
        try:
            yield from relayed(self._learn)
        except (BudgetSpent, Cancelled, Unavailable) as reason:
            stop = reason
        if self._runs.infra:
            words = f"{self._runs.infra} runs failed for reasons of the machine"
            yield Warning_(text=f"{words}; an earlier result stands for each.")
        given = 0
        outcome = read_outcome(self._folder, self._cycle) if self._cycle is not None else Outcome()
        if self._versions is not None:
            most = self._request.budget.max_proposals
            for draft in drafts(self._names, self._versions, outcome):
                if most is None or given < most:
                    given += 1
                    yield draft
        yield from self._end(outcome, given, stop)

    def _learn(self, tell: Callable[[JobEvent], None]) -> None:
        """Run the package; in a thread of its own."""
        from grasp import SkillCycleRunner

        from grasp_engine.host_task import HostTask

        self._versions = Versions(self._names, tell)
        usable = self._runs.of_base(self._request.tasks)
        if not usable:
            words = "Every run of a task failed for reasons of the machine, network or service."
            raise self._calls.halt(Unavailable(words))
        dev = [task for task in usable if task.split == "train"] or list(usable)
        val = [task for task in usable if task.split == "val"] or list(usable)
        task = HostTask(
            self._context,
            self._runs,
            self._versions,
            tasks={"dev": dev, "val": val},
            pass_score=number_setting(self._request, "pass_score", 0.5),
            tell=tell,
        )
        task.updater_guidance = self._prompts["guidance"]
        task.expected = self._rollouts(len(dev), len(val))
        self._write_library()
        cycle = SkillCycleRunner(self._configuration(), self._folder, task)
        task.main = cycle.skill_repo
        self._cycle = cycle
        before = tempfile.tempdir
        # It tries candidates in copies of the library: they belong into the run's folder.
        tempfile.tempdir = str(self._folder)
        try:
            cycle.run()
        finally:
            tempfile.tempdir = before

    def _write_library(self) -> None:
        """Write the skills as GRASP has them; locked ones are for reading, like its template."""
        from grasp import SkillRepository

        base, learned = self._folder / "base", self._folder / "skills" / "learned"
        base.mkdir(parents=True)
        (base / "skeleton.md").write_text(self._prompts["skeleton"], encoding="utf-8")
        for folder, skills in ((base, self._names.locked), (learned, self._names.editable)):
            repository = SkillRepository(base, folder)
            for name, known in skills.items():
                repository.add(name, known.description, known.body)

    def _configuration(self) -> dict[str, Any]:
        return {
            "agent": {
                "module": "grasp_engine.model.HostModel",
                "parameters": {
                    "calls": self._calls,
                    "max_tokens": self._count("max_output_tokens", 4096),
                },
            },
            "skills": {"base_dir": str(self._folder / "base")},
            "cycle": {
                "epochs": self._count("epochs", 2),
                "update_every": self._count("update_every", 48),
                "batch_concurrency": self._count("concurrency", 4),
                "max_proposals": 1,
                "max_learned_skills": len(self._names.editable) + self._count("new_skills", 6),
                "grpo_k": self._count("candidates", 4),
                "grpo_eval_n": self._count("probe", 36),
                "run_baseline": True,
                "proposal_temperature": number_setting(self._request, "temperature", 0.7),
                "seed": self._request.seed,
            },
        }

    def _rollouts(self, dev: int, val: int) -> int:
        """Return how many results GRASP asks for at most, revisions left out."""
        updates = ceil(dev / self._count("update_every", 48))
        probe = min(dev, self._count("probe", 36)) * (1 + self._count("candidates", 4))
        return val + self._count("epochs", 2) * (dev + updates * probe + val)

    def _plan(self) -> Started:
        tasks: dict[str, list[TaskInput]] = {"train": [], "val": []}
        for task in self._request.tasks:
            tasks[task.split].append(task)
        dev = len(tasks["train"]) or len(self._request.tasks)
        val = len(tasks["val"]) or len(self._request.tasks)
        updates = self._count("epochs", 2) * ceil(dev / self._count("update_every", 48))
        calls = 2 + self._count("candidates", 4)
        return Started(
            plan=f"GRASP on {len(self._names.editable)} skills, {dev} training and {val} "
            f"validation tasks, {updates} updates.",
            cost_estimate=f"At most about {self._rollouts(dev, val)} runs and {updates * calls} "
            f"calls, and for each revision up to {self._count('probe', 36)} runs and 1 call more.",
        )

    def _end(self, outcome: Outcome, given: int, stop: Exception | None) -> Iterator[Finished]:
        if isinstance(stop, Unavailable):
            yield Finished(status="infra_blocked", summary=f"{stop} What it had learned is kept.")
            return
        if stop is not None:
            raise stop
        if not given:
            words = f"GRASP accepted none of {outcome.tried} edits it tried."
            yield Finished(status="no_change", summary=words)

    def _count(self, name: str, default: int) -> int:
        return int(number_setting(self._request, name, default))
