"""Saving a comparison: the person says where, the name's ending says as what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.files import write_atomic
from workbench.gui.shell.context import AppContext
from workbench.traces.compare.document import Report, as_html, as_markdown

_FILTERS = "Web page (*.html);;Markdown (*.md);;JSON (*.json)"

#: What makes the report, and what makes the JSON document.
Made = tuple[Callable[[], Report], Callable[[], dict[str, object]]]


def ask_report(context: AppContext, owner: QWidget, made: Made, name: str) -> None:
    """Ask for a file and write the comparison there, beside the window."""
    dialog = QFileDialog(owner.window(), "Save a report of the comparison", str(Path.home()))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(_FILTERS)
    dialog.selectFile(f"{name}.html")
    dialog.setDefaultSuffix("html")
    dialog.fileSelected.connect(lambda path: save_report(context, owner, made, Path(path)))
    dialog.finished.connect(lambda _result: dialog.deleteLater())
    dialog.open()


def save_report(context: AppContext, owner: QObject, made: Made, path: Path) -> None:
    """Write the comparison to a file: .json, .md, anything else as HTML."""

    def done(written: Path) -> None:
        context.notify.info(f"The comparison is in {written}.", replace="comparison")

    context.spawn_thread(_write, made, path, on_done=done, owner=owner)


def _write(made: Made, path: Path) -> Path:
    report, document = made
    if path.suffix == ".json":
        data = msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"
    elif path.suffix in (".md", ".markdown"):
        data = as_markdown(report()).encode("utf-8", "replace")
    else:
        data = as_html(report()).encode("utf-8", "replace")
    # The dialog has asked whether a file that is there may be replaced.
    write_atomic(path, data)
    return path
