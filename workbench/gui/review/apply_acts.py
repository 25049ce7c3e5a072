"""The acts of the apply page: plan, approve, apply, and going to what shows a fact."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from workbench.domain.proposal import Receipt
from workbench.gui.review.applying.plan import (
    Ask,
    Plan,
    apply_plan,
    plan_apply,
    say_approved,
)
from workbench.gui.review.backend import Shelf
from workbench.gui.review.on_desk import OnDesk
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.review.rules.policy_rules import Shown


class Applying(QObject):
    """``written`` is told of a receipt, ``reopen`` asks for the proposal to be read again.

    ``plan`` is what is shown.
    """

    def __init__(
        self,
        desk: OnDesk,
        context: AppContext,
        shelf: Shelf,
        work: Work,
        *,
        written: Callable[[Receipt], object],
        reopen: Callable[[], object],
    ) -> None:
        super().__init__(work)
        self._desk, self._context, self._shelf, self._work = desk, context, shelf, work
        self._written, self._reopen = written, reopen
        self.plan: Plan | None = None
        view = desk.view
        view.confirmed.connect(self._apply)
        view.shown_asked.connect(self.show)
        view.approval_said.connect(self._say_approved)
        view.branch_asked.connect(self.show_plan)

    def show_plan(self, branch: str = "") -> None:
        """Work out and show what an apply would do."""
        opened = self._desk.opened
        if opened is None or self._desk.why_not_apply() is not None:
            return
        self._desk.flush()
        self._work.start(
            "plan",
            plan_apply,
            opened.review,
            self._desk.choices.verdicts,
            opened.reviewer,
            self._desk.means,
            branch,
            on_done=self._planned,
            on_problem=self._desk.tell_problem,
        )

    def approve(self) -> None:
        """Keep that the reviewer approves what is accepted, without applying it."""
        self._say_approved(True)

    def show(self, shown: Shown) -> None:
        """Go to what shows a fact of a rule."""
        opened, view = self._desk.opened, self._desk.view
        if opened is None:
            return
        if shown.kind == "library_file":
            path = Path(opened.review.library) / shown.name
            self._context.request_file(path, shown.line)
        elif shown.kind == "approvals":
            view.apply_page.go_to_approvals()
        elif shown.kind == "branch":
            view.apply_page.branch.go_to()
        else:
            self._desk.back()
            self._show_at_work(shown)

    def _show_at_work(self, shown: Shown) -> None:
        view, hunks = self._desk.view, self._desk.choices.hunks
        found = (
            at
            for at, hunk in enumerate(hunks)
            if shown.name in ((hunk.id,) if shown.kind == "hunk" else (hunk.path,))
        )
        if shown.kind in ("hunk", "file"):
            view.diff.set_current(next(found, view.diff.current))
        elif shown.kind == "checks":
            view.strip.details.show()
            view.strip.details.setFocus()
        elif shown.kind == "tasks" and not view.tasks.isVisible():
            self._desk.run("tasks")

    def _planned(self, plan: Plan) -> None:
        if plan.decision.proposal != self._desk.proposal_id or self._desk.opened is None:
            return
        self.plan = plan
        self._desk.view.apply_page.show_plan(plan)
        self._desk.view.show_apply()

    def _say_approved(self, approved: bool) -> None:
        opened = self._desk.opened
        if opened is None or self._desk.why_not_apply() is not None:
            return
        self._desk.flush()
        branch = self.plan.new_branch if self.plan is not None else ""
        self._work.start(
            "approve",
            partial(say_approved, approved=approved),
            opened.review,
            self._desk.choices.verdicts,
            opened.reviewer,
            on_done=lambda _status: self._approval_kept(branch),
            on_problem=self._failed,
        )

    def _approval_kept(self, branch: str) -> None:
        self._desk.changed.emit(self._desk.proposal_id)
        self.show_plan(branch)

    def _apply(self, ask: Ask) -> None:
        opened = self._desk.opened
        if opened is None or self.plan is None or self._work.runs("apply"):
            return
        self._desk.view.apply_page.set_busy(True)
        self._work.start(
            "apply",
            apply_plan,
            self._shelf,
            opened.review,
            self.plan,
            ask,
            self._desk.means,
            on_done=self._written,
            on_problem=self._failed,
            on_stale=lambda _message: self._reopen(),
        )

    def _failed(self, message: str) -> None:
        page = self._desk.view.apply_page
        page.set_busy(False)
        if page.isVisible():
            page.show_problem(message)
        else:
            self._desk.tell_problem(message)
