"""Spare workers: started ahead, with the plugin's code imported, each used for one job.

Starting Python and importing a scanner takes longer than scanning a skill, so a window keeps a
worker ready for the scanners it uses. A spare does one job and ends with it: jobs share nothing,
a cancel kills one job alone, and no memory grows from job to job. The next spare is started when
the job has ended. One that waited too long, or whose plugin's files changed, is not used.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.job import JobSpec
from workbench.plugin.environment import has_ended, kill_stragglers, start_spare

#: A spare that nobody used for so long is ended, in seconds.
IDLE_S = 300.0


@dataclass(frozen=True)
class Spare:
    """A worker that waits. ``mark`` is what its processes are found by, beside the job's id."""

    process: subprocess.Popen[bytes]
    mark: str
    stamp: int
    since: float


@dataclass(frozen=True)
class _Kind:
    """What spares can stand in for each other."""

    code_path: str
    entry: str
    permissions: tuple[str, ...]


class Spares:
    """Keeps up to ``count`` spares for each plugin that was used; 0 keeps none. Thread-safe."""

    def __init__(self, runs_dir: Path, count: int, idle_s: float = IDLE_S) -> None:
        self._runs_dir = runs_dir
        self._count = count
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._waiting: dict[_Kind, list[Spare]] = {}
        self._numbers = itertools.count(1)
        self._timer: threading.Timer | None = None
        self._closed = False

    def take(self, spec: JobSpec, permissions: Sequence[str]) -> Spare | None:
        """Return a spare that fits a job, None where there is none; it is the caller's now."""
        kind = _kind(spec, permissions)
        while True:
            with self._lock:
                spares = self._waiting.get(kind)
                if not spares:
                    return None
                spare = spares.pop()
            if spare.stamp == _stamp(kind) and not has_ended(spare.process.pid):
                return spare
            _end(spare)

    def refill(self, spec: JobSpec, permissions: Sequence[str]) -> None:
        """Start spares for the next jobs of a plugin; a system that cannot has none."""
        kind = _kind(spec, permissions)
        with self._lock:
            spares = self._waiting.setdefault(kind, [])
            while not self._closed and len(spares) < self._count:
                mark = f"spare-{id(self):x}-{next(self._numbers)}"
                try:
                    process = start_spare(
                        self._runs_dir, mark, kind.permissions, kind.code_path, kind.entry
                    )
                except OSError:
                    return
                spares.append(Spare(process, mark, _stamp(kind), time.monotonic()))
            self._watch_the_clock()

    def close(self) -> None:
        """End all that wait, and keep no more."""
        with self._lock:
            self._closed = True
            waiting = [spare for spares in self._waiting.values() for spare in spares]
            self._waiting.clear()
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()
        for spare in waiting:
            _end(spare)

    def _watch_the_clock(self) -> None:
        """See to it that spares do not wait for ever; the lock is held."""
        if self._closed or self._timer is not None or not any(self._waiting.values()):
            return
        self._timer = threading.Timer(self._idle_s / 2, self._end_idle)
        self._timer.name = "spare workers"
        self._timer.daemon = True
        self._timer.start()

    def _end_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            old = [
                spare
                for spares in self._waiting.values()
                for spare in spares
                if now - spare.since > self._idle_s
            ]
            for spares in self._waiting.values():
                spares[:] = [spare for spare in spares if spare not in old]
            self._timer = None
            self._watch_the_clock()
        for spare in old:
            _end(spare)


def _kind(spec: JobSpec, permissions: Sequence[str]) -> _Kind:
    return _Kind(spec.plugin_path, spec.entry, tuple(permissions))


def _stamp(kind: _Kind) -> int:
    """Return what changes when a file of the plugin does: the newest change, and how many."""
    times = [0]
    with contextlib.suppress(OSError):
        times += [path.stat().st_mtime_ns for path in Path(kind.code_path).rglob("*")]
    return hash((max(times), len(times)))


def _end(spare: Spare) -> None:
    spare.process.kill()
    spare.process.wait()
    kill_stragglers(spare.mark)
    for stream in (spare.process.stdin, spare.process.stdout, spare.process.stderr):
        if stream is not None:
            stream.close()
