"""Screens as a screen reader is told of them, and custom painting as pixels.

``pytest tests/gui/test_screens.py --snapshot-update`` takes the present screens as right; look at
the difference before committing it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from syrupy.assertion import SnapshotAssertion

from workbench.resources import bundled

SCENES = (
    "welcome",
    "library",
    "editor-form",
    "problems",
    "traces",
    "trace-step",
    "sessions",
    "usage",
    "compare",
    "graph",
    "security",
    "review",
    "review-apply",
    "palette",
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """All screens, shown one after the other in one process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.screen_text", *SCENES],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("== ")[1:]
    return {name: text.strip() for name, _, text in (part.partition("\n") for part in parts)}


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.xdist_group("screens")
@pytest.mark.parametrize("scene", SCENES)
def test_a_screen_says_what_it_said(
    scene: str, texts: dict[str, str], snapshot: SnapshotAssertion
) -> None:
    assert texts[scene] == snapshot


#: Scenes with custom painting, and the picture in the README that shows them.
PAINTED = {"graph": "graph.png", "trace-step": "traces.png", "review": "review.png"}


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("scene", PAINTED)
def test_the_readme_shows_the_program_as_it_is(scene: str, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.png"
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "picture", scene, "--out", str(drawn)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = bundled("resources") / "pictures" / PAINTED[scene]
    # Fonts and style are our own, so pixels agree from machine to machine; a little is allowed for
    # another build of Qt. To renew: skill-workbench picture SCENE --out resources/pictures/FILE
    assert differing(QImage(str(drawn)), QImage(str(shown))) < 0.005


def differing(one: QImage, other: QImage) -> float:
    """Return the share of pixels that are not the same; 1.0 for other sizes."""
    if one.size() != other.size():
        return 1.0
    form = QImage.Format.Format_RGB32
    left, right = (bytes(image.convertToFormat(form).constBits()) for image in (one, other))
    pixels = range(0, len(left), 4)
    return sum(left[at : at + 4] != right[at : at + 4] for at in pixels) / len(pixels)
