"""How long a large session takes to open, against the least any reader has to do.

The floor finds every newline of the mapped file and decodes each line's ``type`` with msgspec; it
is measured in the same run, in CPU seconds. Targets for 60 MB: first screen within 0.5 s, skeleton
within 3 times the floor, memory growth within a third of the file, a word found within 0.3 s
before anything is indexed. The skeleton counts all there is, subagents too; the values of steps
are made when a trajectory's steps are first asked for, those of a subagent from its records, which
are read once more: "every step" makes all of them besides.

    python -m tests.benchmarks.bench_traces --chain ../shared/data/traces/claude-code
        --eval LOG.eval --peer-python ENVIRONMENT/bin/python

``--chain`` joins published sessions with inline subagents to one of that size. ``--peer-python``
names a Python that has claude-code-log and inspect-ai: they read the same files beside ours.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.generate_session import SESSION, generate
from workbench.domain.trajectory import Trajectory
from workbench.traces.index.literal import literal_hits
from workbench.traces.index.sight import first_screen, open_end
from workbench.traces.open import open_traces

_IDS = ("uuid", "parentUuid", "logicalParentUuid", "sourceToolAssistantUUID", "leafUuid")

_MEMORY = r"""
import re, sys
from pathlib import Path
from workbench.traces.open import open_traces
small, path = map(Path, sys.argv[1:3])
open_traces(small)[0].close()
def peak():  # of this process alone: getrusage has what the one before it needed as well
    told = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", told).group(1)) / 1024
before = peak()
traces = open_traces(path)
if sys.argv[3:]:
    def make(one):
        one.steps[:0]
        for child in one.children:
            make(child)
    make(traces[0].trajectory)
print(peak() - before)
"""
_OURS = """
import sys, time
from pathlib import Path
from workbench.traces.open import open_traces
from workbench.traces.registry import importers
importers()
begun = time.process_time()
for trace in open_traces(Path(sys.argv[1])):
    for step in trace.trajectory.steps:
        trace.body(step.index)
print(time.process_time() - begun)
"""
_INSPECT = """
import sys, time
from inspect_ai.log import read_eval_log
begun = time.process_time()
read_eval_log(sys.argv[1])
print(time.process_time() - begun)
"""
_CLAUDE_LOG = """
import sys, tempfile, time
from pathlib import Path
from claude_code_log.converter import convert_jsonl_to_html
begun = time.process_time()
with tempfile.TemporaryDirectory() as folder:
    convert_jsonl_to_html(Path(sys.argv[1]), Path(folder) / "session.html")
    print(time.process_time() - begun)
