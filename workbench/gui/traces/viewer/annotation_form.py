"""The form in which a step, or a whole trace, is annotated; below the step it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDoubleValidator, QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from workbench.domain.annotation import Annotation, SkillLine
from workbench.domain.skill import Skill
from workbench.domain.trajectory import OutcomeStatus
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.current import dress
from workbench.gui.traces.words import outcome_words
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.value_fields import ChoiceBox, NumberBox

_VERDICTS = (("No verdict", ""), ("Good", "good"), ("Bad", "bad"))
_SEVERITIES = (
    *(("No severity", ""), ("Low", "low"), ("Medium", "medium")),
    *(("High", "high"), ("Critical", "critical")),
)
_OUTCOMES = (
    ("No outcome", ""),
    *(((outcome_words(one) or one).capitalize(), one) for one in get_args(OutcomeStatus)),
)
_MOST_LINES = 100_000


class AnnotationForm(QFrame):
    """``saved(fields)`` gives what was said, ``left`` tells that nothing is said after all."""

    saved = Signal(object)
    left = Signal()
    selection_asked = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("PanelHeader")
        self._context = context
        self._linked: SkillLine | None = None
        self._lines: tuple[str, ...] = ()
        self.title = QLabel()
        self.title.setProperty("section", True)
        self.label = QLineEdit()
        self.label.setPlaceholderText("Label")
        self.label.setAccessibleName("Label")
        self.verdict = _choice("Verdict", _VERDICTS)
        self.severity = _choice("Severity", _SEVERITIES)
        self.outcome = _choice("Outcome", _OUTCOMES)
        self.score = QLineEdit()
        self.score.setPlaceholderText("Score 0–1")
        self.score.setAccessibleName("Score, 1 is best")
        self.score.setValidator(QDoubleValidator(0.0, 1.0, 6, self))
        self.score.setFixedWidth(96)
        self.note = QPlainTextEdit()
        self.note.setProperty("field", True)
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(64)
        self.quote = QLineEdit()
        self.quote.setPlaceholderText("Words of the step that are meant")
        self.quote.setAccessibleName("Quoted words of the step")
        self.take = push_button("Use selection", self.selection_asked.emit)
        self.skill = ChoiceBox("Skill")
        self.file = ChoiceBox("File of the skill")
        self.line = NumberBox("Line of the file")
        self.line.setRange(1, _MOST_LINES)
        self.line_text = ElidedLabel()
        self.line_text.setProperty("muted", True)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.save = primary_button("Save", self._save)
        self.save.setToolTip("Save (Ctrl+Enter)")
        self._lay_out()
        self._connect()
        self.hide()

    def begin(self, title: str, before: Annotation | None, *, whole: bool, quote: str = "") -> None:
        """Ask for an annotation; ``before`` is the one that is changed."""
        self.title.setText(title)
        self.setAccessibleName(title)
        completer = QCompleter(list(self._context.annotations.labels), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        popup = completer.popup()
        if popup is not None:
            # It has no parent whose style sheet it could follow.
            dress(popup)
        self.label.setCompleter(completer)
        self.label.setText(before.label if before else "")
        self.note.setPlainText(before.note if before else "")
        self.quote.setText((before.quote if before else "") or quote)
        _choose(self.verdict, before.verdict if before else "")
        _choose(self.severity, before.severity if before else "")
        _choose(self.outcome, (before.outcome or "") if before else "")
        score = before.score if before else None
        self.score.setText("" if score is None else f"{score:g}")
        self.quote.setVisible(not whole)
        self.take.setVisible(not whole)
        self.outcome.setVisible(whole)
        self.score.setVisible(whole)
        self._offer_skills(before.skill if before else None)
        self.tell("")
        self.show()
        self.label.setFocus()
        self.label.selectAll()

    def tell(self, problem: str) -> None:
        """Say why it was not saved; "" takes that away."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def set_quote(self, text: str) -> None:
        """Put the words that are meant into their field."""
        self.quote.setText(text)

    def end(self) -> None:
        """Put the form away."""
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Ctrl+Enter and Esc in every field, before the window's own shortcuts do."""
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        run = self._run_of(event)
        if event.type() == QEvent.Type.ShortcutOverride:
            # A letter typed at a choice picks an entry; it is no shortcut of the viewer meanwhile.
            plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if run is not None or (plain and event.text() and event.text().isprintable()):
                event.accept()
                return True
        elif event.type() == QEvent.Type.KeyPress and run is not None:
            run()
            return True
        return super().eventFilter(watched, event)

    def _run_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            return self._leave
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._save
        return None

    # Inside

    def _lay_out(self) -> None:
        first = row(spacing=8)
        first.addWidget(self.label, 1)
        first.addWidget(self.verdict)
        first.addWidget(self.severity)
        ended = row(spacing=8)
        ended.addWidget(self.outcome, 1)
        ended.addWidget(self.score)
        meant = row(spacing=8)
        meant.addWidget(self.quote, 1)
        meant.addWidget(self.take)
        link = row(spacing=8)
        link.addWidget(self.skill, 2)
        link.addWidget(self.file, 2)
        link.addWidget(self.line)
        buttons = row(spacing=8)
        buttons.addWidget(self.line_text, 1)
        buttons.addWidget(push_button("Cancel", self._leave))
        buttons.addWidget(self.save)
        inside = column(self, spacing=8)
        inside.setContentsMargins(12, 8, 12, 12)
        inside.addWidget(self.title)
        for part in (ended, first, self.note, meant, link):
            if isinstance(part, QWidget):
                inside.addWidget(part)
            else:
                inside.addLayout(part)
        inside.addWidget(self.problem)
        inside.addLayout(buttons)

    def _connect(self) -> None:
        self.skill.currentIndexChanged.connect(lambda _index: self._offer_files(""))
        self.file.currentIndexChanged.connect(lambda _index: self._read_lines())
        self.line.valueChanged.connect(lambda _line: self._show_line())
        self.label.returnPressed.connect(self._save)
        for field in self.findChildren(QWidget):
            if field.focusPolicy() != Qt.FocusPolicy.NoFocus:
                field.installEventFilter(self)

    def _offer_skills(self, linked: SkillLine | None) -> None:
        self._linked = linked
        library = self._context.library
        ids = [skill.id for skill in library.skills] if library is not None else []
        if linked is not None and linked.skill not in ids:
            ids.insert(0, linked.skill)
        _offer(self.skill, [("No skill", ""), *((one or "(the library)", one) for one in ids)])
        _choose(self.skill, linked.skill if linked else "")
        self.skill.setEnabled(bool(ids))
        self.skill.setToolTip("" if ids else "Open a library to link a line of a skill.")
        self._offer_files(linked.path if linked else "")
        self.line.setValue(linked.line if linked else 1)
        self._show_line()

    def _chosen_skill(self) -> Skill | None:
        return self._context.skill(self.skill.currentData() or "")

    def _offer_files(self, wanted: str) -> None:
        chosen = bool(self.skill.currentIndex() > 0)
        skill = self._chosen_skill() if chosen else None
        names = [file.path for file in skill.files if not file.target] if skill else []
        if skill is not None and skill.skill_md in names:
            names.remove(skill.skill_md)
            names.insert(0, skill.skill_md)
        if wanted and wanted not in names:
            names.insert(0, wanted)
        _offer(self.file, [(name, name) for name in names])
        _choose(self.file, wanted or (names[0] if names else ""))
        self.file.setVisible(chosen)
        self.line.setVisible(chosen)
        self._read_lines()

    def _read_lines(self) -> None:
        skill = self._chosen_skill() if self.skill.currentIndex() > 0 else None
        name = self.file.currentData()
        self._lines = _lines_of(Path(skill.path) / name) if skill is not None and name else ()
        self._show_line()

    def _show_line(self) -> None:
        number = self.line.value()
        text = self._lines[number - 1].strip() if number <= len(self._lines) else ""
        self.line_text.setText(text if self.skill.currentIndex() > 0 else "")

    def _link(self) -> SkillLine | None:
        if self.skill.currentIndex() <= 0 or not self.file.currentData():
            return None
        made = SkillLine(
            self.skill.currentData(),
            self.file.currentData(),
            self.line.value(),
            self.line_text.text(),
        )
        kept = self._linked
        if kept is not None and (kept.skill, kept.path, kept.line) == (
            made.skill,
            made.path,
            made.line,
        ):
            return kept
        return made

    def _leave(self) -> None:
        self.end()
        self.left.emit()

    def _save(self) -> None:
        fields: dict[str, Any] = {
            "label": self.label.text().strip(),
            "note": self.note.toPlainText().strip(),
            "verdict": self.verdict.currentData(),
            "severity": self.severity.currentData(),
            "quote": self.quote.text(),
            "outcome": self.outcome.currentData() or None,
            "score": None,
            "skill": self._link(),
        }
        if not any(
            fields[name] for name in ("label", "note", "verdict", "severity", "outcome")
        ) and (fields["skill"] is None):
            self.tell("Say something: a label, a note, a verdict, or a line of a skill.")
            return
        if fields["outcome"] and self.score.text():
            number, valid = self.score.locale().toDouble(self.score.text())
            if not valid or not 0.0 <= number <= 1.0:
                self.tell("A score lies between 0 and 1.")
                return
            fields["score"] = number
        self.saved.emit(fields)


def _choice(name: str, entries: Sequence[tuple[str, str]]) -> ChoiceBox:
    made = ChoiceBox(name)
    _offer(made, entries)
    return made


def _offer(box: ChoiceBox, entries: Sequence[tuple[str, str]]) -> None:
    box.blockSignals(True)
    box.clear()
    for words, value in entries:
        box.addItem(words, value)
    box.blockSignals(False)


def _choose(box: ChoiceBox, value: str) -> None:
    box.blockSignals(True)
    box.setCurrentIndex(max(0, box.findData(value)))
    box.blockSignals(False)


def _lines_of(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_bytes()[: 1 << 20].decode("utf-8", "replace").splitlines())
    except OSError:
        return ()
