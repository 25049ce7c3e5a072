"""An engine killed at every stage: a clean end, its drafts kept, and a second run that is cheap."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.jobs.conftest import eventually
from tests.scripted_endpoint import scripted_endpoint
from tests.unit.evolution.test_means import SKILL, run, task, world
from workbench.cli.main import run as command_line
from workbench.domain.job import Budget, EvalResult, LlmCall
from workbench.evaluation.cache import EvaluationCache
from workbench.evaluation.evaluator import Evaluator
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.sandbox import Sandbox
from workbench.evaluation.verify import Verifier
from workbench.evolution.means import Means
from workbench.llm.cache import ResponseCache
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ANY_ROLE, ModelService
from workbench.plugin.runs import list_runs
from workbench.store.proposals import ProposalStore

#: Dies where the file beside it says; the next run of it finds another word there.
ENGINE = """
import os, signal, threading
from pathlib import Path
from workbench.plugin.api import Change, ChatMessage, Prompt, ProposalDraft

STAGE = Path({stage!r}).read_text()

def here(stage):
    if STAGE == stage:
        os.kill(os.getpid(), signal.SIGKILL)

def soon(stage):
    if STAGE == stage:
        threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGKILL)).start()

def draft(number):
    change = Change("c", "words/SKILL.md", "edit", f"text {{number}}")
    return ProposalDraft("edit", f"T{{number}}", "R", (change,))

here("at import")

def propose(request, context):
    here("before its first event")
    context.log("working")
    soon("waiting for a model")
    prompts = [Prompt((ChatMessage("user", f"question {{n}}"),)) for n in range(4)]
    for number, _ in enumerate(context.complete_all(prompts)):
        if number == 1:
            here("during its map")
    soon("waiting for an evaluation")
    context.evaluate("base", ["t-slow"])
    yield draft(1)
    here("between proposals")
    yield draft(2)
    here("after its last proposal")
"""

STAGES = {
    "at import": 0,
    "before its first event": 0,
    "waiting for a model": 0,
    "during its map": 0,
    "waiting for an evaluation": 0,
    "between proposals": 1,
    "after its last proposal": 2,
}


@contextmanager
def slow_world(tmp_path: Path, stage: Path):
    """Yield a library, an engine that may die, and means that answer slowly and remember."""
    code = ENGINE.format(stage=str(stage))
    with world(tmp_path, code=code, needs='["runner", "model:proposer"]') as (
        library,
        plugin,
        means,
    ):
        sandbox = Sandbox("none")
        template = CommandTemplate(("/bin/sh", "-c", "sleep 0.4; echo yes", "{skills}", "{prompt}"))
        tasks = replace(means.tasks, tasks=(task("slow", "train"),))
        answers = ResponseCache(tmp_path / "answers.sqlite")
        results = EvaluationCache(tmp_path / "results.sqlite")
        runner = CommandRunner(template, sandbox, Verifier(sandbox))
        evaluator = Evaluator(tasks, runner, tmp_path / "kept", cache=results)

        def slowly(asked):
            # The second half is still asked when the first is answered.
            time.sleep(0.05 if "question 0" in str(asked) or "question 1" in str(asked) else 0.4)
            return "a word"

        with scripted_endpoint(slowly) as url:
            profile = EndpointProfile("local", url, "scripted-1")
            models = ModelService({ANY_ROLE: profile}, Budget(), cache=answers)
            try:
                yield library, plugin, Means(tasks, evaluator, models)
            finally:
                models.close()
                evaluator.close()
                answers.close()
                results.close()


@pytest.mark.parametrize(("stage", "kept"), STAGES.items(), ids=STAGES.keys())
def test_killed_anywhere_it_ends_clean_keeps_its_drafts_and_runs_again(
    tmp_path: Path, stage: str, kept: int
) -> None:
    said = tmp_path / "stage"
    said.write_text(stage)
    with slow_world(tmp_path, said) as (library, plugin, means):
        result, events = run(tmp_path, library, plugin, means)
        assert result.status == "failed"
        assert "was killed (SIGKILL)" in result.summary
        assert [one.draft.title for one in result.proposals] == [f"T{n + 1}" for n in range(kept)]
        store = ProposalStore(tmp_path / "store")
        assert len(store.list()) == kept
        # Whole or not at all: every stored draft can be read again with the files it is based on.
        for proposal in store.list():
            assert store.blob(proposal.base[0].sha256, proposal.id) == SKILL.encode()
        assert (library / "words" / "SKILL.md").read_text() == SKILL
        said.write_text("nowhere")
        again, more = run(tmp_path, library, plugin, means)
    assert (again.status, len(again.proposals)) == ("completed", 2)
    assert len(ProposalStore(tmp_path / "store").list()) == 2
    # What was paid for is not paid for again.
    paid = sum(isinstance(one, LlmCall) and not one.cached for one in (*events, *more))
    assert paid <= 4
    told = [one for one in (*events, *more) if isinstance(one, EvalResult)]
    assert sum(not one.cached for one in told) <= 1


HOST = """
    import sys, time
    from pathlib import Path
    from workbench.evolution.run import EngineInputs, Evolution
    from workbench.plugin.jobs import JobRunner
    from workbench.plugin.registry import Registry
    from workbench.skills.library import read_library
    from workbench.store.proposals import ProposalStore
    root = Path(sys.argv[1])
    registry = Registry([root / "plugins"], root / "p.json", installed=False)
    evolution = Evolution(read_library(root / "library"), registry.get("asker"), (),
        EngineInputs(), runner=JobRunner(root / "jobs"), store=ProposalStore(root / "store"))
    while True:
        evolution.drain()
        time.sleep(0.01)
