"""Talking about lines on the desk: choosing one, saying something, answering, settling, undo."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from PySide6.QtCore import QObject, Qt, Signal

from workbench.domain.comment import Comment, CommentRecord, Side, Thread
from workbench.domain.reviewer import reviewer_key
from workbench.domain.text import counted
from workbench.gui.review.backend import now
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.lines.backend import keep_comment, read_threads
from workbench.gui.review.lines.bars import CommentBar, LineChoice
from workbench.gui.review.lines.comment_lines import Talk, with_comments
from workbench.gui.review.lines.on_desk import DeskOfLines
from workbench.gui.review.lines.picker import LinePicker, place_of
from workbench.review.comments import (
    FileSides,
    PlacedThread,
    anchor_at,
    begun,
    counts_by_hunk,
    deleted,
    file_sides,
    placed_threads,
    replied,
    resolved,
    rewritten,
    undone,
)
from workbench.review.plan import ReviewProblem


class _Said(Struct, frozen=True):
    """An act on a comment that can be taken back; ``after`` is how many verdicts came before."""

    record: CommentRecord
    before: Comment | None
    after: int
    title: str


class Commenting(QObject):
    """What is said of the lines of the proposal on the desk. ``changed(id)``: somebody spoke."""

    changed = Signal(str)

    def __init__(self, desk: DeskOfLines, picker: LinePicker, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._picker = desk, picker
        self._threads: tuple[Thread, ...] = ()
        self._placed: tuple[PlacedThread, ...] = ()
        self._talk = Talk(())
        self._of = ""
        self._choosing = False
        self._keep: Callable[[str], None] | None = None
        self._on: PlacedThread | None = None
        self._acts: list[_Said] = []
        self._written = 0
        self.choice, self.bar = LineChoice(), CommentBar()
        for bar in (self.choice, self.bar):
            desk.view.add_bar(bar)
            bar.left.connect(self._leave)
        self.choice.confirmed.connect(lambda: self._take_line(self._picker.line))
        self.choice.gone.connect(self._gone)
        self.bar.said.connect(self._said)
        self.bar.asked.connect(self._asked)
        picker.picked.connect(self._take_line)
        picker.moved.connect(self._show_choice)
        picker.left.connect(self._leave)

    # What is shown

    def opened(self, threads: tuple[Thread, ...]) -> None:
        """Take over what was said of a proposal that is shown now."""
        opened = self._desk.opened
        proposal = opened.proposal.id if opened is not None else ""
        if proposal != self._of:
            self._of, self._acts = proposal, []
            self.bar.forget_drafts()
        self._threads = threads

    def read(self) -> None:
        """Read again what is said: a sync may have brought words of others."""
        opened = self._desk.opened
        if opened is None:
            return
        written = self._written

        def done(threads: tuple[Thread, ...]) -> None:
            same = self._desk.opened is opened and self._written == written
            if not same or threads == self._threads or self._choosing or self._on is not None:
                return  # while somebody writes, nothing moves; the next look shows it
            self._threads = threads
            self._desk.modes.show()
            self._desk.show_state()

        self._desk.work.start(
            "threads", read_threads, opened.review, on_done=done, on_problem=self._desk.tell_problem
        )

    def with_talk(self, lines: tuple[DiffLine, ...]) -> tuple[DiffLine, ...]:
        """Put what was said below the lines of the diff."""
        opened = self._desk.opened
        self._placed = ()
        if opened is not None and self._threads:
            self._placed = placed_threads(self._sides(), self._threads)
        self._talk = with_comments(lines, self._desk.choices.hunks, self._placed)
        return self._talk.lines

    def counts(self) -> dict[str, str]:
        """Return in words how much was said at each hunk."""
        found: dict[str, str] = {}
        for hunk, (open_ones, every) in counts_by_hunk(self._placed).items():
            found[hunk] = counted(open_ones, "comment") if open_ones else f"{every} resolved"
        return found

    def why_not(self) -> str | None:
        """Say why nothing can be said."""
        if self._desk.opened is None:
            return "select a proposal first."
        lines = self._desk.view.diff.lines
        shown = any(line.old or line.new for line in lines) or bool(self._talk.threads)
        return None if shown else "this proposal shows no lines."

    # Choosing a line

    def begin(self, line: int = -1) -> None:
        """Ask for a line of the current hunk, or talk about ``line`` of the diff at once."""
        if self.why_not() is not None:
            return
        self._desk.view.close_bars()
        if line >= 0:
            self._take_line(line, chosen=True)
            return
        diff = self._desk.view.diff
        lines = self._lines()
        inside = [at for at in lines if diff.lines[at].hunk == diff.current]
        changed = [at for at in inside if diff.lines[at].kind in ("add", "remove")]
        first = next(iter(changed or inside or lines))
        self._choosing = True
        self.choice.show()
        self._picker.begin(lines, first, {Qt.Key.Key_N: self._next})

    def _lines(self) -> list[int]:
        """Return the lines that can be talked about: those with a number, and comments."""
        heads = self._heads()
        return [
            at
            for at, line in enumerate(self._desk.view.diff.lines)
            if line.hunk >= 0 and (line.old or line.new or at in heads)
        ]

    def _heads(self) -> set[int]:
        """Return the first line of each thread that is shown."""
        seen: set[str] = set()
        heads: set[int] = set()
        for at, one in sorted(self._talk.threads.items()):
            if one.thread.id not in seen:
                seen.add(one.thread.id)
                heads.add(at)
        return heads

    def _next(self) -> None:
        heads = sorted(self._heads())
        if heads:
            later = [at for at in heads if at > self._picker.line]
            self._picker.go_to((later or heads)[0])

    def _show_choice(self, at: int) -> None:
        if self._choosing:
            line = self._desk.view.diff.lines[at]
            thread = self._thread_at(at)
            said = sum(not one.deleted for one in thread.thread.comments) if thread else 0
            where = "This comment" if at in self._talk.threads else place_of(line)
            self.choice.show_line(where, said=said, others=bool(self._talk.threads))

    def _thread_at(self, at: int) -> PlacedThread | None:
        """Return the thread of a line: of the comment itself, or of the line it stands below."""
        if at in self._talk.threads:
            return self._talk.threads[at]
        below = self._talk.threads.get(at + 1)
        return below if below is not None and below.line else None

    def _take_line(self, at: int, *, chosen: bool = False) -> None:
        """Ask for words on a line."""
        opened = self._desk.opened
        if opened is None or not (self._choosing or chosen):
            return
        self._desk.view.close_bars()
        line = self._desk.view.diff.lines[at]
        self._on = self._thread_at(at)
        self._keep = self._answer if self._on else lambda text: self._start(line, text)
        where = f"“{self._on.thread.anchor.text[:60]}”" if self._on else place_of(line).lower()
        mine = [one for one in self._on.thread.comments if self._is_mine(one)] if self._on else []
        self.bar.ask(where, self._on, mine[-1] if mine else None, place=self._place_of(line))

    def _place_of(self, line: DiffLine) -> str:
        """Name a line, or the thread of it, as what a draft is kept for."""
        if self._on is not None:
            return f"thread {self._on.thread.id}"
        path = self._desk.choices.hunks[line.hunk].path
        old = line.kind == "remove"
        return f"{'old' if old else 'new'} {line.old if old else line.new} {path}"

    def _is_mine(self, comment: Comment) -> bool:
        opened = self._desk.opened
        if opened is None or comment.deleted:
            return False
        return reviewer_key(comment.author) == reviewer_key(opened.reviewer)

    def _leave(self) -> None:
        if self._choosing or self.bar.isVisible():
            self._desk.view.close_bars()
            self._desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _gone(self) -> None:
        if self._choosing:
            self._choosing = False
            self._picker.end()

    # Acts

    def _said(self, text: str) -> None:
        keep, self._keep = self._keep, None
        if keep is not None:
            try:
                keep(text)
                self.bar.said_it()
            except ReviewProblem as problem:
                self._desk.tell_problem(str(problem))
        self._leave()

    def _start(self, line: DiffLine, text: str) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        side: Side = "old" if line.kind == "remove" else "new"
        path = self._desk.choices.hunks[line.hunk].path
        anchor = anchor_at(self._sides(), path, side, line.old if side == "old" else line.new)
        self._write(begun(anchor, text, author=opened.reviewer, now=now()), None, "Commented")

    def _answer(self, text: str) -> None:
        if self._on is not None and self._desk.opened is not None:
            author = self._desk.opened.reviewer
            made = replied(self._on.thread, text, author=author, now=now())
            self._write(made, None, "Answered")

    def _asked(self, act: str) -> None:
        """Settle a thread, or change or take back one's last comment in it."""
        on, opened = self._on, self._desk.opened
        if on is None or opened is None:
            return
        author = opened.reviewer
        mine = [one for one in on.thread.comments if self._is_mine(one)]
        if act == "resolve":
            title = "Opened a thread again" if on.thread.resolved else "Resolved a thread"
            self._write(resolved(on.thread, author=author, now=now()), None, title)
        elif act == "delete" and mine:
            made = deleted(on.thread, mine[-1], author=author, now=now())
            self._write(made, mine[-1], "Took a comment back")
        elif act == "change" and mine:
            self._keep = lambda text: self._write(
                rewritten(on.thread, mine[-1], text, author=author, now=now()),
                mine[-1],
                "Changed a comment",
            )
            self.bar.ask_change(mine[-1])
            return
        self._leave()

    def why_not_undo(self) -> str | None:
        """Say why there is nothing of this to undo: the last act was another."""
        newest = self._acts[-1].after if self._acts else -1
        return None if newest >= len(self._desk.choices.acts) else "nothing was said last."

    def undo(self) -> None:
        """Take the last act on a comment back."""
        if self._acts and self._desk.opened is not None:
            last = self._acts.pop()
            self._write(undone(last.record, last.before, now=now()), None, "", undoing=last.title)

    def _write(
        self, record: CommentRecord, before: Comment | None, title: str, *, undoing: str = ""
    ) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        self._written += 1
        if not undoing:
            self._acts.append(_Said(record, before, len(self._desk.choices.acts), title))
        note = f"Undone: {undoing}." if undoing else f"{title}. U takes it back."

        def done(threads: tuple[Thread, ...]) -> None:
            if self._desk.opened is not None and self._desk.opened.review.proposal is proposal:
                self._threads = threads
                self._desk.modes.show()
                self._desk.show_state()
                self._desk.view.notice("act", "info", note, closable=True)
            self.changed.emit(proposal.id)

        def failed(message: str) -> None:
            self._acts = [one for one in self._acts if one.record is not record]
            self._desk.tell_problem(message)

        proposal = opened.review.proposal
        self._desk.work.start(
            f"comment {record.id}",
            keep_comment,
            opened.review,
            record,
            on_done=done,
            on_problem=failed,
        )

    def _sides(self) -> dict[str, FileSides]:
        opened = self._desk.opened
        return {} if opened is None else file_sides(opened.review, self._desk.edited_lines)
