"""What a selection does to the checks, seen on a copy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.review.build import SKILL, Bench, edited, make_library, tree
from workbench.domain.finding import Capabilities, Finding, SkillScan
from workbench.domain.proposal import Change, HunkVerdict
from workbench.review.checks.result import ResultChecks, check_result
from workbench.review.plan import ReviewProblem

OTHER = b"---\nname: other\ndescription: Uses the guide.\n---\n# Other\n\n[guide](guide.md)\n"
FILES = {"demo/SKILL.md": SKILL, "other/SKILL.md": OTHER, "other/guide.md": b"# Guide\n"}


def checked(bench: Bench, *numbers: int, **rest: object) -> ResultChecks:
    review = bench.review
    chosen = [review.hunks[number - 1] for number in numbers] or review.hunks
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in chosen]
    return check_result(review, verdicts, clients=["agentskills"], **rest)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path / "library", FILES)


def test_only_what_the_selection_brings_counts(tmp_path: Path, library: Path) -> None:
    new = SKILL.replace(b"name: demo", b"name: De Mo").replace(b"Last line.", b"Last words.")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", new)])
    before = tree(library)
    whole, part = checked(bench), checked(bench, 2)
    assert whole.failed
    assert {one.severity for one in whole.skills[0].new} >= {"error"}
    assert not part.failed
    assert part.skills[0].new == part.skills[0].gone == ()
    size_before, size_after = part.skills[0].before, part.skills[0].after
    assert size_before is not None
    assert size_after is not None
    assert size_after.bytes - size_before.bytes == len("words") - len("line")
    assert whole.content_hash != part.content_hash
    assert tree(library) == before


def test_a_mended_reference_goes_and_a_deleted_file_breaks_one(
    tmp_path: Path, library: Path
) -> None:
    bench = Bench(tmp_path, library, [Change("c1", "other/guide.md", "delete")])
    broken = checked(bench)
    [other] = [skill for skill in broken.skills if skill.skill == "other"]
    assert any("guide.md" in one.message for one in other.new)
    assert broken.warnings == ("other/guide.md is deleted.",)
    (library / "other/guide.md").unlink()
    mend = OTHER.replace(b"[guide](guide.md)", b"no guide")
    bench = Bench(tmp_path / "second", library, [edited("other/SKILL.md", mend)])
    [mended] = checked(bench).skills
    assert any("guide.md" in one.message for one in mended.gone)


def test_a_hunk_without_what_it_builds_on_is_told(tmp_path: Path, library: Path) -> None:
    link = SKILL + b"\n[more](more.md)\n"
    changes = [
        edited("demo/more.md", "# More\n", "c1"),
        edited("demo/SKILL.md", link, "c2", depends_on=("c1",)),
        edited("demo/run.sh", "#!/bin/sh\n", "c3", mode="100755"),
    ]
    bench = Bench(tmp_path, library, changes)
    assert checked(bench).warnings == ("demo/run.sh becomes executable.",)
    [warning] = checked(bench, 2).warnings
    assert "builds on c1" in warning


def test_findings_and_capabilities_are_compared_by_fingerprint(
    tmp_path: Path, library: Path
) -> None:
    def scan(folder: Path) -> list[SkillScan]:
        text = (folder / "demo/SKILL.md").read_text()
        found = [
            Finding("r", "c", "high", "high", "SKILL.md", 1, 1, word, "", "", f"{word}{n}", None)
            for n, word in enumerate(text.split())
            if word in ("Three", "curl")
        ]
        seen = Capabilities((), ("network",) if "curl" in text else ())
        return [SkillScan(str(folder), "demo", "clean", "", None, seen, tuple(found))]  # type: ignore[arg-type]

    new = SKILL.replace(b"3. Three", b"3. curl")
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", new)])
    checks = checked(bench, scan=scan)
    assert checks.security is not None
    assert [one.evidence for one in checks.security.new] == ["curl"]
    assert [one.evidence for one in checks.security.gone] == ["Three"]
    assert checks.security.capabilities == ("demo: network",)
    assert checks.failed


def test_links_pipes_and_git_are_not_copied(tmp_path: Path, library: Path) -> None:
    secret = make_library(tmp_path / "secret", {"key": b"secret"}, repository=False)
    (library / "demo/link").symlink_to(secret)
    os.mkfifo(library / "demo/pipe")
    seen: list[str] = []

    def scan(folder: Path) -> list[SkillScan]:
        seen.extend(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        return []

    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", SKILL + b"more\n")])
    checked(bench, scan=scan)
    assert "demo/SKILL.md" in seen
    assert not {"demo/link", "demo/pipe", ".git", "demo/link/key"} & set(seen)


def test_a_file_too_large_to_copy_is_still_led_to(
    tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "other/guide.md").write_bytes(b"# Guide\n" * 200)
    monkeypatch.setattr("workbench.review.checks.sides._MAX_COPIED", 1000)
    bench = Bench(tmp_path, library, [edited("other/SKILL.md", OTHER + b"more\n")])
    [other] = checked(bench).skills
    assert other.new == other.gone == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_of_another_skill_that_cannot_be_read_stops_no_check(
    tmp_path: Path, library: Path
) -> None:
    (library / "other/guide.md").chmod(0)
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", SKILL + b"more\n")])
    assert not checked(bench).failed


def test_a_scanner_is_given_the_touched_skills_alone(tmp_path: Path, library: Path) -> None:
    (library / "recordings").mkdir()
    (library / "recordings/film.bin").write_bytes(b"0" * 100)
    copied: list[str] = []

    def scan(folder: Path) -> list[SkillScan]:
        copied.extend(path.name for path in folder.rglob("*"))
        return []

    checked(Bench(tmp_path, library, [edited("other/more.md", "more\n")]), scan=scan)
    assert "guide.md" in copied
    assert not {"film.bin", "demo"} & set(copied)


def test_a_library_that_is_gone_is_told(tmp_path: Path, library: Path) -> None:
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", SKILL + b"more\n")])
    library.rename(tmp_path / "away")
    with pytest.raises(ReviewProblem, match="copy"):
        checked(bench)
