"""The view of all annotations: filters above, the list, and what is said in full below it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QLabel, QStackedWidget, QWidget

from workbench.domain.annotation import Annotation
from workbench.gui.shell.context import AppContext
from workbench.gui.traces.annotation_words import headline
from workbench.gui.traces.annotations.annotation_files import export_set, import_file
from workbench.gui.traces.annotations.annotation_rows import STATES, counts, listed, row_of
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.usage.annotated import Placed
from workbench.usage.annotated_files import placed_in_files
from workbench.usage.label_sets import LabelFilter

_VERDICTS = (("Any verdict", ""), ("Good", "good"), ("Bad", "bad"))
_SEVERITIES = (
    *(("Any severity", ""), ("Low", "low"), ("Medium", "medium")),
    *(("High", "high"), ("Critical", "critical")),
)


class AnnotationsView(QWidget):
    """Every annotation of the user; Enter goes to what one is about."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._places: dict[str, Placed] = {}
        self._stop = threading.Event()
        self.words = SearchField("Find in annotations…")
        self.label = ChoiceBox("Label")
        self.verdict = ChoiceBox("Verdict")
        self.severity = ChoiceBox("Severity")
        self.skill = ChoiceBox("Skill")
        self.trace = ChoiceBox("Trace")
        self.state = ChoiceBox("State")
        for box, entries in ((self.verdict, _VERDICTS), (self.severity, _SEVERITIES)):
            for title, value in entries:
                box.addItem(title, value)
        for title, _ in STATES:
            self.state.addItem(title)
        self.list = TwoLineList("Annotations", lambda one: one.id)
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.empty = EmptyState(
            "Nothing is annotated",
            "Open a trace, select a step and press N to say something of it.",
            link=("Import annotations or outcomes…", self.ask_import),
            icon="tag",
        )
        self._stack = QStackedWidget()
        self._lay_out()
        self.setFocusProxy(self.list)
        self._connect()

    def read(self) -> None:
        """Look for what other programs wrote, and for the steps of every annotation."""
        self._context.annotations.reload()
        self._show()
        self._look()

    def open_current(self) -> None:
        """Go to what the selected annotation is about; a broken one says why it leads nowhere."""
        one = self.list.current()
        if one is not None:
            self._open(one)

    def move_current(self) -> None:
        """Look for a new step for the selected annotation."""
        one = self.list.current()
        if one is None:
            return
        self._context.annotations.move(one)
        place = self._places.get(one.id)
        step = place.candidate if place is not None and place.candidate is not None else None
        if Path(one.anchor.path).exists():
            shown = one.anchor.step or 0 if step is None else step
            self._context.request_trace(one.anchor.path, one.anchor.trajectory, shown)
        else:
            self._context.notify.info(
                f"Open the trace that “{headline(one)}” belongs to, select its step and choose "
                "Attach to this step.",
                replace="annotation",
            )

    def delete_current(self) -> None:
        """Delete the selected annotation."""
        one = self.list.current()
        if one is not None:
            self._context.annotations.delete(one)

    def ask_export(self) -> None:
        """Ask where the listed annotations are written to, as a label set."""
        dialog = self._dialog("Export annotations", QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("jsonl")
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path)))
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Write the listed annotations, broken ones left out and counted."""
        shown = [one for one in self.list.rows.values() if isinstance(one, Annotation)]
        traces = tuple(self._context.traces)

        def done(told: str) -> None:
            self._context.notify.info(told, replace="export")

        opening = self._context.open_any
        self._context.spawn_thread(
            export_set, shown, traces, path, opening, on_done=done, owner=self
        )

    def ask_import(self) -> None:
        """Ask for a label set, or a file of outcomes of the open traces."""
        dialog = self._dialog("Import annotations or outcomes", QFileDialog.AcceptMode.AcceptOpen)
        dialog.fileSelected.connect(lambda path: self.import_from(Path(path)))
        dialog.open()

    def import_from(self, path: Path) -> None:
        """Take a label set in, or outcomes of the open traces."""
        traces = tuple(self._context.traces)
        self._context.annotations.take_in(partial(import_file, path=path, traces=traces))

    # Inside

    def _dialog(self, title: str, mode: QFileDialog.AcceptMode) -> QFileDialog:
        dialog = QFileDialog(self.window(), title, str(Path.home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(mode)
        return dialog

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(8, 8, 8, 4)
        tools.addWidget(self.words, 1)
        tools.addWidget(
            icon_button("undo", "Undo", self._context.annotations.undo, shortcut="Ctrl+Z")
        )
        tools.addWidget(push_button("Import…", self.ask_import))
        tools.addWidget(push_button("Export…", self.ask_export))
        narrow = row(spacing=8)
        narrow.setContentsMargins(8, 0, 8, 8)
        for box in (self.label, self.verdict, self.severity, self.skill, self.trace, self.state):
            box.setMinimumContentsLength(8)
            narrow.addWidget(box, 1)
        foot = row(spacing=8)
        foot.setContentsMargins(12, 6, 8, 6)
        foot.addWidget(self.count, 1)
        for title, run, keys in (
            ("Go to step", self.open_current, "Enter"),
            ("Attach again…", self.move_current, "R"),
            ("Delete", self.delete_current, "Del"),
        ):
            button = push_button(title, run)
            button.setToolTip(f"{title} ({keys})")
            foot.addWidget(button)
        page = QWidget()
        inside = column(page, spacing=0)
        inside.addLayout(tools)
        inside.addLayout(narrow)
        inside.addWidget(self.list, 1)
        self.said.setContentsMargins(12, 8, 12, 4)
        inside.addWidget(self.said)
        inside.addLayout(foot)
        self._stack.addWidget(page)
        self._stack.addWidget(self.empty)
        column(self, spacing=0).addWidget(self._stack)

    def _connect(self) -> None:
        self.words.searched.connect(lambda _text: self._list())
        self.words.left_downwards.connect(self.list.setFocus)
        for box in (self.label, self.verdict, self.severity, self.skill, self.trace, self.state):
            box.currentIndexChanged.connect(lambda _index: self._list())
        self.list.opened.connect(self._open)
        self.list.chosen.connect(self._tell)
        self._context.annotations.changed.connect(self._changed)
        keys: tuple[tuple[str, QWidget, Callable[[], object]], ...] = (
            ("Del", self.list, self.delete_current),
            ("R", self.list, self.move_current),
        )
        for text, widget, run in keys:
            shortcut = QShortcut(QKeySequence(text), widget)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Hide:
            self._stop.set()
        return super().event(event)

    def _changed(self) -> None:
        if self.isVisible():
            self._show()
            self._look()

    def _show(self) -> None:
        everything = self._context.annotations.all
        self._stack.setCurrentIndex(0 if everything else 1)
        _refill(self.label, "Any label", counts(everything, "label"))
        _refill(self.skill, "Any skill", counts(everything, "skill"))
        traces: dict[str, int] = {}
        for one in everything:
            traces[one.anchor.path] = traces.get(one.anchor.path, 0) + 1
        _refill(self.trace, "Any trace", sorted(traces.items()), name=lambda path: Path(path).name)
        self._list()

    def _wanted(self) -> LabelFilter:
        return LabelFilter(
            label=self.label.currentData() or "",
            verdict=self.verdict.currentData() or "",
            severity=self.severity.currentData() or "",
            skill=self.skill.currentData() or "",
            trace=self.trace.currentData() or "",
            text=self.words.text().strip(),
        )

    def _list(self) -> None:
        everything = self._context.annotations.all
        states = STATES[self.state.currentIndex()][1]
        shown = listed(everything, self._wanted(), states, self._places)
        self.list.show_rows([(row_of(one, self._places.get(one.id)), one) for one in shown])
        total = len(everything)
        of = f"{total:,}" if len(shown) == total else f"{len(shown):,} of {total:,}"
        broken = sum(1 for one in self._places.values() if one.state != "found")
        words = f", {broken} broken" if broken else ""
        self.count.setText(f"{of} {'annotation' if of == '1' else 'annotations'}{words}")
        if self.list.current() is None:
            self.list.select_first()
        self._tell(self.list.current())

    def _tell(self, one: Annotation | None) -> None:
        words = ""
        if one is not None:
            place = self._places.get(one.id)
            parts = [one.note, f"“{one.quote}”" if one.quote else ""]
            if place is not None and place.state != "found":
                parts += [place.reason, f"It was about: {one.anchor.says}" * bool(one.anchor.says)]
            words = "\n".join(part[:600] for part in parts if part)
        self.said.setText(words)
        self.said.setVisible(bool(words))

    def _look(self) -> None:
        """Find the steps of all annotations, file by file, beside the window."""
        self._stop.set()
        stop = self._stop = threading.Event()
        everything = self._context.annotations.all
        traces = tuple(self._context.traces)

        opening = self._context.open_any

        def work() -> dict[str, Placed]:
            found: dict[str, Placed] = {}
            groups = placed_in_files(everything, traces, opening=opening, cancelled=stop.is_set)
            for group in groups:
                found |= {one.annotation.id: one for one in group}
            return found

        def done(found: dict[str, Placed]) -> None:
            if stop is self._stop and not stop.is_set():
                self._places = found
                self._list()

        self._context.spawn_thread(work, on_done=done, owner=self)

    def _open(self, one: Annotation) -> None:
        place = self._places.get(one.id)
        if place is not None and place.state != "found":
            self._context.notify.warning(
                f"“{headline(one)}” leads nowhere: {place.reason} Choose Attach again to give it "
                "a step.",
                replace="annotation",
            )
            return
        self._context.request_annotation(one)


def _refill(
    box: ChoiceBox,
    anything: str,
    found: list[tuple[str, int]],
    name: Callable[[str], str] = lambda value: value,
) -> None:
    """Offer what is in use with its counts; what was chosen stays chosen."""
    before = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(anything, "")
    for value, count in found:
        box.addItem(f"{name(value)}  {count}", value)
        box.setItemData(box.count() - 1, value, Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(max(0, box.findData(before or "")))
    box.blockSignals(False)
