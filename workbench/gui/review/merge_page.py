"""A stale proposal merged with the disk: the conflicts, with both sides and the text to be taken.

Nothing is written here. The result is a new proposal that is reviewed like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.review.edit_text import lines_of, text_of
from workbench.gui.widgets.buttons import icon_button, link_button, primary_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.merge import Choice, Conflict, Merge
from workbench.review.text_diff.diff import changed_ranges

Picked = Choice | tuple[str, ...]

_WHOLE = {"binary": "(a binary file)", "delete": "(the file, or that it is gone)"}


class MergePage(QWidget):
    """One conflict at a time: both sides and the result. ``merged(choices)``, ``left()``.

    Keys: Alt+1 and Alt+2 take a side, Alt+3 both, Alt+Down and Alt+Up go on and back, Ctrl+Return
    takes the whole, Escape leaves.
    """

    merged = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._conflicts: tuple[Conflict, ...] = ()
        self._texts: dict[int, str] = {}
        self._sides: dict[int, Choice] = {}
        self._at = 0
        self.title = QLabel("Merge with what is on disk")
        self.title.setProperty("heading", True)
        self.place = ChoiceBox("Conflict")
        self.place.activated.connect(self._show)
        self.disk = CodeView("On disk now", read_only=True)
        self.base = CodeView("Before both", read_only=True)
        self.proposed = CodeView("Proposed", read_only=True)
        self.result = CodeView("Result")
        self.result.setProperty("field", True)
        self.result.textChanged.connect(self._typed)
        self.with_base = CheckBox("Show what both began with")
        self._open = QLabel()
        self._open.setProperty("muted", True)
        self.save = primary_button("Review the merged version", self._save)
        self.save.setToolTip("Make a proposal of the merged files (Ctrl+Return)")
        self._lay_out()
        for keys, run in (
            ("Alt+1", lambda: self.take("ours")),
            ("Alt+2", lambda: self.take("theirs")),
            ("Alt+3", self.take_both),
            ("Alt+Down", lambda: self.step(1)),
            ("Alt+Up", lambda: self.step(-1)),
        ):
            self._add_key(keys, run)

    def _add_key(self, keys: str, run: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(run)

    def _lay_out(self) -> None:
        take = self._take_button
        base = _titled("Before both changed it", self.base, before=8, after=8)
        disk = _titled("On disk now", self.disk, take("ours", "Alt+1"), after=8)
        proposed = _titled("Proposed", self.proposed, take("theirs", "Alt+2"), before=8)
        sides = SplitView((disk, base, proposed), sizes=(500, 400, 500))
        base.hide()
        self.with_base.toggled.connect(base.setVisible)
        both = push_button("Take both", self.take_both)
        both.setToolTip("The lines on disk, then the proposed ones (Alt+3)")
        result = _titled("Result", self.result, both)
        head = row(spacing=8)
        head.addWidget(self.title, 1)
        head.addWidget(self.with_base)
        where = row(spacing=4)
        where.addWidget(self.place, 1)
        step = self.step
        where.addWidget(
            icon_button("arrow-up", "Previous conflict", lambda: step(-1), shortcut="Alt+Up")
        )
        where.addWidget(
            icon_button("arrow-down", "Next conflict", lambda: step(1), shortcut="Alt+Down")
        )
        inside = column(self, spacing=8)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.addLayout(head)
        inside.addLayout(where)
        inside.addWidget(SplitView((sides, result), vertical=True, sizes=(300, 220)), 1)
        rest = row(spacing=12)
        rest.addWidget(self._open, 1)
        rest.addWidget(link_button("Disk for all open", lambda: self.take_rest("ours")))
        rest.addWidget(link_button("Proposed for all open", lambda: self.take_rest("theirs")))
        inside.addLayout(rest)
        foot = row(spacing=8)
        foot.addStretch(1)
        foot.addWidget(push_button("Cancel", self.left.emit))
        foot.addWidget(self.save)
        inside.addLayout(foot)

    def _take_button(self, side: Choice, keys: str) -> QWidget:
        button = push_button("Take this", lambda: self.take(side))
        button.setToolTip(f"Take this side of the conflict ({keys})")
        return button

    def show_merge(self, merge: Merge) -> None:
        """Show the conflicts of a merge, beginning with the first."""
        self._conflicts = merge.conflicts
        self._texts, self._sides = {}, {}
        self.place.clear()
        self.place.addItems([_place(conflict) for conflict in self._conflicts])
        self._show(0)
        self.result.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, by: int) -> None:
        """Go to another conflict, round and round."""
        if self._conflicts:
            self._show((self._at + by) % len(self._conflicts))

    def take(self, side: Choice) -> None:
        """Take one side of the conflict; text can be edited further."""
        conflict = self._conflicts[self._at]
        self._sides[self._at] = side
        if conflict.kind == "text":
            lines = conflict.ours if side == "ours" else conflict.theirs
            self._set_result(text_of(lines))
        self._describe()

    def take_both(self) -> None:
        """Take the lines on disk, then the proposed ones."""
        conflict = self._conflicts[self._at]
        if conflict.kind == "text":
            self._sides.pop(self._at, None)
            texts = [text_of(lines) for lines in (conflict.ours, conflict.theirs) if lines]
            self._set_result("\n".join(texts))

    def take_rest(self, side: Choice) -> None:
        """Take one side of every conflict that is open, and stay where this one is."""
        here = self._at
        decided = self._decided()
        for number in range(len(self._conflicts)):
            if number not in decided:
                self._at = number
                self.take(side)
        self._show(here)

    def choices(self) -> dict[tuple[str, int], Picked]:
        """Return what was chosen for each conflict that is decided."""
        picked: dict[tuple[str, int], Picked] = {}
        for number, conflict in enumerate(self._conflicts):
            side = self._sides.get(number)
            if side is not None:
                picked[conflict.path, conflict.index] = side
            elif number in self._texts:
                like = (*conflict.ours, *conflict.theirs)
                picked[conflict.path, conflict.index] = lines_of(self._texts[number], like)
        return picked

    def _decided(self) -> set[int]:
        return {*self._sides, *self._texts}

    def event(self, event: QEvent) -> bool:
        """Take Ctrl+Return before a command of the window does, whose key it is too."""
        overriding = event.type() == QEvent.Type.ShortcutOverride
        if overriding and isinstance(event, QKeyEvent) and _saves(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif _saves(event):
            self._save()
        elif not event.text():
            super().keyPressEvent(event)

    def _show(self, number: int) -> None:
        self._at = number
        conflict = self._conflicts[number]
        text = conflict.kind == "text"
        for view, lines in (
            (self.disk, conflict.ours),
            (self.base, conflict.base),
            (self.proposed, conflict.theirs),
        ):
            if text:
                _show_side(view, conflict, lines)
            else:
                view.set_text(_WHOLE[conflict.kind])
                view.set_line_colours({})
        self.result.setReadOnly(not text)
        self.result.blockSignals(True)
        self.result.set_text(self._texts.get(number, ""))
        self.result.blockSignals(False)
        self._describe()

    def _set_result(self, text: str) -> None:
        self.result.blockSignals(True)
        self.result.set_text(text)
        self.result.blockSignals(False)
        self._texts[self._at] = text
        self._describe()

    def _typed(self) -> None:
        self._sides.pop(self._at, None)
        self._texts[self._at] = self.result.text()
        self._describe()

    def _describe(self) -> None:
        total = len(self._conflicts)
        decided = self._decided()
        for number, conflict in enumerate(self._conflicts):
            state = "decided" if number in decided else "open"
            text = f"{number + 1} of {total}: {_place(conflict)} \N{MIDDLE DOT} {state}"
            self.place.setItemText(number, text)
        self.place.setCurrentIndex(self._at)
        left = total - len(decided)
        self._open.setText(f"{left} still to be decided" if left else "All are decided.")
        self.save.setEnabled(not left)

    def _save(self) -> None:
        if self.save.isEnabled():
            self.merged.emit(self.choices())


def _saves(event: QKeyEvent) -> bool:
    control = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return enter and control == Qt.KeyboardModifier.ControlModifier


def _place(conflict: Conflict) -> str:
    return f"{conflict.path}, line {conflict.line}" if conflict.line else conflict.path


def _show_side(view: CodeView, conflict: Conflict, lines: tuple[str, ...]) -> None:
    """Show one side with the lines around it; what is not as it was before has a ground."""
    view.set_text(text_of((*conflict.above, *lines, *conflict.below)))
    first = len(conflict.above) + 1
    changed = {
        first + at: "add_background"
        for _, _, start, end in changed_ranges(conflict.base, lines)
        for at in range(start, end)
    }
    same = {first + at: "current_line" for at in range(len(lines))}
    view.set_line_colours(same | changed)
    view.go_to(first)


def _titled(
    title: str, view: CodeView, action: QWidget | None = None, *, before: int = 0, after: int = 0
) -> QWidget:
    body = QWidget()
    head = row(spacing=8)
    label = QLabel(title)
    label.setProperty("section", True)
    label.setMinimumHeight(30)
    head.addWidget(label, 1)
    if action is not None:
        head.addWidget(action)
    inside = column(body, spacing=4)
    inside.setContentsMargins(before, 6 if before == after == 0 else 0, after, 6)
    inside.addLayout(head)
    inside.addWidget(view, 1)
    return body
