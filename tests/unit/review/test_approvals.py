"""Two people are two people: approvals bound to content and policy, told apart by address."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.unit.review.build import git, make_library
from workbench.domain.proposal import Decision, HunkVerdict
from workbench.review.rules.approvals import ApprovalCount, count_approvals
from workbench.review.rules.policy import Approvals, Policy
from workbench.store.mailmap import mail_of, persons

TWO = Policy(approvals=Approvals(people=2))
ANN, BOB = "Ann <ann@x.invalid>", "Bob <bob@x.invalid>"


def said(
    reviewer: str, minute: int, content: str = "c1", policy: Policy | None = TWO, text: str = ""
) -> Decision:
    edited = (text,) if text else None
    verdict = HunkVerdict("h1", "accept", edited=edited)
    time = f"2026-03-01T10:{minute:02}:00+00:00"
    return Decision("p1", (verdict,), reviewer, time, content, "", policy.hash if policy else "")


def plain(names: Iterable[str]) -> dict[str, str]:
    return {name: mail_of(name) for name in names}


def counted(*given: Decision, policy: Policy = TWO) -> ApprovalCount:
    return count_approvals(given, given[-1], policy, plain)


def test_two_different_people_are_enough_and_one_twice_is_not() -> None:
    assert counted(said(ANN, 1), said(BOB, 2)).enough
    again = counted(said(ANN, 1), said(ANN, 2))
    assert (again.people, again.enough) == (("ann@x.invalid",), False)
    other_case = counted(said(ANN, 1), said("ANN B <Ann@X.invalid>", 2))
    assert not other_case.enough


def test_an_approval_of_other_content_or_under_another_policy_is_stale() -> None:
    moved = counted(said(ANN, 1, "c0"), said(BOB, 2))
    assert [one.state for one in moved.approvals] == ["other_content", "counts"]
    old = counted(said(ANN, 1, policy=Policy()), said(BOB, 2))
    assert [one.state for one in old.approvals] == ["other_policy", "counts"]


def test_ticks_alone_and_a_later_change_of_mind_are_no_approval() -> None:
    ticked = counted(said(ANN, 1, policy=None), said(BOB, 2))
    assert [one.state for one in ticked.approvals] == ["not_said", "counts"]
    taken_back = counted(said(ANN, 1), said(ANN, 2, policy=None), said(BOB, 3))
    assert not taken_back.enough


def test_without_an_address_nobody_knows_who_it_is() -> None:
    count = counted(said("root", 1), said(BOB, 2))
    assert [one.state for one in count.approvals] == ["no_mail", "counts"]
    assert "e-mail" in count.approvals[0].why


def test_only_those_who_may_count() -> None:
    policy = Policy(approvals=Approvals(people=1, by=("Ann@x.invalid",)))
    count = counted(said(BOB, 1, policy=policy), policy=policy)
    assert [one.state for one in count.approvals] == ["not_listed"]
    assert not count.enough
    assert counted(said(ANN, 1, policy=policy), policy=policy).enough


def test_who_wrote_the_text_does_not_approve_it() -> None:
    policy = Policy(approvals=Approvals(people=1, own_edits=False))
    own = said(ANN, 1, policy=policy, text="mine\n")
    assert [one.state for one in counted(own, policy=policy).approvals] == ["own_edit"]
    both = counted(own, said(BOB, 2, policy=policy, text="mine\n"), policy=policy)
    assert (both.people, both.enough) == (("bob@x.invalid",), True)
    untouched = said(ANN, 1, policy=policy)
    assert counted(untouched, policy=policy).enough


def test_whose_work_a_proposal_is_does_not_approve_it_either() -> None:
    policy = Policy(approvals=Approvals(people=1, own_edits=False))
    given = (said(ANN, 1, policy=policy), said(BOB, 2, policy=policy))
    count = count_approvals(given, given[-1], policy, plain, authors=("Ann B <ANN@x.invalid>",))
    assert [one.state for one in count.approvals] == ["own_edit", "counts"]


def test_one_decision_is_enough_where_no_policy_asks() -> None:
    count = counted(said("root", 1, policy=None), policy=Policy())
    assert (count.asked, count.enough) == (False, True)


def test_the_mailmap_of_the_repository_makes_two_addresses_one_person(tmp_path: Path) -> None:
    mailmap = b"Ann <ann@x.invalid> <ann@home.invalid>\n"
    library = make_library(tmp_path / "library", {"demo/SKILL.md": b"x", ".mailmap": mailmap})
    home = "Ann at home <ANN@home.invalid>"

    def known(names: Iterable[str]) -> dict[str, str]:
        return persons(library, names)

    given = (said(ANN, 1), said(home, 2))
    assert counted(*given).enough  # without the map they look like two
    mapped = count_approvals(given, given[-1], TWO, known)
    assert (mapped.people, mapped.enough) == (("ann@x.invalid",), False)
    git(library, "rm", "--quiet", ".mailmap")
    assert count_approvals(given, given[-1], TWO, known).enough


@pytest.mark.parametrize(
    ("name", "mail"),
    [
        ("Ann <A@x.invalid>", "a@x.invalid"),
        ("<a@x.invalid>", "a@x.invalid"),
        ("Ann", ""),
        ("Ann <nobody>", ""),
        ("a@x.invalid", ""),
        ("Ann <a@x.invalid> junk", ""),
        ("Ann <b@y> <a@x.invalid>", "a@x.invalid"),
    ],
)
def test_addresses(name: str, mail: str) -> None:
    assert mail_of(name) == mail


def test_outside_a_repository_every_address_stands_for_itself(tmp_path: Path) -> None:
    names = (ANN, "root", "Line\nbreak <b@x.invalid>")
    assert persons(tmp_path, names) == {
        ANN: "ann@x.invalid",
        "root": "",
        names[2]: "b@x.invalid",
    }
    assert persons(tmp_path / "missing", (ANN,)) == {ANN: "ann@x.invalid"}
