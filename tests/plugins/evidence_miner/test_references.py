from __future__ import annotations

import pytest

from tests.plugins.evidence_miner.runs import Mine, diagnoses, edits, run
from workbench.domain.job import PastDecision
from workbench.domain.trace_lines import TraceCall

HEAD = "---\nname: docs\ndescription: Docs.\n---\n# Docs\n\n"
FILES = {"references/encodings.md": "# E\n", "references/dates.md": "# D\n"}


@pytest.fixture
def mine(tmp_path):
    return Mine(tmp_path)


def library(body: str, files: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    return {"docs": {"SKILL.md": HEAD + body, **(FILES if files is None else files)}}


def mended(mine, body, files=None):
    drafts = edits(mine(library(body, files), []))
    return drafts[0].changes[0].new_text.removeprefix(HEAD) if drafts else None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[a](references/encoding.md)\n", "[a](references/encodings.md)\n"),
        ("[a](encodings.md) x\n", "[a](references/encodings.md) x\n"),
        ("[a](./references/encoding.md#top 'T')\n", "[a](./references/encodings.md#top 'T')\n"),
        ("[a](<references/encoding.md>)\n", "[a](<references/encodings.md>)\n"),
        ("[a][e]\n\n[e]: references/encoding.md\n", "[a][e]\n\n[e]: references/encodings.md\n"),
        ("Read `references/encoding.md`.\n", "Read `references/encodings.md`.\n"),
        (
            "`[a](references/encoding.md)` [b](references/encoding.md)\r\n",
            "`[a](references/encoding.md)` [b](references/encodings.md)\r\n",
        ),
        (
            "[a](references/encoding.md) [b](references/date.md)\n",
            "[a](references/encodings.md) [b](references/dates.md)\n",
        ),
    ],
)
def test_a_dead_link_with_one_close_file_is_mended(mine, body, expected):
    assert mended(mine, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "[a](references/encodings.md) and [b](references/encodings.md#part)\n",
        "[a](https://example.org/encoding.md) [b](mailto:x@y.z) [c](#part) [d](/abs/encoding.md)\n",
        "[a]({baseDir}/references/encoding.md) [b](path/to/encoding.md) [c](references/*.md)\n",
        "```md\n[a](references/encoding.md)\n```\nThat is `dates`; see `encodings`.\n",
        "<!-- [a](references/encoding.md) -->\n",
        "[a](../other/encoding.md)\n",
        "[a](references/)\n",
    ],
)
def test_what_is_no_dead_link_is_left_alone(mine, body):
    body = body.replace("```md\n[a](references/encoding.md)", "```md\n[a](some/encoding.md)")
    assert mended(mine, body) is None


def test_two_close_files_are_none(mine):
    files = {"references/encoding1.md": "x", "references/encoding2.md": "x"}
    events = mine(library("[a](references/encoding.md)\n", files), [])
    assert edits(events) == []
    assert "nowhere" in diagnoses(events)[0].title


def test_a_far_name_is_told_and_not_changed(mine):
    events = mine(library("[a](references/colours.md)\n"), [])
    assert edits(events) == []
    told = diagnoses(events)[0]
    assert "SKILL.md:7 links to references/colours.md" in told.rationale


def test_a_link_in_a_reference_is_relative_to_it(mine):
    files = {"references/a.md": "[b](encoding.md)\n", **FILES}
    [draft] = edits(mine(library("[a](references/a.md) encodings dates\n", files), []))
    assert draft.changes[0].path == "docs/references/a.md"
    assert draft.changes[0].new_text == "[b](encodings.md)\n"


def test_a_gone_sibling_is_told(mine):
    skills = library("[a](../old-skill/SKILL.md) [b](../mail/SKILL.md) encodings dates\n")
    skills["mail"] = {"SKILL.md": "---\nname: mail\ndescription: M.\n---\n# M\n"}
    [told] = diagnoses(mine(skills, []))
    assert "old-skill/SKILL.md" in told.rationale
    assert "mail/SKILL.md" not in told.rationale


def test_a_failed_read_of_the_path_is_the_evidence(mine):
    path = "/home/x/skills/docs/references/encoding.md"
    call = TraceCall(
        "c", "Read", path, f'{{"file_path": "{path}"}}', "error", None, "File does not exist."
    )
    [draft] = edits(mine(library("[a](references/encoding.md) dates\n"), [run("r", call)]))
    assert [one.quote for one in draft.evidence] == [path, "File does not exist."]
    assert draft.changes[0].evidence == ("e1", "e2")


def test_files_nobody_mentions_are_told(mine):
    files = {**FILES, "assets/logo.svg": "<svg/>", "LICENSE": "MIT", "scripts/__init__.py": ""}
    [told] = diagnoses(mine(library("encodings and dates\n", files), []))
    assert told.rationale.split("\n")[1:] == ["assets/logo.svg"]


def test_a_rejected_repair_is_not_proposed_again(mine):
    past = PastDecision(
        "p", "t", "rejected", ("docs/SKILL.md",), ("wrong",), ("[a](references/encodings.md)",)
    )
    skills = library("[a](references/encoding.md) dates\n")
    assert edits(mine(skills, [], history=(past,))) == []
