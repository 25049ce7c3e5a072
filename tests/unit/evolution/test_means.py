"""A run with tasks, a runner and a model: what the engine sees, what the host decides.

The agent is a shell script, the endpoint a scripted one; both are test doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_endpoint import scripted_endpoint
from workbench.domain.job import Budget, EvalRequested, EvalResult, GateEvent, LlmCall, Log
from workbench.domain.task import Criterion, Task
from workbench.evaluation.evaluator import Evaluator
from workbench.evaluation.runner import RunLimits
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.sandbox import Sandbox
from workbench.evaluation.task_set import TaskSet
from workbench.evaluation.verify import Verifier
from workbench.evolution.means import Means
from workbench.evolution.run import EngineInputs, Evolution, EvolveRefused, run_engine
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ANY_ROLE, ModelService
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore

#: Does what the skill says: a task passes where the skill names its word.
AGENT = 'grep -qs "$2" "$1/words/SKILL.md" && echo yes || echo no'
SKILL = "---\nname: words\ndescription: Which words are known\n---\n# Words\n\n- red\n"

ENGINE = """
from workbench.plugin.api import Change, ChatMessage, Prompt, ProposalDraft

def propose(request, context):
    context.log(" ".join(sorted(f"{t.id}:{t.split}" for t in request.tasks)))
    context.log(" ".join(f"{m.role}={m.model}" for m in request.models))
    word = context.complete(Prompt((ChatMessage("user", "Which word is missing?"),))).text
    text = open(request.skills[0].path + "/SKILL.md").read() + f"- {word}\\n"
    change = Change("c", "words/SKILL.md", "edit", text)
    before = context.evaluate("base")
    after = context.evaluate("new", ["t-blue"], changes=[change])
    none = context.evaluate("none", ["t-red"], without=["words"])
    scores = [*before, *after, *none]
    context.log(" ".join(f"{one.candidate}/{one.task}={one.score:g}" for one in scores))
    yield ProposalDraft("edit", "Know a word more", "It was missing.", (change,))
"""


def task(word: str, split: str) -> Task:
    says = Criterion("says-yes", method="contains", argument="yes", visible=False)
    return Task(f"t-{word}", word, split=split, criteria=(says,))  # type: ignore[arg-type]


TASKS = (task("red", "train"), task("blue", "val"), task("green", "test"), task("plum", "test"))


@contextmanager
def world(
    tmp_path: Path, word: str = "blue", code: str = ENGINE, needs: str = '["tasks", "runner"]'
) -> Iterator[tuple[Any, ...]]:
    """Yield a library, an engine, and the means of a run."""
    folder = tmp_path / "library" / "words"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL)
    home = tmp_path / "plugins" / "asker"
    (home / "asker").mkdir(parents=True)
    (home / "asker" / "__init__.py").write_text(code)
    (home / "plugin.toml").write_text(
        'id = "asker"\nname = "Asker"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        f'kinds = ["evolver"]\nform = "inprocess"\nentry = "asker:propose"\nneeds = {needs}\n'
    )
    registry = Registry((tmp_path / "plugins",), tmp_path / "p.json", installed=False)
    plugin = registry.set_enabled("asker", True)
    sandbox = Sandbox("none")
    template = CommandTemplate(("/bin/sh", "-c", AGENT, "agent", "{skills}", "{prompt}"))
    tasks = TaskSet("words", tmp_path, TASKS)
    evaluator = Evaluator(
        tasks,
        CommandRunner(template, sandbox, Verifier(sandbox)),
        tmp_path / "runs-of-tasks",
        limits=RunLimits(seconds=20),
    )
    with scripted_endpoint(lambda _: word) as url:
        profile = EndpointProfile("local", url, "scripted-1")
        models = ModelService({ANY_ROLE: profile}, Budget())
        try:
            yield tmp_path / "library", plugin, Means(tasks, evaluator, models)
        finally:
            models.close()
            evaluator.close()


def run(
    tmp_path: Path,
    library: Path,
    plugin: Any,
    means: Means,
    traces: Sequence[Any] = (),
    *,
    skills: tuple[str, ...] = (),
) -> tuple[Any, list[Any]]:
    with JobRunner(tmp_path / "jobs") as runner:
        evolution = Evolution(
            read_library(library),
            plugin,
            traces,
            EngineInputs(skills=skills),
            runner=runner,
            store=ProposalStore(tmp_path / "store"),
            means=means,
        )
        events = run_engine(evolution)
        seen: list[Any] = []
        while True:
            try:
                seen.append(next(events))
            except StopIteration as end:
                return end.value, seen


def test_an_engine_asks_a_model_and_for_evaluations_and_the_host_gates_on_held_out_tasks(
    tmp_path: Path,
) -> None:
    with world(tmp_path, word="green plum blue") as (library, plugin, means):
        result, events = run(tmp_path, library, plugin, means)
    logged = [event.text for event in events if isinstance(event, Log)]
    # It never hears of the test tasks, and of no check.
    assert logged[0] == "t-blue:val t-red:train"
    assert logged[2] == "base/t-red=1 base/t-blue=0 new/t-blue=1 none/t-red=0"
    told = [event for event in events if isinstance(event, EvalResult)]
    assert {one.task for one in told} == {"t-red", "t-blue"}
    assert all(not one.criteria for one in told)
    assert [event.model for event in events if isinstance(event, LlmCall)] == ["scripted-1"]
    assert len([event for event in events if isinstance(event, EvalRequested)]) == 3
    (proposal,) = result.proposals
    gate = proposal.gate
    assert (gate.held_out, gate.repairs, gate.regressions, gate.n) == ("test", 2, 0, 2)
    assert gate.level == "promising"
    assert gate.flake_rate == 0.0
    assert gate.runner.startswith("command ")
    assert gate.against_none is not None
    before = {row.task: row.before for row in gate.against_none.rows}
    assert before["t-red"] == (0.0, 0.0)
    assert [event.level for event in events if isinstance(event, GateEvent)] == ["promising"]
    stored = ProposalStore(tmp_path / "store").get(proposal.id)
    assert stored.gate == gate


def test_an_edit_that_helps_where_the_engine_looked_and_nowhere_else_is_rejected(
    tmp_path: Path,
) -> None:
    with world(tmp_path, word="blue") as (library, plugin, means):
        result, _ = run(tmp_path, library, plugin, means)
    gate = result.proposals[0].gate
    assert gate.level == "rejected"
    train = {row.task: row.after for row in gate.table.rows if row.split != "test"}
    assert train == {"t-red": (1.0,), "t-blue": (1.0,)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ('context.evaluate("x", ["t-green"])', "There is no task 't-green'"),
        ('context.evaluate("x", without=["nothing"])', "There is no skill 'nothing'"),
        (
            'context.evaluate("x", changes=[Change("c", "../out.md", "write", "x")])',
            "out.md",
        ),
    ],
)
def test_what_an_engine_may_not_ask_is_refused_in_words(
    tmp_path: Path, call: str, words: str
) -> None:
    code = f"""
