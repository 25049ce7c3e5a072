"""What prompts are made of, and what is put in place of secrets before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QStackedWidget, QWidget

from workbench.evolution.preview import SourcePreview, kinds_words, preview, preview_words
from workbench.gui.evolution.form_rows import words
from workbench.gui.evolution.setup_page import SetupPage
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobReporter
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines

_ICONS = {"trace": "traces", "document": "file-text", "skill": "library"}


class PreviewPage(QWidget):
    """Sources at the left, pieces of the selected one, as they would be sent, at the right."""

    left = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.said = words()
        self.list = TwoLineList("Sources of prompts", lambda one: (one.kind, one.name))
        self.samples = QPlainTextEdit()
        self.samples.setReadOnly(True)
        self.samples.setFont(mono_font(0.92))
        self.samples.setAccessibleName("Pieces as they would be sent")
        self.samples.setTabChangesFocus(True)
        self.back = push_button("Back to the set-up", self.left.emit)
        head = QFrame()
        inside = column(head, spacing=6)
        inside.setContentsMargins(16, 14, 16, 10)
        first = row(spacing=10)
        first.addWidget(words("What would be sent", heading=True), 1)
        first.addWidget(self.back)
        inside.addLayout(first)
        inside.addWidget(self.said)
        inside.addWidget(
            words(
                "Which pieces go into a prompt the engine decides while it runs. Nothing here has "
                "been sent, and no secret is shown.",
                muted=True,
            )
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("Looking at the texts", "Each is read once, as prompts are.", icon="eye")
        )
        self._stack.addWidget(SplitView((self.list, self.samples), sizes=(420, 520)))
        outer = column(self, spacing=0)
        outer.addWidget(head)
        outer.addWidget(self._stack, 1)
        self.list.chosen.connect(self._choose)
        self.setFocusProxy(self.list)

    def look(self, setup: SetupPage) -> None:
        """Look at what is chosen for the next run."""
        self._stack.setCurrentIndex(0)
        self.said.setText("")
        engine = setup.engine
        traces = setup.given_traces() if engine is not None and engine.wants_traces else ()
        documents, skills = setup.choice().documents, setup.given_skills()

        def work(reporter: JobReporter) -> tuple[SourcePreview, ...]:
            return preview(
                traces,
                documents,
                skills,
                progress=reporter.progress,
                cancelled=lambda: reporter.cancelled,
            )

        self._context.run_job(
            "Preview what would be sent", work, on_done=self.show_sources, owner=self
        )

    def show_sources(self, found: Sequence[SourcePreview]) -> None:
        """Show what was found; sources with replacements come first."""
        self.said.setText(preview_words(found))
        ordered = sorted(found, key=lambda one: -one.replaced)
        self.list.show_rows([(_lines(one), one) for one in ordered])
        self._stack.setCurrentIndex(1)
        self.list.select_first()

    def _choose(self, one: SourcePreview) -> None:
        text = "\n\n".join(one.samples)
        self.samples.setPlainText(one.problem or text or "Nothing is replaced in this source.")


def _lines(one: SourcePreview) -> TwoLines:
    kinds = kinds_words(one.kinds)
    return TwoLines(
        title=one.name,
        detail=one.problem or kinds or "nothing replaced",
        aside=f"{one.size / 1024:,.0f} KiB",
        icon="warning" if one.problem else _ICONS[one.kind],
        token="warning" if one.problem else ("accent" if one.replaced else "text_muted"),
    )
