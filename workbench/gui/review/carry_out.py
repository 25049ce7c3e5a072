"""Carrying out what was decided: plan, apply, merge with the disk, revert."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, SignalInstance

from workbench.domain.proposal import Proposal, Receipt
from workbench.gui.review import backend
from workbench.gui.review.backend import Opened, Plan, Shelf
from workbench.gui.review.choices import Choices
from workbench.gui.review.desk_view import DeskView
from workbench.gui.review.merge_page import Picked
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.review.merge import Merge


class OnDesk(Protocol):
    """What is asked of the desk that shows the proposal."""

    opened: Opened | None
    choices: Choices
    view: DeskView
    changed: SignalInstance

    @property
    def applied(self) -> bool: ...

    @property
    def proposal_id(self) -> str: ...

    def why_not_apply(self) -> str | None: ...

    def flush(self) -> None: ...

    def open(self, proposal_id: str) -> None: ...

    def back(self) -> None: ...

    def tell_problem(self, message: str) -> None: ...


class CarryOut(QObject):
    """The acts of a desk that read or write the library. ``plan`` and ``merge`` are as shown."""

    def __init__(
        self, desk: OnDesk, context: AppContext, shelf: Shelf, work: Work, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk, self._context, self._shelf, self._work = desk, context, shelf, work
        self.plan: Plan | None = None
        self.merge: Merge | None = None
        view = desk.view
        view.confirmed.connect(self._apply)
        view.merged.connect(self._keep_merge)
        view.left.connect(desk.back)

    def forget(self) -> None:
        """Drop what was planned: another proposal is shown."""
        self.plan = self.merge = None

    def show_plan(self) -> None:
        """Work out and show what an apply would do."""
        opened = self._desk.opened
        if opened is None or self._desk.why_not_apply() is not None:
            return
        self._desk.flush()
        self._work.start(
            "plan",
            backend.plan_apply,
            opened.review,
            self._desk.choices.verdicts,
            opened.reviewer,
            on_done=self._planned,
            on_problem=self._desk.tell_problem,
        )

    def revert(self) -> None:
        """Take the applied proposal back."""
        opened = self._desk.opened
        if opened is None or not self._desk.applied or self._work.runs("revert"):
            return
        self._work.start(
            "revert",
            backend.revert_applied,
            self._shelf,
            opened.review,
            opened.reviewer,
            on_done=self._written,
            on_problem=self._desk.tell_problem,
            on_stale=self._revert_stale,
        )

    def start_merge(self) -> None:
        """Merge what is accepted (or the way back) with the disk; shows conflicts, if any."""
        opened = self._desk.opened
        if opened is None or not opened.review.hunks:
            return
        self._desk.flush()
        self._work.start(
            "merge",
            backend.merge_with_disk,
            self._shelf,
            opened.review,
            self._desk.choices.verdicts,
            self._desk.applied,
            on_done=self._show_merge,
            on_problem=self._desk.tell_problem,
        )

    def _planned(self, plan: Plan) -> None:
        if plan.decision.proposal != self._desk.proposal_id or self._desk.opened is None:
            return
        self.plan = plan
        self._desk.view.apply_page.show_plan(plan)
        self._desk.view.show_apply()

    def _apply(self, use_git: bool) -> None:
        opened: Opened | None = self._desk.opened
        if opened is None or self.plan is None or self._work.runs("apply"):
            return
        self._desk.view.apply_page.set_busy(True)
        self._work.start(
            "apply",
            backend.apply_plan,
            self._shelf,
            opened.review,
            self.plan.decision,
            use_git,
            on_done=self._written,
            on_problem=self._apply_failed,
            on_stale=lambda _message: self._reopen(),
        )

    def _written(self, receipt: Receipt) -> None:
        self._reopen()
        self._desk.back()
        library = self._context.library
        if library is not None and Path(library.root) == Path(receipt.library):
            self._context.workspace.reload()

    def _apply_failed(self, message: str) -> None:
        self._desk.view.apply_page.set_busy(False)
        self._desk.view.apply_page.show_problem(message)

    def _reopen(self) -> None:
        self._desk.view.apply_page.set_busy(False)
        self._desk.changed.emit(self._desk.proposal_id)
        self._desk.open(self._desk.proposal_id)

    def _revert_stale(self, message: str) -> None:
        run: Callable[[], object] = self.start_merge
        self._desk.view.notice(
            "act",
            "warning",
            message.split(" Revert it as", 1)[0],
            (("Merge the way back", run),),
            closable=True,
        )

    def _show_merge(self, merge: Merge) -> None:
        self.merge = merge
        if not merge.conflicts:
            self._keep_merge({})
            return
        self._desk.view.merge_page.show_merge(merge)
        self._desk.view.show_merge()

    def _keep_merge(self, choices: dict[tuple[str, int], Picked]) -> None:
        if self.merge is not None:
            self._work.start(
                "keep merge",
                backend.keep_merge,
                self._shelf,
                self.merge,
                choices,
                on_done=self._merged,
                on_problem=self._merge_failed,
            )

    def _merge_failed(self, message: str) -> None:
        self._desk.back()
        self._desk.tell_problem(message)

    def _merged(self, proposal: Proposal) -> None:
        self._desk.changed.emit(proposal.id)
        self._context.request_review(proposal.id)
