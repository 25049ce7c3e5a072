"""EvoSkill program branches: which program is proposed, with which ancestors and scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.evoskill_importer.finished_run import add_program, git, write_run
from tests.plugins.imports import candidates, drafts, end, import_from, warnings
from tests.plugins.inputs import PDF, unchanged

PLUGIN = "evoskill_importer"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "finished"
    root.mkdir()
    write_run(root)
    return root


def test_the_best_of_the_frontier_is_proposed_and_nothing_is_checked_out(
    run: Path, tmp_path: Path
) -> None:
    with unchanged(run):
        events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert (draft.kind, draft.skills) == ("edit", ("pdf",))
    text = {change.path: change.new_text for change in draft.changes}["pdf/SKILL.md"]
    assert text == PDF + "\nOne.\n"
    assert [(s.before, s.after, s.split) for s in draft.scores] == [(0.5, 0.75, "val")]
    assert (draft.lineage.parents, draft.lineage.alternatives) == (("base",), ("three",))


def test_all_programs_are_the_lineage(run: Path, tmp_path: Path) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    assert [(one.id, one.parents) for one in candidates(events)] == [
        ("base", ()),
        ("one", ("base",)),
        ("three", ("one",)),
    ]


def test_a_program_can_be_asked_for(run: Path, tmp_path: Path) -> None:
    by_setting = drafts(import_from(PLUGIN, run, tmp_path, program="three"))
    assert sorted(draft.skills for draft in by_setting) == [("charts",), ("pdf",)]
    by_branch = drafts(import_from(PLUGIN, "git:program/three", tmp_path, repository=run))
    assert by_branch == by_setting
    events = import_from(PLUGIN, run, tmp_path, program="--output=x")
    assert "There are: base, one, three" in end(events).summary


def test_links_and_a_broken_configuration_are_named(run: Path, tmp_path: Path) -> None:
    add_program(run, "four", "one", None, {".claude/program.yaml": "[broken"})
    (run / ".claude/skills/pdf/secret").symlink_to("/etc/passwd")
    git(run, "add", "-A")
    git(run, "commit", "-q", "-m", "link")
    events = import_from(PLUGIN, run, tmp_path, program="four")
    said = "\n".join(warnings(events))
    assert "program/four: .claude/program.yaml was not understood" in said
    assert ".claude/skills/pdf/secret is a link; links are never followed" in said
    assert all("secret" not in c.path for draft in drafts(events) for c in draft.changes)


def test_without_scores_none_is_called_the_best(tmp_path: Path) -> None:
    root = tmp_path / "unscored"
    root.mkdir()
    git(root, "init", "-q")
    add_program(root, "base", None, None, {".claude/skills/pdf/SKILL.md": PDF})
    events = import_from(PLUGIN, root, tmp_path)
    assert end(events).status == "failed"
    assert "No program has a score" in end(events).summary


@pytest.mark.parametrize(
    ("source", "words"),
    [("nowhere", "is no folder"), ("importing/library", "not a git repository"), ("", "Nothing")],
)
def test_what_is_no_run_is_told_in_words(tmp_path: Path, source: str, words: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert words in end(events).summary


def test_a_repository_without_programs_is_told(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    git(tmp_path / "other", "init", "-q")
    events = import_from(PLUGIN, tmp_path / "other", tmp_path)
    assert "has no branches 'program/...'" in end(events).summary
