"""Hunks come from bytes alone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.proposal import (
    BaseFile,
    Change,
    Engine,
    Evidence,
    Hunk,
    HunkVerdict,
    Proposal,
    ProposalDraft,
)
from workbench.files import sha256
from workbench.review.compose import compose
from workbench.review.hunks import hunks_of
from workbench.review.plan import ReviewProblem
from workbench.review.text_diff.diff import changed_ranges, split_lines

PATH = "demo/SKILL.md"


def a_proposal(base: bytes | None, *changes: Change, evidence: tuple[Evidence, ...] = ()):
    files = (BaseFile(PATH, None if base is None else sha256(base), "100644"),)
    draft = ProposalDraft("edit", "t", "r", changes, evidence)
    return Proposal("p", Engine("e", "1"), "/nowhere", files, draft, (), "")


def reader(base: bytes | None) -> Callable[[str], bytes | None]:
    return {PATH: base}.get


def accept(hunks: tuple[Hunk, ...] | list[Hunk]) -> list[HunkVerdict]:
    return [HunkVerdict(hunk.id, "accept") for hunk in hunks]


def hunks_between(base: bytes | None, new: str, **rest: object) -> tuple[Hunk, ...]:
    change = msgspec.structs.replace(Change("c", PATH, "write", new), **rest)
    return hunks_of(a_proposal(base, change), reader(base))


_ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])
_LINES = st.lists(st.tuples(st.sampled_from(["a", "b", "", "c", "\u2028", "\x0b"]), _ENDS))
TEXTS = st.tuples(_LINES, st.sampled_from(["", "end"])).map(
    lambda pair: "".join(text + end for text, end in pair[0]) + pair[1]
)


@given(TEXTS, TEXTS, st.data())
@settings(max_examples=300, deadline=None)
def test_all_makes_the_proposal_none_the_base_and_a_part_with_its_rest_all(base, new, data):
    proposal = a_proposal(base.encode(), Change("c", PATH, "write", new))
    read = reader(base.encode())
    hunks = hunks_of(proposal, read)
    assert len({hunk.id for hunk in hunks}) == len(hunks)

    def text_of(chosen: list[Hunk]) -> str:
        files = compose(proposal, hunks, accept(chosen), read).files
        return (files[0].data or b"").decode() if files else base

    assert text_of(list(hunks)) == new
    assert text_of([]) == base
    chosen = [hunk for hunk in hunks if data.draw(st.booleans())]
    lines = list(split_lines(text_of(chosen)))
    shift = 0
    for hunk in hunks:
        if hunk not in chosen:
            start = hunk.base_start - 1 + shift
            assert tuple(lines[start : start + len(hunk.base_lines)]) == hunk.base_lines
            lines[start : start + len(hunk.base_lines)] = hunk.new_lines
        shift += len(hunk.new_lines) - len(hunk.base_lines)
    assert "".join(lines) == new


@given(TEXTS, TEXTS)
@settings(max_examples=40, deadline=None)
def test_git_and_difflib_both_give_ranges_that_turn_one_text_into_the_other(base, new):
    old, wanted = split_lines(base), split_lines(new)
    for many in (0, 10_000):
        lines: list[str] = []
        at = 0
        for i1, i2, j1, j2 in changed_ranges(old, wanted, many=many):
            assert i1 >= at
            lines += old[at:i1]
            lines += wanted[j1:j2]
            at = i2
        lines += old[at:]
        assert tuple(lines) == wanted


def test_a_long_file_is_diffed_line_by_line_in_little_time() -> None:
    old = [f"line {number % 50}\n" for number in range(12_000)]
    new = [*old[:6000], "new\n", *old[6000:9000], *old[9100:]]
    found = changed_ranges(old, new)
    assert sum(j2 - j1 for _, _, j1, j2 in found) == 1
    assert sum(i2 - i1 for i1, i2, _, _ in found) == 100


def test_lines_are_kept_with_crlf_and_without_a_final_newline() -> None:
    [hunk] = hunks_between(b"# A\r\none\r\ntwo", "# A\r\none\r\nTWO")
    assert (hunk.base_lines, hunk.new_lines) == (("two",), ("TWO",))
    assert hunk.base_start == 3
    assert hunk.header == "@@ -3,1 +3,1 @@ # A"


def test_only_a_missing_final_newline_is_a_hunk() -> None:
    [hunk] = hunks_between(b"one\n", "one")
    assert (hunk.base_lines, hunk.new_lines) == (("one\n",), ("one",))


def test_an_id_does_not_depend_on_the_place_and_twins_differ() -> None:
    [alone] = hunks_between(b"k\n", "k\nx\n")
    [lower] = hunks_between(b"0\n1\nk\n", "0\n1\nk\nx\n")
    assert alone.id == lower.id
    first, second = hunks_between(b"k\nm\n", "x\nk\nx\nm\n")
    assert first.id == alone.id
    assert first.id != second.id


@pytest.mark.parametrize(
    ("base", "new", "kind"),
    [(None, "a\n", "create"), (b"a\n", "b\n", "text"), (b"\x00\x01", "b\n", "binary")],
)
def test_kinds(base: bytes | None, new: str, kind: str) -> None:
    assert [hunk.kind for hunk in hunks_between(base, new)] == [kind]


def test_text_that_is_not_utf8_is_taken_as_a_whole() -> None:
    assert [hunk.kind for hunk in hunks_between(b"caf\xe9\nb\n", "cafe\nb\n")] == ["binary"]


def test_delete_rename_and_mode_are_hunks_of_their_own() -> None:
    base = b"one\ntwo\n"
    changes = (
        Change("r", PATH, "rename", new_path="demo/other.md"),
        Change("w", "demo/other.md", "write", "one\n2\n"),
        Change("m", "demo/other.md", "mode", mode="100755"),
    )
    proposal = a_proposal(base, *changes)
    hunks = hunks_of(proposal, reader(base))
    assert [hunk.kind for hunk in hunks] == ["rename", "mode", "text"]
    text_only = compose(proposal, hunks, accept([hunks[2]]), reader(base)).files
    assert [(file.path, file.data) for file in text_only] == [(PATH, b"one\n2\n")]
    moved = compose(proposal, hunks, accept(hunks), reader(base)).files
    assert [(file.path, file.data, file.mode) for file in moved] == [
        (PATH, None, None),
        ("demo/other.md", b"one\n2\n", "100755"),
    ]
    [gone] = hunks_of(a_proposal(base, Change("d", PATH, "delete")), reader(base))
    assert (gone.kind, gone.base_lines) == ("delete", ("one\n", "two\n"))


def test_a_hunk_has_the_evidence_of_the_change_whose_lines_it_holds() -> None:
    base = b"a\nb\nc\nd\ne\n"
    proposal = a_proposal(
        base,
        Change("first", PATH, "edit", "A\nb\nc\nd\ne\n", evidence=("e1",), rationale="why A"),
        Change("second", PATH, "edit", "A\nb\nc\nd\nE\n", evidence=("e2",), rationale="why E"),
        evidence=(Evidence("e1", "t", 0, 0, "q"), Evidence("e2", "t", 1, 1, "q")),
    )
    upper, lower = hunks_of(proposal, reader(base))
    assert (upper.evidence, upper.evidence_scope, upper.change) == (("e1",), "hunk", "first")
    assert (lower.evidence, lower.evidence_scope, lower.change) == (("e2",), "hunk", "second")
    assert (upper.rationale, lower.rationale) == ("why A", "why E")


def test_a_deletion_keeps_the_evidence_of_its_change_after_later_changes() -> None:
    base = b"a\nb\nc\nd\ne\nf\n"
    proposal = a_proposal(
        base,
        Change("cut", PATH, "edit", "a\nc\nd\ne\nf\n", evidence=("e1",)),
        Change("add", PATH, "edit", "a\nc\nd\ne\nf\nnew\n", evidence=("e2",)),
        Change("top", PATH, "edit", "0\na\nc\nd\ne\nf\nnew\n", evidence=("e3",)),
    )
    assert [hunk.evidence for hunk in hunks_of(proposal, reader(base))] == [
        ("e3",),
        ("e1",),
        ("e2",),
    ]


def test_whole_file_evidence_is_marked_on_every_hunk() -> None:
    hunks = hunks_between(b"a\nb\nc\n", "A\nb\nC\n", evidence=("e1",))
    assert [hunk.evidence_scope for hunk in hunks] == ["file", "file"]
    assert {hunk.evidence for hunk in hunks} == {("e1",)}


def test_an_edit_is_used_word_for_word_under_a_new_id() -> None:
    from workbench.review.compose import accepted_hunks

    base = b"a\r\nb\r\nc\r\n"
    proposal = a_proposal(base, Change("c", PATH, "write", "a\r\nB\r\nc\r\n"))
    hunks = hunks_of(proposal, reader(base))
    verdict = HunkVerdict(hunks[0].id, "accept", edited=("mine \r\n", "and mine"))
    result = compose(proposal, hunks, [verdict], reader(base))
    assert result.files[0].data == b"a\r\nmine \r\nand minec\r\n"
    [edited] = accepted_hunks(hunks, [verdict])
    assert edited.id != hunks[0].id
    assert edited.edited_from == hunks[0].id
    plain = compose(proposal, hunks, accept(hunks), reader(base))
    assert plain.content_hash != result.content_hash


def test_the_last_verdict_counts_and_an_unknown_hunk_is_refused() -> None:
    base = b"a\n"
    proposal = a_proposal(base, Change("c", PATH, "write", "b\n"))
    [hunk] = hunks_of(proposal, reader(base))
    both = [HunkVerdict(hunk.id, "accept"), HunkVerdict(hunk.id, "reject", "style")]
    assert compose(proposal, (hunk,), both, reader(base)).files == ()
    with pytest.raises(ReviewProblem, match="no hunk"):
        compose(proposal, (hunk,), [HunkVerdict("0" * 16, "accept")], reader(base))


@pytest.mark.parametrize(
    "path",
    [
        "../out.md",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        ".",
        "a//b",
        "a/./b",
        ".git/hooks/pre-commit",
        "demo/.GIT/config",
        "git~1/config",
        "demo/.g\u200cit/config",
        "demo/.hg/hgrc",
        "demo/.workbench/trust.toml",
    ],
)
def test_a_path_out_of_the_library_or_into_git_is_refused(path: str) -> None:
    with pytest.raises(ReviewProblem, match="path"):
        hunks_of(a_proposal(None, Change("c", path, "write", "x")), reader(None))
    with pytest.raises(ReviewProblem, match="path"):
        hunks_of(a_proposal(b"x", Change("c", PATH, "rename", new_path=path)), reader(b"x"))


@pytest.mark.parametrize("path", ["", "a\nb", "x/.git /config"])
def test_an_odd_path_is_refused(path: str) -> None:
    with pytest.raises(ReviewProblem, match="path"):
        hunks_of(a_proposal(None, Change("c", path, "write", "x")), reader(None))


def test_a_base_that_is_not_the_recorded_one_is_refused() -> None:
    proposal = a_proposal(b"recorded", Change("c", PATH, "write", "x"))
    with pytest.raises(ReviewProblem, match="based on"):
        hunks_of(proposal, reader(b"something else"))
    with pytest.raises(ReviewProblem, match="based on"):
        hunks_of(proposal, reader(None))
