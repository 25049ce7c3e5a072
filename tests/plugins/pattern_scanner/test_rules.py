"""Every rule says what it must, and does what its examples show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugins.pattern_scanner.scanning import PLUGIN, scan_files
from workbench.domain.finding import LEVELS

PATTERNS = {
    "P1", "P2", "P3", "P4", "E1", "E2", "E3", "E4", "PE1", "PE2", "PE3", "SC1", "SC2", "SC3",
}  # fmt: skip


def _rules():
    from pattern_scanner.rulebook import rulebook

    return list(rulebook().values())


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule.id)
def test_it_says_why_what_to_check_and_how_to_mend(rule) -> None:
    for words in (rule.title, rule.why, rule.check, rule.fix):
        assert len(words) > 8
    assert rule.severity in LEVELS
    assert rule.pattern in PATTERNS
    assert rule.tags
    assert all(re.fullmatch(r"AST(0\d|10)", tag) for tag in rule.tags)


@pytest.mark.parametrize(
    ("rule", "text"),
    [(rule.id, text) for rule in _rules() for text in rule.bad],
)
def test_it_finds_its_bad_examples(rule: str, text: str, tmp_path: Path) -> None:
    hidden = rule == "addresses-agent-in-hidden-text"
    scan = scan_files(tmp_path, {"SKILL.md": f"<!-- {text} -->" if hidden else text})

    assert rule in scan.rules(), scan.told()


@pytest.mark.parametrize(
    ("rule", "text"),
    [(rule.id, text) for rule in _rules() for text in rule.good],
)
def test_it_leaves_its_good_examples_alone(rule: str, text: str, tmp_path: Path) -> None:
    scan = scan_files(tmp_path, {"SKILL.md": text})

    assert rule not in scan.rules(), scan.told()
    assert scan.verdict == "clean", scan.told()


def test_prose_rules_have_examples_of_both_kinds() -> None:
    assert [rule.id for rule in _rules() if rule.frame and not (rule.bad and rule.good)] == []


def test_frames_name_concepts_that_exist() -> None:
    from pattern_scanner.rulebook import lexicon

    known = set(lexicon().concepts)
    for rule in _rules():
        if rule.frame is None:
            continue
        needs = (*rule.frame.same, *rule.frame.near, *rule.frame.none, *rule.frame.near_none)
        for need in (*needs, *rule.frame.boost):
            assert set(re.split(r"[+|]", need)) <= known, rule.id


def test_every_rule_that_code_reports_is_in_the_rulebook() -> None:
    known = {rule.id for rule in _rules()}
    named: set[str] = set()
    for file in (PLUGIN / "pattern_scanner").glob("*.py"):
        source = file.read_text(encoding="utf-8")
        named |= set(
            re.findall(r'(?:Sighting\(|note\(|yield|_sighting\()\s*"([a-z-]+-[a-z-]+)"', source)
        )

    assert named
    assert named - known == set()
