"""Contested lines: as they are, and as each proposal would have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from workbench.domain.proposal import Proposal
from workbench.domain.text import counted
from workbench.gui.review.contests.version import Version
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.review.contests import Contest, Side
from workbench.review.text_diff.blanks import ends_in_words


class ContestPage(QWidget):
    """One contest at a time. ``taken(contest, side)``, ``refused(contest)``, ``opened(id)``.

    Keys: 1 to 9 take a version, N and P go on and back, U undoes, Escape leaves.
    """

    taken = Signal(object, object)
    refused = Signal(object)
    opened = Signal(str)
    undone = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._contests: tuple[Contest, ...] = ()
        self._proposals: Mapping[str, Proposal] = {}
        self._at = 0
        self.versions: list[Version] = []
        self.title = QLabel("Contested lines")
        self.title.setProperty("heading", True)
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.place = QLabel()
        self.place.setTextFormat(Qt.TextFormat.PlainText)
        self.place.setWordWrap(True)
        self.previous = icon_button("arrow-up", "Previous contest", lambda: self.step(-1))
        self.next = icon_button("arrow-down", "Next contest", lambda: self.step(1))
        self.undo = icon_button("undo", "Undo", self.undone.emit, shortcut="U")
        self.refuse = push_button("Reject all…", lambda: self.refused.emit(self.contest))
        self._versions = column(spacing=12)
        self._lay_out()

    def _lay_out(self) -> None:
        head = row(spacing=4)
        head.addWidget(self.title, 1)
        for part in (self.count, self.undo, self.previous, self.next):
            head.addWidget(part)
        inside = column(self, spacing=8)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.addLayout(head)
        inside.addWidget(self.place)
        body = QWidget()
        body.setLayout(self._versions)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        inside.addWidget(scroll, 1)
        foot = row(spacing=8)
        foot.addWidget(self.refuse)
        foot.addStretch(1)
        foot.addWidget(push_button("Back to the proposal", self.left.emit))
        inside.addLayout(foot)

    @property
    def contest(self) -> Contest | None:
        """What is shown."""
        return self._contests[self._at] if self._contests else None

    def show_contests(
        self,
        contests: Sequence[Contest],
        proposals: Mapping[str, Proposal],
        *,
        can_undo: bool,
    ) -> None:
        """Show contests, beginning with the one shown before where it is still there."""
        before = self.contest
        self._contests, self._proposals = tuple(contests), proposals
        places = [(one.path, one.start) for one in contests]
        same = (before.path, before.start) if before is not None else None
        self._at = places.index(same) if same in places else min(self._at, len(places) - 1)
        self._at = max(0, self._at)
        self.undo.setEnabled(can_undo)
        self._show()

    def step(self, by: int) -> None:
        """Go to another contest, round and round."""
        if self._contests:
            self._at = (self._at + by) % len(self._contests)
            self._show()

    def take(self, number: int) -> None:
        """Take a version by its number from 1."""
        if self.contest is not None and 0 < number <= len(self.contest.sides):
            self.taken.emit(self.contest, self.contest.sides[number - 1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif text.isascii() and text.isdigit() and text != "0":
            self.take(int(text))
        elif event.key() in (Qt.Key.Key_N, Qt.Key.Key_P):
            self.step(1 if event.key() == Qt.Key.Key_N else -1)
        elif event.key() == Qt.Key.Key_U and self.undo.isEnabled():
            self.undone.emit()
        elif not text:
            super().keyPressEvent(event)

    def _show(self) -> None:
        while (item := self._versions.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self._versions.addStretch(1)
        self.versions = []
        contest = self.contest
        several = len(self._contests) > 1
        self.count.setText(f"{self._at + 1} of {len(self._contests)}" if several else "")
        self.previous.setEnabled(several)
        self.next.setEnabled(several)
        self.refuse.setEnabled(contest is not None and not contest.settled)
        if contest is None:
            self.place.setText("Nothing is contested any more.")
            return
        self.place.setText(_described(contest))
        if not contest.whole:
            self._add(
                Version("As it is", contest.base_lines, ends=_ends(contest, contest.base_lines))
            )
        for number, side in enumerate(contest.sides, 1):
            self._add(self._version(contest, number, side))

    def _version(self, contest: Contest, number: int, side: Side) -> Version:
        version = Version(
            f"{number}",
            side.lines,
            base=contest.base_lines,
            what=side.what,
            proposal=self._proposals.get(side.proposal),
            rejected=side.rejected,
            ends=_ends(contest, side.lines),
        )
        version.taken.connect(lambda: self.take(number))
        version.opened.connect(lambda: self.opened.emit(side.proposal))
        return version

    def _add(self, version: Version) -> None:
        self.versions.append(version)
        self._versions.insertWidget(self._versions.count() - 1, version)


def _ends(contest: Contest, lines: Sequence[str]) -> str:
    return ends_in_words(lines) if contest.ends_differ else ""


def _described(contest: Contest) -> str:
    where = contest.path
    if not contest.whole:
        lines = f"line {contest.start}"
        if contest.end > contest.start:
            lines = f"lines {contest.start} to {contest.end}"
        elif contest.end < contest.start:
            lines = f"before line {contest.start}"
        where = f"{where}, {lines}"
    count = counted(len(contest.sides), "proposal")
    if contest.settled:
        return f"{where}: settled; one version is left."
    if contest.only_ends:
        where = f"{where}, only line ends"
    if contest.agreed:
        return f"{where}: {count} would write the same here. Take one of them."
    return f"{where}: {count} want to change this, each in its own way. Take one version."
