"""The document tabs in the centre: one for each open file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QTabWidget, QToolButton, QWidget

from workbench.files import FileProblem
from workbench.gui.notify import Notifier
from workbench.gui.shell.activities import EDITOR_MODULE
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.document import Document


class DocumentTabs(QTabWidget):
    """Tabs of files; asks before unsaved text is lost."""

    current_changed = Signal()
    emptied = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._commands_added = False
        self.setDocumentMode(True)
        self.setMovable(True)
        self.setUsesScrollButtons(True)
        self.setAccessibleName("Files")
        self.tabBar().setAccessibleName("Open files")
        self.tabBar().setDrawBase(False)
        self.currentChanged.connect(lambda _index: self.current_changed.emit())

    @property
    def documents(self) -> tuple[Document, ...]:
        """The open documents, in the order of their tabs."""
        found = (self.widget(index) for index in range(self.count()))
        return tuple(widget for widget in found if isinstance(widget, Document))

    def current(self) -> Document | None:
        """Return the document in front."""
        widget = self.currentWidget()
        return widget if isinstance(widget, Document) else None

    def document(self, path: Path) -> Document | None:
        """Return the tab of a file, if it is open."""
        return next((one for one in self.documents if one.path == path), None)

    def open(self, path: Path, line: int = 0) -> Document | None:
        """Show a file, at a line when one is given; a file that cannot be shown is told."""
        document = self.document(path)
        if document is None:
            document = self._create(path)
            if document is None:
                return None
        self.setCurrentWidget(document)
        if line:
            document.go_to(line)
        document.setFocus()
        return document

    def close_document(self, document: Document, then: Callable[[], None] | None = None) -> None:
        """Close a tab; with unsaved text it asks first and calls ``then`` only when closed."""
        if not document.dirty:
            self._remove(document)
            if then is not None:
                then()
            return
        self._ask((document,), lambda: self._closed((document,), then))

    def close_all(self, then: Callable[[], None]) -> None:
        """Close all tabs; asks once when there is unsaved text, and calls ``then`` when done."""
        unsaved = tuple(one for one in self.documents if one.dirty)
        if not unsaved:
            self._closed(self.documents, then)
            return
        self._ask(unsaved, lambda: self._closed(self.documents, then))

    def save_all(self) -> bool:
        """Save every document with unsaved text; False when one could not be saved."""
        saved = [one.save() for one in self.documents if one.dirty]
        return all(saved)

    def _create(self, path: Path) -> Document | None:
        notify: Notifier = self._context.notify
        if not path.is_file() or path.is_symlink():
            what = "a link; links are never followed" if path.is_symlink() else "not a file"
            notify.warning(f"{path} is {what}. Nothing was opened.", replace=f"open:{path}")
            return None
        module = importlib.import_module(EDITOR_MODULE)
        if not self._commands_added:
            self._commands_added = True
            self._context.commands.add(*module.document_commands(self.current))
        try:
            document: Document = module.open_document(self._context, path)
        except FileProblem as problem:
            notify.error(str(problem), replace=f"open:{path}")
            return None
        index = self.addTab(document, icon("file-text"), "")
        self.setTabToolTip(index, str(path))
        close = QToolButton()
        close.setIcon(icon("close"))
        close.setAutoRaise(True)
        close.setIconSize(QSize(12, 12))
        close.setToolTip(f"Close {path.name} (Ctrl+W)")
        close.setAccessibleName(f"Close {path.name}")
        close.clicked.connect(lambda _checked=False: self.close_document(document))
        self.tabBar().setTabButton(index, self.tabBar().ButtonPosition.RightSide, close)
        document.dirty_changed.connect(lambda _dirty: self._name_tabs())
        document.caret_moved.connect(lambda _line, _column: self.current_changed.emit())
        self._name_tabs()
        return document

    def _name_tabs(self) -> None:
        """Put the folder's name beside file names that occur twice, and ● before unsaved ones."""
        names = [one.title for one in self.documents]
        for one in self.documents:
            name = one.title
            if names.count(name) > 1 or name.casefold() == "skill.md":
                name = f"{one.path.parent.name}/{name}"
            index = self.indexOf(one)
            self.setTabText(index, f"● {name}" if one.dirty else name)
        self.current_changed.emit()

    def _remove(self, document: Document) -> None:
        index = self.indexOf(document)
        if index < 0:
            return
        self.removeTab(index)
        document.hide()
        document.deleteLater()
        self._name_tabs()
        if self.count() == 0:
            self.emptied.emit()

    def _closed(self, documents: Sequence[Document], then: Callable[[], None] | None) -> None:
        for document in documents:
            self._remove(document)
        if then is not None:
            then()

    def _ask(self, unsaved: Sequence[Document], then: Callable[[], None]) -> None:
        box = QMessageBox(self.window())
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Unsaved text")
        names = ", ".join(f"{one.path.parent.name}/{one.title}" for one in unsaved[:4])
        more = f" and {len(unsaved) - 4} more" if len(unsaved) > 4 else ""
        box.setText(f"Save what you changed in {names}{more}?")
        box.setInformativeText("Text that is not saved is lost.")
        box.setStandardButtons(
            QMessageBox.StandardButton.Save
            | QMessageBox.StandardButton.Discard
            | QMessageBox.StandardButton.Cancel
        )
        box.setDefaultButton(QMessageBox.StandardButton.Save)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def answered(_result: int) -> None:
            pressed = box.standardButton(box.clickedButton())
            if pressed == QMessageBox.StandardButton.Save:
                saved = [one.save() for one in unsaved]
                if all(saved):
                    then()
            elif pressed == QMessageBox.StandardButton.Discard:
                for one in unsaved:
                    one.discard()
                then()

        box.finished.connect(answered)
        box.open()
