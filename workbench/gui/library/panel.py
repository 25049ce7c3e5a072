"""The Library activity: list of skills with a filter; the inspector shows the selected one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel, QStackedWidget, QToolButton, QWidget

from workbench.gui.library.inspector import SkillInspector
from workbench.gui.library.new_skill import NewSkillDialog
from workbench.gui.library.skills_view import SkillsList
from workbench.gui.models.skill_rows import SkillRow, filtered, skill_rows
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return LibraryPanel(context)


class LibraryPanel(QWidget):
    """Filter on top, the list below, counts at the foot."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: tuple[SkillRow, ...] = ()
        self._awaited = ""
        self.filter = SearchField("Filter skills…")
        self.flawed = QToolButton()
        self.flawed.setIcon(icon("warning", "text_muted", on="selection_text"))
        self.flawed.setCheckable(True)
        self.flawed.setToolTip("Show only skills with errors or warnings")
        self.flawed.setAccessibleName("Only skills with errors or warnings")
        self.list = SkillsList()
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.count.setContentsMargins(12, 6, 12, 6)
        self._empty = EmptyState(
            "No library is open",
            "Open a folder that holds skills: each in a folder of its own with a SKILL.md.",
            action=("Open folder…", lambda: context.commands.run("file.open_library")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="library",
        )
        self._none = EmptyState("Nothing matches", "No skill passes this filter.", icon="search")
        self._bare = EmptyState(
            "No skills here",
            "No folder below this one has a SKILL.md.",
            action=("New skill…", self.new_skill),
            link=("Open another folder…", lambda: context.commands.run("file.open_library")),
            icon="library",
        )
        self._stack = QStackedWidget()
        for page in (self.list, self._empty, self._none, self._bare):
            self._stack.addWidget(page)
        self._lay_out()
        self.inspector = SkillInspector(context)
        self.setFocusProxy(self.list)
        self._connect()
        context.commands.add(*self._commands())
        context.set_inspector("library", self.inspector)
        self._read()

    def new_skill(self) -> None:
        """Ask for a name and a template, and make the skill."""
        library = self._context.library
        if library is None:
            return
        dialog = NewSkillDialog(Path(library.root), self.window())
        dialog.created.connect(self._created)
        dialog.failed.connect(self._context.notify.error)
        dialog.open()

    def open_selected(self) -> None:
        """Open SKILL.md of the selected skill."""
        self._open(self.list.current_id())

    def show_history(self) -> None:
        """Show what changed the selected skill, in Review."""
        self._context.select_skill(self.list.current_id())
        self._context.request_activity("review")  # which brings its commands
        self._context.commands.run("review.history_selected")

    def show_problems(self) -> None:
        """Open the Problems panel on the selected skill."""
        self._context.commands.run("view.problems")

    def _lay_out(self) -> None:
        tools = row(spacing=4)
        tools.setContentsMargins(8, 8, 8, 8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.flawed)
        tools.addWidget(icon_button("plus", "New skill…", self.new_skill, shortcut="Ctrl+N"))
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self._stack, 1)
        inside.addWidget(self.count)
        self.setMinimumWidth(220)

    def _connect(self) -> None:
        context = self._context
        self.filter.searched.connect(lambda _text: self._show())
        self.filter.left_downwards.connect(self.list.setFocus)
        self.filter.returnPressed.connect(self.list.setFocus)
        self.flawed.toggled.connect(lambda _on: self._show())
        self.list.chosen.connect(context.select_skill)
        self.list.opened.connect(self._open)
        context.library_changed.connect(self._read)
        context.diagnostics_changed.connect(self._read)
        context.client_changed.connect(self._read)
        context.skill_selected.connect(self.list.select)
        context.theme_changed.connect(self._repaint)

    def _commands(self) -> tuple[Command, ...]:
        def why_nothing_selected() -> str | None:
            return None if self.list.current_id() else "select a skill in the list first."

        def why_no_library() -> str | None:
            return None if self._context.library else "open a folder of skills first (Ctrl+O)."

        return (
            Command(
                "skill.new",
                "New skill…",
                "Skill",
                self.new_skill,
                ("Ctrl+N",),
                when=why_no_library,
                icon="plus",
            ),
            Command(
                "skill.open",
                "Open SKILL.md",
                "Skill",
                self.open_selected,
                ("Ctrl+Return",),
                when=why_nothing_selected,
                icon="edit",
            ),
            Command(
                "skill.history",
                "Show history of the skill",
                "Skill",
                self.show_history,
                ("Ctrl+Shift+Y",),
                when=why_nothing_selected,
                icon="history",
            ),
            Command(
                "skill.problems",
                "Show problems of the library",
                "Skill",
                self.show_problems,
                when=why_no_library,
                icon="warning",
            ),
            Command(
                "skill.filter",
                "Filter skills",
                "Skill",
                self._focus_filter,
                ("Ctrl+Shift+F",),
                when=why_no_library,
                icon="filter",
            ),
        )

    def _focus_filter(self) -> None:
        self._context.request_activity("library")
        self.filter.setFocus()
        self.filter.selectAll()

    def _read(self) -> None:
        context = self._context
        self._rows = skill_rows(
            context.library, context.diagnostics, context.clients, context.client
        )
        self._show()
        if self._awaited and self.list.skills.row_of(self._awaited) >= 0:
            self.list.select(self._awaited)
            self._open(self._awaited)
            self._awaited = ""

    def _show(self) -> None:
        selected = self.list.current_id() or self._context.selected_skill
        shown = filtered(self._rows, self.filter.text(), flawed=self.flawed.isChecked())
        self.list.skills.show(shown)
        if self._context.library is None:
            self._stack.setCurrentWidget(self._empty)
        elif not self._rows:
            self._stack.setCurrentWidget(self._bare)
        else:
            self._stack.setCurrentWidget(self.list if shown else self._none)
        self.count.setVisible(bool(self._rows))
        total = len(self._rows)
        self.count.setText(
            f"{total} skills" if len(shown) == total else f"{len(shown)} of {total} skills"
        )
        if shown:
            self.list.select(selected if selected else shown[0].id)

    def _repaint(self) -> None:
        self.list.viewport().update()

    def _open(self, skill_id: str) -> None:
        skill = self._context.skill(skill_id)
        if skill is not None:
            self._context.request_file(Path(skill.path) / skill.skill_md)

    def _created(self, folder: str) -> None:
        library = self._context.library
        if library is not None:
            root = Path(library.root)
            self._awaited = Path(folder).relative_to(root).as_posix()
            self._context.workspace.reload()
