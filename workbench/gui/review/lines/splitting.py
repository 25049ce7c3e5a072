"""Splitting a hunk on the desk, and joining its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt

from workbench.domain.comment import Side
from workbench.domain.text import counted
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.lines.bars import SplitBar
from workbench.gui.review.lines.cuts import Cuts
from workbench.gui.review.lines.on_desk import DeskOfLines
from workbench.gui.review.lines.picker import LinePicker
from workbench.review.cutting import Cutting
from workbench.review.plan import ReviewProblem
from workbench.review.splits import SPLITTABLE, with_split, without_split


class Splitting(QObject):
    """The cuts of the current hunk, from the first key to the act."""

    def __init__(self, desk: DeskOfLines, picker: LinePicker, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._picker = desk, picker
        self._cuts: Cuts | None = None
        self.bar = SplitBar()
        desk.view.add_bar(self.bar)
        self.bar.confirmed.connect(self.split)
        self.bar.left.connect(self.leave)
        self.bar.asked.connect(self._cut_by)
        self.bar.gone.connect(self._gone)
        picker.picked.connect(lambda _line: self.split())
        picker.left.connect(self.leave)

    @property
    def cuts(self) -> Cuts | None:
        """The cuts so far, None while nothing is being split."""
        return self._cuts

    def why_not(self) -> str | None:
        """Say why the current hunk cannot be split."""
        hunk = self._desk.hunk()
        if hunk is None or self._desk.why_not_decide() is not None:
            return self._desk.why_not_decide() or "there is no hunk to split."
        if hunk.kind not in SPLITTABLE:
            return "this hunk has no lines of its own to take one by one."
        if len(hunk.base_lines) + len(hunk.new_lines) < 2:
            return "this hunk is one line."
        verdict = self._desk.choices.of(hunk.id)
        if verdict is not None and verdict.edited is not None:
            return "you edited this hunk. Bring its proposed text back first, then split it."
        return None

    def why_not_join(self) -> str | None:
        """Say why the current hunk cannot be joined."""
        hunk = self._desk.hunk()
        if hunk is None or self._desk.why_not_decide() is not None:
            return self._desk.why_not_decide() or "there is no hunk to join."
        return None if hunk.part_of else "this hunk is not split."

    def begin(self, line: int = -1) -> None:
        """Ask where to cut the current hunk; ``line`` is a line of the diff to cut before."""
        hunk = self._desk.hunk()
        if hunk is None or self.why_not() is not None:
            return
        self._desk.view.close_bars()
        diff = self._desk.view.diff
        lines = [
            at
            for at, one in enumerate(diff.lines)
            if one.hunk == diff.current and one.kind in ("add", "remove") and (one.old or one.new)
        ]
        if not lines:
            self._desk.tell_problem(
                "The lines of this hunk are not shown one by one. Show front matter as lines and "
                "white space too, then split it."
            )
            return
        self._cuts = Cuts(hunk) if line >= 0 else Cuts(hunk).suggested("paragraphs")
        keys: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Space: self._toggle,
            Qt.Key.Key_Left: lambda: self._change(self._moved(-1)),
            Qt.Key.Key_Right: lambda: self._change(self._moved(1)),
            Qt.Key.Key_P: lambda: self._cut_by("paragraphs"),
            Qt.Key.Key_L: lambda: self._cut_by("lines"),
            Qt.Key.Key_N: lambda: self._cut_by("none"),
        }
        self.bar.show()
        self._picker.begin(lines, line if line >= 0 else lines[0], keys)
        self._change(self._cuts)
        if line >= 0:
            self._toggle()

    def split(self) -> None:
        """Split the hunk where it is cut."""
        cuts, opened, desk = self._cuts, self._desk.opened, self._desk
        if cuts is None or not cuts.at or opened is None:
            return
        self.leave()
        choices = desk.choices
        try:
            splits = with_split(choices.hunks, choices.splits, cuts.hunk.id, cuts.at)
        except ReviewProblem as problem:
            desk.tell_problem(str(problem))
            return
        hunks = opened.review.with_splits(splits).hunks
        desk.take(choices.divided(f"Split into {counted(len(cuts.at) + 1, 'part')}", hunks, splits))

    def join(self) -> None:
        """Make the hunk whole again that the current one is a part of."""
        hunk, opened, desk = self._desk.hunk(), self._desk.opened, self._desk
        if hunk is None or opened is None or self.why_not_join() is not None:
            return
        first = next(at for at, one in enumerate(desk.choices.hunks) if one.part_of == hunk.part_of)
        splits = without_split(desk.choices.hunks, desk.choices.splits, hunk.id)
        hunks = opened.review.with_splits(splits).hunks
        desk.take(desk.choices.divided("Joined the parts of a hunk", hunks, splits))
        desk.view.diff.set_current(first)

    def leave(self) -> None:
        """Leave it as it is."""
        if self._cuts is not None:
            self.bar.hide()
            self._gone()
            self._desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _gone(self) -> None:
        if self._cuts is not None:
            self._cuts = None
            self._picker.end()

    def _toggle(self) -> None:
        line = self._desk.view.diff.lines[self._picker.line]
        if self._cuts is not None:
            side, number = self._of(line)
            self._change(self._cuts.toggled(side, number))

    def _moved(self, by: int) -> Cuts | None:
        return self._cuts.moved(by) if self._cuts is not None else None

    def _cut_by(self, how: str) -> None:
        if self._cuts is None:
            return
        ways: Mapping[str, Cutting] = {"paragraphs": "paragraphs", "lines": "lines"}
        self._change(self._cuts.suggested(ways[how]) if how in ways else self._cuts.none())
        self._desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _change(self, cuts: Cuts | None) -> None:
        if cuts is None:
            return
        self._cuts = cuts
        self.bar.show_cuts(cuts)
        parts = cuts.parts()
        diff = self._desk.view.diff
        marks = {
            at: str(parts[self._of(line)])
            for at, line in enumerate(diff.lines)
            if line.hunk == diff.current
            and line.kind in ("add", "remove")
            and self._of(line) in parts
        }
        self._picker.show_marks(marks)

    def _of(self, line: DiffLine) -> tuple[Side, int]:
        """Return the side and number of a line as the proposal has it: edits above shift it."""
        if line.kind == "remove":
            return "old", line.old
        hunks, current = self._desk.choices.hunks, self._desk.view.diff.current
        shift = 0
        for hunk in hunks[:current]:
            verdict = self._desk.choices.of(hunk.id)
            if hunk.path == hunks[current].path and verdict and verdict.edited is not None:
                shift += len(verdict.edited) - len(hunk.new_lines)
        return "new", line.new - shift
