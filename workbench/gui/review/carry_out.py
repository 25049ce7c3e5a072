"""Carrying out what was decided: apply (``applying``), merge with the disk, revert."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from workbench.domain.proposal import Proposal, Receipt
from workbench.gui.review import backend
from workbench.gui.review.apply_acts import Applying
from workbench.gui.review.applying.plan import Plan
from workbench.gui.review.backend import Shelf
from workbench.gui.review.merge_page import Picked
from workbench.gui.review.on_desk import OnDesk
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.review.merge import Merge


class CarryOut(QObject):
    """The acts of a desk that read or write the library. ``merge`` is as shown."""

    def __init__(
        self, desk: OnDesk, context: AppContext, shelf: Shelf, work: Work, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk, self._context, self._shelf, self._work = desk, context, shelf, work
        self.applying = Applying(
            desk, context, shelf, work, written=self._written, reopen=self._reopen
        )
        self.merge: Merge | None = None
        view = desk.view
        view.merged.connect(self._keep_merge)
        view.left.connect(desk.back)

    def forget(self) -> None:
        """Drop what was planned: another proposal is shown."""
        self.applying.plan = None
        self.merge = None

    @property
    def plan(self) -> Plan | None:
        """What is shown of an apply."""
        return self.applying.plan

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

    def why_not_rest(self) -> str | None:
        """Say why nothing of the proposal can be opened as a new one."""
        opened = self._desk.opened
        return opened.why_no_rest if opened is not None else "no proposal is shown."

    def start_rest(self) -> None:
        """Make a new proposal of the hunks that were not applied; shows conflicts, if any."""
        opened = self._desk.opened
        if opened is not None and self.why_not_rest() is None:
            self._work.start(
                "merge",
                backend.merge_what_is_left,
                self._shelf,
                opened.review,
                on_done=self._show_merge,
                on_problem=self._desk.tell_problem,
            )

    def _written(self, receipt: Receipt) -> None:
        self._reopen()
        self._desk.back()
        library = self._context.library
        if library is not None and Path(library.root) == Path(receipt.library):
            self._context.workspace.reload()

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
