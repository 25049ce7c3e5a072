from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.evolution.library import SKILL_MD, FileTrace, make_library, snapshot_of
from workbench.domain.proposal import Change, Engine, Evidence, ProposalDraft, SectionOp
from workbench.evolution.intake import DraftRefused, take_in
from workbench.evolution.resolve import MAX_TEXT_BYTES
from workbench.files import sha256

ENGINE = Engine("test_engine", "1.0")
PNG = b"\x89PNG\r\n\x00\x01"


class Desk:
    def __init__(self, folder):
        self.root = make_library(folder / "library")
        self.snapshot = snapshot_of(self.root, folder / "copy")
        self.trace = FileTrace(folder / "log.jsonl", [{"text": "it failed"}])

    def take(self, *changes, kind="edit", evidence=(), now="2026-01-01T00:00:00Z", **more):
        draft = ProposalDraft(kind, "A title", "why", tuple(changes), tuple(evidence), **more)
        return take_in(
            draft,
            engine=ENGINE,
            library_root=self.root,
            snapshot=self.snapshot,
            traces={"log": self.trace},
            job="job-1",
            now=now,
            blob={sha256(PNG): PNG}.get,
        )


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def edit(path="pdf/SKILL.md", text="new\n", **more):
    return Change(more.pop("id", "c1"), path, more.pop("op", "edit"), text, **more)


def test_a_full_text_is_taken_as_it_is(desk):
    proposal = desk.take(edit(text="new\n"))
    assert proposal.draft.changes[0].new_text == "new\n"
    assert proposal.draft.skills == ("pdf",)
    assert proposal.base[0].sha256 == sha256(SKILL_MD.encode())
    assert proposal.base[0].mode == "100644"
    assert proposal.status == "pending"
    assert proposal.gate.level == "not_evaluated"
    assert proposal.warnings == ()


def test_section_operations_become_full_text(desk):
    ops = (SectionOp("append", "Known pitfalls", "- second"),)
    proposal = desk.take(edit(text=None, section_ops=ops))
    change = proposal.draft.changes[0]
    assert change.new_text == SKILL_MD + "- second\n"
    assert change.section_ops == ()


def test_crlf_files_stay_crlf(desk):
    ops = (SectionOp("append", "Fields", "More."),)
    proposal = desk.take(edit("pdf/references/fields.md", None, section_ops=ops))
    assert proposal.draft.changes[0].new_text == "# Fields\r\n\r\nText.\r\n\r\nMore.\r\n"


def test_full_text_with_other_line_ends_is_kept_and_told(desk):
    proposal = desk.take(edit("pdf/references/fields.md", "# Fields\n\nText.\n"))
    assert proposal.draft.changes[0].new_text == "# Fields\n\nText.\n"
    assert "line ends" in proposal.warnings[0]


def test_changes_of_one_file_build_on_one_another(desk):
    first = edit(text=None, id="a", section_ops=(SectionOp("append", "Known pitfalls", "- two"),))
    second = edit(
        text=None, id="b", section_ops=(SectionOp("append", "Known pitfalls", "- three"),)
    )
    changes = desk.take(first, second).draft.changes
    assert changes[0].new_text == SKILL_MD + "- two\n"
    assert changes[1].new_text == SKILL_MD + "- two\n- three\n"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../other/SKILL.md",
        "pdf/../../x",
        "pdf/./SKILL.md",
        "pdf//SKILL.md",
        "pdf\\SKILL.md",
        "C:/x/SKILL.md",
        "",
        ".",
        "README.md",
        "elsewhere/file.md",
        "pdf/.git/hooks/post-commit",
        "pdf/git~1/config",
        "pdf/.git./config",
        "pdf/SKILL.md/below.md",
        ".git/config",
        "pdf/x\x00y",
        "pdf/\u202etxt.md",
        "pdf/" + "x" * 500,
    ],
)
def test_a_path_outside_the_skills_is_refused(desk, path):
    with pytest.raises(DraftRefused):
        desk.take(edit(path, op="write"))


