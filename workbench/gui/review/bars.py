"""Bars below the diff that ask for something more: why not, or the text to be taken instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QLabel, QLineEdit, QToolButton, QWidget

from workbench.domain.proposal import REASON_CODES, Hunk
from workbench.gui.review.diff.emphasis import hidden_characters
from workbench.gui.review.edit_text import lines_of, text_of
from workbench.gui.review.flow import Flow
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.layouts import column, row

REASON_WORDS = {
    "wrong": "Wrong",
    "too_specific": "Too specific",
    "duplicate": "Duplicate",
    "unsafe": "Unsafe",
    "style": "Style",
    "not_the_skill": "Not the skill's fault",
    "other": "Other",
}


class ReasonBar(QWidget):
    """Asks why something is rejected: a reason (1 to 7) and a comment. Enter rejects, Esc leaves.

    The reason is handed to engines in their next run.
    """

    rejected = Signal(str, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("PanelHeader")
        self._what = QLabel("Why is it rejected?")
        self._what.setMinimumHeight(28)
        self._reasons = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        reasons = Flow(spacing=4)
        reasons.addWidget(self._what)
        for number, code in enumerate(REASON_CODES, 1):
            button = QToolButton()
            button.setText(f"{number}  {REASON_WORDS[code]}")
            button.setCheckable(True)
            button.setMinimumHeight(28)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setAccessibleName(f"Reason {number}: {REASON_WORDS[code]}")
            button.setToolTip(f"{REASON_WORDS[code]} ({number}); Enter rejects")
            self.buttons[code] = button
            self._reasons.addButton(button)
            reasons.addWidget(button)
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("Comment for the next run (optional)")
        self.comment.setAccessibleName("Comment on the rejection")
        foot = row(spacing=8)
        foot.addWidget(self.comment, 1)
        foot.addWidget(push_button("Cancel", self.left.emit))
        self.confirm = primary_button("Reject", self._reject)
        foot.addWidget(self.confirm)
        inside = column(self, spacing=8)
        inside.setContentsMargins(16, 10, 16, 10)
        inside.addLayout(reasons)
        inside.addLayout(foot)

    def ask(self, what: str, reason: str = "", comment: str = "") -> None:
        """Ask for a reason; ``what`` names what is rejected."""
        self._what.setText(f"Why not {what}?" if what else "Why not?")
        button = self.buttons[reason if reason in self.buttons else REASON_CODES[0]]
        button.setChecked(True)
        self.comment.setText(comment)
        self.show()
        button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._reject()
        elif event.text().isdigit() and 0 < int(event.text()) <= len(REASON_CODES):
            button = self.buttons[REASON_CODES[int(event.text()) - 1]]
            button.setChecked(True)
            button.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif not event.text():
            super().keyPressEvent(event)

    def _reject(self) -> None:
        code = next(code for code, button in self.buttons.items() if button.isChecked())
        self.rejected.emit(code, self.comment.text().strip())


class _Draft(Struct, frozen=True):
    """A text that was left; ``like`` are the lines whose ends it follows."""

    text: str
    like: tuple[str, ...]


class EditBar(QWidget):
    """Edits the new text of a hunk in place. Ctrl+Enter takes it, Esc leaves.

    What was typed and not taken is a draft of that hunk, and back when the bar opens for it again.
    """

    edited = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("PanelHeader")
        self._like: tuple[str, ...] = ()
        self._own: tuple[str, ...] = ()
        self._around: tuple[str, ...] = ()
        self._hunk = ""
        self._before = ""
        self._drafts: dict[str, _Draft] = {}
        self._what = QLabel()
        self._hint = QLabel()
        self._hint.setProperty("muted", True)
        self._hint.setWordWrap(True)
        self.text = CodeView("New text of the hunk")
        self.text.setProperty("field", True)
        self.text.setMinimumHeight(110)
        self.text.installEventFilter(self)
        foot = row(spacing=8)
        foot.addWidget(self._hint, 1)
        self.restore = push_button("Proposed text", self._restore)
        self.restore.setToolTip("Bring the engine's own text back into the field")
        foot.addWidget(self.restore)
        foot.addWidget(push_button("Cancel", self.left.emit))
        self.confirm = primary_button("Take this text", self._take)
        self.confirm.setToolTip("Accept the hunk with this text (Ctrl+Enter)")
        foot.addWidget(self.confirm)
        inside = column(self, spacing=8)
        inside.setContentsMargins(16, 10, 16, 10)
        inside.addWidget(self._what)
        inside.addWidget(self.text, 1)
        inside.addLayout(foot)

    def ask(self, hunk: Hunk, edited: Sequence[str] | None) -> bool:
        """Show the text of a hunk; False when a text field could not keep it byte for byte."""
        self._own = hunk.new_lines
        self._like = tuple(edited) if edited is not None else hunk.new_lines
        self._around = hunk.base_lines
        self.text.set_text(text_of(self._like))
        if self._lines() != self._like:
            self._hunk = ""
            return False
        self._hunk, self._before = hunk.id, self.text.text()
        draft = self._drafts.get(hunk.id)
        if draft is not None:
            self._like = draft.like
            self.text.set_text(draft.text)
        self._what.setText(f"New text for {hunk.path}")
        hidden = hidden_characters("".join(self._like))
        said = (
            f"It holds hidden characters: {', '.join(hidden)}."
            if hidden
            else "What you write was never tested: the gate drops to not evaluated."
        )
        kept = "This is the draft you left." if draft else "Esc keeps what you typed as a draft."
        self._hint.setText(f"{said} {kept}")
        self.show()
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def drop_draft(self, hunk: str, taken: Sequence[str] | None) -> None:
        """Forget the draft of a hunk whose text was taken; one that was refused stays."""
        draft = self._drafts.get(hunk)
        lines = self._own if taken is None else tuple(taken)
        if draft is not None and lines_of(draft.text, draft.like, self._around) == lines:
            del self._drafts[hunk]

    def forget_drafts(self) -> None:
        """Forget all drafts: their proposal is left."""
        self._hunk = ""
        self._drafts.clear()

    def hideEvent(self, event: QHideEvent) -> None:
        """Keep what was typed, however the bar was left."""
        super().hideEvent(event)
        text = self.text.text()
        if self._hunk and text != self._before:
            self._drafts[self._hunk] = _Draft(text, self._like)
        else:
            self._drafts.pop(self._hunk, None)

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif not event.text():
            super().keyPressEvent(event)

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._take
        return self.left.emit if event.key() == Qt.Key.Key_Escape else None

    def _lines(self) -> tuple[str, ...]:
        return lines_of(self.text.text(), self._like, self._around)

    def _restore(self) -> None:
        self._like = self._own
        self.text.set_text(text_of(self._own))

    def _take(self) -> None:
        self.edited.emit(self._lines())
