"""The bytes of a file: whole, packed, cut, growing, replaced, and what is no file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from backports import zstd

from workbench.traces import source as source_module
from workbench.traces.importer import TraceError
from workbench.traces.source import PROBE_BYTES, SourceBytes, probe_bytes, probe_file


def test_reads_ranges_and_knows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\ntwo\n")
    with SourceBytes(path) as source:
        assert source.read(4, 3) == b"two"
        assert bytes(source.data[:3]) == b"one"
        assert source.info().size == 8
        assert source.info().inode == path.stat().st_ino
        assert not source.changed()


def test_an_empty_file_has_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    with SourceBytes(path) as source:
        assert bytes(source.data) == b""
        assert source.read(0, 0) == b""


@pytest.mark.parametrize(("offset", "length"), [(0, 9), (-1, 2), (8, 1), (2, -1)])
def test_a_range_outside_is_refused_in_words(tmp_path: Path, offset: int, length: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345678")
    with SourceBytes(path) as source, pytest.raises(TraceError, match="has no bytes"):
        source.read(offset, length)


def test_zstd_is_unpacked_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "session.txt"
    path.write_bytes(zstd.compress(b'{"a":1}\n' * 1000))
    with SourceBytes(path) as source:
        assert source.compressed
        assert source.length == 8000
        assert source.read(8, 7) == b'{"a":1}'
    assert probe_file(path).lines[0] == b'{"a":1}'


def test_zstd_of_a_session_that_was_cut_gives_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    packed = zstd.compress(os.urandom(400_000))
    path.write_bytes(packed[:-1000])
    with SourceBytes(path) as source:
        assert 0 < source.length < 400_000


def test_damaged_zstd_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"\xff" * 40)
    with pytest.raises(TraceError, match="damaged zstd"):
        SourceBytes(path)
    with pytest.raises(TraceError, match="damaged zstd"):
        probe_file(path)


def test_a_zstd_bomb_is_not_unpacked_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "MAX_UNPACKED", 3 << 20)
    path = tmp_path / "a.zst"
    path.write_bytes(zstd.compress(b"\0" * (8 << 20)))
    with pytest.raises(TraceError, match="unpacks to more than"):
        SourceBytes(path)


def test_a_limit_ends_at_a_line_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"first\nsecond\nthird\n")
    with SourceBytes(path, limit=15) as source:
        assert bytes(source.data) == b"first\nsecond\n"
        assert not source.whole
    with SourceBytes(path, limit=100) as source:
        assert source.whole


def test_growth_is_fine_but_a_cut_or_rewritten_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"first\nsecond\n")
    with SourceBytes(path) as source:
        with path.open("ab") as stream:
            stream.write(b"third\n")
        source.check()
        assert source.changed()
        assert source.read(0, 5) == b"first"
        path.write_bytes(b"FIRST\nsecond\nand more\n")
        with pytest.raises(TraceError, match="rewritten"):
            source.check()
        path.write_bytes(b"x")
        with pytest.raises(TraceError, match="cut or rewritten"):
            source.check()
        with pytest.raises(TraceError, match="cut or rewritten"):
            source.read(6, 6)


def test_a_replaced_file_is_noticed_and_the_old_bytes_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"first\n")
    with SourceBytes(path) as source:
        other = tmp_path / "b"
        other.write_bytes(b"other\n")
        other.replace(path)
        assert source.changed()
        source.check()
        assert source.read(0, 5) == b"first"


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "null"])
def test_what_is_no_file_is_told_without_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "null":
        path = Path("a\0b")
    with pytest.raises(TraceError):
        SourceBytes(path)
    with pytest.raises(TraceError):
        probe_file(path)


def test_offsets_beyond_two_gib(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as stream:
        stream.seek((2 << 30) + 5)
        stream.write(b"the end\n")
    with SourceBytes(path) as source:
        assert source.read((2 << 30) + 5, 7) == b"the end"
        assert source.data.find(b"the end", 2 << 30) == (2 << 30) + 5


def test_a_probe_has_twenty_lines_without_blanks_or_byte_order_mark() -> None:
    probe = probe_bytes(b"\xef\xbb\xbf\r\n" + b"".join(b"%d\r\n\r\n" % n for n in range(40)))
    assert probe.lines == tuple(b"%d" % n for n in range(20))
    assert probe.whole


def test_a_probe_of_a_monster_line_is_cut() -> None:
    probe = probe_bytes(b"x" * (PROBE_BYTES * 3))
    assert not probe.whole
    assert len(probe.lines[0]) == PROBE_BYTES
