"""The dialog for a new skill: name, description, template; problems are told at the field."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from workbench.files import FileProblem
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.skills.templates import create_skill, name_problem, templates


class NewSkillDialog(QDialog):
    """Emits ``created(folder)`` when the skill is on disk."""

    created = Signal(str)
    failed = Signal(str)

    def __init__(self, root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New skill")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self._root = root
        self._taken = {path.name for path in root.iterdir()} if root.is_dir() else set()
        self._templates = templates()
        self.name = QLineEdit()
        self.name.setPlaceholderText("pdf-forms")
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setProperty("muted", True)
        self.description = QPlainTextEdit()
        self.description.setProperty("field", True)
        self.description.setTabChangesFocus(True)
        self.description.setFixedHeight(88)
        self.description.setPlaceholderText(
            "What it does and when to use it, in words a request would have"
        )
        self.template = ChoiceBox("Template")
        for one in self._templates:
            self.template.addItem(one.title)
            self.template.setItemData(
                self.template.count() - 1, one.summary, Qt.ItemDataRole.ToolTipRole
            )
        self.summary = QLabel()
        self.summary.setProperty("muted", True)
        self.summary.setWordWrap(True)
        form = QFormLayout()
        form.setSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in (
            ("&Name", self.name),
            ("&Description", self.description),
            ("&Template", self.template),
        ):
            form.addRow(label, field)
            field.setAccessibleName(label.replace("&", ""))
            if field is self.name:
                form.addRow("", self.problem)
        form.addRow("", self.summary)
        buttons = row(spacing=8)
        self.make = primary_button("Create", self._create)
        self.make.setDefault(True)
        buttons.addStretch(1)
        buttons.addWidget(push_button("Cancel", self.reject))
        buttons.addWidget(self.make)
        inside = column(self, spacing=16)
        inside.setContentsMargins(16, 16, 16, 16)
        inside.addLayout(form)
        inside.addLayout(buttons)
        self.name.textChanged.connect(lambda _text: self._check())
        self.template.currentIndexChanged.connect(lambda _index: self._check())
        self._check()

    def _check(self) -> None:
        problem = name_problem(self.name.text(), self._taken)
        shown = problem if self.name.text() else f"Its folder is made in {self._root}."
        self.problem.setText(shown)
        self.make.setEnabled(not problem)
        self.make.setToolTip(problem)
        self.summary.setText(self._templates[self.template.currentIndex()].summary)

    def _create(self) -> None:
        template = self._templates[self.template.currentIndex()]
        description = self.description.toPlainText()
        try:
            folder = create_skill(self._root, template, self.name.text(), description)
        except FileProblem as problem:
            self.problem.setText(str(problem))
            self.failed.emit(str(problem))
            return
        self.created.emit(str(folder))
        self.accept()
