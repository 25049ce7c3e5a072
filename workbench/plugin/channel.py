"""The worker's end of the JSON lines: events go out on a descriptor nobody else writes to."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from typing import Any

import msgspec
from msgspec.structs import replace

from workbench.domain.job import AnyEvent, Log, UnknownEvent, encode_event
from workbench.plugin.lines import Line, LineSplitter

#: A printed line longer than this is cut in the log, in bytes.
_NOISE_LINE = 16 << 10


def host_is_gone() -> None:
    """End this worker and all it started: nobody is left to report to."""
    os.killpg(0, signal.SIGKILL)


class Channel:
    """Writes events as JSON lines to ``descriptor`` and numbers them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._seq = 0
        self._owner = os.getpid()

    @classmethod
    def take_stdout(cls) -> Channel:
        """Keep the real stdout for events; what anything else prints goes elsewhere.

        Descriptor 1 becomes stderr (the log file) for C code and programs the plugin starts;
        ``sys.stdout`` becomes ``Log`` events.
        """
        channel = cls(os.dup(1))
        os.dup2(2, 1)
        noise = io.BufferedWriter(_Noise(channel))
        sys.stdout = io.TextIOWrapper(
            noise, "utf-8", errors="backslashreplace", line_buffering=True
        )
        return channel

    def emit(self, event: AnyEvent) -> None:
        """Number the event and write it; one of unknown kind goes out as it came."""
        if os.getpid() != self._owner:
            return  # a process the plugin forked: its lines would mix with ours
        with self._lock:
            self._seq += 1
            data = _encoded(event, self._seq) + b"\n"
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except BrokenPipeError:
                host_is_gone()


def _encoded(event: AnyEvent, seq: int) -> bytes:
    if isinstance(event, UnknownEvent):
        return event.raw.encode("utf-8", "replace")
    event = replace(event, seq=seq)
    try:
        return encode_event(event)
    except UnicodeEncodeError:
        # Bytes that are not UTF-8, read with surrogateescape: JSON has no place for them.
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(event)))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


class _Noise(io.RawIOBase):
    """What a plugin prints, line by line as ``Log`` events."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._splitter = LineSplitter(_NOISE_LINE)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, piece: Any, /) -> int:
        data = bytes(piece)
        for line in self._splitter.feed(data):
            self._tell(line)
        return len(data)

    def close(self) -> None:
        rest = None if self.closed else self._splitter.end()
        if rest is not None:
            self._tell(rest)
        super().close()

    def _tell(self, line: Line) -> None:
        self._channel.emit(Log(text=log_text(line)))


def log_text(line: Line) -> str:
    """Return a printed line as text for the log, with a note where it is cut."""
    text = line.text.decode("utf-8", "replace").rstrip("\r")
    return f"{text} ... (cut: the line has {line.size:,} bytes)" if line.is_cut else text
