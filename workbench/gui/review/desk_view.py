"""How the desk is laid out: head, notices, tools, the changes, bars, checks. No behaviour."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from workbench.gui.review.applying.page import ApplyPage
from workbench.gui.review.bars import EditBar, ReasonBar
from workbench.gui.review.checks.strip import ChecksStrip
from workbench.gui.review.diff.view import DiffView
from workbench.gui.review.flow import Flow
from workbench.gui.review.header import ProposalHeader
from workbench.gui.review.merge_page import MergePage
from workbench.gui.review.tasks.table import TaskTable
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.banner import Banner, Severity
from workbench.gui.widgets.buttons import WordButton, icon_button, primary_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.gui.widgets.split_view import SplitView

Run = Callable[[str], object]


class DeskView(QWidget):
    """One proposal. ``run`` gets the name of an act when a button is pressed.

    ``confirmed(Ask)`` and ``merged(choices)`` come from the pages of the apply and the merge,
    ``left()`` from both; ``shown_asked``, ``approval_said`` and ``branch_asked`` from the first.
    """

    confirmed = Signal(object)
    shown_asked = Signal(object)
    approval_said = Signal(bool)
    branch_asked = Signal(str)
    merged = Signal(object)
    left = Signal()

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self.header = ProposalHeader()
        self.diff = DiffView()
        self.reason_bar, self.edit_bar = ReasonBar(), EditBar()
        self.strip = ChecksStrip()
        self.tasks = TaskTable()
        self.diagnosis = PlainLabel()
        self.message = EmptyState(
            "No proposal is selected",
            "Select one at the left.",
            action=("Reject…", lambda: run("reject")),
        )
        self.message.button.hide()
        self.counts = ElidedLabel()
        self.counts.setProperty("muted", True)
        self.counts.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        self._notices = column(spacing=0)
        self._kept: dict[str, Banner] = {}
        self._bars: list[QWidget] = []
        self._below = column(spacing=0)
        self.pages = QStackedWidget()
        self._work = self._made_work()
        self._outer = QStackedWidget()
        for page in (self.message, self._work):
            self._outer.addWidget(page)
        column(self, spacing=0).addWidget(self._outer)
        self.reason_bar.hide()
        self.edit_bar.hide()

    # Pages

    def show_message(self, heading: str, sentence: str, *, refusable: bool = False) -> None:
        """Show a sentence instead of a proposal, and a button to reject it unseen."""
        self.message.set_texts(heading, sentence)
        self.message.button.setVisible(refusable)
        self._outer.setCurrentWidget(self.message)

    def show_work(self) -> None:
        """Show the proposal."""
        self._outer.setCurrentWidget(self._work)

    def show_apply(self) -> None:
        """Show what an apply would do."""
        self._outer.setCurrentWidget(self.apply_page)

    def show_merge(self) -> None:
        """Show conflicts."""
        self._outer.setCurrentWidget(self.merge_page)

    def show_page(self, page: QWidget) -> None:
        """Show a page of a feature in the place of the proposal."""
        if self._outer.indexOf(page) < 0:
            self._outer.addWidget(page)
        self._outer.setCurrentWidget(page)

    def shows(self, page: QWidget) -> bool:
        """Say whether that page is in the place of the proposal."""
        return self._outer.currentWidget() is page

    @property
    def at_work(self) -> bool:
        """Whether the proposal itself is shown."""
        return self._outer.currentWidget() is self._work

    def show_changes(self, *, diagnosis: str | None) -> None:
        """Show the diff, or the text of a diagnosis."""
        self.pages.setCurrentIndex(0 if diagnosis is None else 1)
        self.diagnosis.setText(diagnosis or "")
        changes = diagnosis is None
        for button in (self.split, self.comment, self.test, self.ask, self.lock):
            button.setVisible(changes)
        for part in (self.edit, self.sides, self.previous, self.next, self.apply, self.strip):
            part.setVisible(changes)
        self.accept.setText("Accept" if changes else "Acknowledge")
        self.reject.setText("Reject" if changes else "Dismiss")

    # Made when first shown: most visits decide and leave.

    @cached_property
    def apply_page(self) -> ApplyPage:
        """What an apply would write."""
        page = ApplyPage()
        page.confirmed.connect(self.confirmed)
        page.asked.connect(self.shown_asked)
        page.approved.connect(self.approval_said)
        page.branch_changed.connect(self.branch_asked)
        page.left.connect(self.left)
        self._outer.addWidget(page)
        return page

    @cached_property
    def merge_page(self) -> MergePage:
        """What a proposal and the disk both changed."""
        page = MergePage()
        page.merged.connect(self.merged)
        page.left.connect(self.left)
        self._outer.addWidget(page)
        return page

    @property
    def asks(self) -> bool:
        """Whether a bar is open in which somebody may be writing."""
        return any(bar.isVisible() for bar in (self.reason_bar, self.edit_bar, *self._bars))

    def close_bars(self) -> None:
        """Hide what asks for a reason or a text."""
        for bar in (self.reason_bar, self.edit_bar, *self._bars):
            bar.hide()

    def forget_drafts(self) -> None:
        """Hide the bars and forget what was typed in them: another proposal is shown."""
        self.close_bars()
        self.edit_bar.forget_drafts()

    def add_bar(self, bar: QWidget) -> None:
        """Put a bar of a feature below the changes; it is hidden until it is wanted."""
        self._bars.append(bar)
        self._below.addWidget(bar)

    # Notices

    def notice(
        self,
        name: str,
        severity: Severity,
        text: str,
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
        *,
        closable: bool = False,
    ) -> None:
        """Show a banner under a name; it replaces the one of that name."""
        self.forget_notice(name)
        banner = Banner(severity, text, actions, closable=closable)
        self._kept[name] = banner
        banner.destroyed.connect(lambda *_: self._drop(name, banner))
        self._notices.addWidget(banner)

    def forget_notice(self, name: str) -> None:
        """Take a banner away."""
        banner = self._kept.pop(name, None)
        if banner is not None:
            banner.hide()
            self._notices.removeWidget(banner)
            banner.deleteLater()

    def forget_notices(self) -> None:
        """Take all banners away."""
        for name in tuple(self._kept):
            self.forget_notice(name)

    def notices(self) -> dict[str, str]:
        """Return the banners that are shown, by name."""
        return {name: banner.label.text() for name, banner in self._kept.items()}

    def notice_buttons(self, name: str) -> dict[str, Callable[[], None]]:
        """Return the buttons of a banner by their words."""
        return {button.text(): button.click for button in self._kept[name].buttons}

    def _drop(self, name: str, banner: Banner) -> None:
        if self._kept.get(name) is banner:
            del self._kept[name]

    # Parts

    def _made_work(self) -> QWidget:
        body = QWidget()
        self.diagnosis.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.diagnosis.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.diagnosis.setContentsMargins(16, 12, 16, 12)
        self.diagnosis.setAccessibleName("Diagnosis")
        reading = QScrollArea()
        reading.setWidgetResizable(True)
        reading.setFrameShape(QFrame.Shape.NoFrame)
        reading.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        reading.setWidget(self.diagnosis)
        self.pages.addWidget(self.diff)
        self.pages.addWidget(reading)
        changes = SplitView(
            (self.pages, self.edit_bar, self.tasks), vertical=True, sizes=(420, 220, 220)
        )
        changes.setStretchFactor(0, 1)
        inside = column(body, spacing=0)
        inside.addWidget(self.header)
        inside.addLayout(self._notices)
        inside.addWidget(self._made_tools())
        inside.addWidget(changes, 1)
        inside.addWidget(self.reason_bar)
        inside.addLayout(self._below)
        inside.addWidget(self.strip)
        return body

    def _made_tools(self) -> QWidget:
        tools = QFrame()
        tools.setObjectName("PanelHeader")
        line = row(tools, spacing=2)
        line.setContentsMargins(10, 4, 12, 4)
        self.accept = self._act("accept", "Accept", "check", "A")
        self.reject = self._act("reject", "Reject", "close", "R")
        self.defer = self._act("defer", "Defer", "clock", "D")
        self.edit = self._act("edit", "Edit", "edit", "E")
        acts = Flow(spacing=2)
        self.test = self._act("test", "Test", "play", "T")
        self.ask = self._act("ask_again", "Ask again", "refresh", "G")
        self.lock = self._act("lock", "Lock", "lock", "L")
        more = (self.test, self.ask, self.lock)
        for button in (self.accept, self.reject, self.defer, self.edit, *more):
            acts.addWidget(button)
        self.split = icon_button("split", "Split", lambda: self._run("split"), shortcut="X")
        self.comment = icon_button("message", "Comment", lambda: self._run("comment"), shortcut="C")
        self.undo = icon_button("undo", "Undo", lambda: self._run("undo"), shortcut="U")
        self.previous = icon_button(
            "arrow-up", "Previous hunk", lambda: self._run("previous"), shortcut="Shift+F7"
        )
        self.next = icon_button("arrow-down", "Next hunk", lambda: self._run("next"), shortcut="F7")
        self.sides = icon_button("columns", "Side by side", lambda: self._run("sides"))
        self.sides.setCheckable(True)
        parts = (self.split, self.comment, self.undo, self.previous, self.next, self.sides)
        for part in parts:
            acts.addWidget(part)
        self._acts = acts
        line.addLayout(acts, 4)
        line.addWidget(self.counts, 1)
        line.addSpacing(10)
        self.apply = primary_button("Apply…", lambda: self._run("apply"))
        line.addWidget(self.apply)
        return tools

    def add_tool(self, tool: QWidget) -> None:
        """Put a button of a feature behind the others."""
        self._acts.addWidget(tool)

    def _act(self, name: str, title: str, sign: str, key: str) -> QToolButton:
        button = WordButton()
        button.setText(title)
        button.setIcon(icon(sign, "text"))
        button.setIconSize(QSize(16, 16))
        button.setAutoRaise(True)
        button.setToolTip(f"{title} ({key})")
        button.setAccessibleName(title)
        button.clicked.connect(lambda _checked=False: self._run(name))
        return button
