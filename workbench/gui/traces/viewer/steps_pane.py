"""The left side of the viewer: the steps that are listed, and what narrows them down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu, QToolButton, QWidget

from workbench.gui.theme.icons import icon
from workbench.gui.traces.step_marks import Mark, StepFilter
from workbench.gui.traces.viewer.agents_tree import AgentsTree
from workbench.gui.traces.viewer.steps_view import StepsView
from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.value_fields import ChoiceBox

#: Facets of the step list.
KINDS: tuple[tuple[str, Mark], ...] = (
    ("All steps", Mark.NONE),
    ("Prompts", Mark.PROMPT),
    ("Answers", Mark.ANSWER),
    ("Tool calls", Mark.TOOL),
    ("Errors", Mark.ERROR),
    ("Skills", Mark.SKILL),
    ("Edits", Mark.EDIT),
    ("Subagents", Mark.SUBAGENT),
    ("Context", Mark.CONTEXT),
    ("Annotated", Mark.ANNOTATION),
)
#: What can be hidden: steps by their mark, and parts of a step by the role of its blocks.
_HIDDEN_STEPS = (
    ("Context and events", Mark.CONTEXT),
    ("Tool calls", Mark.TOOL),
    ("Answers", Mark.ANSWER),
)
_HIDDEN_PARTS = (("Reasoning", "reasoning"), ("Tool results", "observation"))


class StepsPane(QWidget):
    """``narrowed`` tells that another kind is asked for or hidden, ``searched(words)`` of words.

    ``parts_hidden(roles)`` tells which parts of every step are not shown, ``file_left`` that the
    steps are no longer narrowed to a file.
    """

    narrowed = Signal()
    searched = Signal(str)
    fold_all_asked = Signal(bool)
    parts_hidden = Signal(frozenset)
    file_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = SearchField("Find in this trace…", pause_ms=250)
        self.kind = ChoiceBox("Kind of step")
        self.kind.addItems([title for title, _ in KINDS])
        self.steps = StepsView()
        self.agents = AgentsTree()
        self._file = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._file_bar = QWidget()
        self.count = QLabel()
        self.count.setProperty("muted", True)
        menu = self._menu = QMenu(self)
        self._hide_buttons: list[QToolButton] = []
        self.hide_button = self.another_hide_button()
        self.parts: dict[str, QAction] = {}
        self._steps_hidden: dict[Mark, QAction] = {}
        menu.addSection("Hide in every step")
        for title, role in _HIDDEN_PARTS:
            self.parts[role] = self._choice(menu, title, self._tell_parts)
        menu.addSection("Hide from list and page")
        for title, mark in _HIDDEN_STEPS:
            self._steps_hidden[mark] = self._choice(menu, title, self.narrowed.emit)
        self._lay_out()
        self.filter.searched.connect(self.searched)
        self.filter.left_downwards.connect(self.steps.setFocus)
        self.filter.returnPressed.connect(self.steps.setFocus)
        self.kind.currentIndexChanged.connect(lambda _number: self.narrowed.emit())

    @property
    def wanted(self) -> Mark:
        """The kind that is asked for, NONE for all."""
        return KINDS[self.kind.currentIndex()][1]

    @property
    def hidden(self) -> Mark:
        """The kinds that are not listed."""
        found = Mark.NONE
        for mark, action in self._steps_hidden.items():
            if action.isChecked():
                found |= mark
        return found

    @property
    def hidden_parts(self) -> frozenset[str]:
        """The roles of blocks that are not shown."""
        return frozenset(role for role, action in self.parts.items() if action.isChecked())

    def another_hide_button(self) -> QToolButton:
        """Return one more button for what is hidden, for another view of the same steps."""
        made = QToolButton()
        made.setIcon(icon("eye", "text_muted"))
        made.setAccessibleName("Hide kinds of steps or parts of them")
        made.setToolTip("Hide reasoning, tool results, or kinds of steps (H)")
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setMenu(self._menu)
        self._hide_buttons.append(made)
        return made

    def popup_hidden(self) -> None:
        """Open the menu of what is hidden at the button that is in sight."""
        seen = (one for one in self._hide_buttons if one.isVisible())
        button = next(seen, self.hide_button)
        self._menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def reset(self, *, hidden: bool = False) -> None:
        """Ask for all steps again, with ``hidden`` those that are hidden as well; tells nobody."""
        for widget in (self.filter, self.kind):
            widget.blockSignals(True)
        self.filter.clear()
        self.kind.setCurrentIndex(0)
        for widget in (self.filter, self.kind):
            widget.blockSignals(False)
        if hidden:
            for action in self._steps_hidden.values():
                action.blockSignals(True)
                action.setChecked(False)
                action.blockSignals(False)

    def show_file(self, name: str) -> None:
        """Say which file the steps are narrowed to, "" for none."""
        self._file.setText(f"Steps that touched {name}")
        self._file_bar.setVisible(bool(name))

    def filter_of(self, found: frozenset[int] | None) -> StepFilter:
        """Return what is asked for, among the steps that were found by words."""
        return StepFilter(self.wanted, found, self.hidden)

    def _choice(self, menu: QMenu, title: str, tell: Callable[[], object]) -> QAction:
        action = menu.addAction(title)
        action.setCheckable(True)
        action.toggled.connect(lambda _on=False: tell())
        return action

    def _tell_parts(self) -> None:
        self.parts_hidden.emit(self.hidden_parts)

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(8, 8, 8, 8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.kind)
        tools.addWidget(self.hide_button)
        only = row(self._file_bar, spacing=4)
        only.setContentsMargins(12, 0, 8, 4)
        only.addWidget(self._file, 1)
        only.addWidget(icon_button("close", "List all steps again", self.file_left.emit))
        self._file_bar.hide()
        foot = row(spacing=4)
        foot.setContentsMargins(12, 4, 8, 4)
        foot.addWidget(self.count, 1)
        for sign, words, folded in (
            ("chevron-right", "Fold all turns", True),
            ("chevron-down", "Unfold all turns", False),
        ):
            foot.addWidget(icon_button(sign, words, partial(self.fold_all_asked.emit, folded)))
        inside = column(self, spacing=0)
        inside.addWidget(self.agents)
        inside.addLayout(tools)
        inside.addWidget(self._file_bar)
        inside.addWidget(self.steps, 1)
        inside.addLayout(foot)
        self.setMinimumWidth(260)
