"""How Review leads to the history of a skill and back, and how a change is taken back there."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path, PurePosixPath

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QStackedWidget

from workbench.domain.proposal import Proposal
from workbench.gui.review.backend import Shelf
from workbench.gui.review.desk import Desk
from workbench.gui.review.history.page import HistoryPage
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import icon_button


class ReviewHistory(QObject):
    """Adds the acts ``history`` and ``history_selected`` to the desk; ``stack`` is the panel's."""

    def __init__(
        self,
        context: AppContext,
        shelf: Shelf,
        desk: Desk,
        stack: QStackedWidget,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context, self._shelf, self._desk, self._stack = context, shelf, desk, stack
        self._before = 0
        self._reverting = ""
        desk.add_acts(
            {"history": self.show_shown, "history_selected": self.show_selected},
            {"history": self.why_not_shown, "history_selected": self.why_not_selected},
        )
        self.button = icon_button(
            "history", "History of this skill", self.show_shown, shortcut="Ctrl+Alt+X"
        )
        desk.view.add_tool(self.button)
        desk.settled.connect(self._revert_when_shown)
        context.review_requested.connect(lambda _id: self.leave())

    @cached_property
    def page(self) -> HistoryPage:
        """The page, made when it is first asked for."""
        page = HistoryPage(self._context, self._shelf)
        page.left.connect(self._back)
        page.proposal_wanted.connect(self._context.request_review)
        page.revert_wanted.connect(self.revert)
        self._stack.addWidget(page)
        return page

    @property
    def shown(self) -> bool:
        """Whether the history is in front."""
        return "page" in self.__dict__ and self._stack.currentWidget() is self.page

    def why_not_shown(self) -> str | None:
        """Say why there is no skill whose history could be shown."""
        return None if self._of_desk() else self.why_not_selected()

    def why_not_selected(self) -> str | None:
        """Say why the selected skill has no history to show."""
        if self._context.library is None:
            return "open a folder of skills first (Ctrl+O)."
        return None if self._context.selected_skill else "select a skill in the library first."

    def show_shown(self) -> None:
        """Show the history of the skill on the desk, else of the selected one."""
        found = self._of_desk()
        if found is not None:
            self.show(*found)
        else:
            self.show_selected()

    def show_selected(self) -> None:
        """Show the history of the selected skill."""
        library, skill = self._context.library, self._context.selected_skill
        if library is not None and skill:
            self.show(Path(library.root), skill)

    def show(self, library: Path, skill: str) -> None:
        """Show the history of a skill."""
        self._desk.flush()
        self._stack.setCurrentWidget(self.page)
        self.page.show_skill(library, skill)
        self.page.focus_first()

    def put_back(self, page: int) -> None:
        """Name the page that is in front while the history is not."""
        self._before = page
        if not self.shown:
            self._stack.setCurrentIndex(page)

    def leave(self) -> None:
        """Show what was in front before."""
        if self.shown:
            self._stack.setCurrentIndex(self._before)

    def revert(self, proposal_id: str) -> None:
        """Take an applied proposal back on the desk, where what is stale can be merged."""
        self._context.request_review(proposal_id)
        self._reverting = proposal_id
        self._revert_when_shown()

    def _revert_when_shown(self) -> None:
        opened = self._desk.opened
        if not self._reverting or opened is None or self._desk.busy:
            return
        if opened.proposal.id == self._reverting == self._desk.proposal_id:
            self._reverting = ""
            self._desk.run("revert")

    def _back(self) -> None:
        self.leave()
        self._desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _of_desk(self) -> tuple[Path, str] | None:
        opened = self._desk.opened
        if opened is None:
            return None
        library = opened.review.library
        return library, skill_of(opened.proposal, self._known(library))

    def _known(self, library: Path) -> tuple[str, ...]:
        found = self._context.library
        if found is None or Path(found.root) != library:
            return ()
        return tuple(skill.id for skill in found.skills)


def skill_of(proposal: Proposal, known: tuple[str, ...]) -> str:
    """Return the skill a proposal is for: by its files among the known ones, else as it says."""
    for change in proposal.draft.changes:
        parents = [parent.as_posix() for parent in PurePosixPath(change.path).parents]
        for parent in parents:
            if parent in known:
                return parent
    if proposal.draft.skills:
        return proposal.draft.skills[0]
    for change in proposal.draft.changes:
        return PurePosixPath(change.path).parts[0] if "/" in change.path else "."
    return "."
