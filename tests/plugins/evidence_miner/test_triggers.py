"""Detector 7: a skill that was offered and not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.evidence_miner.runs import PLUGIN, Mine, edits, run, shell
from workbench.domain.job import PastDecision
from workbench.domain.trace_lines import TraceSkillEvent, TraceStep
from workbench.plugin.run_skills import front_and_body

TEXT = """\
---
name: pdf-forms
description: Fills PDF forms.
license: MIT
---
# Forms

Questionnaires and applications with an AcroForm layer are filled field by field.
"""
ASKED = "Please complete the questionnaire and the visa application for Ada."
READ = shell("cat skills/pdf-forms/SKILL.md", "# Forms\n")


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


@pytest.fixture(autouse=True)
def _miner_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))


def attempt(name: str, outcome: str, *, loaded: bool, asked: str = ASKED, listed: bool = True):
    header, _ = run(
        name,
        task="visa",
        outcome=outcome,
        skills_listed=("pdf-forms",) if listed else (),
        skills_loaded=("pdf-forms",) if loaded else (),
    )
    steps = [TraceStep(0, "u0", "user", asked)]
    if loaded:
        events = (TraceSkillEvent("pdf-forms", "loaded"),)
        steps.append(TraceStep(1, "u1", "agent", "", calls=(READ,), skill_events=events))
    return header, steps


def library(text: str = TEXT) -> dict[str, dict[str, str]]:
    return {"pdf-forms": {"SKILL.md": text}}


def described(events):
    return [draft for draft in edits(events) if draft.kind == "describe"]


def test_what_the_user_said_goes_to_the_description(mine):
    runs = [attempt("a-1", "fail", loaded=False), attempt("a-2", "pass", loaded=True)]
    [draft] = described(mine(library(), runs))
    [change] = draft.changes
    front, body = front_and_body(change.new_text)
    assert front == {
        "name": "pdf-forms",
        "description": "Fills PDF forms. Also for: questionnaire, application.",
        "license": "MIT",
    }
    assert body == front_and_body(TEXT)[1]
    assert [one.quote for one in draft.evidence] == [ASKED, "cat skills/pdf-forms/SKILL.md"]
    assert change.evidence == ("e1", "e2")


@pytest.mark.parametrize(
    "runs",
    [
        [attempt("a-1", "pass", loaded=False), attempt("a-2", "pass", loaded=True)],
        [attempt("a-1", "fail", loaded=False), attempt("a-2", "fail", loaded=True)],
        [attempt("a-1", "pass", loaded=True), attempt("a-2", "fail", loaded=False)],
        [attempt("a-1", "infra", loaded=False), attempt("a-2", "pass", loaded=True)],
        [attempt("a-1", "fail", loaded=False)],
        [attempt("a-1", "fail", loaded=True), attempt("a-2", "pass", loaded=True)],
    ],
)
def test_without_a_miss_there_is_nothing_to_add(mine, runs):
    assert described(mine(library(), runs)) == []


def test_words_the_skill_is_not_about_are_not_added(mine):
    asked = "Please bake a chocolate cake for Ada."
    runs = [
        attempt("a-1", "fail", loaded=False, asked=asked),
        attempt("a-2", "pass", loaded=True, asked=asked),
    ]
    assert described(mine(library(), runs)) == []


def test_a_description_that_says_it_all_but_one_word_matches_strongly(mine):
    text = TEXT.replace("Fills PDF forms.", "Fills PDF forms, visa papers and applications.")
    asked = "Fill the PDF forms with the visa papers: a questionnaire and the applications."
    [draft] = described(mine(library(text), [attempt("a", "fail", loaded=False, asked=asked)]))
    assert "Also for: questionnaire." in draft.changes[0].new_text
    unlisted = [attempt("a", "fail", loaded=False, asked=asked, listed=False)]
    assert described(mine(library(text), unlisted)) == []


def test_the_limit_of_clients_holds(mine):
    runs = [attempt("a-1", "fail", loaded=False), attempt("a-2", "pass", loaded=True)]
    full = TEXT.replace("Fills PDF forms.", "Fills PDF forms. " + "x" * 1000)
    assert described(mine(library(full), runs)) == []
    nearly = TEXT.replace("Fills PDF forms.", "Fills PDF forms. " + "x" * 975)
    [draft] = described(mine(library(nearly), runs))
    assert len(front_and_body(draft.changes[0].new_text)[0]["description"]) <= 1024


def test_what_people_turned_down_is_not_proposed_again(mine):
    runs = [attempt("a-1", "fail", loaded=False), attempt("a-2", "pass", loaded=True)]
    line = "description: Fills PDF forms. Also for: questionnaire."
    past = PastDecision("p", "t", "rejected", ("pdf-forms/SKILL.md",), ("wrong",), (line,))
    assert described(mine(library(), runs, history=(past,))) == []


@pytest.mark.parametrize(
    "entry",
    [
        "description: Fills forms.\n",
        "description: Fills forms\n",
        "description: 'Fills Ada''s forms.'\n",
        'description: "Fills \\"forms\\"."\n',
        "description: >\n  Fills forms\n  of all kinds.\n",
        "description: |-\n  Fills forms.\n",
        "description: Fills forms\n  of all kinds.\n",
        "description: Fills forms (note - see below).\n",
    ],
)
def test_every_style_of_description_takes_a_sentence(entry):
    from evidence_miner.descriptions import with_sentence

    text = f"---\nname: x\n{entry}license: MIT\n---\n# X\n"
    for written in (text, text.replace("\n", "\r\n")):
        made = with_sentence(_skill(written), "Also for: a: b # c.")
        assert made is not None
        before, after = front_and_body(written), front_and_body(made)
        assert after[1] == before[1]
        said = " ".join(str(after[0].pop("description")).split())
        plain = " ".join(str(before[0].pop("description")).split())
        assert said == f"{plain.rstrip('.')}. Also for: a: b # c."
        assert after[0] == before[0]
        assert made.count("\r\n") == (made.count("\n") if "\r\n" in written else 0)


@given(st.text(max_size=80), st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_front_matter_is_mended_exactly_or_left(front, sentence):
    from evidence_miner.descriptions import with_sentence

    text = f"---\ndescription: {front}\nname: x\n---\nbody\n"
    made = with_sentence(_skill(text), sentence)
    if made is not None:
        assert front_and_body(made)[0]["name"] == "x"
        assert made.endswith("\nbody\n")


def _skill(text: str):
    from evidence_miner.skill_texts import SkillText

    return SkillText("x", "x", "", "SKILL.md", ("SKILL.md",), {"SKILL.md": text})


def test_the_very_same_request_is_the_same_task(mine):
    runs = []
    for header, steps in (
        attempt("a-1", "fail", loaded=False),
        attempt("b-2", "pass", loaded=True),
    ):
        fields = {name: getattr(header, name) for name in header.__struct_fields__}
        runs.append((type(header)(**(fields | {"task": None})), steps))
    assert len(described(mine(library(), runs))) == 1
    other = [runs[0], (runs[1][0], [TraceStep(0, "u0", "user", "Bake."), *runs[1][1][1:]])]
    assert described(mine(library(), other)) == []
