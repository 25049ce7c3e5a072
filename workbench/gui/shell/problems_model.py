"""Problems grouped by file, as the Problems panel shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.shell.problems import ORDER, Problem
from workbench.gui.theme.icons import icon

Index = QModelIndex | QPersistentModelIndex

#: Role of the ``Problem`` behind a row; None for a file.
PROBLEM_ROLE = Qt.ItemDataRole.UserRole
#: Role of the quiet text at the end of a row.
DETAIL_ROLE = Qt.ItemDataRole.UserRole + 1

SEVERITY_ICONS = {"error": "error", "warning": "warning", "info": "info", "hint": "hint"}
_TOKENS = {"error": "error", "warning": "warning", "info": "info", "hint": "text_muted"}
_TOP = 0


class ProblemsModel(QAbstractItemModel):
    """Two levels: files, and the problems of each from the worst to the mildest."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files: list[tuple[Path, str, tuple[Problem, ...]]] = []

    def show(self, problems: Sequence[Problem], root: Path | None) -> None:
        """Show other problems; paths are shown relative to ``root``."""
        grouped: dict[Path, list[Problem]] = {}
        for problem in problems:
            grouped.setdefault(problem.path, []).append(problem)
        self.beginResetModel()
        self._files = [
            (path, _shown(path, root), tuple(sorted(found, key=_order)))
            for path, found in sorted(grouped.items(), key=lambda pair: str(pair[0]))
        ]
        self.endResetModel()

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else _TOP)

    def parent(self, index: Index | None = None) -> Any:
        if index is None:
            return super().parent()
        if not index.isValid() or index.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, _TOP)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._files)
        if parent.internalId() == _TOP and parent.column() == 0:
            return len(self._files[parent.row()][2])
        return 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if index.internalId() == _TOP:
            path, shown, problems = self._files[index.row()]
            return _of_file(path, shown, problems, role)
        return _of_problem(self._files[index.internalId() - 1][2][index.row()], role)


def _of_file(path: Path, shown: str, problems: tuple[Problem, ...], role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return shown
    if role == DETAIL_ROLE:
        return str(len(problems))
    if role == Qt.ItemDataRole.DecorationRole:
        return icon("file-text")
    if role == Qt.ItemDataRole.ToolTipRole:
        return str(path)
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{shown}, {len(problems)} problems"
    return None


def _of_problem(problem: Problem, role: int) -> Any:
    where = f"line {problem.line}" if problem.line else "whole file"
    if role == Qt.ItemDataRole.DisplayRole:
        return " ".join(problem.message.split())
    if role == DETAIL_ROLE:
        return "  ".join(filter(None, (problem.rule, ", ".join(problem.clients), where)))
    if role == Qt.ItemDataRole.DecorationRole:
        return icon(SEVERITY_ICONS[problem.severity], _TOKENS[problem.severity])
    if role == Qt.ItemDataRole.ToolTipRole:
        return "\n".join(filter(None, (problem.message, problem.origin)))
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{problem.severity}, {where}: {problem.message}"
    if role == PROBLEM_ROLE:
        return problem
    return None


def _order(problem: Problem) -> tuple[int, int, str]:
    return ORDER.index(problem.severity), problem.line, problem.message


def _shown(path: Path, root: Path | None) -> str:
    if root is not None and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return str(path)
