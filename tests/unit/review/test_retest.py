"""What a reviewer selected, tested by the host with a real runner: bound to its exact content."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from tests.unit.review.build import NOW, edited, proposal_on
from tests.unit.review.retest_world import (
    PROPOSED,
    SKILL,
    RetestWorld,
    accepted,
    make_world,
)
from workbench.domain.proposal import Gate, HunkVerdict
from workbench.domain.selection_test import SelectionTest
from workbench.evaluation.evaluator import Scored
from workbench.review.again.retest import (
    RetestStopped,
    retesting,
    wanted_hunks,
    wanted_selection,
)
from workbench.review.contests import Footprints
from workbench.review.decide import decide, gate_after, record
from workbench.review.plan import ReviewProblem
from workbench.review.queue import queue_of
from workbench.review.session import open_review
from workbench.review.splits import with_split
from workbench.review.tested import hunk_tests, latest


@pytest.fixture
def world(tmp_path: Path) -> RetestWorld:
    return make_world(tmp_path)


def ran(world: RetestWorld, *numbers: int, **options: object) -> SelectionTest:
    review = world.review()
    with world.retest(**options) as retest:  # type: ignore[arg-type]
        wanted = wanted_selection(review, accepted(review, *numbers))
        return retest.test(wanted, by="A <a@b>", now=lambda: NOW)


def changes(gate: Gate) -> dict[str, tuple[float, ...]]:
    assert gate.table is not None
    return {row.task: row.after for row in gate.table.rows if row.after != row.before[:1]}


def test_a_test_of_one_hunk_says_which_tasks_that_hunk_alone_mends(world: RetestWorld) -> None:
    test = ran(world, 2)
    assert changes(test.gate) == {"t-blue": (1.0,)}
    assert (test.gate.repairs, test.gate.regressions, test.gate.level) == (1, 0, "promising")
    assert test.gate.against_none is not None
    assert test.by == "A <a@b>"
    assert test.task_set == "words"
    assert test.infra == 0


def test_the_gate_of_a_selection_is_that_of_the_test_of_exactly_its_content(
    world: RetestWorld,
) -> None:
    review = world.review()
    assert gate_after(review, accepted(review, 2)).level == "not_evaluated"
    ran(world, 2)
    assert gate_after(review, accepted(review, 2)).level == "promising"
    assert gate_after(review, accepted(review, 1)).level == "not_evaluated"
    whole = gate_after(review, accepted(review, 1, 2))
    assert whole == world.proposal.gate


def test_an_edit_counts_as_not_evaluated_until_it_was_tested_itself(world: RetestWorld) -> None:
    review = world.review()
    ran(world, 2)
    hunk = review.hunks[1]
    edit = (HunkVerdict(hunk.id, "accept", edited=("- blue\n", "- red \n")),)
    gate = gate_after(review, edit)
    assert gate.level == "not_evaluated"
    assert gate.reasons == ("A person edited a hunk.",)
    with world.retest() as retest:
        test = retest.test(wanted_selection(review, edit), by="A", now=lambda: NOW)
    assert test.hunks != (hunk.id,)
    assert gate_after(review, edit).level == "promising"


def test_the_whole_tested_anew_takes_the_place_of_the_gate_of_the_run(world: RetestWorld) -> None:
    test = ran(world, 1, 2)
    review = world.review()
    assert (test.gate.repairs, test.gate.regressions) == (1, 1)
    assert gate_after(review, accepted(review, 1, 2)).reasons == test.gate.reasons
    assert test.gate.reasons != world.proposal.gate.reasons


def test_each_hunk_alone_is_told_apart_from_the_selection(world: RetestWorld) -> None:
    review = world.review()
    with world.retest() as retest:
        for wanted in wanted_hunks(review, ()):
            retest.test(wanted, by="A", now=lambda: NOW)
    first, second = (hunk_tests(review, ())[hunk.id] for hunk in review.hunks)
    assert changes(first.gate) == {"t-red": (0.0,)}
    assert changes(second.gate) == {"t-blue": (1.0,)}
    assert (first.scope, first.hunk) == ("hunk", review.hunks[0].id)
    # With another text of the hunk it is another content, which nobody tested.
    other = (HunkVerdict(review.hunks[0].id, "accept", edited=("- rouge\n",)),)
    assert list(hunk_tests(review, other)) == [review.hunks[1].id]


def test_the_same_again_makes_no_run_and_the_estimate_says_so(world: RetestWorld) -> None:
    review = world.review()
    wanted = [wanted_selection(review, accepted(review, 2))]
    with world.retest() as retest:
        # Three tasks: two runs of the library, two of no skill, one of the selection.
        assert (retest.estimate(wanted).runs, retest.estimate(wanted).kept) == (15, 0)
    first = ran(world, 2)
    assert (first.runs, first.kept) == (15, 0)
    with world.retest() as retest:
        found = retest.estimate(wanted)
        assert (found.fresh, found.kept) == (0, 15)
        both = retest.estimate(wanted_hunks(review, ()))
        assert (both.runs, both.fresh) == (18, 3)
        assert both.seconds is not None
    again = ran(world, 2)
    assert (again.runs, again.kept) == (0, 15)
    assert again.gate == first.gate
    assert world.store.tests(world.proposal.id) == (first, again)


def test_nothing_is_written_to_the_library_and_no_copy_stays(world: RetestWorld) -> None:
    ran(world, 1, 2)
    assert world.skill.read_text() == SKILL
    assert [path.name for path in (world.folder / "library").iterdir()] == ["words"]
    assert list((world.folder / "tests-of-selections").iterdir()) == []


def test_a_runner_that_fails_is_told_and_counts_against_no_hunk(world: RetestWorld) -> None:
    test = ran(world, 2, agent="exit 127")
    assert test.infra == 15
    assert test.gate.level == "not_evaluated"
    assert test.problems
    assert "15 of 15 runs failed" in test.problems[0]
    review = world.review()
    assert gate_after(review, accepted(review, 2)).level == "not_evaluated"


def test_a_failure_of_the_runner_does_not_undo_an_earlier_test(world: RetestWorld) -> None:
    good = ran(world, 2)
    failed = ran(world, 2, agent="exit 127")
    assert latest((good, failed), good.content_hash) == good
    assert latest((failed,), good.content_hash) == failed
    assert latest((), good.content_hash) is None


def test_a_test_stopped_in_the_middle_says_so_and_keeps_only_its_runs(world: RetestWorld) -> None:
    review = world.review()
    seen: list[Scored] = []
    with world.retest() as retest:

        def done(scored: Scored) -> None:
            seen.append(scored)
            retest.stop()

        with pytest.raises(RetestStopped, match="stopped"):
            retest.test(
                wanted_selection(review, accepted(review, 2)), by="A", now=lambda: NOW, done=done
            )
    assert world.store.tests(world.proposal.id) == ()
    assert 0 < len(seen) < 15
    assert ran(world, 2).gate.level == "promising"


def test_a_stop_from_another_thread_does_not_wait_for_the_run(world: RetestWorld) -> None:
    review = world.review()
    with world.retest(agent="sleep 30; echo yes") as retest:
        stop = threading.Timer(0.3, retest.stop)
        stop.start()
        with pytest.raises(RetestStopped):
            retest.test(wanted_selection(review, accepted(review, 2)), by="A", now=lambda: NOW)
        stop.join()
    assert world.store.tests(world.proposal.id) == ()


def test_a_spent_budget_is_told_and_nothing_is_kept_as_a_result(world: RetestWorld) -> None:
    with pytest.raises(ReviewProblem, match="budget of 4 task runs"):
        ran(world, 2, budget=4)
    assert world.store.tests(world.proposal.id) == ()


def test_a_library_that_changed_before_is_refused_with_the_way_on(world: RetestWorld) -> None:
    world.skill.write_text(SKILL + "- new\n")
    with pytest.raises(ReviewProblem, match=r"words/SKILL\.md changed since.*Merge"):
        ran(world, 2)


def test_a_library_that_changes_under_the_test_is_told_with_the_result(world: RetestWorld) -> None:
    review = world.review()
    with world.retest() as retest:
        test = retest.test(
            wanted_selection(review, accepted(review, 2)),
            by="A",
            now=lambda: NOW,
            done=lambda _: world.skill.write_text(SKILL + "- new\n"),
        )
    assert test.gate.level == "promising"
    assert "changed while the tasks ran" in test.problems[0]


def test_a_proposal_that_was_applied_meanwhile_is_not_tested(world: RetestWorld) -> None:
    review = world.review()
    world.store.update(msgspec.structs.replace(world.proposal, status="applied"))
    with world.retest(review=review) as retest, pytest.raises(ReviewProblem, match="is applied"):
        retest.test(wanted_selection(review, accepted(review, 2)), by="A", now=lambda: NOW)


def test_nothing_accepted_or_no_runner_is_refused_with_what_to_do(world: RetestWorld) -> None:
    from workbench.evolution.gating import GateChoice
    from workbench.evolution.means import Means

    review = world.review()
    with pytest.raises(ReviewProblem, match="Nothing is accepted"):
        wanted_selection(review, accepted(review))
    with (
        pytest.raises(ReviewProblem, match="Choose a task set and a runner"),
        retesting(review, Means(), GateChoice(), world.folder / "t"),
    ):
        pass


def test_new_files_deleted_files_and_modes_are_tested_as_they_would_be_written(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path)
    extra = tmp_path / "library" / "words" / "notes.md"
    extra.write_text("old\n")
    proposal = proposal_on(
        tmp_path / "library",
        (
            edited("words/SKILL.md", PROPOSED, "a"),
            edited("words/run.sh", "#!/bin/sh\n", "b", mode="100755"),
            msgspec.structs.replace(edited("words/notes.md", "", "c"), op="delete", new_text=None),
        ),
    )
    proposal = msgspec.structs.replace(proposal, id="more")
    world.store.add(proposal)
    review = open_review(world.store, "more")
    looks = 'test -x "$1/words/run.sh" && ! test -e "$1/words/notes.md" && echo yes || echo no'
    with world.retest(agent=looks, review=review) as retest:
        verdicts = tuple(HunkVerdict(hunk.id, "accept") for hunk in review.hunks)
        test = retest.test(wanted_selection(review, verdicts), by="A", now=lambda: NOW)
    assert test.gate.repairs == 3


def test_a_torn_line_of_tests_costs_itself_alone(world: RetestWorld) -> None:
    test = ran(world, 2)
    file = world.store.folder / world.proposal.id / "gates.jsonl"
    file.write_bytes(file.read_bytes() + b'{"proposal": "x", "conte')
    world.store.add_test(test)
    assert world.store.tests(world.proposal.id) == (test, test)


def test_the_queue_shows_the_level_of_what_was_accepted(world: RetestWorld) -> None:
    def level() -> str:
        entry = queue_of(world.store, world.store.list(), Footprints()).entries[0]
        return entry.gate.level

    assert level() == "rejected"  # the whole, as its run gated it
    review = world.review()
    chosen = accepted(review, 2)
    record(review, decide(review, chosen, reviewer="A <a@b>", now=NOW))
    assert level() == "not_evaluated"
    ran(world, 2)
    assert level() == "promising"
    edit = (HunkVerdict(review.hunks[1].id, "accept", edited=("- teal\n",)), chosen[0])
    record(review, decide(world.review(), edit, reviewer="A <a@b>", now=NOW))
    assert level() == "not_evaluated"
    both = accepted(review, 1, 2)
    record(review, decide(world.review(), both, reviewer="A <a@b>", now=NOW))
    assert level() == "rejected"


def test_a_hunk_nobody_decided_on_leaves_the_rest_a_part(world: RetestWorld) -> None:
    review = world.review()
    one = (HunkVerdict(review.hunks[1].id, "accept"),)
    record(review, decide(review, one, reviewer="A <a@b>", now=NOW))
    entry = queue_of(world.store, world.store.list(), Footprints()).entries[0]
    assert entry.gate.level == "not_evaluated"
    assert entry.gate.reasons == ("1 of 2 hunks were never tested without the rest.",)


def test_a_part_of_a_split_hunk_is_tested_alone_and_all_parts_are_the_whole(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path)
    text = SKILL.replace("- plum\n", "- plum\n- blue\n- plum\n")
    gate = Gate("supported", "weighted", ("as the engine's run had it",))
    proposal = msgspec.structs.replace(
        proposal_on(tmp_path / "library", (edited("words/SKILL.md", text),)), id="two", gate=gate
    )
    world.store.add(proposal)
    whole = open_review(world.store, "two")
    splits = with_split(whole.hunks, (), whole.hunks[0].id, [(0, 1)])
    review = whole.with_splits(splits)
    assert len(review.hunks) == 2
    assert gate_after(review, accepted(review, 1, 2)) == gate
    assert gate_after(review, accepted(review, 1)).level == "not_evaluated"
    with world.retest(review=review) as retest:
        test = retest.test(wanted_selection(review, accepted(review, 1)), by="A", now=lambda: NOW)
    assert changes(test.gate) == {"t-blue": (1.0,)}
    assert gate_after(review, accepted(review, 1)).level == "promising"
    assert gate_after(review, accepted(review, 1, 2)) == gate
