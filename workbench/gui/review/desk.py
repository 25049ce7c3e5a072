"""One proposal under review: verdicts with undo, checks as they change, apply, merge, revert.

All reading and writing happens in threads; what is shown follows from ``Choices`` and what was
read. Verdicts are kept in the store shortly after the last act, and before anything else is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from workbench.domain.proposal import Hunk, HunkVerdict, VerdictKind
from workbench.gui.review import backend
from workbench.gui.review.asking.desk_asking import DeskAsking
from workbench.gui.review.backend import PROBLEMS, Opened, Shelf
from workbench.gui.review.carry_out import CarryOut
from workbench.gui.review.check_places import CheckPlaces
from workbench.gui.review.checks.checking import Checking
from workbench.gui.review.choices import Choices
from workbench.gui.review.desk_view import DeskView
from workbench.gui.review.diff.paint import HunkMark
from workbench.gui.review.display.modes import DiffModes
from workbench.gui.review.export import Kind, ReviewExport
from workbench.gui.review.hunk_marks import hunk_marks, joined
from workbench.gui.review.lines.desk_lines import DeskLines
from workbench.gui.review.locking.desk_locks import DeskLocks
from workbench.gui.review.locking.held import held_back
from workbench.gui.review.notices import show_notices, show_stale
from workbench.gui.review.rendered.mode import RenderedMode
from workbench.gui.review.testing.desk_tests import DeskTests
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.pause import single_shot
from workbench.review.contests import OPEN
from workbench.review.queue import Entry
from workbench.review.rules.admission import Means

#: Verdicts are kept this long after the last act, so that a slip that is undone leaves no trace.
_KEEP_MS = 500


class Desk(QWidget):
    """Shows a proposal and does what is asked of it.

    ``hunk_changed()`` tells that other evidence is to be shown, ``changed(id)`` that the store has
    something new about a proposal, ``settled()`` that nothing is being read, checked or written,
    ``selection_changed()`` that other verdicts, or those of another proposal, are shown.

    ``refused(id)`` asks to reject a proposal as a whole that cannot be shown (``unreadable``).

    ``alone`` says what tasks said of hunks taken alone, ``locked`` which lock holds a hunk back,
    ``differing`` where reviewers differ.
    """

    hunk_changed = Signal()
    changed = Signal(str)
    settled = Signal()
    selection_changed = Signal()
    evidence_asked = Signal()
    refused = Signal(str)

    def __init__(self, context: AppContext, shelf: Shelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._shelf = context, shelf
        self.opened: Opened | None = None
        self.choices = Choices(())
        self._proposal_id = ""
        self.unreadable = False
        self._kept = self.choices.said
        self.alone: Mapping[str, str] = {}
        self.locked: Mapping[str, str] = {}
        self.differing: Mapping[str, str] = {}
        self.work = Work(context, self)
        self.view = DeskView(self.run)
        column(self, spacing=0).addWidget(self.view)
        self._keep_later = single_shot(self, _KEEP_MS, self._keep)
        self._checking = Checking(context, self.work, self.view.strip, self._to_check, self)
        self.check_places = CheckPlaces(self, context, self)
        self.export = ReviewExport(context, self.work, self)
        self.carry_out = CarryOut(self, context, shelf, self.work, self)
        self._acts = self._own_acts()
        self.why_not: dict[str, Callable[[], str | None]] = {}
        self.modes = DiffModes(self, lambda text: context.notify.info(text, replace="diff"), self)
        self.view.add_tool(self.modes.button)
        self.rendered = RenderedMode(self, self.modes, self)
        self._connect()
        self.tests = DeskTests(self, context, self)
        self.asking = DeskAsking(self, context, self)
        self.locks = DeskLocks(self, context, self)
        self.on_lines = DeskLines(self, context)

    def _connect(self) -> None:
        view = self.view
        view.diff.current_changed.connect(lambda _hunk: self._hunk_changed())
        view.diff.asked.connect(self._asked)
        view.reason_bar.rejected.connect(self._rejected)
        view.reason_bar.left.connect(self.leave_bars)
        view.edit_bar.edited.connect(self._edited)
        view.edit_bar.left.connect(self.leave_bars)
        view.strip.tasks_asked.connect(lambda: self.run("tasks"))
        self.work.ended.connect(self._tell_settled)

    # What is shown

    @property
    def proposal_id(self) -> str:
        """The proposal that is shown or being read, or ""."""
        return self._proposal_id

    @property
    def means(self) -> Means:
        """What facts about a selection are found out with."""
        return self._checking.means

    @property
    def busy(self) -> bool:
        """Whether something is being read, checked or written, or is about to be."""
        waiting = self._keep_later.isActive() or self._checking.due
        return self.work.busy or waiting

    def hunk(self) -> Hunk | None:
        """Return the current hunk."""
        at = self.view.diff.current
        return self.choices.hunks[at] if 0 <= at < len(self.choices.hunks) else None

    def open(self, proposal_id: str) -> None:
        """Read a proposal and show it; "" shows none."""
        self.flush()
        if proposal_id != self._proposal_id:
            self.view.forget_drafts()
            self.view.diff.show_diff((), (), ())
        self._proposal_id = proposal_id
        self.unreadable = False
        self.carry_out.forget()
        if not proposal_id:
            self.opened, self.choices = None, Choices(())
            self.view.show_message("No proposal is selected", "Select one at the left.")
            self._hunk_changed()
            return
        self.work.start(
            "open",
            backend.open_proposal,
            self._shelf,
            proposal_id,
            on_done=self._show,
            on_problem=self._not_shown,
        )

    def refresh(self, entry: Entry) -> None:
        """Take over what store and disk say of the proposal now; what is being typed stays."""
        opened, proposal = self.opened, entry.proposal
        if opened is None or proposal.id != self._proposal_id or self.work.runs("open"):
            return
        over = proposal.status in ("applied", "reverted", "stale")
        at_rest = not (self.choices.acts or self.busy or self.view.asks)
        if proposal.status != opened.proposal.status and (over or at_rest):
            self.open(proposal.id)
            return
        self._stored = proposal
        if proposal.status in OPEN and entry.stale != opened.stale:
            self.opened = replace(opened, stale=entry.stale)
            show_stale(self.view, self.opened, self.run)
        self.view.header.show_status(proposal, stale=bool(entry.stale))

    def _not_shown(self, message: str) -> None:
        self.opened, self.choices = None, Choices(())
        self.unreadable = True
        self.view.show_message("This proposal cannot be shown", message, refusable=True)
        self._hunk_changed()

    def _show(self, opened: Opened) -> None:
        if opened.proposal.id != self._proposal_id:
            return
        self.opened = opened
        self._stored = opened.proposal
        review = opened.review
        self.choices = Choices(review.hunks, opened.verdicts, splits=review.splits)
        self._kept = self.choices.said
        view = self.view
        view.close_bars()
        view.header.show_proposal(opened)
        view.show_changes(diagnosis=None if opened.review.hunks else self._diagnosis(opened))
        view.diff.editable = not self.applied
        show_notices(view, opened, self.run)
        self.alone, self.locked = {}, {}
        self.on_lines.commenting.opened(opened.threads)
        self.modes.show(opened.lines)
        view.show_work()
        view.strip.setVisible(bool(opened.review.hunks) and not self.applied)
        self.show_state()
        self._hunk_changed()
        if opened.review.hunks and not self.applied:
            self._checking.start_soon()

    @staticmethod
    def _diagnosis(opened: Opened) -> str:
        rationale = opened.proposal.draft.rationale.strip()
        return f"{rationale}\n\nNothing is changed by this: it says what was seen in the traces."

    def repaint_all(self) -> None:
        """Draw everything with the colours of a new theme."""
        if self.opened is not None:
            self.view.header.show_proposal(self.opened)
            self.view.header.show_status(self._stored, stale=bool(self.opened.stale))
            show_notices(self.view, self.opened, self.run)
        self.view.diff.viewport().update()
        self.rendered.refresh_colours()
        self.view.edit_bar.text.refresh_colours()
        if self.choices.hunks and not self.applied:
            self._checking.start_soon()

    def edited_lines(self, name: str) -> tuple[str, ...] | None:
        """Return a person's lines for a hunk, None where there are none."""
        verdict = self.choices.of(name)
        return verdict.edited if verdict is not None else None

    def marks(self) -> list[HunkMark]:
        """Return what stands beside each hunk."""
        checks = self.opened.checks if self.opened else ()
        said = joined(self.differing, self.on_lines.commenting.counts())
        return hunk_marks(self.choices, checks, self.alone, self.locked, said)

    def refresh_marks(self) -> None:
        """Draw what stands beside the hunks again."""
        self.view.diff.set_marks(self.marks())

    def _hunk_changed(self) -> None:
        self.view.close_bars()
        self.hunk_changed.emit()

    def show_state(self) -> None:
        """Show counts and which acts can be done."""
        view, choices = self.view, self.choices
        total = len(choices.hunks)
        accepted = f"{choices.count('accept')} of {total} accepted"
        view.counts.setText(accepted if total else "")
        view.counts.setToolTip(
            f"{accepted}, {choices.count('reject')} rejected, {choices.count('defer')} deferred, "
            f"{choices.count(None)} open"
        )
        able = self.opened is not None and not self.applied
        for part in (view.accept, view.reject, view.defer):
            part.setEnabled(able)
        view.edit.setEnabled(able and self.why_not_edit() is None)
        view.undo.setEnabled(able and self.why_not.get("undo", self.why_not_undo)() is None)
        view.previous.setEnabled(total > 1)
        view.next.setEnabled(total > 1)
        view.apply.setEnabled(self.why_not_apply() is None)
        view.apply.setToolTip(self.why_not_apply() or "Show what would be written, then apply")
        self.selection_changed.emit()

    # Acts

    @property
    def applied(self) -> bool:
        """Whether the proposal is applied and so cannot be decided on."""
        return self.opened is not None and self.opened.proposal.status == "applied"

    def why_not_decide(self) -> str | None:
        """Say why no verdict can be given."""
        if self.opened is None:
            return "select a proposal first."
        return "this proposal is applied. Revert it first." if self.applied else None

    def why_not_reject(self) -> str | None:
        """Say why nothing can be rejected; what cannot be shown can be."""
        return None if self.unreadable else self.why_not_decide()

    def why_not_edit(self) -> str | None:
        """Say why the current hunk cannot be edited."""
        hunk = self.hunk()
        if hunk is None:
            return self.why_not_decide() or "there is no text to edit."
        if hunk.kind not in ("text", "create"):
            return "this hunk has no text to edit."
        return self.why_not_decide()

    def why_not_apply(self) -> str | None:
        """Say why nothing can be applied."""
        reason = self.why_not_decide()
        if reason is None and not self.choices.hunks:
            return "a diagnosis changes no file."
        if reason is None and not self.choices.count("accept"):
            return "accept a hunk first."
        return reason

    def why_not_undo(self) -> str | None:
        """Say why there is nothing to undo."""
        return None if self.choices.acts else "nothing was done yet."

    def run(self, act: str) -> None:
        """Do an act by its name, as buttons, keys and commands ask for it."""
        self._acts[act]()

    def act(self, name: str) -> Callable[[], None]:
        """Return what an act does now; a feature that takes it over may want it."""
        return self._acts[name]

    def add_acts(
        self,
        acts: Mapping[str, Callable[[], None]],
        why_not: Mapping[str, Callable[[], str | None]] | None = None,
    ) -> None:
        """Take acts of a feature that has a file of its own, and why an act cannot be done now."""
        self._acts.update(acts)
        self.why_not.update(why_not or {})

    def _own_acts(self) -> dict[str, Callable[[], None]]:
        return {
            "accept": lambda: self._decide("accept"),
            "defer": lambda: self._decide("defer"),
            "reject": self._ask_reason,
            "edit": self._ask_text,
            "undo": self._undo,
            "accept_all": self._accept_all,
            "next": lambda: self.view.diff.step(1),
            "previous": lambda: self.view.diff.step(-1),
            "sides": self._toggle_sides,
            "report": lambda: self._export("report"),
            "patch": lambda: self._export("patch"),
            "evidence": self.evidence_asked.emit,
            "apply": self.carry_out.applying.show_plan,
            "approve": self.carry_out.applying.approve,
            "merge": self.carry_out.start_merge,
            "revert": self.carry_out.revert,
            "rest": self.carry_out.start_rest,
        }

    def _names(self) -> tuple[str, ...]:
        hunk = self.hunk()
        return (hunk.id,) if hunk is not None else self.choices.names[:1]

    def _decide(self, kind: VerdictKind) -> None:
        if self.why_not_decide() is None:
            self.take(self.choices.set(self._names(), kind), step=True)

    def _accept_all(self) -> None:
        if self.why_not_decide() is None:
            free = [name for name in self.choices.names if name not in self.locked]
            names = [name for name in free if self.choices.kind(name) is None]
            self.take(self.choices.set(names or free or self.choices.names, "accept"))

    def _undo(self) -> None:
        if self.why_not_decide() is None and self.choices.acts:
            self.take(self.choices.undo())

    def _asked(self, hunk: int, act: str) -> None:
        self.view.diff.set_current(hunk)
        self.run(act)

    def _ask_reason(self) -> None:
        if self.unreadable:
            self.refused.emit(self._proposal_id)
        if self.why_not_decide() is not None:
            return
        before = self.choices.of(self._names()[0])
        what = "this hunk" if self.choices.hunks else "this diagnosis"
        self.view.close_bars()
        self.view.reason_bar.ask(
            what, before.reason if before else "", before.comment if before else ""
        )

    def _rejected(self, reason: str, comment: str) -> None:
        self.leave_bars()
        self.take(self.choices.set(self._names(), "reject", reason, comment), step=True)

    def _ask_text(self) -> None:
        hunk = self.hunk()
        if hunk is None or self.why_not_edit() is not None:
            return
        self.view.close_bars()
        if not self.view.edit_bar.ask(hunk, self.edited_lines(hunk.id)):
            self.view.notice(
                "act",
                "warning",
                "This text holds characters that a text field would change. Accept or reject it "
                "as it is, or edit the file after the apply.",
                closable=True,
            )

    def _edited(self, lines: tuple[str, ...]) -> None:
        hunk = self.hunk()
        self.leave_bars()
        if hunk is not None:
            self.take(self.choices.edit(hunk.id, lines))
            self.view.edit_bar.drop_draft(hunk.id, self.edited_lines(hunk.id))

    def leave_bars(self) -> None:
        """Put away what asked for something, and go back to the changes."""
        self.view.close_bars()
        self.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _toggle_sides(self) -> None:
        on = not self.view.diff.side_by_side
        self.view.diff.set_side_by_side(on)
        self.view.sides.setChecked(on)

    def take(self, choices: Choices, *, step: bool = False) -> None:
        """Show other choices, keep them soon and check what they make."""
        if held := held_back(self.choices, choices, self.locked):
            self.tell_problem(held)
            return
        before, self.choices = self.choices, choices
        if choices.splits != before.splits and self.opened is not None:
            review = self.opened.review.with_splits(choices.splits)
            self.opened = replace(self.opened, review=review)
        edited = [one.edited for one in before.verdicts]
        if choices.hunks != before.hunks or [one.edited for one in choices.verdicts] != edited:
            self.modes.show()
        else:
            self.refresh_marks()
        if choices.note:
            self.view.notice("act", "info", choices.note, closable=True)
        else:
            self.view.forget_notice("act")
        self.show_state()
        self._keep_later.start()
        if choices.hunks:
            self._checking.start_soon()
        if step and choices.hunks:
            self._step_to_open()

    def _step_to_open(self) -> None:
        """Go on to the next hunk that is open."""
        diff = self.view.diff
        for at in range(diff.current + 1, len(self.choices.hunks)):
            if self.choices.kind(self.choices.hunks[at].id) is None:
                diff.set_current(at)
                return

    # Keeping and checking

    def flush(self) -> None:
        """Keep verdicts now, in this thread: before another proposal is shown, and at the end."""
        if self._keep_later.isActive() and self.opened is not None:
            self._keep_later.stop()
            opened, choices = self.opened, self.choices
            if choices.said != self._kept:
                self._kept = choices.said
                try:
                    backend.keep_verdicts(opened.review, choices.verdicts, opened.reviewer)
                except PROBLEMS as problem:
                    self._context.notify.error(str(problem))
                else:
                    self.changed.emit(opened.proposal.id)

    def hideEvent(self, event: QHideEvent) -> None:
        self.flush()
        super().hideEvent(event)

    def _keep(self) -> None:
        opened, said = self.opened, self.choices.said
        if opened is None or said == self._kept:
            self._tell_settled()
            return
        if self.work.runs("keep"):
            self._keep_later.start()
            return
        self._kept = said
        self.work.start(
            "keep",
            backend.keep_verdicts,
            opened.review,
            self.choices.verdicts,
            opened.reviewer,
            on_done=lambda _kept: self.changed.emit(opened.proposal.id),
            on_problem=self.tell_problem,
        )

    def _to_check(self) -> tuple[Opened, tuple[HunkVerdict, ...]] | None:
        if self.opened is None or not self.opened.review.hunks:
            return None
        return self.opened, self.choices.verdicts

    def check_soon(self) -> None:
        """Check what is selected again: something else is known of it."""
        self._checking.start_soon()

    def back(self) -> None:
        """Leave the confirmation or the merge for the changes."""
        self.view.show_work()
        self.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def tell_problem(self, message: str) -> None:
        """Say above the changes what went wrong."""
        self.view.notice("act", "error", message, closable=True)

    def _export(self, kind: Kind) -> None:
        self.flush()
        if self.opened is not None:
            self.export.ask(kind, self.opened)

    def _tell_settled(self) -> None:
        if not self.busy:
            self.settled.emit()
