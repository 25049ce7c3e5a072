"""Candidates and proposals as a graph, with the frontier of score and size."""

from __future__ import annotations

from workbench.domain.job import AnyEvent, Candidate, EvalRequested, EvalResult
from workbench.domain.proposal import Change, Engine, Gate, Lineage, Proposal, ProposalDraft
from workbench.domain.task import PairedRow, PairedTable
from workbench.evolution.lineage import lineage_lines, lineage_of


def edit(text: str) -> Change:
    return Change("c", "a/SKILL.md", "edit", text)


def proposal(text: str, parents: tuple[str, ...] = (), gate: Gate | None = None) -> Proposal:
    draft = ProposalDraft("edit", f"Say {text}", "", (edit(text),), lineage=Lineage(parents))
    return Proposal(f"p-{text}", Engine("e", "1"), "/l", (), draft, (), "", gate=gate or Gate())


def asked(name: str, text: str) -> EvalRequested:
    return EvalRequested(id=name, candidate=name, changes=(edit(text),))


def result(name: str, task: str, score: float) -> EvalResult:
    return EvalResult(candidate=name, task=task, score=score, status="pass")


EVENTS: tuple[AnyEvent, ...] = (
    EvalRequested(id="0", candidate="base"),
    result("base", "t", 1.0),
    result("base", "v", 0.0),
    Candidate(id="one", parents=("base",), summary="longer"),
    asked("one", "x" * 30),
    result("one", "v", 1.0),
    Candidate(id="two", parents=("one",)),
    asked("two", "x" * 40),
    result("two", "v", 0.5),
)


def test_parents_lead_to_depths_and_scores_are_those_of_val() -> None:
    nodes = lineage_of(EVENTS, (), {"t": "train", "v": "val"}, {"a/SKILL.md": 10})
    assert [(one.id, one.depth, one.score, one.growth) for one in nodes] == [
        ("base", 0, 0.0, 0),
        ("one", 1, 1.0, 20),
        ("two", 2, 0.5, 30),
    ]
    assert {one.id for one in nodes if one.frontier} == {"base", "one"}


def test_a_proposal_is_the_candidate_with_its_changes() -> None:
    nodes = lineage_of(EVENTS, (proposal("x" * 30),), {"v": "val"})
    [one] = [node for node in nodes if node.proposal]
    assert (one.id, one.kind, one.title) == ("one", "proposal", "Say " + "x" * 30)


def test_the_gate_of_the_host_goes_before_what_was_evaluated_in_the_search() -> None:
    table = PairedTable((PairedRow("h", (0.0, 0.0), (0.25,), split="test"),))
    gate = Gate(level="promising", held_out="test", table=table, n=1)
    nodes = lineage_of(EVENTS, (proposal("x" * 30, gate=gate),), {"v": "val"})
    [one] = [node for node in nodes if node.proposal]
    assert (one.score, one.split, one.level) == (0.25, "test", "promising")


def test_a_proposal_nobody_evaluated_hangs_below_its_parents() -> None:
    nodes = lineage_of(EVENTS, (proposal("new", ("two",)),))
    assert nodes[-1].parents == ("two",)
    assert nodes[-1].depth == 3
    assert nodes[-1].score is None


def test_another_name_in_the_evaluation_is_the_same_candidate() -> None:
    events = (Candidate(id="one", evaluated_as="hash"), asked("hash", "x"), result("hash", "v", 1))
    nodes = lineage_of(events, ())
    assert [(one.id, one.score) for one in nodes] == [("base", None), ("one", 1.0)]


def test_rings_and_parents_nobody_named_end() -> None:
    events = (
        Candidate(id="a", parents=("b",)),
        Candidate(id="b", parents=("a",)),
        Candidate(id="c", parents=("gone",)),
    )
    nodes = lineage_of(events, ())
    assert {one.id: one.depth for one in nodes} == {"base": 0, "a": 1, "b": 2, "c": 1}


def test_the_text_says_what_the_picture_shows() -> None:
    lines = lineage_lines(lineage_of(EVENTS, (), {"v": "val"}, {"a/SKILL.md": 10}))
    assert lines[1] == "  longer, score 1.00 on 1 task (val), +20 bytes, on the frontier"
