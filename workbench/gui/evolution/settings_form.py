"""A form drawn from the settings a plugin declares: one row a setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.value_fields import ChoiceBox, NumberBox
from workbench.plugin.settings import Setting, settings_with_defaults

FIELD_WIDTH = 168
_INT_MAX = 2**31 - 1


class SettingsForm(QWidget):
    """Fields with their defaults. ``values`` has only what differs from the defaults."""

    changed = Signal()

    def __init__(self, fields: Sequence[Setting], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fields = tuple(fields)
        self._readers: dict[str, Callable[[], object]] = {}
        self._writers: dict[str, Callable[[object], object]] = {}
        inside = column(self, spacing=10)
        for field in self._fields:
            inside.addLayout(self._row(field))
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.hide()
        inside.addWidget(self._problem)

    def values(self) -> dict[str, object]:
        """Return the settings that were changed; an empty field is the default."""
        given: dict[str, object] = {}
        for field in self._fields:
            value = self._readers[field.key]()
            if value is not None and value != field.default:
                given[field.key] = value
        return given

    def show_values(self, values: Mapping[str, object]) -> None:
        """Show other values; settings that are not named keep theirs."""
        for key, value in values.items():
            if key in self._writers:
                self._writers[key](value)

    def problem(self) -> str:
        """Say what is wrong with the values, empty when nothing is; it is shown in the form."""
        _, problems = settings_with_defaults(self._fields, self.values())
        text = " ".join(problems)
        self._problem.setText(text)
        self._problem.setVisible(bool(text))
        return text

    def _row(self, field: Setting) -> Any:
        widget = self._field(field)
        title = field.title or field.key
        widget.setAccessibleName(title)
        widget.setAccessibleDescription(field.description)
        widget.setToolTip(field.description or field.key)
        label = QLabel(title)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setBuddy(widget)
        words = column(spacing=2)
        words.addWidget(label)
        if field.description:
            more = QLabel(field.description)
            more.setProperty("muted", True)
            more.setWordWrap(True)
            more.setTextFormat(Qt.TextFormat.PlainText)
            words.addWidget(more)
        line = row(spacing=16)
        line.addLayout(words, 1)
        line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        return line

    def _field(self, field: Setting) -> QWidget:
        if field.type == "boolean":
            return self._check(field)
        if field.choices:
            return self._choice(field)
        if field.type == "integer" and isinstance(field.default, int):
            return self._integer(field, field.default)
        return self._text(field)

    def _check(self, field: Setting) -> QWidget:
        box = CheckBox()
        box.setChecked(bool(field.default))
        box.toggled.connect(lambda _on: self._edited())
        self._readers[field.key] = box.isChecked
        self._writers[field.key] = lambda value: box.setChecked(bool(value))
        return box

    def _choice(self, field: Setting) -> QWidget:
        box = ChoiceBox(field.title)
        box.setFixedWidth(FIELD_WIDTH)
        for choice in field.choices:
            box.addItem(str(choice), choice)
        if field.default in field.choices:
            box.setCurrentIndex(field.choices.index(field.default))
        box.currentIndexChanged.connect(lambda _index: self._edited())
        self._readers[field.key] = box.currentData
        self._writers[field.key] = lambda value: box.setCurrentIndex(max(0, box.findData(value)))
        return box

    def _integer(self, field: Setting, default: int) -> QWidget:
        box = NumberBox(field.title)
        box.setFixedWidth(FIELD_WIDTH)
        box.setRange(
            -_INT_MAX if field.minimum is None else int(field.minimum),
            _INT_MAX if field.maximum is None else int(field.maximum),
        )
        box.setValue(default)
        box.valueChanged.connect(lambda _value: self._edited())
        self._readers[field.key] = box.value
        self._writers[field.key] = lambda value: (
            box.setValue(value) if isinstance(value, int) else None
        )
        return box

    def _text(self, field: Setting) -> QWidget:
        line = QLineEdit()
        line.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line.setFixedWidth(FIELD_WIDTH)
        if field.default is not None:
            line.setText(_as_text(field.default))
        if field.type == "array":
            line.setPlaceholderText("one, two, three")
        line.textChanged.connect(lambda _text: self._edited())
        self._readers[field.key] = lambda: _read_text(field, line.text())
        self._writers[field.key] = lambda value: line.setText(_as_text(value))
        return line

    def _edited(self) -> None:
        self.problem()
        self.changed.emit()


def _as_text(value: object) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def _read_text(field: Setting, text: str) -> object:
    """Read what was typed; what is no number stays text, and the check says so."""
    words = text.strip()
    if field.type == "array":
        return [word for part in text.split(",") if (word := part.strip())]
    if not words:
        return None
    if field.type in ("integer", "number"):
        try:
            return int(words) if field.type == "integer" else float(words)
        except ValueError:
            return words
    return text
