"""The git state of the open library for the status bar, read in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.shell.context import AppContext

_PAUSE_MS = 300


@dataclass(frozen=True, slots=True)
class GitState:
    """What the status bar says of git: short, and in a sentence."""

    text: str
    tip: str


class GitWatch(QObject):
    """Asks git again when the library, a file or a proposal changed."""

    changed = Signal(object)

    def __init__(self, context: AppContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._ask)
        context.library_changed.connect(self._ask_later)
        context.file_saved.connect(self._ask_later)
        context.proposals_changed.connect(self._ask_later)

    def _ask_later(self) -> None:
        self._later.start()

    def _ask(self) -> None:
        library = self._context.library
        if library is None:
            self.changed.emit(GitState("", ""))
            return
        self._context.spawn_thread(
            git_state, Path(library.root), on_done=self.changed.emit, owner=self
        )


def git_state(root: Path) -> GitState:
    """Return the git state of a folder in words; without git or a repository it says so."""
    from workbench.store.git import GitMissing, GitProblem, Repository

    try:
        repository = Repository.find(root)
        if repository is None:
            return GitState(
                "no git",
                "This library is in no git repository. Applied proposals are kept in a local "
                "history and can be reverted from there.",
            )
        where = repository.branch() or (repository.head() or "no commit")[:8]
        changed = len(repository.status())
        under_way = repository.operation()
    except GitMissing:
        return GitState("git missing", "The git command is not installed. Install git to commit.")
    except GitProblem as problem:
        return GitState("git refused", str(problem))
    tip = f"{repository.root}, {where}: {changed} changed files" if changed else f"{where}: clean"
    if under_way:
        tip += f". Git is in the middle of {under_way}."
    return GitState(f"{where}*" if changed else where, tip)
