"""Habits that no linter checks."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "workbench").rglob("*.py")) + sorted((ROOT / "plugins").rglob("*.py"))
#: The one event loop of the window, and the one that draws without a window.
LOOPS = {"workbench/gui/app.py", "workbench/gui/walk/stage.py"}
FILE_LINES = 500
FUNCTION_LINES = 60


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_files_and_functions_fit_a_reader() -> None:
    long = [
        f"{_name(path)}: {lines} lines"
        for path in SOURCES
        if (lines := path.read_text(encoding="utf-8").count("\n")) > FILE_LINES
    ]
    for path in SOURCES:
        for function in _functions(_tree(path)):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES:
                long.append(f"{_name(path)}:{function.lineno} {function.name}: {length} lines")
    assert long == []


def test_plugins_import_the_api_and_nothing_else_of_ours() -> None:
    wrong = []
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(_tree(path)):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            wrong += [
                f"{_name(path)}:{node.lineno} {name}"
                for name in names
                if name.split(".")[0] == "workbench" and name != "workbench.plugin.api"
            ]
    assert wrong == []


def test_no_nested_event_loops_and_no_star_imports() -> None:
    wrong = []
    for path in SOURCES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
                wrong.append(f"{_name(path)}:{node.lineno} star import")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = node.func.attr
                if called == "processEvents" or (called == "exec" and _name(path) not in LOOPS):
                    wrong.append(f"{_name(path)}:{node.lineno} {called}()")
    assert wrong == []


def test_no_marks_are_left() -> None:
    words = ("TO" + "DO:", "FIX" + "ME", "X" + "XX:", "raise NotImplemented" + "Error")
    left = [
        f"{_name(path)}: {word}"
        for path in SOURCES
        for word in words
        if word in path.read_text(encoding="utf-8") and "pattern_scanner" not in path.parts
    ]
    assert left == []


def test_packages_of_resources_and_plugins_are_in_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    out = subprocess.run(
        ["git", "ls-files", "resources", "plugins"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "resources/example/library/python-environment/SKILL.md" in out
