"""Detector 8: what the specification asks of a skill's files."""

from __future__ import annotations

import pytest

from tests.plugins.evidence_miner.runs import Mine, diagnoses, edits
from workbench.domain.job import PastDecision
from workbench.plugin.run_skills import front_and_body
from workbench.skills.check import check_skill
from workbench.skills.read import read_skill

BODY = "# Docs\n\nRead the docs.\n"


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


def one(mine, text, **files):
    return mine({"docs": {"SKILL.md": text, **files}}, [])


@pytest.mark.parametrize(
    ("broken", "described"),
    [
        ("---\nname: docs\ndescription: Use: always\n---\n" + BODY, "Use: always"),
        ("---\nname: docs\ndescription: Ada's way: read\n---\n" + BODY, "Ada's way: read"),
        ("---\nname: docs\ndescription: Docs.\n\n" + BODY, "Docs."),
        ("---\nname: docs\ndescription: Docs.\n" + BODY, "Docs."),
        ("\n\n---\nname: docs\ndescription: Docs.\n---\n" + BODY, "Docs."),
        ("---\r\nname: docs\r\ndescription: Use: now\r\n---\r\n# D\r\n", "Use: now"),
    ],
)
def test_front_matter_with_one_way_to_mend_it_is_mended(mine, broken, described):
    [draft] = edits(one(mine, broken))
    [change] = draft.changes
    front, body = front_and_body(change.new_text)
    assert front == {"name": "docs", "description": described}
    assert body.lstrip("\r\n") in broken


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BODY, "no front matter"),
        ("---\nname: docs\n# Docs\nno end\n", "never closed"),
        ("---\nname: [docs\ndescription: {x\n---\n" + BODY, "no valid YAML"),
        ("---\nname: docs\n---\n" + BODY, "no description"),
        ("---\ndescription: Docs.\n---\n" + BODY, "no name"),
        (f"---\nname: docs\ndescription: {'x' * 1025}\n---\n" + BODY, "1,025 characters"),
        ("---\nname: docs\ndescription: D.\n---\n" + "line\n" * 500, "504 lines"),
        ("---\nname: docs\ndescription: D.\n---\nRun /home/kjensen/tool.\n", "/home/kjensen"),
        ("---\nname: docs\ndescription: D.\n---\nRun C:\\Users\\kjensen\\x.\n", "kjensen"),
    ],
)
def test_what_a_person_has_to_mend_is_told(mine, text, words):
    events = one(mine, text)
    assert edits(events) == []
    [told] = diagnoses(events)
    assert words in told.rationale
    assert told.skills == ("docs",)


@pytest.mark.parametrize(
    "text",
    [
        "---\nname: docs\ndescription: Docs.\n---\n" + BODY,
        "---\nname: docs\ndescription: |\n  Use: always\n---\n" + BODY,
        f"---\nname: docs\ndescription: {'x' * 1024}\n---\n" + BODY,
        "---\nname: docs\ndescription: D.\n---\n" + "line\n" * 496,
        "---\nname: docs\ndescription: D.\n---\nSee /home/user/x, ~/x, /Users/you/y, /home/.\n",
    ],
)
def test_what_the_check_accepts_is_not_told(mine, tmp_path, text):
    assert [*edits(one(mine, text)), *diagnoses(one(mine, text))] == []
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "SKILL.md").write_text(text)
    assert [found.rule for found in check_skill(read_skill(folder))] == []


def test_a_program_that_cannot_be_called_is_told(mine, tmp_path):
    text = "---\nname: docs\ndescription: D.\n---\nRun `./scripts/a.sh` and `bash scripts/b.sh`.\n"
    script = "#!/bin/sh\ntrue\n"
    files = {"scripts/a.sh": script, "scripts/b.sh": script}
    [told] = diagnoses(one(mine, text, **files))
    assert told.rationale == "scripts/a.sh is called as a program and is not executable."


def test_a_repair_that_was_turned_down_is_not_proposed_again(mine):
    broken = "---\nname: docs\ndescription: Use: always\n---\n" + BODY
    line = "description: 'Use: always'"
    past = PastDecision("p", "t", "rejected", ("docs/SKILL.md",), ("wrong",), (line,))
    assert edits(mine({"docs": {"SKILL.md": broken}}, [], history=(past,))) == []
