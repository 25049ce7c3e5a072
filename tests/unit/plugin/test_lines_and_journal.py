"""Lines of bounded length, and journals that were cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.job import Finished, Log, Progress, Stage, UnknownEvent, Warning_
from workbench.plugin.journal import (
    JournalWriter,
    decode_line,
    encode_line,
    last_event,
    read_journal,
)
from workbench.plugin.lines import KEPT_OF_LONG_LINE, LineSplitter


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(0, 20))
def test_lines_do_not_depend_on_how_the_stream_is_cut(pieces: list[bytes], limit: int) -> None:
    whole = b"".join(pieces)
    splitter = LineSplitter(limit)
    found = [line for piece in pieces for line in splitter.feed(piece)]
    rest = splitter.end()
    found += [rest] if rest else []
    expected = whole.split(b"\n")
    expected = expected if expected[-1] else expected[:-1]
    assert [line.size for line in found] == [len(line) for line in expected]
    for line, text in zip(found, expected, strict=True):
        assert line.is_cut == (len(text) > limit)
        assert line.text == text[: min(limit, KEPT_OF_LONG_LINE) if len(text) > limit else None]


def test_a_long_line_is_cut_and_memory_stays_small() -> None:
    splitter = LineSplitter(10_000)
    for _ in range(1000):
        assert list(splitter.feed(b"x" * 100_000)) == []
        assert sum(len(part) for part in splitter._parts) <= 10_000
    (line,) = splitter.feed(b"\n")
    assert (line.is_cut, line.size, len(line.text)) == (True, 100_000_000, KEPT_OF_LONG_LINE)
    (after,) = splitter.feed(b"short\n")
    assert (after.is_cut, after.text) == (False, b"short")


EVENTS = (
    Log(seq=1, text="eins\nzwei \u2028"),
    UnknownEvent("reflection", '{"event": "reflection", "n": 1}', 2),
    UnknownEvent("oversize", '{"event":"log","te', 3),
    Stage(seq=4, name="x"),
    Finished(seq=5, status="no_change"),
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    writer = JournalWriter(tmp_path / "journal.jsonl")
    for event in EVENTS:
        writer.append(event)
    writer.close()
    return tmp_path / "journal.jsonl"


def test_a_journal_gives_back_what_was_written(journal: Path) -> None:
    assert tuple(read_journal(journal)) == EVENTS
    assert last_event(journal) == EVENTS[-1]


def test_a_journal_cut_at_any_byte_gives_all_whole_lines(journal: Path, tmp_path: Path) -> None:
    data = journal.read_bytes()
    for end in range(len(data)):
        journal.write_bytes(data[:end])
        whole = data[:end].count(b"\n") + (data[end : end + 1] == b"\n")
        assert tuple(read_journal(journal)) == EVENTS[:whole], end
        assert last_event(journal) == (EVENTS[whole - 1] if whole else None), end


def test_writing_goes_on_after_a_line_that_was_cut_off(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-5])
    writer = JournalWriter(journal)
    writer.append(Log(seq=9, text="after"))
    writer.close()
    found = list(read_journal(journal))
    assert found[:4] == list(EVENTS[:4])
    assert isinstance(found[4], Warning_)
    assert "damaged" in found[4].text
    assert found[5] == Log(seq=9, text="after")


def test_the_last_event_is_found_behind_a_huge_one(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.append(Log(seq=1, text="y" * 1_000_000))
    writer.close()
    assert last_event(tmp_path / "j") == Log(seq=1, text="y" * 1_000_000)


def test_no_journal_has_no_events(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "none")) == []
    assert last_event(tmp_path / "none") is None


@given(st.binary(max_size=200))
def test_any_line_can_be_read(line: bytes) -> None:
    assert decode_line(line) is not None


@given(st.text(), st.integers(0, 10**6), st.floats(0, 1))
def test_events_survive_the_journal(text: str, seq: int, fraction: float) -> None:
    for event in (Log(seq=seq, text=text), UnknownEvent(text or "t", text, seq)):
        assert decode_line(encode_line(event)) == event
    progress = Progress(seq=seq, fraction=fraction, text=text)
    assert decode_line(encode_line(progress)) == progress
