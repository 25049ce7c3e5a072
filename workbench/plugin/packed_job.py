"""A job as bytes: packed here, run on a worker of the cluster, its events and blobs packed back."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.job import JobSpec
from workbench.plugin.cluster import packed, unpacked
from workbench.plugin.environment import signal_group, start_worker
from workbench.plugin.protocol import JOB_FILE, REQUEST_FILE

_RUN, _CODE = "run", "code"
_STDERR_BYTES = 4000


class PackedJob(Struct, frozen=True):
    """What is sent. Paths below ``run_dir`` and ``code_path`` are those of the sender."""

    archive: bytes
    run_dir: str
    code_path: str
    permissions: tuple[str, ...]
    grants: bytes


class JobAnswer(Struct, frozen=True):
    """What comes back: the worker's lines as they were, and the files it left in ``blobs``."""

    lines: tuple[bytes, ...]
    code: int | None
    stderr: str
    blobs: bytes


def pack_job(run_dir: Path, spec: JobSpec, permissions: tuple[str, ...], grants: bytes) -> bytes:
    """Return a job with its run folder and the plugin's code."""
    code = Path(spec.plugin_path)
    archive = packed([(_RUN, run_dir), (_CODE, code)])
    return msgspec.msgpack.encode(PackedJob(archive, str(run_dir), str(code), permissions, grants))


def run_job(payload: bytes, place: Path) -> bytes:
    """Run a packed job in a folder; return its packed answer."""
    job = msgspec.msgpack.decode(payload, type=PackedJob)
    unpacked(job.archive, place)
    run_dir = place / _RUN
    for name in (JOB_FILE, REQUEST_FILE):
        path = run_dir / name
        moved = _moved(path.read_bytes(), {job.run_dir: run_dir, job.code_path: place / _CODE})
        path.write_bytes(moved)
    for name in ("work", "home"):
        (run_dir / name).mkdir(exist_ok=True)
    spec = msgspec.json.decode((run_dir / JOB_FILE).read_bytes(), type=JobSpec)
    back = {str(run_dir): Path(job.run_dir)}
    lines, code, stderr = _run(run_dir, job, spec.limits.wall_s)
    blobs = run_dir / "blobs"
    answer = JobAnswer(
        tuple(_moved(line, back) for line in lines),
        code,
        stderr,
        packed([("blobs", blobs)]) if blobs.is_dir() else b"",
    )
    return msgspec.msgpack.encode(answer)


def _run(run_dir: Path, job: PackedJob, wall_s: float) -> tuple[list[bytes], int | None, str]:
    process = start_worker(run_dir, job.permissions)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        stderr: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(process, stderr), daemon=True)
        reader.start()
        # A worker that outlives its time is killed; its lines so far are kept.
        killer = threading.Timer(wall_s, signal_group, (process.pid, signal.SIGKILL))
        killer.start()
        try:
            process.stdin.write(job.grants)
            # stdin stays open: its end tells a worker that its host is gone.
            lines = [line for line in process.stdout.read().split(b"\n") if line]
            process.stdin.close()
            code = process.wait(10)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            killer.cancel()
            signal_group(process.pid, signal.SIGKILL)
        reader.join(1)
    return lines, code, b"".join(stderr)[-_STDERR_BYTES:].decode("utf-8", "replace")


def _drain(process: subprocess.Popen[bytes], into: list[bytes]) -> None:
    assert process.stderr is not None
    into.extend(process.stderr)


def _moved(data: bytes, places: dict[str, Path]) -> bytes:
    """Put other folders in place of those paths, in JSON text; longer paths go first."""
    for before in sorted(places, key=len, reverse=True):
        old = msgspec.json.encode(before)[1:-1]
        data = data.replace(old, msgspec.json.encode(str(places[before]))[1:-1])
    return data
