"""A stale proposal merged with the disk: the conflicts, with both sides and the text to be taken.

Nothing is written here. The result is a new proposal that is reviewed like any other.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.review.edit_text import lines_of, text_of
from workbench.gui.widgets.buttons import icon_button, primary_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.review.merge import Choice, Conflict, Merge

Picked = Choice | tuple[str, ...]


class MergePage(QWidget):
    """One conflict at a time: both sides and the result. ``merged(choices)``, ``left()``."""

    merged = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._conflicts: tuple[Conflict, ...] = ()
        self._texts: dict[int, str] = {}
        self._sides: dict[int, Choice] = {}
        self._at = 0
        self.title = QLabel()
        self.title.setProperty("heading", True)
        self.place = QLabel()
        self.place.setTextFormat(Qt.TextFormat.PlainText)
        self.disk = CodeView("On disk now", read_only=True)
        self.proposed = CodeView("Proposed", read_only=True)
        self.result = CodeView("Result")
        self.result.setProperty("field", True)
        self.result.textChanged.connect(self._typed)
        self._open = QLabel()
        self._open.setProperty("muted", True)
        self.save = primary_button("Review the merged version", self._save)
        self._lay_out()

    def _lay_out(self) -> None:
        sides = SplitView(
            (
                _titled("On disk now", self.disk, ("Take this", lambda: self.take("ours"))),
                _titled("Proposed", self.proposed, ("Take this", lambda: self.take("theirs"))),
            ),
            sizes=(500, 500),
        )
        result = _titled("Result", self.result, ("Take both", self.take_both))
        head = row(spacing=8)
        head.addWidget(self.title, 1)
        head.addWidget(icon_button("chevron-down", "Next conflict", lambda: self.step(1)))
        inside = column(self, spacing=8)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.addLayout(head)
        inside.addWidget(self.place)
        inside.addWidget(SplitView((sides, result), vertical=True, sizes=(300, 220)), 1)
        foot = row(spacing=8)
        foot.addWidget(self._open, 1)
        foot.addWidget(push_button("Cancel", self.left.emit))
        foot.addWidget(self.save)
        inside.addLayout(foot)

    def show_merge(self, merge: Merge) -> None:
        """Show the conflicts of a merge, beginning with the first."""
        self._conflicts = merge.conflicts
        self._texts, self._sides = {}, {}
        self._show(0)

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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif not event.text():
            super().keyPressEvent(event)

    def _show(self, number: int) -> None:
        self._at = number
        conflict = self._conflicts[number]
        text = conflict.kind == "text"
        whole = {"binary": "(a binary file)", "delete": "(the file, or that it is gone)"}
        self.disk.set_text(text_of(conflict.ours) if text else whole[conflict.kind])
        self.proposed.set_text(text_of(conflict.theirs) if text else whole[conflict.kind])
        self.result.setReadOnly(not text)
        kept = self._texts.get(number, "")
        self.result.blockSignals(True)
        self.result.set_text(kept)
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
        conflict = self._conflicts[self._at]
        total = len(self._conflicts)
        decided = len(self.choices())
        self.title.setText("Merge with what is on disk")
        self.place.setText(
            f"Conflict {self._at + 1} of {total}: {PurePosixPath(conflict.path)}. Both sides "
            "changed here; take one, or write the result."
        )
        self._open.setText("" if decided == total else f"{total - decided} still to be decided")
        self.save.setEnabled(decided == total)

    def _save(self) -> None:
        if self.save.isEnabled():
            self.merged.emit(self.choices())


def _titled(title: str, view: CodeView, action: tuple[str, object]) -> QWidget:
    body = QWidget()
    head = row(spacing=8)
    label = QLabel(title)
    label.setProperty("section", True)
    head.addWidget(label, 1)
    words, run = action
    assert callable(run)
    head.addWidget(push_button(words, run))
    inside = column(body, spacing=4)
    inside.addLayout(head)
    inside.addWidget(view, 1)
    return body
