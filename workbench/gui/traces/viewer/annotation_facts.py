"""What was said of a trace as a whole, in the inspector: its outcome and every annotation."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.traces.annotation_words import headline
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.viewer.facts import PlaceSection
from workbench.gui.traces.words import outcome_words
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.layouts import column, row
from workbench.usage.annotated import belongs
from workbench.usage.outcomes import JudgedOutcome, outcome_of

_DETAIL = Qt.ItemDataRole.UserRole + 1
_ANNOTATION = Qt.ItemDataRole.UserRole
_MOST = 200


class AnnotationFacts(PlaceSection):
    """``outcome_asked`` asks for the form, ``chosen(annotation)`` for what one is about."""

    outcome_asked = Signal()
    chosen = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._place: TracePlace | None = None
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setProperty("muted", True)
        self.attach = link_button("Attach outcome…", self.outcome_asked.emit)
        self.attach.setToolTip("Say how the session ended (O, with the trace open)")
        self._title = _section("Annotations")
        self.list = QListWidget()
        self.list.setAccessibleName("Annotations of the trace")
        self.list.setItemDelegate(DetailRow(_DETAIL, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head = row(spacing=8)
        head.addWidget(_section("Outcome"))
        head.addStretch(1)
        head.addWidget(self.attach)
        inside = column(self, spacing=4)
        inside.addLayout(head)
        inside.addWidget(self.outcome)
        inside.addWidget(self.note)
        inside.addSpacing(8)
        inside.addWidget(self._title)
        inside.addWidget(self.list)
        for used in (self.list.itemActivated, self.list.itemClicked):
            used.connect(lambda item: self.chosen.emit(item.data(_ANNOTATION)))
        context.annotations.changed.connect(self._show)

    def show_place(self, place: TracePlace | None) -> None:
        """Show what was said of another trace."""
        self._place = place
        self._show()

    def _show(self) -> None:
        place = self._place
        if place is None:
            return
        one = place.trajectory
        judged = outcome_of(one, self._context.annotations.attached)
        self.outcome.setText(outcome_text(judged))
        note = judged.attached.note if judged.attached is not None else ""
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.attach.setText("Change outcome…" if judged.attached else "Attach outcome…")
        start = one.steps[0].uid if one.steps else None
        said = [
            said
            for said in self._context.annotations.all
            if belongs(said.anchor, one.id, one.session, str(place.top.path), start)
        ]
        self.list.clear()
        for said_one in said[:_MOST]:
            sign = "check-circle" if said_one.outcome else "tag"
            item = QListWidgetItem(icon(sign, "data_8"), headline(said_one))
            where = said_one.anchor.step
            item.setData(_DETAIL, "trace" if where is None else f"step {where}")
            item.setData(_ANNOTATION, said_one)
            item.setToolTip(said_one.note or headline(said_one))
            self.list.addItem(item)
        self._title.setText(f"Annotations  {len(said)}" if said else "No annotations")
        self.list.setVisible(bool(said))
        self.list.setFixedHeight(min(8, len(said)) * 26 + 4)


def outcome_text(judged: JudgedOutcome) -> str:
    """Return an outcome with its source; what a person attached beside what was recorded."""
    recorded = judged.recorded
    own = outcome_words(recorded.status) or "not recorded in the trace"
    if recorded.reward is not None and recorded.status != "unknown":
        own += f", reward {recorded.reward:g}"
    if judged.attached is None:
        return own[0].upper() + own[1:]
    score = "" if judged.attached.score is None else f", score {judged.attached.score:g}"
    beside = own if recorded.status == "unknown" else f"the trace recorded {own}"
    said = outcome_words(judged.attached.status) or "unknown"
    return f"{said[0].upper()}{said[1:]}{score}: {judged.attached.source}; {beside}"


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label
