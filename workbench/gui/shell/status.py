"""The status bar: of the library at the left, of the current document at the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.buttons import WordButton, icon_button
from workbench.gui.widgets.layouts import row

Run = Callable[[str], object]


class StatusBar(QStatusBar):
    """Problems, jobs with progress and Cancel, git; then place, client profile, size."""

    def __init__(self, context: AppContext, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setSizeGripEnabled(False)
        self.problems = _button("Problems", lambda: run("view.problems"))
        self.problems.setIcon(icon("check-circle"))
        self.jobs = _button("Jobs", lambda: run("view.jobs"))
        self.progress = QProgressBar()
        self.progress.setFixedSize(120, 8)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the running job")
        self.cancel = icon_button("close", "Cancel the running job", self._cancel)
        job = QWidget()
        line = row(job, spacing=4)
        line.addWidget(self.jobs)
        line.addWidget(self.progress)
        line.addWidget(self.cancel)
        self.branch = _button("Git", lambda: run("file.reload"))
        self.branch.setIcon(icon("branch"))
        for widget in (self.branch, self.problems, job):
            self.addWidget(widget)
        self.place = _button("Line and column", lambda: run("edit.go_to_line"))
        self.client = _button("Client profile", lambda: run("skill.choose_client"))
        self.size_label = QLabel()
        for permanent in (self.place, self.size_label, self.client):
            self.addPermanentWidget(permanent)
        self.jobs.hide()
        self.progress.hide()
        self.cancel.hide()
        self.show_problems()
        self.show_branch("", "")
        self.show_document(None, "")

    def follow(self) -> None:
        """Begin to follow problems and jobs; the first frame has neither."""
        self._context.problems_changed.connect(self.show_problems)
        self._context.jobs.changed.connect(self.show_jobs)
        self.show_problems()
        self.show_jobs()

    def show_problems(self) -> None:
        """Count errors and warnings."""
        found = [problem.severity for problem in self._context.problems]
        errors, warnings = found.count("error"), found.count("warning")
        rest = len(found) - errors - warnings
        text = f"{errors} errors, {warnings} warnings" if found else "No problems"
        self.problems.setText(text)
        sign, token = ("error", "error") if errors else ("warning", "warning")
        if not errors and not warnings:
            sign, token = "check-circle", "text_muted"
        self.problems.setIcon(icon(sign, token))
        self.problems.setAccessibleName(f"Problems: {text}")
        self.problems.setToolTip(f"{text}, {rest} notes and hints. Show Problems (Ctrl+Shift+M)")

    def show_jobs(self) -> None:
        """Show the running job, or how many."""
        active = self._context.jobs.active
        self.progress.setVisible(bool(active))
        self.cancel.setVisible(len(active) == 1)
        if not active:
            self.jobs.setText("")
            self.jobs.hide()
            return
        self.jobs.show()
        newest = active[-1]
        text = newest.title if len(active) == 1 else f"{len(active)} jobs"
        if newest.state == "cancelling":
            text = f"Cancelling {newest.title}…"
        self.jobs.setText(text)
        self.jobs.setAccessibleName(f"Jobs: {text}")
        self.jobs.setToolTip(newest.text or "Show Jobs")
        if newest.fraction is None:
            self.progress.setRange(0, 0)
        else:
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(newest.fraction * 1000))

    def show_branch(self, text: str, tip: str) -> None:
        """Show the library's git state; an empty text hides it."""
        self.branch.setVisible(bool(text))
        self.branch.setText(text)
        self.branch.setToolTip(tip)
        self.branch.setAccessibleName(f"Git: {text}")

    def show_document(self, caret: tuple[int, int] | None, size: str) -> None:
        """Show the place in the current document, or hide it."""
        self.place.setVisible(caret is not None)
        self.size_label.setVisible(bool(size))
        self.size_label.setText(size)
        if caret is not None:
            self.place.setText(f"Ln {caret[0]}, Col {caret[1]}")
            self.place.setAccessibleName(f"Line {caret[0]}, column {caret[1]}")
            self.place.setToolTip("Go to line (Ctrl+G)")

    def show_client(self, text: str) -> None:
        """Show which client skills are checked for."""
        self.client.setText(text)
        self.client.setAccessibleName(f"Client profile: {text}")
        self.client.setToolTip("Choose the client whose problems are listed")

    def _cancel(self) -> None:
        for entry in self._context.jobs.active[-1:]:
            self._context.jobs.cancel(entry.id)


def _button(name: str, run: Callable[[], object]) -> QToolButton:
    button = WordButton()
    button.setIconSize(QSize(14, 14))
    button.setAccessibleName(name)
    button.setAutoRaise(True)
    button.clicked.connect(lambda _checked=False: run())
    return button
