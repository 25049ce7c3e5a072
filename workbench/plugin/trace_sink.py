"""The trace that a ``trace_reader`` gives, written to a file of its run folder line by line."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Final

import msgspec
from msgspec import Struct

from workbench.domain.job import JobSpec
from workbench.domain.trace_lines import TraceHeader, TraceStep

#: Its name in the working folder of the job.
TRACE_NAME: Final = "trace.jsonl"

TraceLine = TraceHeader | TraceStep


class SinkFull(Exception):  # noqa: N818 - a problem for a person, in words
    """The trace is larger than a job may write, or cannot be written. The message says which."""


class _Told(Struct):
    event: str = ""
    schema: str = ""


class TraceSink:
    """Takes the lines of traces; of other kinds of plugins it takes none."""

    def __init__(self, spec: JobSpec) -> None:
        self._path = Path(spec.request.workdir) / TRACE_NAME
        self._wanted = spec.request.kind == "trace_reader"
        self._most = spec.limits.output_bytes
        self._file: IO[bytes] | None = None
        self._size = 0
        self._begun = False

    def __enter__(self) -> TraceSink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def takes(self, value: object) -> bool:
        """Whether it is a line of a trace, and this job gives one."""
        return self._wanted and isinstance(value, TraceHeader | TraceStep)

    def write(self, line: TraceLine) -> None:
        """Write a line.

        Raises:
            SinkFull: more than the job may write, or the disk is full.
        """
        if isinstance(line, TraceStep) and not self._begun:
            raise SinkFull("it gave a step before the header of its trace")
        self._begun = True
        data = msgspec.json.encode(line) + b"\n"
        self._size += len(data)
        if self._size > self._most:
            raise SinkFull(f"its trace is larger than the {self._most:,} bytes a job may write")
        try:
            if self._file is None:
                self._file = self._path.open("wb")
            self._file.write(data)
        except OSError as problem:
            raise SinkFull(f"its trace cannot be written: {problem.strerror}") from problem

    def line_of(self, text: bytes) -> TraceLine | None:
        """Return the line of a trace that a command printed; None when it is something else.

        Raises:
            msgspec.MsgspecError: it is none that can be read.
        """
        if not self._wanted:
            return None
        told = msgspec.json.decode(text, type=_Told)
        if told.event:
            return None
        if told.schema:
            return msgspec.json.decode(text, type=TraceHeader)
        return msgspec.json.decode(text, type=TraceStep)
