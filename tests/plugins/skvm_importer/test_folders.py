"""Proposal folders of SkVM: the best round, and what to think of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.imports import candidates, drafts, end, import_from, warnings
from tests.plugins.skvm_importer.finished_run import BETTER, write_run
from workbench.domain.job import Diagnosis

PLUGIN = "skvm_importer"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "20260701T101010000Z"
    root.mkdir()
    write_run(root)
    return root


def test_the_best_round_is_proposed_as_a_whole_folder(run: Path, tmp_path: Path) -> None:
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert (draft.kind, draft.skills, draft.root_cause) == ("edit", ("pdf",), "skill")
    assert [(change.path, change.op) for change in draft.changes] == [
        ("pdf/SKILL.md", "write"),
        ("pdf/assets/logo.png", "delete"),
        ("pdf/references/pages.md", "write"),
        ("pdf/scripts/extract.py", "delete"),
    ]
    first = draft.changes[0]
    assert first.new_text == BETTER
    assert (first.rationale, first.generality) == ("PDF: Count pages", "general")
    assert draft.confidence == 0.8
    assert "never asked for" in draft.rationale
    assert "highest test score" in draft.rationale


def test_scores_and_rounds_are_told(run: Path, tmp_path: Path) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert [(s.before, s.after, s.n, s.split) for s in draft.scores] == [
        (0.5, 0.9, 6, "train"),
        (0.6, 0.7, 4, "val"),
    ]
    assert draft.lineage.parents == ("pdf round 0",)
    assert draft.lineage.alternatives == ("pdf round 0", "pdf round 2")
    assert candidates(events)[2].summary == "excluded: task t3 fell by 0.4"


def test_another_round_can_be_chosen(run: Path, tmp_path: Path) -> None:
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path, round=2))
    assert "SkVM excluded this round: task t3 fell by 0.4" in draft.rationale
    events = import_from(PLUGIN, run, tmp_path, round=7)
    assert drafts(events) == []
    assert any("no folder of round 7; there are: 0, 1, 2" in text for text in warnings(events))


@pytest.mark.parametrize(
    ("meta", "cause", "words"),
    [
        ({"status": "infra-blocked", "blockedReason": "no network"}, "environment", "no network"),
        ({"bestRound": 0, "bestRoundReason": "no gain"}, "unknown", "no gain"),
    ],
)
def test_a_run_without_a_better_round_is_a_diagnosis(
    run: Path, tmp_path: Path, meta: dict[str, object], cause: str, words: str
) -> None:
    write_run(run, **meta)
    events = import_from(PLUGIN, run, tmp_path)
    assert drafts(events) == []
    (draft,) = [e.draft for e in events if isinstance(e, Diagnosis) and e.draft]
    assert (draft.kind, draft.root_cause) == ("diagnose", cause)
    assert words in draft.rationale


def test_several_folders_are_read_and_a_broken_one_is_named(run: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    for name in ("a", "b"):
        (store / name).mkdir(parents=True)
        write_run(store / name)
    (store / "a/meta.json").write_text('{"skillNa')
    (store / "b/history.json").write_text("[1, {")
    (store / "b/round-1/link").symlink_to("/etc/passwd")
    events = import_from(PLUGIN, store, tmp_path)
    assert len(drafts(events)) == 1
    said = "\n".join(warnings(events))
    assert "a/meta.json is not valid JSON" in said
    assert "b/history.json is not valid JSON" in said
    assert "b/round-1/link is a link" in said


def test_a_skill_the_library_lacks_is_created(run: Path, tmp_path: Path) -> None:
    write_run(run, skillName="charts")
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert (draft.kind, draft.changes[0].path) == ("create", "charts/SKILL.md")


@pytest.mark.parametrize("name", ["../up", "", None, 7])
def test_a_name_that_is_none_leads_nowhere(run: Path, tmp_path: Path, name: object) -> None:
    write_run(run, skillName=name)
    for draft in drafts(import_from(PLUGIN, run, tmp_path)):
        assert all(".." not in change.path for change in draft.changes)


@pytest.mark.parametrize("source", ["nowhere", "importing/library", ""])
def test_what_is_no_proposal_folder_is_told_in_words(tmp_path: Path, source: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert "ame a proposal folder of SkVM" in end(events).summary
