"""What every test gets: a home of its own, and guards against what it leaves behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Tests are never timed: on a busy machine an example takes as long as it takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Before PySide is imported: no test may open a keyring or a session bus of the tester.
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)

_CORPUS = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def corpus() -> Path:
    """The published skills and traces that lie beside the checkout."""
    if not _CORPUS.is_dir():
        pytest.skip("the corpus of published skills and traces is not beside this checkout")
    return _CORPUS


@pytest.fixture(autouse=True)
def isolated_home(
    no_leaks: None, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give the test a home, settings and git identity of its own.

    It asks for ``no_leaks`` so that the guard looks last, when monkeypatch is undone.
    """
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("XDG_", "GIT_", "SKILL_WORKBENCH_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SKILL_WORKBENCH_HOME", str(home / "workbench"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (home / "gitconfig").write_text(
        "[user]\n\tname = Test Reviewer\n\temail = reviewer@example.invalid\n"
        "[init]\n\tdefaultBranch = main\n"
    )
    return home


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, a folder change or environment behind."""
    environment = dict(os.environ)
    folder = Path.cwd()
    threads = set(threading.enumerate())
    children = _children()
    yield
    _forget_pytest(environment)
    assert Path.cwd() == folder, "the test changed the current folder"
    left = [thread for thread in threading.enumerate() if thread not in threads]
    for thread in left:
        thread.join(timeout=2.0)
    assert not [thread for thread in left if thread.is_alive()], f"threads left running: {left}"
    # What was told to end may take a moment, above all on a busy machine.
    patience = time.monotonic() + 3.0
    while (running := _children() - children) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not running, f"child processes left running: {sorted(running)}"


def _forget_pytest(before: dict[str, str]) -> None:
    ignored = {"PYTEST_CURRENT_TEST", "QT_QPA_PLATFORM", "QT_API"}
    after = {name: value for name, value in os.environ.items() if name not in ignored}
    before = {name: value for name, value in before.items() if name not in ignored}
    assert after == before, "the test left the environment changed"


def _children() -> set[int]:
    """Return live children of this process, where the system says so (Linux)."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children") if Path("/proc").is_dir() else ():
        try:
            found.update(int(pid) for pid in task.read_text().split())
        except OSError:
            continue
    return {pid for pid in found if not _is_zombie(pid)}


def _is_zombie(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
