"""Detector 5: skills that are there twice."""

from __future__ import annotations

import pytest

from tests.plugins.evidence_miner.runs import PLUGIN, Mine, diagnoses, edits
from workbench.domain.job import PastDecision

BODY = """\
# Invoices

Read the invoice number from the header block.

## Checking totals

Add the line items with decimal arithmetic, never with floats.
Compare the sum with the printed total and say which line differs.

## Output

Write one row for each invoice with its number, date and total.
"""


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


@pytest.fixture(autouse=True)
def _miner_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))


def skill(name: str, body: str, **files: str) -> dict[str, str]:
    head = f"---\nname: {name}\ndescription: Reads {name}.\n---\n"
    return {"SKILL.md": head + body, **{f"references/{k}.md": v for k, v in files.items()}}


def test_a_copy_is_merged_into_the_one_it_was_made_of(mine):
    skills = {"invoices": skill("invoices", BODY), "invoices-copy": skill("invoices-copy", BODY)}
    [draft] = edits(mine(skills, []))
    assert draft.kind == "merge"
    assert draft.skills == ("invoices", "invoices-copy")
    assert [(one.op, one.path) for one in draft.changes] == [("delete", "invoices-copy/SKILL.md")]


def test_what_differs_stands_between_markers_for_a_person(mine):
    changed = (
        BODY.replace("never with floats", "or with integers of cents") + "\n## Mail\n\nSend.\n"
    )
    other = skill("invoices-old", changed, mail="# How to send the mail\n")
    [draft] = edits(mine({"invoices": skill("invoices", BODY), "invoices-old": other}, []))
    union, *rest = draft.changes
    assert union.new_text is not None
    lines = union.new_text.split("\n")
    begin, middle, end = (
        next(n for n, line in enumerate(lines) if line.startswith(sign))
        for sign in ("<<<<<<< invoices", "=======", ">>>>>>> invoices-old")
    )
    assert begin < middle < end
    assert "Add the line items with decimal arithmetic, never with floats." in lines[begin:middle]
    assert "## Mail" in lines[end:]
    assert union.new_text.count("## Output") == 1
    assert {(one.op, one.path, one.new_path) for one in rest} == {
        ("delete", "invoices-old/SKILL.md", None),
        ("rename", "invoices-old/references/mail.md", "invoices/references/mail.md"),
    }
    assert all(one.depends_on == ("union",) for one in rest)


def test_two_skills_of_one_field_are_left_alone(mine):
    other = BODY.replace("Add the line items with decimal arithmetic, never with floats.", "Look.")
    words = [line for line in other.split("\n") if line.startswith("#")]
    body = "\n\n".join(
        f"{head}\n\nAnother word of {n} on invoices." for n, head in enumerate(words)
    )
    skills = {"invoices": skill("invoices", BODY), "bills": skill("bills", body)}
    assert edits(mine(skills, [])) == []


def test_a_merge_that_was_turned_down_is_not_proposed_again(mine):
    skills = {"invoices": skill("invoices", BODY), "invoices-copy": skill("invoices-copy", BODY)}
    past = PastDecision("p", "t", "rejected", ("invoices-copy/SKILL.md",), ("wrong",))
    assert edits(mine(skills, [], history=(past,))) == []


def test_skills_about_the_same_things_are_told(mine):
    words = " ".join(f"word{n}" for n in range(60))
    skills = {
        "a": skill("a", f"# A\n\n{words}\n"),
        "b": skill("b", f"# B\n\n{words.replace(' ', chr(10))}\n"),
        "c": skill("c", "# C\n\n" + " ".join(f"other{n}" for n in range(60)) + "\n"),
    }
    [told] = diagnoses(mine(skills, []))
    assert told.skills == ("a", "b")
    assert "overlap" in told.title


def test_likeness_is_one_for_the_same_and_none_for_other_words():
    from evidence_miner.similarity import alike_pairs, cosine, vectors

    made = vectors(["red green blue", "red green blue", "cat dog", ""])
    assert cosine(made[0], made[1]) == pytest.approx(1.0)
    assert cosine(made[0], made[2]) == 0.0
    assert [pair[1:] for pair in alike_pairs(made, 0.5)] == [(0, 1)]


def test_no_bundled_file_is_lost_in_a_merge(mine):
    ours = skill("invoices", BODY, mail="# Ours\n", same="# Same\n")
    theirs = skill("invoices-old", BODY, mail="# Theirs\n", same="# Same\n")
    [draft] = edits(mine({"invoices": ours, "invoices-old": theirs}, []))
    assert {(one.op, one.path, one.new_path) for one in draft.changes} == {
        ("delete", "invoices-old/SKILL.md", None),
        ("delete", "invoices-old/references/same.md", None),
        ("rename", "invoices-old/references/mail.md", "invoices/references/mail-invoices-old.md"),
    }
