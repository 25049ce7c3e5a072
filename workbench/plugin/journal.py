"""The journal of a job: one JSON line an event, appended as they come, read even when cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import AnyEvent, UnknownEvent, Warning_, decode_event, encode_event

JOURNAL_NAME = "journal.jsonl"

#: Larger than any event but a huge proposal; ``last_event`` widens it when it holds no whole line.
_TAIL = 1 << 16


class _Kept(Struct, frozen=True, tag_field="event", tag="unknown_event"):
    """How an event of unknown kind, or a line that is no event, is kept."""

    seq: int
    kind: str
    raw: str


_kept_decoder = msgspec.json.Decoder(_Kept)


class JournalWriter:
    """Appends events to a journal. A line that a crash cut off is ended first."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b", buffering=0)
        if self._file.seek(0, os.SEEK_END):
            self._file.seek(-1, os.SEEK_END)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")

    def append(self, event: AnyEvent) -> None:
        """Write one event.

        Raises:
            OSError: the disk is full, or gone.
        """
        self._file.write(encode_line(event) + b"\n")

    def close(self) -> None:
        """Close the file; a journal is complete with its last line."""
        self._file.close()


def encode_line(event: AnyEvent) -> bytes:
    """Return the event as a line of the journal, without line end."""
    if isinstance(event, UnknownEvent):
        return msgspec.json.encode(_Kept(event.seq, event.tag, event.raw))
    return encode_event(event)


def decode_line(line: bytes) -> AnyEvent:
    """Read a line of a journal; one that cannot be read becomes a warning that says so."""
    try:
        event = decode_event(line)
        if isinstance(event, UnknownEvent) and event.tag == "unknown_event":
            kept = _kept_decoder.decode(line)
            return UnknownEvent(kept.kind, kept.raw, kept.seq)
        return event
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        start = line[:80].decode("utf-8", "replace")
        return Warning_(text=f"A line of the journal is damaged and was left out: {start}")


def read_journal(path: Path) -> Iterator[AnyEvent]:
    """Yield the events of a journal; nothing when there is none.

    A last line without line end that cannot be read was being written when the program ended: it
    is left out silently. Other damaged lines become warnings.
    """
    try:
        stream = path.open("rb")
    except OSError:
        return
    with stream:
        seq = 0
        for line in stream:
            if not line.strip():
                continue
            event = decode_line(line)
            damaged = isinstance(event, Warning_) and event.seq == 0
            if damaged and not line.endswith(b"\n"):
                return
            seq = event.seq or seq + 1
            yield event if event.seq else replace(event, seq=seq)


def last_event(path: Path) -> AnyEvent | None:
    """Return the last event that can be read, looking from the end; None when there is none."""
    try:
        stream = path.open("rb")
    except OSError:
        return None
    with stream:
        size = stream.seek(0, os.SEEK_END)
        window = _TAIL
        while True:
            start = max(0, size - window)
            stream.seek(start)
            lines = stream.read(size - start).split(b"\n")
            for line in reversed(lines if start == 0 else lines[1:]):
                event = decode_line(line) if line.strip() else None
                if event is not None and event.seq:
                    return event
            if start == 0:
                return None
            window *= 8
