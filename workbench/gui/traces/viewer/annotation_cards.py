"""What was said of the step that is shown, above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QWidget

from workbench.domain.annotation import Annotation
from workbench.gui.traces.annotation_words import badges_of, headline
from workbench.gui.widgets.badge import Badge
from workbench.gui.widgets.banner import Banner, Severity
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.elided_link import ElidedLink
from workbench.gui.widgets.layouts import column, row
from workbench.usage.annotated import Placed

#: The cards take at most so much room from the step, in px.
_MOST_HEIGHT = 168


class AnnotationCards(QScrollArea):
    """A card for each annotation; each signal gives the annotation that is meant."""

    edit_asked = Signal(object)
    delete_asked = Signal(object)
    quote_asked = Signal(object)
    line_asked = Signal(object)
    move_asked = Signal(object)
    here_asked = Signal()
    move_left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Annotations of the step")
        self._cards: list[QWidget] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        body = QWidget()
        self._inside = column(body, spacing=0)
        self.setWidget(body)
        self.hide()

    @property
    def cards(self) -> tuple[QWidget, ...]:
        """What is shown, from top to bottom."""
        return tuple(self._cards)

    def show_cards(
        self, found: Sequence[Annotation], astray: Sequence[Placed], moving: Annotation | None
    ) -> None:
        """Show the annotations of a step, those that lost it, and the one to be moved here."""
        for card in self._cards:
            self._inside.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = [self._card(one) for one in found]
        self._cards += [self._astray(one) for one in astray]
        if moving is not None:
            self._cards.insert(0, self._moving(moving))
        for card in self._cards:
            self._inside.addWidget(card)
        self.setVisible(bool(self._cards))
        self._fit()

    def _fit(self) -> None:
        width = max(240, self.viewport().width())
        height = sum(
            card.heightForWidth(width) if card.hasHeightForWidth() else card.sizeHint().height()
            for card in self._cards
        )
        if self.height() != min(_MOST_HEIGHT, height):
            self.setFixedHeight(min(_MOST_HEIGHT, height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _card(self, one: Annotation) -> QWidget:
        card = QFrame()
        card.setAccessibleName(headline(one))
        head = row(spacing=8)
        name = ElidedLabel(one.label or "Note")
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        head.addWidget(name, 1)
        for text, tone in badges_of(one):
            head.addWidget(Badge(text, tone))
        head.addWidget(
            icon_button("edit", "Edit this annotation", partial(self.edit_asked.emit, one))
        )
        head.addWidget(
            icon_button("trash", "Delete this annotation", partial(self.delete_asked.emit, one))
        )
        inside = column(card, spacing=2)
        inside.setContentsMargins(12, 4, 8, 6)
        inside.addLayout(head)
        if one.note:
            inside.addWidget(_wrapped(one.note))
        inside.addLayout(self._foot(one))
        return card

    def _foot(self, one: Annotation) -> QHBoxLayout:
        """Return the line with who said it, and the links to the quote and the skill."""
        foot = row(spacing=8)
        when = QLabel(f"{one.author or 'you'}, {one.changed[:10]}")
        when.setProperty("muted", True)
        foot.addWidget(when)
        if one.quote:
            quote = " ".join(one.quote.split())
            foot.addWidget(ElidedLink(f"“{quote}”", partial(self.quote_asked.emit, one)), 1)
        if one.skill is not None:
            words = f"{one.skill.skill or 'skill'} · {one.skill.path}:{one.skill.line}"
            link = ElidedLink(words, partial(self.line_asked.emit, one))
            if one.skill.text:
                link.setToolTip(f"{words}\n{one.skill.text}")
            foot.addWidget(link, 1)
        foot.addStretch(0)
        return foot

    def _astray(self, placed: Placed) -> QWidget:
        one = placed.annotation
        said = " – ".join(filter(None, (headline(one), " ".join(one.note.split())[:160])))
        was = f" It said “{one.anchor.says[:120]}”." if one.anchor.says else ""
        return _banner(
            "warning",
            f"Annotated when this step said something else: {said}.{was}",
            (
                ("Attach to this step", partial(self.move_asked.emit, placed)),
                ("Delete", partial(self.delete_asked.emit, one)),
            ),
        )

    def _moving(self, one: Annotation) -> QWidget:
        return _banner(
            "info",
            f"Select the step that “{headline(one)}” belongs to.",
            (("Attach to this step", self.here_asked.emit), ("Cancel", self.move_left.emit)),
        )


def _banner(
    severity: Severity, words: str, actions: Sequence[tuple[str, Callable[[], object]]]
) -> QWidget:
    """Return a message with its buttons below: the pane may be narrow."""
    made = Banner(severity, words, closable=False)
    frame = QFrame()
    frame.setAccessibleName(words)
    buttons = row(spacing=8)
    buttons.setContentsMargins(12, 4, 8, 6)
    for title, run in actions:
        buttons.addWidget(push_button(title, run))
    buttons.addStretch(1)
    inside = column(frame, spacing=0)
    inside.addWidget(made)
    inside.addLayout(buttons)
    return frame


def _wrapped(text: str) -> QLabel:
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
