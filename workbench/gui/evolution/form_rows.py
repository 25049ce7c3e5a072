"""Rows of the set-up form: a name with its field, groups, labels that wrap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row

FIELD_WIDTH = 168


def words(text: str = "", *, heading: bool = False, muted: bool = False) -> QLabel:
    """Return a label that wraps and shows its text as it is."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("heading", heading)
    label.setProperty("muted", muted)
    return label


def group(title: str, *inside: QWidget | QHBoxLayout) -> QWidget:
    """Return widgets and rows below a section title."""
    box = QWidget()
    lines = column(box, spacing=8)
    lines.setContentsMargins(0, 16, 0, 0)
    label = QLabel(title)
    label.setProperty("section", True)
    lines.addWidget(label)
    for one in inside:
        if isinstance(one, QWidget):
            lines.addWidget(one)
        else:
            lines.addLayout(one)
    return box


def field_row(name: str, field: QWidget, *, wide: bool = False) -> QHBoxLayout:
    """Return a name at the left and its field at the right; a wide field takes the room."""
    label = QLabel(name)
    label.setBuddy(field)
    if not field.accessibleName():
        field.setAccessibleName(name)
    line = row(spacing=16)
    if wide:
        label.setFixedWidth(FIELD_WIDTH)
        line.addWidget(label, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(field, 1)
    else:
        field.setFixedWidth(FIELD_WIDTH)
        label.setWordWrap(True)
        line.addWidget(label, 1)
        line.addWidget(field)
    return line


class PathField(QWidget):
    """A path that may be typed or looked for; ``files`` takes several, divided by ``;``."""

    changed = Signal()

    def __init__(
        self,
        name: str,
        placeholder: str,
        *,
        files: bool = False,
        folder: Callable[[], bool] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._several = files
        self._folder = folder
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.line.setPlaceholderText(placeholder)
        self.line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.browse = push_button("Browse…", self._browse)
        self.browse.setAccessibleName(f"Browse for {name.lower()}")
        inside = row(self, spacing=8)
        inside.addWidget(self.line, 1)
        inside.addWidget(self.browse)
        self.line.editingFinished.connect(self.changed)
        self.line.textChanged.connect(self._cleared)
        self.setFocusProxy(self.line)

    def paths(self) -> tuple[Path, ...]:
        """Return the paths, absolute."""
        parts = self.line.text().split(";") if self._several else [self.line.text()]
        return tuple(Path(one.strip()).expanduser().absolute() for one in parts if one.strip())

    def path(self) -> Path | None:
        """Return the path, None while the field is empty."""
        return next(iter(self.paths()), None)

    def set(self, text: str) -> None:
        """Show another path."""
        if text != self.line.text():
            self.line.setText(text)
            self.changed.emit()

    def _cleared(self, text: str) -> None:
        if not text:
            self.changed.emit()

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), f"Choose {self._name.lower()}")
        mode = QFileDialog.FileMode.ExistingFiles if self._several else None
        dialog.setFileMode(mode or QFileDialog.FileMode.ExistingFile)
        dialog.filesSelected.connect(lambda paths: self.set("; ".join(paths)))
        dialog.open()
