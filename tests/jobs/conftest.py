"""Plugins written for one test, and a runner with short deadlines."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workbench.domain.job import Request
from workbench.plugin.jobs import Deadlines, JobRunner
from workbench.plugin.registry import PluginInfo, Registry

WritePlugin = Callable[..., PluginInfo]

DEADLINES = Deadlines(term_after=0.3, kill_after=0.3, exit_after_finished=0.5, drain_after_exit=0.3)


@pytest.fixture
def write_plugin(tmp_path: Path) -> WritePlugin:
    """Write a plugin with that code as its module, or as its program, and enable it."""

    def write(code: str, *, plugin_id: str = "probe", form: str = "inprocess", more: str = ""):
        folder = tmp_path / "plugins" / plugin_id
        package = folder / f"{plugin_id}_package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "main.py").write_text(textwrap.dedent(code))
        entry = (
            f'["{{python}}", "./{package.name}/main.py"]'
            if form == "command"
            else f'"{package.name}.main:run"'
        )
        (folder / "plugin.toml").write_text(
            f'id = "{plugin_id}"\nname = "Probe"\nversion = "1.0"\napi = "1.0"\n'
            f'licence = "MIT"\nkinds = ["scanner", "evolver"]\nform = "{form}"\n'
            f"entry = {entry}\n{more}\n"
        )
        registry = Registry(
            [tmp_path / "plugins"], tmp_path / "state" / "plugins.json", installed=False
        )
        return registry.set_enabled(plugin_id, True)

    return write


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[JobRunner]:
    with JobRunner(tmp_path / "runs", parallel=2, deadlines=DEADLINES) as runner:
        yield runner


def request(kind: str = "scanner", **fields: object) -> Request:
    values: dict = {"job": "", "kind": kind, "library": "/nowhere", "skills": (), **fields}
    return Request(**values)


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "\nState:\tZ" not in status
