"""What no scanner read, and names no scanner can be told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.security.build import write_skill
from workbench.domain.finding import SkillScan
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.security.scan import NOT_INSPECTED, NOT_SCANNED, scan_library
from workbench.skills.library import read_library

ODD = os.fsdecode(b"odd\xff")


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[JobRunner]:
    with JobRunner(tmp_path / "runs") as runner:
        yield runner


def scanned(tmp_path: Path, runner: JobRunner, problems: list[str]) -> tuple[SkillScan, ...]:
    plugin = Registry([bundled("plugins")], tmp_path / "state.json", installed=False).get(
        "pattern_scanner"
    )
    return scan_library(
        read_library(tmp_path / "lib"), [plugin], runner, on_problem=problems.append
    )


@pytest.mark.parametrize("name", ["scripts/tool.py", "SKILL.md"])
def test_a_skill_whose_text_or_program_cannot_be_read_is_not_clean(
    tmp_path: Path, runner: JobRunner, name: str
) -> None:
    file = write_skill(tmp_path / "lib", "one") / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(bytes(range(256)) * 40)
    (scan,) = scanned(tmp_path, runner, [])
    assert scan.verdict == "review"
    (finding,) = [found for found in scan.findings if found.rule == NOT_INSPECTED]
    assert finding.path == name


def test_a_picture_that_cannot_be_read_leaves_the_skill_clean(
    tmp_path: Path, runner: JobRunner
) -> None:
    (write_skill(tmp_path / "lib", "one") / "logo.bin").write_bytes(bytes(range(256)) * 40)
    (scan,) = scanned(tmp_path, runner, [])
    assert scan.verdict == "clean"


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_names_that_are_not_utf8_are_told_and_the_rest_is_scanned(
    tmp_path: Path, runner: JobRunner
) -> None:
    write_skill(tmp_path / "lib", "one").joinpath(ODD + ".sh").write_text("ls\n")
    write_skill(tmp_path / "lib", "two").rename(tmp_path / "lib" / ODD)
    problems: list[str] = []
    named, odd = sorted(scanned(tmp_path, runner, problems), key=lambda scan: scan.name)
    assert named.coverage.opaque == (ODD + ".sh",)
    assert named.verdict == odd.verdict == "review"
    assert [found.rule for found in odd.findings] == [NOT_SCANNED]
    assert all("not UTF-8" in problem for problem in problems)
    assert len(problems) == 2


def test_a_place_for_runs_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    write_skill(tmp_path / "lib", "one")
    (tmp_path / "file").write_text("")
    with JobRunner(tmp_path / "file" / "runs") as runner, pytest.raises(FileProblem, match="runs"):
        scanned(tmp_path, runner, [])
