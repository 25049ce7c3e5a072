"""What is contested on the desk: a banner, the page that shows it, and taking a version."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt

from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.gui.review.contests.page import ContestPage
from workbench.gui.review.desk import Desk
from workbench.gui.review.queue.triage import Triage
from workbench.gui.shell.context import AppContext
from workbench.review.contests import OPEN, Contest, Side, contests_of
from workbench.review.queue import Queue
from workbench.review.triage import take_none, take_side

#: Asks for a reason and a comment; what is rejected, and what to do with the answer.
AskWhy = Callable[[str, Callable[[str, str], None]], None]


class DeskContests(QObject):
    """Follows the desk and the queue. ``ask_why`` gets what is rejected and what then is done."""

    def __init__(
        self, context: AppContext, desk: Desk, triage: Triage, ask_why: AskWhy, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context, self._desk, self._triage, self._ask_why = context, desk, triage, ask_why
        self._queue = Queue()
        self._proposals: dict[str, Proposal] = {}
        self._shown: tuple[Contest, ...] = ()
        desk.add_acts({"contests": self.show_page}, {"contests": self.why_not})
        desk.hunk_changed.connect(self._show_notice)

    @cached_property
    def page(self) -> ContestPage:
        """The page, made when it is first asked for."""
        page = ContestPage()
        page.taken.connect(self._take)
        page.refused.connect(self._refuse)
        page.opened.connect(self._context.request_review)
        page.undone.connect(self._triage.undo)
        page.left.connect(self._leave)
        return page

    def take_queue(self, queue: Queue) -> None:
        """Take over what the store holds now."""
        self._queue = queue
        self._proposals = {one.proposal.id: one.proposal for one in queue.entries}
        self._show_notice()
        if self.on_page:
            self._shown = tuple(self._as_it_is_now(one) for one in self._shown)
            self._show_contests()

    @property
    def on_page(self) -> bool:
        """Whether the contests are shown in the place of the proposal."""
        return "page" in self.__dict__ and self._desk.view.shows(self.page)

    def own(self) -> tuple[Contest, ...]:
        """Return what the proposal on the desk contests, what is settled by now left out."""
        return contests_of(self._queue.contests, self._desk.proposal_id)

    def why_not(self) -> str | None:
        """Say why there is nothing to show."""
        return None if self.own() else "no other proposal changes the lines of this one."

    def show_page(self) -> None:
        """Show all versions of the lines that the proposal on the desk contests."""
        if self.why_not() is None:
            self._desk.flush()
            self._shown = self.own()
            self._show_contests()
            self._desk.view.show_page(self.page)
            self.page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_contests(self) -> None:
        shown = tuple(self._own_first(one) for one in self._shown)
        self.page.show_contests(shown, self._proposals, can_undo=self._triage.can_undo)

    def _own_first(self, contest: Contest) -> Contest:
        """Return a contest with the version of the proposal on the desk before the others."""
        own = self._desk.proposal_id
        return replace(contest, sides=tuple(sorted(contest.sides, key=lambda s: s.proposal != own)))

    def _as_it_is_now(self, contest: Contest) -> Contest:
        """Return a contest with the verdicts of now; a settled one is still to be seen."""
        key = (contest.library, contest.path, contest.start, contest.end)
        for now in self._queue.contests:
            if (now.library, now.path, now.start, now.end) == key:
                return now
        sides = tuple(replace(side, rejected=self._is_out(side)) for side in contest.sides)
        return replace(contest, sides=sides)

    def _is_out(self, side: Side) -> bool:
        proposal = self._proposals.get(side.proposal)
        return proposal is None or proposal.status not in OPEN

    def _leave(self) -> None:
        """Go back to the proposal, which may have been decided on meanwhile."""
        self._desk.back()
        self._desk.open(self._desk.proposal_id)

    def _show_notice(self) -> None:
        view = self._desk.view
        own = self.own() if self._desk.opened is not None and not self._desk.applied else ()
        if not own:
            view.forget_notice("contest")
            return
        text = self._noticed(own)
        if view.notices().get("contest") != text:
            view.notice("contest", "warning", text, (("Show together", self.show_page),))

    def _noticed(self, own: tuple[Contest, ...]) -> str:
        engines = sorted(
            {
                self._proposals[side.proposal].engine.id.replace("_", " ")
                for contest in own
                for side in contest.sides
                if side.proposal != self._desk.proposal_id
            }
        )
        rivals = {
            side.proposal
            for contest in own
            for side in contest.sides
            if side.proposal != self._desk.proposal_id and not side.rejected
        }
        places = counted(len(own), "place")
        verb = "changes" if len(rivals) == 1 else "change"
        others = f"{counted(len(rivals), 'other proposal')} ({', '.join(engines)})"
        return f"Contested: {others} {verb} {places} of this one too."

    def _take(self, contest: Contest, side: Side) -> None:
        others = counted(len(contest.sides) - 1, "other")
        self._triage.carry_out(
            take_side(contest, side), f"Took one version of {contest.path}, rejected {others}"
        )

    def _refuse(self, contest: Contest) -> None:
        def reject(reason: str, comment: str) -> None:
            words = f"Rejected all versions of {contest.path}"
            self._triage.carry_out(take_none(contest, reason, comment), words)

        self._ask_why("any of these versions", reject)
