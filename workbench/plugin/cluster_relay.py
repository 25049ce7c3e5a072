"""A worker that has its job done on a cluster: to the host it looks like any other worker.

It reads the same lines on stdin and prints the same events, so that journal, limits, cancel and
what happens to a worker that dies are those of local jobs. Events come when the job has ended.
"""

from __future__ import annotations

import os
import sys
import threading
from io import RawIOBase
from pathlib import Path

import msgspec

from workbench.domain.job import Finished, JobSpec, Log, Started, encode_event
from workbench.plugin.cluster import Cluster, ClusterProblem, unpacked
from workbench.plugin.outcome import death_words
from workbench.plugin.packed_job import JobAnswer, pack_job
from workbench.plugin.protocol import JOB_FILE, CancelMessage, decode_message


def main(arguments: list[str]) -> int:
    """Have the job of a run folder done: scheduler, run folder, permissions."""
    address, folder, *permissions = arguments
    run_dir = Path(folder)
    spec = msgspec.json.decode((run_dir / JOB_FILE).read_bytes(), type=JobSpec)
    # Unbuffered: a thread that waits for a line would hold the buffer's lock at the end.
    stdin = os.fdopen(os.dup(0), "rb", buffering=0)
    grants = stdin.readline()
    cancelled = threading.Event()
    threading.Thread(target=_listen, args=(stdin, cancelled), daemon=True).start()
    _say(Started(plan=f"on the cluster {address}"))
    try:
        with Cluster(address) as cluster:
            payload = pack_job(run_dir, spec, tuple(permissions), grants)
            answer = cluster.call("workbench.plugin.packed_job:run_job", payload, cancelled.is_set)
    except ClusterProblem as problem:
        _say(Finished(status="failed", summary=str(problem)))
        return 0
    if answer is None:
        _say(Finished(status="cancelled", summary="Cancelled on the cluster."))
        return 0
    _pass_on(msgspec.msgpack.decode(answer, type=JobAnswer), run_dir)
    return 0


def _pass_on(answer: JobAnswer, run_dir: Path) -> None:
    if answer.blobs:
        unpacked(answer.blobs, run_dir)
    for line in answer.lines:
        sys.stdout.buffer.write(line + b"\n")
    if not any(b'"event":"finished"' in line for line in answer.lines[-1:]):
        words = death_words(answer.code, answer.stderr.splitlines())
        _say(Log(level="error", text=answer.stderr))
        _say(Finished(status="failed", summary=words))
    sys.stdout.buffer.flush()


def _listen(stdin: RawIOBase, cancelled: threading.Event) -> None:
    """Note a cancel; the end of stdin means that the host is gone."""
    for line in stdin:
        try:
            message = decode_message(line)
        except msgspec.MsgspecError:
            continue
        if isinstance(message, CancelMessage):
            break
    cancelled.set()


def _say(event: Started | Finished | Log) -> None:
    sys.stdout.buffer.write(encode_event(event) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
