"""The bars below the changes for acts on lines: where to cut, which line, what to say of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from workbench.domain.comment import Comment
from workbench.domain.text import counted
from workbench.gui.review.act_bar import ActBar
from workbench.gui.review.lines.cuts import Cuts
from workbench.gui.widgets.buttons import push_button
from workbench.review.comments import PlacedThread
from workbench.review.splits import why_not

_HOW_TO_CUT = (
    "↑ ↓ line · Space cuts before it · ← → move its place on the other side · Enter splits"
)
#: Acts of the bar: name, words, key.
_WAYS = (
    ("paragraphs", "At paragraphs", "P"),
    ("lines", "Into single lines", "L"),
    ("none", "No cuts", "N"),
)


class LineBar(ActBar):
    """A bar that goes with a cursor in the diff; ``gone()`` tells that it was hidden."""

    gone = Signal()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.gone.emit()


class SplitBar(LineBar):
    """Says where a hunk is about to be cut. ``asked(act)``: "paragraphs", "lines" or "none"."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Split", parent)
        self.foot.removeWidget(self.told)
        self.inside.addWidget(self.told)
        for place, (act, words, key) in enumerate(_WAYS):
            button = push_button(words, partial(self.asked.emit, act))
            button.setToolTip(f"{words} ({key})")
            self.foot.insertWidget(place, button)
        self.foot.insertStretch(len(_WAYS), 1)

    def show_cuts(self, cuts: Cuts) -> None:
        """Say how many parts the cuts make."""
        self.title.setText(
            f"Split this hunk into {counted(len(cuts.at) + 1, 'part')}"
            if cuts.at
            else "Where is this hunk to be cut?"
        )
        self.tell(cuts.note or _HOW_TO_CUT)
        problem = why_not(cuts.hunk, cuts.at) if cuts.at else "Cut before a line first (Space)."
        self.confirm.setEnabled(problem is None)
        self.confirm.setToolTip(problem or "Enter")


class LineChoice(LineBar):
    """Goes with the choice of a line to talk about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Comment on this line", parent)
        self.title.setText("Which line do you want to comment on?")

    def show_line(self, where: str, *, said: int, others: bool) -> None:
        """Name the line the cursor is on, and what was said of it."""
        self.title.setText(f"Comment on {where[:1].lower()}{where[1:]}?")
        next_one = " · N goes to the next comment" if others else ""
        before = f"{counted(said, 'comment')} so far · " if said else ""
        self.tell(f"{before}↑ ↓ line · Enter takes it{next_one} · Esc leaves")


class CommentBar(LineBar):
    """Takes what is said of a line. Ctrl+Enter keeps it, Esc leaves.

    Words that were not said are a draft of their place, and back when it is asked for again.
    ``said(text)`` gives the words; ``asked(act)`` is "resolve", "change" or "delete".
    """

    said = Signal(str)
    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Comment", parent)
        self._place, self._before = "", ""
        self._drafts: dict[str, str] = {}
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.setProperty("field", True)
        self.text.setFixedHeight(68)
        self.text.setAccessibleName("Comment on the line")
        self.text.setPlaceholderText("What should be known of this line? Ctrl+Enter keeps it.")
        self.text.installEventFilter(self)
        self.text.textChanged.connect(self._changed)
        self.inside.addWidget(self.text)
        self.resolve = self._button("Resolve", "resolve")
        self.change = self._button("Change my comment", "change")
        self.delete = self._button("Take my comment back", "delete")
        for place, button in enumerate((self.resolve, self.change, self.delete), 1):
            self.foot.insertWidget(place, button)
        self.confirmed.connect(self._say)

    def ask(
        self, where: str, thread: PlacedThread | None, mine: Comment | None, *, place: str
    ) -> None:
        """Ask for words on a line; with a thread, for an answer or what becomes of it.

        ``place`` is what a draft is kept for.
        """
        self.title.setText(f"Answer on {where}" if thread else f"Comment on {where}")
        self.confirm.setText("Answer" if thread else "Comment")
        settled = thread is not None and thread.thread.resolved
        self.resolve.setText("Open again" if settled else "Resolve")
        self.resolve.setVisible(thread is not None)
        for button in (self.change, self.delete):
            button.setVisible(mine is not None)
        self._begin(place, "")
        self._changed()
        self.show()
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def ask_change(self, comment: Comment) -> None:
        """Ask for other words of one's own comment."""
        self.confirm.setText("Change")
        for button in (self.resolve, self.change, self.delete):
            button.hide()
        self.title.setText("Change your comment")
        self._keep_draft()
        self._begin(f"change {comment.id}", comment.text)
        self.text.selectAll()
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def said_it(self) -> None:
        """Forget the draft: the words were taken."""
        self._drafts.pop(self._place, None)
        self._place = ""

    def forget_drafts(self) -> None:
        """Forget all drafts: their proposal is left."""
        self._place = ""
        self._drafts.clear()

    def hideEvent(self, event: QHideEvent) -> None:
        """Keep what was typed, however the bar was left."""
        self._keep_draft()
        super().hideEvent(event)

    def _keep_draft(self) -> None:
        text = self.text.toPlainText()
        if self._place and text.strip() and text != self._before:
            self._drafts[self._place] = text
        else:
            self._drafts.pop(self._place, None)

    def _begin(self, place: str, before: str) -> None:
        draft = self._drafts.get(place)
        self._place, self._before = place, before
        self.text.setPlainText(before if draft is None else draft)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.tell("Esc keeps it as a draft" if draft is None else "The draft you left")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Ctrl+Enter and Esc from the field before the window's own shortcuts get them."""
        overriding = event.type() == QEvent.Type.ShortcutOverride
        if isinstance(event, QKeyEvent) and (overriding or event.type() == QEvent.Type.KeyPress):
            act = self._act_of(event)
            if act is not None:
                event.accept()
                if not overriding:
                    act()
                return True
        return super().eventFilter(watched, event)

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._confirm
        return self.left.emit if event.key() == Qt.Key.Key_Escape else None

    def _button(self, words: str, act: str) -> QPushButton:
        return push_button(words, lambda: self.asked.emit(act))

    def _changed(self) -> None:
        empty = not self.text.toPlainText().strip()
        self.confirm.setEnabled(not empty)
        self.confirm.setToolTip("Write something first." if empty else "Ctrl+Enter")

    def _say(self) -> None:
        self.said.emit(self.text.toPlainText())
