"""Opens files in tabs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.gui.editor.document import FileDocument
from workbench.gui.editor.file_text import read_file
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.document import Document


def open_document(context: AppContext, path: Path) -> Document:
    """Return the document of a file.

    Raises:
        FileProblem: it is gone, a link, or cannot be read.
    """
    return FileDocument(context, read_file(path))


def document_commands(current: Callable[[], Document | None]) -> tuple[Command, ...]:
    """Return the commands of the document in front, which ``current`` gives."""

    def file() -> FileDocument | None:
        document = current()
        return document if isinstance(document, FileDocument) else None

    def why_none() -> str | None:
        return None if file() else "no file is open (Ctrl+P)."

    def find() -> None:
        if (document := file()) is not None:
            document.find_bar.ask()

    def toggle(name: str) -> Callable[[], None]:
        def run() -> None:
            if (document := file()) is not None:
                document.toggle_side(name)

        return run

    return (
        Command(
            "edit.find",
            "Find in file",
            "Edit",
            find,
            ("Ctrl+F",),
            when=why_none,
            icon="search",
            group=2,
        ),
        Command(
            "view.form",
            "Show or hide the form",
            "View",
            toggle("Form"),
            ("Ctrl+Shift+E",),
            when=why_none,
            icon="settings",
            group=5,
        ),
        Command(
            "view.preview",
            "Show or hide the preview",
            "View",
            toggle("Preview"),
            ("Ctrl+Shift+V",),
            when=why_none,
            icon="eye",
            group=5,
        ),
    )
