"""Comments on lines: kept as records, found again by what the line says, never lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import NOW, SKILL, Bench, edited, make_library
from tests.unit.review.test_hunks import PATH
from workbench.domain.comment import CommentRecord, LineAnchor, Thread
from workbench.domain.proposal import HunkVerdict
from workbench.evolution.history import past_decisions
from workbench.review.comments import (
    FileSides,
    HunkLines,
    anchor_at,
    begun,
    counts_by_hunk,
    deleted,
    file_sides,
    find_line,
    find_thread,
    replied,
    resolved,
    rewritten,
    said_of,
    undone,
)
from workbench.review.decide import decide, record
from workbench.review.merge import merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.report.content import report_of
from workbench.review.report.html import html_report
from workbench.review.report.markdown import markdown_report
from workbench.review.session import Review, open_review
from workbench.store.line_comments import threads

ANN, BEN = "Ann <ann@example.invalid>", "Ben <ben@example.invalid>"
BETTER = SKILL.replace(b"2. Two\n", b"2. Two, slowly\n").replace(b"Last line.", b"The last one.")


def at(minute: int) -> str:
    return f"2026-03-01T11:{minute:02}:00+00:00"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "library", {PATH: SKILL}, repository=False)
    return Bench(tmp_path, library, [edited(PATH, BETTER)])


def say(bench: Bench, line: int, text: str, side: str = "new", minute: int = 0) -> CommentRecord:
    anchor = anchor_at(file_sides(bench.review), PATH, side, line)  # type: ignore[arg-type]
    made = begun(anchor, text, author=ANN, now=at(minute))
    bench.store.add_comment(bench.id, made)
    return made


def keep(bench: Bench, made: CommentRecord) -> None:
    bench.store.add_comment(bench.id, made)


def the_thread(bench: Bench) -> Thread:
    [placed] = said_of(bench.review)
    return placed.thread


def test_a_comment_stands_at_its_line_without_a_verdict(bench: Bench) -> None:
    say(bench, 12, "Why slowly?")
    say(bench, 12, "It was fine.", side="old", minute=1)
    new, old = said_of(bench.review)
    assert (new.thread.anchor.text, new.line, new.outdated) == ("2. Two, slowly", 12, False)
    assert (old.thread.anchor.text, old.thread.anchor.side) == ("2. Two", "old")
    hunk = bench.review.hunks[0]
    assert (new.hunk, old.hunk) == (hunk.id, hunk.id)
    assert counts_by_hunk((new, old)) == {hunk.id: (2, 2)}
    assert bench.review.decision is None
    assert bench.status == "pending"


def test_people_answer_change_take_back_and_settle(bench: Bench) -> None:
    say(bench, 12, "Why slowly?")
    keep(bench, replied(the_thread(bench), "A run failed.", author=BEN, now=at(1)))
    thread = the_thread(bench)
    mine, theirs = thread.comments
    assert (mine.text, theirs.text, theirs.author) == ("Why slowly?", "A run failed.", BEN)
    keep(bench, rewritten(thread, mine, "Why so slowly?", author=ANN, now=at(2)))
    keep(bench, resolved(thread, author=BEN, now=at(3)))
    thread = the_thread(bench)
    assert (thread.comments[0].text, thread.comments[0].changed) == ("Why so slowly?", at(2))
    assert (thread.resolved, thread.resolved_by) == (True, BEN)
    assert counts_by_hunk(said_of(bench.review)) == {bench.review.hunks[0].id: (0, 1)}
    keep(bench, resolved(thread, author=ANN, now=at(4)))
    assert not the_thread(bench).resolved
    with pytest.raises(ReviewProblem, match="is by Ben"):
        deleted(thread, thread.comments[1], author=ANN, now=at(5))
    keep(bench, deleted(thread, thread.comments[0], author=ANN, now=at(5)))
    thread = the_thread(bench)
    assert [(one.text, one.deleted) for one in thread.comments] == [
        ("Why so slowly?", True),
        ("A run failed.", False),
    ]
    lines = (bench.store.folder / bench.id / "comments.jsonl").read_text().splitlines()
    assert len(lines) == 6
    assert "Why slowly?" in lines[0]


def test_each_act_is_undone_by_a_record(bench: Bench) -> None:
    first = say(bench, 12, "One")
    thread = the_thread(bench)
    comment = thread.comments[0]
    acts = [
        rewritten(thread, comment, "Two", author=ANN, now=at(1)),
        resolved(thread, author=ANN, now=at(2)),
        replied(thread, "Answer", author=ANN, now=at(3)),
    ]
    for number, act in enumerate(acts):
        before = threads(bench.store.comments(bench.id))
        earlier = next((one for one in before[0].comments if one.id == act.comment), None)
        keep(bench, act)
        assert threads(bench.store.comments(bench.id)) != before
        keep(bench, undone(act, earlier, now=at(10 + number)))
        [after] = threads(bench.store.comments(bench.id))
        assert [one.text for one in after.comments if not one.deleted] == ["One"]
        assert not after.resolved
    keep(bench, undone(first, None, now=at(20)))
    assert threads(bench.store.comments(bench.id)) == ()
    gone = deleted(thread, comment, author=ANN, now=at(21))
    keep(bench, undone(gone, comment, now=at(22)))
    assert [one.text for one in the_thread(bench).comments if not one.deleted] == ["One"]


@given(st.randoms(use_true_random=False))
def test_the_order_of_records_and_doubles_change_nothing(random: random.Random) -> None:
    anchor = LineAnchor("a.md", "new", 1, "0" * 20, "x")
    first = begun(anchor, "one", author=ANN, now=at(0))
    [thread] = threads([first])
    answer = replied(thread, "two", author=BEN, now=at(1))
    records = [
        first,
        answer,
        rewritten(thread, thread.comments[0], "uno", author=ANN, now=at(2)),
        resolved(thread, author=BEN, now=at(3)),
    ]
    wanted = threads(records)
    shuffled = [*records, *records[:2]]
    random.shuffle(shuffled)
    assert threads(shuffled) == wanted
    # An answer whose thread did not come along still has its place.
    [alone] = threads([answer])
    assert (alone.anchor, alone.comments[0].text) == (anchor, "two")


def test_nothing_is_said_without_words_or_a_name(bench: Bench) -> None:
    anchor = anchor_at(file_sides(bench.review), PATH, "new", 12)
    with pytest.raises(ReviewProblem, match="says nothing"):
        begun(anchor, " \n", author=ANN, now=NOW)
    with pytest.raises(ReviewProblem, match="Nobody signs"):
        begun(anchor, "x", author=" ", now=NOW)
    with pytest.raises(ReviewProblem, match="no line 99"):
        anchor_at(file_sides(bench.review), PATH, "new", 99)
    with pytest.raises(ReviewProblem, match="does not change other"):
        anchor_at(file_sides(bench.review), "other.md", "new", 1)
    keep(bench, begun(anchor, "half \ud83d sign", author=ANN, now=NOW))
    assert the_thread(bench).comments[0].text == "half ? sign"
    with pytest.raises(ReviewProblem, match="is no comment"):
        find_thread((the_thread(bench),), "feed")


# Found again


def anchor_in(lines: list[str], line: int) -> LineAnchor:
    return anchor_at({"a": FileSides("a", (), tuple(lines), ())}, "a", "new", line)


def test_a_line_is_found_where_it_went_by_its_words_and_neighbours() -> None:
    lines = ["a\n", "same\n", "b\n", "same\n", "c\n"]
    second = anchor_in(lines, 4)
    assert find_line(second, lines) == 4
    assert find_line(second, ["new\n", *lines]) == 5
    assert find_line(second, ["same\n", "x\n", "same\r\n", "c\r\n"]) == 3
    assert find_line(second, ["a\n", "other\n"]) == 0
    blank = anchor_in(["a\n", "\n", "b\n"], 2)
    assert find_line(blank, ["x\n", "\n", "y\n"]) == 0
    assert find_line(blank, ["0\n", "a\n", "\n", "z\n"]) == 3


@given(st.lists(st.sampled_from(["a", "b", "", "c d"]), min_size=1, max_size=12), st.data())
def test_in_the_same_text_the_line_says_what_it_said(lines: list[str], data: st.DataObject) -> None:
    ended = [f"{line}\n" for line in lines]
    line = data.draw(st.integers(1, len(lines)))
    found = find_line(anchor_in(ended, line), ended)
    assert not found or lines[found - 1] == lines[line - 1]
    assert found or not lines[line - 1]


def test_an_edited_line_leaves_its_comment_behind_as_outdated(bench: Bench) -> None:
    say(bench, 12, "Why slowly?")
    hunk = bench.review.hunks[0]
    own = {hunk.id: ("2. Two, quickly\n", "2b. More\n")}
    [placed] = said_of(bench.review, own.get)
    assert (placed.outdated, placed.hunk, placed.thread.anchor.text) == (
        True,
        hunk.id,
        "2. Two, slowly",
    )
    say(bench, 17, "Last?", minute=1)
    _, lower = said_of(bench.review, own.get)
    assert (lower.line, lower.hunk) == (18, bench.review.hunks[1].id)


def test_of_two_parts_at_one_place_a_comment_is_at_the_one_that_has_its_line() -> None:
    hunks = FileSides(
        "a",
        ("x\n", "2. Two\n"),
        ("x\n", "new\n", "2. Two, slowly\n"),
        (HunkLines("inserted", (1, 1), (1, 2)), HunkLines("changed", (1, 2), (2, 3))),
    )
    assert [hunks.nearest("old", line) for line in (2, 9)] == ["changed", "changed"]
    assert [hunks.nearest("new", line) for line in (2, 3)] == ["inserted", "changed"]


def test_a_comment_survives_a_merge_and_is_answered_there(bench: Bench) -> None:
    say(bench, 12, "Why slowly?")
    say(bench, 17, "Gone soon", minute=1)
    review = bench.review
    decision = decide(review, [HunkVerdict(review.hunks[0].id, "accept")], reviewer=ANN, now=NOW)
    record(review, decision)
    (bench.library / PATH).write_bytes(SKILL.replace(b"# Demo\n", b"# Demo\n\nNew above.\n"))
    proposal, blobs = merged_proposal(merge_stale(review, decision.verdicts), now=NOW)
    bench.store.add(proposal, blobs)
    merged: Review = open_review(bench.store, proposal.id)
    kept, lost = said_of(merged)
    assert (kept.line, kept.thread.comments[0].text) == (14, "Why slowly?")
    assert (lost.outdated, lost.thread.anchor.text) == (True, "The last one.")
    answer = replied(kept.thread, "Still.", author=BEN, now=at(5))
    bench.store.add_comment(proposal.id, answer)
    kept, _ = said_of(merged)
    assert [one.text for one in kept.thread.comments] == ["Why slowly?", "Still."]
    # What the merge came from stays as it was said there.
    assert len(said_of(bench.review)[0].thread.comments) == 1


def test_a_torn_line_of_comments_costs_itself_alone(bench: Bench) -> None:
    say(bench, 12, "Kept")
    path = bench.store.folder / bench.id / "comments.jsonl"
    path.write_bytes(path.read_bytes() + b'{"id": "torn')
    say(bench, 13, "Later", minute=1)
    assert [one.comments[0].text for one in threads(bench.store.comments(bench.id))] == [
        "Kept",
        "Later",
    ]


# Told


def test_engines_are_told_what_was_said_of_lines(bench: Bench) -> None:
    say(bench, 12, "Too slow")
    review = bench.review
    verdicts = [HunkVerdict(hunk.id, "reject", "style") for hunk in review.hunks]
    record(review, decide(review, verdicts, reviewer=ANN, now=NOW))
    [past] = past_decisions(bench.store, bench.library)
    assert past.comments == ("demo/SKILL.md line 12 “2. Two, slowly”: Too slow",)


def test_a_report_has_the_comments(bench: Bench) -> None:
    say(bench, 12, "Why <slowly>?")
    keep(bench, replied(the_thread(bench), "A run failed.", author=BEN, now=at(1)))
    keep(bench, resolved(the_thread(bench), author=BEN, now=at(2)))
    report = report_of(bench.review)
    assert [len(hunk.comments) for hunk in report.hunks] == [2, 0]
    first = report.hunks[0].comments[0]
    assert (first.place, first.author, first.state) == ("line 12", ANN, "resolved")
    text, page = markdown_report(report), html_report(report)
    assert "A run failed." in text
    assert "Why &lt;slowly&gt;?" in page
    assert "A run failed." in page
