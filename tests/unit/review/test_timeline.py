"""The history of a skill, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library
from workbench.domain.job import StoredResult
from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.review.revert import revert
from workbench.review.timeline import (
    TimelineEntry,
    TimelineProblem,
    by_results,
    first_bad,
    origins,
    timeline,
)

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


@given(known=st.lists(st.sampled_from([True, None]), max_size=12), bad=st.integers(0, 12))
def test_halving_finds_the_first_bad_of_any_history(known: list[bool | None], bad: int) -> None:
    # Oldest first: good before ``bad``, not from it on; some are not known.
    states = [
        None if told is None else number < bad for number, told in enumerate([True, *known, True])
    ]
    entries = [TimelineEntry("edit", "", "", str(number)) for number in range(len(states))]
    found = first_bad(list(reversed(entries)), lambda one: states[int(one.title)])
    if states[0] and not states[-1]:
        assert found is not None
        first = next(n for n, state in enumerate(states) if state is False)
        assert int(found.title) == first
    else:
        assert found is None
