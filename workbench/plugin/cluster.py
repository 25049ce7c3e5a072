"""Work on other machines: a Dask cluster, where one is named (extra ``cluster``).

What is sent is a function by name and bytes; on the cluster it runs in a child process of its own,
because a task of Dask goes on after a cancel while a child can be killed (platform notes, section
8, November 2026). The caller's lease is renewed while it waits: when the caller is gone, the child
goes too. Workers need this program installed, in the same version.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import socket
import time
import uuid
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from workbench.files import FileProblem, confined

_POLL_S = 0.1
_CONNECT_S = 10
_RENEW_S = 2.0


class ClusterProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """The cluster cannot do it; the message says why and what to do."""


class Cluster:
    """A connection to a scheduler; used by several threads. Close it when done.

    Raises:
        ClusterProblem: the package is not installed, or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise ClusterProblem(
                "A cluster needs the package 'distributed'. Install it with: pip install "
                "'skill-workbench[cluster]'."
            )
        # The package has no types of its own.
        dask: Any = importlib.import_module("distributed")
        try:
            _knock(address)
            self._client = dask.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError, ImportError) as problem:
            raise ClusterProblem(
                f"No Dask scheduler answers at {address}. Start one with 'dask scheduler' and "
                "workers with 'dask worker', or leave --scheduler out."
            ) from problem

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back; what still runs is stopped by its lease."""
        self._client.close()

    @property
    def slots(self) -> int:
        """How many tasks the workers run at once."""
        threads: dict[str, int] = self._client.nthreads()
        return sum(threads.values())

    def call(
        self, function: str, payload: bytes, cancelled: Callable[[], bool] = lambda: False
    ) -> bytes | None:
        """Run ``module:function`` of this program on ``payload``; None when it was cancelled.

        Raises:
            ClusterProblem: the function failed, its worker died, or there are no workers.
        """
        from workbench.plugin.cluster_task import run_child

        dask: Any = importlib.import_module("distributed")
        if not self._client.nthreads():
            raise ClusterProblem("The cluster has no workers. Start some with 'dask worker'.")
        name = f"skill-workbench-{uuid.uuid4().hex}"
        lease = dask.Variable(name, client=self._client)
        lease.set(time.time())
        future = self._client.submit(run_child, function, payload, name, key=name, retries=1)
        renewed = time.monotonic()
        try:
            while not future.done():
                time.sleep(_POLL_S)
                if cancelled():
                    lease.set(0.0)
                    return None
                if time.monotonic() - renewed > _RENEW_S:
                    renewed = time.monotonic()
                    lease.set(time.time())
            return _result(future)
        finally:
            future.release()
            lease.set(0.0)


def _knock(address: str) -> None:
    """Raise ``OSError`` or ``ValueError`` where nobody listens; the client would go on waiting."""
    place = urlsplit(address if "://" in address else f"tcp://{address}")
    if place.hostname is None or place.port is None:
        raise ValueError(f"{address} is no address like tcp://127.0.0.1:8786")
    socket.create_connection((place.hostname, place.port), _CONNECT_S).close()


def _result(future: Any) -> bytes:
    try:
        found = future.result()
    except Exception as problem:
        # Whatever a worker raised, or the scheduler says of a worker that died.
        raise ClusterProblem(f"A task failed on the cluster: {problem}") from problem
    assert isinstance(found, bytes)
    return found


def packed(folders: Iterable[tuple[str, Path]]) -> bytes:
    """Return folders as one archive, each below its name; links are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, folder in folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    info = zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}")
                    info.external_attr = (path.stat().st_mode & 0o777) << 16
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, path.read_bytes())
                elif path.is_dir() and not path.is_symlink():
                    archive.mkdir(f"{name}/{path.relative_to(folder).as_posix()}")
    return buffer.getvalue()


def unpacked(data: bytes, target: Path) -> None:
    """Write an archive of ``packed`` below a folder.

    Raises:
        FileProblem: it is none, or a name leads out of the folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                path = confined(target, info.filename.rstrip("/"))
                if info.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(info))
                path.chmod(info.external_attr >> 16 & 0o777 or 0o644)
    except zipfile.BadZipFile as problem:
        raise FileProblem(f"What came over the cluster is no archive: {problem}") from problem
