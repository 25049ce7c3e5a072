"""Facts of sessions are kept while nothing they depend on changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session
from tests.unit.usage.world import commits, library, load, opened, skill_md
from workbench.domain.annotation import Annotation, StepAnchor
from workbench.domain.skill import Library
from workbench.usage.reading import SessionShelf
from workbench.usage.report import report_of
from workbench.usage.versions import VersionShelf

_JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_BODY = "# PDF\n\nUse the tool.\n"


@pytest.fixture
def pdf(tmp_path: Path) -> Library:
    history = [(_JANUARY, {"pdf/SKILL.md": skill_md("pdf", _BODY)})]
    return library(commits(tmp_path / "library", history))


@pytest.fixture
def shelf(pdf: Library) -> SessionShelf:
    made = SessionShelf(VersionShelf())
    made.aim([pdf], None, ())
    return made


def _session(folder: Path, name: str = "s.jsonl") -> Path:
    session = Session()
    session.prompt("Go")
    load(session, "pdf", _BODY)
    folder.mkdir(exist_ok=True)
    return session.write(folder, name)


def test_a_file_is_read_once_until_it_changes(
    pdf: Library, shelf: SessionShelf, tmp_path: Path
) -> None:
    path = _session(tmp_path / "t")
    read: list[Path] = []
    (first,) = shelf.of_file(path, read.append)
    shelf.aim([pdf], None, ())
    assert shelf.of_file(path, read.append) == (first,)
    assert read == [path]
    path.write_bytes(path.read_bytes() + b'{"type":"summary","summary":"x"}\n')
    (again,) = shelf.of_file(path, read.append)
    assert read == [path, path]
    assert [one.kind for one in again.skills[0].uses] == ["requested", "loaded"], (
        "no copy of itself"
    )


def test_another_head_or_another_word_of_a_person_is_read_anew(
    pdf: Library, shelf: SessionShelf, tmp_path: Path
) -> None:
    path = _session(tmp_path / "t")
    (before,) = shelf.of_file(path)
    anchor = StepAnchor(before.trajectory, path=str(path))
    said = Annotation("1", anchor, "2026-01-01", "2026-01-01", outcome="fail")
    shelf.aim([pdf], None, [said])
    (after,) = shelf.of_file(path)
    assert (before.outcome.status, after.outcome.status) == ("unknown", "fail")
    commits(Path(pdf.root), [(_JANUARY + 9, {"pdf/SKILL.md": skill_md("pdf", "# Other\n")})])
    read: list[Path] = []
    shelf.aim([library(Path(pdf.root))], None, [said])
    shelf.of_file(path, read.append)
    assert read == [path]


def test_what_a_resumed_session_repeats_counts_once_whenever_it_is_read(
    pdf: Library, shelf: SessionShelf, tmp_path: Path
) -> None:
    facts = [*shelf.of_file(_session(tmp_path / "t"))]
    shelf.aim([pdf], None, ())
    facts += shelf.of_file(_session(tmp_path / "t", "resumed.jsonl"))
    assert report_of([pdf], facts).skills[0].loads == 1


def test_open_traces_and_files_that_are_none(shelf: SessionShelf, tmp_path: Path) -> None:
    session = Session()
    session.prompt("Go")
    with opened(tmp_path / "t", session) as trace:
        (first,) = shelf.of_open([trace])
        assert list(shelf.of_open([trace])) == [first]
    (tmp_path / "no.jsonl").write_bytes(b"\xff\x00")
    assert shelf.of_file(tmp_path / "no.jsonl") == ()
    assert shelf.of_file(tmp_path / "gone.jsonl") == ()
