"""The child of a job: ``python -m workbench.plugin.worker RUNDIR``.

With ``--spare RUNSDIR CODEPATH ENTRY`` it imports the plugin first and is told its run folder then.

Reads ``job.json`` of the run folder, takes the secrets from the first line of stdin, runs the
plugin and writes events to stdout. It ends itself when the host is gone.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from workbench.domain.job import Finished, JobSpec, Limits
from workbench.plugin.channel import Channel, host_is_gone
from workbench.plugin.command import CommandRun
from workbench.plugin.context import Inbox, RunContext
from workbench.plugin.environment import COOKIE
from workbench.plugin.execute import load_entry, prepare_entry, run_entry
from workbench.plugin.protocol import (
    JOB_FILE,
    REQUEST_FILE,
    CancelMessage,
    Message,
    decode_grants,
    decode_handover,
    decode_message,
)

PYCACHE = ".pycache"

#: How long a plugin may take to stop when the host vanished, in seconds.
_ORPHAN_S = 5.0


def main(arguments: list[str]) -> int:
    """Run the job of a run folder; the exit status is 0 unless the worker itself cannot start."""
    channel = Channel.take_stdout()
    faulthandler.enable()
    stream = os.fdopen(os.dup(0), "rb", buffering=0)
    _close_stdin()
    if arguments[0] == "--spare":
        found = _wait_for_job(stream.readline, *arguments[1:])
        if found is None:
            return 0
        run_dir = found
    else:
        run_dir = Path(arguments[0])
    spec = msgspec.json.decode((run_dir / JOB_FILE).read_bytes(), type=JobSpec)
    first = stream.readline()
    if not first:
        return 1
    _apply(spec.limits)
    finished = _run(spec, run_dir, channel, stream.readline, first)
    sys.stdout.flush()
    channel.emit(finished)
    sys.stderr.flush()
    # Threads and exit functions a plugin left behind have no say in when a job ends.
    os._exit(0)


def _wait_for_job(
    readline: Callable[[], bytes], runs_dir: str, code_path: str, entry: str
) -> Path | None:
    """Import the plugin, then wait to be told the run folder; None when nobody wants a worker."""
    sys.pycache_prefix = str(Path(runs_dir) / PYCACHE)
    # What is wrong with the plugin is told by the job that needs it.
    with contextlib.suppress(Exception, SystemExit):
        prepare_entry(Path(code_path), entry)
    line = readline()
    if not line:
        return None
    told = decode_handover(line)
    os.chdir(told.run_dir)  # noqa: TID251 - this process does one job, as one started there
    os.environ["HOME"] = told.home
    os.environ[COOKIE] = Path(told.run_dir).name
    return Path(told.run_dir)


def _run(
    spec: JobSpec, run_dir: Path, channel: Channel, readline: Callable[[], bytes], first: bytes
) -> Finished:
    inbox = Inbox()
    if spec.form == "command":
        command = CommandRun(spec, run_dir / REQUEST_FILE, first, channel.emit)
        _listen(readline, command.send, inbox.cancel)
        return command.run()

    def take(message: Message) -> None:
        if isinstance(message, CancelMessage):
            inbox.cancel()
        else:
            inbox.put(message)

    _listen(readline, take, inbox.cancel)
    # Beside the runs, so that a plugin's folder stays as it was installed.
    sys.pycache_prefix = str(run_dir.parent / PYCACHE)
    secrets = decode_grants(first).secrets
    context = RunContext(spec.request, run_dir, channel.emit, inbox, secrets)
    code_path = Path(spec.plugin_path)
    return run_entry(lambda: load_entry(code_path, spec.entry), spec, context, channel.emit)


def _listen(
    readline: Callable[[], bytes], take: Callable[[Message], None], cancel: Callable[[], None]
) -> None:
    """Read the host's messages in a thread; end the worker when the host is gone."""

    def listen() -> None:
        while line := readline():
            try:
                take(decode_message(line))
            except msgspec.MsgspecError as problem:
                print(f"A message of the host was not understood: {problem}", file=sys.stderr)
        cancel()
        time.sleep(_ORPHAN_S)
        host_is_gone()

    threading.Thread(target=listen, name="host messages", daemon=True).start()


def _close_stdin() -> None:
    """Give the plugin an empty stdin: ours carries the host's messages."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def _apply(limits: Limits) -> None:
    """Cap memory of this process and those it starts; write no core files."""
    for kind, wanted in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        cap = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (cap, cap))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's business
    sys.exit(main(sys.argv[1:]))
