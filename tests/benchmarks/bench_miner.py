"""How fast the evidence miner is, against its floor: decoding the same traces and nothing else.

    python -m tests.benchmarks.bench_miner [--traces DIR] [--library DIR] [--megabytes 20]

Target: 3 MB of trace files a second on one core (processor seconds, so that other work on the
machine does not count). With no DIR a generated session is mined.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from tests.benchmarks.generate_session import generate
from workbench.domain.job import AnyEvent, Diagnosis, EvidenceFound, ProposalEvent
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.evolution.request import BuiltRequest, build_request
from workbench.plugin.testing import run_in_process
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.traces.open import OpenTrace, open_traces, trace_files

TARGET = 3.0
Made = TypeVar("Made")


def floor(traces: Sequence[Path]) -> int:
    """Decode every line of normalised traces and return how many there were."""
    header, step = msgspec.json.Decoder(TraceHeader), msgspec.json.Decoder(TraceStep)
    count = 0
    for path in traces:
        first, *rest = path.read_bytes().splitlines()
        header.decode(first)
        for line in rest:
            step.decode(line)
        count += 1 + len(rest)
    return count


def _timed(work: Callable[[], Made]) -> tuple[float, Made]:
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def _opened(folder: Path) -> tuple[list[Path], list[OpenTrace]]:
    files = trace_files(folder)
    return files, [trace for file in files for trace in open_traces(file)]


def main() -> int:
    """Print a table of ours, floor and ratio; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--megabytes", type=float, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.traces or Path(name) / "traces"
        if arguments.traces is None:
            folder.mkdir()
            generate(folder / "session.jsonl", int(arguments.megabytes * 1_000_000))
        run_dir = Path(name) / "run"
        run_dir.mkdir()
        library = read_library(arguments.library or bundled("resources") / "example" / "library")
        opening, (files, traces) = _timed(lambda: _opened(folder))
        size = sum(file.stat().st_size for file in files) / 1e6
        preparing, built = _timed(lambda: build_request(library, (), traces, run_dir))
        with built:
            rate = _report(size, len(traces), opening, preparing, built, run_dir)
        for trace in traces:
            trace.close()
    return 0 if rate >= TARGET else 1


def _report(
    size: float, count: int, opening: float, preparing: float, built: BuiltRequest, run_dir: Path
) -> float:
    normal = [Path(trace.path) for trace in built.request.traces]
    floor(normal)
    least, lines = _timed(lambda: floor(normal))
    plugin = bundled("plugins") / "evidence_miner"
    mining, events = _timed(lambda: run_in_process(plugin, built.request, run_dir))
    print(f"{size:.1f} MB in {count} traces, {lines:,} normalised records")
    print(f"{'':<34}{'CPU s':>9}{'MB/s':>9}{'x floor':>9}")
    rows = (
        ("floor (decode the records)", least),
        ("miner", mining),
        ("host: open", opening),
        ("host: write the request", preparing),
        ("all of it", opening + preparing + mining),
    )
    for label, seconds in rows:
        print(f"{label:<34}{seconds:>9.3f}{size / seconds:>9.1f}{seconds / least:>9.1f}")
    print(_found(events))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"target {TARGET:g} MB/s for the miner; resident at most {peak:.0f} MB")
    return size / mining


def _found(events: Sequence[AnyEvent]) -> str:
    kinds = (EvidenceFound, ProposalEvent, Diagnosis)
    counts = [sum(isinstance(event, kind) for event in events) for kind in kinds]
    return f"{counts[0]} mended failures seen, {counts[1]} proposals, {counts[2]} diagnoses"


if __name__ == "__main__":
    raise SystemExit(main())
