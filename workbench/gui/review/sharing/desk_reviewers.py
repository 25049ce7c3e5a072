"""Several reviewers on the desk: what the others said, where they differ, and settling that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QObject

from workbench.domain.proposal import EvidenceCheck, HunkVerdict, VerdictKind
from workbench.domain.reviewer import reviewer_key
from workbench.domain.selection_test import SelectionTest
from workbench.domain.text import counted
from workbench.gui.review.backend import Opened
from workbench.gui.review.bars import REASON_WORDS
from workbench.gui.review.header import local_time
from workbench.gui.shell.context import AppContext
from workbench.review.agreement import open_conflicts
from workbench.review.reviewers import (
    HunkConflict,
    Said,
    Standing,
    in_force,
    settled,
)
from workbench.review.session import Review

if TYPE_CHECKING:
    from workbench.gui.review.desk import Desk

_SAYS: dict[VerdictKind, str] = {
    "accept": "accepts it",
    "reject": "rejects it",
    "defer": "defers it",
}
_SHOWN = 4


class Reviewers(Struct, frozen=True):
    """Who said what of a proposal, and the hunks they differ on."""

    standing: Standing
    conflicts: tuple[HunkConflict, ...]
    tested: tuple[SelectionTest, ...] = ()
    checks: tuple[EvidenceCheck, ...] = ()


def read_reviewers(review: Review) -> Reviewers:
    """Read who said what; in a thread.

    Raises:
        FileProblem: the decisions cannot be read.
    """
    store, name = review.store, review.proposal.id
    last = {reviewer_key(one.by): one for one in store.tests_elsewhere(name)}
    return Reviewers(
        review.standing, open_conflicts(review), tuple(last.values()), store.get(name).checks
    )


class DeskReviewers(QObject):
    """The acts ``settle_accept``, ``settle_reject`` and ``next_conflict`` of the desk."""

    def __init__(self, context: AppContext, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._desk = context, desk
        self._read_for: Opened | None = None
        self._again = False
        self.found = Reviewers(Standing(()), ())
        desk.selection_changed.connect(self._opened)
        context.proposals_changed.connect(self.read)
        desk.work.ended.connect(self._when_free)
        context.theme_changed.connect(lambda _name: self._show())
        desk.add_acts(
            {
                "settle_accept": lambda: self.settle("accept"),
                "settle_reject": lambda: self.settle("reject"),
                "next_conflict": self.step,
            },
            {"conflicts": self.why_not},
        )

    def why_not(self) -> str | None:
        """Say why there is nothing to settle."""
        return None if self.found.conflicts else "reviewers differ on nothing here."

    def read(self) -> None:
        """Read again what everybody said."""
        opened = self._desk.opened
        if opened is None:
            return
        self._desk.work.start(
            "reviewers",
            read_reviewers,
            opened.review,
            on_done=lambda found: self._was_read(opened, found),
            on_problem=self._desk.tell_problem,
        )

    def step(self) -> None:
        """Go to the next hunk that reviewers differ on."""
        diff = self._desk.view.diff
        names = {one.hunk for one in self.found.conflicts}
        places = [at for at, hunk in enumerate(self._desk.choices.hunks) if hunk.id in names]
        if places:
            diff.set_current(next((at for at in places if at > diff.current), places[0]))

    def settle(self, kind: VerdictKind) -> None:
        """Say what counts of the current hunk, or of the first one reviewers differ on."""
        desk, opened = self._desk, self._desk.opened
        if opened is None or self.why_not() or desk.why_not_decide() is not None:
            return
        names = [one.hunk for one in self.found.conflicts]
        hunk = desk.hunk()
        name = hunk.id if hunk is not None and hunk.id in names else names[0]
        before = desk.choices.of(name)
        kept = before if before is not None and before.verdict == kind else None
        verdict = HunkVerdict(
            name,
            kind,
            kept.reason if kept else "",
            kept.comment if kept else "",
            kept.edited if kept else self._edited(name, kind),
        )
        (knowing,) = settled(self.found.standing, opened.reviewer, [verdict], [name])
        desk.take(desk.choices.settle(knowing))

    def _edited(self, name: str, kind: VerdictKind) -> tuple[str, ...] | None:
        """Accepting takes the text over that the others agree on, if they edited it."""
        texts = {
            one.verdict.edited
            for conflict in self.found.conflicts
            for one in conflict.said
            if conflict.hunk == name and one.verdict.verdict == "accept"
        }
        return texts.pop() if kind == "accept" and len(texts) == 1 else None

    def _opened(self) -> None:
        """Read once for each proposal that is opened."""
        if self._desk.opened is not self._read_for:
            self._read_for = self._desk.opened
            self.found = Reviewers(Standing(()), ())
            self._desk.differing = {}
            self.read()

    def _when_free(self) -> None:
        """Look again at what could not be shown while the desk was busy."""
        if self._again and not self._desk.busy:
            self._again = False
            self.read()

    def _was_read(self, opened: Opened, found: Reviewers) -> None:
        desk = self._desk
        if desk.opened is not opened:
            return
        self.found = found
        otherwise = self._counts_otherwise(opened) or found.checks != opened.proposal.checks
        if otherwise and not desk.choices.acts:
            # Somebody decided elsewhere, and a sync brought it.
            if not desk.busy:
                desk.open(opened.proposal.id)
                return
            self._again = True
        self._desk.differing = {one.hunk: "reviewers differ" for one in found.conflicts}
        self._desk.refresh_marks()
        self._show()

    def _counts_otherwise(self, opened: Opened) -> bool:
        names = set(self._desk.choices.names)
        counting = in_force(self.found.standing, opened.reviewer)
        return {one for one in counting if one.hunk in names} != set(opened.verdicts)

    def _show(self) -> None:
        view, opened = self._desk.view, self._desk.opened
        view.forget_notice("differ")
        view.forget_notice("reviewers")
        if opened is None or self._desk.applied:
            return
        if self.found.conflicts:
            view.notice(
                "differ",
                "warning",
                self._words(),
                (
                    ("Go to it", self.step),
                    ("Accept it", lambda: self._desk.run("settle_accept")),
                    ("Reject it", lambda: self._desk.run("settle_reject")),
                ),
            )
            return
        key = reviewer_key(opened.reviewer)
        others = [one for one in self.found.standing.decisions if reviewer_key(one.reviewer) != key]
        lines: list[str] = []
        if others:
            words = "; ".join(
                f"{_name(one.reviewer)}, {local_time(one.time)}: {_counts(one.verdicts)}"
                for one in others
            )
            lines.append(f"Also reviewed by {words}.")
        lines += [_tested(one) for one in self.found.tested]
        if lines:
            view.notice("reviewers", "info", "\n".join(lines), closable=True)

    def _words(self) -> str:
        numbers = {hunk.id: number for number, hunk in enumerate(self._desk.choices.hunks, 1)}
        found = self.found.conflicts
        lines = [
            f"Reviewers differ on {counted(len(found), 'hunk')}. Nothing is applied until one of "
            "you settles it, in sight of the others' words:"
        ]
        for one in found[:_SHOWN]:
            what = f"Hunk {numbers[one.hunk]}" if one.hunk in numbers else "The diagnosis"
            lines.append(f"{what}: {'; '.join(_said(said) for said in one.said)}")
        if len(found) > _SHOWN:
            lines.append(f"and {len(found) - _SHOWN} more")
        return "\n".join(lines)


def _said(said: Said) -> str:
    verdict = said.verdict
    text = f"{_name(said.reviewer)} {_SAYS[verdict.verdict]}"
    if verdict.edited is not None:
        text += " with other text"
    text += f" ({local_time(said.time)})"
    why = [REASON_WORDS.get(verdict.reason, ""), " ".join(verdict.comment.split())]
    words = ": ".join(part for part in why if part)
    return f"{text}: {words}" if words else text


def _tested(test: SelectionTest) -> str:
    level = test.gate.level.replace("_", " ")
    return (
        f"{_name(test.by)} says tasks found {counted(len(test.hunks), 'hunk')} {level} on their "
        f"machine ({local_time(test.time)}); that is not evaluated here."
    )


def _name(reviewer: str) -> str:
    return reviewer.partition(" <")[0] or reviewer


def _counts(verdicts: tuple[HunkVerdict, ...]) -> str:
    kinds = [one.verdict for one in verdicts]
    words = (("accept", "accepted"), ("reject", "rejected"), ("defer", "deferred"))
    said = [f"{kinds.count(kind)} {word}" for kind, word in words if kind in kinds]
    return ", ".join(said) or "nothing decided"
