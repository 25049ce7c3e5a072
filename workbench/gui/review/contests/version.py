"""One version of contested lines: whose it is, what speaks for it, and its text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from workbench.domain.proposal import Proposal
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.words import LEVEL_TONES, flips_text, level_text, status_text
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.buttons import link_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.review.text_diff.diff import changed_ranges

#: Lines beyond these are left out of the picture; "Open" shows all.
_MOST_LINES = 2000
#: Taller than so many lines a version scrolls by itself.
_MOST_SEEN = 14


class Version(QFrame):
    """A card. Without a proposal it is what stands there now. ``taken()``, ``opened()``.

    ``ends`` are its line ends in words, where they tell versions apart.
    """

    taken = Signal()
    opened = Signal()

    def __init__(
        self,
        name: str,
        lines: Sequence[str],
        *,
        base: Sequence[str] = (),
        what: str = "",
        proposal: Proposal | None = None,
        rejected: bool = False,
        ends: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        engine = proposal.engine.id.replace("_", " ") if proposal is not None else ""
        inside = column(self, spacing=4)
        head = row(spacing=6)
        label = QLabel(f"{name}  {engine}" if engine else name)
        label.setProperty("section", True)
        head.addWidget(label, 1)
        inside.addLayout(head)
        self.facts = ElidedLabel()
        self.facts.setProperty("muted", True)
        self.title = ElidedLabel()
        self.take = push_button(f"Take this ({name})", self.taken.emit)
        if proposal is not None:
            head.addWidget(_level(proposal))
            self.title.setText(" ".join(proposal.draft.title.split()))
            self.facts.setText(_facts(proposal, rejected=rejected))
        elif engine or what or name != "As it is":
            self.facts.setText("This proposal is not in the store any more.")
            self.take.setEnabled(False)
        if ends:
            told = (self.facts.text(), f"line ends: {ends}")
            self.facts.setText(" \N{MIDDLE DOT} ".join(filter(None, told)))
        for part in (self.title, self.facts):
            part.setVisible(bool(part.text()))
            inside.addWidget(part)
        self.text = CodeView(f"Version {name} {engine}".strip(), read_only=True)
        shown = tuple(lines)[:_MOST_LINES]
        text = "\n".join(visible(line) for line in shown)
        self.text.set_text(text if shown else (what or "(nothing)"))
        if base and shown:
            self.text.set_line_colours(_new_lines(base, shown))
        inside.addWidget(self.text)
        self._fit(len(shown))
        if proposal is not None:
            foot = row(spacing=8)
            foot.addWidget(self.take)
            foot.addWidget(link_button("Open", self.opened.emit))
            foot.addStretch(1)
            inside.addLayout(foot)
        for part in (self.title, self.facts):
            part.setTextFormat(Qt.TextFormat.PlainText)

    def _fit(self, lines: int) -> None:
        """Give the text the height of its lines, longer ones broken, within limits."""
        height = self.text.fontMetrics().lineSpacing()
        self.text.setFixedHeight(height * max(2, min(lines + 1, _MOST_SEEN)) + 14)


def _level(proposal: Proposal) -> Badge:
    gate = proposal.gate
    flips = flips_text(gate)
    text = f"{level_text(gate.level)} {flips}".strip()
    return Badge(text, LEVEL_TONES[gate.level])


def _facts(proposal: Proposal, *, rejected: bool) -> str:
    verified = sum(check.status == "verified" for check in proposal.checks)
    given = len(proposal.draft.evidence)
    parts = [
        "rejected here" if rejected else "",
        f"evidence {verified}/{given}" if given else "no evidence",
        status_text(proposal.status),
    ]
    return " \N{MIDDLE DOT} ".join(filter(None, parts))


def _new_lines(base: Sequence[str], lines: Sequence[str]) -> dict[int, str]:
    """Return the ground of each line that the base does not have, by number from 1."""
    ranges = changed_ranges(base, lines)
    return {at + 1: "add_background" for _, _, first, end in ranges for at in range(first, end)}
