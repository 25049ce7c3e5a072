"""Finished GEPA runs: which candidate is proposed, with which tree and scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugins.gepa_importer.finished_run import RESULT, TEXTS, write_run
from tests.plugins.imports import candidates, drafts, end, import_from, warnings, write

PLUGIN = "gepa_importer"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    root = tmp_path / "finished"
    root.mkdir()
    write_run(root)
    return root


def text(events: object) -> str:
    (draft,) = drafts(events)  # type: ignore[arg-type]
    assert draft.changes[0].new_text is not None
    return draft.changes[0].new_text


def test_without_validation_scores_the_last_candidate_is_proposed_and_that_is_said(
    run: Path, tmp_path: Path
) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert (draft.kind, draft.skills) == ("edit", ("pdf",))
    assert text(events).endswith("---\n" + TEXTS[3])
    assert any("opening a pickle runs code" in said for said in warnings(events))
    assert not list(tmp_path.rglob("sprung"))


def test_the_tree_of_candidates_is_the_lineage(run: Path, tmp_path: Path) -> None:
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert [(one.id, one.parents) for one in candidates(events)] == [
        ("candidate 0", ()),
        ("candidate 1", ("candidate 0",)),
        ("candidate 2", ("candidate 0",)),
        ("candidate 3", ("candidate 1", "candidate 2")),
    ]
    assert (draft.lineage.parents, draft.lineage.round) == (("candidate 1", "candidate 2"), 2)


def test_a_saved_result_says_which_is_best_and_a_tie_goes_to_the_earlier(
    run: Path, tmp_path: Path
) -> None:
    write(run, {"result.json": RESULT})
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert text(events).endswith(TEXTS[1])
    assert [(s.before, s.after, s.n, s.split) for s in draft.scores] == [
        (0.25, 0.75, 2, "val"),
        (pytest.approx(1 / 3), 1, 3, "train"),
    ]
    assert draft.lineage.alternatives == ("candidate 3",)
    assert warnings(events) == []


def test_a_person_can_choose_the_candidate(run: Path, tmp_path: Path) -> None:
    assert text(import_from(PLUGIN, run, tmp_path, candidate=2)).endswith(TEXTS[2])
    events = import_from(PLUGIN, run, tmp_path, candidate=4)
    assert end(events).status == "failed"
    assert "there are 0 to 3" in end(events).summary


def test_components_go_to_the_skills_of_their_names(run: Path, tmp_path: Path) -> None:
    write(
        run, {"candidates.json": [{"pdf": "# P\n", "mail": "# M\n", "system_prompt": "Be good."}]}
    )
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert draft.skills == ("pdf", "mail")
    assert any("'system_prompt' is named like no skill" in said for said in warnings(events))


def test_one_component_of_no_known_name_is_a_new_skill_or_the_chosen_one(
    run: Path, tmp_path: Path
) -> None:
    write(run, {"candidates.json": [{"instructions": "# Do\n\nIt.\n"}]})
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path))
    assert (draft.kind, draft.changes[0].path) == ("create", "finished/SKILL.md")
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path, skill="mail"))
    assert (draft.kind, draft.changes[0].path) == ("edit", "mail/SKILL.md")


@pytest.mark.parametrize("content", ["", '[{"pdf": "# P', "{}", "[]", "[1, null]", '[{"a": 1}]'])
def test_broken_candidates_are_told(run: Path, tmp_path: Path, content: str) -> None:
    (run / "candidates.json").write_text(content)
    events = import_from(PLUGIN, run, tmp_path)
    assert end(events).status == "failed"
    assert "candidates.json" in end(events).summary


def test_a_broken_log_is_named_and_the_candidates_are_read(run: Path, tmp_path: Path) -> None:
    (run / "run_log.json").write_text('[{"i": 0')
    events = import_from(PLUGIN, run, tmp_path)
    assert len(drafts(events)) == 1
    assert any("run_log.json is not valid JSON" in said for said in warnings(events))


@pytest.mark.parametrize("source", ["nowhere", "importing/library", ""])
def test_what_is_no_run_is_told_in_words(tmp_path: Path, source: str) -> None:
    events = import_from(PLUGIN, tmp_path / source if source else "", tmp_path)
    assert end(events).status == "failed"
    assert "ame a run folder of GEPA" in end(events).summary


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)
_KEYS = ["i", "new_program_idx", "new_program_indices", "merged_entities", "subsample_scores",
         "new_subsample_scores", "selected_program_candidate"]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(_KEYS), _JSON | st.integers(-2, 4)), max_size=4))
def test_no_log_crashes_it(run: Path, tmp_path: Path, log: list[object]) -> None:
    write(run, {"run_log.json": log})
    events = import_from(PLUGIN, run, tmp_path)
    assert end(events).status == "completed", end(events)
