"""How often the selected skill was used, with the way to its uses."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.elided_link import ElidedLink
from workbench.gui.widgets.layouts import column
from workbench.usage.counts import Counts, SkillCount, count_indexed, count_open


class SkillUses(QWidget):
    """Counts over the open traces and over all indexed sessions; a click shows the uses."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._turn = 0
        self._open = Counts()
        self._indexed = Counts()
        self.title = QLabel("Uses")
        self.title.setProperty("section", True)
        self.open = ElidedLink("", lambda: self._go("trace.usage"))
        self.all = ElidedLink("", lambda: self._go("trace.usage_all"))
        self.none = QLabel("No traces are open, no sessions are indexed")
        self.none.setProperty("muted", True)
        self.none.setWordWrap(True)
        inside = column(self, spacing=4)
        inside.addWidget(self.title)
        for line in (self.open, self.all, self.none):
            inside.addWidget(line, 0, Qt.AlignmentFlag.AlignLeft)
        context.traces_changed.connect(self._count)
        context.library_changed.connect(lambda _library: self._count())
        context.skill_selected.connect(lambda _skill: self._show())
        self._count()

    def _count(self) -> None:
        library = self._context.library
        if library is None:
            return
        self._turn += 1
        turn = self._turn
        trajectories = [trace.trajectory for trace in self._context.traces]
        index = self._context.folders.trace_index

        def work() -> tuple[Counts, Counts]:
            return count_open(library, trajectories), count_indexed(library, index)

        def done(found: tuple[Counts, Counts]) -> None:
            if turn == self._turn:
                self._open, self._indexed = found
                self._show()

        self._context.spawn_thread(work, on_done=done, owner=self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._count()  # sessions are indexed meanwhile

    def _go(self, command: str) -> None:
        self._context.request_activity("traces")  # which brings its commands
        self._context.commands.run(command)

    def _show(self) -> None:
        skill = self._context.selected_skill
        for link, counts, what in (
            (self.open, self._open, "open traces"),
            (self.all, self._indexed, "sessions"),
        ):
            link.setVisible(counts.of > 0)
            link.set_text(_told(counts.skills.get(skill), counts.of, what))
        self.none.setVisible(not self._open.of and not self._indexed.of)


def _told(count: SkillCount | None, of: int, what: str) -> str:
    if count is None:
        return f"Not used, 0 of {of:,} {what}"
    loads = f"{count.loads:,} load{'s' * (count.loads != 1)}" if count.loads else "used"
    return f"{loads}, {count.sessions:,} of {of:,} {what}"
