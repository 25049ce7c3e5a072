"""Layouts on the 4/8 px grid."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

LayoutKind = TypeVar("LayoutKind", bound=QLayout)

#: The step of the grid in px: half a step inside a control, one between, two around groups.
STEP = 8


def column(parent: QWidget | None = None, *, margin: int = 0, spacing: int = STEP) -> QVBoxLayout:
    """Return a vertical layout, set on ``parent`` when one is given."""
    return _fitted(QVBoxLayout() if parent is None else QVBoxLayout(parent), margin, spacing)


def row(parent: QWidget | None = None, *, margin: int = 0, spacing: int = STEP) -> QHBoxLayout:
    """Return a horizontal layout, set on ``parent`` when one is given."""
    return _fitted(QHBoxLayout() if parent is None else QHBoxLayout(parent), margin, spacing)


def _fitted(layout: LayoutKind, margin: int, spacing: int) -> LayoutKind:
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    return layout
