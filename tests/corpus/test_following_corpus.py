"""Published logs of every followed format, caught while they grow: the trace read at once."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.unit.traces.growing_logs import LOGS
from tests.unit.traces.test_following import placeless, whole_until
from workbench.traces.importer import TraceError
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import open_traces, trace_files
from workbench.traces.registry import best_importer
from workbench.traces.source import probe_file

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

_LARGEST = 2 << 20
_FILES = 4
_PIECES = 5


def test_published_logs_are_followed_as_they_are_read(corpus: Path, tmp_path: Path) -> None:
    found: dict[str, list[Path]] = defaultdict(list)
    for file in trace_files(corpus / "traces"):
        importer = best_importer(probe_file(file))
        small = 1000 < file.stat().st_size < _LARGEST
        if importer is not None and importer.id in LOGS and small:
            found[importer.id].append(file)
    assert found
    for name, files in found.items():
        for number, file in enumerate(files[:: max(1, len(files) // _FILES)][:_FILES]):
            _follow(name, file.read_bytes(), tmp_path / f"{name}-{number}.jsonl")


def _follow(name: str, data: bytes, path: Path) -> None:
    path.write_bytes(data[: data.find(b"\n") + 1 or len(data)])
    try:
        tail = LiveTail(open_traces(path)[0])
    except TraceError:
        return  # its first line alone says nothing of the format
    for piece in range(1, _PIECES + 1):
        cut = len(data) * piece // _PIECES
        path.write_bytes(data[: max(cut, path.stat().st_size)])
        tail.refresh()
    assert whole_until(data, len(data)) in (len(data), data.rfind(b"\n") + 1)
    wanted = [placeless(one.trajectory) for one in open_traces(path)]
    assert placeless(tail.trace.trajectory) in wanted, name
