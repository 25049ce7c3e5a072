"""Some of the kills of ``tests.oracles.fault_table``; by hand it makes all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.fault_table import SCENES, Scene, rows


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_whatever_write_it_is_killed_at_the_next_start_mends_it(
    tmp_path: Path, scene: Scene
) -> None:
    made = list(rows(scene, tmp_path, every=41))
    assert made
    assert {row.outcome for row in made} <= {"before", "after"}
    assert made[0].outcome == "before"
