"""Giving a review to others: a report for a pull request, or a patch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.files import write_atomic
from workbench.gui.review.backend import Opened
from workbench.gui.review.work import Work
from workbench.gui.shell.context import AppContext
from workbench.review.applying.patch import patch_of
from workbench.review.plan import ReviewProblem
from workbench.review.report.content import report_of
from workbench.review.report.html import html_report
from workbench.review.report.markdown import markdown_report
from workbench.review.session import Review

Kind = Literal["report", "patch"]

_TITLES: dict[Kind, str] = {"report": "Save the report", "patch": "Save the patch"}
_FILTERS: dict[Kind, str] = {
    "report": "Markdown (*.md);;Web page (*.html)",
    "patch": "Patch for git am (*.patch)",
}
_ENDINGS: dict[Kind, str] = {"report": ".md", "patch": ".patch"}


class ReviewExport(QObject):
    """Asks where, writes beside the window, and tells where it is."""

    def __init__(self, context: AppContext, work: Work, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._work = work
        self._window = window

    def ask(self, kind: Kind, opened: Opened) -> None:
        """Ask for a file and write the review there, as it is kept in the store."""
        review = opened.review
        dialog = QFileDialog(self._window.window(), _TITLES[kind])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(_FILTERS[kind])
        dialog.setDefaultSuffix(_ENDINGS[kind][1:])
        dialog.selectFile(f"{review.proposal.id}{_ENDINGS[kind]}")
        dialog.fileSelected.connect(lambda path: self.write(kind, review, Path(path)))
        dialog.open()

    def write(self, kind: Kind, review: Review, out: Path) -> None:
        """Write the file in a thread."""
        self._work.start(
            "export",
            written,
            kind,
            review,
            out,
            on_done=lambda path: self._context.notify.info(f"Saved {path}.", replace="export"),
            on_problem=lambda text: self._context.notify.warning(text, replace="export"),
        )


def written(kind: Kind, review: Review, out: Path) -> Path:
    """Write a report or a patch; return where.

    Raises:
        ReviewProblem: nothing is accepted, so there is no patch.
        GitMissing, GitProblem: git is needed for a patch.
        FileProblem: the file cannot be written.
    """
    if kind == "patch":
        decision = review.decision
        if decision is None:
            raise ReviewProblem(
                "Nothing is accepted yet, so there is no patch. Accept hunks first."
            )
        write_atomic(out, patch_of(review, decision))
        return out
    report = report_of(review)
    as_page = out.suffix.lower() in (".html", ".htm")
    text = html_report(report) if as_page else markdown_report(report)
    write_atomic(out, text.encode("utf-8", "replace"))
    return out
