"""Who approves exactly this content under the policy in force, and why others do not count.

An approval is a standing decision (see ``reviewers``) whose content hash is that of the selection
and that names the policy it was given under; it goes stale as soon as one of the two is another.
People are told apart by e-mail address, with the ``.mailmap`` of the repository: two addresses of
one person are one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import Decision, HunkVerdict
from workbench.review.reviewers import standing
from workbench.review.rules.policy import Policy

#: Returns for each "Name <mail>" the address that stands for that person, "" without one.
Persons = Callable[[Iterable[str]], Mapping[str, str]]

State = Literal[
    "counts",
    "other_content",
    "other_policy",
    "not_said",
    "not_listed",
    "own_edit",
    "no_mail",
]

#: Why a standing decision does not count, in words.
WHY: dict[State, str] = {
    "counts": "approves exactly this content",
    "other_content": "approved other content; it has changed since",
    "other_policy": "approved under another policy",
    "not_said": "has not approved expressly",
    "not_listed": "is not among those who may approve",
    "own_edit": "wrote a part of this text, and one's own text does not count",
    "no_mail": "signed without an e-mail address, so nobody knows who that is",
}


class Approval(Struct, frozen=True):
    """What one reviewer's word is worth for a content. ``time`` is ISO 8601."""

    reviewer: str
    person: str
    time: str
    state: State

    @property
    def why(self) -> str:
        """The state in words."""
        return WHY[self.state]


class ApprovalCount(Struct, frozen=True):
    """All who said something, oldest first, and how many different people have to approve.

    ``asked`` says whether the policy asks for more than the decision that is applied.
    """

    approvals: tuple[Approval, ...]
    wanted: int
    asked: bool

    @property
    def people(self) -> tuple[str, ...]:
        """The different people whose approval counts."""
        return tuple(dict.fromkeys(one.person for one in self.approvals if one.state == "counts"))

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who approved, as they signed."""
        return tuple(one.reviewer for one in self.approvals if one.state == "counts")

    @property
    def enough(self) -> bool:
        """Whether it is approved as the policy asks."""
        return not self.asked or len(self.people) >= self.wanted


def count_approvals(
    decisions: Sequence[Decision],
    chosen: Decision,
    policy: Policy,
    persons: Persons,
    *,
    authors: Sequence[str] = (),
) -> ApprovalCount:
    """Count who approves what ``chosen`` makes; ``chosen`` itself may not be kept yet.

    Args:
        decisions: all that were given on the proposal, oldest first.
        chosen: the decision that would be applied.
        policy: the one in force.
        persons: tells people apart.
        authors: the people whose own work the proposal is.
    """
    given = [*decisions, *(() if chosen in decisions else (chosen,))]
    rule = policy.approvals
    known = persons(
        [*(one.reviewer for one in given), *(f"<{mail}>" for mail in rule.by), *authors]
    )
    who = _Who(
        frozenset(known.get(f"<{mail}>", "") for mail in rule.by),
        frozenset()
        if rule.own_edits
        else _authors(given, chosen.verdicts, known) | {known[one] for one in authors},
    )
    last: dict[str, Decision] = {}
    for decision in standing(given).decisions:
        key = known[decision.reviewer] or decision.reviewer.casefold()
        last.pop(key, None)
        last[key] = decision
    approvals = tuple(
        Approval(
            one.reviewer,
            known[one.reviewer],
            one.time,
            _content_state(one, chosen, policy) or who.state(known[one.reviewer]),
        )
        for one in last.values()
    )
    asked = rule.people > 1 or bool(rule.by) or not rule.own_edits
    return ApprovalCount(approvals, rule.people, asked)


def _content_state(decision: Decision, chosen: Decision, policy: Policy) -> State | None:
    """Say why a decision is about something else; None when it is about exactly this."""
    if decision.content_hash != chosen.content_hash:
        return "other_content"
    if not decision.policy:
        return "not_said"
    return None if decision.policy == policy.hash else "other_policy"


class _Who(Struct, frozen=True):
    """Who may approve (empty: anybody), and who may not because the text is their own."""

    listed: frozenset[str]
    authors: frozenset[str]

    def state(self, person: str) -> State:
        if not person:
            return "no_mail"
        if self.listed and person not in self.listed:
            return "not_listed"
        return "own_edit" if person in self.authors else "counts"


def _authors(
    decisions: Sequence[Decision], verdicts: Sequence[HunkVerdict], known: Mapping[str, str]
) -> frozenset[str]:
    """Return who wrote the edited texts of a selection: whoever first gave a hunk that text."""
    wanted = {
        (one.hunk, one.edited)
        for one in verdicts
        if one.verdict == "accept" and one.edited is not None
    }
    authors: set[str] = set()
    seen: set[tuple[str, tuple[str, ...] | None]] = set()
    for decision in sorted(decisions, key=lambda one: one.time):
        for verdict in decision.verdicts:
            text = (verdict.hunk, verdict.edited)
            if text in wanted and text not in seen:
                seen.add(text)
                authors.add(known[decision.reviewer])
    return frozenset(authors)
