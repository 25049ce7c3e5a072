"""The list of watched folders outlives the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.files import FileProblem
from workbench.store.paths import UserFolders
from workbench.store.trace_folders import TraceFolders


def test_folders_are_kept_in_order(tmp_path: Path) -> None:
    kept = TraceFolders(UserFolders.below(tmp_path).trace_folders)
    assert kept.read() == ()
    kept.add(tmp_path / "b")
    kept.add(tmp_path / "a")
    kept.add(tmp_path / "b")
    assert TraceFolders(kept.path).read() == (tmp_path / "b", tmp_path / "a")
    assert kept.remove(tmp_path / "b") == kept.read() == (tmp_path / "a",)
    assert kept.remove(tmp_path / "none") == (tmp_path / "a",)


def test_a_list_that_is_damaged_is_told_and_left(tmp_path: Path) -> None:
    kept = TraceFolders(tmp_path / "folders.json")
    kept.path.write_text("[1")
    with pytest.raises(FileProblem, match="no list of watched folders"):
        kept.add(tmp_path)
    assert kept.path.read_text() == "[1"
