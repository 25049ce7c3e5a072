"""The whole program in a process of its own: starts, opens what it is given, ends cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_RUN = """
import sys
from PySide6.QtCore import QTimer
from workbench.gui import app
made = []
after = app.Program.after_first_frame
def look():
    program = made[0]
    context = program.context
    ready = {ready}
    if ready:
        print("READY", {shown})
        program.window.close()
    else:
        QTimer.singleShot(50, look)
def first(self):
    made.append(self)
    heavy = [m for m in ("asyncio", "qasync", "networkx", "openai", "markdown", "markdown_it")
             if m in sys.modules]
    print("HEAVY", heavy)
    after(self)
    QTimer.singleShot(0, look)
app.Program.after_first_frame = first
from workbench.__main__ import main
code = main(sys.argv[1:])
import threading
print("END", code, [t.name for t in threading.enumerate() if t is not threading.main_thread()])
"""


def run(ready: str, shown: str, *arguments: str) -> tuple[list[str], str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(ready=ready, shown=shown), *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_it_starts_without_heavy_imports_and_ends_without_threads(isolated_home: Path) -> None:
    lines, _ = run("True", "program.window.centre.current == ''")
    assert lines == ["HEAVY []", "READY True", "END 0 []"]
    assert (isolated_home / "workbench" / "state" / "window.json").is_file()


def test_a_folder_on_the_command_line_is_opened_and_remembered(
    library: Path, isolated_home: Path
) -> None:
    lines, _ = run(
        "context.library is not None and not context.jobs.active",
        "len(context.library.skills)",
        str(library),
    )
    assert lines[1:] == ["READY 4", "END 0 []"]
    again, _ = run("True", "program.window.does.session.recent", "--theme", "dark")
    assert str(library) in again[1]


def test_a_skill_file_on_the_command_line_is_shown(library: Path) -> None:
    lines, _ = run(
        "program.window.documents",
        "program.window.documents[0].path.name",
        str(library / "beta" / "SKILL.md"),
    )
    assert lines[1:] == ["READY SKILL.md", "END 0 []"]


def test_it_ends_while_work_is_running(library: Path) -> None:
    lines, _ = run(
        "context.run_job('long', lambda r: [r.check_cancelled() for _ in iter(int, 1)])",
        "len(context.jobs.active) > 0",
    )
    assert lines[1] == "READY True"
    assert lines[2] == "END 0 []"


def test_debug_mode_watches_for_stalls(library: Path) -> None:
    lines, _ = run("hasattr(program, 'stalls')", "program.stalls._thread.is_alive()", "--debug")
    assert lines[1:] == ["READY True", "END 0 []"]


def test_the_example_is_a_copy_under_git_with_its_traces(isolated_home: Path) -> None:
    lines, _ = run(
        "context.library is not None and len(context.traces) >= 13 and not context.jobs.active",
        "len(context.library.skills), len(context.traces), context.trace_problems",
        "open",
        "--example",
    )
    assert lines[1:] == ["READY 11 13 ()", "END 0 []"]
    copy = isolated_home / "workbench" / "data" / "example" / "library"
    assert (copy / ".git").is_dir()
    assert (copy / "incident-report" / "SKILL.md").read_bytes().count(b"\r\n") > 10
