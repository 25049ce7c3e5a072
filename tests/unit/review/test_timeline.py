"""The history of a skill, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library
from workbench.domain.job import StoredResult
from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.review.applying.revert import revert
from workbench.review.history.bisect import by_results, first_bad
from workbench.review.history.origins import origins
from workbench.review.history.timeline import TimelineEntry, TimelineProblem, timeline, with_reverts

TEXT = SKILL.decode()


def bench_on(tmp_path: Path, *, repository: bool = True) -> Bench:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL}, repository=repository)
    change = edited("demo/SKILL.md", TEXT.replace("First", "Very first"), evidence=("e1",))
    return Bench(
        tmp_path,
        library,
        [change],
        evidence=[Evidence("e1", "run.jsonl#1", 3, 3, "it failed")],
        checks=[EvidenceCheck("e1", "verified", source_sha256="ab" * 32)],
    )


def test_edits_and_applied_proposals_stand_in_one_line(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    (bench.library / "demo/SKILL.md").write_text(TEXT.replace("First", "Very first") + "\nMine.\n")
    git(bench.library, "commit", "-qam", "A note of mine")
    newest, applied, oldest = timeline(bench.library, "demo", bench.history)
    assert (newest.kind, newest.title) == ("edit", "A note of mine")
    assert (applied.kind, applied.proposal) == ("applied", "p1")
    assert applied.reviewer == "Ann Reviewer <ann@example.invalid>"
    assert applied.engine.startswith("miner 1.2")
    assert applied.evidence[0].startswith("e1 run.jsonl#1 step 3 verified sha256:abab")
    assert oldest.kind == "edit"
    assert timeline(bench.library, "other", bench.history) == ()


def test_each_line_leads_to_the_change_it_comes_from(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    file = bench.library / "demo/SKILL.md"
    file.write_text(file.read_text() + "\nNot committed.\n")
    found = {one.text: one.entry for one in origins(bench.library, "demo/SKILL.md")}
    line = found["Very first line."]
    assert line is not None
    assert (line.kind, line.proposal) == ("applied", "p1")
    old = found["Last line."]
    assert old is not None
    assert old.kind == "edit"
    assert found["Not committed."] is None


def test_what_was_taken_back_says_so(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    revert(bench.store, bench.history, bench.id, now=LATER, reviewer="Bob <bob@example.invalid>")
    newest, applied, _ = timeline(bench.library, ".", bench.history)
    assert (newest.kind, newest.proposal) == ("reverted", "p1")
    assert (applied.kind, applied.taken_back) == ("applied", True)


def test_without_git_the_users_own_history_tells_what_was_applied(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, repository=False)
    bench.accept()
    bench.apply()
    (applied,) = timeline(bench.library, "demo", bench.history)
    assert (applied.kind, applied.proposal, applied.commit) == ("applied", "p1", "")
    with pytest.raises(TimelineProblem, match="in no git repository"):
        origins(bench.library, "demo/SKILL.md")


def test_a_file_git_does_not_know_has_no_history(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    (library / "new.md").write_text("x\n")
    with pytest.raises(TimelineProblem, match=r"No line of new\.md"):
        origins(library, "new.md")


def test_stored_results_find_the_change_that_broke_a_task(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    for number in range(4):
        (bench.library / "demo/note.md").write_text(f"{number}\n")
        git(bench.library, "add", "--all")
        git(bench.library, "commit", "-qm", f"note {number}")
    entries = timeline(bench.library, "demo", bench.history)
    results = [
        StoredResult("t", (entry.commit[:10],), float(number >= 2))
        for number, entry in enumerate(entries)
    ]
    found = first_bad(entries, by_results(results, "t"))
    assert found is not None
    assert found.title == "note 2"
    assert first_bad(entries, by_results(results, "another")) is None


@given(known=st.lists(st.sampled_from([True, False, None]), max_size=12))
def test_the_first_bad_is_the_one_after_the_last_good(known: list[bool | None]) -> None:
    entries = [TimelineEntry("edit", "", "", str(number)) for number in range(len(known))]
    found = first_bad(list(reversed(entries)), lambda one: known[int(one.title)])
    told = [(number, state) for number, state in enumerate(known) if state is not None]
    good = [number for number, state in told if state]
    if not told or told[-1][1] or not good:
        assert found is None
    else:
        assert found is not None
        assert int(found.title) == next(n for n, _ in told if n > good[-1])


def test_a_revert_made_with_git_is_told_by_its_bytes(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    git(bench.library, "revert", "--no-edit", "HEAD")
    newest, applied, _ = timeline(bench.library, "demo", bench.history)
    assert (newest.kind, newest.proposal) == ("reverted", "p1")
    assert applied.taken_back


def test_an_edit_elsewhere_in_the_file_takes_nothing_back(tmp_path: Path) -> None:
    bench = bench_on(tmp_path)
    bench.accept()
    bench.apply()
    file = bench.library / "demo/SKILL.md"
    file.write_text(file.read_text().replace("3. Three", "3. Drei"))
    git(bench.library, "commit", "-qam", "German")
    newest, applied, _ = timeline(bench.library, "demo", bench.history)
    assert (newest.kind, applied.taken_back) == ("edit", False)
    assert with_reverts(()) == ()


def test_what_was_edited_between_two_applies_without_git_is_a_gap(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, repository=False)
    bench.accept()
    bench.apply()
    file = bench.library / "demo/SKILL.md"
    file.write_text(file.read_text().replace("3. Three", "3. Drei"))
    gap, applied = timeline(bench.library, "demo", bench.history)
    assert (gap.kind, gap.author, gap.time) == ("edit", "", "")
    assert gap.title.startswith("Edited outside this program after 2026-03-01 11:00")
    assert applied.kind == "applied"
    found = {one.text: one for one in origins(bench.library, "demo/SKILL.md", bench.history)}
    assert (found["3. Drei"].entry, found["3. Drei"].known) == (None, "not_committed")
    assert found["Last line."].known == "before_history"
    line = found["Very first line."]
    assert line.entry is not None
    assert (line.entry.proposal, line.origin, line.path) == ("p1", 7, "demo/SKILL.md")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.bin", b"a\0b\n", "no text"),
        ("gone.md", None, "No line of gone.md"),
        ("big.md", b"x" * 8_000_001, "larger than 8 MB"),
    ],
)
def test_what_has_no_lines_says_why(
    tmp_path: Path, name: str, data: bytes | None, words: str
) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    if data is not None:
        (library / name).write_bytes(data)
    with pytest.raises(TimelineProblem, match=words):
        origins(library, name)


def test_lines_are_followed_through_a_rename_with_their_line_ends(tmp_path: Path) -> None:
    text = b"".join(b"line %d\r\n" % number for number in range(30))
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL, "demo/a.md": text})
    git(library, "mv", "demo/a.md", "demo/b.md")
    git(library, "commit", "-qm", "rename")
    (library / "demo/b.md").write_bytes(text.replace(b"line 3\r", b"line three\r"))
    git(library, "commit", "-qam", "spell it")
    found = origins(library, "demo/b.md")
    assert len(found) == 30
    titles = {one.text.rstrip("\r"): (one.entry.title, one.path) for one in found if one.entry}
    assert titles["line 2"] == ("start", "demo/a.md")
    assert titles["line three"] == ("spell it", "demo/b.md")
