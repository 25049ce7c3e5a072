"""What a selection costs, and what of it was taken from somewhere."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import SKILL, Bench, edited, make_library
from workbench.domain.proposal import Evidence
from workbench.evolution.evidence import check_evidence
from workbench.review.checks.result import check_result
from workbench.review.copied import (
    LEAST_WORDS,
    TextSource,
    copied_passages,
    marks_of_added,
    word_marks,
)
from workbench.skills.check import DEFAULT_CLIENT
from workbench.traces.open import open_traces

TEXT = SKILL.decode()
OWN = (
    "Before anything is sent to the printer, count the pages twice and compare both numbers "
    "with the order that the customer signed."
)
OTHER = f"---\nname: printing\ndescription: Prints.\nlicense: Proprietary\n---\n# P\n\n{OWN}\n"


def checked(bench: Bench, **more: object):
    review = bench.review
    decision = bench.accept()
    return check_result(review, decision.verdicts, clients=[DEFAULT_CLIENT], **more)


def test_tokens_are_told_by_level_and_catalogues_by_client(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    text = TEXT.replace("Shows things.", "Shows many more things than it did.").replace(
        "First line.", "First line, with some more words in it."
    )
    found = checked(Bench(tmp_path, library, [edited("demo/SKILL.md", text)])).costs
    (skill,) = found.skills
    assert skill.after.catalogue > skill.before.catalogue
    assert skill.after.body > skill.before.body
    assert skill.after.resources == skill.before.resources == 0
    assert found.catalogues
    assert all(one.after > one.before for one in found.catalogues)


def test_who_falls_out_of_a_list_is_named(tmp_path: Path) -> None:
    long = "word " * 190
    files = {
        f"s{n:03}/SKILL.md": f"---\nname: s{n:03}\ndescription: {long}\n---\nText\n".encode()
        for n in range(60)
    }
    files["demo/SKILL.md"] = SKILL
    library = make_library(tmp_path / "lib", files, repository=False)
    text = TEXT.replace("Shows things.", long)
    found = checked(Bench(tmp_path, library, [edited("demo/SKILL.md", text)])).costs
    assert any(one.dropped for one in found.catalogues)


def test_a_new_skill_costs_from_nothing(tmp_path: Path) -> None:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    new = edited("fresh/SKILL.md", TEXT.replace("demo", "fresh"))
    found = checked(Bench(tmp_path, library, [new])).costs
    (skill,) = found.skills
    assert (skill.skill, skill.before) == ("fresh", None)


def test_a_passage_of_another_skill_is_found_with_its_licence(tmp_path: Path) -> None:
    library = make_library(
        tmp_path / "lib", {"demo/SKILL.md": SKILL, "printing/SKILL.md": OTHER.encode()}
    )
    folded = OWN.replace("twice and", "twice\nAND")
    text = TEXT.replace("First line.", f"First line. {folded} That is all.")
    (found,) = checked(Bench(tmp_path, library, [edited("demo/SKILL.md", text)])).copied
    assert (found.source, found.kind, found.licence) == ("printing", "skill", "Proprietary")
    assert found.words == len(OWN.split())
    assert found.passage.startswith("Before anything is sent")


def test_a_passage_of_the_trace_behind_it_is_found(tmp_path: Path) -> None:
    session = tmp_path / "run.json"
    session.write_text(json.dumps([{"role": "user", "content": f"Mind this: {OWN}"}]))
    (trace,) = open_traces(session)
    with trace:
        evidence = Evidence("e1", "run.json#1", 0, 0, "Mind this")
        check = check_evidence(evidence, trace)
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    change = edited("demo/SKILL.md", TEXT.replace("First line.", OWN), evidence=("e1",))
    bench = Bench(tmp_path, library, [change], evidence=[evidence], checks=[check])
    (found,) = checked(bench, sources=bench.review.evidence_texts).copied
    assert (found.source, found.kind) == ("run.json", "trace")
    session.unlink()
    assert bench.review.evidence_texts == ()


def test_what_stood_there_before_was_not_copied_now(tmp_path: Path) -> None:
    library = make_library(
        tmp_path / "lib",
        {"demo/SKILL.md": SKILL + OWN.encode(), "printing/SKILL.md": OTHER.encode()},
    )
    text = TEXT.replace("First", "1st") + OWN
    assert checked(Bench(tmp_path, library, [edited("demo/SKILL.md", text)])).copied == ()


@given(
    words=st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60),
    at=st.integers(0, 60),
    size=st.integers(LEAST_WORDS, 30),
)
def test_any_passage_long_enough_is_found_and_none_shorter(
    words: list[str], at: int, size: int
) -> None:
    added = " ".join(words)
    taken = words[at : at + size]
    source = TextSource("s", "skill", "zz " + " ".join(taken) + " zz")
    found = copied_passages("p", added, [source])
    if found:
        # What is ruled out by its marks has no passage.
        assert marks_of_added(added) & word_marks(source.text)
    if len(taken) >= LEAST_WORDS:
        assert found
        assert found[0].words >= len(taken)
    for one in found:
        assert one.words >= LEAST_WORDS
        assert one.passage.rstrip("…") in added
