"""Panes side by side with a handle that is one pixel to see and more to grab."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget


class SplitView(QSplitter):
    """A splitter whose panes cannot be dragged to nothing by accident."""

    def __init__(
        self,
        panes: Sequence[QWidget] = (),
        *,
        vertical: bool = False,
        sizes: Sequence[int] = (),
        stretch: Sequence[int] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(Qt.Orientation.Vertical if vertical else Qt.Orientation.Horizontal, parent)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)
        for pane in panes:
            self.addWidget(pane)
        for index, factor in enumerate(stretch):
            self.setStretchFactor(index, factor)
        if sizes:
            self.setSizes(list(sizes))
