"""What a proposal may not touch, and how much of the rest it may change: the host holds to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.jobs.test_dishonest_engines import HEAD
from tests.unit.evolution.library import SKILL_MD
from tests.unit.evolution.test_intake import ENGINE, Desk, edit
from tests.unit.evolution.test_means import world
from workbench.domain.job import Budget
from workbench.domain.proposal import Change, ProposalDraft, SectionOp
from workbench.evolution import run as runs
from workbench.evolution.intake import DraftRefused, take_in
from workbench.evolution.run import EngineInputs, Evolution, RequestProblem, run_engine
from workbench.plugin.jobs import JobRunner
from workbench.skills.library import read_library
from workbench.store.locked_parts import LockedPart, set_locked
from workbench.store.proposals import ProposalStore

ADDED = SKILL_MD + "- second\n"
STEPS = SKILL_MD.replace("Run `pdftotext`", "Run anything")


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def locked(desk, *parts):
    desk.snapshot = replace(desk.snapshot, locks={"pdf": parts})
    return desk


@pytest.mark.parametrize(
    ("part", "change", "refused"),
    [
        ("*", edit(text=ADDED), True),
        ("*", edit("pdf/new.md", "x", op="write"), True),
        ("*", Change("c", "pdf/references/fields.md", "delete"), True),
        ("*", Change("c", "pdf/scripts/run.sh", "mode", mode="100644"), True),
        ("SKILL.md", edit(text=ADDED), True),
        ("SKILL.md", Change("c", "pdf/SKILL.md", "rename", new_path="pdf/OTHER.md"), True),
        ("SKILL.md", edit("pdf/new.md", "x", op="write"), False),
        ("SKILL.md#Steps", edit(text=STEPS), True),
        ("SKILL.md#Steps", edit(text=ADDED), False),
        ("SKILL.md#Steps", Change("c", "pdf/SKILL.md", "delete"), True),
        ("SKILL.md#Steps", edit(text=None, section_ops=(SectionOp("delete", "Steps"),)), True),
        ("SKILL.md#Gone", edit(text=STEPS), False),
        ("SKILL.md:1-4", edit(text=SKILL_MD.replace("Reads", "Writes")), True),
        ("SKILL.md:1-4", edit(text=STEPS), False),
    ],
)  # fmt: skip
def test_a_locked_part_is_not_changed_and_the_rest_is(desk, part, change, refused):
    desk = locked(desk, part)
    if refused:
        with pytest.raises(DraftRefused, match="is locked"):
            desk.take(change)
    else:
        assert len(desk.take(change).draft.changes) == 1


def test_what_depends_on_a_refused_change_goes_with_it_and_the_rest_stays(desk):
    locked(desk, "SKILL.md")
    proposal = desk.take(
        edit(text=ADDED, id="one"),
        edit("pdf/a.md", "x", op="write", id="two", depends_on=("one",)),
        edit("pdf/b.md", "x", op="write", id="three"),
    )
    assert [change.id for change in proposal.draft.changes] == ["three"]
    assert "locked" in proposal.warnings[0]


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(max_growth=8), "adds 9 bytes; 8 are allowed"),
        (Budget(max_growth=9), ""),
        (Budget(max_hunks=1), "changes 2 places; 1 are allowed"),
        (Budget(max_hunks=2), ""),
    ],
)
def test_a_proposal_that_changes_more_than_allowed_is_left_out(desk, budget, words):
    # One line more at the end, and a word of the same length elsewhere.
    text = ADDED.replace("PDF\n\n##", "DOC\n\n##")
    draft = ProposalDraft("edit", "T", "R", (edit(text=text),))

    def take():
        return take_in(
            draft,
            engine=ENGINE,
            library_root=desk.root,
            snapshot=desk.snapshot,
            traces={},
            job="j",
            now="",
            budget=budget,
        )

    if words:
        with pytest.raises(DraftRefused, match=words):
            take()
    else:
        assert take().draft.changes


MANY = f"""{HEAD}
def propose(request, context):
    context.log(repr(request.skills[0].locks))
    for number in range(6):
        yield draft(edit(f"text {{number}}"), title=f"T{{number}}")
"""


def evolve(tmp_path, library, plugin, inputs):
    with JobRunner(tmp_path / "jobs") as runner:
        evolution = Evolution(
            read_library(library),
            plugin,
            (),
            inputs,
            runner=runner,
            store=ProposalStore(tmp_path / "store"),
        )
        events = run_engine(evolution)
        while True:
            try:
                next(events)
            except StopIteration as end:
                return end.value


def test_an_engine_that_gives_more_proposals_than_asked_is_held_to_the_number(tmp_path):
    with world(tmp_path, code=MANY, needs="[]") as (library, plugin, _):
        result = evolve(
            tmp_path, library, plugin, EngineInputs(budget=Budget(max_proposals=2))
        )  # fmt: skip
    assert [one.draft.title for one in result.proposals] == ["T0", "T1"]
    assert "'T2' was left out: there are 2 proposals already" in result.refused[0]


def test_a_flood_of_proposals_ends_where_nobody_would_review_them(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "MOST_DRAFTS", 3)
    with world(tmp_path, code=MANY, needs="[]") as (library, plugin, _):
        result = evolve(tmp_path, library, plugin, EngineInputs())
    assert len(result.proposals) == 3
    assert "3 drafts of one run are enough" in result.refused[0]


def test_locks_of_the_library_reach_the_engine_and_hold_without_its_help(tmp_path):
    with world(tmp_path, code=MANY, needs="[]") as (library, plugin, _):
        set_locked(library, LockedPart("words", "SKILL.md#Words"))
        result = evolve(tmp_path, library, plugin, EngineInputs())
        assert result.proposals == ()
        assert len(result.refused) == 6
        (library / ".workbench" / "locks.toml").write_text("[[lock")
        with pytest.raises(RequestProblem, match="is no file of locks"):
            evolve(tmp_path, library, plugin, EngineInputs())
    logged = [event.text for event in result.events if hasattr(event, "level")]
    assert logged[0] == "('SKILL.md#Words',)"
