"""A need that one of several things meets."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.plugin.manifest import Manifest, ManifestProblem, load
from workbench.plugin.registry import unmet_needs


def manifest(folder: Path, needs: str) -> Manifest:
    (folder / "plugin.toml").write_text(
        'id = "x"\nname = "X"\nversion = "1"\napi = "1.0"\nlicence = "MIT"\n'
        f'kinds = ["evolver"]\nform = "inprocess"\nentry = "x:run"\nneeds = {needs}\n'
    )
    return load(folder)


def test_one_of_two_is_enough_and_both_are_named(tmp_path: Path) -> None:
    either = manifest(tmp_path, '["results|runner", "tasks"]')
    assert unmet_needs(either, {"runner", "tasks"}) == ()
    assert unmet_needs(either, {"results", "tasks"}) == ()
    assert unmet_needs(either, {"tasks"}) == (
        "stored results of task runs or a runner that executes tasks",
    )
    programs = manifest(tmp_path, '["program:no-such-program|python:sys"]')
    assert unmet_needs(programs, ()) == ()


@pytest.mark.parametrize("need", ["results|", "|", "results|nonsense", "model:|runner"])
def test_each_of_them_has_to_be_a_need(tmp_path: Path, need: str) -> None:
    with pytest.raises(ManifestProblem, match="needs"):
        manifest(tmp_path, f'["{need}"]')
