"""``gate`` and ``evaluate`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from workbench.cli.main import run
from workbench.resources import bundled


def call(*arguments: object) -> int:
    return run([str(argument) for argument in arguments], lambda *_: pytest.fail("no window"))


def table(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def evaluated(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert call("evaluate", path, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    schema = json.loads((bundled("resources") / "schemas" / "evaluate.json").read_text())
    assert problems(found, schema) == []
    [one] = found["tables"]
    return dict(one)


def test_a_task_without_a_run_on_one_side_is_no_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path, "task,before,after,before_status\na,0,1,infra\nb,1,1,\nc,1,,\n")
    found = evaluated(path, capsys)
    assert (found["repairs"], found["regressions"], found["paired"]) == (0, 0, 1)
    assert (found["mean_before"], found["mean_after"], found["infra"]) == (1.0, 1.0, 1)
    call("evaluate", path)
    assert "a  no run -> 1.00" in capsys.readouterr().out


def test_means_of_nothing_are_not_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = evaluated(table(tmp_path, "task,before,after\n"), capsys)
    assert (found["mean_before"], found["mean_after"]) == (None, None)


@pytest.mark.parametrize("factor", ["nan", "inf", "-3"])
def test_a_factor_that_is_no_weight_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], factor: str
) -> None:
    path = table(tmp_path, "task,before,after\na,0,1\n")
    assert call("gate", path, f"--factor={factor}") == 2
    assert "a weight" in capsys.readouterr().err


def test_a_gate_that_rejects_fails(tmp_path: Path) -> None:
    assert call("gate", table(tmp_path, "task,before,after\na,1,0\n")) == 1
    assert call("gate", table(tmp_path, "task,before,after\na,0,1\n", "u.csv")) == 0
