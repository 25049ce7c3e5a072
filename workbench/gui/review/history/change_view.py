"""One change of a skill: who made it, what it did, the proposal, evidence and receipt behind it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QStackedWidget, QWidget

from workbench.domain.proposal import Receipt
from workbench.domain.text import counted
from workbench.gui.review.backend import short
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.diff.paint import HunkMark
from workbench.gui.review.diff.view import DiffView
from workbench.gui.review.evidence.rows import evidence_rows, open_evidence
from workbench.gui.review.evidence.view import EvidenceView
from workbench.gui.review.flow import Flow
from workbench.gui.review.history.reading import ShownChange
from workbench.gui.review.history.words import (
    engine_name,
    kind_badge,
    level_badge,
    name_of,
    short_text,
    when,
)
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import link_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.gui.widgets.split_view import SplitView
from workbench.review.history.origins import LineOrigin
from workbench.review.history.timeline import TimelineEntry

_SCOPES: Final = {
    "hunk": "Given for this hunk.",
    "whole": "Given for the whole hunk that was split, not for this part alone.",
    "file": "Given for the whole change, not for this hunk alone.",
    "none": "",
}
_MOST_SHOWN: Final = 3


class ChangeView(QWidget):
    """Shows a change; ``proposal_wanted`` and ``revert_wanted`` bring the id of a proposal."""

    proposal_wanted = Signal(str)
    revert_wanted = Signal(str)

    def __init__(
        self, context: AppContext, parent: QWidget | None = None, *, below: bool = False
    ) -> None:
        """With ``below`` the evidence stands under the diff, else beside it."""
        super().__init__(parent)
        self._context = context
        self.shown: ShownChange | None = None
        self.title = PlainLabel()
        self.title.setProperty("heading", True)
        self.kind, self.level = Badge(), Badge()
        self.made, self.behind, self.told = PlainLabel(), PlainLabel(), PlainLabel()
        self.left_out, self.receipt = PlainLabel(), PlainLabel()
        for label in (self.made, self.behind, self.told, self.left_out):
            label.setProperty("muted", True)
        for label in (self.title, self.made, self.behind, self.told, self.left_out, self.receipt):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open = push_button("Open proposal", self._ask_proposal)
        self.revert = push_button("Revert…", self._ask_revert)
        self.copy = push_button("Copy commit", self._copy)
        self.proof = link_button("Receipt", self._toggle_receipt)
        self.diff = DiffView()
        self.diff.editable = False
        self.diff.current_changed.connect(lambda _hunk: self._show_evidence())
        self.evidence = EvidenceView()
        self.evidence.opened.connect(lambda one: open_evidence(context, one))
        self._nothing = EmptyState(
            "No change is selected", "Select one to see what it did and why.", icon="history"
        )
        self._unseen = EmptyState("No lines to show", "", icon="file-text")
        self._stack = QStackedWidget()
        self._changes = QStackedWidget()
        self._lay_out(below=below)

    def _lay_out(self, *, below: bool) -> None:
        head = QFrame()
        inside = column(head, spacing=6)
        inside.setContentsMargins(16, 12, 16, 10)
        badges = row(spacing=6)
        badges.addWidget(self.kind)
        badges.addWidget(self.level)
        badges.addStretch(1)
        acts = Flow(spacing=6)
        for part in (self.open, self.revert, self.copy, self.proof):
            acts.addWidget(part)
        self.receipt.setFont(mono_font(0.9))
        inside.addWidget(self.title)
        inside.addLayout(badges)
        for label in (self.made, self.behind, self.told, self.receipt, self.left_out):
            inside.addWidget(label)
        inside.addLayout(acts)
        body = QWidget()
        whole = column(body, spacing=0)
        whole.addWidget(head)
        self._changes.addWidget(self.diff)
        self._changes.addWidget(self._unseen)
        whole.addWidget(self._changes, 1)
        sizes = (420, 200) if below else (600, 300)
        split = SplitView((body, self.evidence), vertical=below, sizes=sizes, stretch=(1, 0))
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(split)
        column(self, spacing=0).addWidget(self._stack)

    # What is shown

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why no change is shown."""
        self.shown = None
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_change(self, shown: ShownChange, line: LineOrigin | None = None) -> None:
        """Show a change, at the hunk that brought a line where one is given."""
        self.shown = shown
        entry = shown.facts.entry
        self.title.setText(short_text(entry.title) or "No message")
        self.kind.set(*kind_badge(entry))
        level = level_badge(entry.gate)
        self.level.setVisible(level is not None)
        if level is not None:
            self.level.set(*level)
        self._say(self.made, self._who(entry))
        self._say(self.behind, self._proposed(shown))
        self.behind.setToolTip(f"Run {entry.job}" if entry.job else "")
        self._say(self.told, shown.facts.told)
        self._say(self.left_out, _left_out(shown.facts.diff.left_out))
        self._show_receipt(shown.facts.receipt)
        self._show_acts(shown)
        marks = [
            HunkMark(silent=True, evidence=_evidence_words(shown, hunk.evidence))
            for hunk in shown.hunks
        ]
        self.diff.show_diff(shown.hunks, shown.lines, marks)
        self._changes.setCurrentIndex(0 if shown.hunks else 1)
        self._unseen.set_texts("No lines to show", _why_no_lines(shown))
        self.diff.set_current(0 if line is None else self._hunk_of(line))
        self._stack.setCurrentIndex(1)
        self._show_evidence()

    def refresh(self) -> None:
        """Draw with the colours of a new theme, and look for traces again."""
        self.diff.viewport().update()
        self.evidence.list.viewport().update()
        if self.shown is not None:
            self._show_evidence()

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))

    @staticmethod
    def _who(entry: TimelineEntry) -> str:
        if entry.kind == "uncommitted":
            return "In the work tree, in no commit yet"
        where = f"commit {entry.commit[:10]}" if entry.commit else "in no commit"
        who = visible(entry.author[:300]) or "nobody knows who"
        return " · ".join(part for part in (who, when(entry.time), where) if part)

    @staticmethod
    def _proposed(shown: ShownChange) -> str:
        entry = shown.facts.entry
        if not entry.proposal:
            return ""
        parts = [f"proposal {entry.proposal}"]
        if entry.engine:
            parts.insert(0, engine_name(entry.engine))
        if entry.reviewer:
            parts.append(f"reviewed by {name_of(entry.reviewer)}")
        return " · ".join(parts)

    def _show_receipt(self, receipt: Receipt | None) -> None:
        self.proof.setVisible(receipt is not None)
        self.proof.setText("Receipt")
        self.receipt.hide()
        if receipt is None:
            return
        lines = [
            f"{file.path}: {short(file.before_sha256)} → {short(file.after_sha256)}"
            for file in receipt.files
        ]
        named = receipt.revert_commit or receipt.commit
        lines.append(f"content {short(receipt.content_hash)}, by {name_of(receipt.reviewer)}")
        lines.append(f"{when(receipt.time)}, " + (f"commit {named[:12]}" if named else "no commit"))
        self.receipt.setText("\n".join(lines))

    def _toggle_receipt(self) -> None:
        self.receipt.setVisible(not self.receipt.isVisible())
        self.proof.setText("Hide receipt" if self.receipt.isVisible() else "Receipt")

    def _show_acts(self, shown: ShownChange) -> None:
        facts = shown.facts
        self.open.setVisible(bool(facts.entry.proposal))
        self.open.setEnabled(facts.proposal is not None)
        self.open.setToolTip("" if facts.proposal is not None else facts.told)
        self.revert.setVisible(facts.entry.kind == "applied")
        self.revert.setEnabled(not facts.why_not_revert)
        tip = facts.why_not_revert or "Take it back on the desk; later changes are merged"
        self.revert.setToolTip(tip[:1].upper() + tip[1:])
        self.revert.setAccessibleDescription(tip)
        self.copy.setVisible(bool(facts.entry.commit))

    # Evidence

    def _hunk_of(self, line: LineOrigin) -> int:
        """Return the hunk that brought a line, the first where it cannot be told."""
        for number, hunk in enumerate(self.shown.hunks if self.shown is not None else ()):
            last = hunk.new_start + len(hunk.new_lines)
            if hunk.path == line.path and hunk.new_start <= line.origin < last:
                return number
        return 0

    def _show_evidence(self) -> None:
        shown = self.shown
        if shown is None:
            return
        at = self.diff.current
        if shown.facts.proposal is None:
            rows = evidence_rows(self._context, shown.evidence)
            scope = "As the commit tells it."
        elif 0 <= at < len(shown.hunks):
            hunk = shown.hunks[at]
            rows = evidence_rows(self._context, shown.evidence, hunk.evidence)
            scope = _SCOPES[hunk.evidence_scope]
        else:
            rows, scope = evidence_rows(self._context, shown.evidence), ""
        if rows:
            self.evidence.show_rows(rows, scope)
        elif shown.facts.entry.proposal:
            self.evidence.set_nothing("No evidence", "Nothing was quoted for this hunk.")
        else:
            self.evidence.set_nothing(
                "No evidence", "A person changed this; no proposal and no trace is behind it."
            )

    # Acts

    def _ask_proposal(self) -> None:
        if self.shown is not None and self.shown.facts.proposal is not None:
            self.proposal_wanted.emit(self.shown.facts.proposal.id)

    def _ask_revert(self) -> None:
        if self.shown is not None and not self.shown.facts.why_not_revert:
            self.revert_wanted.emit(self.shown.facts.entry.proposal)

    def _copy(self) -> None:
        if self.shown is not None:
            QGuiApplication.clipboard().setText(self.shown.facts.entry.commit)
            self._context.notify.info("Copied the name of the commit.", replace="copied")


def _evidence_words(shown: ShownChange, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    found = {check.evidence for _, check in shown.evidence if check.status == "verified"}
    return f"evidence {sum(name in found for name in names)}/{len(names)}"


def _left_out(texts: tuple[str, ...]) -> str:
    if not texts:
        return ""
    more = len(texts) - _MOST_SHOWN
    rest = f"\nAnd {counted(more, 'more file')}." if more > 0 else ""
    return "Not shown: " + "\n".join(texts[:_MOST_SHOWN]) + rest


def _why_no_lines(shown: ShownChange) -> str:
    if shown.facts.diff.left_out:
        return "What changed is named above."
    if shown.facts.entry.kind == "merge":
        return "This merge changed no file of the skill itself."
    return "Nothing of this change is in the files of the skill."
