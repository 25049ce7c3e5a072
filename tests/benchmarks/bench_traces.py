"""How long a large session takes to open, against the least any reader has to do.

The floor finds every newline of the mapped file and decodes each line's ``type`` with msgspec.
Targets: first screen of 60 MB within 0.5 s, whole skeleton within 4 times the floor.
"""

from __future__ import annotations

import argparse
import mmap
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.benchmarks.generate_session import generate
from workbench.traces.open import open_traces
from workbench.traces.sight import first_screen


class _Typed(msgspec.Struct):
    type: str = ""


def floor(path: Path) -> int:
    """Find all lines and decode their type; return how many there are."""
    decoder = msgspec.json.Decoder(_Typed)
    count = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            decoder.decode(data[start:end])
            count += 1
            start = end + 1
    return count


def skeleton(path: Path) -> int:
    """Open the whole file; return the number of steps."""
    (trace,) = open_traces(path)
    with trace:
        return len(trace.trajectory.steps)


def bodies(path: Path) -> int:
    """Open the file and read every body; return the characters of text."""
    (trace,) = open_traces(path)
    with trace:
        return sum(len(trace.body(step.index).text) for step in trace.trajectory.steps)


def screen(path: Path) -> int:
    """Read the first screen; return its steps."""
    return len(first_screen(path).steps)


def _best(work: Callable[[Path], int], path: Path, rounds: int) -> tuple[float, int]:
    best, outcome = float("inf"), 0
    for _ in range(rounds):
        begun = time.perf_counter()
        outcome = work(path)
        best = min(best, time.perf_counter() - begun)
    return best, outcome


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print a table of ours, floor and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        generate(path, int(arguments.megabytes * 1_000_000))
        size = path.stat().st_size / 1e6
        skeleton(path)  # imports and compiled patterns are not what is measured
        least, lines = _best(floor, path, arguments.rounds)
        print(f"{size:.1f} MB, {lines} lines; resident before {_resident_mb():.0f} MB")
        print(f"{'':<14}{'ours s':>9}{'floor s':>9}{'ratio':>8}  outcome")
        for name, work in (("first screen", screen), ("skeleton", skeleton), ("bodies", bodies)):
            ours, outcome = _best(work, path, arguments.rounds)
            print(f"{name:<14}{ours:>9.3f}{least:>9.3f}{ours / least:>8.2f}  {outcome}")
        print(f"resident at most {_resident_mb():.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
