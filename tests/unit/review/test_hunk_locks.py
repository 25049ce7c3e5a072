"""Which hunks touch a locked part, what of a hunk can be locked, and what is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.unit.review.build import SKILL, Bench, edited, make_library
from workbench.review.applying.transaction import Stale
from workbench.review.plan import ReviewProblem
from workbench.review.rules.hunk_locks import (
    LOCKS_FILE,
    LockedPart,
    entry_text,
    lock_part,
    lockable_parts,
    locks_of_hunks,
    unlock_parts,
)
from workbench.store.locked_parts import locked_parts

PROPOSED = (
    SKILL.decode()
    .replace("Shows things.", "Shows all things.")
    .replace("2. Two", "2. Two, slowly")
    .replace("Last line.", "The last line.")
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    return Bench(tmp_path, library, [edited("demo/SKILL.md", PROPOSED)])


def test_a_hunk_can_be_locked_by_its_section_its_file_or_its_skill(bench: Bench) -> None:
    review = bench.review
    front, steps, _ = review.hunks
    assert [one.part for one in lockable_parts(review, steps)] == [
        "SKILL.md#Steps",
        "SKILL.md",
        "*",
    ]
    # The front matter stands in no section.
    assert [one.part for one in lockable_parts(review, front)] == ["SKILL.md", "*"]
    assert lockable_parts(review, steps)[0].title == "The section “Steps”"


def test_a_locked_section_holds_its_hunk_and_no_other(bench: Bench) -> None:
    review = bench.review
    part = lockable_parts(review, review.hunks[1])[0]
    lock_part(bench.library, LockedPart(part.skill, part.part, "agreed", "A <a@b>"))
    (held,) = locks_of_hunks(review).items()
    assert held[0] == review.hunks[1].id
    assert "agreed" in held[1][0].text


def test_every_part_that_is_offered_holds_the_hunk_it_is_offered_for(bench: Bench) -> None:
    review = bench.review
    for hunk in review.hunks:
        for part in lockable_parts(review, hunk):
            lock = LockedPart(part.skill, part.part)
            lock_part(bench.library, lock)
            assert hunk.id in locks_of_hunks(review)
            assert unlock_parts(bench.library, (lock,)) == (lock,)
            assert locks_of_hunks(review) == {}


def test_what_is_shown_is_what_is_written(bench: Bench) -> None:
    lock = LockedPart("demo", "SKILL.md#Steps", 'said "no"', "A <a@b>")
    lock_part(bench.library, lock)
    written = (bench.library / LOCKS_FILE).read_text()
    assert entry_text(lock) in written
    (entry,) = tomllib.loads(written)["lock"]
    assert entry["reason"] == 'said "no"'


def test_unlocking_gives_back_what_to_put_there_again(bench: Bench) -> None:
    lock = LockedPart("demo", "*", "agreed", "A")
    lock_part(bench.library, lock)
    before = (bench.library / LOCKS_FILE).read_bytes()
    (gone,) = unlock_parts(bench.library, (lock,))
    assert locked_parts(bench.library) == ()
    assert unlock_parts(bench.library, (lock,)) == ()
    lock_part(bench.library, gone)
    assert (bench.library / LOCKS_FILE).read_bytes() == before


def test_headings_that_stand_twice_and_new_skills_offer_what_names_one_place(
    tmp_path: Path,
) -> None:
    twice = SKILL.replace(b"## Notes", b"## Steps")
    library = make_library(tmp_path / "library", {"demo/SKILL.md": twice})
    bench = Bench(
        tmp_path,
        library,
        [
            edited("demo/SKILL.md", twice.decode().replace("Last line.", "Bye."), "a"),
            edited("demo/more.md", "# More\n", "b"),
            edited("new/SKILL.md", "---\nname: new\ndescription: d\n---\n", "c"),
        ],
    )
    review = bench.review
    parts = {hunk.path: [one.part for one in lockable_parts(review, hunk)] for hunk in review.hunks}
    assert parts["demo/SKILL.md"] == ["SKILL.md#Demo", "SKILL.md", "*"]
    assert parts["demo/more.md"] == ["*"]
    assert parts["new/SKILL.md"] == []


def test_a_broken_file_of_locks_is_told_and_nothing_is_written_over_it(bench: Bench) -> None:
    file = bench.library / LOCKS_FILE
    file.parent.mkdir()
    file.write_text("lock = 3")
    with pytest.raises(ReviewProblem, match="no file of locks"):
        locks_of_hunks(bench.review)
    with pytest.raises(ReviewProblem):
        lock_part(bench.library, LockedPart("demo"))
    assert file.read_text() == "lock = 3"


def test_what_is_locked_after_the_approval_is_held_at_the_apply(bench: Bench) -> None:
    bench.accept()
    lock_part(bench.library, LockedPart("demo", "SKILL.md#Steps", "agreed"))
    with pytest.raises((ReviewProblem, Stale), match=r"locked|lock"):
        bench.apply()
    assert (bench.library / "demo/SKILL.md").read_bytes() == SKILL
