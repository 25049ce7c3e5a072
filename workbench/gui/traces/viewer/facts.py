"""What is known of a trace as a whole: shown in the inspector beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from workbench.domain.text import counted
from workbench.domain.trajectory import Trajectory
from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.step_marks import seconds_of
from workbench.gui.traces.words import SKILL_WORDS, count, day
from workbench.gui.widgets.buttons import icon_button, primary_button
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.traces.times import duration_words
from workbench.traces.titles import title_of

_STEP = Qt.ItemDataRole.UserRole
_DETAIL = Qt.ItemDataRole.UserRole + 1
_MOST = 500
_MOST_SCORES = 12
#: Names stand in one column, whichever part of the inspector shows them.
NAMES_WIDTH = 88
#: A title that is a whole prompt would push the figures away.
_TITLE = 110
_EVENT_SIGNS = {"load_failed": ("error", "error"), "loaded": ("spark", "data_4")}


class PlaceSection(QWidget):
    """A part of the inspector that another module gives."""

    def show_place(self, place: TracePlace | None) -> None:
        """Show another trace."""


class TraceFacts(QWidget):
    """Figures, skill events and subagents of one trace.

    ``step_chosen(step)`` and ``subagent_chosen(ordinal)`` ask for a place in that trace,
    ``open_asked`` for the trace itself.
    """

    step_chosen = Signal(int)
    subagent_chosen = Signal(int)
    open_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place: TracePlace | None = None
        self._title = QLabel()
        self._title.setProperty("heading", True)
        self._title.setWordWrap(True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._where = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._where.setProperty("muted", True)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(4)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.events = _listed("Skill events of the trace")
        self.subagents = _listed("Subagents of the trace")
        self.losses = _listed("Records that are not shown as steps")
        self._titles = {one: _section("") for one in (self.events, self.subagents, self.losses)}
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("No trace selected", "Select a trace to see its figures.", icon="traces")
        )
        self._sections: list[PlaceSection] = []
        self._extra = column(spacing=8)
        self._stack.addWidget(self._page())
        column(self, spacing=0).addWidget(self._stack)
        for listed, signal in (
            (self.events, self.step_chosen),
            (self.subagents, self.subagent_chosen),
        ):
            for used in (listed.itemActivated, listed.itemClicked):
                used.connect(lambda item, signal=signal: signal.emit(item.data(_STEP)))

    def _page(self) -> QWidget:
        body = QWidget()
        inside = column(body, spacing=8)
        inside.setContentsMargins(16, 16, 16, 16)
        inside.addWidget(self._title)
        place = row(spacing=4)
        place.addWidget(self._where, 1)
        place.addWidget(icon_button("copy", "Copy the path of the trace", self._copy_path))
        inside.addLayout(place)
        self.open_button = primary_button("Open trace", self.open_asked.emit)
        inside.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addSpacing(4)
        inside.addLayout(self._form)
        inside.addLayout(self._extra)
        for listed, title in self._titles.items():
            inside.addSpacing(8)
            inside.addWidget(title)
            inside.addWidget(listed)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        return area

    def add_section(self, section: PlaceSection) -> None:
        """Show a part of its own below the figures."""
        self._extra.addSpacing(8)
        self._extra.addWidget(section)
        self._sections.append(section)

    def show_place(self, place: TracePlace | None, *, opened: bool) -> None:
        """Show a trace; ``opened`` says that its steps are in front already."""
        self._place = place
        self._stack.setCurrentIndex(0 if place is None else 1)
        if place is None:
            return
        one = place.trajectory
        title = title_of(one)
        self._title.setText(title if len(title) <= _TITLE else f"{title[:_TITLE]}…")
        self._title.setToolTip(title)
        self._where.setText(place.path)
        self.open_button.setVisible(not opened)
        while self._form.rowCount():
            self._form.removeRow(0)
        for name, value in figures(one):
            label = QLabel(name)
            label.setProperty("muted", True)
            label.setMinimumWidth(NAMES_WIDTH)
            text = ElidedLabel(value)
            self._form.addRow(label, text)
        for section in self._sections:
            section.show_place(place)
        self._list_events(one)
        self._list_subagents(one)
        self._list_losses(one)

    def _list_events(self, one: Trajectory) -> None:
        used = [event for event in one.skill_events if event.kind != "listed"]
        listed = len({event.skill for event in one.skill_events if event.kind == "listed"})
        self.events.clear()
        for event in used[:_MOST]:
            item = QListWidgetItem(
                icon(*_EVENT_SIGNS.get(event.kind, ("file-text", "text_muted"))), event.skill
            )
            item.setData(_DETAIL, f"{SKILL_WORDS[event.kind]}  ·  {event.step}")
            item.setData(_STEP, event.step)
            item.setToolTip(
                f"{event.skill} {SKILL_WORDS[event.kind]} in step {event.step}\n"
                f"Trigger: {event.trigger}, evidence: {event.confidence}\n{event.detail}".rstrip()
            )
            self.events.addItem(item)
        words = f"Skill events  {len(used)}" if used else "No skill was used"
        offered = f", {listed} listed" if listed else ""
        self._titles[self.events].setText(f"{words}{offered}")
        _fit(self.events, 10)

    def _list_subagents(self, one: Trajectory) -> None:
        self.subagents.clear()
        for number, child in enumerate(one.children[:_MOST]):
            item = QListWidgetItem(icon("branch"), title_of(child))
            item.setData(_DETAIL, counted(len(child.steps), "step"))
            item.setData(_STEP, number)
            item.setToolTip(title_of(child))
            self.subagents.addItem(item)
        self._titles[self.subagents].setText(f"Subagents  {len(one.children)}")
        self._titles[self.subagents].setVisible(bool(one.children))
        _fit(self.subagents, 6)

    def _list_losses(self, one: Trajectory) -> None:
        self.losses.clear()
        told = [(entry.kind, entry.count) for entry in one.loss.ignored]
        told += [(f"field {entry.kind}", entry.count) for entry in one.loss.lost_fields]
        if one.loss.unparsed:
            told.append(("not readable", len(one.loss.unparsed)))
        for kind, number in told[:_MOST]:
            item = QListWidgetItem(icon("info"), kind)
            item.setData(_DETAIL, f"{number:,}")
            self.losses.addItem(item)
        self._titles[self.losses].setText(f"Not shown as steps  {sum(n for _, n in told):,}")
        self._titles[self.losses].setVisible(bool(told))
        _fit(self.losses, 6)

    def _copy_path(self) -> None:
        if self._place is not None:
            QGuiApplication.clipboard().setText(self._place.path)


def figures(one: Trajectory) -> list[tuple[str, str]]:
    """Return names and values of what is recorded of a trace; what is not is left out."""
    totals = one.totals
    started, ended = seconds_of(one.started), seconds_of(one.ended)
    lasted = duration_words(ended - started) if started is not None and ended is not None else ""
    tests = f"{one.outcome.tests_passed} of {one.outcome.tests_total}"
    found = [
        ("Agent", one.agent or ""),
        ("Model", one.model or ""),
        ("Format", " ".join(filter(None, (one.format, one.format_version)))),
        ("Tests", tests if one.outcome.tests_total is not None else ""),
        *_scores(one),
        ("Started", day(one.started)),
        ("Duration", lasted),
        ("Steps", f"{len(one.steps):,}"),
        ("Messages", f"{one.messages:,}"),
        ("Tokens in", "" if totals.input is None else count(totals.input)),
        ("… cached", "" if totals.cached is None else count(totals.cached)),
        ("Tokens out", "" if totals.output is None else count(totals.output)),
        ("Folder", one.cwd or ""),
        ("Complete", "" if one.complete else _missing(one)),
    ]
    return [(name, value) for name, value in found if value]


def _scores(one: Trajectory) -> list[tuple[str, str]]:
    """Return what each scorer said, where there are several; the first is the reward."""
    told = [(score.name, score.value, score.text) for score in one.outcome.scores[:_MOST_SCORES]]
    lines = [
        f"{name}: {' '.join(filter(None, ('' if value is None else f'{value:g}', text)))}"
        for name, value, text in told
    ]
    more = len(one.outcome.scores) - len(lines)
    lines += [f"{more} more"] if more else []
    return [("" if number else "Scores", line) for number, line in enumerate(lines)]


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def _listed(name: str) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName(name)
    made.setItemDelegate(DetailRow(_DETAIL, made))
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


def _fit(listed: QListWidget, most: int) -> None:
    listed.setVisible(listed.count() > 0)
    listed.setFixedHeight(min(most, listed.count()) * 26 + 4)


def _missing(one: Trajectory) -> str:
    return "no, only its end was read" if one.skipped else "no, it breaks off"