"""


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


def every_step(path: Path) -> int:
    """Open the whole file and make the steps of all subagents too; return how many there are."""
    (trace,) = open_traces(path)
    with trace:
        return _steps_below(trace.trajectory)


def _steps_below(one: Trajectory) -> int:
    return sum(1 for _ in one.steps) + sum(_steps_below(child) for child in one.children)


def bodies(path: Path) -> int:
    """Open the file and read every body; return the characters of text."""
    (trace,) = open_traces(path)
    with trace:
        return sum(len(trace.body(step.index).text) for step in trace.trajectory.steps)


def screen(path: Path) -> int:
    """Read the first screen; return its steps."""
    return len(first_screen(path).steps)


def end(path: Path) -> int:
    """Open the end; return its steps."""
    trace = open_end(path)
    assert trace is not None
    with trace:
        return len(trace.trajectory.steps)


def hit(path: Path) -> int:
    """Find the first place of words that stand in the last prompt alone; return it."""
    last = path.read_bytes()[-1_000_000:].rfind(b'"uuid":"')
    size = path.stat().st_size - min(1_000_000, path.stat().st_size)
    with path.open("rb") as file:
        file.seek(size + last + 8)
        word = file.read(36).decode()
    begun = time.perf_counter()
    found = next(iter(literal_hits([path], word)))
    print(f"{'search hit':<14}{time.perf_counter() - begun:>9.3f} s, not indexed, at the end")
    return found.offset


def chain(folder: Path, target: Path, size: int) -> None:
    """Join the sessions below a folder that have subagents, again and again with new ids."""
    sessions = [found for path in sorted(folder.rglob("*.jsonl")) if (found := _session(path))]
    written = repetition = 0
    last: str | None = None
    with target.open("wb") as file:
        while written < size:
            for number, records in enumerate(sessions):
                for record in records:
                    line, last = _again(record, f"{repetition}/{number}", last)
                    written += file.write(line)
            repetition += 1


def _session(path: Path) -> list[dict[str, Any]]:
    records = []
    for line in path.read_bytes().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "uuid" in record and "type" in record:
            records.append(record)
    sidechains = sum(bool(record.get("isSidechain")) for record in records)
    whole = {"user", "assistant"} <= {record["type"] for record in records}
    return records if whole and len(records) > 20 and sidechains < len(records) else []


def _again(record: dict[str, Any], place: str, last: str | None) -> tuple[bytes, str | None]:
    made = dict(record)
    for key in _IDS:
        if isinstance(made.get(key), str):
            made[key] = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{place}/{made[key]}"))
    sidechain = bool(made.get("isSidechain"))
    if made.get("parentUuid", 0) is None and not sidechain:
        made["parentUuid"] = last
    made["sessionId"] = SESSION
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    for prefix in ("toolu_", "msg_"):
        text = text.replace(f'"{prefix}', f'"{prefix}{place}_')
    return text.encode("utf-8", "replace") + b"\n", last if sidechain else made["uuid"]


def _best(work: Callable[[Path], int], path: Path, rounds: int) -> tuple[float, float, int]:
    """Return the best CPU time, the best time on the clock, and the outcome."""
    cpu = clock = float("inf")
    outcome = 0
    for _ in range(rounds):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        outcome = work(path)
        cpu = min(cpu, time.process_time() - begun_cpu)
        clock = min(clock, time.perf_counter() - begun)
    return cpu, clock, outcome


def _child(python: str, program: str, *arguments: Path) -> float | str:
    """Run a program; return the number it prints last, or why it could not."""
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=here,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    lines = done.stdout.split()
    if done.returncode or not lines:
        return (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:100]
    return float(lines[-1])


def _table(name: str, path: Path, rounds: int, small: Path) -> None:
    skeleton(path)  # imports and compiled patterns are not what is measured
    least, _, lines = _best(floor, path, rounds)
    size = path.stat().st_size / 1e6
    print(f"\n{name}: {size:.1f} MB, {lines} lines; the floor takes {least:.3f} CPU-s")
    print(f"{'':<14}{'CPU s':>9}{'clock s':>9}{'ratio':>8}  outcome")
    parts = (
        ("first screen", screen),
        ("end", end),
        ("skeleton", skeleton),
        ("every step", every_step),
        ("bodies", bodies),
    )
    for part, work in parts:
        cpu, clock, outcome = _best(work, path, rounds)
        print(f"{part:<14}{cpu:>9.3f}{clock:>9.3f}{cpu / least:>8.2f}  {outcome}")
    for part, more in (("memory", ()), ("every step", (Path("made"),))):
        grown = _child(sys.executable, _MEMORY, small, path, *more)
        share = f" ({grown / size:.2f} of the file)" if isinstance(grown, float) else ""
        print(f"{part:<14}{grown:>9.3} MB at most{share}")
    hit(path)


def _peer(python: str, name: str, program: str, path: Path) -> None:
    ours, theirs = _child(sys.executable, _OURS, path), _child(python, program, path)
    print(f"\n{path.name}: ours {ours} CPU-s with every body, {name} {theirs} CPU-s")


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chain", type=Path)
    parser.add_argument("--eval", type=Path)
    parser.add_argument("--peer-python")
    arguments = parser.parse_args()
    size = int(arguments.megabytes * 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jsonl"
        generate(small, 1000)
        session = Path(folder) / "session.jsonl"
        generate(session, size)
        _table("generated session", session, arguments.rounds, small)
        if arguments.chain is not None:
            chained = Path(folder) / "chained.jsonl"
            chain(arguments.chain, chained, size)
            _table("published sessions, chained", chained, arguments.rounds, small)
        if arguments.peer_python is not None:
            _peer(arguments.peer_python, "claude-code-log", _CLAUDE_LOG, session)
            if arguments.eval is not None:
                _peer(arguments.peer_python, "inspect-ai", _INSPECT, arguments.eval)
    return 0


if __name__ == "__main__":
    sys.exit(main())
