"""Importers on the published results of GRASP and SkillOpt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.imports import candidates, drafts, end, import_from, warnings

pytestmark = pytest.mark.corpus


def test_every_published_grasp_library_becomes_proposals(corpus: Path, tmp_path: Path) -> None:
    results = corpus / "evolution" / "grasp" / "results"
    runs = sorted(
        folder.parent.parent for folder in results.glob("main/*/*/skill_cycle/*/skills/best")
    )
    assert len(runs) > 20
    skills = versions = 0
    for run in runs:
        events = import_from("grasp_importer", run, tmp_path)
        expected = len(list((run / "skills" / "best").glob("*.md")))
        assert end(events).status == ("completed" if expected else "no_change"), run
        assert warnings(events) == [], run
        found = drafts(events)
        assert len(found) == expected, run
        skills += len(found)
        versions += len(candidates(events))
        for draft in found:
            assert draft.changes[0].new_text is not None
            assert {score.split for score in draft.scores} >= {"train", "val"}, run
    assert versions > skills > 50


def test_the_published_skillopt_pairs_become_proposals(corpus: Path, tmp_path: Path) -> None:
    events = import_from("skillopt_importer", corpus / "evolution" / "skillopt", tmp_path)
    found = drafts(events)
    assert [draft.skills for draft in found] == [("alfworld",), ("docvqa",), ("searchqa",)]
    for draft, task in zip(found, ("alfworld", "docvqa", "searchqa"), strict=True):
        (file,) = (corpus / "evolution" / "skillopt" / "ckpt" / task).iterdir()
        assert draft.changes[0].new_text is not None
        assert draft.changes[0].new_text.endswith(file.read_text().lstrip())
        assert draft.lineage.parents == (f"{task} seed",)
