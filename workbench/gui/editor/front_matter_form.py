"""The front matter as a form. Each field edits the bytes of its own value and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.domain.skill import Skill
from workbench.gui.widgets.layouts import column, row


@dataclass(frozen=True, slots=True)
class Field:
    """A key of the Agent Skills specification (agentskills.io/specification, read 2026-11)."""

    key: str
    label: str
    hint: str
    most: int | None = None
    kind: Literal["line", "text"] = "line"


FIELDS: tuple[Field, ...] = (
    Field("name", "Name", "Lower-case letters, digits and hyphens; the folder's name", 64),
    Field("description", "Description", "What it does and when to use it", 1024, "text"),
    Field("license", "Licence", "A name, or the file that has it"),
    Field("compatibility", "Compatibility", "What it needs: programs, network, client", 500),
    Field("allowed-tools", "Allowed tools", "Tools that need no question, divided by spaces"),
)
_KNOWN = frozenset(field.key for field in FIELDS)


class FrontMatterForm(QScrollArea):
    """Emits ``edited(key, value)`` when a field is left or Enter is pressed; "" takes the key away.

    A value that is no text (a list, a map, a number) is shown and edited in the source alone.
    """

    edited = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.fields: dict[str, QLineEdit | QPlainTextEdit] = {}
        self._counts: dict[str, QLabel] = {}
        self._shown: dict[str, str] = {}
        self._locked = False
        body = QWidget()
        inside = column(body, spacing=4)
        inside.setContentsMargins(16, 16, 16, 16)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setProperty("muted", True)
        inside.addWidget(self._message)
        for field in FIELDS:
            self._add(field, inside)
        self._others_title = QLabel("Other keys (edit them in the source)")
        self._others_title.setProperty("section", True)
        inside.addWidget(self._others_title)
        self._others = QLabel()
        self._others.setWordWrap(True)
        self._others.setTextFormat(Qt.TextFormat.PlainText)
        self._others.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside.addWidget(self._others)
        inside.addStretch(1)
        self.setWidget(body)

    def show_skill(self, skill: Skill | None, message: str = "") -> None:
        """Show the values of a skill; a field that is being typed in keeps its text."""
        self._message.setText(message)
        self._message.setVisible(bool(message))
        entries = skill.front_matter.entries if skill and skill.front_matter else ()
        values = {entry.key: entry.value for entry in entries}
        for field in FIELDS:
            value = values.get(field.key, "")
            plain = value is None or isinstance(value, str)
            text = str(value or "") if plain else _brief(value)
            widget = self.fields[field.key]
            widget.setEnabled(skill is not None and plain and not self._locked)
            widget.setToolTip("" if plain else "This value is no plain text; edit it in the source")
            self._shown[field.key] = text
            if not widget.hasFocus() or _text(widget) == "":
                _set_text(widget, text)
            self._count(field)
        others = [f"{key}: {_brief(value)}" for key, value in values.items() if key not in _KNOWN]
        self._others.setText("\n".join(others))
        self._others.setVisible(bool(others))
        self._others_title.setVisible(bool(others))

    def lock(self, locked: bool) -> None:
        """Make all fields read-only."""
        self._locked = locked

    def commit(self) -> None:
        """Hand over what was typed and not left yet."""
        for key, widget in self.fields.items():
            self._leave(key, widget)

    def _add(self, field: Field, inside: QVBoxLayout) -> None:
        label = QLabel(field.label)
        label.setProperty("section", True)
        count = QLabel()
        count.setProperty("muted", True)
        top = row(spacing=8)
        top.addWidget(label)
        top.addStretch(1)
        top.addWidget(count)
        widget: QLineEdit | QPlainTextEdit
        if field.kind == "text":
            widget = QPlainTextEdit()
            widget.setProperty("field", True)
            widget.setTabChangesFocus(True)
            widget.setFixedHeight(112)
            widget.textChanged.connect(lambda: self._count(field))
        else:
            widget = QLineEdit()
            widget.textChanged.connect(lambda _text: self._count(field))
            widget.returnPressed.connect(lambda: self._leave(field.key, widget))
        widget.setPlaceholderText(field.hint)
        widget.setAccessibleName(field.label)
        widget.installEventFilter(self)
        label.setBuddy(widget)
        self.fields[field.key] = widget
        self._counts[field.key] = count
        inside.addLayout(top)
        inside.addWidget(widget)
        inside.addSpacing(8)

    def _count(self, field: Field) -> None:
        if field.most is None:
            return
        length = len(_text(self.fields[field.key]))
        label = self._counts[field.key]
        over = length > field.most
        label.setText(f"{length} / {field.most}" + (" – too long" if over else ""))

    def _leave(self, key: str, widget: QLineEdit | QPlainTextEdit) -> None:
        text = _text(widget)
        if widget.isEnabled() and text != self._shown.get(key, ""):
            self._shown[key] = text
            self.edited.emit(key, text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            for key, widget in self.fields.items():
                if widget is watched:
                    self._leave(key, widget)
        return super().eventFilter(watched, event)


def _text(widget: QLineEdit | QPlainTextEdit) -> str:
    if isinstance(widget, QLineEdit):
        return widget.text()
    return widget.document().toRawText().replace("\u2029", "\n").rstrip("\n")


def _set_text(widget: QLineEdit | QPlainTextEdit, text: str) -> None:
    if _text(widget) == text:
        return
    if isinstance(widget, QLineEdit):
        widget.setText(text)
    else:
        widget.setPlainText(text)


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
