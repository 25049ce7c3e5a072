"""The Review activity: the queue, the desk with one proposal, and the evidence for it.

The evidence is a pane of Review, not of the inspector: whoever hides that for want of room in the
editor must not decide without evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.domain.proposal import EvidenceCheck, Proposal, VerdictKind
from workbench.domain.text import counted
from workbench.gui.review.backend import QueueRead, Shelf, read_queue
from workbench.gui.review.bars import ReasonBar
from workbench.gui.review.commands import review_commands
from workbench.gui.review.contests.desk_contests import DeskContests
from workbench.gui.review.desk import Desk
from workbench.gui.review.evidence.rows import evidence_rows, open_evidence, traces_here
from workbench.gui.review.evidence.view import EvidenceRow, EvidenceView
from workbench.gui.review.history.at_review import ReviewHistory
from workbench.gui.review.queue.pane import QueuePane
from workbench.gui.review.queue.rows import QueueRow
from workbench.gui.review.queue.triage import Triage
from workbench.gui.review.sharing.at_review import ReviewSharing
from workbench.gui.review.sharing.desk_reviewers import DeskReviewers
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.split_view import SplitView
from workbench.review.contests import Footprints
from workbench.review.triage import Order
from workbench.store.history import LocalHistory

_QUEUE_WIDTH, _EVIDENCE_WIDTH = 250, 300
_KINDS: dict[str, VerdictKind] = {"accept": "accept", "reject": "reject", "defer": "defer"}


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return ReviewPanel(context)


class ReviewPanel(QWidget):
    """Reads the store when it or a filter changes; ``queue_read()`` tells when that is done."""

    queue_read = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._proposals: tuple[Proposal, ...] = ()
        self._wanted = ""
        self._reading = False
        self._read_again = False
        history = LocalHistory(context.folders.history)
        shelf = Shelf(context.proposal_store, history, partial(traces_here, context))
        self._shelf = shelf
        self.desk = Desk(context, shelf)
        self.evidence = EvidenceView()
        self.pane = QueuePane(self._triage, context.clock)
        self.queue = self.pane.view
        self.triage = Triage(context, shelf, self.desk.flush, self)
        self._footprints = Footprints()
        self.reason_bar = ReasonBar()
        self._then: Callable[[str, str], None] | None = None
        self.contests = DeskContests(context, self.desk, self.triage, self._ask_why, self)
        self._nothing = EmptyState(
            "Nothing to review",
            "Proposals come from an engine that has read traces, or from others (Review, Share "
            "reviews). They change nothing until you apply them here.",
            action=("Go to Evolution", lambda: context.request_activity("evolution")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="review",
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._add_acts()
        self.reviewers = DeskReviewers(context, self.desk, self)
        self.sharing = ReviewSharing(context, shelf, self.desk, self._stack, self._put_back)
        self.pane.add_tool(self.sharing.button)
        self.history = ReviewHistory(context, shelf, self.desk, self._stack, self)
        commands = review_commands(self.desk, self._show_self)
        context.commands.remove(*(command.id for command in commands))
        context.commands.add(*commands)
        self.setFocusProxy(self.queue)
        # To make all this took its time: what was read is shown in another turn of the loop.
        QTimer.singleShot(0, self, self._read_first)

    def _lay_out(self) -> None:
        panes = (self.pane, self.desk, self.evidence)
        split = SplitView(panes, sizes=(_QUEUE_WIDTH, 650, _EVIDENCE_WIDTH), stretch=(0, 1, 0))
        at_work = QWidget()
        inside = column(at_work, spacing=0)
        inside.addWidget(split, 1)
        inside.addWidget(self.reason_bar)
        self.reason_bar.hide()
        self._stack.addWidget(at_work)
        self._stack.addWidget(self._nothing)
        column(self, spacing=0).addWidget(self._stack)

    def _connect(self) -> None:
        context = self._context
        self.pane.filtered.connect(self._filter_chosen)
        self.pane.status_chosen.connect(self._filter_chosen)
        self.triage.decided.connect(self._decided)
        self.reason_bar.rejected.connect(self._answered)
        self.reason_bar.left.connect(self._leave_reason)
        self.queue.chosen.connect(self._choose)
        self.queue.entered.connect(
            lambda: self.desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)
        )
        self.desk.hunk_changed.connect(self._show_evidence)
        self.desk.evidence_asked.connect(self._go_to_evidence)
        self.desk.refused.connect(lambda name: self._reject((name,)))
        self.desk.changed.connect(lambda _id: context.proposals_changed.emit())
        self.evidence.opened.connect(self._open_evidence)
        context.proposals_changed.connect(self.read)
        context.disk_changed.connect(self._disk_changed)
        context.review_requested.connect(self.show_proposal)
        context.traces_changed.connect(self._show_evidence)
        context.theme_changed.connect(lambda _name: self._repaint())

    # The queue

    def read(self) -> None:
        """Read the store; a second call while it is read reads it once more."""
        if self._reading:
            self._read_again = True
            return
        self._reading = True
        self._context.spawn_thread(
            read_queue,
            self._shelf,
            self._footprints,
            on_done=self._was_read,
            on_error=self._not_read,
            owner=self,
        )

    def _read_first(self) -> None:
        if not self._reading and not self._proposals:
            self.read()

    def show_proposal(self, proposal_id: str) -> None:
        """Show a proposal, whatever the filters say."""
        self._wanted = proposal_id
        self.read()

    def _was_read(self, read: QueueRead) -> None:
        self._reading = False
        for text in read.mended:
            self._context.notify.info(text, replace=text)
        for text in read.problems:
            self._context.notify.warning(text, replace=text)
        self._proposals = tuple(entry.proposal for entry in read.queue.entries)
        self.pane.take(read.queue.entries)
        self.contests.take_queue(read.queue)
        if self._read_again:
            self._read_again = False
            self.read()
            return
        self._reveal()
        self._show()
        self.queue_read.emit()

    def _not_read(self, problem: BaseException) -> None:
        self._reading = False
        self._context.notify.problem(problem)
        self.queue_read.emit()

    def _reveal(self) -> None:
        """Loosen the filters when they would hide what was asked for."""
        wanted = next((one for one in self._proposals if one.id == self._wanted), None)
        if wanted is None:
            return
        if all(row.id != wanted.id for row in self.pane.rows()):
            self.pane.loosen()

    def _show(self) -> None:
        rows = self.pane.rows()
        if not rows and self.queue.hasFocus():
            # An empty list is not shown, and keys must go on to work, undo first of all.
            self.desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.sharing.shown:
            self._put_back()
        wanted, self._wanted = self._wanted, ""
        shown_now = self.desk.proposal_id
        if not wanted and self._stays(shown_now, rows):
            self.pane.show_rows(rows, "")
            self._refresh(shown_now)
            return
        first = next((row.id for row in rows if row.id), "")
        listed = {row.id for row in rows}
        chosen = next((one for one in (wanted, shown_now) if one and one in listed), first)
        self.pane.show_rows(rows, chosen)
        if chosen != shown_now:
            self.desk.open(chosen)
        else:
            self._refresh(shown_now)

    def _put_back(self) -> None:
        self.history.put_back(0 if self._proposals else 1)

    def _stays(self, proposal_id: str, rows: tuple[QueueRow, ...]) -> bool:
        """Say whether a proposal stays on the desk though no row of the queue shows it.

        It has just been decided or applied: that is still to be seen, and to be undone.
        """
        if not proposal_id or any(row.id == proposal_id for row in rows):
            return False
        known = any(one.id == proposal_id for one in self._proposals)
        return known and self.desk.opened is not None

    def _filter_chosen(self) -> None:
        """Other words or filters were chosen: what they do not list leaves the desk."""
        rows = self.pane.rows()
        if all(row.id != self.desk.proposal_id for row in rows):
            self._wanted = next((row.id for row in rows if row.id), "")
            if not self._wanted:
                self.desk.open("")
        self._show()

    def _refresh(self, proposal_id: str) -> None:
        for entry in self.pane.entries:
            if entry.proposal.id == proposal_id:
                self.desk.refresh(entry)

    def _choose(self, proposal_id: str) -> None:
        if proposal_id != self.desk.proposal_id:
            self.desk.open(proposal_id)

    def _disk_changed(self) -> None:
        if self.desk.choices.hunks and not self.desk.applied:
            self.desk.check_soon()
        self.read()

    def changeEvent(self, event: QEvent) -> None:
        """Look again when somebody comes back: another program may have decided or applied."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.read()

    # Several at once

    def _add_acts(self) -> None:
        acts: dict[str, Callable[[], None]] = {
            f"{kind}_several": partial(self._triage, kind) for kind in _KINDS
        }
        acts["undo_several"] = self.triage.undo
        acts["queue_menu"] = self.pane.menu.pop_up
        self.desk.add_acts(
            acts,
            {
                "several": self._why_not_several,
                "undo_several": self._why_not_undo_several,
                "queue_menu": lambda: None if self._proposals else "there are no proposals.",
            },
        )

    def _why_not_several(self) -> str | None:
        several = len(self.queue.selected_ids()) > 1
        return None if several else "select several proposals in the queue first (Shift+Down)."

    def _why_not_undo_several(self) -> str | None:
        return None if self.triage.can_undo else "nothing was decided on several proposals."

    def _triage(self, kind: str) -> None:
        """Decide on all that are selected; a rejection asks why first."""
        names = self.queue.selected_ids()
        if kind == "reject":
            self._reject(names)
        elif kind in ("accept", "defer"):
            self.triage.carry_out([Order(name, _KINDS[kind]) for name in names])

    def _reject(self, names: tuple[str, ...]) -> None:
        def reject(reason: str, comment: str) -> None:
            orders = [Order(name, "reject", (), reason, comment) for name in names]
            self.triage.carry_out(orders)

        self._ask_why(counted(len(names), "proposal"), reject)

    def _ask_why(self, what: str, then: Callable[[str, str], None]) -> None:
        self._then = then
        self.reason_bar.ask(what)

    def _answered(self, reason: str, comment: str) -> None:
        then, self._then = self._then, None
        self._leave_reason()
        if then is not None:
            then(reason, comment)

    def _leave_reason(self) -> None:
        self.reason_bar.hide()
        back = self.contests.page if self.contests.on_page else self.queue
        back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _decided(self, names: tuple[str, ...]) -> None:
        if self.desk.proposal_id in names and not self.contests.on_page:
            self.desk.open(self.desk.proposal_id)
        self._context.proposals_changed.emit()

    # Evidence

    def _show_evidence(self) -> None:
        opened = self.desk.opened
        if opened is None:
            self.evidence.set_nothing("No evidence", "No proposal is shown.")
            return
        hunk = self.desk.hunk()
        if hunk is None:
            names = tuple(one.id for one in opened.proposal.draft.evidence)
            scope = "Given for this diagnosis."
        else:
            names = hunk.evidence
            scope = {
                "hunk": "Given for this hunk.",
                "whole": "Given for the whole hunk that was split, not for this part alone.",
                "file": "Given for the whole change, not for this hunk alone.",
                "none": "",
            }[hunk.evidence_scope]
        rows = self._evidence_rows(names)
        if rows:
            self.evidence.show_rows(rows, scope)
        else:
            self.evidence.set_nothing(
                "No evidence", "The engine quoted nothing for this. Judge it with that in mind."
            )

    def _evidence_rows(self, names: tuple[str, ...]) -> list[EvidenceRow]:
        opened = self.desk.opened
        if opened is None:
            return []
        checks = {check.evidence: check for check in opened.checks}
        given = [
            (one, checks.get(one.id) or EvidenceCheck(one.id, "unchecked"))
            for one in opened.proposal.draft.evidence
        ]
        return evidence_rows(self._context, given, names)

    def _open_evidence(self, row: EvidenceRow) -> None:
        open_evidence(self._context, row)

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the keys of the desk: A R D E U for verdicts, j and k for the queue.

        Enter leads on, from the queue to the changes to their evidence; Escape leads back.
        """
        acts = {
            Qt.Key.Key_A: "accept",
            Qt.Key.Key_R: "reject",
            Qt.Key.Key_D: "defer",
            Qt.Key.Key_E: "edit",
            Qt.Key.Key_U: "undo",
            Qt.Key.Key_T: "test",
            Qt.Key.Key_G: "ask_again",
            Qt.Key.Key_L: "lock",
            Qt.Key.Key_X: "split",
            Qt.Key.Key_C: "comment",
        }
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        act = acts.get(Qt.Key(event.key())) if plain and self.desk.view.at_work else None
        if plain and event.key() == Qt.Key.Key_R and self.desk.unreadable:
            act = "reject"
        several = self.queue.hasFocus() and len(self.queue.selected_ids()) > 1
        if act in ("accept", "reject", "defer") and several:
            self._triage(act)
        elif act == "undo" and self.triage.can_undo and not self.desk.choices.acts:
            self.triage.undo()
        elif act is not None:
            self._context.commands.run(f"review.{act}")
        elif plain and event.key() in (Qt.Key.Key_J, Qt.Key.Key_K):
            self.queue.step(1 if event.key() == Qt.Key.Key_J else -1)
        elif plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go_to_evidence()
        elif event.key() == Qt.Key.Key_Escape and not self._context.notify.messages:
            self._step_back()
        else:
            super().keyPressEvent(event)

    def _go_to_evidence(self) -> None:
        if self.evidence.list.isVisible():
            self.evidence.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _step_back(self) -> None:
        in_evidence = self.evidence.list.hasFocus() and self.desk.view.at_work
        target = self.desk.view.diff if in_evidence else self.queue
        target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_self(self) -> None:
        self.history.leave()
        if not self.isVisible():
            self._context.request_activity("review")

    def _repaint(self) -> None:
        for view in (self.queue.viewport(), self.evidence.list.viewport()):
            view.update()
        self.desk.repaint_all()
