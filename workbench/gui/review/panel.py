"""The Review activity: the queue, the desk with one proposal, and the evidence for it.

The evidence is a pane of Review, not of the inspector: whoever hides that for want of room in the
editor must not decide without evidence.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.domain.proposal import Evidence, EvidenceCheck, Proposal
from workbench.gui.review.backend import Shelf, read_queue
from workbench.gui.review.commands import review_commands, with_free_keys
from workbench.gui.review.desk import Desk
from workbench.gui.review.evidence_view import EvidenceRow, EvidenceView
from workbench.gui.review.queue_view import QueueView
from workbench.gui.review.rows import FILTERS, QueueRow, queue_rows, waiting
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.store.history import LocalHistory
from workbench.store.proposals import Listing

_QUEUE_WIDTH, _EVIDENCE_WIDTH = 250, 300


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
        shelf = Shelf(context.proposal_store, LocalHistory(context.folders.history))
        self._shelf = shelf
        self.desk = Desk(context, shelf)
        self.evidence = EvidenceView()
        self.queue = QueueView()
        self.filter = SearchField("Filter proposals…")
        self.shown = ChoiceBox("Which proposals are listed")
        self.shown.addItems(list(FILTERS))
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.count.setContentsMargins(12, 6, 12, 6)
        self._nothing = EmptyState(
            "Nothing to review",
            "Proposals come from an engine that has read traces. They change nothing until you "
            "apply them here.",
            action=("Go to Evolution", lambda: context.request_activity("evolution")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="review",
        )
        self._none = EmptyState("Nothing matches", "No proposal passes this filter.", icon="search")
        self._queue_stack = QStackedWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        commands = review_commands(self.desk, self._show_self)
        context.commands.remove(*(command.id for command in commands))
        context.commands.add(*with_free_keys(commands, context.commands))
        self.setFocusProxy(self.queue)
        self.read()

    def _lay_out(self) -> None:
        tools = row(spacing=6)
        tools.setContentsMargins(8, 8, 8, 8)
        tools.addWidget(self.filter, 1)
        chooser = row(spacing=6)
        chooser.setContentsMargins(8, 0, 8, 8)
        chooser.addWidget(self.shown, 1)
        left = QWidget()
        left.setMinimumWidth(200)
        inside = column(left, spacing=0)
        inside.addLayout(tools)
        inside.addLayout(chooser)
        self._queue_stack.addWidget(self.queue)
        self._queue_stack.addWidget(self._none)
        inside.addWidget(self._queue_stack, 1)
        inside.addWidget(self.count)
        panes = (left, self.desk, self.evidence)
        split = SplitView(panes, sizes=(_QUEUE_WIDTH, 650, _EVIDENCE_WIDTH), stretch=(0, 1, 0))
        self._stack.addWidget(split)
        self._stack.addWidget(self._nothing)
        column(self, spacing=0).addWidget(self._stack)

    def _connect(self) -> None:
        context = self._context
        self.filter.searched.connect(lambda _text: self._show())
        self.filter.left_downwards.connect(self.queue.setFocus)
        self.filter.returnPressed.connect(self.queue.setFocus)
        self.shown.currentTextChanged.connect(lambda _text: self._filter_chosen())
        self.queue.chosen.connect(self._choose)
        self.queue.entered.connect(
            lambda: self.desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)
        )
        self.desk.hunk_changed.connect(self._show_evidence)
        self.desk.evidence_asked.connect(self._go_to_evidence)
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
            read_queue, self._shelf, on_done=self._was_read, on_error=self._not_read, owner=self
        )

    def show_proposal(self, proposal_id: str) -> None:
        """Show a proposal, whatever the filters say."""
        self._wanted = proposal_id
        self.read()

    def _was_read(self, answer: tuple[Listing, tuple[str, ...]]) -> None:
        listing, mended = answer
        self._reading = False
        for text in mended:
            self._context.notify.info(text, replace=text)
        for text in listing.problems:
            self._context.notify.warning(text, replace=text)
        self._proposals = listing.proposals
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
        rows = queue_rows(self._proposals, shown=self.shown.currentText(), words=self.filter.text())
        if all(row.id != wanted.id for row in rows):
            for part in (self.filter, self.shown):
                part.blockSignals(True)
            self.filter.clear()
            self.shown.setCurrentText("All")
            for part in (self.filter, self.shown):
                part.blockSignals(False)

    def _show(self) -> None:
        rows = queue_rows(self._proposals, shown=self.shown.currentText(), words=self.filter.text())
        self._stack.setCurrentIndex(0 if self._proposals else 1)
        self._queue_stack.setCurrentIndex(0 if rows else 1)
        left = waiting(self._proposals)
        self.count.setText(f"{left} to review, {len(self._proposals)} in all")
        wanted, self._wanted = self._wanted, ""
        shown_now = self.desk.proposal_id
        if not wanted and self._stays(shown_now, rows):
            self.queue.show_rows(rows, "")
            self._refresh(shown_now)
            return
        first = next((row.id for row in rows if row.id), "")
        listed = {row.id for row in rows}
        chosen = next((one for one in (wanted, shown_now) if one and one in listed), first)
        self.queue.show_rows(rows, chosen)
        if chosen != shown_now:
            self.desk.open(chosen)
        else:
            self._refresh(shown_now)

    def _stays(self, proposal_id: str, rows: tuple[QueueRow, ...]) -> bool:
        """Say whether a proposal stays on the desk though no row of the queue shows it.

        It has just been decided or applied: that is still to be seen, and to be undone.
        """
        if not proposal_id or self.filter.text() or any(row.id == proposal_id for row in rows):
            return False
        known = any(one.id == proposal_id for one in self._proposals)
        return known and self.desk.opened is not None

    def _filter_chosen(self) -> None:
        """Another filter was chosen: what it does not list leaves the desk."""
        rows = queue_rows(self._proposals, shown=self.shown.currentText())
        if all(row.id != self.desk.proposal_id for row in rows):
            self._wanted = next((row.id for row in rows if row.id), "")
        self._show()

    def _refresh(self, proposal_id: str) -> None:
        for proposal in self._proposals:
            if proposal.id == proposal_id:
                self.desk.refresh(proposal)

    def _choose(self, proposal_id: str) -> None:
        if proposal_id != self.desk.proposal_id:
            self.desk.open(proposal_id)

    def _disk_changed(self) -> None:
        if self.desk.view.at_work and not self.desk.busy and not self.desk.choices.acts:
            self.desk.open(self.desk.proposal_id)

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
        given = {one.id: one for one in opened.proposal.draft.evidence}
        return [
            self._evidence_row(given[name], checks.get(name) or EvidenceCheck(name, "unchecked"))
            for name in names
            if name in given
        ]

    def _evidence_row(self, evidence: Evidence, check: EvidenceCheck) -> EvidenceRow:
        file, _, trajectory = evidence.trace.rpartition("#")
        trace = self._context.trace(check.source, trajectory) or self._context.trace(check.source)
        if trace is None and not check.source:
            trace = next(
                (
                    one
                    for one in self._context.traces
                    if (one.path.name, one.trajectory.id) == (file, trajectory)
                ),
                None,
            )
        if trace is None:
            return EvidenceRow(evidence, check, Path(check.source).name or file or trajectory)
        step = check.step if check.step is not None else evidence.step_first
        steps = trace.trajectory.steps
        who = steps[step].kind if 0 <= step < len(steps) else ""
        return EvidenceRow(evidence, check, trace.trajectory.title or file, who)

    def _open_evidence(self, row: EvidenceRow) -> None:
        if not row.check.source:
            self._context.notify.info(
                f"This quote leads to no trace. {row.reason}", replace="evidence"
            )
            return
        trajectory = row.evidence.trace.rpartition("#")[2]
        step = row.check.step if row.check.step is not None else row.evidence.step_first
        self._context.request_trace(row.check.source, trajectory, step, row.evidence.quote)

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
        }
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        act = acts.get(Qt.Key(event.key())) if plain and self.desk.view.at_work else None
        if act is not None:
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
        if not self.isVisible():
            self._context.request_activity("review")

    def _repaint(self) -> None:
        for view in (self.queue.viewport(), self.evidence.list.viewport()):
            view.update()
        self.desk.repaint_all()