from workbench.plugin.api import Change, Unavailable

def propose(request, context):
    try:
        {call}
    except Unavailable as problem:
        context.log(str(problem))
    yield from ()
"""
    with world(tmp_path, code=code) as (library, plugin, means):
        _, events = run(tmp_path, library, plugin, means)
    logged = [event.text for event in events if isinstance(event, Log)]
    assert len(logged) == 1
    assert words in logged[0]


def test_an_engine_whose_needs_are_unmet_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with world(tmp_path, needs='["runner", "model:judge", "documents"]') as (
        library,
        plugin,
        means,
    ):
        with pytest.raises(EvolveRefused, match="a runner that executes tasks and a model for"):
            run(tmp_path, library, plugin, Means())
        with pytest.raises(EvolveRefused, match="needs documents to read"):
            run(tmp_path, library, plugin, means)


def test_documents_are_copied_for_the_engine(tmp_path: Path) -> None:
    code = """
def propose(request, context):
    context.log(" ".join(f"{d.id}: {open(d.path).read()}" for d in request.documents))
    yield from ()
"""
    guide = tmp_path / "guide.md"
    guide.write_text("Read me.")
    with world(tmp_path, code=code) as (library, plugin, means):
        more = Means(means.tasks, means.evaluator, documents=(guide, tmp_path / "gone.md"))
        result, events = run(tmp_path, library, plugin, more)
    assert [event.text for event in events if isinstance(event, Log)] == ["guide.md: Read me."]
    assert "gone.md was left out" in result.problems[0]


def test_tasks_run_with_the_whole_library_also_when_an_engine_gets_one_skill(
    tmp_path: Path,
) -> None:
    # The agent knows a word where any skill of the library names it.
    code = """
from workbench.plugin.api import Change, ProposalDraft

def propose(request, context):
    context.log(" ".join(one.id for one in request.skills))
    text = open(request.skills[0].path + "/SKILL.md").read() + "- plum\\n"
    yield ProposalDraft("edit", "Know plum", "r", (Change("c", "words/SKILL.md", "edit", text),))
"""
    with world(tmp_path, code=code) as (library, plugin, means):
        other = library / "more-words" / "SKILL.md"
        other.parent.mkdir()
        other.write_text("---\nname: more-words\ndescription: More.\n---\n- green\n")
        agent = 'grep -qsr "$2" "$1" && echo yes || echo no'
        sandbox = Sandbox("none")
        template = CommandTemplate(("/bin/sh", "-c", agent, "agent", "{skills}", "{prompt}"))
        evaluator = Evaluator(
            means.tasks,
            CommandRunner(template, sandbox, Verifier(sandbox)),
            tmp_path / "more-runs",
            limits=RunLimits(seconds=20),
        )
        result, events = run(
            tmp_path, library, plugin, Means(means.tasks, evaluator), skills=("words",)
        )
        evaluator.close()
    assert [event.text for event in events if isinstance(event, Log)] == ["words"]
    rows = {row.task: row for row in result.proposals[0].gate.table.rows}
    # The skill the engine was not given is there before and after.
    assert rows["t-green"].before == (1.0, 1.0)
    assert rows["t-green"].after == (1.0,)
    assert (rows["t-plum"].before, rows["t-plum"].after) == ((0.0, 0.0), (1.0,))
