"""The child of a job: ``python -m workbench.plugin.worker RUNDIR``.

Reads ``job.json`` of the run folder, takes the secrets from the first line of stdin, runs the
plugin and writes events to stdout. It ends itself when the host is gone.
"""

from __future__ import annotations

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
from workbench.plugin.execute import load_entry, run_entry
from workbench.plugin.protocol import (
    JOB_FILE,
    REQUEST_FILE,
    CancelMessage,
    Message,
    decode_grants,
    decode_message,
)

PYCACHE = ".pycache"

#: How long a plugin may take to stop when the host vanished, in seconds.
_ORPHAN_S = 5.0


def main(arguments: list[str]) -> int:
    """Run the job of a run folder; the exit status is 0 unless the worker itself cannot start."""
    run_dir = Path(arguments[0])
    channel = Channel.take_stdout()
    faulthandler.enable()
    spec = msgspec.json.decode((run_dir / JOB_FILE).read_bytes(), type=JobSpec)
    stream = os.fdopen(os.dup(0), "rb", buffering=0)
    _close_stdin()
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
