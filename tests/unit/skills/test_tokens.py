"""Tokens by level and heading, and the budgets of listings."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.text import Span
from workbench.skills.budgets import budget_of, listing_entry, listing_rules
from workbench.skills.headings import outline_end, sections_of
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill
from workbench.skills.tokenizers import default_tokenizer, find_tokenizer, tokenizer_choices
from workbench.skills.tokens import cost_of


def make(root: Path, name: str, description: str = "Does it.", body: str = "\n# A\n\nx\n", **keys):
    folder = root / name
    folder.mkdir(parents=True)
    more = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    text = f"---\nname: {name}\ndescription: {description}\n{more}---\n{body}"
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    return folder


def titles(text: str) -> list[tuple[int, str, int]]:
    source = text.encode()
    found = sections_of(source, Span(0, len(source)))
    return [(section.level, section.title, section.line) for section in found]


def test_headings_are_found_with_level_and_line():
    text = "intro\n\n# One\n\ntext\n\n## Two ##\n\nmore\n\nThree\n=====\n\nFour\n---\n"
    assert titles(text) == [
        (0, "", 1),
        (1, "One", 3),
        (2, "Two", 7),
        (1, "Three", 11),
        (2, "Four", 14),
    ]


def test_code_and_lists_hold_no_headings():
    fences = "```sh\n# no heading\n```\n\n~~~\n## nor this\n```\n~~~\n"
    assert titles(f"# A\n\n{fences}\n- item\n---\n\n    # code\n") == [(1, "A", 1)]


def test_lines_count_with_every_line_end():
    assert titles("a\r\n\r\n# B\r\rc\r# D\n") == [(0, "", 1), (1, "B", 3), (1, "D", 6)]


def test_outline_end_takes_the_deeper_sections_along():
    source = b"# A\n## B\n### C\n## D\n# E\n"
    sections = sections_of(source, Span(0, len(source)))
    assert [outline_end(sections, number) for number in range(5)] == [4, 3, 3, 4, 5]


@given(st.binary(max_size=400) | st.text("#-= \n\r`~>ab", max_size=200).map(str.encode))
def test_sections_cover_any_bytes_without_a_gap(source):
    sections = sections_of(source, Span(0, len(source)))
    place = 0
    for section in sections:
        assert section.span.start == place
        assert section.span.start <= section.heading.end <= section.span.end
        place = section.span.end
    assert place == len(source)


def test_a_long_line_of_hashes_and_spaces_takes_no_time():
    source = b"# " + b" #" * 200_000 + b"x\n" + b" " * 200_000 + b"\n"
    assert len(sections_of(source, Span(0, len(source)))) == 1


def test_costs_go_by_level_and_heading(tmp_path):
    folder = make(tmp_path, "one", body="intro\n\n# A\n\n" + "word " * 100 + "\n\n## B\n\nend\n")
    (folder / "references").mkdir()
    (folder / "references" / "more.md").write_text("x" * 400)
    (folder / "logo.png").write_bytes(b"\x89PNG\0\0" + b"x" * 1000)
    (folder / "link.md").symlink_to("/etc/passwd")
    cost = cost_of(read_skill(folder), find_tokenizer("chars4"))
    assert cost.catalogue == math.ceil(len("one: Does it.") / 4)
    assert cost.resources == 100
    assert [(file.path, file.tokens) for file in cost.files] == [
        ("link.md", None),
        ("logo.png", None),
        ("references/more.md", 100),
    ]
    assert [(one.title, one.level, one.line) for one in cost.headings] == [
        ("", 0, 5),
        ("A", 1, 7),
        ("B", 2, 11),
    ]
    assert abs(sum(one.tokens for one in cost.headings) - cost.body) <= len(cost.headings)


def test_estimates_follow_the_script():
    estimate = find_tokenizer("estimate-claude-4.8").count
    assert estimate("a" * 248) == 100
    assert estimate("日本語の文です" * 100) == math.ceil(700 / 1.57)
    assert estimate("技能编辑器" * 100) == math.ceil(500 / 1.69)
    assert estimate("x" * 248 + "\n" + "日本語の" * 100) == pytest.approx(100 + 400 / 1.57, abs=2)
    assert estimate("") == 0
    assert find_tokenizer("chars4").count("日本語の") == 1


def test_the_default_is_labelled_an_estimate_with_its_source():
    chosen = default_tokenizer()
    assert chosen.estimate
    assert "ctok" in chosen.source
    assert chosen.id in {one.id for one in tokenizer_choices() if one.available}


def test_an_unknown_tokenizer_names_those_there_are():
    with pytest.raises(SkillError, match=r"no tokenizer 'gpt9'.*chars4"):
        find_tokenizer("gpt9")


def test_a_tokenizer_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bpe_openai", None)
    with pytest.raises(SkillError, match=r"needs the package bpe-openai.*skill-workbench\[tok"):
        find_tokenizer("o200k")
    choice = next(one for one in tokenizer_choices() if one.id == "o200k")
    assert not choice.available


def test_a_real_tokenizer_counts_special_tokens_as_text():
    pytest.importorskip("bpe_openai")
    counted = find_tokenizer("o200k")
    assert not counted.estimate
    assert counted.count("hello world") == 2
    assert counted.count("<|endoftext|>") > 1
    assert counted.count("\udcff") >= 1


def test_descriptions_go_when_the_list_is_too_long_names_stay(tmp_path):
    for number in range(12):
        make(tmp_path, f"skill-{number:02}", "d" * 1000)
    skills = read_library(tmp_path).skills
    budget = budget_of(skills, "claude-code")
    assert (budget.limit, budget.used) == (8000, 12 * (len("- skill-00: ") + 1000) + 11)
    assert budget.dropped == ("skill-11", "skill-10", "skill-09", "skill-08", "skill-07")
    assert budget.kept <= budget.limit
    used = budget_of(skills, "claude-code", uses={skill.id: 9 for skill in skills[2:]})
    assert used.dropped[:2] == ("skill-01", "skill-00")
    assert not budget_of(skills, "claude-code", window=1_000_000).dropped


def test_codex_shortens_before_it_leaves_out(tmp_path):
    for number in range(20):
        make(tmp_path, f"skill-{number:02}", "d" * (100 + 40 * number))
    budget = budget_of(read_library(tmp_path).skills, "codex")
    assert not budget.dropped
    assert "skill-19" in budget.shortened
    assert "skill-00" not in budget.shortened
    assert budget.limit - 20 < budget.kept <= budget.limit == 8000
    tiny = budget_of(read_library(tmp_path).skills, "codex", window=5000)
    assert tiny.limit == 400
    assert tiny.dropped
    assert "skill-00" not in tiny.dropped


def test_skills_that_hide_themselves_are_not_listed(tmp_path):
    make(tmp_path, "user-only", disable_model_invocation="true")
    folder = make(tmp_path, "explicit")
    (folder / "agents").mkdir()
    (folder / "agents" / "openai.yaml").write_text("policy:\n  allow_implicit_invocation: false\n")
    skills = read_library(tmp_path).skills
    assert budget_of(skills, "claude-code").hidden == ("user-only",)
    assert budget_of(skills, "codex").hidden == ("explicit",)


def test_an_entry_is_cut_and_when_to_use_is_added(tmp_path):
    folder = make(tmp_path, "one", "what")
    text = (
        (folder / "SKILL.md").read_text().replace("---\n\n", f"when_to_use: {'w' * 1600}\n---\n\n")
    )
    (folder / "SKILL.md").write_text(text)
    entry = listing_entry(read_skill(folder), listing_rules()["claude-code"])
    assert entry.cut
    assert len(entry.description) == 1536
    assert entry.text.startswith("- one: what - www")
    assert entry.text.endswith("…")


def test_without_description_claude_code_lists_the_first_paragraph(tmp_path):
    folder = make(tmp_path, "one", '""', "\n# Title\n\nFirst\nparagraph.\n\nSecond.\n")
    skill = read_skill(folder)
    assert listing_entry(skill, listing_rules()["claude-code"]).text == "- one: First paragraph."
    assert listing_entry(skill, listing_rules()["codex"]).text == "- one"
