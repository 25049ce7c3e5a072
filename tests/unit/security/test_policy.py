from __future__ import annotations

import pytest

from tests.unit.security.build import finding
from workbench.domain.finding import Capabilities
from workbench.security.policy import PRESETS, Policy, reach_of, score, verdict_of


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "clean"),
        ([finding(severity="info")], "clean"),
        ([finding(severity="low")], "clean"),
        ([finding(severity="medium")], "review"),
        ([finding(severity="medium", confidence="medium")], "clean"),
        ([finding(severity="high", confidence="low")], "review"),
        ([finding(severity="high", confidence="medium")], "review"),
        ([finding(severity="high")], "dangerous"),
        ([finding(severity="critical", confidence="medium")], "dangerous"),
    ],
)
def test_one_finding_gives_this_verdict(findings, verdict) -> None:
    assert verdict_of(findings) == verdict


def test_two_uncertain_grave_findings_of_different_categories_are_dangerous() -> None:
    pair = [finding(category=name, confidence="medium") for name in ("a", "b")]

    assert verdict_of(pair) == "dangerous"


def test_the_same_category_counts_once() -> None:
    assert score([finding(confidence="medium")] * 9) == score([finding(confidence="medium")])


def test_medium_findings_never_add_up_to_dangerous() -> None:
    assert verdict_of([finding(severity="medium", category=str(n)) for n in range(9)]) == "review"


def test_guesses_never_add_up_to_dangerous() -> None:
    many = [
        finding(severity="critical", confidence="low", category=str(number)) for number in range(9)
    ]

    assert verdict_of(many) == "review"


def test_suppressed_findings_do_not_count() -> None:
    assert verdict_of([finding(suppressed="a lab skill, reviewed")]) == "clean"


def test_presets_differ_in_where_they_draw_the_line() -> None:
    hint = [finding(severity="low")]
    grave = [finding(severity="high", confidence="medium")]

    assert [verdict_of(hint, PRESETS[name]) for name in ("strict", "balanced", "quiet")] == [
        "review", "clean", "clean",
    ]  # fmt: skip
    assert [verdict_of(grave, PRESETS[name]) for name in ("strict", "balanced", "quiet")] == [
        "dangerous", "review", "review",
    ]  # fmt: skip


def test_a_policy_changes_or_leaves_out_single_rules() -> None:
    found = [finding()]

    assert verdict_of(found, Policy(severities={"r": "low"})) == "clean"
    assert verdict_of(found, Policy(severities={"r": None})) == "clean"
    assert verdict_of(found, Policy(severities={"other": None})) == "dangerous"


@pytest.mark.parametrize(
    ("observed", "reach"),
    [
        ((), "low"),
        (("files:read",), "low"),
        (("files:write",), "medium"),
        (("network:api.invalid",), "medium"),
        (("network:api.invalid", "secrets:.aws"), "high"),
        (("hook",), "high"),
    ],
)
def test_reach_is_what_a_skill_could_do(observed, reach) -> None:
    assert reach_of(Capabilities(observed=observed)) == reach
