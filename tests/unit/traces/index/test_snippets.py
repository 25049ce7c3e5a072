"""The line a hit is shown with: what a reader sees, out of the index and out of plain bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text
from workbench.traces.index import literal
from workbench.traces.index.literal import literal_hits, step_at
from workbench.traces.index.query import Query
from workbench.traces.index.search import excerpt, search
from workbench.traces.index.snippet import said_at, said_by
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces

SAID = 'He said "Grüße\n\taus" the \\server'


def session() -> Session:
    made = Session()
    made.prompt(SAID)
    made.says(text("Looking."), call("t1", "Bash", command='grep "wombat" a\nb'))
    made.result("t1", 'found\tthe "okapi"\nin line 7')
    return made


def test_a_hit_of_the_index_is_shown_as_it_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    folder.mkdir()
    session().write(folder)
    with TraceIndex(tmp_path / "index.db") as index:
        index.watch(folder)
        index.sync()

        def line(words: str) -> str:
            return excerpt(search(index, words)[0], words)

        assert line("gruße aus") == 'He said "Grüße aus" the \\server'
        assert line("wombat") == 'grep "wombat" a b'
        assert line("okapi") == 'found the "okapi" in line 7'


def test_a_hit_before_the_index_is_shown_as_it_is_read(tmp_path: Path) -> None:
    path = session().write(tmp_path)
    shown = {
        word: next(iter(literal_hits([path], word))).excerpt
        for word in ("grüße", "wombat", "okapi", "server")
    }
    assert shown["grüße"] == shown["server"] == 'He said "Grüße aus" the \\server'
    assert shown["wombat"] == 'grep "wombat" a b'
    assert shown["okapi"] == 'found the "okapi" in line 7'


def test_json_in_a_string_of_json_is_unpacked_to_the_innermost_text() -> None:
    inner = json.dumps({"cmd": 'say "wombat"\nnow', "n": 1})
    record = json.dumps({"type": "call", "arguments": inner}).encode()
    at = record.find(b"wombat")
    assert said_at(record, at, 0, len(record), 80) == 'say "wombat" now'
    assert said_by(None, [record], "wombat") == 'say "wombat" now'


def test_what_is_no_json_is_shown_as_it_stands() -> None:
    record = b'plain wombat, "quoted" and not'
    assert said_at(record, 6, 0, len(record), 80) == record.decode()
    number = b'{"wombats": 17, "x": "y"}'
    assert "17" in said_at(number, number.find(b"17"), 0, len(number), 80)


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 3))
def test_text_around_a_hit_is_what_was_written(before: str, after: str, layers: int) -> None:
    said = f"{before}wombat{after}"
    value: object = said
    for _ in range(layers - 1):
        value = json.dumps({"text": value})
    record = json.dumps({"text": value}).encode("utf-8", "surrogatepass")
    shown = said_at(record, record.rfind(b"wombat"), 0, len(record), 500)
    assert shown == " ".join(said.split())


@given(st.binary(max_size=120), st.integers(0, 120))
def test_no_bytes_are_too_odd_to_be_shown(data: bytes, at: int) -> None:
    at = min(at, len(data))
    assert isinstance(said_at(data, at, 0, len(data), 40), str)
    assert isinstance(said_by(None, [data], "a"), str)


@pytest.mark.parametrize("block", [1 << 20, 700])
def test_zstd_files_are_looked_through_after_the_others(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = session()
    for number in range(40):
        made.prompt(f"Prompt {number} of the wombat")
    packed = tmp_path / "a.jsonl.zst"
    packed.write_bytes(zstd.compress(made.data()))
    plain = made.write(tmp_path, "z.jsonl")
    monkeypatch.setattr("workbench.traces.source._BLOCK", block)
    monkeypatch.setattr(literal, "_CONTEXT", 900)
    hits = list(literal_hits([packed, plain], "wombat"))
    first = [hit for hit in hits if hit.path == str(plain)]
    second = [hit for hit in hits if hit.path == str(packed)]
    assert hits == first + second
    assert [(one.offset, one.line) for one in second] == [(one.offset, one.line) for one in first]
    assert second[-1].excerpt == first[-1].excerpt == "Prompt 39 of the wombat"
    with open_traces(packed)[0] as trace:
        step = step_at(trace.trajectory, second[-1].offset)
        assert step is not None
        assert trace.trajectory.steps[step].preview == "Prompt 39 of the wombat"


def test_only_so_much_of_a_zstd_file_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.jsonl.zst"
    path.write_bytes(zstd.compress(b'{"x":1}\n' * 2_000_000 + b'"wombat"\n'))
    assert len(list(literal_hits([path], "wombat"))) == 1
    monkeypatch.setattr(literal, "MOST_UNPACKED", 4 << 20)
    assert list(literal_hits([path], "wombat")) == []
    path.write_bytes(path.read_bytes()[:50])
    assert list(literal_hits([path], "wombat")) == []


def test_a_packed_file_beside_its_plain_one_is_looked_through_once(tmp_path: Path) -> None:
    plain = session().write(tmp_path, "a.jsonl")
    packed = tmp_path / "a.jsonl.zst"
    packed.write_bytes(zstd.compress(plain.read_bytes()))
    assert {hit.path for hit in literal_hits([packed, plain], "wombat")} == {str(plain)}


def test_an_empty_query_of_the_index_gives_no_line(tmp_path: Path) -> None:
    with TraceIndex(tmp_path / "index.db") as index:
        assert search(index, "", Query()) == ()
