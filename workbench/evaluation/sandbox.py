"""Commands of tasks and agents run in a sandbox: their own folder, no network, bounded.

Bubblewrap gives them the system's programs read-only, one folder to write in, no home, no network
and no other process. Where it is missing, nothing runs until the user allows it for this task set
(and then with the same time, size and output limits, but with the user's own rights).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from workbench.evaluation.runner import RunLimits

SandboxKind = Literal["bubblewrap", "none"]
#: Where things are inside the sandbox.
WORK = "/task"
SKILLS = "/skills"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")
_NETWORK_ETC = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl", "/etc/ca-certificates", "/etc/pki")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLL_S = 0.02
_AFTER_KILL_S = 5.0


class Ran(Struct, frozen=True):
    """What came of a command. ``output`` is stdout and stderr together, cut at the limit.

    ``ended`` says why it stopped; ``code`` is None unless it ended by itself.
    """

    ended: Literal["exit", "timeout", "cancelled", "not_started"]
    code: int | None
    output: str
    cut: bool
    seconds: float


class Sandbox:
    """Runs commands for one task at a time in a folder of its own."""

    def __init__(self, kind: SandboxKind) -> None:
        self.kind: SandboxKind = kind

    def inside(self, work: Path, skills: Path | None) -> tuple[str, str]:
        """Return what the folders are called for the command."""
        if self.kind == "bubblewrap":
            return WORK, SKILLS
        return str(work), str(skills or "")

    def run(
        self,
        argv: Sequence[str],
        work: Path,
        limits: RunLimits,
        *,
        skills: Path | None = None,
        environment: Mapping[str, str] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        seconds: float | None = None,
    ) -> Ran:
        """Run a command to its end, at most ``seconds`` (default: those of the limits)."""
        started = time.monotonic()
        with tempfile.TemporaryFile() as output:
            try:
                process = subprocess.Popen(
                    self._argv(argv, work, limits, skills, dict(environment or {})),
                    cwd=work,
                    env=self._environment(work, dict(environment or {})),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as problem:
                return Ran("not_started", None, str(problem.strerror), False, 0.0)
            deadline = started + (limits.seconds if seconds is None else seconds)
            ended: Literal["exit", "timeout", "cancelled"] = "exit"
            while True:
                try:
                    process.wait(_POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    if cancelled():
                        ended = "cancelled"
                    elif time.monotonic() > deadline:
                        ended = "timeout"
                    else:
                        continue
                    _kill(process)
                    break
            _kill_group(process.pid)
            text, cut = _read(output.fileno(), limits.output_bytes)
        code = process.returncode if ended == "exit" else None
        return Ran(ended, code, text, cut, time.monotonic() - started)

    def _environment(self, work: Path, more: dict[str, str]) -> dict[str, str]:
        home = WORK if self.kind == "bubblewrap" else str(work)
        return {"PATH": _PATH, "HOME": home, "LANG": "C.UTF-8", "TMPDIR": "/tmp", **more}

    def _argv(
        self,
        argv: Sequence[str],
        work: Path,
        limits: RunLimits,
        skills: Path | None,
        environment: dict[str, str],
    ) -> list[str]:
        # File size in units of 512 bytes and address space in KiB, as the shell counts them.
        bounded = [
            "/bin/sh",
            "-c",
            f"ulimit -f {limits.file_bytes // 512}; ulimit -v {limits.memory_bytes // 1024}; "
            'ulimit -c 0; exec "$@"',
            "sh",
            *argv,
        ]
        if self.kind == "none":
            return bounded
        found = ["bwrap", "--die-with-parent", "--new-session", "--unshare-all", "--clearenv"]
        if limits.network:
            found.append("--share-net")
        for path in (*_SYSTEM, *_ETC, *(_NETWORK_ETC if limits.network else ())):
            found += ["--ro-bind-try", path, path]
        found += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        found += ["--bind", str(work), WORK, "--chdir", WORK]
        if skills is not None:
            found += ["--ro-bind", str(skills), SKILLS]
        for key, value in self._environment(work, environment).items():
            found += ["--setenv", key, value]
        return [*found, "--", *bounded]


@cache
def available_sandbox() -> Sandbox | None:
    """Return the sandbox this machine has, tried once; None where there is none that works."""
    if shutil.which("bwrap") is None:
        return None
    sandbox = Sandbox("bubblewrap")
    with tempfile.TemporaryDirectory() as folder:
        tried = sandbox.run(["true"], Path(folder), RunLimits(seconds=10))
    return sandbox if tried.code == 0 else None


#: What to tell a person where there is none.
NO_SANDBOX = (
    "Commands of tasks run in a sandbox only, and this machine has none that works. Install "
    "bubblewrap (Debian, Ubuntu: apt install bubblewrap), or allow this task set to run with your "
    "own rights."
)


def _kill(process: subprocess.Popen[bytes]) -> None:
    _kill_group(process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_AFTER_KILL_S)


def _kill_group(leader: int) -> None:
    """Kill what the command left behind; its process group outlives it while it has members."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _read(descriptor: int, most: int) -> tuple[str, bool]:
    """Return the beginning and the end of the output, and whether the middle was left out."""
    size = os.fstat(descriptor).st_size
    if size <= most:
        return os.pread(descriptor, size, 0).decode("utf-8", "replace"), False
    half = most // 2
    head, tail = os.pread(descriptor, half, 0), os.pread(descriptor, half, size - half)
    note = f"\n... {size - 2 * half:,} bytes left out ...\n".encode()
    return (head + note + tail).decode("utf-8", "replace"), True
