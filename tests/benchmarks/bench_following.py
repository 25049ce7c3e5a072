"""What a record that is added to a log costs, beside reading the log again.

The floor is the fresh read in the same run, which is what following cost before. A log of each
format whose later records can reach back is generated, records are added one by one, and each time
the trace is brought up to date.

    python -m tests.benchmarks.bench_following [--megabytes 10]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.unit.traces.growing_logs import LOGS, Record, written
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import open_traces

_TIMES = 20


def main() -> int:
    """Print a JSON object with milliseconds by format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=10.0)
    asked = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in LOGS:
            found[name] = measured(name, Path(folder) / f"{name}.jsonl", asked.megabytes)
    print(json.dumps(found, indent=1))
    return 0


def measured(name: str, path: Path, megabytes: float) -> dict[str, float]:
    """Measure one format; times are the median of the appends and of three fresh reads."""
    head, pool = LOGS[name]
    with path.open("wb") as file:
        file.write(b"".join(map(written, head)))
        number = 0
        while file.tell() < megabytes * 1e6:
            file.write(written(numbered(head[-1], number)))
            number += 1
    fresh = []
    for _ in range(3):
        begun = time.perf_counter()
        trace = open_traces(path)[0]
        fresh.append(time.perf_counter() - begun)
        if len(fresh) < 3:
            trace.close()
    tail = LiveTail(trace)
    appends, cost = [], 0
    for at in range(_TIMES + 1):
        with path.open("ab") as out:
            out.write(written(numbered(pool[0] if name == "otlp" else head[-1], number + at)))
        begun = time.perf_counter()
        made = tail.refresh()
        appends.append(time.perf_counter() - begun)
        cost = made.read_bytes
    return {
        "megabytes": round(path.stat().st_size / 1e6, 1),
        "steps": len(tail.trace.trajectory.steps),
        "fresh_ms": round(statistics.median(fresh) * 1000, 1),
        "first_append_ms": round(appends[0] * 1000, 1),
        "append_ms": round(statistics.median(appends[1:]) * 1000, 2),
        "append_bytes": cost,
        "times_faster": round(statistics.median(fresh) / statistics.median(appends[1:])),
    }


def numbered(record: Record, number: int) -> Record:
    """Return the record as another one: with other ids, long enough for a real one."""
    names = {"id": "n", "uuid": "n", "uid": "n"}
    made = {key: f"{value}-{number}" if key in names else value for key, value in record.items()}
    if "parentId" in made:
        made["parentId"] = f"{record['id']}-{number - 1}" if number else record["parentId"]
    if "parentUuid" in made:
        made["parentUuid"] = f"{record['uuid']}-{number - 1}" if number else None
    if "resourceSpans" in made:
        return json.loads(json.dumps(made).replace('"t1"', f'"trace-{number // 50}"'))  # type: ignore[no-any-return]
    return made | {"padding": "x" * 600}


if __name__ == "__main__":
    raise SystemExit(main())
