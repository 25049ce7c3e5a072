"""Acts on lines, on the desk: their keys, buttons and menu, and undo in the order of the acts."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from workbench.gui.review.lines.commenting import Commenting
from workbench.gui.review.lines.on_desk import DeskOfLines
from workbench.gui.review.lines.picker import LinePicker
from workbench.gui.review.lines.splitting import Splitting
from workbench.gui.shell.context import AppContext


class DeskLines(QObject):
    """The acts "split", "join" and "comment", and "undo" for comments too."""

    def __init__(self, desk: DeskOfLines, context: AppContext) -> None:
        super().__init__(desk.view)
        self._desk, self._context = desk, context
        diff = desk.view.diff
        self.picker = LinePicker(diff)
        self.splitting = Splitting(desk, self.picker, self)
        self.commenting = Commenting(desk, self.picker, self)
        self.commenting.changed.connect(desk.changed)
        self._undo_before, self._why_before = desk.act("undo"), desk.why_not.get("undo")
        desk.add_acts(
            {
                "split": self._split,
                "join": self._join,
                "comment": self._comment,
                "undo": self._undo,
            },
            {
                "split": self.splitting.why_not,
                "join": self.splitting.why_not_join,
                "comment": self.commenting.why_not,
                "undo": self._why_not_undo,
            },
        )
        diff.menu_asked.connect(self._show_menu)
        self._context.proposals_changed.connect(self.commenting.read)
        desk.selection_changed.connect(self._show_state)
        diff.current_changed.connect(lambda _hunk: self._show_state())
        self._show_state()

    def menu_at(self, line: int) -> QMenu:
        """Return what can be done with a line of the diff."""
        menu = QMenu(self._desk.view.diff)
        lines = self._desk.view.diff.lines
        shown = 0 <= line < len(lines) and bool(lines[line].old or lines[line].new)
        cuts = shown and lines[line].kind in ("add", "remove")
        can_split = cuts and self.splitting.why_not() is None
        said = 0 <= line < len(lines) and lines[line].kind == "comment"
        for words, can, run in (
            ("Answer or resolve…" if said else "Comment on this line…", shown or said, self._talk),
            ("Split the hunk before this line…", can_split, self.splitting.begin),
        ):
            action = menu.addAction(words)
            action.setEnabled(can)
            action.triggered.connect(lambda _checked=False, run=run: run(line))
        join = menu.addAction("Join the parts of this hunk")
        join.setEnabled(self.splitting.why_not_join() is None)
        join.triggered.connect(lambda _checked=False: self.splitting.join())
        return menu

    def _show_menu(self, point: QPoint) -> None:
        diff = self._desk.view.diff
        line = diff.line_at(point)
        if 0 <= line < len(diff.lines) and diff.lines[line].hunk >= 0:
            if diff.lines[line].hunk != diff.current:
                diff.set_current(diff.lines[line].hunk)
            menu = self.menu_at(line)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(diff.viewport().mapToGlobal(point))

    def _talk(self, line: int) -> None:
        self.commenting.begin(line)

    def _split(self) -> None:
        self._show_lines()
        self._say_why("Cannot split", self.splitting.why_not())
        self.splitting.begin()

    def _join(self) -> None:
        self._say_why("Cannot join", self.splitting.why_not_join())
        self.splitting.join()

    def _comment(self) -> None:
        self._show_lines()
        self._say_why("Cannot comment", self.commenting.why_not())
        self.commenting.begin()

    def _show_lines(self) -> None:
        """Leave the rendered text for its lines."""
        view = self._desk.view
        if self._desk.choices.hunks and view.pages.currentWidget() is not view.diff:
            self._desk.run("rendered")

    def _say_why(self, what: str, why: str | None) -> None:
        if why is not None:
            self._context.notify.info(f"{what}: {why}", replace="lines")

    def _undo(self) -> None:
        if self.commenting.why_not_undo() is None:
            self.commenting.undo()
        else:
            self._undo_before()

    def _why_not_undo(self) -> str | None:
        if self.commenting.why_not_undo() is None:
            return None
        return (self._why_before or self._desk.why_not_undo)()

    def _show_state(self) -> None:
        """Show which acts can be done with the current hunk."""
        view = self._desk.view
        for button, words, why in (
            (view.split, "Split into parts (X)", self.splitting.why_not()),
            (view.comment, "Comment on a line (C)", self.commenting.why_not()),
        ):
            button.setEnabled(why is None)
            button.setToolTip(f"{words[:-4]}: {why}" if why else words)
