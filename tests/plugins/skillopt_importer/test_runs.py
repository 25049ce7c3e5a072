"""Finished runs of SkillOpt and SkillOpt-Sleep: which proposals come of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.imports import candidates, drafts, end, import_from, warnings, write
from tests.plugins.inputs import PDF
from tests.plugins.skillopt_importer.finished_run import (
    STAGED,
    write_night,
    write_run,
    write_training,
)

PLUGIN = "skillopt_importer"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "finished"
    root.mkdir()
    return root


def test_each_checkpoint_is_an_alternative_for_the_skill(run: Path, tmp_path: Path) -> None:
    write_run(run)
    events = import_from(PLUGIN, run, tmp_path)
    alpha, beta = drafts(events)
    assert (alpha.kind, alpha.skills) == ("edit", ("pdf",))
    assert alpha.changes[0].new_text == (
        PDF.partition("# PDF")[0] + "# PDF\n\nCheck the page count first.\n"
    )
    assert alpha.lineage.parents == ("pdf seed",)
    assert alpha.lineage.alternatives == ("pdf trained with beta",)
    assert beta.lineage.alternatives == ("pdf trained with alpha",)


def test_a_skill_the_library_lacks_is_created_and_its_description_asked_for(
    run: Path, tmp_path: Path
) -> None:
    write(run, {"ckpt/search/alpha_skill.md": "# Searching\n\nBe exact.\n"})
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert (draft.kind, draft.changes[0].path) == ("create", "search/SKILL.md")
    assert draft.changes[0].new_text == (
        '---\nname: search\ndescription: "Searching"\n---\n\n# Searching\n\nBe exact.\n'
    )
    assert any("gives no description of 'search'" in text for text in warnings(events))


def test_training_has_its_steps_as_lineage(run: Path, tmp_path: Path) -> None:
    write_training(run)
    events = import_from(PLUGIN, run, tmp_path, skill="pdf")
    (draft,) = drafts(events)
    assert draft.skills == ("pdf",)
    assert (draft.lineage.parents, draft.lineage.round) == (("step 2",), 2)
    assert [(s.before, s.after, s.split) for s in draft.scores] == [(0.25, 0.5, "val")]
    assert [(one.id, one.parents) for one in candidates(events)][:2] == [
        ("step 1", ()),
        ("step 2", ("step 1",)),
    ]
    assert "accept_new_best" in draft.rationale


def test_without_the_setting_training_makes_a_new_skill(run: Path, tmp_path: Path) -> None:
    write_training(run)
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert (draft.kind, draft.skills) == ("create", ("finished",))


def test_a_setting_that_names_no_skill_is_told(run: Path, tmp_path: Path) -> None:
    write_training(run)
    events = import_from(PLUGIN, run, tmp_path, skill="pfd")
    assert end(events).status == "failed"
    assert "no one skill 'pfd'" in end(events).summary
    assert "mail, pdf" in end(events).summary


def test_a_staged_row_becomes_a_proposal(run: Path, tmp_path: Path) -> None:
    write_night(run)
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert draft.changes[0].path == "pdf/SKILL.md"
    assert draft.changes[0].new_text == STAGED
    assert [(s.metric, s.before, s.after, s.n, s.split) for s in draft.scores] == [
        ("gate score", 0.5, 0.75, 8, "val"),
        ("trial of skill (not kept)", 0.5, 0.4, 2, "val"),
    ]
    assert "- add: Check. (3 failed)" in draft.rationale
    assert "Not of a skill" not in draft.rationale
    assert "another version" not in draft.rationale


def test_a_row_made_from_another_file_says_so(run: Path, tmp_path: Path) -> None:
    write_night(run, live_sha256="0" * 64)
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert "made from another version of the file" in draft.rationale


def test_leaked_tasks_are_not_called_held_out(run: Path, tmp_path: Path) -> None:
    write_night(run)
    write(run, {"report.json": {"holdout_leaked": True, "candidate_score": 1.0}})
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert [score.split for score in draft.scores] == ["train"]
    assert "not apart from those it learned from" in draft.rationale


def test_the_older_manifest_and_several_nights_are_read(run: Path, tmp_path: Path) -> None:
    for night in ("20260101", "20260102"):
        write(
            run / night,
            {
                "manifest.json": {"has_skill": True, "live_skill_path": "C:\\s\\pdf\\SKILL.md"},
                "proposed_SKILL.md": STAGED + night,
                "proposed_CLAUDE.md": "# Memory",
            },
        )
    events = import_from(PLUGIN, run, tmp_path)
    assert [draft.skills for draft in drafts(events)] == [("pdf",), ("pdf",)]
    assert any("proposed for CLAUDE.md" in t or "no skill" in t for t in warnings(events))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"sha256": "f" * 64}, "is not what was staged"),
        ({"proposed_file": "../../etc/passwd"}, "is not in"),
        ({"proposed_file": 7}, "is not in"),
        ({"proposed_file": "/etc/passwd"}, "is not in"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_left_out(
    run: Path, tmp_path: Path, row: dict[str, object], words: str
) -> None:
    write_night(run, **row)
    events = import_from(PLUGIN, run, tmp_path)
    assert drafts(events) == []
    assert any(words in text for text in warnings(events))
    assert end(events).status == "no_change"


@pytest.mark.parametrize("file", ["manifest.json", "report.json", "history.json"])
@pytest.mark.parametrize("content", ["", '{"skills": [{"skill_na', "[]", '"x"', "null", "{}"])
def test_a_broken_document_ends_no_run(run: Path, tmp_path: Path, file: str, content: str) -> None:
    (write_training if file == "history.json" else write_night)(run)
    (run / file).write_text(content)
    events = import_from(PLUGIN, run, tmp_path)
    assert end(events).status in ("completed", "no_change")
    assert drafts(events) or warnings(events)


@pytest.mark.parametrize("source", ["nowhere", "importing/library", ""])
def test_what_is_no_run_is_told_in_words(tmp_path: Path, source: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert "ame an output folder of SkillOpt" in end(events).summary
