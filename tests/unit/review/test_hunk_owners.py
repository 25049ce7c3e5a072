"""Lines that different changes insert side by side can be taken one without the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.review.build import NOW, make_library, proposal_on
from tests.unit.review.test_hunks import PATH, TEXTS, a_proposal, accept, reader
from workbench.domain.proposal import Change, Evidence
from workbench.review.compose import compose
from workbench.review.decide import decide, pick, verdicts_for
from workbench.review.hunks import hunks_of
from workbench.review.plan import ReviewProblem
from workbench.review.session import open_review
from workbench.store.proposals import ProposalStore

BASE = "# Demo\n\nText.\n"
SECTION = BASE + "\n## Known pitfalls\n\n"
ONE = SECTION + "- one\n"
BOTH = ONE + "- two\n"
CHANGES = (
    Change("section", PATH, "edit", SECTION),
    Change("first", PATH, "edit", ONE, evidence=("e1",), depends_on=("section",)),
    Change("second", PATH, "edit", BOTH, evidence=("e2",), depends_on=("section",)),
)
EVIDENCE = tuple(Evidence(name, "t", 0, 0, "q") for name in ("e1", "e2"))


def test_each_change_is_a_hunk_with_its_own_evidence_and_what_it_needs() -> None:
    hunks = hunks_of(a_proposal(BASE.encode(), *CHANGES, evidence=EVIDENCE), reader(BASE.encode()))
    heading, first, second = hunks
    assert [hunk.new_lines for hunk in hunks] == [
        ("\n", "## Known pitfalls\n", "\n"),
        ("- one\n",),
        ("- two\n",),
    ]
    assert (heading.evidence, first.evidence, second.evidence) == ((), ("e1",), ("e2",))
    assert (first.evidence_scope, heading.evidence_scope) == ("hunk", "none")
    assert first.depends_on == second.depends_on == (heading.id,)


def test_any_of_them_composes_in_order() -> None:
    proposal = a_proposal(BASE.encode(), *CHANGES)
    hunks = hunks_of(proposal, reader(BASE.encode()))
    result = compose(proposal, hunks, accept([hunks[2], hunks[0]]), reader(BASE.encode()))
    assert result.files[0].data == (SECTION + "- two\n").encode()


@given(st.lists(TEXTS, min_size=2, max_size=4), st.data())
@settings(max_examples=150, deadline=None)
def test_several_changes_in_any_selection_stay_whole(texts: list[str], data: st.DataObject) -> None:
    base, *wanted = texts
    changes = [Change(f"c{n}", PATH, "write", text) for n, text in enumerate(wanted)]
    proposal = a_proposal(base.encode(), *changes)
    read = reader(base.encode())
    hunks = hunks_of(proposal, read)
    every = compose(proposal, hunks, accept(hunks), read)
    assert (every.files[0].data if every.files else base.encode()) == wanted[-1].encode()
    chosen = [hunk for hunk in hunks if data.draw(st.booleans())]
    compose(proposal, hunks, accept(chosen), read)
    assert compose(proposal, hunks, [], read).files == ()


def _review(tmp_path: Path):
    library = make_library(tmp_path / "library", {PATH: BASE.encode()})
    store = ProposalStore(tmp_path / "store")
    proposal = proposal_on(library, CHANGES)
    store.add(proposal, {proposal.base[0].sha256 or "": BASE.encode()})
    return open_review(store, proposal.id, library)


def test_accepting_a_hunk_accepts_what_it_needs(tmp_path: Path) -> None:
    review = _review(tmp_path)
    verdicts = verdicts_for(review, pick(review, ["3"]), "accept", others="reject")
    assert [verdict.verdict for verdict in verdicts] == ["accept", "reject", "accept"]
    decision = decide(review, verdicts, reviewer="A <a@b>", now=NOW)
    assert review.result(decision.verdicts).files[0].data == (SECTION + "- two\n").encode()


def test_a_decision_without_what_a_hunk_needs_is_refused(tmp_path: Path) -> None:
    review = _review(tmp_path)
    with pytest.raises(ReviewProblem, match=r"Hunk 2 needs hunk 1 .* or edit the hunk"):
        decide(review, accept([review.hunks[1]]), reviewer="A <a@b>", now=NOW)