"""

HALF_WAY = """
import time
from workbench.plugin.api import Change, ProposalDraft

def propose(request, context):
    change = Change("c", "words/SKILL.md", "edit", "text")
    yield ProposalDraft("edit", "Found before the end", "R", (change,))
    while True:
        context.check_cancelled()
        time.sleep(0.01)
"""


def test_a_host_killed_while_an_engine_runs_leaves_a_lost_run_with_its_drafts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(tmp_path, code=HALF_WAY, needs="[]") as (library, plugin, _):
        host = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOST), str(tmp_path)])
        try:
            store = ProposalStore(tmp_path / "store")
            assert eventually(lambda: len(store.list()) == 1, 30)
            (running,) = list_runs(tmp_path / "jobs")
            assert running.state == "running"
        finally:
            host.kill()
            host.wait()
        (proposal,) = store.list()
        assert proposal.draft.title == "Found before the end"
        assert store.blob(proposal.base[0].sha256, proposal.id) == SKILL.encode()
        assert (library / "words" / "SKILL.md").read_text() == SKILL
        code = command_line(["jobs", "list", "--runs", str(tmp_path / "jobs")], lambda *_: 9)
        assert code == 0
        assert "lost" in capsys.readouterr().out
        # Resuming is starting again: the same inputs give the same proposal, not a second one.
        (tmp_path / "plugins" / "asker" / "asker" / "__init__.py").write_text(
            HALF_WAY.partition("    while True")[0]
        )
        result, _ = run(tmp_path, library, plugin, Means())
    assert result.status == "completed"
    assert [one.id for one in store.list()] == [proposal.id]


FLOOD = """
from workbench.plugin.api import Change, ProposalDraft

def propose(request, context):
    for number in range(400):
        change = Change("c", "words/SKILL.md", "edit", f"text {number}")
        yield ProposalDraft("edit", f"T{number}", "R", (change,))
"""


@pytest.mark.parametrize("kept", [1, 7, 40])
def test_a_host_killed_while_it_takes_proposals_in_leaves_whole_ones_alone(
    tmp_path: Path, kept: int
) -> None:
    with world(tmp_path, code=FLOOD, needs="[]") as (library, _, _):
        host = subprocess.Popen([sys.executable, "-c", textwrap.dedent(HOST), str(tmp_path)])
        folder = tmp_path / "store"
        try:
            assert eventually(lambda: folder.is_dir() and len(list(folder.iterdir())) >= kept, 30)
        finally:
            host.kill()
            host.wait()
        store = ProposalStore(folder)
        stored = store.list()
        assert len(stored) >= kept - 1
        for proposal in stored:
            assert store.get(proposal.id) == proposal
            assert store.blob(proposal.base[0].sha256, proposal.id) == SKILL.encode()
            assert proposal.draft.changes[0].new_text.startswith("text ")
        assert (library / "words" / "SKILL.md").read_text() == SKILL
