from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.unit.security.build import finding
from workbench.security.suppress import (
    SuppressionProblem,
    apply_suppressions,
    load_suppressions,
    save_suppressions,
    suppress,
)

DAY = date(2026, 11, 21)


def _apply(found, entry, *, sha="h1", today=DAY):
    (one,) = apply_suppressions([found], [entry], lambda skill, path: sha, today)
    return one.suppressed


def test_the_finding_stays_and_carries_the_reason() -> None:
    entry = suppress(finding(), "h1", "a lab skill, reviewed")

    assert _apply(finding(), entry) == "a lab skill, reviewed"


@pytest.mark.parametrize(
    "other",
    [
        finding(rule="x"),
        finding(path="b.md"),
        finding(fingerprint="f2"),
        finding(skill="t"),
    ],
)
def test_another_finding_is_not_suppressed(other) -> None:
    assert _apply(other, suppress(finding(), "h1", "a lab skill, reviewed")) is None


def test_with_another_content_it_counts_again() -> None:
    entry = suppress(finding(), "h1", "a lab skill, reviewed")

    assert _apply(finding(), entry, sha="h2") is None
    assert _apply(finding(), entry, sha=None) is None


def test_it_ends_after_its_last_day() -> None:
    entry = suppress(finding(), "h1", "until the next release", expires=DAY)

    assert _apply(finding(), entry, today=DAY) is not None
    assert _apply(finding(), entry, today=date(2026, 11, 22)) is None


def test_a_scanner_cannot_suppress_its_own_finding() -> None:
    (one,) = apply_suppressions([finding(suppressed="trust me")], [], lambda *_: "h", DAY)

    assert one.suppressed is None


def test_a_file_of_them_reads_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "suppressions.toml"
    entries = (
        suppress(finding(), "h1", "a lab skill, reviewed", expires=DAY, by="ada"),
        suppress(finding(skill="t"), "h2", 'says "no" to it'),
    )
    save_suppressions(file, entries)

    assert set(load_suppressions(file)) == set(entries)
    assert "expires = 2026-11-21" in file.read_text()


def test_no_file_is_no_suppression(tmp_path: Path) -> None:
    assert load_suppressions(tmp_path / "none.toml") == ()


ENTRY = 'rule="r"\nskill="s"\npath="p"\nfingerprint="f"\nsha256="h"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[suppression]]\n" + ENTRY, "reason"),
        ("[[suppression]]\n" + ENTRY + 'reason=" "\n', "gives no reason"),
        ("[[suppression]]\n" + ENTRY + 'reason="it is fine"\nrules="*"\n', "rules"),
        ("everything = true\n", "everything"),
        ("[[suppression", "no suppression file"),
        ("a=" + "[" * 100_000, "no suppression file"),
        ("\ud800", "no suppression file"),
    ],
)
def test_a_bad_file_is_refused_with_words(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "suppressions.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))

    with pytest.raises(SuppressionProblem, match=words):
        load_suppressions(file)


def test_none_is_written_without_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SuppressionProblem, match="reason"):
        save_suppressions(tmp_path / "s.toml", [suppress(finding(), "h", "")])
    assert list(tmp_path.iterdir()) == []
