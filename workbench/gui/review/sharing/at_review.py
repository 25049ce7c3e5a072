"""How Review leads to sharing and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QStackedWidget

from workbench.gui.review.backend import Shelf
from workbench.gui.review.desk import Desk
from workbench.gui.review.sharing.page import SharingPage
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import icon_button


class ReviewSharing(QObject):
    """Adds the acts ``sharing...`` to the desk; ``back`` brings what was in front of ``stack``."""

    def __init__(
        self,
        context: AppContext,
        shelf: Shelf,
        desk: Desk,
        stack: QStackedWidget,
        back: Callable[[], None],
    ) -> None:
        super().__init__(desk)
        self._context, self._shelf, self._desk = context, shelf, desk
        self._stack, self._back = stack, back
        self.button = icon_button(
            "branch", "Share reviews: remote and team queue", self.show, shortcut="Ctrl+Alt+Shift+G"
        )
        desk.add_acts(
            {
                "sharing": self.show,
                "sharing_fetch": lambda: self._act("fetch"),
                "sharing_sync": lambda: self._act("sync"),
                "sharing_push": lambda: self._act("push"),
            },
            {"sharing": self.why_not},
        )
        context.review_requested.connect(lambda _id: self.leave())

    @cached_property
    def page(self) -> SharingPage:
        """The page, made when it is first asked for."""
        page = SharingPage(self._context, self._shelf)
        page.left.connect(self.leave)
        page.proposal_wanted.connect(self._context.request_review)
        self._stack.addWidget(page)
        return page

    @property
    def shown(self) -> bool:
        """Whether the page is in front."""
        return "page" in self.__dict__ and self._stack.currentWidget() is self.page

    def why_not(self) -> str | None:
        """Say why nothing can be shared."""
        return None if self._context.library else "open a folder of skills first (Ctrl+O)."

    def show(self) -> None:
        """Show the page."""
        self._desk.flush()
        self._stack.setCurrentWidget(self.page)
        self.page.refresh()
        self.page.tabs.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Show what was in front before."""
        if self.shown:
            self._stack.setCurrentIndex(0)
            self._back()
            self._desk.view.diff.setFocus(Qt.FocusReason.OtherFocusReason)

    def _act(self, name: str) -> None:
        if not self.shown:
            self.show()
        self.page.when_read(name)
