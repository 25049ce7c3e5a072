"""The choice of libraries whose skills are counted, as a menu."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from workbench.files import FileProblem
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.usage.counted_libraries import OtherLibraries


class LibrariesButton(QPushButton):
    """``chosen`` tells that other libraries are counted."""

    chosen = Signal()

    def __init__(
        self, context: AppContext, others: OtherLibraries, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._others = others
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)
        self.setIcon(icon("library", "text_muted"))
        self.setToolTip("Libraries whose skills are counted (Ctrl+Alt+Shift+K)")
        self.say()

    def say(self) -> None:
        """Say how many libraries are counted."""
        number = 1 + len(self._others.counted)
        words = "1 library" if number == 1 else f"{number} libraries"
        self.setText(words)
        self.setAccessibleName(f"Libraries whose skills are counted: {words}")

    def popup(self) -> None:
        """Open the menu at the button."""
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def ask_library(self) -> None:
        """Ask for a folder of skills to count as well."""
        dialog = QFileDialog(self.window(), "Count a library as well", str(Path.home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda path: self.count(Path(path), on=True))
        dialog.open()

    def count(self, path: Path, *, on: bool) -> None:
        """Count a library, or leave it out."""
        try:
            self._others.set(path, counted=on)
        except FileProblem as problem:
            self._context.notify.problem(problem)
            return
        self.say()
        self.chosen.emit()

    def _forget(self) -> None:
        try:
            self._others.forget_left_out()
        except FileProblem as problem:
            self._context.notify.problem(problem)

    def _fill(self) -> None:
        menu = self._menu
        menu.clear()
        library = self._context.library
        name = f"{Path(library.root).name}  (open)" if library else "No library is open"
        own = menu.addAction(name)
        own.setCheckable(library is not None)
        own.setChecked(library is not None)
        own.setEnabled(False)
        for path, on in self._others.known:
            action = menu.addAction(f"{path.name}  ·  {path.parent}")
            action.setCheckable(True)
            action.setChecked(on)
            action.toggled.connect(partial(self._tick, path))
        menu.addSeparator()
        menu.addAction("Count another library…").triggered.connect(self.ask_library)
        left_out = len(self._others.known) - len(self._others.counted)
        forget = menu.addAction("Take those left out off this list")
        forget.setEnabled(left_out > 0)
        forget.triggered.connect(self._forget)

    def _tick(self, path: Path, on: bool) -> None:
        self.count(path, on=on)
