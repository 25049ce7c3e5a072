"""A comparison under way: one run an engine, in order or two at a time; kept when it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from workbench.evolution.bakeoff import BakeoffRow, not_run, row_of
from workbench.evolution.run import EvolveResult
from workbench.files import FileProblem, write_atomic
from workbench.gui.evolution.engines import Engine
from workbench.gui.evolution.live_run import LiveRun

_FILE = "bakeoffs.json"


class BakeoffRun(QObject):
    """Starts the runs and gathers their rows. ``changed`` tells of rows, ``ended`` of the end."""

    changed = Signal()
    ended = Signal()

    def __init__(
        self,
        engines: Sequence[Engine],
        start: Callable[[Engine], LiveRun],
        at_once: int,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._start = start
        self._at_once = max(1, at_once)
        self._waiting = list(engines)
        self._runs: dict[str, LiveRun] = {}
        self._rows = {one.id: BakeoffRow(one.id, one.name, "waiting") for one in engines}
        self._cancelled = False

    @property
    def rows(self) -> tuple[BakeoffRow, ...]:
        """The rows in the order of the engines."""
        return tuple(self._rows.values())

    @property
    def running(self) -> bool:
        """Whether an engine runs or waits."""
        return bool(self._waiting or self._runs)

    def go(self) -> None:
        """Start as many as may run at once."""
        while self._waiting and len(self._runs) < self._at_once and not self._cancelled:
            engine = self._waiting.pop(0)
            try:
                run = self._start(engine)
            except ValueError as problem:
                self._rows[engine.id] = not_run(engine.id, engine.name, str(problem))
                continue
            self._runs[engine.id] = run
            self._rows[engine.id] = replace(self._rows[engine.id], status="running")
            run.ended.connect(lambda result, one=engine: self._one_ended(one, result))
        self.changed.emit()
        if not self.running:
            self.ended.emit()

    def cancel(self) -> None:
        """Start no more, and cancel those under way."""
        self._cancelled = True
        for engine in self._waiting:
            self._rows[engine.id] = not_run(engine.id, engine.name, "Cancelled before it began.")
        self._waiting.clear()
        for run in tuple(self._runs.values()):
            run.cancel()
        self.changed.emit()

    def _one_ended(self, engine: Engine, result: EvolveResult | None) -> None:
        run = self._runs.pop(engine.id)
        self._rows[engine.id] = (
            not_run(engine.id, engine.name, run.record.summary)
            if result is None
            else row_of(engine.name, result, runs=run.record.task_runs, seconds=run.seconds)
        )
        self.go()


class _File(Struct):
    libraries: dict[str, tuple[BakeoffRow, ...]] = {}
    version: int = 1


def kept_rows(state: Path, library: str) -> tuple[BakeoffRow, ...]:
    """Return the last comparison on a library; none where there is none."""
    return _read(state).libraries.get(library, ())


def keep_rows(state: Path, library: str, rows: tuple[BakeoffRow, ...]) -> None:
    """Keep the last comparison on a library; a disk that cannot be written only forgets it."""
    kept = _read(state)
    kept.libraries[library] = rows
    with contextlib.suppress(FileProblem, OSError):
        state.mkdir(parents=True, exist_ok=True)
        write_atomic(state / _FILE, msgspec.json.encode(kept) + b"\n")


def _read(state: Path) -> _File:
    try:
        return msgspec.json.decode((state / _FILE).read_bytes(), type=_File)
    except (OSError, msgspec.MsgspecError):
        return _File()
