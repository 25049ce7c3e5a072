"""The end of a call on a worker of the cluster: a child process, watched and killed."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from workbench.plugin.environment import signal_group
from workbench.plugin.outcome import outcome_words

_POLL_S = 0.2
#: A child whose caller has not been heard of for so long is killed, in seconds.
_LEASE_S = 15.0


class TaskFailed(Exception):  # noqa: N818 - a problem for a person, in words
    """The child did not give a result; the message has its last words."""


def run_child(function: str, payload: bytes, lease_name: str) -> bytes:
    """Run a function in a child process, as long as its caller is there.

    Raises:
        TaskFailed: it failed, or the caller cancelled or is gone.
    """
    dask: Any = importlib.import_module("distributed")
    lease = dask.Variable(lease_name)
    with tempfile.TemporaryDirectory(prefix="skill-workbench-task-") as name:
        folder = Path(name)
        (folder / "payload").write_bytes(payload)
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.plugin.cluster_child", function, name],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                _watch(child, lease)
            finally:
                signal_group(child.pid, signal.SIGKILL)
                child.wait()
        result = folder / "result"
        if child.returncode == 0 and result.is_file():
            return result.read_bytes()
        last = (folder / "log").read_bytes()[-1000:].decode("utf-8", "replace").strip()
        raise TaskFailed(f"the task {outcome_words(child.returncode)}. {last}")


def _watch(child: subprocess.Popen[bytes], lease: Any) -> None:
    """Return when the child ended, or its caller wants it no more."""
    while True:
        try:
            child.wait(_POLL_S)
            return
        except subprocess.TimeoutExpired:
            try:
                renewed = lease.get(timeout=_LEASE_S)
            except TimeoutError:
                return
            if time.time() - float(renewed) > _LEASE_S:
                return
