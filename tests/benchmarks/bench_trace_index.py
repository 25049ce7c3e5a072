"""What the index of traces costs, against reading the file and against its floor.

    python -m tests.benchmarks.bench_trace_index [--megabytes 60] [--long 0]

Targets: a search hit before the index exists within 0.3 s; an append tick proportional to what was
added, whatever the size of the file; with ``--long N`` a log of N MB is found by its end first.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.bench_traces import floor
from tests.benchmarks.generate_session import generate
from workbench.traces.index.literal import literal_hits
from workbench.traces.index.query import Query, query
from workbench.traces.index.search import search
from workbench.traces.index.tail import LiveTail
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces
from workbench.traces.redact.files import redact_file
from workbench.traces.redact.redactor import Redactor


def _timed(work: Callable[[], object]) -> tuple[float, float, object]:
    """Return wall seconds, processor seconds and what came out."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = work()
    return time.perf_counter() - wall, time.process_time() - cpu, outcome


def _row(name: str, timed: tuple[float, float, object], least: float, outcome: object) -> None:
    wall, cpu, _ = timed
    print(f"{name:<34}{wall:>9.3f}{cpu:>9.3f}{cpu / least:>9.2f}  {outcome}")


def _append(path: Path, number: int) -> int:
    """Append one prompt and return its bytes."""
    record = (
        f'{{"parentUuid":null,"sessionId":"s","type":"user","uuid":"new-{number}",'
        f'"timestamp":"2026-02-01T00:00:{number % 60:02}.000Z","message":'
        f'{{"role":"user","content":"appended {number} wombat"}}}}\n'
    ).encode()
    with path.open("ab") as stream:
        stream.write(record)
    return len(record)


def main() -> int:
    """Print a table of ours, floor and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--long", type=float, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "traces"
        folder.mkdir()
        path = folder / "session.jsonl"
        generate(path, int(arguments.megabytes * 1_000_000))
        size = path.stat().st_size
        floor(path)
        least = _timed(lambda: floor(path))[1]
        print(f"{size / 1e6:.1f} MB; floor (lines and types) {least:.3f} CPU s")
        print(f"{'':<34}{'wall s':>9}{'CPU s':>9}{'x floor':>9}  outcome")
        needle = "part 23 again"
        timed = _timed(lambda: next(literal_hits([path], needle)))
        _row("first hit before the index", timed, least, "found")
        timed = _timed(lambda: list(literal_hits([path], "no such text anywhere")))
        _row("no hit before the index", timed, least, "whole file looked through")
        with TraceIndex(Path(name) / "traces.db") as index:
            index.watch(folder)
            timed = _timed(index.sync)
            kept = sum(file.stat().st_size for file in Path(name).glob("traces.db*"))
            _row("index the file", timed, least, f"{kept / 1e6:.1f} MB kept")
            _row("sync with nothing new", _timed(index.sync), least, "")
            timed = _timed(lambda: search(index, needle))
            _row("search the index", timed, least, f"{len(search(index, needle))} hits")
            _row("list with figures", _timed(lambda: query(index, Query())), least, "")
            tail = LiveTail(open_traces(path)[0])
            for number in range(3):
                added = _append(path, number)
                timed = _timed(lambda: index.refresh(path))
                read = timed[2].read_bytes  # type: ignore[attr-defined]
                _row(f"append tick, {added} bytes", timed, least, f"{read} bytes read")
            timed = _timed(tail.refresh)
            _row("live tail", timed, least, f"{timed[2].read_bytes} bytes read")  # type: ignore[attr-defined]
            timed = _timed(lambda: redact_file(path, Path(name) / "copy", Redactor()))
            _row("redact", timed, least, "")
            if arguments.long:
                _long(index, folder, int(arguments.long * 1_000_000), least)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"resident at most {peak:.0f} MB")
    return 0


def _long(index: TraceIndex, folder: Path, size: int, least: float) -> None:
    path = folder / "long.jsonl"
    generate(path, size)
    _append(path, 99)
    timed = _timed(lambda: index.refresh(path))
    found = len(search(index, "appended 99 wombat"))
    _row(f"end of {size / 1e6:.0f} MB first", timed, least, f"{found} hit in its end")
    _row("and the rest of it", _timed(index.sync), least, "")


if __name__ == "__main__":
    sys.exit(main())