def test_a_path_through_a_link_is_refused(desk, tmp_path):
    (tmp_path / "outside").mkdir()
    (desk.root / "pdf" / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(DraftRefused, match="link"):
        desk.take(edit("pdf/linked/x.md", op="write"))


def test_a_new_skill_may_bring_its_files(desk):
    proposal = desk.take(
        edit("new/SKILL.md", "---\nname: new\n---\n", op="write"),
        edit("new/references/a.md", "a\n", op="write", id="c2"),
        edit("other/b.md", "b\n", op="write", id="c3"),
        kind="create",
    )
    assert [change.path for change in proposal.draft.changes] == [
        "new/SKILL.md",
        "new/references/a.md",
    ]
    assert [base.sha256 for base in proposal.base] == [None, None]
    assert proposal.draft.skills == ("new",)
    assert "other/b.md" in proposal.warnings[0]


def test_what_depends_on_a_refused_change_goes_with_it(desk):
    bad = edit("../x", id="bad", op="write")
    follower = edit(id="next", depends_on=("bad",))
    last = edit("pdf/references/fields.md", "x\r\n", id="last", depends_on=("next",))
    with pytest.raises(DraftRefused) as caught:
        desk.take(bad, follower, last)
    assert len(caught.value.warnings) == 3


def test_a_change_that_changes_nothing_is_dropped(desk):
    with pytest.raises(DraftRefused, match="changes nothing"):
        desk.take(edit(text=SKILL_MD))
    proposal = desk.take(edit(text=SKILL_MD), edit("pdf/references/fields.md", "x\r\n", id="c2"))
    assert [change.id for change in proposal.draft.changes] == ["c2"]


def test_an_empty_draft_is_dropped_and_a_diagnosis_is_not(desk):
    with pytest.raises(DraftRefused):
        desk.take()
    assert desk.take(kind="diagnose", skills=("pdf", "ghost")).draft.skills == ("pdf",)


def test_a_diagnosis_with_changes_is_an_edit(desk):
    proposal = desk.take(edit(), kind="diagnose")
    assert proposal.draft.kind == "edit"
    assert "diagnosis" in proposal.warnings[0]


def test_delete_rename_and_mode(desk):
    proposal = desk.take(
        Change("d", "pdf/references/fields.md", "delete"),
        Change("r", "pdf/SKILL.md", "rename", new_path="pdf/OLD.md"),
        Change("m", "pdf/scripts/run.sh", "mode", mode="100644"),
    )
    assert [change.op for change in proposal.draft.changes] == ["delete", "rename", "mode"]
    assert [(one.path, one.sha256 is None) for one in proposal.base] == [
        ("pdf/OLD.md", True),
        ("pdf/SKILL.md", False),
        ("pdf/references/fields.md", False),
        ("pdf/scripts/run.sh", False),
    ]


@pytest.mark.parametrize(
    "change",
    [
        Change("c", "pdf/none.md", "delete"),
        Change("c", "pdf/none.md", "edit", "x"),
        Change("c", "pdf/SKILL.md", "rename"),
        Change("c", "pdf/SKILL.md", "rename", new_path="pdf/scripts/run.sh"),
        Change("c", "pdf/SKILL.md", "rename", new_path="../out.md"),
        Change("c", "pdf/scripts/run.sh", "mode", mode="100755"),
        Change("c", "pdf/scripts/run.sh", "mode", mode="104755"),
        Change("c", "pdf/SKILL.md", "edit"),
        Change("c", "pdf/SKILL.md", "edit", "a\0b"),
        Change("c", "pdf/SKILL.md", "edit", "\ud800"),
        Change("c", "pdf/SKILL.md", "edit", "x" * (MAX_TEXT_BYTES + 1)),
        Change("c", "pdf/icon.png", "write", blob="0" * 64),
        Change("c", "pdf/SKILL.md", "edit", section_ops=(SectionOp("delete", "Nowhere"),)),
    ],
)
def test_what_cannot_be_is_refused_in_words(desk, change):
    with pytest.raises(DraftRefused) as caught:
        desk.take(change)
    assert caught.value.warnings[0].startswith(f"{change.path}: change left out: ")


def test_binary_content_comes_by_blob(desk):
    proposal = desk.take(Change("c", "pdf/icon.png", "write", blob=sha256(PNG)))
    assert proposal.draft.changes[0].blob == sha256(PNG)
    assert proposal.draft.changes[0].new_text is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("c", "pdf/scripts/new.py", "write", "print()\n"), "adds a script"),
        (Change("c", "pdf/scripts/run.sh", "edit", "#!/bin/sh\nrm\n"), "changes a script"),
        (Change("c", "pdf/tool", "write", "#!/usr/bin/env node\n"), "adds a script"),
        (Change("c", "pdf/SKILL.md", "mode", mode="100755"), "becomes executable"),
        (Change("c", "pdf/x.md", "write", "x", mode="100755"), "becomes executable"),
    ],
)
def test_programs_get_a_warning_of_their_own(desk, change, words):
    assert words in desk.take(change).warnings[0]


def test_evidence_is_checked_and_missing_ids_are_told(desk):
    proposal = desk.take(
        edit(evidence=("e1", "ghost")),
        evidence=[
            Evidence("e1", "log", 0, 0, "it failed"),
            Evidence("e2", "log", 0, 0, "it never said this"),
            Evidence("e3", "invented", 0, 0, "it failed"),
        ],
    )
    assert [check.status for check in proposal.checks] == ["verified", "unsupported", "unsupported"]
    assert proposal.draft.changes[0].evidence == ("e1",)
    assert "ghost" in proposal.warnings[0]
    assert "2 of 3 quotes" in proposal.warnings[1]


def test_confidence_beyond_one_is_left_out(desk):
    assert desk.take(edit(), confidence=7.0).draft.confidence is None
    assert desk.take(edit(), confidence=0.5).draft.confidence == 0.5


def test_the_id_is_that_of_the_content(desk):
    first = desk.take(edit())
    later = desk.take(edit(), now="2027-01-01T00:00:00Z")
    assert first.id == later.id
    assert replace(later, created=first.created) == first
    assert desk.take(edit(text="other\n")).id != first.id


@given(
    path=st.text(max_size=40),
    text=st.text(st.characters(), max_size=60),
    op=st.sampled_from(["write", "edit", "delete", "rename", "mode"]),
)
def test_any_change_is_taken_or_refused(tmp_path_factory, path, text, op):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    try:
        proposal = desk.take(Change("c", path, op, text, new_path=path, mode="100755"))
    except DraftRefused:
        return
    assert all(change.path.startswith("pdf/") for change in proposal.draft.changes)
