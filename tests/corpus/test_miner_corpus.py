"""The offline evolver on published skills and runs: what it must find, and what it must not do."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.corpus.miner_measures import all_figures
from workbench.domain.job import AnyEvent, Diagnosis, Finished, ProposalEvent
from workbench.evolution.evidence import check_all, recheck
from workbench.evolution.request import build_request
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.traces.open import OpenTrace, open_traces

pytestmark = pytest.mark.corpus
PLUGIN = bundled("plugins") / "evidence_miner"
LIBRARIES = (
    "addyosmani-agent-skills",
    "coreyhaines31-marketingskills",
    "getsentry-skills",
    "obra-superpowers",
    "wshobson-agents",
)


def mine(library: Path, traces: list[OpenTrace], run_dir: Path) -> tuple[AnyEvent, ...]:
    run_dir.mkdir()
    with build_request(read_library(library), (), traces, run_dir) as built:
        return run_in_process(PLUGIN, built.request, run_dir)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_clean_library_gets_no_edit(corpus, tmp_path, name):
    # Its dead references (looked at one by one) have no close file, so they are told, not mended.
    events = mine(corpus / "skills" / name, [], tmp_path / "run")
    assert [event for event in events if isinstance(event, ProposalEvent)] == []


@pytest.fixture
def spark(corpus):
    found = corpus / "evolution" / "spark"
    tasks = [path.name for path in sorted(found.iterdir()) if (path / "SKILL.md").is_file()]
    assert len(tasks) > 20
    opened: list[OpenTrace] = []

    def traces(task: str) -> list[OpenTrace]:
        given = list(open_traces(found / task / "trajectory.jsonl"))
        opened.extend(given)
        return given

    yield found, tasks, traces
    for trace in opened:
        trace.close()


@pytest.mark.slow
def test_every_quote_of_every_task_is_found_in_its_trace(spark, tmp_path):
    folder, tasks, traces = spark
    checked = 0
    for task in tasks:
        library = tmp_path / task / "library"
        library.mkdir(parents=True)
        shutil.copytree(folder / task, library / task, ignore=shutil.ignore_patterns("*.json*"))
        run_dir = tmp_path / task / "run"
        run_dir.mkdir()
        with build_request(read_library(library), (), traces(task), run_dir) as built:
            for event in run_in_process(PLUGIN, built.request, run_dir):
                if isinstance(event, ProposalEvent | Diagnosis) and event.draft:
                    checks = check_all(event.draft.evidence, built.traces)
                    quotes = {one.id: one.quote for one in event.draft.evidence}
                    assert {check.status for check in checks} <= {"verified"}
                    again = [recheck(check, quotes[check.evidence]) for check in checks]
                    assert {check.status for check in again} <= {"verified"}
                    checked += len(checks)
    assert checked > 50


@pytest.mark.slow
def test_the_skill_of_another_task_gets_no_edit(spark, tmp_path):
    folder, tasks, traces = spark
    for number, task in enumerate(tasks):
        other = tasks[(number + len(tasks) // 2) % len(tasks)]
        library = tmp_path / task / "library"
        library.mkdir(parents=True)
        shutil.copytree(folder / other, library / other, ignore=shutil.ignore_patterns("*.json*"))
        events = mine(library, traces(task), tmp_path / task / "run")
        assert isinstance(events[-1], Finished)
        assert [event for event in events if isinstance(event, ProposalEvent)] == [], task


@pytest.mark.slow
def test_the_right_skill_of_a_library_is_named(spark, tmp_path):
    """Of all tasks' skills, the runs of a task are matched with their own or with none."""
    folder, tasks, traces = spark
    library = tmp_path / "library"
    library.mkdir()
    for task in tasks:
        shutil.copytree(folder / task, library / task, ignore=shutil.ignore_patterns("*.json*"))
    right = wrong = 0
    for task in tasks:
        events = mine(library, traces(task), tmp_path / f"run-{task}")
        named = {
            skill
            for event in events
            if isinstance(event, Diagnosis) and event.draft and event.draft.evidence
            for skill in event.draft.skills
        }
        right += named == {task}
        wrong += bool(named - {task})
    assert wrong == 0
    assert right >= 0.85 * len(tasks)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_neither_order_nor_a_second_run_changes_anything(spark, tmp_path):
    folder, tasks, traces = spark
    library = tmp_path / "library"
    library.mkdir()
    for task in tasks:
        shutil.copytree(folder / task, library / task, ignore=shutil.ignore_patterns("*.json*"))
    opened = [trace for task in tasks for trace in traces(task)]
    shuffled = random.Random(5).sample(opened, len(opened))
    made = [
        [repr(event) for event in mine(library, given, tmp_path / f"run-{number}")]
        for number, given in enumerate((opened, opened, shuffled))
    ]
    assert made[0] == made[1] == made[2]
    assert len(made[0]) > 100


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_figures_of_the_reference_are_reached(corpus, tmp_path):
    """The table of the evolution reference (sections 4 and 5.2) as far as this data shows it."""
    figures = all_figures(corpus, tmp_path)
    assert len(figures) >= 15
    assert [one for one in figures if not one.holds] == []
