"""Runs side by side: figures, strip, aligned rows, and both steps of the row in full."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QToolButton, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.compare.agreement_strip import AgreementStrip
from workbench.gui.traces.compare.aligned import Aligned, Amount, Show, lines_of, stretch_at
from workbench.gui.traces.compare.curves_view import CurvesView
from workbench.gui.traces.compare.rows_view import RowsView
from workbench.gui.traces.compare.run_table import RunTable
from workbench.gui.traces.compare.run_words import (
    counts_text,
    letter,
    prompt_text,
    skills_text,
    tools_text,
)
from workbench.gui.traces.compare.side_view import SideView
from workbench.gui.traces.words import step_title
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import WordButton, icon_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.traces.compare.sides import SidePart, step_sides
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

_SHOWS: tuple[tuple[Show, str], ...] = (
    ("all", "All steps"),
    ("differences", "All differences"),
    ("done", "What was done differently"),
)
_AMOUNTS: tuple[tuple[Amount, str], ...] = (
    ("tokens", "Tokens so far"),
    ("seconds", "Time so far"),
    ("cost", "Cost so far"),
)
_SETTLE_MS = 40


class RunsView(QWidget):
    """Shows an ``Aligned`` comparison. ``step_chosen(path, trajectory, step)`` asks for a step in
    full, ``choose_asked`` for other runs, ``export_asked`` for a report.
    """

    step_chosen = Signal(str, str, int)
    choose_asked = Signal()
    export_asked = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._found: Aligned | None = None
        self._traces: tuple[OpenTrace, ...] = ()
        self._opened: frozenset[int] = frozenset()
        self._turn = 0
        self._banner: Banner | None = None
        self.runs = RunTable()
        self.curves = CurvesView()
        self.strip = AgreementStrip()
        self.rows = RowsView()
        self.sides = SideView()
        self.counts = ElidedLabel()
        self.facts = {name: ElidedLabel() for name in ("Prompt", "Skills", "Tools")}
        self.shown = ChoiceBox("Rows that are listed")
        for _, title in _SHOWS:
            self.shown.addItem(title)
        self.amount = ChoiceBox("What the curves show")
        for _, title in _AMOUNTS:
            self.amount.addItem(title)
        self.place = QLabel()
        self.place.setProperty("muted", True)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._load_sides)
        #: What stands beside the choice of what is compared.
        self.tools = self._make_tools()
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.rows)

    # Laying out

    def _lay_out(self) -> None:
        top = QWidget()
        above = column(top, spacing=0)
        self._head = self._figures()
        above.addWidget(self._head)
        above.addWidget(self.strip)
        above.addWidget(self.rows, 1)
        split = SplitView((top, self.sides), vertical=True, sizes=(460, 240), stretch=(3, 2))
        self._inside = column(self, spacing=0)
        self._inside.addWidget(split, 1)

    def _make_tools(self) -> QWidget:
        made = QWidget()
        tools = row(made, spacing=6)
        choose = WordButton()
        choose.setText("Choose runs…")
        choose.setIcon(icon("columns"))
        choose.clicked.connect(self.choose_asked)
        tools.addWidget(self.shown)
        for name, sign, by, key in (
            ("Previous difference", "arrow-up", -1, "P"),
            ("Next difference", "arrow-down", 1, "N"),
        ):
            tools.addWidget(icon_button(sign, name, partial(self.go_difference, by), shortcut=key))
        first = WordButton()
        first.setText("First divergence")
        first.setIcon(icon("branch"))
        first.setToolTip("Go to the first step that was done differently (D)")
        first.clicked.connect(self.go_first)
        tools.addWidget(first)
        tools.addWidget(self.place)
        tools.addWidget(choose)
        self.figures_button = QToolButton()
        self.figures_button.setIcon(icon("info", "text_muted", on="selection_text"))
        self.figures_button.setCheckable(True)
        self.figures_button.setChecked(True)
        self.figures_button.setToolTip("Show figures of the runs")
        self.figures_button.setAccessibleName("Show figures of the runs")
        tools.addWidget(self.figures_button)
        tools.addWidget(
            icon_button("save", "Save a report of the comparison…", self.export_asked.emit)
        )
        return made

    def _figures(self) -> QWidget:
        head = QWidget()
        inside = column(head, spacing=4)
        inside.setContentsMargins(0, 0, 0, 6)
        line = row(spacing=8)
        line.addWidget(self.runs, 3)
        chart = column(spacing=0)
        chart.setContentsMargins(0, 2, 8, 0)
        chart.addWidget(self.amount, 0, Qt.AlignmentFlag.AlignLeft)
        chart.addWidget(self.curves, 1)
        line.addLayout(chart, 1)
        inside.addLayout(line)
        form = QFormLayout()
        form.setContentsMargins(12, 2, 12, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(2)
        for name, label in {**self.facts, "Rows": self.counts}.items():
            title = QLabel(name)
            title.setProperty("muted", True)
            title.setBuddy(label)
            form.addRow(title, label)
        inside.addLayout(form)
        return head

    def _connect(self) -> None:
        self.shown.currentIndexChanged.connect(lambda _n: self._list(self.rows.current_row))
        self.amount.currentIndexChanged.connect(lambda _n: self._show_curves())
        self.figures_button.toggled.connect(self._head.setVisible)
        self.rows.chosen.connect(self._row_chosen)
        self.rows.run_chosen.connect(lambda _run: self._settle.start())
        self.rows.opened.connect(self._open_step)
        self.rows.difference_asked.connect(self.go_difference)
        self.rows.first_asked.connect(self.go_first)
        self.rows.fold_asked.connect(self._fold)
        self.strip.row_chosen.connect(self.go_row)
        self.strip.difference_asked.connect(self.go_difference)

    # Showing

    @property
    def found(self) -> Aligned | None:
        """The comparison that is shown."""
        return self._found

    @property
    def traces(self) -> tuple[OpenTrace, ...]:
        """The runs that are shown."""
        return self._traces

    def show_aligned(self, found: Aligned, traces: Sequence[OpenTrace]) -> None:
        """Show a comparison; its first divergence is selected."""
        again = self._traces == tuple(traces)
        kept = self.rows.current_row if again else -1
        self._found, self._traces = found, tuple(traces)
        if not again:
            self._opened = frozenset()
            self.shown.setCurrentIndex(0)
        made = found.comparison
        self.runs.show_runs(made)
        for name, text in (
            ("Prompt", prompt_text(made)),
            ("Skills", skills_text(made)),
            ("Tools", tools_text(made)),
        ):
            self.facts[name].setText(text)
        self.counts.setText(counts_text(made))
        self.strip.show_aligned(found)
        for number, (amount, _) in enumerate(_AMOUNTS):
            recorded = _recorded(found, amount)
            item = self.amount.model().item(number)  # type: ignore[attr-defined]
            item.setEnabled(recorded)
        if not again:
            known = (n for n, (one, _) in enumerate(_AMOUNTS) if _recorded(found, one))
            self.amount.setCurrentIndex(next(known, 0))
        self._show_curves()
        self._tell()
        if kept >= 0:
            self._list(kept)
        else:
            self._list(-1)
            self.go_first()

    def clear(self) -> None:
        """Forget the comparison."""
        self._turn += 1
        self._found, self._traces = None, ()
        self.rows.rows.show(None, ())
        self.strip.show_aligned(None)
        self.sides.show_parts((), ("", ""))

    def go_row(self, row: int) -> None:
        """Select a row; a folded stretch around it is unfolded."""
        if self._found is None:
            return
        if not self.rows.select(row) and self.shown.currentIndex() == 0:
            start = stretch_at(self._found, row)
            if start is not None:
                self._opened |= {start}
                self._list(row)

    def go_difference(self, by: int) -> None:
        """Select the next row that differs, or the one before."""
        if self._found is None:
            return
        found = self._found.next_difference(self.rows.current_row, by, self._show())
        if found is not None:
            self.go_row(found)
        else:
            way = "below" if by > 0 else "above"
            self._context.notify.info(f"No further difference {way}.", replace="difference")

    def go_first(self) -> None:
        """Select the first step that was done differently, else the first that differs at all."""
        if self._found is None:
            return
        made = self._found.comparison
        for place in (made.first_divergence, made.first_difference):
            if place is not None:
                self.go_row(place)
                return
        # Nothing else was done: what is folded stays folded.
        self.rows.select(self._found.quiet[0] if self._found.quiet else 0)

    def refresh_colours(self) -> None:
        """Draw with the colours of a new theme."""
        for part in (self.strip, self.curves, self.runs.viewport(), self.rows.viewport()):
            part.update()

    # Inside

    def _show(self) -> Show:
        return _SHOWS[max(0, self.shown.currentIndex())][0]

    def _show_curves(self) -> None:
        if self._found is not None:
            self.curves.show_aligned(self._found, _AMOUNTS[max(0, self.amount.currentIndex())][0])
            self.curves.set_current(self.rows.current_row)

    def _list(self, row: int) -> None:
        if self._found is None:
            return
        self.rows.rows.show(self._found, lines_of(self._found, self._show(), self._opened))
        if row >= 0:
            self.rows.select(row)

    def _fold(self, row: int, unfold: bool) -> None:
        if self._found is None or self._show() != "all":
            return
        start = stretch_at(self._found, row)
        if start is None:
            return
        self._opened = self._opened | {start} if unfold else self._opened - {start}
        self._list(start if not unfold else row)

    def _row_chosen(self, row: int) -> None:
        self.strip.set_current(row)
        self.curves.set_current(row)
        assert self._found is not None
        places = self._found.quiet if self._show() == "differences" else self._found.telling
        number = bisect_right(places, row)
        self.place.setText(
            f"{number:,} of {len(places):,}" if row in places else f"{len(places):,}"
        )
        self._settle.start()

    def _open_step(self, row: int, run: int) -> None:
        assert self._found is not None
        place = self._found.rows[row].cells[run]
        if place is not None:
            one = self._traces[run]
            self.step_chosen.emit(str(one.path), one.trajectory.id, place)

    def _load_sides(self) -> None:
        found, row = self._found, self.rows.current_row
        if found is None or row < 0:
            return
        self._turn += 1
        turn = self._turn
        cells = found.rows[row].cells
        left, right = shown_pair(cells, self.rows.current_run)
        names = tuple(
            f"{letter(run)}   {_step_name(self._traces[run], cells[run])}" for run in (left, right)
        )

        def done(parts: tuple[SidePart, ...]) -> None:
            if turn == self._turn:
                self.sides.show_parts(parts, (names[0], names[1]))

        def failed(problem: BaseException) -> None:
            if turn == self._turn:
                words = str(problem) if isinstance(problem, TraceError) else repr(problem)
                self.sides.show_parts((), (names[0], names[1]))
                self._tell(f"These steps cannot be read: {words}")

        self._context.spawn_thread(
            _sides,
            (self._traces[left], cells[left]),
            (self._traces[right], cells[right]),
            on_done=done,
            on_error=failed,
            owner=self,
        )

    def _tell(self, problem: str = "") -> None:
        if self._banner is not None:
            self._inside.removeWidget(self._banner)
            self._banner.hide()
            self._banner.deleteLater()
            self._banner = None
        found = self._found
        words = problem
        if not words and found is not None:
            made = found.comparison
            shared = made.counts.same + made.counts.changed + made.counts.some
            if not shared:
                words = "These runs have no step in common: they are listed one after the other."
            elif made.capped:
                words = (
                    "These runs are very long. Where they differ over more than 5,000 steps, only "
                    "steps that occur once in both were matched."
                )
        if words:
            self._banner = Banner("error" if problem else "info", words, closable=False)
            self._inside.insertWidget(0, self._banner)


def shown_pair(cells: Sequence[int | None], current: int) -> tuple[int, int]:
    """Return the two runs whose steps are shown in full.

    At the right the current column's, where it has the step, else the first that has it besides
    run 0; at the left the first before it that has the step, else run 0.
    """
    present = [run for run, place in enumerate(cells) if place is not None]
    right = current if current in present else 0
    if not right:
        right = next((run for run in present if run), max(1, current))
    return next((run for run in present if run < right), 0), right


def _recorded(found: Aligned, amount: Amount) -> bool:
    return any(curve.points for curve in found.curves[amount])


def _step_name(trace: OpenTrace, place: int | None) -> str:
    if place is None:
        return "no such step"
    return f"step {place}  ·  {step_title(trace.trajectory.steps[place])}"


def _sides(
    left: tuple[OpenTrace, int | None], right: tuple[OpenTrace, int | None]
) -> tuple[SidePart, ...]:
    bodies = [None if place is None else trace.body(place) for trace, place in (left, right)]
    return step_sides(bodies[0], bodies[1])
