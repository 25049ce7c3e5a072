"""Details of the selected skill: verdicts, files, problems."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from workbench.domain.skill import Skill, SkillFile
from workbench.gui.library.skill_uses import SkillUses
from workbench.gui.models.skill_rows import size_text, verdict_of
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.badge import Badge, Tone
from workbench.gui.widgets.buttons import icon_button, primary_button, push_button
from workbench.gui.widgets.detail_row import DetailRow
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row

_DETAIL = Qt.ItemDataRole.UserRole + 1
_PATH = Qt.ItemDataRole.UserRole
_LINE = Qt.ItemDataRole.UserRole + 2
_TONES: dict[str, Tone] = {"ok": "success", "warning": "warning", "error": "error"}
_WORDS = {"ok": "ok", "warning": "warnings", "error": "errors"}
_SIGNS = {
    "error": ("error", "error"),
    "warning": ("warning", "warning"),
    "info": ("info", "info"),
    "hint": ("hint", "text_muted"),
}
_MOST_FILES = 500


class SkillInspector(QWidget):
    """Shown at the right while Library is in front."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._name = QLabel()
        self._name.setProperty("heading", True)
        self._name.setWordWrap(True)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._where = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._where.setProperty("muted", True)
        self._description = QLabel()
        self._description.setWordWrap(True)
        self._description.setTextFormat(Qt.TextFormat.PlainText)
        self._description.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._verdicts = column(spacing=4)
        self._files = _list("Files of the skill")
        self._problems = _list("Problems of the skill")
        self._said = _list("Annotations of traces that link to the skill")
        self._said_title = _section("Said in traces")
        self._uses = SkillUses(context)
        self._problems_title = _section("Problems")
        self._files_title = _section("Files")
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("No skill selected", "Select a skill to see its details.", icon="library")
        )
        self._stack.addWidget(self._page())
        column(self, spacing=0).addWidget(self._stack)
        for listed in (self._files, self._problems):
            listed.itemActivated.connect(self._open_item)
            listed.itemClicked.connect(self._open_item)
        for used in (self._said.itemActivated, self._said.itemClicked):
            used.connect(self._open_step)
        context.annotations.changed.connect(self._show)
        context.skill_selected.connect(self._show)
        context.library_changed.connect(self._show)
        context.diagnostics_changed.connect(self._show)
        context.client_changed.connect(self._show)
        self._show()

    def _page(self) -> QWidget:
        body = QWidget()
        inside = column(body, spacing=8)
        inside.setContentsMargins(16, 16, 16, 16)
        inside.addWidget(self._name)
        place = row(spacing=4)
        place.addWidget(self._where, 1)
        place.addWidget(icon_button("copy", "Copy the path of the skill", self._copy_path))
        inside.addLayout(place)
        inside.addWidget(self._description)
        self.open_button = primary_button("Open SKILL.md", self._open_skill)
        self.history_button = push_button(
            "History", lambda: self._context.commands.run("skill.history")
        )
        self.history_button.setToolTip("Show what changed this skill (Ctrl+Shift+Y)")
        acts = row(spacing=8)
        acts.addWidget(self.open_button)
        acts.addWidget(self.history_button)
        acts.addStretch(1)
        inside.addLayout(acts)
        inside.addSpacing(8)
        inside.addWidget(self._uses)
        inside.addSpacing(8)
        inside.addWidget(_section("Clients"))
        inside.addLayout(self._verdicts)
        inside.addSpacing(8)
        inside.addWidget(self._problems_title)
        inside.addWidget(self._problems)
        inside.addSpacing(8)
        inside.addWidget(self._said_title)
        inside.addWidget(self._said)
        inside.addWidget(self._files_title)
        inside.addWidget(self._files)
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        return area

    def _skill(self) -> Skill | None:
        return self._context.skill(self._context.selected_skill)

    def _show(self) -> None:
        skill = self._skill()
        self._stack.setCurrentIndex(0 if skill is None else 1)
        if skill is None:
            return
        self._name.setText(skill.name or skill.id)
        self._where.setText(skill.path)
        self._description.setText(skill.description or "This skill has no description.")
        self._show_verdicts(skill)
        self._show_problems(skill)
        self._show_files(skill)
        self._show_said(skill)

    def _show_verdicts(self, skill: Skill) -> None:
        while (item := self._verdicts.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        found = self._context.diagnostics.get(skill.id, ())
        for client in self._context.clients:
            verdict = verdict_of(found, client)
            line = QWidget()
            inside = row(line, spacing=8)
            inside.addWidget(ElidedLabel(client), 1)
            inside.addWidget(Badge(_WORDS[verdict], _TONES[verdict]))
            self._verdicts.addWidget(line)

    def _show_problems(self, skill: Skill) -> None:
        found = self._context.diagnostics_of(skill.id)
        self._problems.clear()
        for one in found:
            item = QListWidgetItem(icon(*_SIGNS[one.severity]), " ".join(one.message.split()))
            item.setData(_DETAIL, f"line {one.line}" if one.line else "")
            item.setData(_PATH, str(Path(skill.path) / one.path))
            item.setData(_LINE, one.line or 0)
            item.setToolTip(f"{one.message}\n{', '.join(one.clients)}\n{one.source}")
            self._problems.addItem(item)
        self._problems_title.setText(f"Problems  {len(found)}" if found else "No problems")
        _fit(self._problems, 8)

    def _show_files(self, skill: Skill) -> None:
        self._files.clear()
        for file in skill.files[:_MOST_FILES]:
            item = QListWidgetItem(icon(_file_icon(file)), file.path)
            item.setData(_DETAIL, file.target or size_text(file.size))
            item.setData(_PATH, str(Path(skill.path) / file.path))
            item.setToolTip(f"{file.path}, {size_text(file.size)}")
            self._files.addItem(item)
        more = len(skill.files) - _MOST_FILES
        self._files_title.setText(
            f"Files  {len(skill.files)}" + (f" ({more} not listed)" if more > 0 else "")
        )
        _fit(self._files, 12)

    def _show_said(self, skill: Skill) -> None:
        """List what people said of traces with a link to a line of the skill, by line."""
        found = sorted(
            self._context.annotations.of_skill(skill.id),
            key=lambda one: (one.skill.path, one.skill.line) if one.skill is not None else ("", 0),
        )
        self._said.clear()
        for one in found:
            assert one.skill is not None
            said = one.label or " ".join(one.note.split())[:80] or one.verdict or "Link"
            item = QListWidgetItem(icon("tag", "data_8"), said)
            item.setData(_DETAIL, f"{one.skill.path}:{one.skill.line}")
            item.setData(_PATH, one)
            item.setToolTip(
                f"{one.note or said}\n{one.skill.path}:{one.skill.line}: {one.skill.text}"
            )
            self._said.addItem(item)
        self._said_title.setText(f"Said in traces  {len(found)}")
        self._said_title.setVisible(bool(found))
        _fit(self._said, 6)

    def _open_step(self, item: QListWidgetItem) -> None:
        one = item.data(_PATH)
        self._context.request_annotation(one)

    def _open_item(self, item: QListWidgetItem) -> None:
        self._context.request_file(item.data(_PATH), item.data(_LINE) or 0)

    def _open_skill(self) -> None:
        skill = self._skill()
        if skill is not None:
            self._context.request_file(Path(skill.path) / skill.skill_md)

    def _copy_path(self) -> None:
        skill = self._skill()
        if skill is not None:
            QGuiApplication.clipboard().setText(skill.path)


def _section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def _list(name: str) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName(name)
    made.setItemDelegate(DetailRow(_DETAIL, made))
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


def _fit(listed: QListWidget, most: int) -> None:
    """Make a list as high as its rows, up to ``most`` of them."""
    listed.setVisible(listed.count() > 0)
    listed.setFixedHeight(min(most, listed.count()) * 26 + 4)


def _file_icon(file: SkillFile) -> str:
    names = {"script": "script", "link": "link", "skill_md": "file-text", "reference": "file-text"}
    return names.get(file.kind, "file")
