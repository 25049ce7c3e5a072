"""Runners and the evaluator: real commands; models are a scripted function, a test double."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.domain.job import StoredResult
from workbench.domain.model_call import Completion, Prompt
from workbench.domain.task import Criterion, CriterionResult, Task
from workbench.evaluation.cache import EvaluationCache
from workbench.evaluation.evaluator import (
    NO_SKILLS,
    BudgetUsed,
    Evaluator,
    Scored,
    Variant,
    table_of,
    told,
)
from workbench.evaluation.gates import gate
from workbench.evaluation.runner import RunLimits, RunOutcome
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.runners.loop import LoopRunner
from workbench.evaluation.runners.stored import StoredRunner
from workbench.evaluation.sandbox import Sandbox
from workbench.evaluation.task_set import TaskSet
from workbench.evaluation.verify import Verifier
from workbench.traces.open import open_traces

CHECK = ("sh", "-c", 'test "$(cat answer.txt)" = 3')
COUNT = Task("count", "Count the lines of input.txt.", inputs=("input.txt",), verifier=CHECK)


@pytest.fixture
def tasks(tmp_path: Path) -> TaskSet:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "input.txt").write_text("a\nb\nc\n")
    return TaskSet("set", folder, (COUNT,))


@pytest.fixture
def library(tmp_path: Path) -> Variant:
    skill = tmp_path / "library" / "counting"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text(
        "---\nname: counting\ndescription: How lines are counted here\n---\nUse wc -l.\n"
    )
    return Variant(tmp_path / "library", "v1", ("counting",))


def evaluator(tasks: TaskSet, runner, tmp_path: Path, **more) -> Evaluator:
    return Evaluator(tasks, runner, tmp_path / "runs", limits=RunLimits(seconds=20), **more)


AGENT = """
if test -f "$1/counting/SKILL.md"; then wc -l < input.txt > answer.txt; else echo 0 > answer.txt; fi
echo done
"""


def command(sandbox: Sandbox, script: str = AGENT, **more) -> CommandRunner:
    template = CommandTemplate(("/bin/sh", "-c", script, "agent", "{skills}", "{prompt}"), **more)
    return CommandRunner(template, sandbox, Verifier(sandbox))


def test_a_command_agent_is_run_and_verified_with_and_without_skills(
    sandbox: Sandbox, tasks: TaskSet, library: Variant, tmp_path: Path
) -> None:
    host = evaluator(tasks, command(sandbox), tmp_path)
    table = host.paired(NO_SKILLS, library, tasks.tasks)
    host.close()
    (row,) = table.rows
    assert (row.before, row.after) == ((0.0, 0.0), (1.0,))
    found = gate(table)
    assert (found.repairs, found.regressions, found.flake_rate) == (1, 0, 0.0)
    assert host.runs_made == 3
    # Working folders are gone.
    assert [path for path in (tmp_path / "runs").iterdir() if path.is_dir()] == []


def test_the_same_run_is_not_made_twice(tasks: TaskSet, library: Variant, tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "cache.sqlite")
    for _ in range(2):
        host = evaluator(tasks, command(Sandbox("none")), tmp_path, cache=cache)
        (found,) = host.run(library, tasks.tasks)
        host.close()
    assert found.cached
    assert found.outcome.status == "pass"
    assert host.runs_made == 0
    changed = Variant(library.folder, "v2", library.present)
    host = evaluator(tasks, command(Sandbox("none")), tmp_path, cache=cache)
    (other,) = host.run(changed, tasks.tasks)
    host.close()
    cache.close()
    assert not other.cached


def test_the_budget_of_runs_holds(tasks: TaskSet, library: Variant, tmp_path: Path) -> None:
    host = evaluator(tasks, command(Sandbox("none")), tmp_path, budget=2)
    with pytest.raises(BudgetUsed, match="budget of 2 task runs"):
        host.run(library, tasks.tasks, 3)
    host.close()
    assert host.runs_made == 2


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exec /no/such/agent", "infra"),
        ("sleep 60", "timeout"),
        ("echo 7 > answer.txt", "fail"),
    ],
)
def test_what_stops_an_agent_from_running_is_not_counted_against_a_skill(
    sandbox: Sandbox, library: Variant, tmp_path: Path, tasks: TaskSet, script: str, status: str
) -> None:
    short = TaskSet("s", tasks.folder, (Task("count", "p", verifier=CHECK, timeout_s=0.5),))
    host = evaluator(short, command(sandbox, script), tmp_path)
    (found,) = host.run(library, short.tasks)
    host.close()
    assert found.outcome.status == status
    table = table_of((found,), (found,))
    assert bool(table.infra) == (status == "infra")
    assert len(table.rows[0].before) == (0 if status == "infra" else 1)


def test_a_prompt_is_passed_as_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    prompt = "Say {work} and {skills} $(id) `id` 'quoted'"
    asked = Task("t", prompt, criteria=(Criterion("c", method="contains", argument=prompt),))
    host = evaluator(
        TaskSet("s", tmp_path, (asked,)), command(sandbox, 'printf "%s" "$2"'), tmp_path
    )
    (found,) = host.run(NO_SKILLS, (asked,))
    host.close()
    assert found.outcome.status == "pass"


def test_a_trace_the_agent_leaves_is_kept(
    sandbox: Sandbox, library: Variant, tasks: TaskSet, tmp_path: Path
) -> None:
    leaves = """
    mkdir -p .agent; echo '{"role": "user", "content": "hello"}' > .agent/log.jsonl
    ln -s /etc/passwd .agent/zz.jsonl
    """
    host = evaluator(tasks, command(sandbox, leaves, traces=".agent/*.jsonl"), tmp_path)
    (found,) = host.run(library, tasks.tasks)
    host.close()
    assert "hello" in Path(found.outcome.trace).read_text()


# The built-in loop


def scripted(*actions: dict[str, str]) -> Callable[[Prompt, Callable[[], bool]], Completion]:
    """Return a model that does what the test wrote down."""
    waiting = list(actions)

    def complete(prompt: Prompt, cancelled: Callable[[], bool]) -> Completion:
        del prompt, cancelled
        if not waiting:
            return Completion(refused="the script is over", refusal="failed")
        action = waiting.pop(0)
        return Completion(json.dumps(action), action, "scripted", 100, 10, 0.001)

    return complete


READS = {"action": "read", "path": "/skills/counting/SKILL.md"}
COUNTS = {"action": "shell", "command": "wc -l < input.txt > answer.txt"}
ENDS = {"action": "finish", "answer": "done"}


def loop(sandbox: Sandbox, *actions: dict[str, str], steps: int = 30) -> LoopRunner:
    return LoopRunner(scripted(*actions), "scripted", sandbox, Verifier(sandbox))


def test_the_loop_reads_a_skill_works_and_is_verified(
    walls: Sandbox, library: Variant, tasks: TaskSet, tmp_path: Path
) -> None:
    host = evaluator(tasks, loop(walls, READS, COUNTS, ENDS), tmp_path)
    (found,) = host.run(library, tasks.tasks)
    host.close()
    outcome = found.outcome
    assert (outcome.status, outcome.loaded) == ("pass", ("counting",))
    assert (outcome.input_tokens, outcome.output_tokens) == (300, 30)
    assert outcome.usd == pytest.approx(0.003)
    (trace,) = open_traces(Path(outcome.trace))
    with trace:
        one = trace.trajectory
        assert [step.kind for step in one.steps] == ["user", "agent", "agent", "agent"]
        assert [call.name for step in one.steps for call in step.tool_calls] == ["read", "shell"]
        assert [event.kind for event in one.skill_events] == ["listed", "loaded"]
        assert "Use wc -l." in trace.body(1).tool_calls[0].observation


@pytest.mark.parametrize(
    "action",
    [
        {"action": "read", "path": "/etc/passwd"},
        {"action": "read", "path": "/task/../../etc/passwd"},
        {"action": "read", "path": "nothing.txt"},
        {"action": "write", "path": "/skills/counting/SKILL.md", "content": "x"},
        {"action": "write", "path": "../escaped", "content": "x"},
    ],
)
def test_the_loop_keeps_to_its_folders(
    walls: Sandbox, library: Variant, tasks: TaskSet, tmp_path: Path, action: dict[str, str]
) -> None:
    host = evaluator(tasks, loop(walls, action, ENDS), tmp_path)
    (found,) = host.run(library, tasks.tasks)
    host.close()
    assert '"status":"error"' in Path(found.outcome.trace).read_text()
    assert "root:" not in Path(found.outcome.trace).read_text()
    assert not (tmp_path / "runs" / "escaped").exists()


def test_a_model_that_fails_says_nothing_of_a_skill_and_one_that_never_ends_does(
    walls: Sandbox, library: Variant, tasks: TaskSet, tmp_path: Path
) -> None:
    host = evaluator(tasks, loop(walls, COUNTS), tmp_path)
    assert host.run(library, tasks.tasks)[0].outcome.status == "infra"
    host.close()
    runner = loop(walls, *([COUNTS] * 5))
    host = Evaluator(tasks, runner, tmp_path / "more", limits=RunLimits(steps=3))
    assert host.run(library, tasks.tasks)[0].outcome.status == "timeout"
    host.close()


# Stored results


def test_stored_results_answer_by_the_skills_that_were_present_and_invent_nothing(
    tmp_path: Path,
) -> None:
    one = Task("t", "p")
    stored = StoredRunner(
        [
            StoredResult("t", ("a", "b"), 1.0),
            StoredResult("t", ("a",), 0.0),
            StoredResult("t", ("a",), None, "infra"),
        ]
    )
    host = evaluator(TaskSet("s", tmp_path, (one,)), stored, tmp_path, budget=0)
    both = Variant(None, "x", ("a", "b"))
    alone = Variant(None, "y", ("a",))
    nothing = Variant(None, "z", ())
    runs = [host.run(which, (one,), 2) for which in (both, alone, nothing)]
    host.close()
    statuses = [[scored.outcome.status for scored in run] for run in runs]
    assert statuses == [["pass", "infra"], ["fail", "infra"], ["infra", "infra"]]


# Criteria


def test_criteria_are_weighed_and_hidden_ones_are_not_told(tmp_path: Path) -> None:
    task = Task(
        "t",
        "p",
        criteria=(
            Criterion("words", method="contains", argument="yes", weight=3),
            Criterion("secret", method="contains", argument="nowhere", visible=False),
            Criterion("file", method="file", argument="made.txt", weight=0),
        ),
    )
    outcome = Verifier(None).verdict(task, tmp_path, "yes indeed", RunLimits())
    assert (outcome.status, outcome.reward) == ("partial", 0.75)
    shown = told(Scored(task, 0, outcome, cached=False), "id", "c")
    assert [one.id for one in shown.criteria] == ["words", "file"]
    assert shown.score == 0.75


def test_what_cannot_be_checked_is_infrastructure_and_no_check_is_unknown(tmp_path: Path) -> None:
    checked = Task("t", "p", criteria=(Criterion("c", method="command", argument="true"),))
    assert Verifier(None).verdict(checked, tmp_path, "", RunLimits()).status == "infra"
    assert Verifier(None).verdict(Task("t", "p"), tmp_path, "", RunLimits()).status == "unknown"


def test_a_verifier_may_give_a_reward_in_its_last_line(sandbox: Sandbox, tmp_path: Path) -> None:
    def verdict(script: str) -> RunOutcome:
        task = Task("t", "p", verifier=("sh", "-c", script))
        return Verifier(sandbox).verdict(task, tmp_path, "", RunLimits(seconds=10))

    assert verdict("""echo log; echo '{"reward": 0.25}'; exit 1""").reward == 0.25
    assert verdict("""echo '{"reward": 7}'; exit 1""").reward == 0.0
    assert verdict("exit 0").status == "pass"
    assert verdict("exec /nowhere").status == "infra"


def test_a_judge_is_asked_where_there_is_one(tmp_path: Path) -> None:
    task = Task("t", "p", criteria=(Criterion("kind", "Is it kind?", "judge"),))

    def judge(task: Task, criterion: Criterion, answer: str) -> CriterionResult:
        return CriterionResult(criterion.id, "please" in answer, float("please" in answer))

    assert Verifier(None, judge).verdict(task, tmp_path, "please", RunLimits()).status == "pass"
    assert Verifier(None).verdict(task, tmp_path, "please", RunLimits()).status == "infra"
