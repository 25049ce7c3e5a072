"""Locks on the desk: which hunks they hold back, locking what a hunk lies in, and undoing both."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from PySide6.QtCore import QObject

from workbench.domain.text import counted
from workbench.gui.review.act_desk import ActDesk
from workbench.gui.review.backend import Opened
from workbench.gui.review.locking.lock_bar import LockBar
from workbench.gui.shell.context import AppContext
from workbench.review.rules.hunk_locks import (
    LockedPart,
    lock_part,
    lockable_parts,
    locks_of_hunks,
    unlock_parts,
)
from workbench.review.rules.part_locks import BrokenLock
from workbench.review.session import Review


class LockAct(Struct, frozen=True):
    """What was done to the locks, so that it can be undone; ``after`` counts the verdicts before.

    Undo takes back what was done last, be it a verdict or a lock.
    """

    kind: Literal["lock", "unlock"]
    locks: tuple[LockedPart, ...]
    after: int


class DeskLocks(QObject):
    """The act "lock", which unlocks where a lock holds the hunk, and "undo" for both."""

    def __init__(self, desk: ActDesk, context: AppContext, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._context = desk, context
        self._held: dict[str, tuple[BrokenLock, ...]] = {}
        self._acts: list[LockAct] = []
        self._read_for: Opened | None = None
        self._undo_verdict = desk.act("undo")
        self.bar = LockBar()
        desk.view.add_bar(self.bar)
        self.bar.confirmed.connect(self._confirmed)
        self.bar.left.connect(desk.leave_bars)
        desk.selection_changed.connect(self._opened)
        context.disk_changed.connect(self.read)
        desk.add_acts(
            {"lock": self.ask, "undo": self._undo},
            {"lock": self.why_not, "undo": self._why_not_undo},
        )

    def why_not(self) -> str | None:
        """Say why nothing can be locked or unlocked."""
        opened, hunk = self._desk.opened, self._desk.hunk()
        if opened is None or hunk is None:
            return "no hunk is shown."
        if hunk.id not in self._held and not lockable_parts(opened.review, hunk):
            return "its skill is new: there is nothing to be kept yet."
        return None

    def ask(self) -> None:
        """Ask what to lock; where a lock holds the hunk, offer to take that away."""
        opened, hunk, why = self._desk.opened, self._desk.hunk(), self.why_not()
        if opened is None or hunk is None or why is not None:
            self._context.notify.info(f"Cannot lock: {why}", replace="lock")
            return
        self._desk.view.close_bars()
        library = opened.review.library
        if held := self._held.get(hunk.id):
            self.bar.offer([one.lock for one in held], library)
        else:
            self.bar.ask(lockable_parts(opened.review, hunk), library, opened.reviewer)

    def read(self) -> None:
        """Read again which hunks are held back."""
        opened = self._desk.opened
        if opened is None or not opened.review.hunks:
            return
        self._desk.work.start(
            "locks",
            locks_of_hunks,
            opened.review,
            on_done=lambda held: self._was_read(opened, held),
            on_problem=self._desk.tell_problem,
        )

    def _opened(self) -> None:
        """Read the locks once for each proposal that is opened."""
        if self._desk.opened is not self._read_for:
            before, self._read_for = self._read_for, self._desk.opened
            if before is None or before.proposal.id != self._desk.proposal_id:
                self._acts = []
            self._held = {}
            self.read()

    def _was_read(self, opened: Opened, held: dict[str, tuple[BrokenLock, ...]]) -> None:
        if self._desk.opened is not opened:
            return
        self._held = held
        desk = self._desk
        desk.locked = {name: locks[0].text for name, locks in held.items()}
        desk.refresh_marks()
        kept = sum(desk.choices.kind(name) == "accept" for name in held)
        if not kept or desk.applied:
            desk.view.forget_notice("held")
            return
        text = f"A lock holds back {counted(kept, 'accepted hunk')}: unlock it (L), or reject it."
        desk.view.notice("held", "warning", text, closable=True)

    def _confirmed(self) -> None:
        bar = self.bar
        self._carry_out("unlock", bar.locks) if bar.unlocks else self._carry_out(
            "lock", (bar.lock(),)
        )
        self._desk.leave_bars()

    def _carry_out(
        self,
        kind: Literal["lock", "unlock"],
        locks: tuple[LockedPart, ...],
        *,
        undoing: bool = False,
    ) -> None:
        opened = self._desk.opened
        if opened is None or self._desk.work.runs("write locks"):
            return
        self._desk.work.start(
            "write locks",
            _write,
            opened.review,
            kind,
            locks,
            on_done=lambda done: self._done(kind, done, undoing=undoing),
            on_problem=self._desk.tell_problem,
        )

    def _done(
        self,
        kind: Literal["lock", "unlock"],
        locks: tuple[LockedPart, ...],
        *,
        undoing: bool,
    ) -> None:
        word = "Locked" if kind == "lock" else "Unlocked"
        parts = ", ".join(f"{one.skill} {one.part}".strip() for one in locks) or "nothing"
        if not undoing and locks:
            self._acts.append(LockAct(kind, locks, len(self._desk.choices.acts)))
        actions = () if undoing else (("Undo", self._undo),)
        text = f"Undone: {parts}." if undoing else f"{word}: {parts}."
        self._desk.view.notice("locks", "success", text, actions, closable=True)
        self._desk.show_state()
        self.read()

    def _last(self) -> LockAct | None:
        """Return the last act on locks, when no verdict came after it."""
        last = self._acts[-1] if self._acts else None
        return last if last is not None and last.after >= len(self._desk.choices.acts) else None

    def _undo(self) -> None:
        last = self._last()
        if last is None:
            self._undo_verdict()
            return
        self._acts.pop()
        self._carry_out("unlock" if last.kind == "lock" else "lock", last.locks, undoing=True)

    def _why_not_undo(self) -> str | None:
        return None if self._last() is not None else self._desk.why_not_undo()


def _write(
    review: Review, kind: Literal["lock", "unlock"], locks: tuple[LockedPart, ...]
) -> tuple[LockedPart, ...]:
    """Write or take away locks; in a thread."""
    if kind == "unlock":
        return unlock_parts(review.library, locks)
    for lock in locks:
        lock_part(review.library, lock)
    return locks
