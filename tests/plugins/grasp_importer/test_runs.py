"""Finished GRASP runs: which proposals come of them, with which lineage and scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.grasp_importer.finished_run import skill, write_run
from tests.plugins.imports import candidates, drafts, end, import_from, warnings, write

PLUGIN = "grasp_importer"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "run_001"
    root.mkdir()
    write_run(root)
    return root


def test_a_known_skill_is_edited_and_a_new_one_created(run: Path, tmp_path: Path) -> None:
    edit, create = drafts(import_from(PLUGIN, run, tmp_path))
    assert (edit.kind, edit.skills, edit.changes[0].path) == ("edit", ("pdf",), "pdf/SKILL.md")
    assert edit.changes[0].new_text == (
        '---\nname: pdf\ndescription: "Read the tables of a file."\n---\n# PDF\n\nThree.\n'
    )
    assert (create.kind, create.skills) == ("create", ("unit-check",))
    assert create.changes[0].path == "unit-check/SKILL.md"
    assert create.changes[0].new_text is not None
    assert create.changes[0].new_text.startswith("---\nname: unit-check\ndescription: ")


def test_the_version_history_is_the_lineage(run: Path, tmp_path: Path) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    edit = drafts(events)[0]
    assert (edit.lineage.parents, edit.lineage.round) == (("pdf v2",), 3)
    assert [(one.id, one.parents) for one in candidates(events)][:3] == [
        ("pdf v1", ()),
        ("pdf v2", ("pdf v1",)),
        ("pdf v3", ("pdf v2",)),
    ]
    assert candidates(events)[1].summary == (
        "MODIFY in epoch 1: fixes 2, regressions 1, probe score 1"
    )


def test_scores_are_the_runs_own_for_each_split(run: Path, tmp_path: Path) -> None:
    edit = drafts(import_from(PLUGIN, run, tmp_path))[0]
    assert [(s.metric, s.before, s.after, s.n, s.split) for s in edit.scores] == [
        ("fixes on the probe", None, 5, 0, "train"),
        ("regressions on the probe", None, 0, 0, "train"),
        ("probe score on the probe", None, 3, 0, "train"),
        ("share of tasks solved with the whole library, best epoch (1)", 0.4, 0.75, 80, "val"),
        ("share of tasks solved with the whole library", 0.3, 0.2, 60, "test"),
    ]


def test_a_library_alone_can_be_read(run: Path, tmp_path: Path) -> None:
    found = drafts(import_from(PLUGIN, run / "skills" / "best", tmp_path))
    assert [draft.skills for draft in found] == [("pdf",), ("unit-check",)]
    assert all(score.split == "train" for draft in found for score in draft.scores)


def test_the_last_library_can_be_read_instead_of_the_best(run: Path, tmp_path: Path) -> None:
    write(run, {"skills/learned/pdf.md": skill("pdf", 4, "# PDF\n\nFour.\n", action="MODIFY")})
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path, library="learned"))
    assert draft.changes[0].new_text is not None
    assert draft.changes[0].new_text.endswith("Four.\n")


def test_line_ends_and_other_keys_of_the_library_stay(run: Path, tmp_path: Path) -> None:
    write(run, {"skills/best/mail.md": skill("mail", 1, "# Mail\n\nBe clear.\n", action="ADD")})
    draft = drafts(import_from(PLUGIN, run, tmp_path))[0]
    text = draft.changes[0].new_text
    assert text is not None
    assert "Be clear.\r\n" in text
    assert "\n" not in text.replace("\r\n", "")


def test_what_the_library_has_already_is_not_proposed(run: Path, tmp_path: Path) -> None:
    (edit, _) = drafts(import_from(PLUGIN, run, tmp_path))
    assert edit.changes[0].new_text is not None
    (tmp_path / "importing/library/pdf/SKILL.md").write_text(edit.changes[0].new_text)
    assert [draft.kind for draft in drafts(import_from(PLUGIN, run, tmp_path))] == ["create"]


def test_a_skill_that_only_the_history_has_was_removed(run: Path, tmp_path: Path) -> None:
    (run / "skills/best/pdf.md").unlink()
    retire = drafts(import_from(PLUGIN, run, tmp_path))[0]
    assert (retire.kind, retire.skills) == ("retire", ("pdf",))
    assert {change.op for change in retire.changes} == {"delete"}
    assert retire.lineage.parents == ("pdf v2",)


def test_bad_parts_of_a_run_are_named_and_the_rest_is_read(run: Path, tmp_path: Path) -> None:
    (run / "val_scores.json").write_text('[{"epoch": "base')
    (run / "test_scores.json").write_text("[1, null]")
    (run / "skills/best/broken.md").write_bytes(b"---\nname: broken\n---\n\xff\xfe")
    (run / "skills/best/nameless.md").write_text("just text")
    (run / "skills/best/huge.md").write_bytes(b"x" * ((1 << 20) + 1))
    (run / "skills/best/link.md").symlink_to("/etc/passwd")
    events = import_from(PLUGIN, run, tmp_path)
    assert [draft.skills for draft in drafts(events)] == [("pdf",), ("unit-check",)]
    said = "\n".join(warnings(events))
    for words in (
        "val_scores.json is not valid JSON",
        "test_scores.json was not understood",
        "broken.md is not UTF-8 text",
        "nameless.md has no front matter with a name",
        "huge.md has 1,048,577 bytes",
        "link.md is a link; links are never followed",
    ):
        assert words in said


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", "..", "\u202e"])
def test_a_name_cannot_lead_out_of_the_library(run: Path, tmp_path: Path, name: str) -> None:
    write(run, {"skills/best/unit_check.md": skill(f'"{name}"', 1, "# X\n", action="ADD")})
    for draft in drafts(import_from(PLUGIN, run, tmp_path)):
        for change in draft.changes:
            assert ".." not in change.path
            assert not change.path.startswith("/")
            assert (
                (tmp_path / "importing/library" / change.path)
                .resolve()
                .is_relative_to(tmp_path / "importing/library")
            )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "cannot be read"),
        ("importing/library", "is no run of GRASP"),
        ("", "Nothing to read"),
    ],
)
def test_what_is_no_run_is_told_in_words(tmp_path: Path, source: str, words: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert words in end(events).summary
    assert drafts(events) == []


def test_a_folder_of_several_runs_asks_for_one(run: Path, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    run.rename(tmp_path / "all" / "run_001")
    events = import_from(PLUGIN, tmp_path / "all", tmp_path)
    assert "holds 1 runs of GRASP, such as run_001" in end(events).summary
