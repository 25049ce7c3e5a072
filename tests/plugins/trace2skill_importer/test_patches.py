"""Finished Trace2Skill patches: each edit a change, and nothing that is not in the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugins.imports import candidates, drafts, end, import_from, warnings, write
from tests.plugins.inputs import PDF
from tests.plugins.trace2skill_importer.finished_run import EDITS, write_run

PLUGIN = "trace2skill_importer"


def patch(tmp_path: Path, *edits: object, **fields: object) -> Path:
    document = {"reasoning": "Why.", "edits": list(edits), **fields}
    return write(tmp_path / "finished", {"final_patch.json": document})


def test_each_edit_is_a_change_on_the_outcome_of_those_before(tmp_path: Path) -> None:
    run = tmp_path / "finished"
    run.mkdir()
    write_run(run)
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    first, second, third = draft.changes
    inserted = PDF.replace("input.pdf`.", "input.pdf`.\nCount the pages first.")
    assert (first.path, first.new_text) == ("pdf/SKILL.md", inserted)
    assert second.new_text == inserted + "\n## Limits\n\nScans need OCR, see references/ocr.md.\n"
    assert (third.path, third.new_text) == ("pdf/references/ocr.md", "# OCR\n")
    assert second.rationale == "add section '## Limits'"
    assert "Two runs failed on long files." in draft.rationale
    assert "- Page count" in draft.rationale


def test_the_merge_levels_are_the_lineage(tmp_path: Path) -> None:
    run = tmp_path / "finished"
    run.mkdir()
    write_run(run)
    events = import_from(PLUGIN, run, tmp_path)
    (draft,) = drafts(events)
    assert draft.lineage.parents == ("merge_level_1/merged_000",)
    assert [one.id for one in candidates(events)] == [
        "map_patches/patch_000",
        "map_patches/patch_001",
        "merge_level_1/merged_000",
    ]


def test_the_file_alone_and_a_translated_patch_are_read(tmp_path: Path) -> None:
    run = patch(tmp_path, *EDITS)
    assert drafts(import_from(PLUGIN, run / "final_patch.json", tmp_path, skill="pdf"))
    exact = [{"file": "SKILL.md", "op": "replace_in_section", "old_text": "PDF", "content": "Pdf"}]
    write(run, {"translated_final_patch.json": {"edits": exact}})
    (draft,) = drafts(import_from(PLUGIN, run, tmp_path, skill="pdf"))
    assert len(draft.changes) == 1


def test_crlf_of_the_skill_stays(tmp_path: Path) -> None:
    edit = {"file": "SKILL.md", "op": "append_to_section", "target_section": "# Mail",
            "content": "Be clear."}  # fmt: skip
    (draft,) = drafts(import_from(PLUGIN, patch(tmp_path, edit), tmp_path, skill="mail"))
    text = draft.changes[0].new_text
    assert text is not None
    assert text.endswith("# Mail\r\n\r\nBe short.\r\n\r\nBe clear.\r\n")
    assert "\n" not in text.replace("\r\n", "")


def test_sections_end_where_the_next_of_their_level_begins_and_code_is_no_heading(
    tmp_path: Path,
) -> None:
    text = "# A\n\none\n\n```\n# no heading\n```\n\n## A.1\n\nx\n\n# B\n\ntwo\n"
    library = tmp_path / "importing" / "library"
    import_from(PLUGIN, "", tmp_path)  # writes the library
    (library / "pdf/SKILL.md").write_text("---\nname: pdf\n---\n" + text)
    edits = [
        {"file": "SKILL.md", "op": "append_to_section", "target_section": "A", "content": "end"},
        {"file": "SKILL.md", "op": "delete_section", "target_section": "## A.1"},
        {"file": "SKILL.md", "op": "add_section", "after_section": "# A", "target_section": "# M",
         "content": "new"},
        {"file": "SKILL.md", "op": "delete_file"},
    ]  # fmt: skip
    (draft,) = drafts(import_from(PLUGIN, patch(tmp_path, *edits), tmp_path, skill="pdf"))
    front = "---\nname: pdf\n---\n"
    start = front + "# A\n\none\n\n```\n# no heading\n```\n\n"
    assert [change.new_text for change in draft.changes] == [
        start + "## A.1\n\nx\n\nend\n\n# B\n\ntwo\n",
        start + "# B\n\ntwo\n",
        start + "# M\n\nnew\n\n# B\n\ntwo\n",
        None,
    ]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"op": "insert_after", "target_text": "not there", "content": "x"}, "is not there"),
        ({"op": "append_to_section", "target_section": "# No", "content": "x"}, "is not there"),
        ({"op": "replace_in_section", "content": "x"}, "which text"),
        ({"op": "delete_section"}, "which section"),
        ({"op": "rewrite", "content": "x"}, "'rewrite' is not known"),
        ({"op": "create", "content": "x"}, "is there already"),
        ({"op": "add_section", "content": "x"}, "without a heading"),
        ({"op": "insert_after", "file": "missing.md"}, "no such file"),
        ({"op": "create", "file": "../mail/SKILL.md", "content": "x"}, "no plain path"),
        ({"op": "create", "file": "/etc/cron.d/x", "content": "x"}, "no plain path"),
        ({"op": "create", "file": "a\\b.md", "content": "x"}, "no plain path"),
        ({"op": "create", "file": None, "content": "x"}, "names no file"),
    ],
)
def test_an_edit_that_does_not_fit_is_named_and_left_out(
    tmp_path: Path, edit: dict[str, object], words: str
) -> None:
    events = import_from(
        PLUGIN, patch(tmp_path, {"file": "SKILL.md", **edit}), tmp_path, skill="pdf"
    )
    assert drafts(events) == []
    assert any(words in text for text in warnings(events)), warnings(events)
    assert end(events).status == "no_change"


def test_a_patch_for_no_known_skill_asks_for_it(tmp_path: Path) -> None:
    events = import_from(PLUGIN, patch(tmp_path, *EDITS), tmp_path)
    assert end(events).status == "failed"
    assert "does not say which skill it is for" in end(events).summary
    assert "mail, pdf" in end(events).summary


@pytest.mark.parametrize("content", ["", '{"edits": [{"fi', "[]", "null", '{"edits": 5}', "{}"])
def test_a_broken_patch_is_told(tmp_path: Path, content: str) -> None:
    run = write(tmp_path / "finished", {"final_patch.json": content})
    events = import_from(PLUGIN, run, tmp_path, skill="pdf")
    assert end(events).status == "failed"
    assert "final_patch.json" in end(events).summary


def test_a_folder_without_a_patch_is_told(tmp_path: Path) -> None:
    import_from(PLUGIN, "", tmp_path)
    events = import_from(PLUGIN, tmp_path / "importing/library", tmp_path)
    assert "has no final_patch.json" in end(events).summary


_VALUES = st.one_of(
    st.text(max_size=20), st.none(), st.integers(), st.sampled_from(["# PDF", "SKILL.md", "create"])
)
_FIELDS = ("target_section", "target_text", "old_text", "content", "after_section")
_OPS = st.sampled_from(
    ["insert_after", "add_section", "append_to_section", "delete_section", "replace_in_section"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"file": st.just("SKILL.md"), "op": st.one_of(_OPS, _VALUES)},
            optional=dict.fromkeys(_FIELDS, _VALUES),
        ),
        max_size=4,
    )
)
def test_no_patch_crashes_it(tmp_path: Path, edits: list[dict[str, object]]) -> None:
    events = import_from(PLUGIN, patch(tmp_path, *edits), tmp_path, skill="pdf")
    assert end(events).status in ("completed", "no_change"), end(events)
