"""What a trace used, in the inspector: counts that lead to their first step, tokens, cost, the
context's growth, and the files that were touched."""

from __future__ import annotations

import posixpath
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QListWidget, QListWidgetItem, QWidget

from workbench.domain.text import counted
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.step_marks import Mark, StepMarks, marks_of
from workbench.gui.traces.viewer.facts import NAMES_WIDTH, PlaceSection
from workbench.gui.traces.viewer.trace_sums import (
    AgentSums,
    ContextCurve,
    context_of,
    cost_texts,
    sums_of,
)
from workbench.gui.traces.words import count
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column
from workbench.gui.widgets.sparkline import Sparkline
from workbench.traces.prices import Cost
from workbench.traces.touched import TouchedFile, touched_files

_DETAIL = Qt.ItemDataRole.UserRole + 1
_FILE = Qt.ItemDataRole.UserRole
_MOST_FILES = 500
_ROW = 26
#: Traces that are only passed by in a list are not added up.
_PAUSE_MS = 200
_WORK_S = 0.004
_REST_S = 0.008
_COUNTED = (
    ("Prompts", Mark.PROMPT),
    ("Tool calls", Mark.TOOL),
    ("Errors", Mark.ERROR),
    ("Edits", Mark.EDIT),
    ("Compactions", Mark.COMPACTION),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the section shows of a place, worked out in a thread."""

    steps: int
    places: tuple[tuple[str, Mark, int], ...]
    sums: AgentSums
    context: ContextCurve


class UseFacts(PlaceSection):
    """``first_asked(mark)``, ``step_asked(step)`` and ``file_asked(file)`` ask for steps."""

    first_asked = Signal(object)
    step_asked = Signal(int)
    file_asked = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._place: TracePlace | None = None
        self._stop = threading.Event()
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(4)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.files_title = QLabel()
        self.files_title.setProperty("section", True)
        self.files = QListWidget()
        self.files.setAccessibleName("Files the trace touched")
        self.files.setItemDelegate(DetailRow(_DETAIL, self.files))
        self.files.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for used in (self.files.itemActivated, self.files.itemClicked):
            used.connect(lambda item: self.file_asked.emit(item.data(_FILE)))
        inside = column(self, spacing=8)
        inside.addLayout(self._form)
        inside.addWidget(self.files_title)
        inside.addWidget(self.files)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_PAUSE_MS)
        self._waiting.timeout.connect(self._read)
        self._clear()

    def show_place(self, place: TracePlace | None) -> None:
        """Show another trace, when it is looked at for a moment."""
        before = self._place
        if place and before and place.trajectory is before.trajectory:
            return
        self._place = place
        self._stop.set()
        self._clear()
        if place is not None:
            self._waiting.start()

    def _clear(self) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        self.files.clear()
        self.files.hide()
        self.files_title.hide()

    def _read(self) -> None:
        place = self._place
        if place is None:
            return
        stop = self._stop = threading.Event()

        def shown(found: Facts) -> None:
            if not stop.is_set():
                self._show(found)
                spawn(_files, place, stop.is_set, on_done=listed, on_error=_give_up, owner=self)

        def listed(files: tuple[TouchedFile, ...]) -> None:
            if not stop.is_set():
                self.show_files(files)

        spawn = self._context.spawn_thread
        prices = self._context.folders.prices_file
        spawn(_facts, place, prices, on_done=shown, owner=self)

    def _show(self, found: Facts) -> None:
        self._clear()
        for name, mark, number in found.places:
            self._link(name, f"{number:,}", partial(self.first_asked.emit, mark))
        own, whole = found.sums.own, found.sums.whole
        several = whole.agents > 1
        self._costs("Cost", own.cost)
        if own.tokens.input is None and own.tokens.output is None:
            self._line("Tokens", "not recorded")
        if several:
            agents = f"{whole.agents - 1:,} {'subagent' if whole.agents == 2 else 'subagents'}"
            self._line("In all", f"with {agents}")
            self._line("… steps", f"{whole.steps:,}, {counted(whole.errors, 'error')}")
            tokens = whole.tokens
            told = tokens.input is not None or tokens.output is not None
            said = f"{count(tokens.input)} in, {count(tokens.output)} out"
            self._line("… tokens", said if told else "not recorded")
            self._costs("… cost", whole.cost)
        self._show_context(found.context)

    def _costs(self, name: str, cost: Cost) -> None:
        said, more = cost_texts(cost)
        self._line(name, said)
        if more:
            self._line("", more)

    def _show_context(self, found: ContextCurve) -> None:
        if found.peak is None:
            self._line("Context", "not recorded")
            return
        step, tokens = found.peak
        said = f"peak {count(tokens)}"
        self._link("Context", said, partial(self.step_asked.emit, step), f"step {step:,}")
        if len(found.tokens) > 1:
            curve = _Curve("Tokens in the context, call by call", found.tokens)
            self._form.addRow("", curve)

    def show_files(self, files: Sequence[TouchedFile]) -> None:
        """List the files that were touched."""
        folder = (self._place.trajectory.cwd or "") if self._place is not None else ""
        for file in files[:_MOST_FILES]:
            item = QListWidgetItem(icon("file"), shown_path(file.path, folder))
            item.setData(_DETAIL, uses_text(file))
            item.setData(_FILE, file)
            item.setToolTip(f"{file.path}\n{uses_text(file)}: click to list these steps alone")
            self.files.addItem(item)
        more = "" if len(files) <= _MOST_FILES else f", the first {_MOST_FILES} are listed"
        self.files_title.setText(f"Files touched  {len(files):,}{more}")
        self.files_title.setVisible(bool(files))
        self.files.setVisible(bool(files))
        self.files.setFixedHeight(min(8, len(files)) * _ROW + 4)

    def _line(self, name: str, value: str) -> None:
        self._form.addRow(_name(name), ElidedLabel(value))

    def _link(
        self, name: str, value: str, run: Callable[[], object], where: str = "the first"
    ) -> None:
        made = link_button(value, run)
        made.setAccessibleName(f"{name}: {value}, go to {where}")
        made.setToolTip(f"{value}: go to {where}")
        made.setProperty("inline", True)
        self._form.addRow(_name(name), made)


class _Curve(Sparkline):
    def sizeHint(self) -> QSize:
        return QSize(160, 36)


def shown_path(path: str, folder: str) -> str:
    """Return a path as it is from the run's folder, or whole where it lies elsewhere."""
    inside = posixpath.normpath(folder).rstrip("/") + "/" if folder else ""
    return path.removeprefix(inside) if inside and path.startswith(inside) else path


def uses_text(file: TouchedFile) -> str:
    """Return how often a file was used: "2 read, 1 written"."""
    counts = (
        (file.read, "read"),
        (file.written, "written"),
        (file.created, "created"),
        (file.deleted, "deleted"),
    )
    return ", ".join(f"{number:,} {word}" for number, word in counts if number)


def _facts(place: TracePlace, prices: Path) -> Facts:
    one = place.trajectory
    index: StepMarks = marks_of(one)
    places = tuple(
        (name, mark, sum(1 for found in index.marks if found & mark)) for name, mark in _COUNTED
    )
    sums = sums_of(one, prices)
    return Facts(
        len(one.steps), tuple(one for one in places if one[2]), sums.agents[()], context_of(one)
    )


def _files(place: TracePlace, stopped: Callable[[], bool]) -> tuple[TouchedFile, ...]:
    trace = place.opened()
    try:
        return touched_files(trace, _gently(stopped))
    finally:
        if trace is not place.top:
            trace.close()


def _gently(stopped: Callable[[], bool]) -> Callable[[], bool]:
    """Return the same question, asked by work that leaves the window most of the time.

    Work in Python in another thread makes each call between Python and Qt wait; a pause after a
    few milliseconds of it keeps frames short.
    """
    begun = time.perf_counter()

    def asked() -> bool:
        nonlocal begun
        if time.perf_counter() - begun > _WORK_S:
            time.sleep(_REST_S)
            begun = time.perf_counter()
        return stopped()

    return asked


def _give_up(problem: BaseException) -> None:
    """A trace that was closed or changed meanwhile has no files to list."""
    del problem


def _name(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("muted", True)
    label.setMinimumWidth(NAMES_WIDTH)
    return label
