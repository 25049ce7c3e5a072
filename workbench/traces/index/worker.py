"""Keeps an index up to date in a process of its own, so that a window never waits for it.

    python -m workbench.usage.index_worker INDEX PRICES

Each line on stdin asks for something: ``{"folders": [...]}`` for a pass over these folders,
``{"stop": true}`` to stop the one that runs. Lines on stdout tell what comes of it (``messages``).
It ends with its stdin: no index is written for a window that is gone.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from workbench.traces.importer import TraceError
from workbench.traces.index.foreign import Foreign
from workbench.traces.index.messages import Asked, Told
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.prices import PriceTable

#: Progress is told so often at most, in seconds.
_OFTEN: Final = 0.1


_Passes = queue.SimpleQueue[tuple[tuple[str, ...], threading.Event] | None]


def serve(arguments: list[str], foreign: Callable[[], AbstractContextManager[Foreign]]) -> int:
    """Serve until stdin ends; ``foreign`` is asked for each pass who reads foreign formats."""
    index, prices = Path(arguments[0]), Path(arguments[1])
    with contextlib.suppress(OSError):
        os.nice(10)
    asked: _Passes = queue.SimpleQueue()
    reader = threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True)
    reader.start()
    while (wanted := asked.get()) is not None:
        folders, stopped = wanted
        try:
            with foreign() as readers:
                _pass(index, prices, [Path(one) for one in folders], stopped, readers)
        except (TraceError, OSError) as problem:
            _tell(Told("failed", problem=str(problem)))
    return 0


def _listen(lines: BinaryIO, asked: _Passes) -> None:
    """Put each pass that is asked for into the queue; a stop is for all that were before it."""
    begun: list[threading.Event] = []
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError):
            wanted = msgspec.json.decode(line, type=Asked)
            if wanted.folders is not None:
                begun.append(threading.Event())
                asked.put((wanted.folders, begun[-1]))
            while wanted.stop and begun:
                begun.pop().set()
    for stopped in begun:
        stopped.set()
    asked.put(None)


def _pass(
    index: Path, own: Path, folders: Iterable[Path], stopped: threading.Event, foreign: Foreign
) -> None:
    prices, problem = _prices(own)
    told = time.monotonic()

    def progress(part: float) -> None:
        nonlocal told
        if time.monotonic() - told > _OFTEN:
            told = time.monotonic()
            _tell(Told("progress", part=part))

    # Opened for each pass: the file may have been deleted meanwhile.
    with TraceIndex(index, prices, foreign=foreign) as opened:
        opened.follow(folders)
        report = opened.sync(
            stopped.is_set,
            progress,
            lambda files, size: _tell(Told("looked", files=files, bytes=size)),
        )
        _tell(
            Told(
                "done",
                report=report,
                missing=opened.missing,
                prices=prices.as_of,
                problem=problem,
            )
        )


def _prices(own: Path) -> tuple[PriceTable, str]:
    """Return the user's prices, or the bundled ones and what is wrong with the user's."""
    try:
        return PriceTable.load(own), ""
    except TraceError as problem:
        return PriceTable.load(), str(problem)


def _tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()
