"""``picture``: named screens as PNG files, the same every time, without a display."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

SCENES = [
    *("welcome", "library", "editor", "editor-form", "preview", "problems"),
    *(
        "traces",
        "trace-step",
        "trace-page",
        "sessions",
        "usage",
        "compare",
        "graph",
        "security",
        "evolution",
    ),
    *("review", "review-side-by-side", "review-evidence", "review-apply", "review-history"),
    *("palette", "quick-open"),
]


def picture(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    environment |= {"HOME": str(home)} if home else {}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "workbench", "picture", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )


def size_of(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_the_list_names_every_scene() -> None:
    answer = picture("--list")
    assert answer.returncode == 0
    assert [line.split()[0] for line in answer.stdout.splitlines()] == SCENES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--out", "x.png"), "There is no scene 'nowhere'. Scenes: welcome, library"),
        (("--out", "x.png"), "Name a scene. Scenes: welcome"),
        (("library",), "--out FILE"),
        (("library", "--out", "x.png", "--size", "12"), "'12' is no size"),
        (("library", "--out", "x.png", "--size", "99999x800"), "is no size"),
        (("library", "--out", "x.png", "--theme", "pink"), "invalid choice"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(
    arguments: tuple[str, ...], words: str
) -> None:
    answer = picture(*arguments)
    assert answer.returncode == 2
    assert words in answer.stderr
    assert answer.stdout == ""


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = picture("welcome", "--out", str(tmp_path / "file" / "x.png"))
    assert answer.returncode == 2
    assert "Cannot write" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.timeout(180)
def test_every_scene_is_drawn_and_nothing_is_left_behind(scene: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    out = tmp_path / "out" / f"{scene}.png"
    answer = picture(scene, "--out", str(out), "--theme", "dark", home=home)
    assert answer.returncode == 0, answer.stderr
    assert size_of(out) == (1280, 800)
    assert answer.stderr == ""
    assert not [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_same_scene_is_the_same_bytes_and_another_theme_is_not(tmp_path: Path) -> None:
    pictures = []
    for name, theme in (("a", "light"), ("b", "light"), ("c", "high-contrast")):
        out = tmp_path / f"{name}.png"
        answer = picture("review", "--out", str(out), "--theme", theme, "--size", "1600x900")
        assert answer.returncode == 0, answer.stderr
        assert size_of(out) == (1600, 900)
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
