"""What would leave the machine is shown before, and shows no secret itself."""

from __future__ import annotations

from pathlib import Path

from tests.unit.evolution.sessions import write_report_library, write_session
from workbench.evolution.preview import preview, preview_words
from workbench.skills.library import read_library
from workbench.traces.open import open_traces

KEY = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3


def test_replacements_are_counted_by_kind_and_samples_hold_no_secret(tmp_path: Path) -> None:
    session = write_session(
        tmp_path / "one.jsonl",
        [(f"curl -H 'Authorization: Bearer {KEY}'", "mail to ann.lee@firm.org", True)],
    )
    [trace] = open_traces(session)
    with trace:
        [found] = preview([trace])
    assert found.kind == "trace"
    assert found.size > 0
    kinds = dict(found.kinds)
    assert kinds["mail"] == 1
    assert found.replaced >= 2
    shown = " ".join(found.samples)
    assert "REDACTED" in shown
    assert KEY not in shown
    assert "ann.lee@firm.org" not in shown
    assert "places are replaced" in preview_words([found])


def test_documents_and_skills_are_looked_at_too_and_clean_ones_say_so(tmp_path: Path) -> None:
    write_report_library(tmp_path / "library")
    note = tmp_path / "note.md"
    note.write_text("Nothing here.\n")
    found = preview((), (note,), read_library(tmp_path / "library").skills)
    assert [(one.kind, one.name, one.replaced) for one in found] == [
        ("document", "note.md", 0),
        ("skill", "report-tool", 0),
    ]
    assert "Nothing in them looks like a secret" in preview_words(found)


def test_a_cancel_ends_it_between_sources(tmp_path: Path) -> None:
    [trace] = open_traces(write_session(tmp_path / "one.jsonl", [("ls", "a", True)]))
    with trace:
        assert preview([trace], cancelled=lambda: True) == ()
