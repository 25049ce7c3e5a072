"""What stands behind acts on lines, without a window: cuts, comments among lines, choices."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.comment import Comment, LineAnchor, Thread
from workbench.domain.proposal import Hunk, HunkVerdict, Split
from workbench.gui.review.choices import Choices
from workbench.gui.review.diff.layout import side_by_side, unified
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.diff.lines import diff_lines
from workbench.gui.review.lines.comment_lines import with_comments
from workbench.gui.review.lines.cuts import Cuts
from workbench.review.comments import PlacedThread
from workbench.review.splits import part_places, why_not

BASE = ("one\n", "two\n", "three\n")
NEW = ("one more\n", "fresh\n", "three more\n", "last\n")
HUNK = Hunk("h", "a.md", "text", "@@ -5,3 +7,4 @@", 5, BASE, 7, NEW, "c")


# Cuts


def test_a_cut_is_set_before_a_line_with_its_place_on_the_other_side_and_taken_away() -> None:
    cuts = Cuts(HUNK).toggled("new", 9)
    assert cuts.at == ((2, 2),)
    assert cuts.parts() == {("old", 7): 2, ("new", 9): 2}
    assert cuts.toggled("old", 7).at == ()
    assert cuts.toggled("new", 9).at == ()
    more = cuts.toggled("new", 10)
    assert more.at == ((2, 2), (3, 3))
    assert more.parts() == {("old", 7): 2, ("new", 9): 2, ("new", 10): 3}


def test_the_other_side_of_a_cut_moves_until_it_meets_another() -> None:
    cuts = Cuts(HUNK).toggled("new", 9).moved(-1)
    assert cuts.at == ((1, 2),)
    assert cuts.moved(-1).moved(-1).at == ((0, 2),)
    assert "further" in cuts.moved(-1).moved(-1).note
    assert "further" in Cuts(HUNK).toggled("new", 8).moved(5).note
    assert "Set a cut first" in Cuts(HUNK).moved(1).note


def test_the_first_line_is_no_cut_and_none_takes_all_away() -> None:
    assert "first line" in Cuts(HUNK).toggled("old", 5).note
    assert Cuts(HUNK).suggested("lines").none().at == ()
    assert "already" in Cuts(HUNK).suggested("paragraphs").note


_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("old"), st.integers(4, 9)),
        st.tuples(st.just("new"), st.integers(6, 12)),
        st.tuples(st.just("move"), st.sampled_from([-1, 1])),
        st.tuples(st.just("lines"), st.just(0)),
    ),
    max_size=12,
)


@given(_ACTS)
@settings(max_examples=300, deadline=None)
def test_whatever_keys_are_pressed_the_cuts_are_a_split(acts: list[tuple[str, int]]) -> None:
    cuts = Cuts(HUNK)
    for act, value in acts:
        if act == "move":
            cuts = cuts.moved(value)
        elif act == "lines":
            cuts = cuts.suggested("lines")
        else:
            cuts = cuts.toggled(act, value)  # type: ignore[arg-type]
        assert not cuts.at or why_not(HUNK, cuts.at) is None


# Choices


def test_a_split_takes_its_verdict_along_and_is_undone_to_the_last_bit() -> None:
    other = Hunk("o", "a.md", "text", "", 20, ("x\n",), 23, ("y\n",), "c")
    before = Choices((HUNK, other)).set(["h"], "reject", "style", "why").set(["o"], "accept")
    parts = tuple(
        Hunk(name, "a.md", "text", "", 5 + i, base, 7 + j, new, "c", part_of="h")
        for name, i, base, j, new in (
            ("p", 0, BASE[:2], 0, NEW[:2]),
            ("q", 2, BASE[2:], 2, NEW[2:]),
        )
    )
    split = before.divided("Split into 2 parts", (*parts, other), (Split("h", ((2, 2),)),))
    assert [split.kind(name) for name in ("p", "q", "o")] == ["reject", "reject", "accept"]
    assert split.of("q") == HunkVerdict("q", "reject", "style", "why")
    assert part_places(split.hunks) == {"p": (1, 2), "q": (2, 2)}
    changed = split.set(["q"], "accept")
    assert changed.said != split.said
    back = changed.undo().undo()
    assert (back.hunks, back.verdicts, back.splits) == (before.hunks, before.verdicts, ())
    assert back.said == before.said


# Comments among lines


def said(line: int, side: str = "new", words: str = "Why?", **more: object) -> PlacedThread:
    anchor = LineAnchor("a.md", side, line or 4, "0" * 20, "text")  # type: ignore[arg-type]
    comments = (Comment("c", "Ann <a@b>", "2026-01-02T03:04:05", words),)
    return PlacedThread(Thread("t", anchor, comments, **more), line, "h")  # type: ignore[arg-type]


def lines_of(*hunks: Hunk) -> tuple[DiffLine, ...]:
    base = "".join(f"{number}\n" for number in range(1, 5)) + "".join(BASE) + "after\n"
    return diff_lines(hunks, lambda _: None, lambda _: base.encode())


def test_a_comment_stands_below_its_line_in_each_way_of_showing() -> None:
    lines = lines_of(HUNK)
    new = next(line.new for line in lines if line.text == "fresh")
    talk = with_comments(lines, (HUNK,), [said(new), said(6, "old")])
    texts = [line.text for line in talk.lines]
    assert texts[texts.index("fresh") + 1] == "Ann · 2026-01-02 03:04"
    assert texts[texts.index("two") + 2] == "Why?"
    assert {talk.lines[at].kind for at in talk.threads} == {"comment"}
    for layout in (unified(talk.lines, 40), side_by_side(talk.lines, 40)):
        shown = [row.left.line for row in layout.finish().rows if row.left is not None]
        assert [at for at in shown if at in talk.threads].count(min(talk.threads)) == 1
        assert set(talk.threads) <= set(shown)
    # Pairs stay side by side though words stand between their lines.
    beside = [
        (talk.lines[row.left.line].text, talk.lines[row.right.line].text)
        for row in side_by_side(talk.lines, 40).finish().rows
        if row.left and row.right and row.left.line >= 0 and row.right.line >= 0
    ]
    assert ("one", "one more") in beside
    assert ("three", "three more") in beside


def test_a_comment_below_a_context_line_is_drawn_once() -> None:
    talk = with_comments(lines_of(HUNK), (HUNK,), [said(4, "old")])
    rows = side_by_side(talk.lines, 40).finish().rows
    drawn = [
        row.left.line for row in rows if row.left is not None and row.left.line in talk.threads
    ]
    assert len(drawn) == len(set(drawn)) == 2


def test_what_is_settled_takes_one_line_and_what_is_gone_says_so() -> None:
    talk = with_comments(lines_of(HUNK), (HUNK,), [said(4, resolved_by="Ben <b@c>")])
    [told] = [line.text for line in talk.lines if line.kind == "comment"]
    assert told == "Resolved by Ben · 1 comment"
    talk = with_comments(lines_of(HUNK), (HUNK,), [said(0)])
    head = next(line for line in talk.lines if line.kind == "comment")
    assert "said of a line that is gone: “text”" in head.text
    assert talk.lines[-1].text == "Why?"
    assert with_comments(lines_of(HUNK), (HUNK,), []).lines == lines_of(HUNK)


def test_ends_of_what_moved_still_lead_to_each_other_with_words_between() -> None:
    plain = [
        DiffLine("hunk", "h", 0),
        DiffLine("remove", "moved", 0, old=5, twin=3),
        DiffLine("context", "k", 0, old=6, new=7),
        DiffLine("add", "moved", 0, new=8, twin=1),
    ]
    talk = with_comments(plain, (HUNK,), [said(6, "old")])
    removed = next(line for line in talk.lines if line.kind == "remove")
    added = next(line for line in talk.lines if line.kind == "add")
    assert talk.lines[removed.twin] is added
    assert talk.lines[added.twin] is removed
    assert removed.twin == 5


def test_parts_of_a_new_file_are_numbered_on() -> None:
    parts = tuple(
        Hunk(name, "b.txt", "create", "new file", 1, (), start, new, "c", part_of="w")
        for name, start, new in (("p", 1, ("a\n", "b\n")), ("q", 3, ("c\n",)))
    )
    lines = diff_lines(parts, lambda _: None, lambda _: None)
    assert [line.new for line in lines if line.kind == "add"] == [1, 2, 3]
