"""The built wheel, installed in a fresh environment, starts with all it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=folder)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    # Paths in a .pth file are added, but their own .pth files (the editable install) are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env" / "bin"


def test_the_wheel_holds_plugins_and_resources(installed: Path, tmp_path: Path) -> None:
    out = run(
        installed / "python",
        "-c",
        "import workbench, workbench.resources as r; print(workbench.__file__);"
        "print(r.bundled('plugins')); print(r.bundled('resources'))",
        cwd=tmp_path,
    )
    module, plugins, resources = (Path(line) for line in out.split())
    assert installed.parent in module.parents
    assert plugins == module.parent / "_bundled" / "plugins"
    assert (plugins / "evidence_miner" / "plugin.toml").is_file()
    assert (resources / "example" / "library" / "csv-cleanup" / "SKILL.md").is_file()


def test_the_installed_command_runs_an_engine(installed: Path, tmp_path: Path) -> None:
    command = installed / "skill-workbench"
    out = run(command, "plugins", "list", "--format", "json", cwd=tmp_path)
    states = {plugin["id"]: plugin["state"] for plugin in json.loads(out)["plugins"]}
    assert states.keys() >= {"evidence_miner", "folder_importer", "pattern_scanner"}
    assert set(states.values()) == {"bundled"}
    example = Path(
        run(
            installed / "python",
            "-c",
            "import workbench.resources as r; print(r.bundled('resources') / 'example')",
            cwd=tmp_path,
        ).strip()
    )
    out = run(
        command,
        "evolve",
        example / "library",
        "--traces",
        example / "traces",
        "--out",
        tmp_path / "out",
        "--format",
        "json",
        cwd=tmp_path,
    )
    assert len(json.loads(out)["proposals"]) == 2


def test_the_installed_command_draws_a_screen(installed: Path, tmp_path: Path) -> None:
    picture = tmp_path / "welcome.png"
    run(installed / "skill-workbench", "picture", "welcome", "--out", picture, cwd=tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
