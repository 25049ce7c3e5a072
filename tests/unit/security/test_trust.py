from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.security.build import finding, scan_of
from workbench.domain.finding import Capabilities, Coverage
from workbench.security.trust import (
    GATES,
    Signature,
    add_signature,
    load_signatures,
    trust_of,
)


def _signed(*gates, tree_hash="t1"):
    return [Signature("/lib/s", gate, tree_hash, "ada", "2026-11-21", "read it") for gate in gates]


def test_a_clean_skill_that_nobody_read_is_of_the_first_tier() -> None:
    report = trust_of(scan_of(), "t1", [])

    assert (report.tier, report.next_tier) == ("T1", "T2")
    assert [state.gate for state in report.gates if state.passed] == ["G1"]
    assert report.missing == (
        "G2: the instructions do what the description says, and nothing else (nobody signed it)",
    )
    assert "run its bundled scripts" not in report.may


@pytest.mark.parametrize(
    ("gates", "tier"),
    [(("G2",), "T2"), (("G2", "G3"), "T3"), (("G2", "G3", "G4"), "T4"), (("G3", "G4"), "T1")],
)
def test_signed_gates_raise_the_tier_in_order(gates, tier) -> None:
    assert trust_of(scan_of(), "t1", _signed(*gates)).tier == tier


def test_a_signature_is_for_one_content() -> None:
    report = trust_of(scan_of(), "t2", _signed("G2", "G3", "G4"))

    assert report.tier == "T1"
    assert "signed for another content" in report.missing[0]


def test_a_signature_of_another_skill_does_not_count() -> None:
    assert trust_of(scan_of(path="/lib/other"), "t1", _signed("G2")).tier == "T1"


def test_a_dangerous_verdict_ends_every_tier() -> None:
    report = trust_of(scan_of(finding(), verdict="dangerous"), "t1", _signed(*GATES))

    assert report.tier == "T1"
    assert report.missing[0].startswith("the verdict is dangerous")


def test_findings_to_review_hold_the_first_gate_until_it_is_signed() -> None:
    scan = scan_of(finding(severity="medium"), verdict="review")

    assert trust_of(scan, "t1", _signed("G2")).tier == "T1"
    assert trust_of(scan, "t1", _signed("G1", "G2")).tier == "T2"


def test_files_that_nobody_inspected_hold_the_first_gate() -> None:
    report = trust_of(scan_of(coverage=Coverage(opaque=("a.bin",))), "t1", _signed("G2"))

    assert report.tier == "T1"
    assert "1 files were not inspected" in report.missing[0]


def test_what_is_used_and_not_declared_holds_the_last_gate() -> None:
    scan = scan_of(capabilities=Capabilities(("shell",), ("shell", "network:a.invalid")))
    report = trust_of(scan, "t1", _signed("G2", "G3", "G4"))

    assert report.tier == "T3"
    assert report.missing == (
        "G4: the permissions it declares are those it was seen to use "
        "(used but not declared: network)",
    )


def test_signatures_are_kept_and_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "trust.jsonl"
    for signature in _signed("G2", "G3"):
        add_signature(file, signature)
    file.write_bytes(file.read_bytes() + b'{"skill": \xff\n' + b"[" * 5000)

    assert list(load_signatures(file)) == _signed("G2", "G3")
    add_signature(file, _signed("G4")[0])
    assert list(load_signatures(file)) == _signed("G2", "G3", "G4")


def test_no_file_is_no_signature(tmp_path: Path) -> None:
    assert load_signatures(tmp_path / "none.jsonl") == ()
