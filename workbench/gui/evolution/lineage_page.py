"""Lineage: the picture, and the same as a list, which leads to Review."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from workbench.evolution.lineage import LineageNode, node_words
from workbench.gui.evolution.lineage_view import LineagePicture
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines

_TONES: dict[str, Tone] = {"supported": "success", "promising": "info", "rejected": "error"}


class LineagePage(QWidget):
    """List and picture follow each other. ``review_wanted`` brings the id of a proposal."""

    review_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = LineagePicture()
        self.list = TwoLineList("Versions of the run", lambda node: node.id)
        self.list.setMinimumWidth(240)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.picture)
        self._area = area
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                "No versions to show",
                "This run proposed no change, and named no version it considered.",
                icon="branch",
            )
        )
        self._stack.addWidget(SplitView((self.list, area), sizes=(320, 620), stretch=(0, 1)))
        column(self, spacing=0).addWidget(self._stack)
        self.list.chosen.connect(lambda node: self.picture.choose(node.id))
        self.picture.chosen.connect(self._follow)
        self.list.opened.connect(self._open)
        self.picture.opened.connect(self._open)

    def show_nodes(self, nodes: Sequence[LineageNode]) -> None:
        """Show the versions of another run."""
        self._stack.setCurrentIndex(1 if len(nodes) > 1 else 0)
        self.list.show_rows([(_lines(node), node) for node in nodes])
        self.picture.show_nodes(nodes)

    def _follow(self, node: LineageNode) -> None:
        self.list.select(node.id)
        box = self.picture.place_of(node)
        self._area.ensureVisible(round(box.center().x()), round(box.center().y()), 120, 60)

    def _open(self, node: LineageNode) -> None:
        if node.proposal:
            self.review_wanted.emit(node.proposal)


def _lines(node: LineageNode) -> TwoLines:
    badges: list[tuple[str, Tone]] = []
    if node.frontier:
        badges.append(("frontier", "success"))
    if node.level in _TONES:
        badges.append((node.level, _TONES[node.level]))
    said = node_words(node).removeprefix(node.title).lstrip(", ")
    return TwoLines(
        title=node.title,
        detail=said or "what all others are compared with",
        badges=tuple(badges),
        icon="review" if node.proposal else ("library" if node.kind == "base" else "branch"),
        token="accent" if node.proposal else "text_muted",
        tip=node_words(node) + ("\nEnter opens it in Review" if node.proposal else ""),
    )
