"""Tabs of a page: words in a line, the chosen one underlined."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QFrame, QTabBar

from workbench.gui.widgets.layouts import row


def quiet_tabs(name: str, titles: Iterable[str] = ()) -> QTabBar:
    """Return a bar of tabs without frames; ``name`` is for screen readers."""
    tabs = QTabBar()
    tabs.setProperty("quiet", True)
    tabs.setDrawBase(False)
    tabs.setExpanding(False)
    tabs.setAccessibleName(name)
    for title in titles:
        tabs.addTab(title)
    return tabs


def tab_strip(tabs: QTabBar) -> QFrame:
    """Return the strip below the head of a page, with its tabs at the left."""
    strip = QFrame()
    strip.setObjectName("PanelHeader")
    line = row(strip, spacing=0)
    line.setContentsMargins(8, 2, 8, 1)
    line.addWidget(tabs)
    line.addStretch(1)
    return strip
