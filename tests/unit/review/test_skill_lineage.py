"""How proposals for one skill hang together, over engines and time."""

from __future__ import annotations

from workbench.domain.proposal import (
    BaseFile,
    Change,
    Engine,
    Lineage,
    Proposal,
    ProposalDraft,
    Receipt,
    ReceiptFile,
)
from workbench.review.history.skill_lineage import lineage_rows
from workbench.review.history.timeline import TimelineEntry


def made(
    name: str, when: int, *, engine: str = "a", status: str = "pending", base: str = "", **lineage
) -> Proposal:
    return Proposal(
        name,
        Engine(engine, "1"),
        "/lib",
        (BaseFile("demo/SKILL.md", base or "0" * 64),),
        ProposalDraft(
            "edit",
            f"Title of {name}",
            "",
            (Change("c", "demo/SKILL.md", "write", name),),
            lineage=Lineage(**lineage),
        ),
        (),
        f"2026-03-0{when}T00:00:00+00:00",
        status=status,
    )


def nothing(_name: str) -> tuple[Receipt, ...]:
    return ()


def test_what_replaces_another_stands_below_it() -> None:
    found = lineage_rows(
        [
            made("b", 2, parents=("a",), supersedes="a"),
            made("a", 1),
            made("c", 3, engine="other", parents=("b", "candidate 7")),
            made("z", 4),
        ],
        (),
        nothing,
    )
    assert [(one.id, one.depth, one.relation) for one in found] == [
        ("a", 0, "first"),
        ("b", 1, "replaces"),
        ("c", 2, "comes of"),
        ("z", 0, "first"),
    ]
    assert found[2].names == ("candidate 7",)


def test_a_proposal_of_another_engine_on_what_one_wrote_is_built_on_it() -> None:
    wrote = "f" * 64
    first = made("a", 1, status="applied")
    receipt = Receipt(
        "a",
        "/lib",
        "committed",
        (ReceiptFile("demo/SKILL.md", "0" * 64, wrote),),
        "Ann",
        "2026-03-01",
        "hash",
    )
    found = lineage_rows(
        [first, made("b", 2, engine="other", base=wrote)],
        [TimelineEntry("applied", "", "", "", commit="c0ffee", proposal="a")],
        lambda name: (receipt,) if name == "a" else (),
    )
    assert [(one.id, one.relation, one.engine, one.commit) for one in found] == [
        ("a", "first", "a 1", "c0ffee"),
        ("b", "built on", "other 1", ""),
    ]


def test_alternatives_name_each_other() -> None:
    found = lineage_rows([made("a", 1), made("b", 2, alternatives=("a", "gone"))], (), nothing)
    assert [one.alternatives for one in found] == [("b",), ("a",)]


def test_a_circle_of_parents_is_cut() -> None:
    found = lineage_rows(
        [made("a", 1, parents=("b",)), made("b", 2, parents=("a",)), made("c", 3, parents=("c",))],
        (),
        nothing,
    )
    assert sorted(one.id for one in found) == ["a", "b", "c"]
    assert {one.depth for one in found} == {0, 1}


def test_what_the_store_lost_is_listed_as_the_commit_tells_it() -> None:
    entry = TimelineEntry(
        "applied",
        "2026-03-01",
        "Ann",
        "Say it better",
        commit="c0ffee",
        proposal="gone",
        engine="miner 1",
        gate="supported weighted",
    )
    (row,) = lineage_rows((), [entry], nothing)
    assert (row.id, row.stored, row.level, row.title) == ("gone", False, "supported", entry.title)
