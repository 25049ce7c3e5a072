"""Plugins of form "command": a program that gets the request's path and prints JSON lines."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from workbench.domain.job import (
    AnyEvent,
    Finished,
    JobSpec,
    Log,
    Started,
    UnknownEvent,
    Warning_,
    decode_event,
)
from workbench.plugin.channel import log_text
from workbench.plugin.execute import Emit, Tally, as_event
from workbench.plugin.lines import Line, LineSplitter
from workbench.plugin.outcome import outcome_words
from workbench.plugin.protocol import Message, decode_grants, encode_message
from workbench.plugin.trace_sink import SinkFull, TraceSink

#: How long output may still come after the program ended (a child of its may hold the pipe), s.
_AFTER_EXIT_S = 0.5
#: How long a program may take to leave after it said that it has finished, s.
_AFTER_FINISHED_S = 3.0


class CommandRun:
    """One run of a command: its lines become events, ours go to its stdin."""

    def __init__(self, spec: JobSpec, request_file: Path, grants_line: bytes, emit: Emit) -> None:
        self._spec = spec
        self._request_file = request_file
        self._grants_line = grants_line
        self._emit = emit
        self._tally = Tally(spec.request.kind)
        self._sink = TraceSink(spec)
        self._finished: Finished | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> Finished:
        """Run it to its end and return the last event, which is not emitted."""
        argv = self._arguments()
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            **_model_variables(self._grants_line),
        }
        try:
            process = subprocess.Popen(
                argv,
                cwd=self._spec.request.workdir,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        except OSError as problem:
            return Finished(
                status="failed",
                summary=f"The program {argv[0]} of the plugin '{self._spec.plugin}' cannot be "
                f"started: {problem.strerror}. Install it, or correct 'entry' in plugin.toml.",
            )
        self._process = process
        self._emit(Started())
        self._write(self._grants_line)
        with self._sink:
            reader = threading.Thread(target=self._read, args=(process,), daemon=True)
            reader.start()
            status = process.wait()
            reader.join(_AFTER_EXIT_S)
        if self._finished is not None:
            return self._finished
        if status == 0:
            return self._tally.finished()
        words = outcome_words(status)
        return Finished(
            status="failed",
            summary=f"The program {argv[0]} of the plugin '{self._spec.plugin}' {words}.",
            exit=words,
        )

    def send(self, message: Message) -> None:
        """Pass a message of the host on to the program."""
        self._write(encode_message(message))

    def _write(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            # A program that does not read its stdin has closed it; the host's deadlines hold.
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def _arguments(self) -> list[str]:
        folder = Path(self._spec.plugin_path)
        words = {"{python}": sys.executable, "{request}": str(self._request_file)}
        argv = [
            str(folder / item) if item.startswith("./") else words.get(item, item)
            for item in self._spec.argv
        ]
        return argv if "{request}" in self._spec.argv else [*argv, str(self._request_file)]

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        splitter = LineSplitter(self._spec.limits.line_bytes)
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            for line in splitter.feed(piece):
                self._take(line)
        rest = splitter.end()
        if rest is not None:
            self._take(rest)

    def _take(self, line: Line) -> None:
        if self._keep(line):
            return
        event = self._event(line)
        if isinstance(event, Finished):
            if self._finished is None and self._process is not None:
                # It said that it is through; what it does from here on is nobody's business.
                ending = threading.Timer(_AFTER_FINISHED_S, self._process.kill)
                ending.daemon = True
                ending.start()
            self._finished = self._finished or event
        elif self._finished is None:
            self._emit(event)
            self._tally.add(event)

    def _keep(self, line: Line) -> bool:
        """Keep the line of a trace; False when it is anything else."""
        if line.is_cut or self._finished is not None:
            return False
        try:
            told = self._sink.line_of(line.text)
            if told is None:
                return False
            self._sink.write(told)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        except SinkFull as problem:
            words = f"The plugin '{self._spec.plugin}' failed: {problem}."
            self._finished = Finished(status="failed", summary=words)
            return True
        self._tally.add(told)
        return True

    def _event(self, line: Line) -> AnyEvent:
        if line.is_cut:
            start = line.text[:80].decode("utf-8", "replace")
            return Warning_(
                text=f"A line of {line.size:,} bytes is longer than the limit of "
                f"{self._spec.limits.line_bytes:,} and was left out. It begins: {start}"
            )
        try:
            event = decode_event(line.text)
            return event if isinstance(event, UnknownEvent) else as_event(event, self._spec.plugin)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Log(text=log_text(line))


def _model_variables(grants_line: bytes) -> dict[str, str]:
    """Return what programs that speak to OpenAI-compatible servers look for.

    ``OPENAI_...`` is the first role; each role has ``SKILL_WORKBENCH_<ROLE>_...`` besides.
    """
    found: dict[str, str] = {}
    for role, grant in decode_grants(grants_line).models.items():
        name = re.sub(r"[^A-Z0-9]", "_", role.upper())
        for prefix in (f"SKILL_WORKBENCH_{name}", "OPENAI"):
            found.setdefault(f"{prefix}_BASE_URL", grant.base_url)
            found.setdefault(f"{prefix}_API_KEY", grant.key)
            found.setdefault(f"{prefix}_MODEL", grant.model)
    return found
