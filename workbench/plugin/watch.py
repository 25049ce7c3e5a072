"""Watching one worker: reads its lines, keeps its limits and deadlines, and says how it ended.

One thread a job. It never waits on anything the worker holds without a deadline: a grandchild that
keeps stdout open, or a worker that reads no stdin, cannot stop it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

import msgspec
from msgspec import Struct

from workbench.domain.job import (
    AnyEvent,
    Finished,
    Limits,
    UnknownEvent,
    Warning_,
    decode_event,
)
from workbench.plugin.environment import has_ended, kill_stragglers, signal_group
from workbench.plugin.lines import Line, LineSplitter
from workbench.plugin.outcome import death_words, outcome_words
from workbench.plugin.protocol import CancelMessage, Grants, Handover, Message, encode_message
from workbench.plugin.runs import CANCEL_FILE

Reason = Literal["cancel", "wall", "output", "events"]

_PIECE = 1 << 16
_STDERR_KEPT = 8 << 20
_STDERR_TAIL = 16 << 10
_STDERR_LINES = 50
_TICK_S = 0.2


class Deadlines(Struct, frozen=True):
    """How long each step of an ending may take, in seconds."""

    term_after: float = 3.0
    kill_after: float = 5.0
    exit_after_finished: float = 5.0
    drain_after_exit: float = 0.5


class Watch:
    """Runs in the job's thread from the start of the worker to its end.

    Args:
        process: the worker, with pipes, leader of its own session.
        run_dir: the run folder.
        limits: what it may use up.
        deadlines: how long an ending may take.
        publish: takes each event, in order, numbered; not the last one.
        marks: what processes of the worker are found by, besides the name of the run folder.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        run_dir: Path,
        limits: Limits,
        deadlines: Deadlines,
        publish: Callable[[AnyEvent], None],
        *,
        marks: Sequence[str] = (),
    ) -> None:
        self._process = process
        self._run_dir = run_dir
        self._limits = limits
        self._deadlines = deadlines
        self._publish = publish
        self._marks = (run_dir.name, *marks)
        self._lock = threading.Lock()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._outgoing = bytearray()
        self._awake = True
        self._reason: Reason | None = None
        self._kill_now = False
        self._finished: Finished | None = None
        self._splitter = LineSplitter(limits.line_bytes)
        self._output = 0
        self._count = 0
        self._stderr_tail = b""
        self._stderr_size = 0
        self._term_at = self._kill_at = float("inf")

    def send(self, message: Message | Grants | Handover) -> None:
        """Write to the worker's stdin, as soon as it reads; from any thread."""
        with self._lock:
            self._outgoing += encode_message(message)
            self._wake()

    def cancel(self, *, now: bool = False) -> None:
        """Begin the cancel, or kill at once; from any thread."""
        with self._lock:
            if self._reason is None:
                self._reason = "cancel"
            self._kill_now = self._kill_now or now
            self._wake()

    def _wake(self) -> None:
        if self._awake:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_in, b"x")

    def kill(self) -> None:
        """Kill the worker and its group and reap it, whatever state the watch is in."""
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def run(self) -> Finished:
        """Watch until the worker and all it started are gone; return the last event."""
        try:
            with (
                selectors.DefaultSelector() as selector,
                (self._run_dir / "stderr.log").open("ab", buffering=0) as log,
            ):
                self._loop(selector, self._register(selector), log)
        finally:
            self._close()
        returncode = self._process.wait()
        rest = self._splitter.end()
        if rest is not None:
            self._take(rest)
        return self._ending(returncode)

    def _close(self) -> None:
        with self._lock:
            self._awake = False
            os.close(self._wake_in)
            os.close(self._wake_out)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _register(self, selector: selectors.BaseSelector) -> dict[int, str]:
        names = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        streams: dict[int, str] = {self._wake_out: "wake"}
        for name, stream in names.items():
            assert stream is not None
            streams[stream.fileno()] = name
        for descriptor in streams:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                ended = os.pidfd_open(self._process.pid)
                streams[ended] = "exit"
                selector.register(ended, selectors.EVENT_READ)
        return streams

    def _loop(
        self, selector: selectors.BaseSelector, streams: dict[int, str], log: IO[bytes]
    ) -> None:
        started = time.monotonic()
        drained_at: float | None = None
        finish_by = float("inf")
        while True:
            ready = selector.select(_TICK_S if drained_at is None else 0.02)
            for key, _ in ready:
                if not self._read(key.fd, streams[key.fd], log):
                    selector.unregister(key.fd)
                    if streams.pop(key.fd) == "exit":
                        os.close(key.fd)
            now = time.monotonic()
            self._write_stdin()
            if drained_at is None and has_ended(self._process.pid):
                # Before it is reaped: its group's id cannot have been given to others.
                signal_group(self._process.pid, signal.SIGKILL)
                kill_stragglers(*self._marks)
                drained_at = now + self._deadlines.drain_after_exit
            open_streams = {"stdout", "stderr"} & set(streams.values())
            if drained_at is not None and (not open_streams or now > drained_at):
                break
            if drained_at is None:
                if self._finished is not None:
                    finish_by = min(finish_by, now + self._deadlines.exit_after_finished)
                    if now > finish_by:
                        signal_group(self._process.pid, signal.SIGKILL)
                self._enforce(now, started)
        for descriptor, name in streams.items():
            if name == "exit":
                os.close(descriptor)

    def _read(self, descriptor: int, name: str, log: IO[bytes]) -> bool:
        """Read what is there; return False at the end of the stream."""
        if name == "exit":
            return False
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return True
        if name == "stdout":
            self._output += len(piece)
            for line in self._splitter.feed(piece):
                self._take(line)
        elif name == "stderr":
            self._stderr_tail = (self._stderr_tail + piece)[-_STDERR_TAIL:]
            if self._stderr_size < _STDERR_KEPT:
                with contextlib.suppress(OSError):  # a full disk must not end the job
                    log.write(piece[: _STDERR_KEPT - self._stderr_size])
            self._stderr_size += len(piece)
        return bool(piece)

    def _write_stdin(self) -> None:
        assert self._process.stdin is not None
        with self._lock:
            try:
                while self._outgoing:
                    sent = os.write(self._process.stdin.fileno(), self._outgoing[:_PIECE])
                    del self._outgoing[:sent]
            except BlockingIOError:
                return  # it reads when it reads; the deadlines hold
            except (BrokenPipeError, ValueError):
                self._outgoing.clear()

    def _take(self, line: Line) -> None:
        if not line.text.strip() or self._finished is not None:
            return
        self._count += 1
        if self._count > self._limits.events:
            return
        if line.is_cut:
            raw = line.text.decode("utf-8", "replace")
            self._publish(UnknownEvent("oversize", raw))
            self._warn(
                f"An event of {line.size:,} bytes is longer than the limit of "
                f"{self._limits.line_bytes:,}; only its beginning was kept."
            )
            return
        try:
            event = decode_event(line.text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raw = line.text[:4096].decode("utf-8", "replace")
            self._publish(UnknownEvent("unreadable", raw))
            self._warn(f"The plugin sent an event that cannot be read: {problem}.")
            return
        if isinstance(event, Finished):
            self._finished = event
        else:
            self._publish(event)

    def _warn(self, text: str) -> None:
        self._publish(Warning_(text=text))

    def _enforce(self, now: float, started: float) -> None:
        with self._lock:
            reason, kill_now = self._reason, self._kill_now
        if reason is None:
            if now - started > self._limits.wall_s:
                reason = "wall"
            elif self._output > self._limits.output_bytes:
                reason, kill_now = "output", True
            elif self._count > self._limits.events:
                reason, kill_now = "events", True
            elif (self._run_dir / CANCEL_FILE).exists():
                reason = "cancel"
            with self._lock:
                self._reason = self._reason or reason
        if reason is not None and self._term_at == float("inf"):
            self._term_at = now + self._deadlines.term_after
            self.send(CancelMessage())
        if kill_now or now >= self._kill_at:
            signal_group(self._process.pid, signal.SIGKILL)
            self._kill_at = now + 1.0
        elif now >= self._term_at and self._kill_at == float("inf"):
            signal_group(self._process.pid, signal.SIGTERM)
            self._kill_at = now + self._deadlines.kill_after

    def _ending(self, returncode: int) -> Finished:
        said = self._finished
        exit_words = "" if returncode == 0 and said is not None else outcome_words(returncode)
        if self._reason in ("output", "events"):
            much = (
                f"wrote more than {self._limits.output_bytes:,} bytes"
                if self._reason == "output"
                else f"sent more than {self._limits.events:,} events"
            )
            return Finished(
                status="failed",
                summary=f"It {much} and was stopped. What it had found until then is kept.",
                exit=exit_words,
            )
        if self._reason == "wall" and (said is None or said.status == "cancelled"):
            return Finished(
                status="budget",
                summary=f"It was stopped after {self._limits.wall_s:g} seconds, the time it was "
                "given. What it had found until then is kept.",
                exit=exit_words,
            )
        if said is not None:
            return msgspec.structs.replace(said, exit=said.exit or exit_words)
        if self._reason == "cancel":
            return Finished(
                status="cancelled",
                summary=f"Cancelled: it did not stop by itself, so it {outcome_words(returncode)}. "
                "What it had found is kept.",
                exit=exit_words,
            )
        lines = self._stderr_tail.decode("utf-8", "replace").splitlines()[-_STDERR_LINES:]
        return Finished(status="failed", summary=death_words(returncode, lines), exit=exit_words)
