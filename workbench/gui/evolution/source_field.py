"""What an importer reads: a folder, or a git branch of the library's repository."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QLineEdit, QWidget

from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import RadioButton


class SourceField(QWidget):
    """Folder with a button to look for it, or the name of a branch."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = RadioButton("Folder")
        self.branch = RadioButton("Git branch")
        self.folder.setChecked(True)
        self._group = QButtonGroup(self)
        self._group.addButton(self.folder)
        self._group.addButton(self.branch)
        self.path = QLineEdit()
        self.path.setAccessibleName("Source")
        self.browse = push_button("Browse…", self._browse)
        kinds = row(spacing=24)
        kinds.addWidget(self.folder)
        kinds.addWidget(self.branch)
        kinds.addStretch(1)
        line = row(spacing=8)
        line.addWidget(self.path, 1)
        line.addWidget(self.browse)
        inside = column(self, spacing=8)
        inside.addLayout(kinds)
        inside.addLayout(line)
        self.folder.toggled.connect(lambda _on: self._switched())
        self.path.textChanged.connect(lambda _text: self.changed.emit())
        self._switched()

    def source(self) -> str | None:
        """Return what a request names: a path, or "git:<branch>"; None while it is empty."""
        text = self.path.text().strip()
        if not text:
            return None
        return f"git:{text}" if self.branch.isChecked() else str(Path(text).expanduser().absolute())

    def problem(self) -> str:
        """Say what is wrong with it, empty when nothing is."""
        text = self.path.text().strip()
        if self.branch.isChecked():
            return "" if text else "name the branch to compare with."
        if not text:
            return "choose the folder to compare with."
        return "" if Path(text).expanduser().is_dir() else f"there is no folder {text}."

    def _switched(self) -> None:
        on_folder = self.folder.isChecked()
        self.browse.setVisible(on_folder)
        self.path.setPlaceholderText(
            "A folder with another version of these skills" if on_folder else "main"
        )
        self.changed.emit()

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), "Choose another version of the library")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()
