"""Screens as a screen reader is told of them, and custom painting as pixels.

``pytest tests/gui/test_screens.py --snapshot-update`` takes the present screens as right; look at
the difference before committing it.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from syrupy.assertion import SnapshotAssertion

SCENES = (
    "welcome",
    "library",
    "editor-form",
    "problems",
    "traces",
    "trace-step",
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
