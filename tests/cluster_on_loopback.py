"""A real Dask cluster on loopback: a scheduler and workers in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.plugin.cluster import Cluster


@contextmanager
def cluster_on_loopback(folder: Path, workers: int) -> Iterator[str]:
    """Yield the scheduler's address when all workers are there, each with one thread."""
    file = folder / "scheduler.json"
    scheduler = ["distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file)]
    processes = [_started(scheduler, folder)]
    try:
        address = _address(file)
        worker = ["distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        processes += [_started(worker, folder) for _ in range(workers)]
        _wait_for(address, workers)
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _started(module: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *module, "--host", "127.0.0.1", "--no-dashboard"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )


def _address(file: Path) -> str:
    for _ in range(300):
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError, KeyError):
            time.sleep(0.1)
    raise RuntimeError("the scheduler did not start")


def _wait_for(address: str, workers: int) -> None:
    with Cluster(address) as cluster:
        for _ in range(300):
            if cluster.slots == workers:
                return
            time.sleep(0.1)
    raise RuntimeError("the workers did not come")
