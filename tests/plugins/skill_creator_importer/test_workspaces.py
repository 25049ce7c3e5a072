"""Workspaces of skill-creator: versions, figures, failures and feedback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.plugins.imports import candidates, drafts, end, import_from, warnings, write
from tests.plugins.inputs import PDF
from tests.plugins.skill_creator_importer.finished_run import write_run
from workbench.domain.job import AnyEvent, Diagnosis
from workbench.domain.proposal import ProposalDraft

PLUGIN = "skill_creator_importer"


def diagnoses(events: tuple[AnyEvent, ...]) -> list[ProposalDraft]:
    return [e.draft for e in events if isinstance(e, Diagnosis) and e.draft is not None]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "pdf-workspace"
    root.mkdir()
    write_run(root)
    return root


def test_the_version_of_the_last_iteration_is_proposed(run: Path, tmp_path: Path) -> None:
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert (draft.kind, draft.skills) == ("edit", ("pdf",))
    (change,) = draft.changes
    assert (change.path, change.new_text) == ("pdf/SKILL.md", PDF + "\nCount the pages.\n")
    assert (draft.lineage.parents, draft.lineage.round) == (("iteration-1",), 2)


def test_files_the_version_lacks_stay_and_are_told(run: Path, tmp_path: Path) -> None:
    said = warnings(import_from(PLUGIN, run, tmp_path))
    assert any("2 files of pdf, such as assets/logo.png" in text for text in said)


def test_the_benchmark_gives_the_scores_even_when_the_skill_hurts(
    run: Path, tmp_path: Path
) -> None:
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert [(s.metric, s.before, s.after, s.n, s.split) for s in draft.scores] == [
        ("share of expectations met", 0.75, 0.5, 1, "train"),
        ("tokens", 400, 900, 1, "train"),
    ]
    assert "nothing was held out" in draft.rationale


def test_failures_and_feedback_are_in_the_rationale(run: Path, tmp_path: Path) -> None:
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert "- eval-0: Expectation 1 (seen in step 3)" in draft.rationale
    assert "- eval-0: Axis labels" in draft.rationale


def test_graded_runs_stand_in_for_a_benchmark(run: Path, tmp_path: Path) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    assert [(one.id, one.parents, one.summary) for one in candidates(events)][:1] == [
        ("iteration-1", (), "share of expectations met 0 → 0.5")
    ]


def test_without_a_version_there_is_a_diagnosis_and_no_edit(run: Path, tmp_path: Path) -> None:
    shutil.rmtree(run / "iteration-2/skill")
    events = import_from(PLUGIN, run, tmp_path)
    assert drafts(events) == []
    (diagnosis,) = diagnoses(events)
    assert (diagnosis.kind, diagnosis.skills, diagnosis.changes) == ("diagnose", ("pdf",), ())
    assert diagnosis.scores[0].before == 0.75


def test_one_iteration_alone_can_be_read(run: Path, tmp_path: Path) -> None:
    (draft,) = drafts(import_from(PLUGIN, run / "iteration-2", tmp_path))
    assert draft.skills == ("pdf",)


def test_broken_documents_are_named(run: Path, tmp_path: Path) -> None:
    (run / "iteration-2/benchmark.json").write_text('{"run_summ')
    (run / "iteration-2/feedback.json").write_text("[[[")
    (run / "iteration-1/eval-0/with_skill/grading.json").write_text('{"summary": 3}')
    (run / "iteration-1/link").symlink_to("/etc")
    events = import_from(PLUGIN, run, tmp_path)
    said = "\n".join(warnings(events))
    for words in (
        "iteration-2/benchmark.json is not valid JSON",
        "iteration-2/feedback.json is not valid JSON",
        "has no pass rate",
        "iteration-1/link is a link",
    ):
        assert words in said
    (draft,) = drafts(events)
    assert [(score.before, score.after) for score in draft.scores] == [(None, 0.5)]


def test_an_unknown_skill_without_a_version_is_told(tmp_path: Path) -> None:
    root = write(
        tmp_path / "charts-workspace",
        {"iteration-1/eval-0/with_skill/grading.json": {"summary": {"pass_rate": 1}}},
    )
    events = import_from(PLUGIN, root, tmp_path)
    assert any("'charts', which the library has not" in text for text in warnings(events))
    assert drafts(events) == []


@pytest.mark.parametrize("source", ["nowhere", "importing/library", ""])
def test_what_is_no_workspace_is_told_in_words(tmp_path: Path, source: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert "ame a workspace of skill-creator" in end(events).summary
