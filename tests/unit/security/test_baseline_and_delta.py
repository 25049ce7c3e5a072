from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.security.build import finding, scan_of
from workbench.domain.finding import Capabilities
from workbench.security.baseline import BaselineProblem, compare, gone, load_baseline
from workbench.security.delta import scan_delta


def _baseline(folder: Path, *items: dict[str, str], schema: str = "skill-workbench/scan/1"):
    file = folder / "before.json"
    skills = [{"id": "s", "path": "/elsewhere/s", "name": "s", "findings": list(items)}]
    file.write_text(json.dumps({"schema": schema, "skills": skills}))
    return file


KNOWN = {"rule": "r", "path": "SKILL.md", "fingerprint": "f1"}


def test_findings_are_new_or_unchanged_wherever_the_skill_lies(tmp_path: Path) -> None:
    baseline = load_baseline(_baseline(tmp_path, KNOWN))

    marks = [f.baseline for f in compare([finding(line=99), finding(fingerprint="f2")], baseline)]
    assert marks == ["unchanged", "new"]


def test_what_is_no_longer_found_is_gone(tmp_path: Path) -> None:
    baseline = load_baseline(_baseline(tmp_path, KNOWN))

    assert gone([scan_of()], baseline) == {("s", "r", "SKILL.md", "f1")}
    assert gone([scan_of(finding())], baseline) == set()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"schema": "skill-workbench/check/1"}', "[" * 9999]
)
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)

    with pytest.raises(BaselineProblem, match="scan --format json"):
        load_baseline(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineProblem, match="Cannot read"):
        load_baseline(tmp_path / "none.json")


def test_moved_lines_are_no_difference() -> None:
    delta = scan_delta([finding(line=3)], [finding(line=30, end_line=30)])

    assert (delta.new, delta.gone) == ((), ())


def test_new_and_gone_findings_are_told_apart() -> None:
    delta = scan_delta([finding()], [finding(fingerprint="f2")])

    assert [f.fingerprint for f in delta.new] == ["f2"]
    assert [f.fingerprint for f in delta.gone] == ["f1"]


def test_a_second_copy_of_a_known_passage_is_new() -> None:
    delta = scan_delta([finding(line=3)], [finding(line=3), finding(line=9)])

    assert [f.line for f in delta.new] == [9]


def test_a_finding_that_got_worse_is_new() -> None:
    delta = scan_delta([finding(severity="low")], [finding(severity="high")])

    assert [f.severity for f in delta.new] == ["high"]


def test_gained_capabilities_and_those_that_nobody_declared() -> None:
    before = Capabilities(declared=("network",), observed=("files:read", "shell"))
    after = Capabilities(
        declared=("network",), observed=("files:read", "network:a.invalid", "secrets:.aws")
    )
    delta = scan_delta([], [], before, after)

    assert delta.gained == ("network:a.invalid", "secrets:.aws")
    assert delta.undeclared == ("secrets:.aws",)
    assert delta.lost == ("shell",)
