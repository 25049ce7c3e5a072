"""What the reviewer chose: dependencies, edits, undo."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.proposal import Hunk
from workbench.gui.review.choices import WHOLE, Choices


def hunk(name: str, *needs: str) -> Hunk:
    return Hunk(name, "a/SKILL.md", "text", "", 1, ("old\n",), 1, ("new\n",), "c", depends_on=needs)


#: b stands below the heading that a makes, c below b; d stands alone.
HUNKS = (hunk("a"), hunk("b", "a"), hunk("c", "b"), hunk("d"))


def test_accepting_takes_along_what_it_depends_on_and_says_so() -> None:
    choices = Choices(HUNKS).set(["c"], "accept")
    assert [choices.kind(name) for name in "abcd"] == ["accept", "accept", "accept", None]
    assert choices.note == "Accepted 2 hunks more that this one depends on."


def test_rejecting_turns_down_what_was_accepted_on_top_of_it() -> None:
    choices = Choices(HUNKS).set("abcd", "accept").set(["a"], "reject", "wrong")
    assert [choices.kind(name) for name in "abcd"] == ["reject", "reject", "reject", "accept"]
    assert "2 hunks more" in choices.note
    verdict = choices.of("b")
    assert verdict is not None
    assert verdict.reason == "wrong"


def test_an_edited_hunk_stands_on_its_own() -> None:
    choices = Choices(HUNKS).edit("b", ("mine\n",))
    assert choices.kind("a") == "accept"
    choices = choices.set(["a"], "defer")
    assert choices.kind("b") == "accept"


def test_one_act_is_undone_at_a_time_with_all_it_took_along() -> None:
    first = Choices(HUNKS).set(["d"], "accept")
    second = first.set(["c"], "accept")
    back = second.undo()
    assert back.verdicts == first.verdicts
    assert back.note == "Undone: Accepted 1 hunk."
    assert back.undo().verdicts == ()
    assert back.undo().undo().verdicts == ()


def test_accepting_again_keeps_a_persons_words_and_rejecting_drops_them() -> None:
    edited = Choices(HUNKS).edit("d", ("mine\n",))
    assert edited.set(["d"], "accept").of("d") == edited.of("d")
    rejected = edited.set(["d"], "reject").of("d")
    assert rejected is not None
    assert rejected.edited is None


def test_the_engines_own_lines_are_no_edit() -> None:
    verdict = Choices(HUNKS).edit("d", ("new\n",)).of("d")
    assert verdict is not None
    assert verdict.edited is None


def test_an_act_that_changes_nothing_is_no_act() -> None:
    choices = Choices(HUNKS).set(["d"], "accept")
    assert choices.set(["d"], "accept").acts == choices.acts


def test_a_diagnosis_is_decided_as_a_whole() -> None:
    choices = Choices(()).set([WHOLE], "reject", "not_the_skill")
    assert choices.kind(WHOLE) == "reject"
    assert choices.count("reject") == 1
    assert choices.undo().verdicts == ()


def test_a_ring_of_dependencies_ends() -> None:
    ring = (hunk("a", "b"), hunk("b", "a"))
    assert Choices(ring).set(["a"], "accept").count("accept") == 2
    assert Choices(ring).set(["a"], "accept").set(["b"], "reject").count("reject") == 2


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["accept", "reject", "defer"]))))
def test_no_accepted_hunk_lacks_what_it_needs_and_undo_leads_back(acts) -> None:
    choices = Choices(HUNKS)
    for name, kind in acts:
        choices = choices.set([name], kind)
        accepted = {one.id for one in HUNKS if choices.kind(one.id) == "accept"}
        assert all(accepted >= set(one.depends_on) for one in HUNKS if one.id in accepted)
    while choices.acts:
        choices = choices.undo()
    assert choices.verdicts == ()
