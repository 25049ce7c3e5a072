"""Scans: one small skill with and without a worker that waits, many skills shared out among jobs.

The floor of one skill is a Python that starts and imports nothing; that of many is the ideal, one
job's time over the number of jobs at once. Start with ``python -m tests.benchmarks.bench_scan``
(``--cluster`` adds two workers of a Dask cluster on loopback).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.cluster_on_loopback import cluster_on_loopback
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry
from workbench.resources import bundled
from workbench.review.checks.scan_memo import ScanMemo
from workbench.review.checks.scanning import scan_of
from workbench.review.session import Review
from workbench.security.scan import scan_library
from workbench.skills.library import read_library

_SKILLS = 500
_TIMES = 7
_BODY = "Run `ls -l` and read references/notes.md before you answer. Never skip a step.\n" * 60


def _median(work: Callable[[], object], pause_s: float = 0.0) -> float:
    times = []
    for _ in range(_TIMES):
        time.sleep(pause_s)
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _library(folder: Path, count: int) -> Path:
    for number in range(count):
        home = folder / f"s{number:03d}"
        (home / "scripts").mkdir(parents=True)
        text = f"---\nname: s{number:03d}\ndescription: Notes.\n---\n# Notes\n\n{_BODY}"
        (home / "SKILL.md").write_text(text)
        code = f"import json\n\ndef total_{number}(rows):\n    return sum(map(int, rows))\n" * 20
        (home / "scripts" / "total.py").write_text(code)
    return folder


def _one_skill(folder: Path, scanner: PluginInfo) -> None:
    small = read_library(_library(folder / "small", 1))
    floor = _median(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True))
    print(f"{'one small skill':44} {'ms':>8} {'ratio':>7}")
    print(f"{'floor: Python starts, imports nothing':44} {floor:8.0f} {1:7.1f}")
    for title, warm in (("a worker started for it", 0), ("a worker that waits", 2)):
        with JobRunner(folder / f"one-{warm}", warm=warm) as runner:
            scan_library(small, [scanner], runner)
            taken = _median(lambda run=runner: scan_library(small, [scanner], run), 0.6)
        print(f"{title:44} {taken:8.0f} {taken / floor:7.1f}")


def _selection(folder: Path, library: Path, scanner: PluginInfo) -> None:
    """Time the scans of a selection in a large library: one skill is touched."""
    touched = SimpleNamespace(path="s007/SKILL.md")
    draft = SimpleNamespace(changes=())
    proposal = SimpleNamespace(draft=draft)
    review = cast("Review", SimpleNamespace(hunks=[touched], proposal=proposal))
    path = library / touched.path
    first = path.read_text()
    with JobRunner(folder / "selection", warm=2) as runner:
        memo = ScanMemo()
        numbers = iter(range(10_000))

        def select() -> None:
            scan = scan_of(review, [scanner], runner, [], memo)
            assert scan is not None
            path.write_text(first)
            scan(library)
            path.write_text(f"{first}- one line more {next(numbers)}\n")
            scan(library)

        select()
        taken = _median(select, 0.6)
        path.write_text(first)
    print(f"\n{f'scans of a selection, library of {_SKILLS}':44} {taken:8.0f}     (goal 500)")


def _many(folder: Path, library: Path, scanner: PluginInfo, scheduler: str) -> None:
    read = read_library(library)
    print(f"\n{f'{_SKILLS} skills':44} {'s':>8} {'speed-up':>9}")
    alone, before = 0.0, None
    rows: list[tuple[str, dict[str, Any]]] = [
        ("one job", {"parallel": 1}),
        ("two at once (ideal 2.0)", {"parallel": 2}),
    ]
    if scheduler:
        rows.append(("two workers of a cluster", {"parallel": 2, "scheduler": scheduler}))
    for title, more in rows:
        with JobRunner(folder / f"many-{len(title)}", **more) as runner:
            begun = time.perf_counter()
            found = scan_library(read, [scanner], runner)
            taken = time.perf_counter() - begun
        assert before is None or found == before, "other findings"
        before, alone = found, alone or taken
        print(f"{title:44} {taken:8.2f} {alone / taken:9.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cluster", action="store_true", help="on a cluster on loopback, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        registry = Registry([bundled("plugins")], folder / "p.json", installed=False)
        scanner = registry.get("pattern_scanner")
        _one_skill(folder, scanner)
        library = _library(folder / "large", _SKILLS)
        _selection(folder, library, scanner)
        if args.cluster:
            (folder / "cluster").mkdir()
            with cluster_on_loopback(folder / "cluster", 2) as address:
                _many(folder, library, scanner, address)
        else:
            _many(folder, library, scanner, "")


if __name__ == "__main__":
    main()
