"""A file in a tab: its source, and beside it the form or the preview; saving it safely."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QStackedWidget, QToolButton, QWidget

from workbench.domain.diagnostic import SEVERITIES
from workbench.files import ChangedOutside, FileProblem, write_atomic
from workbench.gui.editor.compare import CompareDialog
from workbench.gui.editor.file_text import FileText, read_file
from workbench.gui.editor.find_bar import FindBar
from workbench.gui.editor.front_matter_form import FrontMatterForm
from workbench.gui.editor.live_check import LiveCheck
from workbench.gui.editor.preview import Preview, without_front_matter
from workbench.gui.editor.problem_list import ProblemList
from workbench.gui.editor.recovery import RecoveryCopy, RecoveryFolder
from workbench.gui.editor.source_view import SourceView
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.banner import Banner, Severity
from workbench.gui.widgets.buttons import WordButton, icon_button
from workbench.gui.widgets.document import Document
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Skill

_KEEP_MS = 1000
#: From this width on the side pane stands beside the source, below it under it.
_BESIDE = 760


class FileDocument(Document):
    """One file. Only SKILL.md has a form; Markdown has a preview."""

    def __init__(self, context: AppContext, file: FileText, parent: QWidget | None = None) -> None:
        super().__init__(file.path, parent)
        self._context = context
        self._file = file
        self._saved_sha: str | None = file.sha
        self._dirty = False
        #: The disk has another text, or none, though nothing was typed: a save still writes.
        self._unwritten = False
        self._asked_about: str | None = ""
        self._banners: dict[str, Banner] = {}
        self._recovery = RecoveryFolder(context.folders.state / "recovery")
        self._recovery_copy = self._recovery.find(file.path)
        self.source = SourceView(f"Source of {file.path.name}", file.path.suffix)
        self.check = LiveCheck(context, file.path, self)
        self.find_bar = FindBar(self.source)
        self.problems = ProblemList()
        self.preview: Preview | None = None
        self.form: FrontMatterForm | None = None
        self._side = QStackedWidget()
        self._side.hide()
        self._buttons: dict[str, QToolButton] = {}
        self._lay_out()
        self._show_file(file)
        self._connect()
        self._offer_recovery()
        self.setFocusProxy(self.source)

    # What the tabs ask for

    @property
    def dirty(self) -> bool:
        return self._dirty

    @property
    def caret(self) -> tuple[int, int]:
        return self.source.caret()

    @property
    def newline_name(self) -> str:
        """The line ends in a word."""
        return self._file.newline_name

    def bytes_now(self) -> bytes:
        """Return what a save would write."""
        return self._file.encode(self.source.text())

    def go_to(self, line: int) -> None:
        if line > 0:
            self.source.go_to(line)

    def discard(self) -> None:
        self._recovery.drop(self.path)

    def save(self) -> bool:
        """Write the file whole or not at all, and only over what was read."""
        if self.form is not None:
            self.form.commit()
        if not self._dirty and self._saved_sha is not None:
            return True
        data = self.bytes_now()
        try:
            sha = self._write(data)
        except ChangedOutside as problem:
            self._tell_changed(problem.found)
            return False
        except FileProblem as problem:
            self._tell("save", "error", str(problem), (("Try again", self.save),))
            return False
        for key in ("save", "outside", "recovery"):
            self._untell(key)
        self._file = FileText(self.path, data, self._file.executable)
        self._saved_sha = sha
        self._recovery.drop(self.path)
        self._unwritten = False
        self.source.document().setModified(False)
        self._set_dirty(False)
        self._context.file_saved.emit(str(self.path))
        self._context.workspace.reload()
        return True

    def check_disk(self) -> None:
        """Look whether another program changed the file; reload when nothing of ours is lost."""
        try:
            found = read_file(self.path)
        except FileProblem:
            if not self.path.exists():
                self._tell_changed(None)
            return
        if found.sha == self._saved_sha:
            self._untell("outside")
            self._asked_about = ""
            return
        if not self._dirty:
            self.reload()
        else:
            self._tell_changed(found.sha)

    def reload(self) -> None:
        """Show the file as it is on disk; the caret keeps its line."""
        try:
            file = read_file(self.path)
        except FileProblem as problem:
            self._tell("outside", "error", str(problem))
            return
        self._untell("outside")
        self._recovery.drop(self.path)
        line = self.caret[0]
        self._show_file(file)
        self.source.go_to(line)

    # Making it

    def _lay_out(self) -> None:
        header = QFrame()
        header.setObjectName("PanelHeader")
        header.setFixedHeight(34)
        line = row(header, spacing=4)
        line.setContentsMargins(12, 0, 8, 0)
        self._place = ElidedLabel()
        self._place.setProperty("muted", True)
        line.addWidget(self._place, 1)
        group = QButtonGroup(self)
        group.setExclusive(False)
        for name, sign in self._sides():
            button = WordButton()
            button.setText(name)
            button.setIcon(icon(sign, "text_muted", on="selection_text"))
            button.setCheckable(True)
            button.setToolTip(f"Show or hide the {name.lower()} beside the source")
            button.setAccessibleName(f"{name} beside the source")
            button.toggled.connect(lambda on, name=name: self._show_side(name, on))
            self._buttons[name] = button
            line.addWidget(button)
        line.addWidget(icon_button("search", "Find", self.find_bar.ask, shortcut="Ctrl+F"))
        line.addWidget(icon_button("save", "Save", self.save, shortcut="Ctrl+S"))
        left = QWidget()
        stacked = column(left, spacing=0)
        stacked.addWidget(self.find_bar)
        stacked.addWidget(self.source, 1)
        self._split = SplitView((left, self._side), stretch=(3, 2))
        self._banner_slot = column(spacing=0)
        inside = column(self, spacing=0)
        inside.addWidget(header)
        inside.addLayout(self._banner_slot)
        inside.addWidget(self._split, 1)
        inside.addWidget(self.problems)

    def _sides(self) -> tuple[tuple[str, str], ...]:
        sides: tuple[tuple[str, str], ...] = ()
        if self.path.name.casefold() == "skill.md":
            sides += (("Form", "settings"),)
        if self.source.highlighter is not None:
            sides += (("Preview", "eye"),)
        return sides

    def _connect(self) -> None:
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._keep.timeout.connect(self._keep_copy)
        self.source.textChanged.connect(self._edited)
        self.source.cursorPositionChanged.connect(
            lambda: self.caret_moved.emit(*self.source.caret())
        )
        self.problems.line_chosen.connect(self._jump)
        self.check.checked.connect(self._checked)
        context = self._context
        context.disk_changed.connect(self.check_disk)
        context.theme_changed.connect(self._refresh_colours)
        context.client_changed.connect(self._follow)
        self.check.wish(self.bytes_now)

    def _show_file(self, file: FileText) -> None:
        self._file = file
        self._saved_sha = file.sha
        self._unwritten = False
        self._asked_about = ""
        self.source.blockSignals(True)
        self.source.set_text(file.text)
        self.source.blockSignals(False)
        locked = file.locked
        if not locked and self.source.text() != file.text:
            locked = (
                "This file has characters that the editor cannot keep. It is read-only so that no "
                "byte is lost."
            )
        self.source.setReadOnly(bool(locked))
        if locked:
            self._tell("locked", "warning", locked)
        else:
            self._untell("locked")
        if self.form is not None:
            self.form.lock(bool(locked))
        marks = [file.newline_name] if file.newline_name != "LF" else []
        marks += ["BOM"] if file.bom else []
        marks += ["executable"] if file.executable else []
        self._place.setText("  ".join([self._shown_path(), *marks]))
        self._set_dirty(False)
        self._follow()

    def _shown_path(self) -> str:
        library = self._context.library
        if library is not None and self.path.is_relative_to(library.root):
            return self.path.relative_to(library.root).as_posix().replace("/", "  ›  ")
        return str(self.path)

    # Typing

    def _edited(self) -> None:
        self._set_dirty(self._unwritten or self.source.document().isModified())
        self._keep.start()
        self._follow()

    def _follow(self) -> None:
        if self.preview is not None:
            self.preview.show_markdown(lambda: without_front_matter(self.source.text()))
        if not self.source.isReadOnly():
            self.check.wish(self.bytes_now)

    def _set_dirty(self, dirty: bool) -> None:
        if dirty != self._dirty:
            self._dirty = dirty
            self.dirty_changed.emit(dirty)

    def _keep_copy(self) -> None:
        if not self._dirty:
            self._recovery.drop(self.path)
            return
        kept = self._recovery.keep(
            RecoveryCopy(self.path, self.source.text(), self._saved_sha or "")
        )
        if not kept:
            self._tell(
                "copy",
                "warning",
                "Unsaved text cannot be kept for a crash: the disk refuses. Save soon.",
            )

    def _checked(self, skill: Skill, found: tuple[Diagnostic, ...]) -> None:
        name = self.path.name
        client = self._context.client
        here = [
            one
            for one in found
            if one.path == name and (not client or not one.clients or client in one.clients)
        ]
        self.problems.show_problems(here)
        worst_last = sorted(here, key=lambda one: SEVERITIES.index(one.severity), reverse=True)
        marks = {one.line or 1: one.severity for one in worst_last}
        self.source.set_marks(marks)
        if self.form is not None:
            error = skill.front_matter.error if skill.front_matter else None
            self.form.show_skill(
                skill, f"The front matter cannot be read: {error}" if error else ""
            )

    def _jump(self, line: int) -> None:
        self.source.go_to(max(1, line))
        self.source.setFocus()

    # Form and preview

    def _show_side(self, name: str, on: bool) -> None:
        for other, button in self._buttons.items():
            if other != name and on:
                button.setChecked(False)
        if not on:
            self._side.setVisible(any(button.isChecked() for button in self._buttons.values()))
            return
        self._side.setCurrentWidget(
            self._make_preview() if name == "Preview" else self._make_form()
        )
        self._side.show()
        self._turn()
        self._follow()

    def show_side(self, name: str) -> None:
        """Show "Form" or "Preview" beside the source; ignored where there is none."""
        if name in self._buttons:
            self._buttons[name].setChecked(True)

    def toggle_side(self, name: str) -> None:
        """Show or hide "Form" or "Preview"."""
        if name in self._buttons:
            self._buttons[name].toggle()

    def _make_preview(self) -> Preview:
        if self.preview is None:
            self.preview = Preview()
            self.preview.link_clicked.connect(self._link)
            self._side.addWidget(self.preview)
        return self.preview

    def _make_form(self) -> FrontMatterForm:
        if self.form is None:
            self.form = FrontMatterForm()
            self.form.lock(self.source.isReadOnly())
            self.form.edited.connect(self._set_key)
            self._side.addWidget(self.form)
            skill = self.check.skill()
            self.form.show_skill(None, "" if skill else "This file is not in the open library.")
        return self.form

    def _set_key(self, key: str, value: str) -> None:
        from workbench.skills.edit import remove_front_matter, set_front_matter
        from workbench.skills.problems import SkillError
        from workbench.skills.read import with_source

        skill = self.check.skill()
        if skill is None:
            return
        edited = with_source(skill, self.bytes_now())
        try:
            data = (
                set_front_matter(edited, key, value) if value else remove_front_matter(edited, key)
            )
        except SkillError as problem:
            self._tell("form", "error", str(problem))
            return
        self._untell("form")
        self.source.replace_text(FileText(self.path, data).text)

    def _link(self, target: str) -> None:
        path = self.path.parent / target.partition("#")[0]
        skill = self._context.workspace.skill_of(self.path)
        inside = skill is not None and path.resolve().is_relative_to(skill.path)
        if "://" not in target and inside and path.is_file():
            self._context.request_file(path)
        else:
            self._context.notify.info(
                f"The link goes to {target}. It was not opened.", replace="link"
            )

    def _turn(self) -> None:
        beside = self.width() >= _BESIDE
        wanted = (
            self._split.orientation().Horizontal if beside else self._split.orientation().Vertical
        )
        if self._split.orientation() != wanted:
            self._split.setOrientation(wanted)

    def _refresh_colours(self) -> None:
        self.source.refresh_colours()
        if self.preview is not None:
            self.preview.refresh_colours()

    # Disk

    def _write(self, data: bytes) -> str:
        skill = self._context.workspace.skill_of(self.path)
        if skill is not None:
            from workbench.skills.write import save_skill_file

            relative = self.path.relative_to(skill.path).as_posix()
            return save_skill_file(Path(skill.path), relative, data, self._saved_sha)
        return write_atomic(self.path, data, expected=self._saved_sha)

    def _tell_changed(self, found: str | None) -> None:
        if found == self._asked_about:
            return
        self._asked_about = found
        if found is None:
            self._tell(
                "outside",
                "warning",
                "This file was deleted by another program. Your text is still here.",
                (("Keep mine", lambda: self._keep_mine(None)),),
            )
            self._unwritten = True
            self._set_dirty(True)
            return
        self._tell(
            "outside",
            "warning",
            "Another program changed this file while you edited it. Nothing was overwritten.",
            (
                ("Compare", self._compare),
                ("Reload", self.reload),
                ("Keep mine", lambda: self._keep_mine(found)),
            ),
        )

    def _keep_mine(self, found: str | None) -> None:
        """Let the next save write over what is on disk now, and nothing later."""
        self._untell("outside")
        self._saved_sha = found
        self._asked_about = ""
        self._unwritten = True
        self._set_dirty(True)

    def _compare(self) -> None:
        try:
            disk = read_file(self.path)
        except FileProblem as problem:
            self._tell("outside", "error", str(problem))
            return
        CompareDialog(self.path.name, disk.text, self.source.text(), self.window()).open()

    def _offer_recovery(self) -> None:
        copy = self._recovery_copy
        if copy is None or copy.text == self._file.text or self.source.isReadOnly():
            return
        changed = "" if copy.base_sha == self._file.sha else " The file has changed since."
        self._tell(
            "recovery",
            "info",
            f"Text that was not saved last time was kept.{changed}",
            (("Restore it", lambda: self._restore(copy)), ("Forget it", self._forget)),
        )

    def _restore(self, copy: RecoveryCopy) -> None:
        self._untell("recovery")
        self.source.replace_text(copy.text)

    def _forget(self) -> None:
        self._untell("recovery")
        self._recovery.drop(self.path)

    # Banners

    def _tell(
        self,
        key: str,
        severity: Severity,
        text: str,
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
    ) -> None:
        self._untell(key)
        banner = Banner(severity, text, actions, closable=key != "locked")
        self._banners[key] = banner
        self._banner_slot.addWidget(banner)

    def _untell(self, key: str) -> None:
        banner = self._banners.pop(key, None)
        if banner is not None:
            try:
                banner.hide()
                banner.deleteLater()
            except RuntimeError:  # closed by the person meanwhile
                return

    def banner(self, key: str) -> Banner | None:
        """Return a banner that is shown: "outside", "save", "recovery", "locked", "form"."""
        return self._banners.get(key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate:
            self.check_disk()
        return super().event(event)
