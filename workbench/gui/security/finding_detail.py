"""The selected finding: where, why it matters, what to check, how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStackedWidget, QWidget

from workbench.domain.finding import Finding
from workbench.gui.security.excerpt import Excerpt, ExcerptView, read_excerpt
from workbench.gui.security.finding_filter import TONES, rule_words, visible
from workbench.gui.security.suppress_form import SuppressForm
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.elided_link import ElidedLink
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.security.suppress import Suppression

_LONG_WORD = re.compile(r"\S{40}")


class FindingDetail(QWidget):
    """One finding with all a person needs to decide about it.

    ``shown`` tells that the lines around it are there.
    """

    shown = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.finding: Finding | None = None
        self._folder = ""
        self._title = _label(heading=True)
        self._severity, self._confidence, self._state = Badge(), Badge(), Badge()
        self._about = _label(muted=True)
        self.place = ElidedLink("", self.open_place)
        self.open_button = push_button("Open at the line", self.open_place)
        self.evidence = ExcerptView()
        self._stale = _label(muted=True)
        self._texts = {name: _label(selectable=True) for name in ("reads", "why", "check", "fix")}
        self._titles = {
            "reads": _section("What it says, without its disguise"),
            "why": _section("Why it matters"),
            "check": _section("What to check"),
            "fix": _section("How to mend it"),
        }
        self._flow_title = _section("The way it takes")
        self._flow = column(spacing=0)
        self.suppress = SuppressForm()
        self._stack = QStackedWidget()
        self._nothing = EmptyState(
            "No finding selected", "Select a finding to see why it matters.", icon="security"
        )
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self._page())
        column(self, spacing=0).addWidget(self._stack)
        context.theme_changed.connect(lambda _name: self.evidence.refresh_colours())

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Show that there is no finding, and why."""
        self.finding = None
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_finding(
        self, finding: Finding, folder: str, expected: str | None, decision: Suppression | None
    ) -> None:
        """Show a finding.

        Args:
            finding: as judged.
            folder: the skill's folder.
            expected: the SHA-256 of the file when it was scanned.
            decision: the suppression it has.
        """
        self.finding, self._folder = finding, folder
        self._stack.setCurrentIndex(1)
        self._title.setText(rule_words(finding.rule))
        self._severity.set(finding.severity, TONES[finding.severity])
        self._confidence.set(f"{finding.confidence} confidence", "neutral")
        self._state.setVisible(finding.suppressed is not None)
        self._state.set("suppressed", "neutral")
        self._about.setText("  ·  ".join(_about(finding)))
        lines = str(finding.line)
        if finding.end_line > finding.line:
            lines += f"–{finding.end_line}"
        self.place.set_text(f"{finding.skill}/{finding.path}:{lines}")
        texts = {
            "reads": _breakable(visible(finding.decoded or "")),
            "why": finding.why,
            "check": finding.check,
            "fix": finding.fix,
        }
        for name, text in texts.items():
            self._texts[name].setText(text)
            self._texts[name].setVisible(bool(text))
            self._titles[name].setVisible(bool(text))
        self._show_flow(finding)
        self.suppress.show_decision(decision, finding.suppressed)
        self._context.spawn_thread(
            read_excerpt,
            folder,
            finding,
            expected,
            on_done=lambda excerpt: self._show_excerpt(finding, excerpt),
            owner=self,
        )

    def open_place(self) -> None:
        """Open the file at the finding's line."""
        if self.finding is not None:
            path = Path(self._folder) / self.finding.path
            self._context.request_file(path, self.finding.line)

    def _show_excerpt(self, finding: Finding, excerpt: Excerpt) -> None:
        if self.finding is not finding:
            return
        self.evidence.show_excerpt(excerpt)
        self._stale.setText(
            "The file is not what was scanned, so only the scanner's own text is shown."
            if excerpt.changed
            else ""
        )
        self._stale.setVisible(excerpt.changed)
        self.shown.emit()

    def _show_flow(self, finding: Finding) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        self._flow_title.setVisible(bool(finding.flow))
        for number, step in enumerate(finding.flow, start=1):
            path, line = Path(self._folder) / step.path, step.line
            text = f"{number}. {step.path}:{step.line}  {visible(step.text)[:120]}"

            def show(path: Path = path, line: int = line) -> None:
                self._context.request_file(path, line)

            self._flow.addWidget(ElidedLink(text, show))

    def _page(self) -> QWidget:
        body = QWidget()
        inside = column(body, spacing=6)
        inside.setContentsMargins(16, 12, 16, 12)
        head = row(spacing=6)
        head.addWidget(self._title, 1)
        head.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignTop)
        inside.addLayout(head)
        badges = row(spacing=6)
        for badge in (self._severity, self._confidence, self._state):
            badges.addWidget(badge)
        badges.addWidget(self.place)
        badges.addStretch(1)
        inside.addLayout(badges)
        inside.addWidget(self._about)
        inside.addSpacing(2)
        inside.addWidget(self.evidence)
        inside.addWidget(self._stale)
        for name, title in self._titles.items():
            inside.addSpacing(4)
            inside.addWidget(title)
            inside.addWidget(self._texts[name])
        inside.addSpacing(4)
        inside.addWidget(self._flow_title)
        inside.addLayout(self._flow)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        page = QWidget()
        outer = column(page, spacing=0)
        outer.addWidget(area, 1)
        foot = QFrame()
        foot.setObjectName("ProblemList")
        of_foot = column(foot)
        of_foot.setContentsMargins(16, 8, 16, 8)
        of_foot.addWidget(self.suppress)
        outer.addWidget(foot)
        return page


def _about(finding: Finding) -> list[str]:
    parts = [finding.category, f"pattern {finding.pattern}" if finding.pattern else ""]
    parts += list(finding.tags)
    return [part for part in (*parts, finding.plugin) if part]


def _breakable(text: str) -> str:
    """Return a text that can be wrapped: very long words get places to break."""
    return _LONG_WORD.sub("\\g<0>\u200b", text)


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def _label(*, heading: bool = False, muted: bool = False, selectable: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("heading", heading)
    label.setProperty("muted", muted)
    if selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
