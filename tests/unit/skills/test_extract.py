"""A section moves to a file of its own, and every link leads where it led."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.files import FileProblem
from workbench.skills.extract import apply_extract, plan_extract
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill

BODY = """
# Demo

See [limits](#limits) and [steps](#steps).

## Formats

All formats, see [table](references/table.md#x), [script](scripts/run.py), [site](https://x.org),
[steps](#steps) and [limits](#limits). Run `scripts/run.py`.

### Limits

None.

## Steps

1. Go.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "SKILL.md").write_text(f"---\nname: demo\ndescription: d\n---\n{BODY}")
    return folder


def test_the_section_moves_with_what_lies_below_it(folder):
    apply_extract(plan_extract(read_skill(folder), "formats", when="a file is odd."))
    assert (folder / "references" / "formats.md").read_text() == (
        "## Formats\n\n"
        "All formats, see [table](table.md#x), [script](../scripts/run.py), [site](https://x.org),\n"
        "[steps](../SKILL.md#steps) and [limits](#limits). Run `scripts/run.py`.\n\n"
        "### Limits\n\nNone.\n"
    )
    assert read_skill(folder).body_text == (
        "\n# Demo\n\nSee [limits](references/formats.md#limits) and [steps](#steps).\n\n"
        "## Formats\n\nRead [references/formats.md](references/formats.md) when a file is odd.\n\n"
        "## Steps\n\n1. Go.\n"
    )


def test_line_ends_stay_those_of_the_file(folder):
    text = (folder / "SKILL.md").read_bytes().replace(b"\n", b"\r\n")
    (folder / "SKILL.md").write_bytes(text)
    apply_extract(plan_extract(read_skill(folder), "Steps", to="more.md"))
    assert (folder / "more.md").read_bytes() == b"## Steps\r\n\r\n1. Go.\r\n"
    after = (folder / "SKILL.md").read_bytes()
    assert after.count(b"\n") == after.count(b"\r\n")
    assert after.endswith(b"(more.md) when you need more on: Steps.\r\n")


def test_the_rest_of_the_file_keeps_every_byte(folder):
    odd = (folder / "SKILL.md").read_bytes().replace(b"1. Go.", b"1. Go \xff  \t")
    (folder / "SKILL.md").write_bytes(odd)
    plan = plan_extract(read_skill(folder), "Limits")
    start, end = odd.index(b"### Limits\n") + len(b"### Limits\n"), odd.index(b"## Steps")
    assert plan.after.endswith(odd[end:])
    followed = odd[:start].replace(b"[limits](#limits)", b"[limits](references/limits.md#limits)")
    assert plan.after.startswith(followed)


def test_link_definitions_left_behind_are_told(folder):
    text = (folder / "SKILL.md").read_text() + "\n[ref]: https://x.org\n"
    (folder / "SKILL.md").write_text(text.replace("None.", "None, see [it][ref]."))
    (note,) = plan_extract(read_skill(folder), "Limits").notes
    assert "'[ref]'" in note


def test_of_equal_titles_one_is_named_by_its_line(folder):
    (folder / "SKILL.md").write_text("# A\n\nx\n\n# A\n\ny\n")
    with pytest.raises(SkillError, match=r"2 sections 'A' \(lines 1, 5\)"):
        plan_extract(read_skill(folder), "A")
    assert plan_extract(read_skill(folder), "A", line=5).extracted == b"# A\n\ny\n"


@pytest.mark.parametrize(
    ("heading", "to", "words"),
    [
        ("None such", None, "no section 'None such'"),
        ("Steps", "../out.md", "leaves its folder"),
        ("Steps", "/etc/x.md", "absolute"),
        ("Steps", ".git/x.md", "repository's own store"),
        ("Steps", "skill.MD", "exists already"),
        ("Steps", "a b.md", "break links"),
    ],
)
def test_what_cannot_be_done_is_told(folder, heading, to, words):
    with pytest.raises(SkillError, match=words):
        plan_extract(read_skill(folder), heading, to=to)
    assert [path.name for path in folder.iterdir()] == ["SKILL.md"]


def test_a_change_meanwhile_leaves_all_as_it_is(folder):
    plan = plan_extract(read_skill(folder), "Steps")
    (folder / "SKILL.md").write_text("mine")
    with pytest.raises(FileProblem, match="changed by another program"):
        apply_extract(plan)
    assert [path.name for path in folder.iterdir()] == ["SKILL.md"]
    assert (folder / "SKILL.md").read_text() == "mine"


def test_links_out_of_the_skill_are_not_written_through(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (folder / "references").symlink_to(tmp_path / "outside")
    with pytest.raises(FileProblem, match="link"):
        apply_extract(plan_extract(read_skill(folder), "Steps"))
    assert list((tmp_path / "outside").iterdir()) == []
