"""Whose word stands, and where reviewers differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from workbench.domain.proposal import Decision, Hunk, HunkVerdict, VerdictKind
from workbench.domain.reviewer import reviewer_key
from workbench.review.reviewers import (
    conflicts,
    decision_id,
    in_force,
    said_id,
    settled,
    standing,
)

ANN, BEN = "Ann <ann@example.org>", "Ben <ben@example.org>"


def _said(
    reviewer: str, minute: int, *verdicts: HunkVerdict, content: str = "c", comment: str = ""
) -> Decision:
    time = f"2026-11-21T10:{minute:02}:00+00:00"
    return Decision("p", verdicts, reviewer, time, content, comment)


def _v(hunk: str, kind: VerdictKind, **more: str) -> HunkVerdict:
    return HunkVerdict(hunk, kind, **more)  # type: ignore[arg-type]


def test_of_each_reviewer_the_last_decision_stands() -> None:
    first = _said(ANN, 1, _v("h", "reject"))
    second = _said("ann <ANN@example.org>", 5, _v("h", "accept"))
    other = _said(BEN, 3, _v("h", "accept"))
    # The order of arrival does not count: a decision may come in days after it was made.
    now = standing((second, other, first))
    assert now.decisions == (other, second)
    assert now.latest == second
    assert now.of("Annie <ann@example.org>") == second
    assert conflicts(now) == ()
    assert [one.reviewer for one in now.approving("c")] == [BEN, "ann <ANN@example.org>"]


def test_two_who_say_different_things_are_in_conflict_until_one_settles_it() -> None:
    mine = _said(ANN, 1, _v("h", "accept"), _v("k", "accept"))
    theirs = _said(BEN, 2, _v("h", "reject", comment="no"))
    now = standing((mine, theirs))
    (conflict,) = conflicts(now)
    assert (conflict.hunk, [one.reviewer for one in conflict.said]) == ("h", [ANN, BEN])
    assert in_force(now) == (_v("k", "accept"),)
    assert in_force(now, ANN) == (_v("h", "accept"), _v("k", "accept"))

    # Deciding again without having been shown the other settles nothing.
    again = _said(ANN, 3, *mine.verdicts)
    assert conflicts(standing((mine, theirs, again))) != ()

    knowing = _said(ANN, 4, *settled(now, ANN, mine.verdicts, ["h"]))
    assert conflicts(standing((mine, theirs, knowing))) == ()
    assert [one.verdict for one in in_force(standing((theirs, knowing)))] == ["accept", "accept"]


def test_an_answer_holds_while_the_other_says_the_same_and_falls_when_they_answer_back() -> None:
    theirs = _said(BEN, 2, _v("h", "reject"))
    mine = _said(ANN, 3, *settled(standing((theirs,)), ANN, (_v("h", "accept"),), ["h"]))
    elsewhere = _said(BEN, 4, _v("h", "reject", comment="still"), _v("k", "defer"))
    now = standing((theirs, mine, elsewhere))
    assert conflicts(now) == ()
    assert in_force(now, BEN) == (_v("h", "accept"), _v("k", "defer"))

    back = _said(BEN, 5, *settled(now, BEN, (_v("h", "reject"),), ["h"]))
    now = standing((theirs, mine, elsewhere, back))
    assert conflicts(now) == ()
    assert [one.verdict for one in in_force(now, ANN)] == ["reject"]


def test_other_text_is_a_conflict_and_rejecting_against_deferring_is_none() -> None:
    text = replace(_v("h", "accept"), edited=("a\n",))
    empty = replace(_v("h", "accept"), edited=())
    assert conflicts(standing((_said(ANN, 1, text), _said(BEN, 2, _v("h", "accept")))))
    assert conflicts(standing((_said(ANN, 1, empty), _said(BEN, 2, _v("h", "accept")))))
    assert not conflicts(standing((_said(ANN, 1, text), _said(BEN, 2, text))))
    assert not conflicts(
        standing((_said(ANN, 1, _v("h", "reject")), _said(BEN, 2, _v("h", "defer"))))
    )
    assert not conflicts(standing((_said(ANN, 1, _v("h", "accept")), _said(BEN, 2))))


def test_what_is_said_of_a_whole_hunk_is_said_of_its_parts() -> None:
    part = Hunk("h1", "a", "text", "", 1, (), 1, ("x\n",), "c1", part_of="h")
    made = (_said(ANN, 1, _v("h", "accept")), _said(BEN, 2, _v("h1", "reject")))
    now = standing(made, (part, replace(part, id="h2")))
    assert [one.hunk for one in conflicts(now)] == ["h1"]
    assert in_force(now) == (_v("h2", "accept"),)


def test_nobody_answers_themselves_away() -> None:
    verdict = _v("h", "reject")
    forged = replace(_v("h", "accept"), seen=(said_id(BEN, verdict),))
    theirs = _said(BEN, 1, verdict)
    # Ben's own name in another spelling does not take Ben's word back.
    assert standing((theirs, _said("BEN <Ben@Example.org>", 2, forged))).counting("h")
    assert reviewer_key("plain") == "plain"
    assert reviewer_key("A <b>") == "a <b>"


def test_ids_leave_out_words_and_hold_everything_else() -> None:
    one = _said(ANN, 1, _v("h", "accept"), comment="because")
    assert decision_id(one) == decision_id(replace(one, comment=""))
    changed = (
        replace(one, time="2026-11-22T10:00:00+00:00"),
        replace(one, content_hash="d"),
        replace(one, verdicts=(_v("h", "reject"),)),
        replace(one, reviewer=BEN),
        replace(one, proposal="q"),
    )
    assert len({decision_id(one), *map(decision_id, changed)}) == 6


_VERDICTS = st.lists(
    st.builds(
        HunkVerdict,
        st.sampled_from(["h", "k"]),
        st.sampled_from(["accept", "reject", "defer"]),
        seen=st.lists(st.text("0a", max_size=2), max_size=2).map(tuple),
    ),
    max_size=3,
)


@given(st.lists(st.tuples(st.sampled_from([ANN, BEN, "Eve"]), _VERDICTS), max_size=6))
def test_settling_every_conflict_leaves_none(made: list[tuple[str, list[HunkVerdict]]]) -> None:
    decisions = [_said(who, number, *said) for number, (who, said) in enumerate(made)]
    now = standing(decisions)
    open_ones = [one.hunk for one in conflicts(now)]
    verdicts = tuple(_v(hunk, "accept") for hunk in open_ones)
    last = _said("Zoe", 50, *settled(now, "Zoe", verdicts, open_ones))
    assert conflicts(standing((*decisions, last))) == ()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_arrival_changes_nothing(order: tuple[int, ...]) -> None:
    made = (
        _said(ANN, 1, _v("h", "accept")),
        _said(BEN, 2, _v("h", "reject")),
        _said(ANN, 3, _v("k", "accept")),
    )
    assert standing(made[number] for number in order) == standing(made)
