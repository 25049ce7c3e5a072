"""Starting a worker: its environment is a list of our own, and how its group is ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import workbench

#: Marks every process of a job, also those that left its process group.
COOKIE = "SKILL_WORKBENCH_JOB"

_ALWAYS = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_NETWORK = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "ssl_cert_file", "ssl_cert_dir")


def home_of(run_dir: Path, permissions: Collection[str]) -> str:
    """Return the home of a worker: a folder of the run, or the user's where that is permitted."""
    if "outside_files" in permissions and "HOME" in os.environ:
        return os.environ["HOME"]
    return str(run_dir / "home")


def worker_environment(run_dir: Path, permissions: Collection[str]) -> dict[str, str]:
    """Return the environment of a worker.

    The home is a folder of the run, unless the plugin may read files outside it; proxies are passed
    on only to plugins that may use the network. Keys and tokens of the user's shell never are.
    """
    environment = {name: os.environ[name] for name in _ALWAYS if name in os.environ}
    environment["HOME"] = home_of(run_dir, permissions)
    if "network" in permissions:
        environment |= {n: value for n, value in os.environ.items() if n.lower() in _NETWORK}
    environment[COOKIE] = run_dir.name
    environment["PYTHONPATH"] = str(Path(workbench.__file__).resolve().parent.parent)
    environment["PYTHONUTF8"] = "1"
    # Sets and dictionaries of texts iterate alike in every run of a plugin.
    environment["PYTHONHASHSEED"] = "0"
    return environment


def start_worker(
    run_dir: Path, permissions: Collection[str], scheduler: str = ""
) -> subprocess.Popen[bytes]:
    """Start the worker of a run folder in a session of its own.

    With the address of a scheduler the worker passes the job on to that cluster.

    Raises:
        OSError: the system cannot start it.
    """
    # -P: the run folder holds a copy of the user's files, and nothing opened is ever executed.
    worker = ["workbench.plugin.worker", str(run_dir)]
    if scheduler:
        worker = ["workbench.plugin.cluster_relay", scheduler, str(run_dir), *permissions]
    return _started(worker, run_dir, worker_environment(run_dir, permissions))


def start_spare(
    runs_dir: Path, mark: str, permissions: Collection[str], code_path: str, entry: str
) -> subprocess.Popen[bytes]:
    """Start a worker ahead of its job: it imports the plugin and waits for a ``Handover``.

    Its processes are marked with ``mark`` until then, and those it starts later with the job's id.

    Raises:
        OSError: the system cannot start it.
    """
    environment = worker_environment(runs_dir / mark, permissions)
    worker = ["workbench.plugin.worker", "--spare", str(runs_dir), code_path, entry]
    return _started(worker, runs_dir, environment)


def _started(
    worker: Sequence[str], folder: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", *worker],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group; it may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def has_ended(pid: int) -> bool:
    """Whether a child ended; it is not reaped, so that its group's id stays its own."""
    try:
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return found is not None


def kill_stragglers(*marks: str) -> int:
    """Kill processes of a job that left its group (Linux); return how many there were.

    ``marks`` are the job's id, and what its worker was started with where that was before the job.
    """
    killed = 0
    # A straggler may start another while it is looked for.
    for _ in range(5):
        found = _kill_marked(frozenset(f"{COOKIE}={mark}".encode() for mark in marks))
        killed += found
        if not found:
            break
    return killed


def _kill_marked(marks: frozenset[bytes]) -> int:
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            marked = not marks.isdisjoint((entry / "environ").read_bytes().split(b"\0"))
        except OSError:
            continue  # it ended, or belongs to somebody else
        if marked and int(entry.name) != os.getpid():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(entry.name), signal.SIGKILL)
                count += 1
    return count
